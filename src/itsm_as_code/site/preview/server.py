"""Serves the files of a site to browsers on this machine.

Pages of others in the same browser can send requests here, so more is refused than a web server would: another name in
``Host`` (DNS rebinding), and what pages of other places ask for (https://www.w3.org/TR/fetch-metadata/), for the data
of a site are scripts that any page could load. Nothing is listed, written or taken from outside the folder.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Sequence
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import Final
from urllib.parse import quote, unquote

from itsm_as_code.errors import ItsmError
from itsm_as_code.site.escaping import escape
from itsm_as_code.site.journal import is_within
from itsm_as_code.site.preview.told import Preview
from itsm_as_code.site.render import CONTENT_SECURITY_POLICY, asset

ADDRESS: Final = "127.0.0.1"
PORT: Final = 8765
_TRIED: Final = 100
"""Ports after the first one that may be free."""
_NAMES: Final = ("localhost", ADDRESS, "[::1]")
_OWN: Final = "/-preview/"
"""Below it lies what the site does not have; no kind has such a folder."""
_EVENTS: Final = f"{_OWN}events"
_FILES: Final = {f"{_OWN}{name}": f"preview/{name}" for name in ("preview.js", "preview.css")}
_LISTENERS: Final = 64
"""Pages that may wait for news at a time, each of them in a thread."""
_ALIVE_SECONDS: Final = 15.0
_TEXT: Final = "; charset=utf-8"
_TYPES: Final = {
    ".atom": f"application/atom+xml{_TEXT}",
    ".css": f"text/css{_TEXT}",
    ".csv": f"text/csv{_TEXT}",
    ".html": f"text/html{_TEXT}",
    ".ics": f"text/calendar{_TEXT}",
    ".js": f"text/javascript{_TEXT}",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": f"text/plain{_TEXT}",
    ".xml": f"application/xml{_TEXT}",
}
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def is_own_host(given: Sequence[str], port: int) -> bool:
    """True for one ``Host`` (RFC 9112, section 3.2) that names this machine and the port."""
    known = {f"{name}:{port}" for name in _NAMES} | (set(_NAMES) if port == 80 else set())
    return len(given) == 1 and given[0].strip().lower() in known


def is_of_others(headers: Message) -> bool:
    """True for what a page of another place asks for, unless somebody just follows a link there.

    Another port of this machine is the same site, and another place.
    """
    is_followed = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
    return headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") and not is_followed


def file_of(root: Path, target: str) -> Path | None:
    """The file or folder below ``root`` that the target of a request names (RFC 9112, section 3.2.1), if there is one.

    Dots begin no name of a site.
    """
    try:
        path = unquote(target.partition("?")[0], errors="strict")
    except UnicodeDecodeError:
        return None
    if not path.startswith("/"):
        return None
    path = path[1:] + ("index.html" if path.endswith("/") else "")
    parts = path.split("/")
    if not is_within(path) or any(not part or part.startswith(".") for part in parts):
        return None
    try:
        file, top = root.joinpath(*parts).resolve(strict=True), root.resolve(strict=True)
    except (OSError, ValueError):  # no such file, a name too long
        return None
    return file if file.is_relative_to(top) and (file.is_file() or (file / "index.html").is_file()) else None


def with_script(page: bytes, site: str) -> bytes:
    """A page that hears of the next build: its policy lets it, and the script of this server stands at its head."""
    policy = CONTENT_SECURITY_POLICY + "; connect-src 'self'"
    page = page.replace(escape(CONTENT_SECURITY_POLICY).encode(), escape(policy).encode(), 1)
    tags = (
        f'<link rel="stylesheet" href="{_OWN}preview.css">\n'
        f'<script src="{_OWN}preview.js" data-site="{escape(site)}" defer></script>\n'
    )
    return page.replace(b"</head>", tags.encode() + b"</head>", 1)


class Server(ThreadingMixIn, TCPServer):
    """Listens from when it is made; answers from when :meth:`start` is called until :meth:`close`."""

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # elsewhere two programs could share a port

    def __init__(self, port: int, preview: Preview) -> None:
        super().__init__((ADDRESS, port), _Handler)
        self.preview = preview
        self.port: int = self.server_address[1]
        self.listeners = threading.BoundedSemaphore(_LISTENERS)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}/"

    def start(self) -> None:
        """Answer, in threads."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self.preview.end()
        if self._thread.is_alive():
            self.shutdown()
        self.server_close()

    def handle_error(self, *request: object) -> None:
        """A browser that goes away is no error."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(*request)  # type: ignore[arg-type]


def listen(preview: Preview, port: int | None) -> Server:
    """A server at a port of the loopback: 0 is any that is free, None :data:`PORT` or one of the next.

    ItsmError where that is not to be had.
    """
    ports = [port] if port is not None else [*range(PORT, PORT + _TRIED)]
    for tried in ports:
        try:
            return Server(tried, preview)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                message = f"cannot listen at port {tried} of {ADDRESS}: {error.strerror or error}"
                raise ItsmError(message, remedy="name another one with --port", code="serve") from None
    used = f"port {port}" if port is not None else f"every port from {PORT} to {PORT + _TRIED - 1}"
    raise ItsmError(
        f"{used} of {ADDRESS} is in use",
        remedy="end what listens there, or name another one with --port (0: any that is free)",
        code="serve",
    )


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version, sys_version = "itsm", ""
    timeout = 30

    def do_GET(self) -> None:
        if not is_own_host(self.headers.get_all("Host", []), self.server.port):
            self._say(HTTPStatus.MISDIRECTED_REQUEST, f"Open {self.server.url}")
        elif is_of_others(self.headers):
            self._say(HTTPStatus.FORBIDDEN, "Not for pages of other places.")
        elif self.path == _EVENTS:
            self._tell()
        elif (own := _FILES.get(self.path.partition("?")[0])) is not None:
            self._send(HTTPStatus.OK, asset(own), _TYPES[Path(own).suffix])
        else:
            self._file()

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_: object) -> None:
        """Requests are not worth a line each."""

    def _file(self) -> None:
        site = self.server.preview.told.site  # before the file: a page may be newer than it says, never older
        found = file_of(self.server.preview.root, self.path)
        try:
            if found is not None and found.is_dir():
                self._send(HTTPStatus.MOVED_PERMANENTLY, b"", _TYPES[".txt"], self._folder())
                return
            content = found.read_bytes() if found is not None else None
        except OSError:  # gone with the site that it was of
            content = None
        if found is None or content is None:
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")
            return
        if found.suffix == ".html":
            content = with_script(content, site)
        self._send(HTTPStatus.OK, content, _TYPES.get(found.suffix, "application/octet-stream"))

    def _folder(self) -> str:
        """The address of the folder that was asked for, within this server."""
        path, mark, query = self.path.partition("?")
        return quote(unquote(path).rstrip("/")) + "/" + mark + quote(query, safe="%=&+")

    def _say(self, status: HTTPStatus, text: str) -> None:
        self._send(status, f"{text}\n".encode(), _TYPES[".txt"])

    def _send(self, status: HTTPStatus, content: bytes, kind: str, location: str = "") -> None:
        self._begin(status, kind, {"Content-Length": str(len(content))} | ({"Location": location} if location else {}))
        if self.command != "HEAD":
            self.wfile.write(content)

    def _begin(self, status: HTTPStatus, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **_HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def _tell(self) -> None:
        """Events (https://html.spec.whatwg.org/multipage/server-sent-events.html): each build, as it comes."""
        if not self.server.listeners.acquire(blocking=False):
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, "Too many pages are open.")
            return
        try:
            self._begin(HTTPStatus.OK, "text/event-stream", {})
            self.wfile.write(b"retry: 500\n\n")
            seen = 0
            while self.command != "HEAD" and (news := self.server.preview.news(seen, _ALIVE_SECONDS)) is not None:
                seen, told = news
                self.wfile.write(f"data: {told.as_json()}\n\n".encode() if told else b":\n\n")
        finally:
            self.server.listeners.release()
