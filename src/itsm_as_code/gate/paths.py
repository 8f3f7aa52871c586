"""Which files a pull request changes, and names of files that no approval makes good."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from itsm_as_code.gate.decision import Reason
from itsm_as_code.records.document import FORBIDDEN
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.snapshot import Entry


def changed_paths(old: Mapping[str, Entry], new: Mapping[str, Entry]) -> dict[str, str]:
    """Path -> ``added``, ``modified`` or ``deleted`` between two trees; a rename is a deletion and an addition."""
    found = {}
    for path in sorted(old.keys() | new.keys()):
        before, after = old.get(path), new.get(path)
        if before is None or after is None:
            found[path] = "added" if before is None else "deleted"
        elif (before.mode, before.oid) != (after.mode, after.oid):
            found[path] = "modified"
    return found


def refused_paths(changed: Mapping[str, str], entries: Iterable[str], registry: KindRegistry) -> Iterator[Reason]:
    """A reason for each new or modified path that reads as, or on some systems is, another one.

    Systems differ in whether case and the form of accents tell two names apart (Unicode Standard Annex 15), so a file
    could take the place of another one, or lie in a record folder, on one machine and not on the next.
    """
    present = [path for path, action in changed.items() if action != "deleted"]
    if not present:
        return
    wanted = {_fold(path) for path in present}
    alike: dict[str, list[str]] = {}
    for path in entries:
        folded = _fold(path)
        if folded in wanted:
            alike.setdefault(folded, []).append(path)
    folders = {kind.folder.casefold() for kind in registry}
    for path in present:
        problem = _unreadable(path)
        others = [other for other in alike.get(_fold(path), ()) if other != path]
        if not problem and others:
            problem = f"differs from {others[0]} only in case or accents"
        if not problem and any(
            _fold(part) in folders and registry.of_path(f"{part}/x") is not registry.of_path(f"{_fold(part)}/x")
            for part in _folders(path)
        ):
            problem = "lies in a folder that is a record folder but for its case"
        if problem:
            yield Reason("path-refused", f"the path {path} {problem}; rename it")


def _unreadable(path: str) -> str:
    if not path.isascii():
        if any("\ud800" <= character <= "\udfff" for character in path):
            return "is not UTF-8"
        if unicodedata.normalize("NFC", path) != path:
            return "has accents in a form that not all systems keep (not NFC)"
    if not path.isprintable() or FORBIDDEN.search(path):
        return "has characters that do not show"
    if "\\" in path:
        return "has a backslash, which is a folder on some systems"
    parts = path.casefold().split("/")
    if any(part in ("", ".", "..", ".git") or part.endswith((" ", ".")) for part in parts):
        return "has a part that some systems read as another folder"
    return ""


def _folders(path: str) -> Iterator[str]:
    at = path.find("/")
    while at != -1:
        yield path[:at]
        at = path.find("/", at + 1)


def _fold(path: str) -> str:
    return path.casefold() if path.isascii() else unicodedata.normalize("NFC", path).casefold()
