"""What goes wrong between the gate and a forge: at every call in turn, and in every way that HTTP knows."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import threading
import time
from typing import Any

import pytest

from itsm_as_code.forges import http
from tests.conftest import Run
from tests.forges.conftest import Live, Start
from tests.forges.fake import TOKEN, Fault, GitLabFace, serving
from tests.forges.test_scenarios import judged, refused
from tests.sweeps.forked import begun

PUBLISH = ("--publish", "--comment")


def reset(handler: Any) -> bool:
    """The connection breaks."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
    return True


def answering(status: int, content: bytes = b"{}", **headers: str) -> Fault:
    def fault(handler: Any) -> bool:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.reply(status, content, named)
        return True

    return fault


def at(call: int, fault: Fault, *, and_after: bool = False) -> Fault:
    """The fault at one call, counted from now on."""
    seen = [0]

    def once(handler: Any) -> bool:
        seen[0] += 1
        return fault(handler) if seen[0] == call or (and_after and seen[0] > call) else False

    return once


def calls(live: Live, itsm: Run) -> int:
    """How many calls a whole run takes."""
    before = len(live.server.log)
    judged(itsm, live, *PUBLISH)
    return len(live.server.log) - before


@pytest.mark.slow
@pytest.mark.parametrize("approved", [True, pytest.param(False, marks=pytest.mark.deep)])
def test_a_broken_connection_at_each_call_in_turn_is_no_verdict(approved: bool, live: Live, itsm: Run) -> None:
    if approved:
        live.shop.approve(live.state)
    many = calls(live, itsm)
    assert many > 12
    assert bool(live.state.greens) is approved
    for call in range(1, many + 1):
        live.state.checks, live.state.statuses = [], []
        live.server.fault = at(call, reset, and_after=call % 2 == 0)
        code, _, _ = itsm(*live.arguments, *PUBLISH)
        assert code == 2, f"call {call}"
        assert live.state.greens == [], f"call {call}"
    live.server.fault = lambda handler: False
    assert itsm(*live.arguments, *PUBLISH)[0] == (0 if approved else 1)  # a new run converges
    assert bool(live.state.greens) is approved
    assert len(live.state.comments) == len(live.state.checks or [1]) == 1


def test_an_earlier_approval_is_taken_back_before_anything_is_judged(live: Live, itsm: Run) -> None:
    live.shop.approve(live.state)
    assert itsm(*live.arguments, *PUBLISH)[0] == 0
    assert live.state.greens
    live.state.reviews[0].state = "changes_requested"
    many = calls(live, itsm)
    live.shop.approve(live.state)
    assert itsm(*live.arguments, *PUBLISH)[0] == 0
    live.state.reviews[0].state = "changes_requested"
    live.server.fault = at(many, reset)  # the last call, which would say the new verdict
    assert itsm(*live.arguments, *PUBLISH)[0] == 2
    assert live.state.greens == []
    assert "being judged" in live.state.comments[0]["body"] or "Pending" in live.state.comments[0]["body"]


def test_a_verdict_that_could_not_be_worked_out_is_published_as_such(live: Live, itsm: Run) -> None:
    live.state.commits = live.state.commits[1:]
    assert itsm(*live.arguments, *PUBLISH, "--head", "topic")[0] == 2
    shown = [item.get("conclusion") for item in live.state.checks] + [item["status"] for item in live.state.statuses]
    assert shown[-1] in ("failure", "failed", "error")


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (answering(500), "answer", "500"),
        (answering(503, b"<html>busy</html>", Content_Type="text/html"), "answer", "503"),
        (answering(200, b"<html>login</html>", Content_Type="text/html"), "answer", "text/html"),
        (answering(200, b"{"), "answer", "not JSON"),
        (answering(200, b"[" * 200_000), "answer", "not JSON"),
        (answering(200, b"[]"), "answer", ""),
        (answering(200, b"{}"), "answer", ""),
        (answering(204, b""), "answer", ""),
        (answering(200, b"{}", Content_Length="10"), "unreachable", "no answer"),
        (answering(404, b'{"message": "Not Found"}'), "not-found", "Not Found"),
        (answering(403, b'{"message": "\\u001b[31mNo"}'), "refused", "[31mNo"),
        (answering(302, b"", Location="http://127.0.0.2:1/elsewhere"), "answer", "another host"),
        (answering(302, b"", Location="file:///etc/passwd"), "answer", "another host"),
        (answering(301, b"", Location="/api/again"), "answer", "circle"),
        (answering(429, b"{}", Retry_After="3600"), "rate-limit", "rate limit"),
        (answering(403, b'{"message": "You have exceeded a secondary rate limit"}'), "rate-limit", "rate limit until"),
    ],
)
def test_an_answer_that_is_none(fault: Fault, code: str, message: str, live: Live, itsm: Run) -> None:
    live.server.fault = fault
    assert refused(itsm, live) == code
    said = itsm(*live.arguments)[2]
    assert message in said
    assert "\x1b" not in said


