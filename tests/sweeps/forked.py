"""The program as a process of its own, on standard streams of one's choice, without the wait for its imports."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from itsm_as_code import cli
from itsm_as_code.cli import program

assert program  # loaded here, once

CLOSED = None


def started(
    arguments: Sequence[str], *, out: str | None = "", err: str | None = "", encoding: str = "utf-8"
) -> tuple[int, bytes, str]:
    """Exit code, standard output and standard error; ``out`` and ``err`` are devices to write to instead, or CLOSED."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / "out", Path(folder) / "err"]
        for file in files:
            file.touch()
        child = os.fork()
        if child == 0:
            code = 99
            try:
                _connect([out if out != "" else str(files[0]), err if err != "" else str(files[1])], encoding)
                code = _called(arguments)
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        return os.waitstatus_to_exitcode(status), files[0].read_bytes(), files[1].read_text("utf-8", "replace")


def begun(arguments: Sequence[str]) -> int:
    """The process id of the program, which writes to nowhere; whoever began it waits for it."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            _connect([os.devnull, os.devnull], "utf-8")
            code = _called(arguments)
        finally:
            os._exit(code)
    return child


def _connect(places: Sequence[str | None], encoding: str) -> None:
    """What the interpreter makes of file descriptors (https://docs.python.org/3/library/sys.html#sys.stdout)."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding=encoding)
    streams: list[io.TextIOWrapper | None] = []
    for descriptor, place in enumerate(places, 1):
        if place is None:
            os.close(descriptor)
            streams.append(None)
            continue
        os.dup2(os.open(place, os.O_WRONLY), descriptor)
        raw = io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False))
        errors = "strict" if descriptor == 1 else "backslashreplace"
        streams.append(io.TextIOWrapper(raw, encoding=encoding, errors=errors))
    sys.stdout, sys.stderr = streams  # type: ignore[assignment]


def _called(arguments: Sequence[str]) -> int:
    """As the interpreter would end: what cannot be flushed makes it 120."""
    try:
        cli.main(list(arguments))
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        code = 120
    return code
