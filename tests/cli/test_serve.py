"""itsm serve, for real: a save reaches an open page, what is broken is told and the last good site stays."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Run, Workshop, copied

SECONDS = 20
"""How long something may take on a busy machine; on an idle one it is half a second."""


@dataclass
class Served:
    shop: Workshop
    process: subprocess.Popen[str]
    port: int
    temporary: Path
    events: queue.Queue[dict[str, Any]]

    def page(self, path: str) -> str:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        with closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read().decode()

    def event(self) -> dict[str, Any]:
        return self.events.get(timeout=SECONDS)


def listen(port: int, events: queue.Queue[dict[str, Any]]) -> None:
    """An open page: puts what it is told, until the server ends."""
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    connection.request("GET", "/-preview/events")
    with connection.getresponse() as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        for line in answer:
            if line.startswith(b"data: "):
                events.put(json.loads(line.removeprefix(b"data: ")))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, first_workshop: Workshop) -> Iterator[Served]:
    top = tmp_path_factory.mktemp("serve")
    shop = copied(first_workshop, top)
    temporary = top / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "itsm_as_code", "serve", "-C", str(shop.path), "--port", "0", "--for", "120"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(temporary)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://127\.0\.0\.1:([0-9]+)/; Ctrl-C ends it", process.stderr.readline())
            assert found
            events: queue.Queue[dict[str, Any]] = queue.Queue()
            threading.Thread(target=listen, args=(int(found[1]), events), daemon=True).start()
            yield Served(shop, process, int(found[1]), temporary, events)
        finally:
            process.kill()


def test_a_save_reaches_an_open_page_and_what_is_broken_leaves_the_last_good_one(served: Served) -> None:
    first = served.event()
    assert (first["earlier"], first["trouble"]) == (False, "")
    before = served.page("/services/newsletter.html")
    assert f'data-site="{first["site"]}"' in before
    assert "connect-src &#39;self&#39;" in before
    service, text = "services/newsletter.yaml", (served.shop.path / "services/newsletter.yaml").read_text()

    saved = time.monotonic()
    served.shop.write(service, text.replace("title: Newsletter", "title: Letters by post"))
    second = served.event()
    took = time.monotonic() - saved
    assert second["site"] != first["site"]
    after = served.page("/services/newsletter.html")
    assert "Letters by post" in after
    assert took < SECONDS / 2

    for broken, place in ((text + "  half: [", f"{service}:"), (text.replace("owner:", "ownr:"), f"{service}:")):
        served.shop.write(service, broken)
        told = served.event()
        assert (told["site"], told["earlier"]) == (second["site"], True)
        assert told["findings"][0]["severity"] == "error"
        assert re.match(re.escape(place) + "[0-9]+:[0-9]+", told["findings"][0]["place"])
        assert served.page("/services/newsletter.html") == after

    served.shop.write("theme/templates/footer.html", "{% if %}")
    served.shop.write(service, text)
    told = served.event()
    while not told["trouble"]:  # between the two writes
        told = served.event()
    assert "theme/templates/footer.html:1" in told["trouble"]
    assert told["earlier"]

    (served.shop.path / "theme/templates/footer.html").unlink()
    last = served.event()
    assert (last["earlier"], last["trouble"]) == (False, "")
    assert last["site"] not in (first["site"], second["site"])
    assert "Letters by post" not in served.page("/services/newsletter.html")


def test_the_repository_is_left_alone(served: Served) -> None:
    assert not (served.shop.path / "site").exists()
    assert [path.name[:11] for path in served.temporary.iterdir() if path.name.startswith("itsm")] == ["itsm-serve-"]


def test_another_host_is_refused(served: Served) -> None:
    with closing(HTTPConnection("127.0.0.1", served.port, timeout=SECONDS)) as connection:
        connection.request("GET", "/", headers={"Host": "evil.example"})
        assert connection.getresponse().status == 421


def test_ctrl_c_ends_it_and_leaves_nothing(served: Served) -> None:
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(SECONDS) == 0
    assert [path for path in served.temporary.iterdir() if path.name.startswith("itsm-")] == []


def test_a_port_in_use_is_2_before_anything_is_built(itsm: Run, workshop: Workshop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = itsm("serve", "-C", workshop.path, "--port", str(port))
    assert (code, out) == (2, "")
    assert err.startswith(f"itsm: port {port} of 127.0.0.1 is in use\n")


def test_a_folder_inside_the_repository_is_refused(
    itsm: Run, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(workshop.path))
    code, _, err = itsm("serve", "-C", workshop.path, "--port", "0", "--for", "0")
    assert code == 2
    assert "lies inside the repository" in err


def test_nothing_to_show_is_2(itsm: Run, tmp_path: Path) -> None:
    code, _, err = itsm("serve", "-C", tmp_path, "--port", "0", "--for", "0")
    assert code == 2
    assert "holds no records" in err