def test_a_rate_limit_says_until_when(live: Live, itsm: Run) -> None:
    day = "Sun, 22 Nov 2026 12:00:00 GMT"
    reset_at = str(int(time.mktime((2026, 11, 22, 12, 40, 0, 0, 0, 0)) - time.timezone))
    headers = {"Date": day, "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": reset_at}

    def limited(handler: Any) -> bool:
        handler.send_response_only(403)
        for name, value in {**headers, "Content_Type": "application/json", "Content_Length": "2"}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(b"{}")
        return True

    live.server.fault = limited
    assert "rate limit until 2026-11-22T12:40:00Z" in itsm(*live.arguments)[2]


def test_a_short_rate_limit_is_waited_for(live: Live, itsm: Run) -> None:
    live.server.fault = at(2, answering(429, b"{}", Retry_After="1"))
    started = time.monotonic()
    assert judged(itsm, live, "--wait", "5")["verdict"] == "pending"
    assert time.monotonic() - started >= 1


def test_a_second_attempt_is_made_where_there_is_time(live: Live, itsm: Run) -> None:
    live.server.fault = at(1, reset)
    assert judged(itsm, live, "--wait", "5")["verdict"] == "pending"


def test_what_changes_something_is_sent_once(live: Live, itsm: Run) -> None:
    sent: list[str] = []

    def fault(handler: Any) -> bool:
        if handler.command == "GET":
            return False
        sent.append(handler.command)
        return reset(handler)

    live.server.fault = fault
    assert itsm(*live.arguments, "--publish", "--wait", "30")[0] == 2
    # The verdict "could not judge" is tried after that, once.
    assert len(sent) <= 2


