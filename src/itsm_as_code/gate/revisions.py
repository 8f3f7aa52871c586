"""Who changed a record when, and what of it: from one walk over the history, for all records at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from itsm_as_code.cache import Cache
from itsm_as_code.clock import FOREVER
from itsm_as_code.findings import format_pointer
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.catalogue import get
from itsm_as_code.records.diff import diff_data
from itsm_as_code.records.document import Refused, parse
from itsm_as_code.records.stored import program
from itsm_as_code.snapshot import MAX_BYTES

MOST: Final = 12
"""Revisions of a record that are shown, the latest; a record that has more says how many."""
FIELDS: Final = 8
"""Changed fields of a revision that are named."""
_MOST_COMPARED: Final = 5_000
"""Revisions that are compared field by field; beyond, the latest of each record tells who and when."""
_REQUEST: Final = re.compile(r"\(#(\d{1,9})\)\Z|\AMerge pull request #(\d{1,9}) |See merge request \S*!(\d{1,9})")
_LAST: Final = int(FOREVER.timestamp())


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit that changed a record: who made it, by which pull request it came, which fields it changed.

    ``author`` is the name and the address that git has, which nobody has proved. ``state`` is the one that the record
    came to; empty where it stayed. ``fields`` are pointers, ``more`` how many there are besides.
    """

    commit: str
    at: datetime
    author: tuple[str, str]
    subject: str
    request: int | None
    action: str
    fields: tuple[str, ...] = ()
    more: int = 0
    state: str = ""


@dataclass(frozen=True, slots=True)
class Revisions:
    """The latest revisions of a record, the last first, and how many there are."""

    shown: tuple[Revision, ...]
    count: int


@dataclass(slots=True)
class _Commit:
    name: str
    at: datetime
    author: tuple[str, str]
    subject: str
    parents: list[str]
    request: int | None
    changed: list[tuple[str, str, str]]
    """Path, blob before and blob after."""


def revisions(
    repository: Repository,
    commit: str,
    paths: Mapping[str, tuple[str, ...] | None],
    cache: Cache | None = None,
    known: Mapping[str, Any] = MappingProxyType({}),
) -> Mapping[str, Revisions]:
    """The revisions of files that lead to a commit; ``paths`` say where the state of the record in each stands.

    ``known`` is the data of blobs that need not be read; with a cache, versions that were compared before are not read
    either. GitError where the history cannot be read; a shallow clone tells what it has.
    """
    commits = list(_log(repository, commit))
    _land(commits)
    found: dict[str, list[tuple[_Commit, str, str]]] = {}
    counts: dict[str, int] = {}
    for item in commits:
        for path, before, after in item.changed:
            if path in paths:
                counts[path] = counts.get(path, 0) + 1
                if counts[path] <= MOST:
                    found.setdefault(path, []).append((item, before, after))
    pairs = [_Pair(before, after, paths[path]) for path, rows in found.items() for _, before, after in rows]
    told = _differences(repository, pairs[:_MOST_COMPARED], cache, known)
    return {
        path: Revisions(
            tuple(_revision(*row, told.get(_Pair(*row[1:], paths[path]), _SAME)) for row in rows), counts[path]
        )
        for path, rows in found.items()
    }


def _log(repository: Repository, commit: str) -> Iterator[_Commit]:
    """Every commit, the latest first, with what it changed."""
    form = "--format=%x01%H%x02%ct%x02%P%x02%an%x02%ae%x02%s"
    out = repository.text("log", form, "--raw", "-z", "--no-renames", "--no-abbrev", "--relative", commit, "--")
    tokens = iter(out.split("\0"))
    here: _Commit | None = None
    for token in tokens:
        said = token.lstrip("\n")
        if said.startswith(":") and here is not None:
            about = said[1:].split(" ")
            here.changed.append((next(tokens), about[2], about[3]))
        elif said.startswith("\x01"):
            if here is not None:
                yield here
            name, seconds, parents, author, address, subject = (said[1:].split("\x02") + [""] * 6)[:6]
            match = _REQUEST.search(subject)
            request = int(next(filter(None, match.groups()))) if match else None
            at = datetime.fromtimestamp(min(int(seconds), _LAST), UTC)
            here = _Commit(name, at, (author, address), subject, parents.split(), request, [])
    if here is not None:
        yield here


