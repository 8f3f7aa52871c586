"""validate: snapshot -> documents -> records -> catalogue -> findings.

The one place that knows in which order a snapshot is judged; validate, gate, site and audit all go through it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Final, Self

from itsm_as_code import configuration as configuration_module
from itsm_as_code.checks import Situation, all_checks, check_ids, run_again, run_checks, waivable_ids
from itsm_as_code.configuration import Configuration, load_configuration
from itsm_as_code.findings import Finding, RecordId, Rule, folded, sort_findings
from itsm_as_code.horizon import Horizon
from itsm_as_code.measures.risk import Risk, assess
from itsm_as_code.policies import (
    Outcome,
    PolicyEngine,
    WaiverState,
    approval_rules,
    control_conditions,
    packs,
    policy,
    waivers,
)
from itsm_as_code.policies.approval_rules import approval_rule_findings
from itsm_as_code.policies.control_conditions import condition_findings
from itsm_as_code.policies.engine import RiskOf
from itsm_as_code.processes import cores, streamed
from itsm_as_code.progress import noted, watched
from itsm_as_code.records import catalogue as catalogue_module
from itsm_as_code.records import document, lifecycle, reading, taken_over
from itsm_as_code.records import misplaced as misplaced_module
from itsm_as_code.records.catalogue import Catalogue, Record, stamp
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.measured import Monitoring
from itsm_as_code.records.misplaced import misplaced
from itsm_as_code.records.own_kinds import registry_of
from itsm_as_code.records.positions import place_findings
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.service_levels.measurements import load as measurements
from itsm_as_code.snapshot import Snapshot, below


@dataclass(frozen=True)
class RuleSet:
    """What a snapshot is judged by: kinds, configuration, policies, waivers. In the gate, those of the base.

    The catalogue holds the records of the snapshot and those of the policy packs that its itsm.yaml switches on.
    """

    registry: KindRegistry
    configuration: Configuration
    catalogue: Catalogue
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Validation:
    """Everything that is known about a snapshot at an instant."""

    catalogue: Catalogue
    registry: KindRegistry
    configuration: Configuration
    facts: Facts
    now: datetime
    findings: tuple[Finding, ...]
    outcomes: Collection[Outcome]
    waivers: tuple[WaiverState, ...]
    policies: int

    def risk_of(self, record: Record) -> Risk:
        """The derived risk of a Change."""
        return assess(record.data, self.facts, self.now, self.configuration.risk_table)


def as_of(snapshot: Snapshot) -> datetime | None:
    """The instant as of which a snapshot's itsm.yaml says to judge, if it says so."""
    return load_configuration(snapshot, registry_of(snapshot))[0].as_of


def load_rule_set(snapshot: Snapshot, stored: StoredRecords | None = None, like: RuleSet | None = None) -> RuleSet:
    """The rule set that a snapshot brings: its schemas over the shipped ones, its configuration, its records.

    ``like`` is the rule set of another revision of the same repository: what did not change is not read again.
    """
    if like is not None and _schema_ids(snapshot) == _schema_ids(like.catalogue.snapshot) is not None:
        registry, known = like.registry, like.catalogue
    else:
        registry, known = registry_of(snapshot), None
    return rule_set_of(load_catalogue(snapshot, registry, known, stored))


def rule_set_of(catalogue: Catalogue) -> RuleSet:
    """The rule set that the records of a snapshot are, with the packs and measurements that its itsm.yaml names."""
    snapshot, registry = catalogue.snapshot, catalogue.registry
    configuration, findings = load_configuration(snapshot, registry)
    packed = packs.lay_over(catalogue, configuration)
    packed.catalogue.seen_by(measurements.of_snapshot(snapshot, configuration.raw))
    return RuleSet(registry, configuration, packed.catalogue, (*findings, *packed.findings))


def _schema_ids(snapshot: Snapshot) -> dict[str, str] | None:
    """The blobs of a snapshot's own schemas by path; None where files have no blob."""
    found = {path: entry.oid for path, entry in below(snapshot.entries, "schemas/").items()}
    return {path: oid for path, oid in found.items() if oid} if all(found.values()) else None


def waived_in(catalogue: Catalogue) -> waivers.Waived:
    """When which rules are waived for which records, by the waivers of a catalogue."""
    return waivers.waived_spans(catalogue, waivable_ids(), built_in_rules())