def test_a_slow_answer(live: Live, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SOCKET_SECONDS", 0.2)

    def slow(handler: Any) -> bool:
        time.sleep(0.6)
        return reset(handler)

    live.server.fault = slow
    assert refused(itsm, live) == "unreachable"


def test_an_answer_that_drips(live: Live, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CALL_SECONDS", 0.3)

    def drip(handler: Any) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.05)
        return True

    live.server.fault = drip
    assert refused(itsm, live) == "unreachable"


def test_a_huge_answer(live: Live, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 1 << 20)
    live.server.fault = answering(200, b" " * (2 << 20))
    assert refused(itsm, live) == "answer"


def test_a_page_at_another_host_is_not_asked_for(live: Live, itsm: Run) -> None:
    if live.face.name == "gitea":
        pytest.skip("its lists have no links")
    with serving(type(live.face)(live.state)) as other:
        link = f'<{other.base}/stolen?page=2>; rel="next"'
        live.server.fault = lambda handler: bool(
            "per_page" in handler.path and (handler.reply(200, [], {"Link": link}) or True)
        )
        assert refused(itsm, live) == "answer"
        live.server.fault = answering(307, b"", Location=f"{other.base}/stolen")
        assert refused(itsm, live) == "answer"
        assert other.log == []


def test_a_repository_that_was_renamed_is_found_under_its_new_name(live: Live, itsm: Run) -> None:
    def renamed(handler: Any) -> bool:
        if "old" not in handler.path:
            return False
        handler.reply(301, b"", {"Location": handler.path.replace("old", "shop", 1)})
        return True

    live.server.fault = renamed
    assert judged(itsm, live, "--repo", "old/itsm")["verdict"] == "pending"


def test_gitlab_that_announces_a_page_and_does_not_link_it(start: Start, itsm: Run) -> None:
    live = start("gitlab")
    live.server.fault = lambda handler: bool(
        "/versions" in handler.path and (handler.reply(200, [{}], {"X-Next-Page": "2"}) or True)
    )
    assert refused(itsm, live) == "answer"


@pytest.mark.slow
def test_a_killed_process_leaves_no_verdict_and_a_new_run_converges(live: Live, itsm: Run) -> None:
    live.shop.approve(live.state)
    many = calls(live, itsm)
    for call in (many, many - 1, many - 3):
        live.state.checks, live.state.statuses = [], []
        asking, asked = threading.Event(), threading.Event()

        def hold(handler: Any, asking: threading.Event = asking, asked: threading.Event = asked) -> bool:
            asking.set()
            asked.wait(60)
            return reset(handler)

        live.server.fault = at(call, hold)
        process = begun([*map(str, live.arguments), *PUBLISH])
        assert asking.wait(60)
        os.kill(process, signal.SIGKILL)
        asked.set()
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
        assert live.state.greens == []
        live.server.fault = lambda handler: False
        assert itsm(*live.arguments, *PUBLISH)[0] == 0
        assert len(live.state.greens) == len(live.state.comments) == 1
        assert len({item["id"] for item in live.state.checks}) <= 1


@pytest.mark.parametrize(
    "address",
    [
        "http://forge.example/api",
        "ftp://127.0.0.1/api",
        "https://user:pw@forge.example/api",
        "https://forge.example/api?x=1",
        "https://forge.example/a b",
        "//forge.example",
        "https://[::1/api",
        "",
        "javascript:alert(1)",
        "http://127.0.0.1.evil.example/api",
    ],
)
def test_an_address_that_a_token_is_not_sent_to(address: str, live: Live, itsm: Run) -> None:
    code, out, err = itsm(*live.arguments, "--api-url", address or " ")
    assert (code, out) == (2, ""), err
    assert TOKEN not in err


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "smörgås"])
def test_a_token_that_is_none_is_not_shown(token: str, live: Live, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", token)
    monkeypatch.setenv("GITLAB_TOKEN", token)
    monkeypatch.setenv("GITEA_TOKEN", token)
    code, out, err = itsm(*live.arguments)
    assert (code, out) == (2, "")
    assert token not in err


def test_the_comment_of_somebody_else_is_left_alone(live: Live, itsm: Run) -> None:
    assert itsm(*live.arguments, "--comment")[0] == 1
    (ours,) = live.state.comments
    key = "author" if isinstance(live.face, GitLabFace) else "user"
    theirs = json.loads(json.dumps(ours)) | {"id": 1, key: live.face.user("alice")}
    live.state.comments = [theirs, ours]
    before = theirs["body"]
    live.shop.approve(live.state)
    assert itsm(*live.arguments, "--comment")[0] == 0
    assert (theirs["body"], len(live.state.comments)) == (before, 2)
    assert "Approved" in ours["body"]
    assert live.shop.head in ours["body"]


def test_a_workflow_may_not_ask_who_it_is(start: Start, itsm: Run) -> None:
    live = start("github")
    live.state.may_ask_who, live.state.me, live.state.suffix = False, "github-actions", "[bot]"
    for _ in range(2):
        itsm(*live.arguments, "--comment")
    assert len(live.state.comments) == 1


def test_a_commit_status_instead_of_a_check(live: Live, itsm: Run) -> None:
    live.shop.approve(live.state)
    assert itsm(*live.arguments, "--publish", "status")[0] == 0
    assert [item.get("status") or item["state"] for item in live.state.statuses][-1] == "success"
    assert live.state.checks == []
    assert len(live.state.statuses) == 2
