"""What is planned between two instants: changes with their conflicts, freezes, maintenance windows and peaks."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from itsm_as_code.cache import Cache
from itsm_as_code.clock import Interval
from itsm_as_code.errors import GitError, ItsmError
from itsm_as_code.gate.conflicts import Conflict, World, conflicts_of
from itsm_as_code.git.history import Revised, Walk, walk
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.facts import Data, Facts, applies_to, named_peaks
from itsm_as_code.records.positions import place_findings

CALLED_OFF: Final = ("cancelled", "rejected")
KINDS: Final = ("freeze", "maintenance", "peak")


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """One line of an agenda. ``kind`` is change, freeze, maintenance or peak; ``record`` names what it comes from.

    ``status`` and ``type`` are those of a change, empty for a calendar.
    """

    kind: str
    record: str
    title: str
    span: Interval
    services: tuple[str, ...] = ()
    status: str = ""
    type: str = ""
    summary: str = ""
    conflicts: tuple[Conflict, ...] = ()

    @property
    def is_called_off(self) -> bool:
        return self.status in CALLED_OFF


def agenda(
    world: World, period: Interval, services: frozenset[str] | None = None, unread: Container[str] = ()
) -> list[AgendaItem]:
    """Everything that touches ``period``, in order of time; ``services`` limits it to what concerns one of them.

    ItsmError for a calendar that cannot be read: an agenda without it would show frozen days as free. Those that are
    ``unread`` are left out, and whoever shows the agenda says so.
    """
    found = [*_changes(world, period, services)]
    for kind in KINDS:
        found += _calendars(world.judged, kind, period, services, unread)
    return sorted(found, key=lambda item: (item.span, item.kind, item.record))


def _changes(world: World, period: Interval, services: frozenset[str] | None) -> Iterator[AgendaItem]:
    facts, listed = world.facts, world.facts.listed("Change")
    found = facts.times.within(period)
    for change in facts.some("Change", found if listed is None else [name for name in listed if name in found]):
        spec = change["spec"]
        if services is not None and not services & set(spec["services"]):
            continue
        yield AgendaItem(
            kind="change",
            record=change["metadata"]["name"],
            title=change["metadata"].get("title", change["metadata"]["name"]),
            span=found[change["metadata"]["name"]],
            services=tuple(spec["services"]),
            status=spec["status"],
            type=spec["type"],
            summary=spec.get("summary", ""),
            conflicts=tuple(conflicts_of(change, world)),
        )


def _calendars(
    facts: Facts, kind: str, period: Interval, services: frozenset[str] | None, unread: Container[str]
) -> Iterator[AgendaItem]:
    for calendar in facts.records("Calendar"):
        spec, name = calendar["spec"], calendar["metadata"]["name"]
        if spec["kind"] != kind or name in unread:
            continue
        concerned = _concerned(calendar, facts)
        if services is not None and not services & set(concerned):
            continue
        try:
            covered = facts.calendar_intervals(calendar, _around(period))
        except ValueError as error:
            remedy = "mend the calendar; 'itsm validate' says where"
            raise ItsmError(f"the calendar {name} cannot be read: {error}", remedy=remedy) from None
        title, reason = calendar["metadata"].get("title", name), spec.get("reason", "")
        for span in (span for span in covered if span.overlaps(period)):
            yield AgendaItem(kind, name, title, span, concerned, summary=reason)


def _around(period: Interval) -> Interval:
    """Whole years around a period, so that what began before it keeps its beginning whenever one asks."""
    return Interval(
        datetime(max(period.start.year - 1, 2), 1, 1, tzinfo=UTC),
        datetime(min(period.end.year + 2, 9998), 1, 1, tzinfo=UTC),
    )


def _concerned(calendar: Data, facts: Facts) -> tuple[str, ...]:
    """The services that a calendar applies to, or that name it as their maintenance window."""
    name = calendar["metadata"]["name"]
    return tuple(
        service["metadata"]["name"]
        for service in facts.records("Service")
        if applies_to(calendar, service["metadata"]["name"], service)
        or name in service["spec"].get("maintenanceWindows", ())
        or name in named_peaks(service)
    )


def all_readable(catalogue: Catalogue) -> None:
    """ItsmError for a change or calendar that cannot be read: an agenda without it would show its time as free."""
    for finding in place_findings(catalogue.findings, catalogue.sources()):
        kind = catalogue.registry.of_path(finding.location.path)
        if finding.blocks and kind is not None and kind.name in ("Change", "Calendar"):
            message = f"{finding.location} cannot be used, and may be of this time: {finding.message}"
            raise ItsmError(message, remedy=finding.remedy or "mend it; 'itsm validate' says more")


def history_of(directory: Path, rev: str | None, cache: Cache | None = None) -> Walk | None:
    """The history of the records, up to now or to a revision; None for records that are in no git repository.

    GitError where it cannot be read.
    """
    try:
        repository = Repository(directory)
        return walk(repository, repository.commit(rev or "HEAD"), cache)
    except GitError as error:
        if error.code in ("not-a-repository", "empty-repository", "unknown-revision") and rev is None:
            return None
        raise


def revised(history: Walk | None, directory: Path) -> Mapping[str, Revised]:
    """Path -> how often it was changed, and when last; nothing without a history. GitError for a part of one."""
    if history is None:
        return {}
    if Repository(directory).is_shallow:
        raise GitError(
            "this clone is shallow, so how often a change was revised cannot be told",
            code="shallow-clone",
            remedy="run 'git fetch --unshallow', or check out with fetch-depth: 0",
        )
    return history.revised
