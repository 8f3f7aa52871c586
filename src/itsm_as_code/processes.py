"""Work on all cores: processes that are copies of this one, so that nothing has to be sent to them, share it.

Where processes cannot be copied (Windows), or that is not safe (macOS, or several threads), one does it all.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from itsm_as_code.errors import ItsmError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection  # loads much, for who works on one core too

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def no_collection() -> Iterator[None]:
    """For work that makes hardly any cycles: the collector would walk all that is there again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def spread(items: Sequence[T], work: Callable[[Iterator[T]], R], processes: int) -> list[R]:
    """What ``work`` gives in each process; between them they take every item once, the first ones first.

    ``processes`` is how many may run. An error of one is raised here, and the others end.
    """
    count = min(processes, len(items)) if _can_copy() else 1
    if count < 2:
        return [work(iter(items))]
    with _copies(items, lambda there, left: _tell(there, lambda: work(left)), count) as pipes:
        return [_received(here) for here in pipes]


def streamed(items: Sequence[T], work: Callable[[T], R], processes: int, generation: int = 0) -> Iterator[R]:
    """What ``work`` gives of each item, as it comes; of items that a process had when it died there is nothing.

    No more is held than what one item gives in each process, and others take over after ``generation`` items: one that
    looks at what it shares with this one gets a copy of it (Python counts references there), which ends with it.
    Nothing comes where processes cannot be copied.
    """

    def each(there: Connection, left: Iterator[T]) -> None:
        for item in left:
            _tell(there, lambda item=item: work(item))  # type: ignore[misc]

    count = min(processes, len(items)) if _can_copy() else 0
    if count < 2:
        return
    generation = generation or _GENERATION
    for start in range(0, len(items), generation):
        yield from _streamed(items[start : start + generation], each, count)


_GENERATION: Final = 64


def _streamed(items: Sequence[T], each: Callable[[Connection, Iterator[T]], None], count: int) -> Iterator[Any]:
    from multiprocessing.connection import wait

    with _copies(items, each, count) as pipes:
        open_ = list(pipes)
        while open_:
            for here in cast("list[Connection]", wait(open_)):
                try:
                    is_done, said = here.recv()
                except (EOFError, OSError):
                    open_.remove(here)
                    continue
                if not is_done:
                    raise said
                yield said


@contextmanager
def _copies(
    items: Sequence[T], run: Callable[[Connection, Iterator[T]], None], count: int
) -> Iterator[list[Connection]]:
    """The pipes of copies of this process that take items one by one; they have ended when the block is left."""
    import multiprocessing

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

    def alone(there: Connection) -> None:
        """Run, and end without what the parent does at its end."""
        with suppress(OSError):
            run(there, take())
        os._exit(0)

    pipes, running = [], []
    gc.freeze()  # what the collector touches would be copied
    try:
        for _ in range(count):
            here, there = context.Pipe(duplex=False)
            process = context.Process(target=alone, args=(there,), daemon=True)
            process.start()
            there.close()
            pipes.append(here)
            running.append(process)
        yield pipes
    finally:
        gc.unfreeze()
        for process in running:
            process.terminate()
            process.join()
        for here in pipes:
            here.close()


def cores() -> int:
    """How many processors there are for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _can_copy() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1


def _tell(there: Connection, work: Callable[[], Any]) -> None:
    """Send what the work gives, or why it gave nothing."""
    try:
        said: tuple[bool, Any] = True, work()
    except BaseException as error:
        said = False, error
    try:
        there.send(said)
    except (TypeError, AttributeError, ValueError):
        there.send((False, RuntimeError(repr(said[1]))))


def _received(here: Connection) -> Any:
    try:
        is_done, said = here.recv()
    except EOFError:
        raise ItsmError("a process of this program was killed", remedy="is there enough memory?") from None
    if not is_done:
        raise said
    return said
