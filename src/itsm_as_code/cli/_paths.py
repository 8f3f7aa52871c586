"""Paths that people name on the command line, as paths within the repository."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def within(top: Path, paths: Iterable[Path]) -> list[str]:
    """Paths relative to the top (``""`` for the top), given from there or from where the command was called.

    UsageError for one that lies outside.
    """
    from itsm_as_code.errors import UsageError

    found = []
    for path in paths:
        whole = path if path.exists() and not (top / path).exists() else top / path
        try:
            relative = whole.resolve().relative_to(top.resolve())
        except ValueError:
            raise UsageError(f"{path} lies outside {top}", remedy="name a path inside the repository") from None
        found.append("" if relative == Path() else relative.as_posix())
    return found


def inside(path: str, prefixes: Iterable[str]) -> bool:
    """True for a path that is one of the prefixes or lies below one."""
    return any(not prefix or path == prefix or path.startswith(prefix + "/") for prefix in prefixes)
