"""How far long work has come, and what happened that changes no answer, for whoever watches.

The command line does, where somebody sits before it, or wants to hear more (``-v``).
"""

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


_listener: ContextVar[Callable[[str, bool], None] | None] = ContextVar("listener", default=None)


def noted(message: str, *, matters: bool = False) -> None:
    """Tell whoever listens of what changes no answer; ``matters`` where people want to know it unasked."""
    listener = _listener.get()
    if listener is not None:
        listener(message, matters)


@contextmanager
def listening(listener: Callable[[str, bool], None]) -> Iterator[None]:
    """Let somebody hear all that is noted within."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Let somebody watch all that is done within."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
