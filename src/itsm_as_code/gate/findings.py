"""What the rules say of a candidate: validation, lifecycles, risk, conflicts, lanes and examples, new or known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Final

from itsm_as_code.checks import Situation, all_checks, run_checks, waivable_ids
from itsm_as_code.findings import Finding, RecordId, Severity, folded, sort_findings, with_known
from itsm_as_code.gate import lane
from itsm_as_code.gate.candidate import Candidate
from itsm_as_code.gate.context import PullRequestContext, context_of
from itsm_as_code.gate.controls import checks_of_controls
from itsm_as_code.gate.guard import Deletions, renamed, step_findings
from itsm_as_code.gate.impact import contexts_of
from itsm_as_code.gate.incoming import Incoming, example_findings
from itsm_as_code.gate.scope import Scope
from itsm_as_code.policies.affected import affected
from itsm_as_code.policies.engine import PolicyEngine
from itsm_as_code.policies.waivers import resolve
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.records.diff import RecordDiff
from itsm_as_code.records.lifecycle_path import step_diffs, with_steps
from itsm_as_code.records.positions import place_findings
from itsm_as_code.validation import Focus, Validation, assess_catalogue, built_in_rules


@dataclass(frozen=True, slots=True)
class Findings:
    """``all`` are the findings, gravest first; those that stood on the base and were left alone are marked as known.

    ``context`` is what the rules saw, ``scope`` which approval rules are met and what none of them covers.
    ``validation`` is of the candidate and ``before`` of the base, both of what may differ alone; ``incoming`` is the
    rule set that the pull request brings, if it touches any.
    """

    context: PullRequestContext
    scope: Scope
    validation: Validation
    before: Validation
    incoming: Incoming | None
    all: tuple[Finding, ...]

    @property
    def blocking(self) -> list[Finding]:
        return [finding for finding in self.all if finding.blocks]


def findings_of(candidate: Candidate, *, for_controls: bool = True) -> Findings:
    """All findings on a candidate, and what they rest on; ``for_controls``: with those of the base that move controls.

    The findings are the same without.
    """
    context = context_of(candidate)
    scope = context.scope_of(candidate.approved_by_rules, candidate.other_paths)
    contexts = {diff.id: context.of(diff) for diff in candidate.diffs}
    focus = focus_of(candidate)
    validation = assess_catalogue(candidate.catalogue, candidate.rule_set, candidate.now, contexts, focus)
    if focus is not None:  # of checks, those that say something of the rest
        others = {item.rule for item in validation.findings if item.record not in candidate.touched}
        base = candidate.rule_set.catalogue
        drift = base.touched if isinstance(base, ChangedCatalogue) else frozenset()
        checks = others | {"calendar-readable"} | (checks_of_controls(candidate) if for_controls else set())
        focus = replace(focus, checks=checks, touched=drift)
    before = assess_catalogue(candidate.rule_set.catalogue, candidate.rule_set, candidate.now, focus=focus)
    incoming = None
    if candidate.brings_rules:
        about = contexts_of(candidate.diffs, context.request)
        incoming = Incoming(candidate.catalogue.snapshot, candidate.now, about)
    own = _own(candidate, context, scope, incoming)
    found = [*validation.findings, *place_findings(own, candidate.sources)]
    marked = _marked(candidate, found, before.findings)
    return Findings(context, scope, validation, before, incoming, tuple(marked))


def focus_of(candidate: Candidate) -> Focus | None:
    """The records on which the verdict may change; None, for all, when what judges is touched."""
    if candidate.brings_rules:
        return None
    base, settings = candidate.rule_set.catalogue, candidate.rule_set.configuration.policies
    engine = PolicyEngine(base, settings, candidate.base_facts, candidate.now)
    records = affected(base, candidate.catalogue, candidate.touched, engine)
    touched = candidate.touched
    if isinstance(candidate.catalogue, ChangedCatalogue):
        touched |= candidate.catalogue.touched
    return Focus(records, None, candidate.changed_paths, touched, candidate.found)


def _own(candidate: Candidate, context: PullRequestContext, scope: Scope, incoming: Incoming | None) -> list[Finding]:
    """The gate's own findings, beyond those of validation."""
    files = candidate.catalogue.snapshot.entries
    deletions = Deletions(scope.deletable, renamed(candidate.diffs), candidate.not_renamed, files)
    found = _guarded(candidate, context)
    for diff in candidate.diffs:
        found += step_findings(diff, deletions, candidate.guarded_facts, candidate.now)
    settings = (incoming and incoming.configuration) or candidate.rule_set.configuration
    found += example_findings(
        candidate.catalogue, settings.policies, candidate.touched, candidate.changed_paths
    )  # of the policies that the pull request touches
    found += lane.lane_findings(with_steps(candidate.diffs), candidate.lane)
    found += incoming.findings(candidate.touched) if incoming else []
    return found


