"""The files of a tree as its index knows them, and those of a tree that differs from it: listed only when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cached_property
from typing import Any, Final

from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.file_names import alike, folded
from itsm_as_code.records.index import TreeIndex
from itsm_as_code.records.lazy import LazyCatalogue, NotIndexed
from itsm_as_code.records.listings import REGULAR
from itsm_as_code.snapshot import Entry, PartlyListed

_PART: Final = "files"


def files_of(catalogue: Catalogue) -> dict[str, Any]:
    """The part of an index that says which files a tree has beside its records, and which folders hold those."""
    records, entries = catalogue.by_path, catalogue.snapshot.entries
    others = {path: [entry.mode, entry.oid] for path, entry in entries.items() if path not in records}
    return {_PART: {"others": others, "folders": sorted({path.rpartition("/")[0] for path in records})}}


class TreeFiles(PartlyListed):
    """The files of an indexed tree, once it has the ``catalogue`` of those that hold records."""

    catalogue: LazyCatalogue

    def __init__(self, index: TreeIndex, around: Mapping[str, Entry] | None = None) -> None:
        """``around`` are files that are seen outside of the tree."""
        part = index.get(_PART)
        if part is None:
            raise NotIndexed("it does not know the base")
        self._others = {path: Entry(mode, oid) for path, (mode, oid) in part["others"].items()} | dict(around or {})
        self.folders: list[str] = part["folders"]
        """The folders that hold records."""

    def beside(self, prefixes: tuple[str, ...]) -> dict[str, Entry]:
        """The files that are no records and whose paths begin with one of some texts."""
        return {path: entry for path, entry in self._others.items() if path.startswith(prefixes)}

    def __getitem__(self, path: str) -> Entry:
        if path in self._others:
            return self._others[path]
        kind, name = self.catalogue.registry.of_path(path), path.rpartition("/")[2].removesuffix(".yaml")
        row = self.catalogue.listing(kind.name).get(name) if kind is not None else None
        if row is None or row[0] != path:
            raise KeyError(path)
        return _entry(row)

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    @cached_property
    def _whole(self) -> dict[str, Entry]:
        return dict(sorted({**self._others, **self._records(kind.name for kind in self.catalogue.registry)}.items()))

    def _records(self, kinds: Iterable[str]) -> dict[str, Entry]:
        return {row[0]: _entry(row) for kind in kinds for row in self.catalogue.listing(kind).whole.values()}

    def below(self, prefixes: tuple[str, ...]) -> dict[str, Entry]:
        kinds = {kind.name for kind in self.catalogue.registry if f"{kind.folder}/".startswith(prefixes)}
        around = (self.catalogue.registry.of_path(f"{prefix}x") for prefix in prefixes)
        kinds |= {kind.name for kind in around if kind is not None}
        records = {path: entry for path, entry in self._records(kinds).items() if path.startswith(prefixes)}
        return dict(sorted({**self.beside(prefixes), **records}.items()))

    def named(self, name: str) -> list[str]:
        rows = (self.catalogue.listing(kind.name).get(name.removesuffix(".yaml")) for kind in self.catalogue.registry)
        listed = [row[0] for row in rows if row is not None]
        return [path for path in (*self._others, *listed) if path.rpartition("/")[2] == name]

    def resembling(self, paths: Iterable[str]) -> Iterator[str]:
        """Every way in which files and folders spell what some paths are called when case and accents do not count."""
        yield from self._others
        yield from self.folders
        for path in paths:
            folder, _, name = path.rpartition("/")
            twin = f"{folder}/{folded(name)}" if folder else folded(name)
            if twin in self:
                yield twin


def _entry(row: list[str]) -> Entry:
    return Entry(row[2] if len(row) > 2 else REGULAR, row[1])


class ChangedFiles(PartlyListed):
    """The files of a tree by what differs from another one: the entry of each path, None where it is gone."""

    def __init__(self, before: PartlyListed, changes: Mapping[str, Entry | None]) -> None:
        self.before, self.changes = before, changes

    def __getitem__(self, path: str) -> Entry:
        entry = self.changes[path] if path in self.changes else self.before[path]
        if entry is None:
            raise KeyError(path)
        return entry

    def _over(self, found: Mapping[str, Entry], prefixes: tuple[str, ...]) -> dict[str, Entry]:
        kept = {path: entry for path, entry in found.items() if path not in self.changes}
        fresh = {path: entry for path, entry in self.changes.items() if entry is not None and path.startswith(prefixes)}
        return dict(sorted({**kept, **fresh}.items()))

    @cached_property
    def _whole(self) -> dict[str, Entry]:
        return self._over(dict(self.before.items()), ("",))

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    def below(self, prefixes: tuple[str, ...]) -> dict[str, Entry]:
        return self._over(self.before.below(prefixes), prefixes)

    def named(self, name: str) -> list[str]:
        kept = [path for path in self.before.named(name) if path not in self.changes]
        fresh = [path for path, entry in self.changes.items() if entry is not None]
        return [*kept, *(path for path in fresh if path.rpartition("/")[2] == name)]

    def resembling(self, paths: Iterable[str]) -> Iterator[str]:
        yield from (path for path in self.before.resembling(paths) if self.changes.get(path, ...) is not None)
        yield from (path for path, entry in self.changes.items() if entry is not None)

    def may_differ_from(self, other: Mapping[str, Entry]) -> Set[str] | None:
        """The paths at which the files of another tree may be others; None for any."""
        if other is self.before:
            return self.changes.keys()
        if isinstance(other, ChangedFiles) and other.before is self.before:
            return self.changes.keys() | other.changes.keys()
        return None

    def has_twins(self, before: Iterable[str]) -> bool:
        """True when a folder of new files is another one of those ``before`` but for case or accents: the whole has to
        be seen."""
        new = {path.rpartition("/")[0] for path, entry in self.changes.items() if entry is not None} - {""}
        return any(True for _ in alike(sorted({*before, *new})))
