"""What trees hold, read as objects: each tree once, whatever the number of commits that share it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from itsm_as_code.errors import GitError
from itsm_as_code.snapshot import Entry

TREE: Final = "040000"
_FILE: Final = b"100644 "
MAX_FILES: Final = 5_000_000
"""A tree of trees that share their entries can stand for more files than any disk holds."""
MAX_DEPTH: Final = 1_000

Names = dict[str, Entry]
"""What one tree holds by name; :data:`TREE` is the mode of a folder."""


class Trees:
    """Looks trees up by id. ``read`` gives the contents of tree objects, in order; ``known`` keeps what they say."""

    def __init__(self, read: Callable[[Sequence[str]], Iterable[bytes]], known: dict[str, Names]) -> None:
        self._read, self._known = read, known

    def find(self, tree: str, path: str) -> Entry | None:
        """The file of a path, or None; GitError (malformed-tree) for a tree that is not well formed."""
        *folders, name = path.split("/")
        inner = self._inner(tree, folders)
        found = inner.get(name) if inner is not None else None
        return found if found is not None and found.mode != TREE else None

    def below(self, tree: str, folders: Iterable[str] = ("",)) -> dict[str, Entry]:
        """The files below some folders (``"services/"``; ``""`` for all) by path, in git's order; GitError as above."""
        found: dict[str, Entry] = {}
        for folder in sorted(set(folders), key=lambda folder: folder.encode("utf-8", "surrogateescape")):
            names = self._inner(tree, folder.split("/")[:-1])
            if names is not None:
                self._add(names, folder, found)
        return found

    def around(self, tree: str, folder: str) -> dict[str, Entry]:
        """The files that are not below a folder (``"ops/records/"``), by path; GitError as above."""
        found: dict[str, Entry] = {}
        place, inner = "", Entry(TREE, tree)
        for part in folder.split("/"):  # the last one is empty: what is in the folder is left out
            if not part or inner.mode != TREE:
                break
            names = self._names([inner.oid or ""])[0]
            for name, entry in names.items():
                if entry.mode != TREE:
                    found[place + name] = entry
                elif name != part:
                    self._add(self._names([entry.oid or ""])[0], f"{place}{name}/", found)
            place, inner = f"{place}{part}/", names.get(part, Entry(""))
        return found

    def check_order(self, trees: Sequence[str]) -> None:
        """GitError (malformed-tree) unless each is well formed, and in the order that who compares trees relies on."""
        unknown = [tree for tree in trees if tree not in self._known]
        for tree, content in zip(unknown, self._read(unknown) if unknown else (), strict=True):
            if not _is_usual(content, len(tree) // 2):
                self._known[tree] = _parsed(content, len(tree) // 2)
        for names in (self._known[tree] for tree in trees if tree in self._known):
            last = b""
            for name, entry in names.items():
                key = (name + "/" * (entry.mode == TREE)).encode("utf-8", "surrogateescape")
                if key < last:
                    raise _malformed(f"a wrong entry {name}")
                last = key

    def _inner(self, tree: str, folders: Sequence[str]) -> Names | None:
        names = self._names([tree])[0]
        for folder in folders:
            inner = names.get(folder)
            if inner is None or inner.mode != TREE:
                return None
            names = self._names([inner.oid or ""])[0]
        return names

    def _add(self, names: Names, folder: str, found: dict[str, Entry]) -> None:
        self._learn(names)
        waiting = [(folder, iter(names.items()))]
        while waiting:
            place, entries = waiting[-1]
            for name, entry in entries:
                if entry.mode == TREE:
                    waiting.append((f"{place}{name}/", iter(self._known[entry.oid or ""].items())))
                    break
                found[place + name] = entry
            else:
                waiting.pop()
            if len(found) > MAX_FILES:
                raise _malformed(f"more than {MAX_FILES:,} files")

    def _learn(self, names: Names) -> None:
        """Read all there is below a tree, one depth after the other: those of a depth are asked for together."""
        level = [names]
        for _ in range(MAX_DEPTH):
            inner = {entry.oid or "" for names in level for entry in names.values() if entry.mode == TREE}
            if not inner:
                return
            level = self._names(sorted(inner))
        raise _malformed(f"folders in more than {MAX_DEPTH:,} folders")

    def _names(self, trees: Sequence[str]) -> list[Names]:
        unknown = [tree for tree in trees if tree not in self._known]
        for tree, content in zip(unknown, self._read(unknown) if unknown else (), strict=True):
            self._known[tree] = _parsed(content, len(tree) // 2)
        return [self._known[tree] for tree in trees]


def _is_usual(content: bytes, width: int) -> bool:
    """True for a folder of nothing but files as git writes it, in order and each name once; told in an eighth of the
    time that reading it takes."""
    *entries, rest = re.split(rb"(?s)\0.{%d}" % width, content)
    is_plain = not rest and {entry[: len(_FILE)] for entry in entries} == {_FILE} and _FILE not in entries
    is_ordered = entries == sorted(entries) and len(set(entries)) == len(entries)
    return is_plain and is_ordered and b"/" not in b"".join(entries)


def _parsed(content: bytes, width: int) -> Names:
    """The entries of a tree object; ``width`` bytes are an id. Format: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects"""
    found: Names = {}
    at = 0
    while at < len(content):
        space, end = content.find(b" ", at), content.find(b"\0", at)
        if not at < space < end <= len(content) - width - 1 or content[at:space].strip(b"01234567"):
            raise _malformed("what is no entry")
        name = content[space + 1 : end].decode("utf-8", "surrogateescape")
        if not name or "/" in name:
            raise _malformed(f"a wrong entry {name}")
        if name in found:
            # Programs differ in which of two entries of one name they take.
            raise _malformed(f"more than one entry named {name}")
        found[name] = Entry(_mode(int(content[at:space], 8)), content[end + 1 : end + 1 + width].hex())
        at = end + 1 + width
    return found


def _mode(mode: int) -> str:
    """As git shows it (``canon_mode`` of git's ``cache.h``): of permissions, only whether its owner may run a file."""
    kind = mode & 0o170000
    if kind == 0o100000:
        return "100755" if mode & 0o100 else "100644"
    return {0o120000: "120000", 0o040000: TREE}.get(kind, "160000")


def _malformed(what: str) -> GitError:
    return GitError(f"a tree holds {what}", code="malformed-tree", remedy="run 'git fsck'")
