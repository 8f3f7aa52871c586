"""Which files a pull request changes, and names of files that no approval makes good."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from itsm_as_code.gate.decision import Reason
from itsm_as_code.records.characters import FORBIDDEN
from itsm_as_code.records.entries import ChangedFiles
from itsm_as_code.records.file_names import folded, folders, unportable
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.snapshot import Entry, PartlyListed


def changed_paths(old: Mapping[str, Entry], new: Mapping[str, Entry]) -> dict[str, str]:
    """Path -> ``added``, ``modified`` or ``deleted`` between two trees; a rename is a deletion and an addition."""
    found = {}
    may_differ = new.may_differ_from(old) if isinstance(new, ChangedFiles) else None
    known = old.keys() | new.keys() if may_differ is None else may_differ
    for path in sorted(known):
        before, after = old.get(path), new.get(path)
        if before is None and after is None:  # gone from both since a tree that is known of both
            continue
        if before is None or after is None:
            found[path] = "added" if before is None else "deleted"
        elif (before.mode, before.oid) != (after.mode, after.oid):
            found[path] = "modified"
    return found


def refused_paths(
    changed: Mapping[str, str], entries: Iterable[str], registry: KindRegistry, outer: str = ""
) -> Iterator[Reason]:
    """A reason for each new or modified path that reads as, or on some systems is, another one.

    Systems differ in whether case and the form of accents tell two names apart (Unicode Standard Annex 15), so a file
    could take the place of another one, or lie in a record folder, on one machine and not on the next.
    """
    present = [path for path, action in changed.items() if action != "deleted"]
    if not present:
        return
    spellings = _spellings(present, entries.resembling(present) if isinstance(entries, PartlyListed) else entries)
    record_folders = {kind.folder.casefold() for kind in registry}
    for path in present:
        inside = path.removeprefix(outer)  # one outside of a folder of records is written from there
        problem = _unreadable(inside) or unportable(inside)
        parts = (*folders(path), path)
        others = [other for part in parts for other in spellings[folded(part)] if other != part]
        if not problem and others:
            problem = f"differs from {others[0]} only in case or accents"
        if not problem and any(
            folded(part) in record_folders
            and registry.of_path(f"{part}/x") is not registry.of_path(f"{folded(part)}/x")
            for part in folders(path)
        ):
            problem = "lies in a folder that is a record folder but for its case"
        if problem:
            yield Reason("path-refused", f"the path {path} {problem}; rename it")


def _spellings(present: Iterable[str], entries: Iterable[str]) -> dict[str, list[str]]:
    """How the paths of a tree, and their folders, spell what some paths and their folders are called."""
    found: dict[str, list[str]] = {folded(part): [] for path in present for part in (*folders(path), path)}
    seen: set[str] = set()
    for part in entries:
        while part and part not in seen:  # upwards: most lie in a folder that was seen
            seen.add(part)
            if folded(part) in found:
                found[folded(part)].append(part)
            part = part.rpartition("/")[0]
    return found


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
