"""How far long work has come, for whoever watches: the command line does, where somebody sits before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Watcher = Callable[[str, Collection[Any]], Iterable[Any]]
_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)
Item = TypeVar("Item")


def watched(what: str, items: Collection[Item]) -> Iterable[Item]:
    """The items, of which ``what`` names the kind in the plural; a watcher sees each as it is taken."""
    watcher = _watcher.get()
    return items if watcher is None else watcher(what, items)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Let somebody watch all that is done within."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
