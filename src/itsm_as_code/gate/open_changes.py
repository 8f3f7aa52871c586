"""The changes that other open pull requests bring, read from git objects as they would be once merged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.errors import GitError
from itsm_as_code.findings import Finding
from itsm_as_code.forges.interface import OpenPullRequest
from itsm_as_code.git.history import changed_between
from itsm_as_code.git.repository import MergeConflict, Repository
from itsm_as_code.records.document import load
from itsm_as_code.records.kinds import Kind

MOST_FILES: Final = 200
"""A pull request that touches more files of changes than that is not read: it is said so."""


@dataclass(frozen=True, slots=True)
class OpenChange:
    """A Change record as another pull request would have it."""

    number: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OpenChanges:
    """What could be read, and why the rest could not: number of the pull request -> one clause."""

    changes: tuple[OpenChange, ...] = ()
    unread: tuple[tuple[int, str], ...] = ()


def open_changes(
    repository: Repository, base: str, head: str, others: tuple[OpenPullRequest, ...], kind: Kind
) -> OpenChanges:
    """The Change records that other open pull requests add or modify; that of ``head`` itself is left out."""
    found: list[OpenChange] = []
    unread: list[tuple[int, str]] = []
    for other in sorted(others, key=lambda item: (item.number, item.head)):
        try:
            commit = repository.commit(other.head)
            if commit != head:
                found += [OpenChange(other.number, data) for data in _brought(repository, base, commit, kind)]
        except GitError as error:
            unread.append((other.number, error.message))
        except _Unreadable as error:
            unread.append((other.number, str(error)))
    return OpenChanges(tuple(found), tuple(unread))


class _Unreadable(Exception):
    """A pull request whose changes cannot be told."""


def _brought(repository: Repository, base: str, head: str, kind: Kind) -> Iterator[dict[str, Any]]:
    try:
        before, after = base, repository.merge_tree(base, head)
    except MergeConflict:
        before, after = repository.merge_base(base, head), head
    changed = changed_between(repository, before, after, repository.outward(kind.folder))
    paths = [repository.inward(path) for path in changed if path.endswith(".yaml")]
    if len(paths) > MOST_FILES:
        raise _Unreadable(f"it touches {len(paths):,} files of changes, and at most {MOST_FILES} are read")
    for path in paths:
        content = repository.blob(after, path)
        if content is None:
            continue  # deleted there
        document = load(path, content)
        if isinstance(document, Finding):
            raise _Unreadable(f"{document.location}: {document.message}")
        data = document.data
        if data.get("kind") != kind.name:
            continue  # models, calendars and releases lie below the same folder
        if not kind.validator.is_valid(data):
            raise _Unreadable(f"{path} does not fit its schema")
        yield data