def _guarded(candidate: Candidate, context: PullRequestContext) -> list[Finding]:
    """What the rules say of the changed records with the freezes, people and models of the base."""
    rule_set, now = candidate.rule_set, candidate.now
    settings = rule_set.configuration.policies
    for_changes = PolicyEngine(rule_set.catalogue, settings, candidate.guarded_facts, now)
    for_others = PolicyEngine(rule_set.catalogue, settings, candidate.other_facts, now)
    found: list[Finding] = []
    for diff in candidate.diffs:
        if diff.new is not None and diff.new.valid:
            engine = for_changes if diff.id.kind == "Change" else for_others
            found += _judged(engine, diff, diff.new, context)
    if candidate.changes:
        records = _Either(candidate.catalogue.records, rule_set.catalogue.records)
        # What checks point into are the records that the guarded facts speak of.
        catalogue = Catalogue(candidate.catalogue.snapshot, rule_set.registry, records, [])
        # What is over has no say in what checks say of a change; the changes to come have.
        about = [*candidate.changes, *candidate.guarded_facts.changes_to_come]
        names = dict.fromkeys(item.name if isinstance(item, Record) else item["metadata"]["name"] for item in about)
        facts = candidate.guarded_facts.narrowed("Change", names)
        about_changes = [check.rule.id for check in all_checks() if check.may_say_more({"Change"})]
        found += [
            finding
            for finding in run_checks(catalogue, facts, Situation(now, rule_set.configuration), about_changes)
            if finding.record is not None and finding.record.kind == "Change" and finding.record in candidate.touched
        ]
        found += lane.budget_findings(candidate.diffs, candidate.lane)
    return resolve(found, rule_set.catalogue, waivable_ids(), built_in_rules(), now).findings


class _Either(Mapping[RecordId, Record]):
    """The records of two catalogues; of one that both have, that of the first."""

    def __init__(self, *sides: Mapping[RecordId, Record]) -> None:
        self._sides = sides

    def __getitem__(self, record_id: RecordId) -> Record:
        side = next((side for side in self._sides if record_id in side), None)
        if side is None:
            raise KeyError(record_id)
        return side[record_id]

    def __iter__(self) -> Iterator[RecordId]:
        return iter(dict.fromkeys(item for side in self._sides for item in side))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _judged(engine: PolicyEngine, diff: RecordDiff, new: Record, context: PullRequestContext) -> Iterator[Finding]:
    """What policies say of a record, and of each state that it passes; what holds of its end is not said twice."""
    told = set()
    for _, finding in engine.judge(new, **context.of(diff)):
        if finding is not None:
            told.add((finding.rule, finding.message))
            yield finding
    for step in step_diffs(diff):
        passed = step.record
        for _, finding in engine.judge(passed, **context.of(step)) if passed.state != new.state else ():
            if finding is not None and (finding.rule, finding.message) not in told:
                told.add((finding.rule, finding.message))
                yield replace(finding, message=f"{finding.message}, as {passed.state} on its way to {new.state}")


def _marked(candidate: Candidate, found: Iterable[Finding], before: Iterable[Finding]) -> list[Finding]:
    """All findings, those that stood on the base as known; where a name alone differs, as told with the new one."""
    if candidate.rename is None:
        return _settled(found, before, candidate.touched, candidate.changed_paths)
    by_name = candidate.rename.by_name
    left_alone = {path for diff in by_name for path in diff.paths}
    touched = candidate.touched - {diff.id for diff in by_name}
    anew = map(candidate.rename.anew, before)
    return _settled(found, anew, touched, candidate.changed_paths.keys() - left_alone)


DUTIES: Final = ("emergency-review",)
"""Checks of what time has made overdue. They block the next change (review-first), never the record that mends them."""


def _settled(
    findings: Iterable[Finding], before: Iterable[Finding], touched: Set[RecordId], paths: Collection[str]
) -> list[Finding]:
    """All findings, gravest first, each once; those of ``before`` are marked as known where nothing touched them.

    ``touched`` are the records and ``paths`` the paths that the pull request changes. Two that differ in severity alone
    are one, the graver: what is told of every record may be an error of those that take a step. DUTIES only warn here.
    """

    def is_touched(finding: Finding) -> bool:
        return finding.record in touched if finding.record is not None else finding.location.path in paths

    found: dict[object, Finding] = {}
    for finding in with_known(sort_findings(findings), before, is_touched):
        where = finding.location
        severity = Severity.WARNING if finding.rule in DUTIES else finding.severity
        place = (finding.identity, where.line, where.column, finding.known)
        found.setdefault(place, replace(finding, severity=severity))
    return sort_findings(folded(found.values()))
