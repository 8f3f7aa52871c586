"""The findings of a tree, from an earlier run where they still hold.

What a tree says does not change, and the program is named by the key of what was stored; so time alone can make another
answer of it. A judgement notes what of it rests on time, and for how long each part holds (``Timing``). Parts whose
time is over are worked out again, and with them all policies that read the clock; where they say what they said before,
so does the whole. Where any of them says something else, all is judged anew. Only trees whose files can all be read,
and are records where they claim to be, are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from itsm_as_code.by_index import EXPRESSIONS, Committed, Indexed, judged_again, nearest, states_of
from itsm_as_code.checks import Situation, run_checks
from itsm_as_code.clock import format_instant, parse_instant
from itsm_as_code.configuration import PATH as CONFIGURATION
from itsm_as_code.configuration import Configuration, load_configuration
from itsm_as_code.findings import Finding, Location, RecordId, Severity
from itsm_as_code.horizon import Horizon
from itsm_as_code.policies import Outcome, PolicyEngine, looks, packs
from itsm_as_code.policies.cel import Sieve, mentions, worked_out
from itsm_as_code.policies.engine import RiskOf
from itsm_as_code.policies.policy import POLICY_COMPILES, Policy, policies_of
from itsm_as_code.records import summary_parts
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.entries import files_of
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.file_names import no_record
from itsm_as_code.records.index import TreeIndex, trees
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.lazy import NOT_ENOUGH, LazyCatalogue, NotIndexed, listings
from itsm_as_code.records.own_kinds import registry_of
from itsm_as_code.records.positions import place_findings
from itsm_as_code.records.sources import Sources
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.service_levels.measurements.load import of_snapshot
from itsm_as_code.snapshot import Entry, Snapshot, WorkTree
from itsm_as_code.validation import (
    Timing,
    Validation,
    assess_catalogue,
    load_rule_set,
    risk_data,
    risk_part,
)

if TYPE_CHECKING:
    from itsm_as_code.git.objects import FolderOfRevision, Revision

    Identified = WorkTree | Revision | FolderOfRevision
    """Snapshots with a name for all that their files hold (``tree``), which may be None where it cannot be told."""
Instant = Callable[[datetime | None], datetime]
"""Gives the instant to judge at, by the one that itsm.yaml names, if it names one."""
_PART: Final = "findings"
_CHECKS: Final = "checks"


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


def find(snapshot: Snapshot, stored: StoredRecords | None, instant: Instant) -> Answer:
    """The findings of a snapshot judged by its own rules: those of an earlier run, where they hold, else worked out."""
    if stored is None or not _is_identified(snapshot):
        return _judged(snapshot, stored, instant, None)
    index = TreeIndex(stored.cache, snapshot.tree) if snapshot.tree is not None else None
    data, checks = (index.get(_PART), index.get(_CHECKS)) if index is not None else (None, None)
    if index is not None and data is not None and checks is not None:
        data |= checks
        try:
            now = instant(parse_instant(data["asOf"]) if data["asOf"] else None)
            earlier = _Earlier(data, snapshot, index, stored)
            if earlier.holds(now):
                return earlier.answer(now)
        except (NotIndexed, KeyError, TypeError, ValueError):
            pass  # it is no answer of this program, whatever its seal says
        else:
            return _judged(snapshot, stored, lambda _: now, index)
    else:
        try:
            return _by_nearest(snapshot, stored, instant)
        except (*NOT_ENOUGH, OSError) as why:
            if trees(stored.cache, of_git=not isinstance(snapshot, WorkTree)):
                stored.cache.passed_over = f"all records are read, for the index does not say enough: {why}"
    return _judged(snapshot, stored, instant, index)


def _by_nearest(snapshot: Committed, stored: StoredRecords, instant: Instant) -> Answer:
    """The findings by those of a tree that differs in few files; NotIndexed where everything has to be read."""
    near, index, changes = nearest(snapshot, stored)
    data = index.get(_PART) | index.get(_CHECKS)
    now = instant(parse_instant(data["asOf"]) if data["asOf"] else None)
    earlier = _Earlier(data, near, index, stored)
    if not earlier.holds(now):
        raise NotIndexed("time alone changes what is said")
    before, indexed = earlier.answer(now).findings, Indexed.read(near, index, stored)
    catalogue, findings = judged_again(indexed, snapshot, changes, before, Found(index, now), now)
    files = len(catalogue) - len(catalogue.packed)
    return Answer(findings, len(catalogue), files, lambda: list(catalogue.by_path), now, catalogue.sources())


def _judged(snapshot: Snapshot, stored: StoredRecords | None, instant: Instant, index: TreeIndex | None) -> Answer:
    rule_set = load_rule_set(snapshot, stored)
    now = instant(rule_set.configuration.as_of)
    timing = Timing(now) if index is not None else None
    validation = assess_catalogue(rule_set.catalogue, rule_set, now, timing=timing)
    catalogue = validation.catalogue
    if index is not None and timing is not None and _is_plain(validation):
        states = states_of(snapshot) if isinstance(snapshot, WorkTree) else {}
        parts = listings(catalogue), files_of(catalogue), _known(validation), _data(validation, timing), states
        index.put({name: part for found in parts for name, part in found.items()})
    paths = list(catalogue.by_path)
    return Answer(validation.findings, len(catalogue), len(paths), lambda: paths, now, catalogue.sources())


# What is stored


def _known(validation: Validation) -> dict[str, Any]:
    """What is known of changes and expressions, and which records policies may judge otherwise when others change."""
    policies = policies_of(validation.catalogue, validation.configuration.policies)
    texts = (text for policy in policies for _, text in policy.expressions())
    expressions = {EXPRESSIONS: worked_out(texts, validation.registry)}
    return {**expressions, **summary_parts.parts_of(validation.facts), **looks.parts_of(policies, validation.catalogue)}


def _is_plain(validation: Validation) -> bool:
    """True where each file of a record is one that can be read again, and nothing is said of what has no file."""
    records = validation.catalogue.records
    about = (records.get(finding.record) for finding in validation.findings if finding.record is not None)
    return not validation.catalogue.findings and not any(record is not None and record.pack for record in about)


def _data(validation: Validation, timing: Timing) -> dict[str, Any]:
    """The parts that say what was found: plain data."""
    configuration, catalogue = validation.configuration, validation.catalogue
    broken = {finding.record for finding in validation.findings if finding.rule == POLICY_COMPILES.id}
    policies = [item for item in policies_of(catalogue, configuration.policies) if item.record.id not in broken]
    for policy in policies:
        policy.severity_at(timing.at("severities"))
    in_time = [policy for policy in policies if policy.in_time]
    about = {
        "asOf": format_instant(configuration.as_of) if configuration.as_of else None,
        "findings": [_plain(finding) for finding in validation.findings],
        "records": len(catalogue),
        "withFile": len(catalogue.by_path),
        "files": _files(validation),
        "policies": [policy.name for policy in in_time],
        "outcomes": _in_time(catalogue, in_time, timing),
        "risks": [[record_id.kind, record_id.name, risk] for record_id, risk in timing.risks.items()],
    }
    horizons = {
        part: [format_instant(horizon.since), format_instant(horizon.until)]
        for part, horizon in timing.horizons.items()
    }
    found = {
        check: [_plain(finding) for finding in _placed(found, validation)] for check, found in timing.found.items()
    }
    return {_PART: about, _CHECKS: {"horizons": horizons, "found": found}}


def _placed(found: list[Finding], validation: Validation) -> list[Finding]:
    """What a check found with lines and columns, as far as possible from where they were worked out already."""
    known = {replace(finding.location, line=None, column=None): finding.location for finding in validation.findings}
    placed = [replace(item, location=known.get(item.location, item.location)) for item in found]
    return place_findings(placed, validation.catalogue.sources())


class Found:
    """What the checks of an earlier run found over a tree, with lines and columns."""

    def __init__(self, index: TreeIndex, now: datetime) -> None:
        self._data, self._now = index.get(_CHECKS), now

    def __call__(self, check: str) -> list[Finding] | None:
        """The findings of a check, where it would find the same now; else None."""
        if self._data is None or check not in self._data["found"]:
            return None
        since, until = self._data["horizons"][check]
        return [_finding(row) for row in self._data["found"][check]] if _covers(since, until, self._now) else None


def _files(validation: Validation) -> list[list[Any]]:
    """Path, mode and id of the files that set the rules, and of those that something is said about; and whether a
    record stands there."""
    records, entries = validation.catalogue.by_path, validation.catalogue.snapshot.entries
    wanted = {finding.location.path for finding in validation.findings}
    wanted |= {path for path in entries if path.startswith("schemas/")}
    wanted |= {CONFIGURATION, validation.configuration.site_logo or ""}
    found = sorted(wanted & entries.keys())
    return [[path, entries[path].mode, entries[path].oid, path in records] for path in found]


def _in_time(catalogue: Catalogue, policies: list[Policy], timing: Timing) -> list[Any]:
    """Kind and name of each record of which those policies may say something else later, with what they say now.

    Behind that stands from when until when they surely say it; None where they read the clock themselves, which tells
    nobody what it is compared with.
    """
    spans: dict[RecordId, Horizon | None] = {**timing.looked_up}
    for record_id in timing.risks:
        if (holds := timing.horizons.get(risk_part(record_id))) is not None:
            spans[record_id] = holds.within(timing.looked_up.get(record_id, holds))
    for policy in policies:
        if mentions(policy.where, "now"):
            sieve = Sieve([policy.where])
            for kind in policy.kinds:
                spans.update((record.id, None) for record in catalogue.of_kind(kind) if sieve.passing(record.data))
    reading = {policy.name for policy in policies if policy.reads_clock}
    spans.update((outcome.record, None) for outcome in timing.outcomes if outcome.policy in reading)
    said: dict[RecordId, list[Any]] = {record_id: [] for record_id in spans}
    names = {policy.name for policy in policies}
    for outcome in timing.outcomes:
        if outcome.record in said and outcome.policy in names:
            said[outcome.record].append(_said(outcome))
    return [[item.kind, item.name, said[item], _span(span)] for item, span in spans.items()]


def _span(horizon: Horizon | None) -> list[str] | None:
    """The ends of a horizon; None for one that covers an instant alone."""
    if horizon is None or horizon.is_pinned:
        return None
    return [format_instant(horizon.since), format_instant(horizon.until)]


def _said(outcome: Outcome) -> list[str]:
    return [outcome.policy, outcome.status, outcome.message, outcome.severity.value]


def _plain(finding: Finding) -> list[Any]:
    where, record = finding.location, finding.record
    place = [where.path, where.line, where.column, None if where.pointer is None else list(where.pointer), where.offset]
    about = None if record is None else [record.kind, record.name]
    return [
        *(finding.rule, finding.severity.value, place, finding.message, finding.remedy),
        *(about, finding.waiver, finding.count),
    ]


def _unplaced(row: list[Any]) -> list[Any]:
    return [*row[:2], row[2][:1] + row[2][3:], *row[3:]]


def _finding(data: list[Any]) -> Finding:
    rule, severity, (path, line, column, pointer, offset), message, remedy, about, waiver, count = data
    where = Location(path, line, column, None if pointer is None else tuple(pointer), offset)
    record = None if about is None else RecordId(*about)
    return Finding(rule, Severity(severity), where, message, remedy, record, waiver=waiver, count=count)


# Whether it holds


def _is_identified(snapshot: Snapshot) -> TypeGuard[Identified]:
    if isinstance(snapshot, WorkTree):
        return True
    from itsm_as_code.git.objects import FolderOfRevision, Revision  # loads git, which a work tree does without

    return isinstance(snapshot, (Revision, FolderOfRevision))


class _Earlier:
    """What an earlier run found in a revision."""

    def __init__(self, data: Mapping[str, Any], revision: Identified, index: TreeIndex, stored: StoredRecords) -> None:
        self._data, self._revision = data, revision
        self._known = revision.excerpt({path: Entry(mode, oid) for path, mode, oid, _ in data["files"]})
        self._about = index, stored

    @cached_property
    def _registry(self) -> KindRegistry:
        return registry_of(self._known)

    def answer(self, now: datetime) -> Answer:
        """The answer, where it holds at ``now``."""
        findings = tuple(map(_finding, self._data["findings"]))
        sources = Sources({}, {path: self._known for path, _, _, is_record in self._data["files"] if is_record})
        return Answer(findings, self._data["records"], self._data["withFile"], self._paths, now, sources)

    def _paths(self) -> list[str]:
        """Every file that lies where records lie is one, or nothing would have been stored."""
        entries, of_path = self._revision.entries, self._registry.of_path
        return [path for path, entry in entries.items() if of_path(path) and no_record(path, entry) is None]

    def holds(self, now: datetime) -> bool:
        """True when judging now would give the same findings."""
        data = self._data
        over = {part for part, (since, until) in data["horizons"].items() if not _covers(since, until, now)}
        checks = [check for check in data["found"] if check in over]
        if not over.isdisjoint(_WHOLE):
            return False
        rows = [row[:3] for row in data["outcomes"] if row[3] is None or not _covers(row[3][0], row[3][1], now)]
        if not checks and not rows:
            return True
        configuration = load_configuration(self._known, self._registry)[0]
        lazy = LazyCatalogue(self._revision, self._registry, *self._about)
        catalogue = packs.lay_over(lazy, configuration).catalogue
        catalogue.seen_by(of_snapshot(self._revision, configuration.raw))
        facts, situation = Facts.of(catalogue, configuration.timezone), Situation(now, configuration)
        for check in checks:
            found = run_checks(catalogue, facts, situation, [check])
            if [_unplaced(_plain(finding)) for finding in found] != list(map(_unplaced, data["found"][check])):
                return False
        for kind in {kind for kind, _, _ in rows}:
            lazy.some(kind, [name for other, name, _ in rows if other == kind])
        risk_of = self._risks(facts, configuration, now, over)
        engine = PolicyEngine(catalogue, configuration.policies, facts, now, risk_of, frozenset(data["policies"]))
        return all(
            [_said(outcome) for outcome, _ in engine.judge(catalogue.records[RecordId(kind, name)])] == said
            for kind, name, said in rows
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


def _covers(since: str, until: str, now: datetime) -> bool:
    return parse_instant(since) <= now < parse_instant(until)
