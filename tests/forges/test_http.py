"""The client by itself, against a server on loopback that answers from a list: what it follows, repeats and refuses."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from http.client import HTTPException, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import getproxies

import pytest

from itsm_as_code.errors import ForgeError, UsageError
from itsm_as_code.forges import http, transport
from itsm_as_code.forges.http import Client, Waiting, checked_base, next_link

Scripted = tuple[int, Mapping[str, str], Any]
JSON = {"Content-Type": "application/json"}


class Scripter:
    """A server that gives its answers one after the other, the last for ever; ``asked`` is what it was asked."""

    def __init__(self, *answers: Scripted) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, bytes]] = []
        self.headers: list[Message] = []
        self.connects: list[str] = []
        self.base = ""
        self.slept: list[float] = []

    def client(self, seconds: float = 60.0, **headers: str) -> Client:
        return Client(self.base, headers, waiting=Waiting(seconds, sleep=self.slept.append))


@contextmanager
def serving(*answers: Scripted, certificate: Path | None = None) -> Iterator[Scripter]:
    script = Scripter(*answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            script.asked.append((self.command, self.path, body))
            script.headers.append(self.headers)
            status, headers, data = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            content = data if isinstance(data, bytes) else json.dumps(data).encode()
            if data is None:  # nothing at all: the connection breaks
                self.close_connection = True
                return
            self.send_response_only(status)
            for name, value in {**JSON, "Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value.replace("BASE", script.base))
            self.end_headers()
            self.wfile.write(content)

        def do_CONNECT(self) -> None:
            script.connects += [f"{self.requestline} {self.headers}"]
            self.send_error(502)

        do_GET = do_POST = do_PUT = do_PATCH = handle_any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.base = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_stands_before_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over http it would read the token; from the environment it comes to every run."""
    with serving((200, {}, {"ok": True})) as forge, serving((502, {}, {})) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.base)
        base = forge.base.replace("127.0.0.1", host)
        client = Client(base, {"Authorization": "Bearer s3cret"}, getproxies())
        assert client.get("/x") == {"ok": True}
    assert proxy.asked == []
    assert [headers["Authorization"] for headers in forge.headers] == ["Bearer s3cret"]


def test_a_proxy_before_a_forge_is_told_its_name_alone() -> None:
    with serving((502, {}, {})) as proxy:
        client = Client("https://forge.invalid/api", {"Authorization": "Bearer s3cret"}, {"https": proxy.base})
        with pytest.raises(ForgeError, match="no answer"):
            client.send("POST", "/x", {"title": "s3cret"})
    assert proxy.headers == []
    assert [line for line in proxy.connects if "s3cret" in line] == []
    assert proxy.connects[0].startswith("CONNECT forge.invalid:443 ")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_only_a_certificate_that_is_trusted_is_talked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.pem"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(own), "-out", str(own)]
    made = subprocess.run([*request, *names[:-2]], capture_output=True, check=True, text=True)
    own.write_text(own.read_text() + made.stdout)
    with serving((200, {}, {"ok": True}), certificate=own) as forge:
        transport._verifying.cache_clear()
        assert "certificate" in refused(forge.client(1.0, Authorization="Bearer s3cret"), "GET").message
        assert forge.headers == []
        monkeypatch.setenv("SSL_CERT_FILE", str(own))
        transport._verifying.cache_clear()
        assert forge.client().get("/x") == {"ok": True}
    transport._verifying.cache_clear()


def refused(client: Client, method: str, path: str = "/x") -> ForgeError:
    with pytest.raises(ForgeError) as caught:
        client.ask(method, path, None, {"a": 1} if method != "GET" else None)
    return caught.value


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_what_changes_something_is_not_sent_elsewhere(method: str, status: int) -> None:
    """A redirect would send the verdict to another repository, or turn it into a question."""
    with serving((status, {"Location": "/elsewhere"}, {}), (200, {}, {"ok": True})) as script:
        error = refused(script.client(), method)
    assert (error.code, error.remedy) == ("answer", "name the repository by its new name")
    assert [asked[:2] for asked in script.asked] == [(method, "/x")]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_question_is_asked_again_where_it_leads(status: int) -> None:
    with serving((status, {"Location": "BASE/repositories/7?a=1"}, {}), (200, {}, {"ok": True})) as script:
        assert script.client(Authorization="token").get("/x") == {"ok": True}
    assert [asked[1] for asked in script.asked] == ["/x", "/repositories/7?a=1"]
    assert [headers["Authorization"] for headers in script.headers] == ["token", "token"]


