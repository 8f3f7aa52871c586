"""Work that is stopped when it takes too long: done in a child process, which the kernel ends.

The expression runtime cannot be interrupted from within. A child that is started once answers one question after the
other; its timer and its limit of memory are set so that only it comes to an end.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import struct
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

SECONDS: Final = 0.5
"""Processor time for one question."""
PATIENCE: Final = 30.0
"""Seconds by the wall after which a child is ended that does not even use its processor time."""
MEMORY: Final = 1 << 29
"""Bytes that a child may have beyond those of its parent."""
CHILDREN: Final = 4
"""Children that are kept at a time; the one that was started first is ended for one more."""
TOO_MUCH: Final = "it takes too much time or memory"
_HEAD: Final = struct.Struct("!Q")


class OutOfBounds(Exception):
    """The question took too much time or memory, or cannot be asked safely on this system."""


_alive: deque[_Child] = deque()


class Bounded:
    """Asks a function in a child process, which is started when it is first needed."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self._answer = answer
        self._child: _Child | None = None

    def ask(self, question: Any) -> Any:
        """The function's answer; :class:`OutOfBounds` when there is none in time. Both have to be picklable."""
        if not hasattr(os, "fork"):
            raise OutOfBounds("it may take long, which cannot be bounded on this system")
        if self._child is None or self._child.is_stopped:
            self._child = _Child(self._answer)
            _alive.append(self._child)
            weakref.finalize(self, self._child.stop)
            while len(_alive) > CHILDREN:
                _alive.popleft().stop()
        try:
            return self._child.ask(question)
        except (OSError, EOFError):
            self._child.stop()
            self._child = None
            raise OutOfBounds(TOO_MUCH) from None


def end_children() -> None:
    """End the children of this process, which keep what memory was when they were started; a question starts one."""
    while _alive:
        _alive.popleft().stop()


class _Child:
    def __init__(self, answer: Callable[[Any], Any]) -> None:
        here_in, there_out = os.pipe()
        there_in, here_out = os.pipe()
        self._owner = os.getpid()
        # Until the child is on its own, a Ctrl-C in it would be one of this program once more.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._pid = os.fork()
            if self._pid == 0:
                try:
                    first, last = sorted((there_in, there_out))
                    for span in ((3, first), (first + 1, last), (last + 1, os.sysconf("SC_OPEN_MAX"))):
                        os.closerange(*span)  # whoever waits for the end of a pipe of the parent does not wait for us
                    signal.signal(signal.SIGINT, signal.SIG_IGN)
                    signal.pthread_sigmask(signal.SIG_SETMASK, before)
                    _serve(answer, there_in, there_out)
                finally:
                    os._exit(0)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(there_in)
        os.close(there_out)
        self._in, self._out = here_in, here_out

    @property
    def is_stopped(self) -> bool:
        """Whether it cannot be asked (any more). A copy of the process that started it must start its own, for it would
        get the answers to what others asked."""
        return not self._pid or self._owner != os.getpid()

    def ask(self, question: Any) -> Any:
        _write(self._out, pickle.dumps(question, pickle.HIGHEST_PROTOCOL))
        answered = select.poll()  # select() refuses numbers of files over 1,023
        answered.register(self._in, select.POLLIN)
        if not answered.poll(PATIENCE * 1000):
            raise EOFError
        return pickle.loads(_read(self._in))  # noqa: S301 - from our own child

    def stop(self) -> None:
        """End the process, where it is one of this; once is enough."""
        if self.is_stopped:
            return
        pid, self._pid = self._pid, 0
        for end in (self._in, self._out):
            with contextlib.suppress(OSError):
                os.close(end)
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _serve(answer: Callable[[Any], Any], questions: int, answers: int) -> None:
    """Answer until there are no more questions; the kernel ends the process when an answer takes too much."""
    import resource

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)  # the runtime says there that it is out of memory
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):
        used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    while True:
        try:
            question = pickle.loads(_read(questions))  # noqa: S301 - from our own parent
        except (OSError, EOFError):
            return
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        reply = answer(question)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(answers, pickle.dumps(reply, pickle.HIGHEST_PROTOCOL))


def _write(end: int, content: bytes) -> None:
    view = memoryview(_HEAD.pack(len(content)) + content)
    while view:
        view = view[os.write(end, view) :]


def _read(end: int) -> bytes:
    (length,) = _HEAD.unpack(_exactly(end, _HEAD.size))
    return _exactly(end, length)


def _exactly(end: int, length: int) -> bytes:
    parts = []
    while length:
        part = os.read(end, min(length, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
