"""Earlier versions of records: the last one that could be read, and what was taken away lately.

Who looks at a calendar must not lose a planned change because its file cannot be read now, nor keep one that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from itsm_as_code.clock import Interval
from itsm_as_code.findings import Finding, RecordId
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.positions import place_findings
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.records.times import taken
from itsm_as_code.snapshot import Entry, Snapshot
from itsm_as_code.validation import Validation

KINDS: Final = ("Change", "Calendar", "Incident", "Service")
"""Of which the last readable version is shown: without it a plan, a freeze or an outage would seem not to be there."""
PLANNED: Final = ("Change", "Calendar")
_MOST: Final = 50
"""Versions of a file that are looked through."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A version of a record that is not the one in its file: the commit that has it, and when that was made (UTC)."""

    record: Record
    commit: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that cannot be used: why, and the last version that can, if there is one."""

    finding: Finding
    last: Earlier | None


def unreadable(validation: Validation, repository: Repository | None, commit: str | None) -> list[Unreadable]:
    """Files of :data:`KINDS` that cannot be used, each with its last readable version, by path."""
    catalogue = validation.catalogue
    found: dict[str, Finding] = {}
    for finding in place_findings(catalogue.findings, catalogue.sources()):
        kind = catalogue.registry.of_path(finding.location.path)
        if finding.blocks and kind is not None and kind.name in KINDS:
            found.setdefault(finding.location.path, finding)
    for calendar in catalogue.of_kind("Calendar"):
        if not _is_reckonable(calendar, validation.facts, validation.now):
            for finding in validation.findings:
                if finding.record == calendar.id and finding.blocks:
                    found.setdefault(calendar.path, finding)

    def last(path: str) -> Earlier | None:
        if repository is None or commit is None:
            return None
        usable = lambda record: _is_reckonable(record, validation.facts, validation.now)  # noqa: E731
        return next(_versions(repository, commit, path, catalogue, usable), None)

    return [Unreadable(found[path], last(path)) for path in sorted(found)]


def as_last_readable(validation: Validation, broken: list[Unreadable]) -> Validation:
    """What people are shown: records that cannot be read now as they last could; what was judged stays as it was."""
    records = [item.last.record for item in broken if item.last]
    if not records:
        return validation
    catalogue = validation.catalogue.joined(records, validation.catalogue.findings)
    return replace(validation, catalogue=catalogue, facts=Facts.of(catalogue, validation.configuration.timezone))


def gone(validation: Validation, repository: Repository, commit: str, since: datetime) -> list[Record]:
    """Changes and calendars deleted since an instant, and plans whose window was taken back, as they last were.

    A record that lies elsewhere now is not gone.
    """
    catalogue, facts = validation.catalogue, Facts.of(validation.catalogue, validation.configuration.timezone)
    folders = [catalogue.registry[kind].folder for kind in PLANNED if kind in catalogue.registry.kinds]
    seconds = int((since - timedelta(days=1)).timestamp())
    options = ("--format=", "--raw", "-z", "--no-renames", "--no-abbrev", "--relative", "--diff-filter=D")
    out = repository.text("log", *options, f"--since=@{max(seconds, 0)}", commit, "--", *folders)
    found: dict[RecordId, Record] = {}
    tokens = iter(out.split("\0"))
    for token in tokens:
        about = token.lstrip("\n").removeprefix(":").split(" ")
        if len(about) == 5:  # the path stands by itself after it
            record = _read(repository, commit, next(tokens), Entry(about[0], about[2]), catalogue)
            if record is not None and record.id.kind in PLANNED and record.id not in catalogue.records:
                found.setdefault(record.id, record)
    for change in catalogue.some("Change", facts.times.timeless):
        for version in _versions(repository, commit, change.path, catalogue, lambda it: taken(it.data) is not None):
            if version.at >= since:
                found[change.id] = version.record
            break
    return list(found.values())


def _versions(
    repository: Repository, commit: str, path: str, catalogue: Catalogue, is_wanted: Callable[[Record], bool]
) -> Iterator[Earlier]:
    """The usable versions of a file, the latest first."""
    options = (
        "--format=%x01%H %ct",
        "--raw",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--relative",
        f"--max-count={_MOST}",
    )
    out = repository.text("log", *options, commit, "--", path)
    name, seconds = "", 0
    for token in out.split("\0"):
        said = token.lstrip("\n")
        if said.startswith("\x01"):
            name, stamp = said[1:].split()
            seconds = int(stamp)
        elif said.startswith(":"):
            about = said[1:].split(" ")
            if about[1] == "000000":
                continue
            record = _read(repository, name, path, Entry(about[1], about[3]), catalogue)
            if record is not None and is_wanted(record):
                yield Earlier(record, name, datetime.fromtimestamp(min(seconds, _END), UTC))


_END: Final = int(datetime(2189, 12, 31, tzinfo=UTC).timestamp())


def _read(repository: Repository, commit: str, path: str, entry: Entry, catalogue: Catalogue) -> Record | None:
    """The record that a file was, or None where it was no valid one."""
    whole = repository.snapshot(commit)
    excerpt: Callable[[Mapping[str, Entry]], Snapshot] | None = getattr(whole, "excerpt", None)
    if excerpt is None:
        return None
    read = load_catalogue(excerpt({path: entry}), catalogue.registry)
    return next((record for record in islice(read, 1) if record.valid), None)


def _is_reckonable(record: Record, facts: Facts, now: datetime) -> bool:
    """False for a calendar that cannot be worked out."""
    if record.id.kind != "Calendar":
        return True
    try:
        facts.calendar_intervals(record.data, Interval(now, now + timedelta(days=1)))
    except (ValueError, KeyError, TypeError, OverflowError):
        return False
    return True
