"""30: a forge (or what stands between) whose answer never ends, drips, or takes long to read."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from email.message import Message
from http.client import HTTPMessage
from typing import Any

import pytest

from itsm_as_code.errors import ForgeError
from itsm_as_code.forges import http
from itsm_as_code.forges.answers import NO_COMMIT
from itsm_as_code.forges.github import GitHub
from itsm_as_code.forges.gitlab import GitLab, Version, _Heads
from itsm_as_code.forges.http import Client, Waiting, next_link
from tests.conftest import NOW
from tests.growth import assert_grows_slowly

Answer = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
NEXT = b"Link: <?page=%d>; rel=next\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """A server that sends these bytes, whatever it is asked; gives its address."""
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                try:
                    connection, _ = listening.accept()
                    with closing(connection):
                        connection.recv(1 << 16)
                        answer(connection)
                except OSError:
                    continue

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        stopped.set()
        listening.shutdown(socket.SHUT_RDWR)


def again_and_again(first: bytes, then: bytes, pause: float = 0.02) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:  # until the other side has had enough
            connection.sendall(then)
            time.sleep(pause)

    return answer


ENDLESS: dict[str, Answer] = {
    "a status line that drips": again_and_again(b"HTTP/1.1 200 O", b"K"),
    "100 Continue": again_and_again(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "a header that drips": again_and_again(HEAD + b"X-Slow: ", b"x"),
    "the size of a chunk that drips": again_and_again(CHUNKED, b"0"),
    "an extension of a chunk that drips": again_and_again(CHUNKED + b"2;", b"x"),
    "chunks of a byte": again_and_again(CHUNKED, b"1\r\n \r\n"),
    "trailers": again_and_again(CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-More: 1\r\n"),
    "a trailer that drips": again_and_again(CHUNKED + b"2\r\n{}\r\n0\r\nX-More: ", b"x"),
    "a body that drips": again_and_again(HEAD + b"\r\n", b" "),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_call_ends_when_its_time_is_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CALL_SECONDS", 0.3)
    started = time.monotonic()
    with answering(ENDLESS[name]) as address, pytest.raises(ForgeError, match="it took too long") as caught:
        Client(address, waiting=Waiting(0)).get("/x")
    assert caught.value.code == "unreachable"
    assert time.monotonic() - started < 60, "of a call that would go on for ever; a busy machine may be slow"


@pytest.mark.parametrize("name", ["a body that drips", "100 Continue", "a trailer that drips"])
def test_what_a_call_may_read_is_limited_in_all_its_parts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 1 << 20)
    first, then = {
        "a body that drips": (HEAD + b"\r\n", b" " * 65_536),
        "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
        "a trailer that drips": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-More: 1\r\n" * 5000),
    }[name]
    with (
        answering(again_and_again(first, then, 0)) as address,
        pytest.raises(ForgeError, match="answered with more than 1 MiB") as caught,
    ):
        Client(address, waiting=Waiting(0)).get("/x")
    assert caught.value.code == "answer"


def test_a_proxy_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tunnel to an https forge is asked for in the same time."""
    monkeypatch.setattr(http, "CALL_SECONDS", 0.3)
    with answering(again_and_again(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n")) as proxy:
        client = Client("https://forge.example", proxies={"https": proxy}, waiting=Waiting(0))
        with pytest.raises(ForgeError, match="it took too long"):
            client.get("/x")


def listing(pages: Callable[[int], tuple[bytes, bytes]]) -> Answer:
    """Answers with page after page."""
    seen = [0]

    def answer(connection: socket.socket) -> None:
        seen[0] += 1
        head, body = pages(seen[0])
        connection.sendall(HEAD + head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    return answer


def test_all_answers_together_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "RUN_BYTES", 100_000)
    body = json.dumps([{"id": 1, "more": "x" * 30_000}]).encode()
    with (
        answering(listing(lambda number: (NEXT % number, body))) as address,
        pytest.raises(ForgeError, match="MiB") as caught,
    ):
        Client(address, waiting=Waiting(0)).pages("/x")
    assert caught.value.code == "answer"
    monkeypatch.setattr(http, "RUN_SECONDS", 0.3)

    def slowly(number: int) -> tuple[bytes, bytes]:
        time.sleep(0.12)
        return NEXT % number, b"[]"

    with (
        answering(listing(slowly)) as address,
        pytest.raises(ForgeError, match=r"minutes|too long"),
    ):
        Client(address, waiting=Waiting(0)).pages("/x")


def test_a_list_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_PAGES", 5)
    with (
        answering(listing(lambda number: (NEXT % number, b"[]"))) as address,
        pytest.raises(ForgeError, match="the list has no end"),
    ):
        Client(address, waiting=Waiting(0)).pages("/x")


# Reading what came takes n log n at most.

LINKS = {
    "brackets that open": "<",
    "brackets that close": ">",
    "links without a relation": "<a>; rev=x, ",
    "relations of another kind": '<a>; rel="prev", ',
    "a relation without an end": "<a>; rel=",
    "relations of spaces": "<a>; rel " + " " * 20,
    "rel": "rel ",
    "opened again": "<a><",
}


@pytest.mark.parametrize("name", LINKS)
def test_a_link_field_is_read_in_one_pass(name: str) -> None:
    assert_grows_slowly(lambda size: lambda: next_link(LINKS[name] * size), most=64_000)
    assert next_link(LINKS[name] * 3 + '<https://forge.example/?page=2>; rel="next"') in (
        None,
        "https://forge.example/?page=2",
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("<https://f.example/?page=2>; rel=next", "https://f.example/?page=2"),
        ('<?a>; rel="prev", <?b>; rel="next last"', "?b"),
        ("<?a>; REL = 'next'", "?a"),
        ("<?a>; title=next; rel=prev", None),
        ("<?a <?b>; rel=next", "?b"),
    ],
)
def test_the_next_link(header: str, expected: str | None) -> None:
    assert next_link(header) == expected


class Canned:
    """In place of a client: answers from memory."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def get(self, path: str, query: Any = None) -> Any:
        return self.answers[path.rsplit("/", 1)[-1]]

    def pages(self, path: str, query: Any = None, **_: Any) -> Any:
        return self.answers[path.rsplit("/", 1)[-1]]

    def wait(self, seconds: float) -> bool:
        return False


def sha(number: int) -> str:
    return f"{number:040x}"


def at(minute: int) -> str:
    return f"2026-11-{1 + minute // 1440 % 28:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z"


def github(size: int) -> GitHub:
    """A pull request with so many reviews, dismissals, pushes, commits and neighbours."""
    numbers = range(1, size + 1)
    user = [{"login": f"user{number}", "id": number} for number in range(size + 1)]
    repository = {"full_name": "o/r", "default_branch": "main"}
    pull = {
        "number": 17, "state": "open", "draft": False, "commits": 250, "updated_at": at(1), "user": user[0],
        "base": {"ref": "main", "repo": repository}, "head": {"sha": sha(1), "ref": "topic", "repo": repository},
    }  # fmt: skip
    reviews = [
        {
            "id": number, "state": "DISMISSED" if number % 2 else "APPROVED", "user": user[number],
            "commit_id": sha(number), "submitted_at": at(number),
        }
        for number in numbers
    ]  # fmt: skip
    timeline = [
        {
            "event": "review_dismissed", "actor": user[number], "created_at": at(number),
            "dismissed_review": {"review_id": number, "state": "approved"},
        }
        for number in numbers
    ]  # fmt: skip
    commits = [{"sha": sha(number), "author": user[number], "committer": user[number]} for number in range(1, 251)]
    pulls = [{"number": 17, "head": {"sha": sha(1)}}]
    pulls += [{"number": number + 17, "head": {"sha": sha(number)}} for number in numbers]
    answers = {
        "17": pull, "main": {"name": "main", "commit": {"sha": sha(2)}}, "reviews": reviews, "timeline": timeline,
        "commits": commits, "pulls": pulls,
        "activity": [{"after": sha(number), "actor": user[number]} for number in numbers],
    }  # fmt: skip
    return GitHub(Canned(answers), "o/r", 17)  # type: ignore[arg-type]


def gitlab(size: int) -> GitLab:
    """A merge request with so many versions, notes, approvals, reviewers, pushes, commits and neighbours."""
    numbers = range(1, size + 1)
    user = [{"username": f"user{number}", "id": number} for number in range(size + 1)]
    request = {
        "iid": 17, "state": "opened", "target_branch": "main", "sha": sha(size), "author": user[0], "draft": False,
        "source_branch": "topic", "source_project_id": 9, "updated_at": at(1),
    }  # fmt: skip
    words = ("approved this merge request", "unapproved this merge request", "requested changes")
    push = {"ref": "topic", "ref_type": "branch", "commit_to": sha(size)}
    answers = {
        "17": request, "p": {"default_branch": "main"}, "main": {"name": "main", "commit": {"id": sha(2)}},
        "versions": [{"id": number, "head_commit_sha": sha(number), "created_at": at(number)} for number in numbers],
        "approvals": {"approved_by": [{"user": user[number], "approved_at": at(0)} for number in numbers]},
        "notes": [
            {"body": words[number % 3], "system": True, "author": user[number], "created_at": at(number)}
            for number in numbers
        ],
        "reviewers": [{"user": user[number], "state": "requested_changes", "created_at": at(0)} for number in numbers],
        "events": [{"author": user[number], "push_data": push} for number in numbers],
        "commits": [{"id": sha(number)} for number in numbers],
        "merge_requests": [{"iid": 16 + number, "sha": sha(size)} for number in numbers],
    }  # fmt: skip
    return GitLab(Canned(answers), "p", 17)  # type: ignore[arg-type]


@pytest.mark.parametrize("forge", [github, gitlab])
def test_a_pull_request_with_much_in_it_is_read_in_one_pass(forge: Callable[[int], GitHub | GitLab]) -> None:
    assert len(forge(250).pull_request().reviews) >= 250
    assert_grows_slowly(lambda size: forge(size).pull_request, start=250, most=8000)


def test_the_head_that_was_seen_is_the_newest_older_one() -> None:
    random_ = random.Random(30)
    for _ in range(300):
        versions = [
            Version(sha(number), NOW + timedelta(minutes=random_.randrange(9)))
            for number in range(random_.randrange(6))
        ]
        for minute in range(-1, 11):
            instant = NOW + timedelta(minutes=minute)
            older = [version.head for version in versions if version.since < instant]
            assert _Heads(versions).at(instant) == (older[-1] if older else NO_COMMIT)


def headers(size: int) -> Message:
    made = HTTPMessage()
    for name in ("Retry-After", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Date", "Content-Type", "Location"):
        made[name] = "9" * size
    return made


def test_header_fields_of_any_length_are_read_in_one_pass() -> None:
    def limited(size: int) -> Callable[[], object]:
        given = headers(size)
        return lambda: [http._limited_for(status, given, b"") for status in (429, 403)]  # type: ignore[arg-type]

    assert_grows_slowly(limited, most=64_000)
