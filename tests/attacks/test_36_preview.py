"""36: the preview of a site: pages of others in the same browser, and paths that lead out of the folder."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.errors import ItsmError
from itsm_as_code.site.preview import Preview, Server, listen, server
from itsm_as_code.site.render import CONTENT_SECURITY_POLICY

SECRET = "not of the site"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    top = tmp_path_factory.mktemp("preview")
    site = top / "site"
    (site / "services").mkdir(parents=True)
    (site / "empty").mkdir()
    (site / "index.html").write_text(f"<head><meta content='{CONTENT_SECURITY_POLICY}'></head><body>Home")
    (site / "services/index.html").write_text("<head></head>Services")
    (site / "data.js").write_text("data = 1")
    (site / ".itsm-site").write_text(SECRET)
    (top / "secret.txt").write_text(SECRET)
    (top / "site-beside").mkdir()
    (top / "site-beside/secret.txt").write_text(SECRET)
    (site / "link.txt").symlink_to(top / "secret.txt")
    (site / "folder").symlink_to(top / "site-beside")
    (site / "raw.bin").write_bytes(b"\0")
    preview = Preview(site)
    preview.built([])
    with closing(listen(preview, 0)) as made:
        made.start()
        yield made


def asked(server: Server, target: str = "/", *headers: str, method: str = "GET", host: str | None = None) -> str:
    """The whole answer to a request, as it is written: no client mends its path."""
    hosts = [f"Host: {host or f'localhost:{server.port}'}"] if not any("Host:" in line for line in headers) else []
    lines = [f"{method} {target} HTTP/1.1", *hosts, *headers, "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall("\r\n".join(lines).encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def code(answer: str) -> int:
    return int(answer.split()[1])


def test_pages_come_with_their_types_and_are_kept_by_nobody(served: Server) -> None:
    answer = asked(served)
    assert code(answer) == 200
    assert "Content-Type: text/html; charset=utf-8" in answer
    assert "Cache-Control: no-store" in answer
    assert "X-Content-Type-Options: nosniff" in answer
    assert "frame-ancestors 'none'" in answer
    assert '<script src="/-preview/preview.js" data-site="' in answer
    assert "Content-Type: text/javascript; charset=utf-8" in asked(served, "/data.js?q=1")
    assert "Content-Type: application/octet-stream" in asked(served, "/raw.bin")
    assert asked(served, method="HEAD").partition("\r\n\r\n")[2] == ""
    assert "data = 1" not in asked(served, "/data.js", method="HEAD")
    for name in ("preview.js", "preview.css"):
        assert code(asked(served, f"/-preview/{name}")) == 200


def test_folders_lead_to_their_page_and_are_never_listed(served: Server) -> None:
    answer = asked(served, "/services?q=a")
    assert code(answer) == 301
    assert "\r\nLocation: /services/?q=a\r\n" in answer
    assert "Services" in asked(served, "/services/")
    assert {code(asked(served, target)) for target in ("/empty", "/empty/", "/none", "/none.html")} == {404}


@pytest.mark.parametrize(
    "host",
    ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "LOCALHOST:{port}"],
)
def test_this_machine_is_served(served: Server, host: str) -> None:
    assert code(asked(served, host=host.format(port=served.port))) == 200


HOSTS = [
    *("evil.example", "evil.example:{port}", "localhost.evil.example:{port}"),
    *("localhost", "127.0.0.1:1", "0.0.0.0:{port}"),
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("target", ["/", "/-preview/events", "/-preview/preview.js"])
def test_another_host_is_refused(served: Server, host: str, target: str) -> None:
    answer = asked(served, target, host=host.format(port=served.port))
    assert code(answer) == 421
    assert "Home" not in answer


def test_no_host_or_two_are_refused(served: Server) -> None:
    own = f"Host: localhost:{served.port}"
    assert code(asked(served, "/", own, "Host: evil.example")) == 421
    assert code(asked(served, "/", own, own)) == 421
    assert not server.is_own_host([], served.port)


@pytest.mark.parametrize("mode", ["no-cors", "cors", "navigate"])
@pytest.mark.parametrize("place", ["cross-site", "same-site"])
def test_what_pages_of_others_load_is_refused(served: Server, place: str, mode: str) -> None:
    headers = (f"Sec-Fetch-Site: {place}", f"Sec-Fetch-Mode: {mode}", "Sec-Fetch-Dest: iframe")
    assert code(asked(served, "/data.js", *headers)) == 403
    assert code(asked(served, "/-preview/events", *headers)) == 403


def test_links_of_others_can_be_followed(served: Server) -> None:
    followed = ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
    assert code(asked(served, "/", *followed)) == 200
    assert code(asked(served, "/data.js", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors")) == 200


PATHS = [
    *("/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/services/../../secret.txt", "/..\\secret.txt"),
    *("/%2e%2e%2fsite-beside/secret.txt", "//secret.txt", "/./index.html", "/.itsm-site", "/link.txt"),
    *("/folder/secret.txt", "/index.html%00.txt", "/%ff", "http://localhost/secret.txt", "secret.txt"),
    *("/" + "a" * 5000, "//evil.example/"),
]


@pytest.mark.parametrize("target", PATHS)
def test_no_path_leads_out(served: Server, target: str) -> None:
    answer = asked(served, target)
    assert code(answer) in (400, 404)
    assert SECRET not in answer
    assert "Location" not in answer


def test_nothing_is_written(served: Server) -> None:
    assert {code(asked(served, method=method)) for method in ("POST", "PUT", "DELETE", "OPTIONS")} == {501}


def test_it_listens_on_the_loopback_alone(served: Server) -> None:
    assert served.socket.getsockname()[0] == "127.0.0.1"


def test_a_port_in_use_is_said(served: Server) -> None:
    with pytest.raises(ItsmError, match=f"^port {served.port} of 127.0.0.1 is in use$"):
        listen(Preview(Path()), served.port)


def test_the_next_port_is_taken_where_none_is_named(monkeypatch: pytest.MonkeyPatch, served: Server) -> None:
    monkeypatch.setattr(server, "PORT", served.port)
    with closing(listen(Preview(Path()), None)) as other:
        assert 0 < other.port - served.port < 100


def unconfined(root: Path, target: str) -> Path | None:
    file = Path(os.path.normpath(f"{root}/{target}"))
    return file if file.is_file() else None


@pytest.mark.parametrize(
    ("guard", "weak", "target", "headers"),
    [
        ("is_own_host", lambda *_: True, "/data.js", ("Host: evil.example",)),
        ("is_of_others", lambda *_: False, "/data.js", ("Sec-Fetch-Site: cross-site",)),
        ("file_of", unconfined, "/../secret.txt", ()),
    ],
)
def test_each_guard_alone_stops_its_attack(
    served: Server, guard: str, weak: Any, target: str, headers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert code(asked(served, target, *headers)) >= 400
    monkeypatch.setattr(server, guard, weak)
    assert code(asked(served, target, *headers)) == 200