@pytest.mark.parametrize(("hops", "arrives"), [(3, True), (4, False)])
def test_three_redirects_are_followed(hops: int, arrives: bool) -> None:
    answers = [(302, {"Location": f"/{hop}"}, {}) for hop in range(hops)]
    with serving(*answers, (200, {}, {"ok": True})) as script:
        if arrives:
            assert script.client().get("/x") == {"ok": True}
        else:
            assert "leads in a circle" in refused(script.client(), "GET").message
    assert len(script.asked) == 4


@pytest.mark.parametrize("location", ["http://127.0.0.2/x", "https://127.0.0.1/x", "//other.example/x", "BASE0/x"])
def test_nothing_is_asked_at_another_host_or_port(location: str) -> None:
    with serving((302, {"Location": location}, {}), (200, {}, {})) as script:
        assert "points to another host" in refused(script.client(), "GET").message
    assert len(script.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_question_is_repeated_twice_and_what_changes_something_never(status: int) -> None:
    with serving((status, {}, {"message": "busy"})) as script:
        error = refused(script.client(), "GET")
        assert (len(script.asked), script.slept) == (3, [1, 2])
        assert f"{status} (busy)" in error.message
        refused(script.client(), "POST")
        assert len(script.asked) == 4


def test_a_broken_connection_is_tried_again() -> None:
    with serving((200, {}, None), (200, {}, None), (200, {}, {"ok": True})) as script:
        assert script.client().get("/x") == {"ok": True}
        assert script.slept == [1, 2]
    with serving((200, {}, None)) as script:
        assert refused(script.client(), "GET").code == "unreachable"
        assert len(script.asked) == 3
        assert refused(script.client(), "POST").code == "unreachable"
        assert len(script.asked) == 4


def test_the_second_answer_is_taken_where_it_is_one() -> None:
    with serving((503, {}, {}), (200, {}, {"ok": True})) as script:
        assert script.client().get("/x") == {"ok": True}
        assert script.slept == [1]


def test_waiting_ends_when_no_time_is_left() -> None:
    with serving((503, {}, {})) as script:
        refused(script.client(seconds=2), "GET")  # one second was waited, two more are not there
        assert (len(script.asked), script.slept) == (2, [1])
    client = Client("https://forge.example", waiting=Waiting(3.0, sleep=lambda _: None))
    assert [client.wait(seconds) for seconds in (2.0, 2.0, 1.0, 0.5)] == [True, False, True, False]


def test_a_rate_limit_is_waited_for_once_it_is_short_enough() -> None:
    with serving((429, {"Retry-After": "7"}, {}), (200, {}, {"ok": True})) as script:
        assert script.client().get("/x") == {"ok": True}
        assert script.slept == [7]
    with serving((429, {"Retry-After": "7"}, {})) as script:
        assert refused(script.client(), "POST").code == "rate-limit"
        assert (len(script.asked), script.slept) == (3, [7, 7])  # nothing happened yet, so it may be sent again
        assert refused(script.client(seconds=6), "GET").code == "rate-limit"
        assert len(script.asked) == 4


DATE = "Sun, 22 Nov 2026 12:00:00 GMT"
NOON = 1795348800


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (429, {}, "{}", 60.0),
        (429, {"Retry-After": "5"}, "{}", 5.0),
        (403, {"Retry-After": "5"}, "{}", 5.0),
        (403, {"Retry-After": "soon"}, "{}", 60.0),
        (403, {}, '{"message": "Secondary Rate Limit"}', 60.0),
        (403, {}, '{"message": "Forbidden"}', None),
        (403, {}, "[", None),
        (403, {"X-RateLimit-Remaining": "1"}, "{}", None),
        (403, {"X-RateLimit-Remaining": "0"}, "{}", 60.0),
        (403, {"RateLimit-Remaining": " 0 "}, "{}", 60.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOON + 90), "Date": DATE}, "{}", 90.0),
        (403, {"RateLimit-Remaining": "0", "RateLimit-Reset": str(NOON + 90), "Date": DATE}, "{}", 90.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOON - 9), "Date": DATE}, "{}", 1.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOON + 90)}, "{}", 60.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "later", "Date": DATE}, "{}", 60.0),
        (429, {"X-RateLimit-Reset": str(NOON + 90), "Date": DATE}, "{}", 60.0),
        (404, {"Retry-After": "5"}, "{}", None),
        (200, {"X-RateLimit-Remaining": "0"}, "{}", None),
        (503, {"Retry-After": "5"}, '{"message": "rate limit"}', None),
    ],
)
def test_how_long_a_rate_limit_holds(status: int, headers: dict[str, str], body: str, seconds: float | None) -> None:
    fields = HTTPMessage()
    for name, value in headers.items():
        fields[name] = value
    assert http._limited_for(status, fields, body.encode()) == seconds