def load_judged(snapshot: Snapshot, rule_set: RuleSet) -> Catalogue:
    """The catalogue of a snapshot that others judge, with the packs that its own itsm.yaml switches on."""
    catalogue = load_catalogue(snapshot, rule_set.registry, rule_set.catalogue)
    configuration, findings = load_configuration(snapshot, rule_set.registry)
    # What a broken itsm.yaml says is told by the rule set that it would make; here it leaves the packs as they are.
    judged = packs.lay_over(catalogue, rule_set.configuration if findings else configuration).catalogue
    return judged.seen_by(_monitoring_of(rule_set, snapshot))


def _monitoring_of(rule_set: RuleSet, _: Snapshot) -> Monitoring:
    """What was measured, by the base: what a pull request brings says nothing of its own changes."""
    return rule_set.catalogue.monitoring


def validate(snapshot: Snapshot, now: datetime) -> Validation:
    """Judge a snapshot by its own rules."""
    rule_set = load_rule_set(snapshot)
    return assess_catalogue(rule_set.catalogue, rule_set, now)


_WORTH_PROCESSES: Final = 5_000
"""Records from which on it is worth while to start processes that judge."""
_CHUNK: Final = 250
_GENERATION: Final = 24
"""Chunks after which others take over: judging looks at records all over, and what is looked at is copied."""


@dataclass(slots=True)
class Timing:
    """What of a judgement at ``now`` rests on time, noted while it goes on: for each part of it how long it holds.

    Parts are the states of records, waivers, each check and the risk of each change. Beside them stand what checks
    found, by id and as they said it, the outcomes before waivers, the risks as policies saw them, for how long what
    policies looked up for a record stays as it is, unless that is for ever, and which records name what is not there.
    """

    now: datetime
    horizons: dict[str, Horizon] = field(default_factory=dict)
    found: dict[str, list[Finding]] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    risks: dict[RecordId, Mapping[str, Any] | None] = field(default_factory=dict)
    looked_up: dict[RecordId, Horizon] = field(default_factory=dict)
    dangling: list[RecordId] = field(default_factory=list)

    def at(self, part: str) -> datetime:
        """The instant for a part, which notes what that asks of it."""
        return self.horizons.setdefault(part, Horizon(self.now)).watch()

    def over(self, records: Sequence[Record], judge: Callable[[Record], list[Finding]]) -> list[Finding]:
        """What is said of records by themselves, in their order; on all cores where they are many."""
        first = records if len(records) < _WORTH_PROCESSES or cores() < 2 else records[:_CHUNK]
        findings = [finding for record in watched("records judged", first) for finding in judge(record)]
        chunks = [records[start : start + _CHUNK] for start in range(len(first), len(records), _CHUNK)]
        if not chunks:
            return findings

        def work(index: int) -> tuple[int, list[Finding], Timing]:
            mine = self._forgotten()  # of this copy of the process
            return index, [finding for record in chunks[index] for finding in judge(record)], mine

        came: dict[int, tuple[list[Finding], Timing]] = {}
        streaming = streamed(range(len(chunks)), work, cores(), _GENERATION)
        for _, (index, found, noted_there) in zip(watched("parts judged", chunks), streaming, strict=False):
            came[index] = found, noted_there
        if len(came) < len(chunks):
            noted(f"{len(chunks) - len(came)} of {len(chunks)} parts were judged by one process: no other could")
        for index, chunk in enumerate(chunks):
            if index in came:
                findings += came[index][0]
                self._join(came[index][1])
            else:
                findings += [finding for record in chunk for finding in judge(record)]
        return findings

    def _forgotten(self) -> Self:
        """This, with nothing noted yet."""
        for noted_so_far in (self.horizons, self.outcomes, self.risks, self.looked_up, self.dangling):
            noted_so_far.clear()
        return self

    def _join(self, other: Timing) -> None:
        """What another process noted of further records."""
        for part, horizon in other.horizons.items():
            self.horizons.setdefault(part, Horizon(self.now)).narrow(horizon.since, horizon.until)
        self.outcomes += other.outcomes
        self.risks |= other.risks
        self.looked_up |= other.looked_up
        self.dangling += other.dangling

    def note(self, outcomes: Iterable[Outcome], record: Record, looked_up: Horizon) -> None:
        """What policies said of a record, and for how long what they looked up stays as it is."""
        self.outcomes += outcomes
        if not looked_up.is_endless:
            self.looked_up[record.id] = looked_up

    def risk_of(self, record: Record, facts: Facts, configuration: Configuration) -> Mapping[str, Any] | None:
        """The risk of a change as policies see it; None for other records."""
        found = risk_data(record, facts, self.at(risk_part(record.id)), configuration)
        self.risks[record.id] = found
        return found


