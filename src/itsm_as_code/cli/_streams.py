"""Standard streams that may be closed, full or not UTF-8, and Ctrl-C at any moment."""

from __future__ import annotations

import atexit
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NoReturn, TextIO

_held = 0
_waits = False
"""Whether Ctrl-C was pressed while something was written that belongs together."""
INTERRUPTED: Final = "itsm: interrupted; nothing was left half-written\n"


class _Closed(io.TextIOBase):
    """Standard output that is not there: nothing can be written to it, which must not pass for having been written."""

    def write(self, text: str, /) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


class _Talk(io.TextIOBase):
    """Standard error: talk that nobody can hear changes no answer."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str, /) -> int:
        with suppress(OSError, ValueError, RuntimeError):
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding


def prepare() -> None:
    """Make standard streams of what the program was started with, and be told of Ctrl-C."""
    for descriptor in range(3):  # or else the next file that is opened is the standard output of git
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if sys.stdout is None:
        sys.stdout = _Closed()
    sys.stderr = _Talk(io.StringIO() if sys.stderr is None else sys.stderr)
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, _interrupted)


def show(text: str, *, is_data: bool) -> None:
    """Write to standard output; OSError where that is not possible, but for a reader that has seen enough.

    Data is UTF-8 wherever it goes (RFC 8259, section 8.1); what people read is in the encoding of their terminal, with
    a question mark for what that lacks.
    """
    try:
        buffer = getattr(sys.stdout, "buffer", None)
        if is_data and buffer is not None:
            sys.stdout.flush()
            buffer.write(text.encode("utf-8", "replace"))
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        let_go()
    except OSError:
        let_go()
        raise


def way_out(error: OSError) -> str:
    """What to do about standard output that takes nothing."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "make room for it"
    return "leave it open" if error.errno in (errno.EBADF, errno.EPIPE) else "look at where it leads"


def finish() -> str:
    """Write what is left of standard output; why that was not possible, or nothing."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        let_go()
    except OSError as error:
        let_go()
        return error.strerror or str(error)
    return ""


def let_go() -> None:
    """Send what is still to be written nowhere, for the interpreter would try again at its end."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupted(*_: Any) -> None:
    """End at once, with what temporary folders and child processes there are cleared away.

    An exception would be swallowed by C++ and Rust that called back, or make them panic, as in the midst of an import.
    """
    global _waits
    _waits = True
    if _held:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(BaseException):
        sys.stderr.write(INTERRUPTED)
    _end(130)


def leave(code: int) -> None:
    """End at once, as what is left to do has been done: to take all that is in memory apart takes seconds where it is
    much, and the system has it back either way. Where threads are at work, or somebody measures, nothing happens."""
    if threading.active_count() > 1 or sys.getprofile() is not None:
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            stream.flush()
    _end(code)


def _end(code: int) -> NoReturn:
    """End with what temporary folders and child processes there are cleared away."""
    with suppress(BaseException):
        atexit._run_exitfuncs()
    os._exit(code)


@contextmanager
def asked_to_end() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, or the program asked to terminate, which is no error here; twice ends it at once."""
    asked = False

    def ask(number: int, _: Any) -> None:
        nonlocal asked
        asked = True
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, ask)
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held() -> Iterator[None]:
    """Let Ctrl-C wait until what belongs together is written."""
    global _held
    _held += 1
    try:
        yield
    finally:
        _held -= 1
        if _waits:
            _interrupted()
