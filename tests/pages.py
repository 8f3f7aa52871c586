"""Pages on loopback to which links lead, and a resolver that says which names lead there."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

CONTENT = b"All tests passed.\n"
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@dataclass
class Pages:
    """A server with pages; ``asked`` are the paths and hosts that it was asked for."""

    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    def url(self, path: str, host: str = "pages.test") -> str:
        return f"http://{host}:{self.port}{path}"

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        self.asked.append((to.path, to.headers["Host"]))
        _, status, *where = to.path.split("/")
        to.send_response(int(status) if status.isdigit() else 200)
        if where and int(status) // 100 == 3:
            left = int(where[0]) if where[0].isdigit() else 0
            target = {"private": self.url("/200", "127.0.0.1"), "file": "file:///etc/passwd", "end": "/200"}
            to.send_header("Location", target.get(where[0], f"/302/{left - 1}" if left else "/200"))
        to.send_header("Content-Length", str(len(CONTENT) + (1 if status == "cut" else 0)))
        to.end_headers()
        to.wfile.write(CONTENT)


@pytest.fixture(scope="session")
def page_server() -> Iterator[Pages]:
    pages = Pages()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        pages.port = running.server_port
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield pages
        running.shutdown()
        thread.join()


@pytest.fixture
def pages(page_server: Pages) -> Pages:
    page_server.asked.clear()
    return page_server


def resolver(**names: str) -> Any:
    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        if host not in names and host[0].isalpha():
            raise socket.gaierror(socket.EAI_NONAME if "gone" in host else socket.EAI_AGAIN, "no")
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (names.get(host, host), port))]

    return resolve