def risk_part(record_id: RecordId) -> str:
    """The name of the part of a judgement that is the risk of a change."""
    return f"risk of {record_id}"


@dataclass(frozen=True, slots=True)
class Focus:
    """What to judge, for whoever knows that the rest is as it was: records, checks by id (all), and files.

    ``found`` gives what a check found, where that is known, over records that differ in those ``touched`` alone.
    """

    records: Set[RecordId]
    checks: Collection[str] | None = None
    paths: Collection[str] = ()
    touched: Set[RecordId] = frozenset()
    found: Callable[[str], list[Finding] | None] = lambda check: None


def assess_catalogue(
    catalogue: Catalogue,
    rule_set: RuleSet,
    now: datetime,
    contexts: Mapping[Any, Mapping[str, Any]] | None = None,
    focus: Focus | None = None,
    timing: Timing | None = None,
) -> Validation:
    """Judge a catalogue by ``rule_set``; ``timing`` is told what of it rests on time.

    ``contexts`` gives, for records that a pull request touches, what policies see of it (``old``, ``change``,
    ``request``, ``risk``); other records are judged as they stand. With a ``focus``, references, states and policies
    are judged for its records alone; whether a waiver is needed is said where it has them all.
    """
    contexts, timing, configuration = contexts or {}, timing or _Untimed(now), rule_set.configuration
    facts = Facts.of(catalogue, configuration.timezone)
    risk_of: RiskOf = lambda record: timing.risk_of(record, facts, configuration)  # noqa: E731
    policy_engine = PolicyEngine(rule_set.catalogue, configuration.policies, facts, now, risk_of)
    judged = _judged(catalogue, focus)
    findings: list[Finding] = [*rule_set.findings, *catalogue.findings]
    findings += _about_files(catalogue.snapshot, rule_set, facts, focus)
    findings += policy_engine.findings
    findings += approval_rule_findings(rule_set.catalogue, policy_engine.environment)
    about = timing, catalogue, policy_engine, contexts, configuration.cut_over
    findings += timing.over(judged, partial(_by_itself, *about))
    findings += [finding for record in timing.dangling for finding in catalogue.dangling(catalogue.records[record])]
    for check in check_ids():
        if focus is None or focus.checks is None or check in focus.checks:
            situation = Situation(timing.at(check), configuration)
            timing.found[check] = _checked(check, catalogue, facts, situation, focus)
    findings += [finding for found in timing.found.values() for finding in found]
    resolution = waivers.resolve(findings, rule_set.catalogue, waivable_ids(), built_in_rules(), timing.at("waivers"))
    told = folded([*resolution.findings, *_about_waivers(resolution, focus)])
    placed = place_findings(told, rule_set.catalogue.sources() | catalogue.sources())
    waived = {(finding.rule, finding.record) for finding in placed if finding.waiver}
    return Validation(
        catalogue=catalogue,
        registry=rule_set.registry,
        configuration=configuration,
        facts=facts,
        now=now,
        findings=tuple(sort_findings(placed)),
        outcomes=tuple(_waived(outcome, waived) for outcome in timing.outcomes),
        waivers=tuple(resolution.states),
        policies=len(policy_engine.usable),
    )


def _about_files(snapshot: Snapshot, rule_set: RuleSet, facts: Facts, focus: Focus | None) -> Iterator[Finding]:
    """What is wrong with files that are not records: in the place of one, or of measurements."""
    paths = focus.paths if focus else None
    yield from misplaced(snapshot, rule_set.registry, paths)
    yield from measurements.findings(snapshot, rule_set.configuration.raw, facts, paths)


