"""Runs itsm as often as it is asked, each time as a process of its own, without loading it each time.

``python docs/ready.py SOCKET`` loads the program and waits; each request is answered by a fork, which has the
arguments, folder, environment and standard streams of whoever asks. It ends when its own standard input does.
:func:`client` is the program that asks; to whoever calls that, it is itsm.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from datetime import datetime
from functools import cache
from pathlib import Path

import click

NOW = "2026-11-22T09:00:00Z"
CLIENT = """#!{python} -IS
import os, socket, sys

given = [*sys.argv[1:], *{more!r}]
words = [os.getcwd(), {as_of!r}, str(len(given)), *given, *map("=".join, os.environ.items())]
asked = os.fsencode("\\0".join(words))
with socket.socket(socket.AF_UNIX) as server:
    server.connect({place!r})
    socket.send_fds(server, [len(asked).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(asked)
    code = server.recv(1)
sys.exit(code[0] if code else "itsm ended without an answer")
"""


def client(*more: str, as_of: str = "") -> str:
    """The source of a program that does as itsm would with ``more`` arguments; the server is started with the first.

    ``as_of`` is the ``--now`` of whoever says none, where itsm.yaml says nothing either.
    """
    return CLIENT.format(python=sys.executable, place=_place(), more=more, as_of=as_of)


@cache
def _place() -> str:
    """The socket of the server."""
    folder = tempfile.mkdtemp(prefix="itsm-ready-")
    place = str(Path(folder) / "socket")
    server = subprocess.Popen([sys.executable, __file__, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(server.communicate)
    if server.stdout is None or server.stdout.readline() != b"ready\n":
        raise RuntimeError("the program cannot be loaded")
    return place


def serve(place: str) -> None:
    """Answer until standard input ends."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children: they send their exit code
        os.write(1, b"ready\n")
        while listening in select.select([listening, 0], [], [])[0]:
            asker, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                answer(asker)
            asker.close()
    Path(place).unlink()
    Path(place).parent.rmdir()


def answer(asker: socket.socket) -> None:
    """Be the process that was asked for; never returns."""
    code = 70
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        head, streams, _, _ = socket.recv_fds(asker, 8, 3)
        with asker.makefile("rb") as rest:
            folder, as_of, count, *words = os.fsdecode(rest.read(int.from_bytes(head, "big"))).split("\0")
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(word.split("=", 1) for word in words[int(count) :])
        code = called(words[: int(count)], as_of)
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    finally:
        for number in (0, 1, 2):
            with contextlib.suppress(OSError):
                os.close(number)
        asker.sendall(bytes([code]))
        os._exit(code)


def called(arguments: list[str], as_of: str) -> int:
    """The exit code of itsm with these arguments, as of an instant unless they or itsm.yaml say otherwise."""
    from itsm_as_code.cli import main

    if as_of and arguments and {"--now", "--help", "-h", "--version"}.isdisjoint(arguments):
        settings = Path("itsm.yaml")
        if not (settings.is_file() and "asOf:" in settings.read_text("utf-8")):
            arguments = [*arguments, "--now", as_of]
    try:
        main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def load() -> None:
    """Load what commands load, and do once what each would do again: schemas, shipped policies, the wheel of init."""
    from itsm_as_code import wheel
    from itsm_as_code.cli.program import program
    from itsm_as_code.snapshot import WorkTree
    from itsm_as_code.validation import validate

    context = click.Context(program)
    for name in program.list_commands(context):
        program.get_command(context, name)
    wheel.build()
    validate(WorkTree(Path(__file__).resolve().parent.parent), datetime.fromisoformat(NOW))


if __name__ == "__main__":
    load()
    serve(sys.argv[1])
