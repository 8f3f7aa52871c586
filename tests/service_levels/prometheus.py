"""A real Prometheus with a past that is made up, on this machine alone, for as long as a test needs it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

SERVER, TOOL = shutil.which("prometheus"), shutil.which("promtool")
needs_prometheus = pytest.mark.skipif(
    SERVER is None or TOOL is None, reason="prometheus and promtool are not here (Debian's package prometheus)"
)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(folder: Path, samples: Iterable[str]) -> Iterator[str]:
    """The address of a server that has these samples (lines of OpenMetrics, by metric and time)."""
    assert SERVER is not None
    assert TOOL is not None
    (folder / "past.txt").write_text("".join(f"{line}\n" for line in samples) + "# EOF\n")
    making = [TOOL, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration", "744h", "past.txt", "data"]
    subprocess.run(making, cwd=folder, check=True, capture_output=True, timeout=60)
    (folder / "prometheus.yml").write_text("{}\n")
    address = f"127.0.0.1:{free_port()}"
    options = ["--storage.tsdb.path=data", "--storage.tsdb.retention.time=100y", "--config.file=prometheus.yml"]
    command = [SERVER, *options, f"--web.listen-address={address}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            _wait(f"http://{address}/-/ready", server)
            yield f"http://{address}"
        finally:
            server.kill()
            server.wait(timeout=10)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "it ended by itself"
        try:
            with urlopen(url, timeout=1) as response:  # noqa: S310
                if response.status == 200:
                    return
        except (URLError, OSError):
            pass
        time.sleep(0.1)
    raise AssertionError("it is not ready after 30 seconds")