def _checked(
    check: str, catalogue: Catalogue, facts: Facts, situation: Situation, focus: Focus | None
) -> list[Finding]:
    """What a check finds, by what it found before where that is known."""
    before = focus.found(check) if focus is not None else None
    if focus is None or before is None:
        return run_checks(catalogue, facts, situation, [check])
    return run_again(catalogue, facts, situation, check, before, focus.touched)


class _Untimed(Timing):
    """For whom it does not matter how long a judgement holds: nothing but what was said is kept."""

    def at(self, part: str) -> datetime:
        return self.now

    def note(self, outcomes: Iterable[Outcome], record: Record, looked_up: Horizon) -> None:
        self.outcomes += outcomes

    def risk_of(self, record: Record, facts: Facts, configuration: Configuration) -> Mapping[str, Any] | None:
        return risk_data(record, facts, self.now, configuration)


def _by_itself(
    timing: Timing,
    catalogue: Catalogue,
    engine: PolicyEngine,
    contexts: Mapping[Any, Mapping[str, Any]],
    cut_over: taken_over.CutOver | None,
    record: Record,
) -> list[Finding]:
    """What is said of a record by its state and by policies; what they said is noted, and whether names are wrong."""
    found = list(_about_state(record, cut_over, timing.at("states")))
    if catalogue.is_dangling(record):
        timing.dangling.append(record.id)
    said = list(engine.judge(record, **contexts.get(record.id, {}), rests=(looked_up := Horizon(timing.now))))
    timing.note((outcome for outcome, _ in said), record, looked_up)
    if record.id.kind == "Control":
        found += condition_findings(record, engine.environment, engine.registry)
    return [*found, *(finding for _, finding in said if finding is not None)]


def _about_state(record: Record, cut_over: taken_over.CutOver | None, now: datetime) -> Iterator[Finding]:
    """What the state that a record is in asks for, and what is wrong with history that was taken over."""
    if record.kind.lifecycle is not None:
        for problem in lifecycle.required_problems(record):
            yield stamp(lifecycle.LIFECYCLE_REQUIRED, record, problem)
        for problem in taken_over.problems(record, cut_over, now):
            yield stamp(taken_over.TAKEN_OVER, record, problem)


def _judged(catalogue: Catalogue, focus: Focus | None) -> list[Record]:
    """The valid records that are in focus, or all of them."""
    if focus is None:
        return [record for record in catalogue if record.valid]
    present = sorted(focus.records & catalogue.records.keys(), key=lambda item: (item.kind, item.name))
    return [catalogue.records[item] for item in present if catalogue.records[item].valid]


def _about_waivers(resolution: waivers.Resolution, focus: Focus | None) -> list[Finding]:
    """What is wrong with waivers; that one is not needed can only be said by who judged its records."""
    if focus is None:
        return resolution.own_findings
    unjudged = {state.record.id for state in resolution.states if focus.records.isdisjoint(state.subjects)}
    return [
        finding
        for finding in resolution.own_findings
        if finding.rule != waivers.WAIVER_UNNEEDED.id or finding.record not in unjudged
    ]


def risk_data(record: Record, facts: Facts, now: datetime, configuration: Configuration) -> Mapping[str, Any] | None:
    """The risk of a change as policies see it; None for other records."""
    if record.id.kind != "Change":
        return None
    return assess(record.data, facts, now, configuration.risk_table).as_data()


def _waived(outcome: Outcome, waived: set[tuple[str, Any]]) -> Outcome:
    if outcome.status in ("fail", "error") and (outcome.policy, outcome.record) in waived:
        return Outcome(outcome.policy, outcome.record, "waived", outcome.message, outcome.severity)
    return outcome


@lru_cache(maxsize=1)
def built_in_rules() -> dict[str, Rule]:
    """Every rule that the program itself can report, by id; policies of a repository come on top."""
    modules = (
        document,
        reading,
        catalogue_module,
        misplaced_module,
        measurements,
        lifecycle,
        taken_over,
        configuration_module,
        packs,
        policy,
        approval_rules,
        control_conditions,
        waivers,
    )
    rules = [rule for module in modules for rule in module.RULES]
    rules += [check.rule for check in all_checks()]
    return {rule.id: rule for rule in sorted(rules, key=lambda rule: rule.id)}