@pytest.mark.parametrize(
    "address",
    [
        "https://forge.example",
        "https://forge.example/api/v4",
        "http://localhost:8080",
        "http://127.8.9.1/api",
        "http://[::1]:80",
        "https://10.0.0.1:8443/api",
    ],
)
def test_addresses_that_may_have_the_token(address: str) -> None:
    assert checked_base(address) == checked_base(address + "/") == address


@pytest.mark.parametrize(
    "address",
    [
        "http://forge.example",
        "http://10.0.0.1",
        "http://127.0.0.1.forge.example",
        "ftp://localhost",
        "https://",
        "forge.example",
        "https://user@forge.example",
        "https://:secret@forge.example",
        "https://forge.example?a=1",
        "https://forge.example#a",
        "https://forge.example/a b",
        "https://forge.exämple",
        "https://forge.example/\x7f",
        "https://forge.example:port",
        "https://[::1",
    ],
)
def test_addresses_that_may_not(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_base(address)
    assert caught.value.remedy.startswith("write --api-url https://")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('<https://a/?page=2>; rel="next"', "https://a/?page=2"),
        ("<https://a/?page=2>; rel=next", "https://a/?page=2"),
        ("<u>; title=x; REL = 'Next'", "u"),
        ('<u>; rel="prev next"', "u"),
        ('<a>; rel="prev", <b>; rel="next"', "b"),
        ('<a>; rel="first", <b>; rel="last"', None),
        ('<a>; rel="nextish"', None),
        ('<a>; xrel="next"', None),
        ("<a>", None),
        ("", None),
    ],
)
def test_the_next_page(header: str, target: str | None) -> None:
    assert next_link(header) == target


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(111, "Connection refused"), "Connection refused"),
        (OSError("no more than that"), "no more than that"),
        (OSError(), "OSError"),
        (URLError(OSError(2, "No such host")), "No such host"),
        (URLError("what the library says"), "what the library says"),
        (URLError(TimeoutError()), "it took too long"),
        (TimeoutError("timed out"), "it took too long"),
        (HTTPException("cut\x1b off"), "cut off"),
        (ValueError(), "ValueError"),
    ],
)
def test_why_there_was_no_answer(error: Exception, said: str) -> None:
    assert http._reason(error) == said


def pages(script: Scripter, **options: Any) -> Any:
    return script.client().pages("/list", **options)


def test_a_list_of_one_page_is_read_once() -> None:
    with serving((200, {}, [{"id": 1}])) as script:
        assert pages(script, query={"state": "open"}) == [{"id": 1}]
    assert [asked[1] for asked in script.asked] == ["/list?per_page=100&state=open"]


def page(items: list[Any], following: str = "") -> Scripted:
    return (200, {"Link": f'<BASE/list?page={following}>; rel="next"'} if following else {}, items)


def test_a_list_of_two_pages_is_read_until_it_was_the_same_twice() -> None:
    one, two, more = [{"id": 1}], [{"id": 2}], [{"id": 2}, {"id": 3}]
    with serving(page(one, "2"), page(two), page(one, "2"), page(more), page(one, "2"), page(more)) as script:
        assert pages(script) == [*one, *more]
    assert len(script.asked) == 6


