"""Work on all cores: processes that are copies of this one, so that nothing has to be sent to them, share it.

Where processes cannot be copied (Windows), or that is not safe (macOS, or several threads), one does it all.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from itsm_as_code.errors import ItsmError

T = TypeVar("T")
R = TypeVar("R")


def spread(items: Sequence[T], work: Callable[[Iterator[T]], R], processes: int) -> list[R]:
    """What ``work`` gives in each process; between them they take every item once, the first ones first.

    ``processes`` is how many may run. An error of one is raised here, and the others end.
    """
    count = min(processes, len(items)) if _can_copy() else 1
    if count < 2:
        return [work(iter(items))]
    context = multiprocessing.get_context("fork")
    taken, parent = context.Value("l", 0), os.getpid()

    def take() -> Iterator[T]:
        while True:
            with taken.get_lock():
                at = taken.value
                taken.value = at + 1
            if at >= len(items):
                return
            if os.getppid() != parent:  # which was killed: nobody wants the rest
                os._exit(1)
            yield items[at]

    pipes, running = [], []
    gc.freeze()  # what the collector touches would be copied
    try:
        for _ in range(count):
            here, there = context.Pipe(duplex=False)
            process = context.Process(target=_run, args=(there, work, take), daemon=True)
            process.start()
            there.close()
            pipes.append(here)
            running.append(process)
        return [_received(here) for here in pipes]
    finally:
        gc.unfreeze()
        for process in running:
            process.terminate()
            process.join()


def _can_copy() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1


def _run(there: Connection, work: Callable[[Iterator[Any]], Any], take: Callable[[], Iterator[Any]]) -> None:
    """Send what the work gives, or why it gave nothing, and end without what the parent does at its end."""
    try:
        said: tuple[bool, Any] = True, work(take())
    except BaseException as error:
        said = False, error
    with suppress(OSError):
        try:
            there.send(said)
        except (TypeError, AttributeError, ValueError):
            there.send((False, RuntimeError(repr(said[1]))))
    os._exit(0)


def _received(here: Connection) -> Any:
    try:
        is_done, said = here.recv()
    except EOFError:
        raise ItsmError("a process that makes pages was killed", remedy="is there enough memory?") from None
    if not is_done:
        raise said
    return said
