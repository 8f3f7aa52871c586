"""Questions about history: the line that a branch took, which paths differ between two trees, how often they did.

One walk answers what reports, trends and calendars ask; with a cache it goes on where an earlier one ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from itsm_as_code.cache import Cache
from itsm_as_code.clock import FOREVER
from itsm_as_code.errors import GitError
from itsm_as_code.git.repository import Repository


def changed_between(repository: Repository, old: str, new: str, folder: str) -> list[str]:
    """The paths below a folder that differ between two commits or trees, sorted; a rename is two of them."""
    options = ("-r", "-z", "--no-renames", "--name-only")
    return sorted(filter(None, repository.text("diff-tree", *options, old, new, "--", folder).split("\0")))


_LAST: Final = int(FOREVER.timestamp())
"""Commits may claim any second at all; those beyond are taken for this one."""


def first_parents(repository: Repository, revision: str) -> list[tuple[str, datetime]]:
    """The first-parent line that leads to a revision, newest first, with the time (UTC) of each commit.

    It ends where a shallow clone ends. The times are those that committers' clocks gave.
    """
    lines = repository.text("rev-list", "--first-parent", "--timestamp", "--end-of-options", revision).split("\n")
    rows = [line.split() for line in lines if line]
    return [(commit, datetime.fromtimestamp(min(int(stamp), _LAST), UTC)) for stamp, commit in rows]


@dataclass(frozen=True, slots=True)
class Revised:
    """How many commits changed a path, merges not counted, and when the latest of them was made (UTC)."""

    count: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk over the history of a commit found; ``line`` is that of :func:`first_parents`."""

    line: tuple[tuple[str, datetime], ...]
    revised: Mapping[str, Revised]


_Commit = tuple[int, list[str]]
"""Seconds at which it was made, and its parents."""
_Changes = dict[str, tuple[int, int]]
"""Path -> how often it was changed, and the seconds at which it was last."""


def walk(repository: Repository, commit: str, cache: Cache | None = None) -> Walk:
    """The history that leads to a commit, in one pass; with a cache only what came after the walk before.

    A shallow clone shows what it has. GitError where the history cannot be read.
    """
    known = None if cache is None or repository.is_shallow else _known(repository, commit, cache)
    old: list[list[Any]] = [] if known is None else known["line"]
    changed: _Changes = {} if known is None else known["changed"]
    rows = list(_log(repository, f"{old[0][0]}..{commit}" if old else commit))
    commits = {name: made for name, made, _ in rows}
    if old and not all_new(repository, old[0][0], commit, [parents for _, parents in commits.values()]):
        old, changed, rows = [], {}, list(_log(repository, commit))
        commits = {name: made for name, made, _ in rows}
    for _, made, path in rows:
        if path is not None:
            count, last = changed.get(path, (0, 0))
            changed[path] = count + 1, max(last, made[0])
    line = _line(repository, commit, commits, old)
    if cache is not None and not repository.is_shallow and commits:
        cache.put_many(_SPACE, {_place(repository): _stored(line, changed)})
    return Walk(
        tuple((name, _instant(seconds)) for name, seconds in line),
        {path: Revised(count, _instant(last)) for path, (count, last) in changed.items()},
    )


def all_new(repository: Repository, old: str, new: str, parents: Collection[Collection[str]]) -> bool:
    """True where what git lists of ``old..new``, given by the parents of each, are the commits that came to it alone.

    Where clocks went wrong, git may list older ones too, if they are merged once more: it looks a few commits further
    than the dates say, and no more (``SLOP`` in its revision.c).
    """
    if all(len(some) < 2 for some in parents):
        return True
    counts = (int(repository.text("rev-list", "--count", "--end-of-options", tip)) for tip in (new, old))
    return next(counts) - next(counts) == len(parents)


def place_of(repository: Repository) -> str:
    """What tells the records in a folder of a repository from others, for a cache."""
    return f"{repository.folder.resolve()}\0{repository.prefix}"


def _log(repository: Repository, revisions: str) -> Iterator[tuple[str, _Commit, str | None]]:
    """Every commit, and once more for each path that it changed."""
    out = repository.text("log", "--format=%x01%H %ct %P", "--raw", "-z", "--no-renames", "--relative", revisions, "--")
    name, made = "", (0, list[str]())
    tokens = iter(out.split("\0"))
    for token in tokens:
        said = token.lstrip("\n")
        if said.startswith(":"):  # the path stands by itself after it, whatever it is called
            yield name, made, next(tokens)
        elif said.startswith("\x01"):
            name, seconds, *parents = said[1:].split()
            made = min(int(seconds), _LAST), parents
            yield name, made, None


def versions(
    repository: Repository, commit: str, folder: str, *, landed: bool = True
) -> Iterator[tuple[str, datetime, str]]:
    """Every version that files below a folder had on the first-parent line of a commit, in one pass, the oldest first.

    Path, when it came (UTC), and its blob; files that went away are left out. Where not only what ``landed`` is asked
    for, also those of the commits that were merged.
    """
    options = ("--reverse", "--format=%x01%ct", "--raw", "-z", "--no-renames", "--no-abbrev", "--relative")
    which = ("--first-parent", "-m") if landed else ("--full-history", "--date-order")
    out = repository.text("log", *which, *options, commit, "--", folder)
    at, tokens = datetime.fromtimestamp(0, UTC), iter(out.split("\0"))
    for token in tokens:
        said = token.lstrip("\n")
        if said.startswith(":"):
            path, (_, _, _, blob, status) = next(tokens), said.split(" ")
            if status != "D":
                yield path, at, blob
        elif said.startswith("\x01"):
            at = _instant(int(said[1:].split()[0]))


def _line(
    repository: Repository, commit: str, commits: Mapping[str, _Commit], old: list[list[Any]]
) -> list[tuple[str, int]]:
    """The first-parent line: from what was walked now, then from the earlier walk where it goes on there."""
    found: list[tuple[str, int]] = []
    name = commit
    while name in commits:
        found.append((name, commits[name][0]))
        name = next(iter(commits[name][1]), "")
    rest = [(str(known), int(seconds)) for known, seconds in old]
    at = next((index for index, (known, _) in enumerate(rest) if known == name), None)
    if at is not None:
        return found + rest[at:]
    if not name or repository.is_shallow:
        return found
    return [(known, int(made.timestamp())) for known, made in first_parents(repository, commit)]


def _known(repository: Repository, commit: str, cache: Cache) -> dict[str, Any] | None:
    """What an earlier walk found, if it was over a part of this history."""
    for _, entry in cache.get_many(_SPACE, [_place(repository)]):
        try:
            tip = str(entry["line"][0][0])
            changed = {str(path): (int(count), int(last)) for path, (count, last) in entry["changed"].items()}
            if repository.text("rev-list", "--max-count=1", "--end-of-options", f"{commit}..{tip}").strip():
                return None
        except (GitError, ValueError, TypeError, KeyError, IndexError, AttributeError):
            return None  # another repository in this place, or history that was rewritten and is gone
        return {"line": entry["line"], "changed": changed}
    return None


def _stored(line: list[tuple[str, int]], changed: _Changes) -> dict[str, Any]:
    return {"line": [list(item) for item in line], "changed": {path: list(item) for path, item in changed.items()}}


_SPACE: Final = hashlib.blake2b(b"history 1", digest_size=16).digest()


def _place(repository: Repository) -> str:
    return hashlib.blake2b(place_of(repository).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(min(seconds, _LAST), UTC)