def test_a_list_that_only_grows_is_read_once_where_nothing_stands_twice() -> None:
    with serving(page([{"id": 1}], "2"), page([{"id": 2}])) as script:
        assert pages(script, only_grows=True) == [{"id": 1}, {"id": 2}]
    assert len(script.asked) == 2
    with serving(page([{"id": 1}], "2"), page([{"id": 1}]), page([{"id": 1}], "2"), page([{"id": 2}])) as script:
        assert pages(script, only_grows=True) == [{"id": 1}, {"id": 2}]  # the border moved while it was read


def test_events_have_numbers_of_their_own_kind() -> None:
    events = [{"id": 1, "event": "reviewed"}, {"id": 1, "event": "committed"}]
    with serving((200, {}, events)) as script:
        assert pages(script) == events


def test_a_list_that_never_stays_the_same_is_none() -> None:
    with serving(*(page([{"id": number}], "" if number % 2 else "2") for number in range(20))) as script:
        with pytest.raises(ForgeError, match="changed while it was read") as caught:
            pages(script)
        assert (caught.value.code, len(script.asked)) == ("moved", 8)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, {"Link": '<BASE/list?per_page=100>; rel="next"'}, []), "has no end"),
        ((200, {"Link": '<https://other.example/list>; rel="next"'}, []), "points to another host"),
        ((200, {"X-Next-Page": "2"}, []), "announces a next page"),
        ((200, {}, {"items": []}), "something else than a list"),
    ],
)
def test_a_list_that_is_none(answer: Scripted, message: str) -> None:
    with serving(answer) as script, pytest.raises(ForgeError, match=message):
        pages(script)


def test_a_list_inside_an_object() -> None:
    with serving((200, {"X-Next-Page": " "}, {"check_runs": [{"id": 1}]})) as script:
        assert pages(script, inside="check_runs") == [{"id": 1}]
        with pytest.raises(ForgeError, match="something else than a list"):
            pages(script, inside="statuses")


@pytest.mark.parametrize(
    ("status", "headers", "content", "found"),
    [
        (200, {"Content-Type": "application/vnd.github+json; charset=utf-8"}, b'{"a": 1}', {"a": 1}),
        (201, {}, b"[]", []),
        (204, {"Content-Type": "text/plain"}, b"", None),
    ],
)
def test_answers(status: int, headers: dict[str, str], content: bytes, found: Any) -> None:
    with serving((status, headers, content)) as script:
        assert script.client().send("POST", "/x", {"ü": 1}) == found
    assert json.loads(script.asked[0][2]) == {"ü": 1}
    assert script.headers[0]["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "headers", "content", "code", "message"),
    [
        (200, {"Content-Type": "text/plain"}, b"{}", "answer", "text/plain instead of JSON"),
        (200, {}, b"", "answer", "not JSON"),
        (200, {}, b'"\xff"', "answer", "not JSON"),
        (304, {}, b"", "answer", "304"),
        (400, {}, b'{"error": "bad \\u0007 thing"}', "answer", "400 (bad  thing)"),
        (401, {}, b'{"message": {"a": 1}}', "refused", '401 ({"a": 1})'),
        (403, {}, b"[1]", "refused", "403"),
        (404, {}, b"", "not-found", "404"),
    ],
)
def test_refusals(status: int, headers: dict[str, str], content: bytes, code: str, message: str) -> None:
    with serving((status, headers, content)) as script:
        error = refused(script.client(seconds=0), "GET", "/x?a=1")
    assert error.code == code
    assert message in error.message
    assert error.message.startswith("GET /x")
    assert "?" not in error.message


def test_what_is_longer_than_it_says_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 1000)
    with serving((200, {}, [{"a": "x" * 2000}])) as script:
        assert "answered with more than" in refused(script.client(), "GET").message
    with serving((200, {}, [{"a": "x" * 100}])) as script:
        assert script.client().get("/x") == [{"a": "x" * 100}]


def test_all_answers_of_a_client_have_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "RUN_BYTES", 1000)
    with serving((200, {}, [{"a": "x" * 700}])) as script:
        client = script.client()
        client.get("/x")
        assert refused(client, "GET").code == "answer"  # the second is cut off
        assert "MiB of answers" in refused(client, "GET").message
        assert len(script.asked) == 2  # the third is not even asked for
