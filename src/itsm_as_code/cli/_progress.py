"""The line on standard error that says how far work has come which takes more than a second."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

from itsm_as_code.progress import watching

PATIENCE = 1.0
_PAUSE = 0.1


class Bar:
    """Writes ``1,234 of 5,678 files read`` to a terminal, again and again in one line, and takes it away at the end."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock, self._process = stream, clock, os.getpid()
        self._begin, self._last, self._width = clock(), 0.0, 0

    def over(self, what: str, items: Collection[Any]) -> Iterator[Any]:
        """The items, each counted as it is taken; only in the process that has the terminal."""
        if os.getpid() != self._process:
            yield from items
            return
        try:
            for number, item in enumerate(items):
                now = self._clock()
                if now - self._begin > PATIENCE and now - self._last > _PAUSE:
                    self._last = now
                    self._show(f"{number:,} of {len(items):,} {what}")
                yield item
        finally:
            self._show("")

    def _show(self, text: str) -> None:
        if text or self._width:
            self._stream.write(f"\r{text.ljust(self._width)}\r{text}")
            self._stream.flush()
            self._width = len(text)


def shown_on(stream: TextIO, *, quiet: bool) -> AbstractContextManager[None]:
    """Show progress on a terminal for as long as a command runs, unless nobody wants it."""
    return nullcontext() if quiet or not stream.isatty() else watching(Bar(stream).over)
