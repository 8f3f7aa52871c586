"""Records in a sub-folder of a larger repository: the same repository, seen from the folder where they lie.

Paths are relative to that folder. Of what lies outside only some files are seen: those that decide who judges, wherever
they are, and what the records list. Their paths begin with ``../`` as often as the folder is deep, as they would be
written from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

from itsm_as_code.errors import GitError
from itsm_as_code.git.objects import ID
from itsm_as_code.git.repository import Repository
from itsm_as_code.snapshot import Entry, Snapshot

_FOLDERS: Final = (".github/", ".gitlab/", ".gitea/", ".forgejo/")
_NAMES: Final = ("CODEOWNERS", ".gitattributes", ".gitmodules", ".gitlab-ci.yml", "action.yml", "action.yaml")


_Any = TypeVar("_Any")


def is_guarded(path: str) -> bool:
    """True for a file that decides who judges, or what git makes of files: it cannot be left out."""
    return path.startswith(_FOLDERS) or path.rpartition("/")[2] in _NAMES


@dataclass(frozen=True)
class Rooted:
    """A snapshot seen from the folder ``prefix`` (with a ``/`` at its end); ``beside`` says what is seen outside."""

    whole: Snapshot
    prefix: str
    beside: Callable[[str], bool]

    @property
    def label(self) -> str:
        return self.whole.label

    @property
    def outer(self) -> str:
        """What paths outside begin with."""
        return "../" * self.prefix.count("/")

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        return self.seen(self.whole.entries)

    def seen(self, files: Mapping[str, _Any]) -> dict[str, _Any]:
        """Those of some files of the whole that are seen, by their paths from here; GitError for a crafted one."""
        found = {}
        for path, entry in files.items():
            inside = path.startswith(self.prefix)
            if ".." in path.split("/"):  # only a crafted tree has that; it would read as a file outside
                raise GitError(f"a tree holds {path!r}", code="malformed-tree", remedy="run 'git fsck'")
            if inside:
                found[path.removeprefix(self.prefix)] = entry
            elif is_guarded(path) or self.beside(path):
                found[self.outer + path] = entry
        return dict(sorted(found.items()))

    def knowing(self, entries: Mapping[str, Entry]) -> Rooted:
        """The same view, whose files somebody knows already."""
        found = replace(self)
        found.__dict__["entries"] = entries
        return found

    def excerpt(self, entries: Mapping[str, Entry]) -> Rooted:
        """The same view, of which these files alone are asked for; the others are not even listed."""
        return self.knowing(dict(entries))

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        names = {outward(self.prefix, path): path for path in paths}
        for path, content in self.whole.read_many(names):
            yield names[path], content


def outward(prefix: str, path: str) -> str:
    """A path as git has it, of one that is seen from a folder."""
    outer = "../" * prefix.count("/")
    return path.removeprefix(outer) if outer and path.startswith(outer) else prefix + path


class RootedRepository(Repository):
    """A repository seen from a folder of it, at git's top; commits and trees are those of the whole."""

    def __init__(self, folder: Path, prefix: str, beside: Callable[[str], bool]) -> None:
        super().__init__(folder)
        self.prefix, self.beside = prefix, beside

    @cached_property
    def _views(self) -> dict[str, Rooted]:
        return {}

    def snapshot(self, treeish: str) -> Snapshot:
        view = self._views.get(treeish) or Rooted(super().snapshot(treeish), self.prefix, self.beside)
        return self._views.setdefault(treeish, view) if ID.match(treeish) else view

    def forget(self) -> None:
        super().forget()
        self._views.clear()

    def records(self, treeish: str) -> Snapshot:
        return self.snapshot(treeish)

    def blob(self, treeish: str, path: str) -> bytes | None:
        return super().blob(treeish, self.outward(path))

    def commits_touching(self, base: str, head: str, path: str) -> list[str]:
        return super().commits_touching(base, head, self.outward(path))

    def outward(self, path: str) -> str:
        return outward(self.prefix, path)

    def inward(self, path: str) -> str:
        return path.removeprefix(self.prefix)