def _land(commits: list[_Commit]) -> None:
    """Give the commits of a pull request its number, which only the merge of them names."""
    by_name = {item.name: item for item in commits}
    line = []
    name = commits[0].name if commits else ""
    while name in by_name:
        line.append(by_name[name])
        name = by_name[name].parents[0] if by_name[name].parents else ""
    seen = {item.name for item in line}
    for merge in reversed(line):
        waiting = list(merge.parents[1:])
        while waiting:
            name = waiting.pop()
            if name in seen or name not in by_name:
                continue
            seen.add(name)
            if by_name[name].request is None:
                by_name[name].request = merge.request
            waiting += by_name[name].parents


class _Pair(NamedTuple):
    """Two versions of a record, by their blobs, and where its state stands."""

    before: str
    after: str
    state: tuple[str, ...] | None

    @property
    def key(self) -> str:
        return hashlib.blake2b(repr(tuple(self)).encode(), digest_size=16).hexdigest()


_Difference = tuple[list[str], int, str]
"""Changed fields that are named, how many there are besides, and the state that the record came to."""
_SAME: Final[_Difference] = ([], 0, "")


def _differences(
    repository: Repository, pairs: Iterable[_Pair], cache: Cache | None, known: Mapping[str, Any]
) -> dict[_Pair, _Difference]:
    """What each two versions differ in; those that a cache knows are not read."""
    keys = {pair.key: pair for pair in pairs}
    space = hashlib.blake2b(program(), digest_size=16, person=b"itsm-revisions").digest()
    stored = cache.get_many(space, keys) if cache is not None else ()
    found: dict[str, _Difference] = {key: (fields, more, state) for key, (fields, more, state) in stored}
    left = {key: pair for key, pair in keys.items() if key not in found}
    blobs = {blob for pair in left.values() for blob in pair[:2]}
    data = {**_contents(repository, blobs - known.keys()), **{blob: known[blob] for blob in blobs & known.keys()}}
    fresh = {key: _difference(data.get(pair.before), data.get(pair.after), pair) for key, pair in left.items()}
    if cache is not None:
        cache.put_many(space, {key: list(told) for key, told in fresh.items()})
    return {keys[key]: told for key, told in (found | fresh).items()}


def _contents(repository: Repository, wanted: Collection[str]) -> dict[str, Any]:
    """Blobs as plain data; without those that are none."""
    found: dict[str, Any] = {}
    blobs = sorted(blob for blob in wanted if blob.strip("0"))
    sizes = repository.sizes(blobs)
    small = [blob for blob, size in zip(blobs, sizes, strict=True) if size <= MAX_BYTES]
    for blob, content in zip(small, repository.objects(small, "blob"), strict=True):
        with suppress(Refused):
            found[blob] = parse(content)
    return found


def _difference(old: Any, new: Any, pair: _Pair) -> _Difference:
    fields: list[str] = []
    if _action(pair.before, pair.after) == "changed" and old is not None and new is not None:
        fields = [format_pointer(pointer) for pointer in diff_data(old, new)]
    came = ""
    if pair.state is not None and new is not None:
        now, then = get(new, pair.state), get(old, pair.state) if old is not None else None
        came = now if isinstance(now, str) and now != then else ""
    return fields[:FIELDS], max(0, len(fields) - FIELDS), came


def _action(before: str, after: str) -> str:
    return "added" if not before.strip("0") else "removed" if not after.strip("0") else "changed"


def _revision(commit: _Commit, before: str, after: str, told: _Difference) -> Revision:
    fields, more, state = told
    return Revision(
        commit.name, commit.at, commit.author, commit.subject, commit.request, _action(before, after),
        tuple(fields), more, state,
    )  # fmt: skip
