"""The findings of a tree, from an earlier run where they still hold.

What a tree says does not change, and the program is named by the key of what was stored; so time alone can make another
answer of it. A judgement notes what of it rests on time, and for how long each part holds (``Timing``). Parts whose
time is over are worked out again, and with them all policies that read the clock; where they say what they said before,
so does the whole. Where any of them says something else, all is judged anew. Only trees whose files can all be read,
and are records where they claim to be, are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeGuard, TypeVar

from itsm_as_code.by_index import Committed, Indexed, judged_again, nearest
from itsm_as_code.checks import Situation, run_checks
from itsm_as_code.clock import parse_instant
from itsm_as_code.configuration import Configuration, load_configuration
from itsm_as_code.findings import Finding, RecordId
from itsm_as_code.index_parts import CHECKS, FINDINGS, Found, covers, finding_of, plain, put, said, unplaced
from itsm_as_code.policies import PolicyEngine, packs
from itsm_as_code.policies.engine import RiskOf
from itsm_as_code.policies.outcomes import Outcomes
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.file_names import no_record
from itsm_as_code.records.index import TreeIndex, trees
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.lazy import NOT_ENOUGH, LazyCatalogue, NotIndexed
from itsm_as_code.records.own_kinds import registry_of
from itsm_as_code.records.sources import Sources
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.service_levels.measurements.load import of_snapshot
from itsm_as_code.snapshot import Entry, Snapshot, WorkTree
from itsm_as_code.validation import Timing, Validation, assess_catalogue, load_rule_set, risk_data, risk_part

if TYPE_CHECKING:
    from itsm_as_code.git.objects import FolderOfRevision, Revision

    Identified = WorkTree | Revision | FolderOfRevision
    """Snapshots with a name for all that their files hold (``tree``), which may be None where it cannot be told."""
Instant = Callable[[datetime | None], datetime]
"""Gives the instant to judge at, by the one that itsm.yaml names, if it names one."""


@dataclass(frozen=True)
class Answer:
    """The findings of a snapshot at ``now``, and the sources of their files.

    ``records`` counts the records, and ``files`` those that have one of their own.
    """

    findings: tuple[Finding, ...]
    records: int
    files: int
    paths: Callable[[], Sequence[str]]
    now: datetime
    sources: Sources


Given = TypeVar("Given", covariant=True)


class Reply(Protocol[Given]):
    """What somebody wants to know of a snapshot, and how that comes of an index, or of judging everything."""

    def standing(self, earlier: Earlier, now: datetime) -> Given:
        """By the index of the snapshot itself."""

    def near(self, earlier: Earlier, now: datetime, snapshot: Committed, changes: Mapping[str, Entry | None]) -> Given:
        """By that of one that differs in some files; NotIndexed where everything has to be read."""

    def judged(self, validation: Validation) -> Given:
        """By the whole."""


def reply(
    snapshot: Snapshot, stored: StoredRecords | None, instant: Instant, to: Reply[Given], *, anew: bool = False
) -> Given:
    """What is known of a snapshot judged by its own rules: by an earlier run, where that holds, or ``anew``."""
    if stored is None or not _is_identified(snapshot):
        return to.judged(_judged(snapshot, stored, instant, None))
    index = TreeIndex(stored.cache, snapshot.tree) if snapshot.tree is not None else None
    if anew:
        return to.judged(_judged(snapshot, stored, instant, index))
    data = _data_of(index) if index is not None else None
    if index is not None and data is not None:
        try:
            now = instant(parse_instant(data["asOf"]) if data["asOf"] else None)
            earlier = Earlier(data, snapshot, index, stored)
            if earlier.holds(now):
                return to.standing(earlier, now)
        except NOT_ENOUGH:
            pass  # it is no answer of this program, whatever its seal says
        else:
            return to.judged(_judged(snapshot, stored, lambda _: now, index))
    else:
        try:
            return _by_nearest(snapshot, stored, instant, to)
        except (*NOT_ENOUGH, OSError) as why:
            if trees(stored.cache, of_git=not isinstance(snapshot, WorkTree)):
                stored.cache.passed_over = f"all records are read, for the index does not say enough: {why}"
    return to.judged(_judged(snapshot, stored, instant, index))


def _data_of(index: TreeIndex) -> dict[str, Any] | None:
    data, checks = index.get(FINDINGS), index.get(CHECKS)
    return None if data is None or checks is None else data | checks


def _by_nearest(snapshot: Committed, stored: StoredRecords, instant: Instant, to: Reply[Given]) -> Given:
    near, index, changes = nearest(snapshot, stored)
    data = _data_of(index)
    if data is None:
        raise NotIndexed("what was found is lost")
    now = instant(parse_instant(data["asOf"]) if data["asOf"] else None)
    earlier = Earlier(data, near, index, stored)
    if not earlier.holds(now):
        raise NotIndexed("time alone changes what is said")
    return to.near(earlier, now, snapshot, changes)


def _judged(snapshot: Snapshot, stored: StoredRecords | None, instant: Instant, index: TreeIndex | None) -> Validation:
    rule_set = load_rule_set(snapshot, stored)
    now = instant(rule_set.configuration.as_of)
    timing = Timing(now) if index is not None else None
    validation = assess_catalogue(rule_set.catalogue, rule_set, now, timing=timing)
    if index is not None and timing is not None:
        validation = replace(validation, outcomes=Outcomes.of(validation.outcomes))
        put(index, snapshot, validation, timing)
    return validation


class _Findings:
    """What is found."""

    def standing(self, earlier: Earlier, now: datetime) -> Answer:
        return earlier.answer(now)

    def near(self, earlier: Earlier, now: datetime, snapshot: Committed, changes: Mapping[str, Entry | None]) -> Answer:
        validation, _ = earlier.again(now, snapshot, changes)
        catalogue = validation.catalogue
        files = len(catalogue) - len(catalogue.packed)
        paths = lambda: list(catalogue.by_path)  # noqa: E731
        return Answer(validation.findings, len(catalogue), files, paths, now, catalogue.sources())

    def judged(self, validation: Validation) -> Answer:
        catalogue = validation.catalogue
        paths = list(catalogue.by_path)
        return Answer(
            validation.findings, len(catalogue), len(paths), lambda: paths, validation.now, catalogue.sources()
        )


def find(snapshot: Snapshot, stored: StoredRecords | None, instant: Instant) -> Answer:
    """The findings of a snapshot judged by its own rules: those of an earlier run, where they hold, else worked out."""
    return reply(snapshot, stored, instant, _Findings())


# Whether it holds


def _is_identified(snapshot: Snapshot) -> TypeGuard[Identified]:
    if isinstance(snapshot, WorkTree):
        return True
    from itsm_as_code.git.objects import FolderOfRevision, Revision  # loads git, which a work tree does without

    return isinstance(snapshot, (Revision, FolderOfRevision))


class Earlier:
    """What an earlier run found in a revision."""

    def __init__(self, data: Mapping[str, Any], revision: Identified, index: TreeIndex, stored: StoredRecords) -> None:
        self._data, self._revision, self.index = data, revision, index
        self._known = revision.excerpt({path: Entry(mode, oid) for path, mode, oid, _ in data["files"]})
        self._about = index, stored

    @cached_property
    def indexed(self) -> Indexed:
        """The revision by its index."""
        return Indexed.read(self._revision, *self._about)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings, where they hold."""
        return tuple(map(finding_of, self._data["findings"]))

    def again(
        self, now: datetime, snapshot: Committed, changes: Mapping[str, Entry | None]
    ) -> tuple[Validation, Set[RecordId]]:
        """As :func:`judged_again`, where the findings hold at ``now``."""
        return judged_again(self.indexed, snapshot, changes, self.findings, Found(self.index, now), now)

    def remember(self, catalogue: ChangedCatalogue) -> None:
        """Keep the valid records that differ, so that a later run knows what they said."""
        stored = self._about[1]
        for item, record in catalogue.own.items():
            if record.valid and (version := catalogue.version(item)) is not None:
                stored.add(record.kind, str(version[0]), record.data)
        stored.save()

    @cached_property
    def _registry(self) -> KindRegistry:
        return registry_of(self._known)

    def answer(self, now: datetime) -> Answer:
        """The answer, where it holds at ``now``."""
        sources = Sources({}, {path: self._known for path, _, _, is_record in self._data["files"] if is_record})
        return Answer(self.findings, self._data["records"], self._data["withFile"], self._paths, now, sources)

    def _paths(self) -> list[str]:
        """Every file that lies where records lie is one, or nothing would have been stored."""
        entries, of_path = self._revision.entries, self._registry.of_path
        return [path for path, entry in entries.items() if of_path(path) and no_record(path, entry) is None]

    def holds(self, now: datetime) -> bool:
        """True when judging now would give the same findings."""
        data = self._data
        over = {part for part, (since, until) in data["horizons"].items() if not covers(since, until, now)}
        checks = [check for check in data["found"] if check in over]
        if not over.isdisjoint(_WHOLE):
            return False
        rows = [row[:3] for row in data["outcomes"] if row[3] is None or not covers(row[3][0], row[3][1], now)]
        if not checks and not rows:
            return True
        configuration = load_configuration(self._known, self._registry)[0]
        lazy = LazyCatalogue(self._revision, self._registry, *self._about)
        catalogue = packs.lay_over(lazy, configuration).catalogue
        catalogue.seen_by(of_snapshot(self._revision, configuration.raw))
        facts, situation = Facts.of(catalogue, configuration.timezone), Situation(now, configuration)
        for check in checks:
            found = run_checks(catalogue, facts, situation, [check])
            if [unplaced(plain(finding)) for finding in found] != list(map(unplaced, data["found"][check])):
                return False
        for kind in {kind for kind, _, _ in rows}:
            lazy.some(kind, [name for other, name, _ in rows if other == kind])
        risk_of = self._risks(facts, configuration, now, over)
        engine = PolicyEngine(catalogue, configuration.policies, facts, now, risk_of, frozenset(data["policies"]))
        return all(
            [said(outcome) for outcome, _ in engine.judge(catalogue.records[RecordId(kind, name)])] == told
            for kind, name, told in rows
        )

    def _risks(self, facts: Facts, configuration: Configuration, now: datetime, over: Collection[str]) -> RiskOf:
        """The risks of changes: those that were derived, where time has not changed them."""
        risks: dict[RecordId, Mapping[str, Any] | None] = {
            RecordId(kind, name): risk for kind, name, risk in self._data["risks"]
        }

        def risk_of(record: Record) -> Mapping[str, Any] | None:
            if record.id in risks and risk_part(record.id) not in over:
                return risks[record.id]
            return risk_data(record, facts, now, configuration)

        return risk_of


_WHOLE: Final = ("states", "severities", "waivers")
"""Parts that are not worked out by themselves: when their time is over, all is judged."""
