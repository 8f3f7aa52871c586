"""Who changed a record when, and what of it: for all records at once, from a walk over all history or a part of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import Any, Final, NamedTuple

from itsm_as_code.clock import FOREVER
from itsm_as_code.findings import format_pointer
from itsm_as_code.git.history import all_new
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.catalogue import get
from itsm_as_code.records.diff import diff_data
from itsm_as_code.records.document import Refused, parse
from itsm_as_code.snapshot import MAX_BYTES

MOST: Final = 12
"""Revisions of a record that are shown, the latest; a record that has more says how many."""
FIELDS: Final = 8
"""Changed fields of a revision that are named."""
_AT_ONCE: Final = 5_000
"""Revisions whose versions are held in memory together."""
_REQUEST: Final = re.compile(r"\(#(\d{1,9})\)\Z|\AMerge pull request #(\d{1,9}) |See merge request \S*!(\d{1,9})")
_LAST: Final = int(FOREVER.timestamp())
_NO_BLOB: Final = "0"
_SUBMODULE: Final = "160000"


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
    """The latest revisions of a record, the one that landed last first, and how many there are."""

    shown: tuple[Revision, ...]
    count: int

    @classmethod
    def read(cls, history: History) -> Revisions:
        """What a walk found."""
        count, rows = history
        return cls(tuple(_revision(*row) for row in rows), count)


Row = list[Any]
"""A revision as JSON can carry it: commit, seconds, name and address of who made it, subject, pull request, action,
fields, how many more, state."""
History = list[Any]
"""How many revisions a record has, and the rows of the latest."""


@dataclass(frozen=True, slots=True)
class Records:
    """Of which files histories are told: ``state`` says of a path where the record in it has its state, empty where it
    has none, None for what is no place of a record. ``said`` gives data of blobs that need not be read."""

    state: Callable[[str], tuple[str, ...] | None]
    said: Callable[[Collection[str]], Mapping[str, Any]] = lambda blobs: {}


@dataclass(slots=True)
class _Commit:
    name: str
    at: int
    author: tuple[str, str]
    subject: str
    parents: list[str]
    request: int | None
    changed: list[tuple[str, str, str]]
    """Path, blob before and blob after."""
    landed: int = -1
    """Which commit of the first-parent line it came with, counted from the first of those that were walked."""


def walked(
    repository: Repository, commit: str, records: Records, since: str | None = None
) -> dict[str, History] | None:
    """The histories of files up to a commit, or what came to them ``since`` another one, by path.

    ``commit`` and ``since`` are ids. None where that is not one of those that the line of first parents went through,
    or git does not tell exactly what came since. A pull request lands as one, so whatever lands later comes first,
    whenever it was made. GitError where the history cannot be read; a shallow clone tells what it has.
    """
    commits = list(_log(repository, f"{since}..{commit}" if since is not None else commit))
    end = _land(commits, commit)
    if since is not None and (end != since or not all_new(repository, since, commit, [one.parents for one in commits])):
        return None
    found: dict[str, tuple[tuple[str, ...], list[tuple[_Commit, str, str]]]] = {}
    counts: dict[str, int] = {}
    for item in _last_first(commits):
        for path, before, after in item.changed:
            if path not in counts and (state := records.state(path)) is not None:
                counts[path], found[path] = 0, (state, [])
            if path in counts:
                counts[path] += 1
                if counts[path] <= MOST:
                    found[path][1].append((item, before, after))
    told = _differences(repository, [_Pair(*row[1:], state) for state, rows in found.values() for row in rows], records)
    return {path: [counts[path], [_row(*row, next(told)) for row in rows]] for path, (_, rows) in found.items()}


def joined(before: History | None, added: History) -> History:
    """A history with what came to it."""
    count, rows = before or (0, [])
    return [added[0] + count, [*added[1], *rows][:MOST]]


def _log(repository: Repository, revisions: str) -> Iterator[_Commit]:
    """Every commit, the latest first, with what it changed."""
    form = "--format=%x01%H%x02%ct%x02%P%x02%an%x02%ae%x02%s"
    out = repository.text("log", form, "--raw", "-z", "--no-renames", "--no-abbrev", "--relative", revisions, "--")
    tokens = iter(out.split("\0"))
    here: _Commit | None = None
    for token in tokens:
        said = token.lstrip("\n")
        if said.startswith(":") and here is not None:
            *modes, old, new, _ = said[1:].split(" ")
            old, new = (_NO_BLOB if mode == _SUBMODULE else blob for mode, blob in ((modes[0], old), (modes[1], new)))
            path = next(tokens)
            if (old + new).strip("0"):
                here.changed.append((path, old, new))
        elif said.startswith("\x01"):
            if here is not None:
                yield here
            name, seconds, parents, author, address, subject = (said[1:].split("\x02") + [""] * 6)[:6]
            match = _REQUEST.search(subject)
            request = int(next(filter(None, match.groups()))) if match else None
            at = min(int(seconds), _LAST)
            here = _Commit(name, at, (author, address), subject, parents.split(), request, [])
    if here is not None:
        yield here


def _land(commits: list[_Commit], tip: str) -> str:
    """Say of commits with which of the first-parent line they landed, and by which pull request, which only the merge
    of them names; the commit at which the line leaves them."""
    by_name = {item.name: item for item in commits}
    line = []
    name = tip
    while name in by_name:
        line.append(by_name[name])
        name = next(iter(by_name[name].parents), "")
    for number, merge in enumerate(reversed(line)):
        merge.landed = number
    for merge in reversed(line):
        waiting = list(merge.parents[1:])
        while waiting:
            item = by_name.get(waiting.pop())
            if item is not None and item.landed < 0:
                item.landed = merge.landed
                item.request = merge.request if item.request is None else item.request
                waiting += item.parents
    return name


def _last_first(commits: list[_Commit]) -> Iterator[_Commit]:
    """What landed last comes first; of what landed together no commit after its parents, else the later one."""
    by_name = {item.name: item for item in commits}
    waiting = Counter(parent for item in commits for parent in item.parents)
    ready = [(-item.landed, -item.at, item.name) for item in commits if not waiting[item.name]]  # the last one alone
    while ready:
        item = by_name[heappop(ready)[2]]
        yield item
        for name in item.parents:
            waiting[name] -= 1
            if not waiting[name] and name in by_name:
                heappush(ready, (-by_name[name].landed, -by_name[name].at, name))


class _Pair(NamedTuple):
    """Two versions of a record, by their blobs, and where its state stands."""

    before: str
    after: str
    state: tuple[str, ...]

    @property
    def action(self) -> str:
        return "added" if not self.before.strip("0") else "removed" if not self.after.strip("0") else "changed"

    @property
    def compared(self) -> list[str]:
        """The blobs that have to be read: of one that was added, no more than the state is told."""
        blobs = self[:2] if self.action == "changed" else (self.after,) if self.state else ()
        return [blob for blob in blobs if blob.strip("0")]


_Difference = tuple[str, list[str], int, str]
"""What became of the record, changed fields that are named, how many more, and the state that it came to."""


def _differences(repository: Repository, pairs: list[_Pair], records: Records) -> Iterator[_Difference]:
    """What each two versions differ in, in order."""
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        blobs = {blob for pair in some for blob in pair.compared}
        said = records.said(blobs)
        data = {**_contents(repository, blobs - said.keys()), **said}
        yield from (_difference(data.get(pair.before), data.get(pair.after), pair) for pair in some)


def _contents(repository: Repository, wanted: Collection[str]) -> dict[str, Any]:
    """Blobs as plain data; without those that are none."""
    found: dict[str, Any] = {}
    blobs = sorted(wanted)
    sizes = repository.sizes(blobs)
    small = [blob for blob, size in zip(blobs, sizes, strict=True) if size <= MAX_BYTES]
    for blob, content in zip(small, repository.objects(small, "blob"), strict=True):
        with suppress(Refused):
            found[blob] = parse(content)
    return found


def _difference(old: Any, new: Any, pair: _Pair) -> _Difference:
    fields: list[str] = []
    if pair.action == "changed" and old is not None and new is not None:
        fields = [format_pointer(pointer) for pointer in diff_data(old, new)]
    came = ""
    if pair.state and new is not None:
        now, then = get(new, pair.state), get(old, pair.state) if old is not None else None
        came = now if isinstance(now, str) and now != then else ""
    return pair.action, fields[:FIELDS], max(0, len(fields) - FIELDS), came


def _row(commit: _Commit, before: str, after: str, told: _Difference) -> Row:
    return [commit.name, commit.at, *commit.author, commit.subject, commit.request, *told]


def _revision(
    commit: str, at: int, name: str, address: str, subject: str, request: int | None, action: str,
    fields: list[str], more: int, state: str,
) -> Revision:  # fmt: skip
    return Revision(
        commit, datetime.fromtimestamp(at, UTC), (name, address), subject, request, action, tuple(fields), more, state
    )
