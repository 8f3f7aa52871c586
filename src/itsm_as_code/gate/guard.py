"""What a pull request cannot change in order to pass: the facts it is judged by, and the gate's own rules."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from itsm_as_code import clock
from itsm_as_code.findings import Finding, Problem, RecordId, Rule, Severity
from itsm_as_code.gate.decision import canonical
from itsm_as_code.policies.affected import JUDGING_KINDS
from itsm_as_code.policies.cel import CompileError, Environment
from itsm_as_code.policies.packs import FOLDER as PACKS_FOLDER
from itsm_as_code.records.catalogue import Catalogue, Layered, Listed, Record, stamp
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.records.diff import Action, RecordDiff
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.lifecycle import LIFECYCLE_FINAL, ending, transition_problems
from itsm_as_code.records.lifecycle_path import with_steps
from itsm_as_code.records.taken_over import is_taken_over
from itsm_as_code.snapshot import below

TOOL = ".itsm"
"""The folder of what judges: the lock that the workflows install the program by, and wheels (``itsm init``)."""
PROMISING_KINDS = ("ServiceLevelAgreement",)
"""Kinds that say how much may fail: a change is judged by those of the base. What failed, incidents say."""

RECORD_DELETED = Rule(
    "record-deleted",
    "A record is retired, not deleted",
    Severity.ERROR,
    "Others refer to it and the history of decisions rests on it. Each kind has an end of its own: a change is "
    "cancelled, a person gets inactive, a service is retired; `itsm rename` gives a record another name wherever it is "
    "named. Where deletion is right, an approval rule with `actions: [deleted]` on the base allows it.",
)
CHANGE_BACKDATED = Rule(
    "change-backdated",
    "A change is planned before it starts",
    Severity.ERROR,
    "Whoever approves a change decides about the future. A pull request cannot propose, authorise or schedule a change "
    "whose window has begun, nor move the window of a running one into the past. For what could not wait there are "
    "emergency changes.",
)
MODEL_ON_BASE = Rule(
    "model-on-base",
    "A standard change follows a model that is in force already",
    Severity.ERROR,
    "A model pre-authorises once it is merged. In the same pull request it would authorise itself.",
)
RULES = (RECORD_DELETED, CHANGE_BACKDATED, MODEL_ON_BASE)

_TO_COME = ("proposed", "authorised", "scheduled")
_TOLD: Final = 3
"""Reasons why something is no rename that are told of it."""


def guarded_facts(base: Catalogue, candidate: Catalogue, *, strict: bool, timezone: str = "UTC") -> Facts:
    """The candidate's facts, but of judging kinds what the base says.

    So a pull request cannot move a freeze, lower a tier, take back an outage or make a reviewer in order to pass.
    ``strict`` facts judge changes: they have no judging record and no promise that is new, of services known to the
    base what the base says, and of its incidents the outages. The others judge the other records, which may come with
    a team or person of their own.
    """
    by_kind = {}
    touched = candidate.touched if isinstance(candidate, ChangedCatalogue) else None

    def standing(kind: str, records: Mapping[str, Data]) -> Mapping[str, Data]:
        """Those records of the base that may be other ones now."""
        if touched is None:
            return records
        return {item.name: records[item.name] for item in touched if item.kind == kind and item.name in records}

    for kind in base.registry:
        after, before = candidate.data.get(kind.name, {}), base.data.get(kind.name, {})
        if kind.name in JUDGING_KINDS:
            after = before if strict else _over(after, before)
        elif kind.name in PROMISING_KINDS and strict:
            after = before
        elif kind.name == "Incident" and strict:
            taken_back = {
                name: _with_outages(data, after.get(name))
                for name, data in standing(kind.name, before).items()
                if "outages" in data["spec"] and after.get(name) is not data
            }
            after = _over(after, taken_back) if taken_back else after
        elif kind.name == "Service" and strict:
            after = _over(after, standing(kind.name, before))
        by_kind[kind.name] = after
    return Facts(by_kind, Facts.of(candidate, timezone), timezone)


def _over(below: Mapping[str, Data], above: Mapping[str, Data]) -> Mapping[str, Data]:
    if below is above or not above:
        return below
    return Layered(below, above) if isinstance(below, Listed) else {**below, **above}


def _with_outages(before: Data, after: Data | None) -> Data:
    """An incident as the pull request has it, with the outages of the base; one that is gone stays as it was."""
    return before if after is None else {**after, "spec": {**after["spec"], "outages": before["spec"]["outages"]}}


def judging_folders(registry: KindRegistry) -> tuple[str, ...]:
    """The folders of the judging kinds, each with a slash at its end."""
    return tuple(registry[kind].folder + "/" for kind in JUDGING_KINDS if kind in registry.kinds)


def policy_digest(base: Catalogue) -> str:
    """SHA-256 over :func:`policy_lines`."""
    return "sha256:" + hashlib.sha256("".join(policy_lines(base)).encode("utf-8", "surrogateescape")).hexdigest()


def policy_lines(base: Catalogue) -> list[str]:
    """Everything that judges, one a line: mode, blob id and path on the base, and the packs that the program brings."""
    folders = (*judging_folders(base.registry), "schemas/", f"{TOOL}/")
    lines = [
        f"{entry.mode} {entry.oid} {path}\n"
        for path, entry in sorted(below(base.snapshot.entries, *folders, "itsm.yaml").items())
        if path.startswith(folders) or path == "itsm.yaml"
    ]
    lines += [
        f"pack {hashlib.sha256(record.source).hexdigest()} {record.path}\n"
        for record in sorted(base.packed, key=lambda record: record.path)
    ]
    return lines


_UNUSABLE = (
    *("yaml-", "file-", "record-", "configuration", "calendar-readable"),
    *("policy-compiles", "policy-kinds", "policy-packs", "policy-shadowed"),
)


def unusable(findings: Iterable[Finding], registry: KindRegistry) -> list[Finding]:
    """The findings about the rule set (policies, people, calendars, itsm.yaml...) that keep them from judging."""
    folders = (*judging_folders(registry), f"{PACKS_FOLDER}/")
    return [
        finding
        for finding in findings
        if finding.blocks
        and finding.rule.startswith(_UNUSABLE)
        and (finding.location.path.startswith(folders) or finding.location.path == "itsm.yaml")
    ]


def uncompilable(policies: Iterable[Record], environment: Environment) -> Iterator[str]:
    """A sentence for each approval rule whose ``where`` makes no sense."""
    for policy in policies:
        for rule in policy.spec["rules"]:
            if "where" in rule["match"]:
                try:
                    environment.compile(rule["match"]["where"])
                except CompileError as error:
                    message = f"{error.message} (line {error.line}, column {error.column})"
                    yield f"approval rule {policy.name}/{rule['name']}: {message}"


@dataclass(frozen=True, slots=True)
class Deletions:
    """What tells one deletion from another: the records that a rule lets be deleted (as text), those that stand again
    under another name (and that name), why none is taken for a rename, and the files of the candidate."""

    allowed: frozenset[str] = frozenset()
    renamed: Mapping[RecordId, str] = field(default_factory=dict)
    why_not: tuple[str, ...] = ()
    files: Container[str] = ()


def renamed(diffs: Iterable[RecordDiff]) -> dict[RecordId, str]:
    """The deleted records of which an added one of their kind says the same, with the name of that one."""
    added = {_content(diff.new): diff.id.name for diff in diffs if diff.old is None and diff.new is not None}
    gone = [diff.old for diff in diffs if diff.old is not None and diff.new is None]
    return {record.id: added[_content(record)] for record in gone if _content(record) in added}


def _content(record: Record) -> tuple[str, bytes]:
    return record.id.kind, canonical(record.data.get("spec"))


def step_findings(diff: RecordDiff, deletions: Deletions, facts: Facts, now: datetime) -> Iterator[Finding]:
    """What speaks against the step that a record takes from the base to the candidate; ``facts`` are strict ones."""
    for rule, problem in transition_problems(diff):
        yield stamp(rule, diff.record, problem)
    yield from deletion_findings(diff, deletions)
    new = diff.new
    if diff.id.kind == "Change" and new is not None and new.valid:
        yield from late_review_findings(diff, new, facts)
    if diff.id.kind == "Change" and new is not None and new.valid and not is_taken_over(new.data):
        yield from model_findings(new, facts)
        for step in with_steps([diff]):
            yield from backdating_findings(step, step.record, now)


def deletion_findings(diff: RecordDiff, deletions: Deletions) -> Iterator[Finding]:
    """A record that is deleted, where no approval rule lets it be deleted."""
    if diff.action is not Action.DELETED or str(diff.id) in deletions.allowed:
        return
    message, end = f"{diff.id} is deleted", ending(diff.record)
    remedy = f"put it back, and {end}" if end else "put it back"
    if diff.record.path in deletions.files:
        message, remedy = f"{diff.id} is no record any more: its file cannot be read as one", "mend the file"
    elif diff.id in deletions.renamed:
        message += f", and {deletions.renamed[diff.id]} says the same"
        why = "; ".join(deletions.why_not[:_TOLD]) or "a rename is of one record, of which only the name differs"
        message, remedy = f"{message}; it is not taken for a rename: {why}", f"{remedy}; or rename it with itsm rename"
    else:
        remedy += f"; or merge an approval rule with kinds: [{diff.id.kind}] and actions: [deleted] first"
    yield stamp(RECORD_DELETED, diff.record, Problem(message, (), remedy))


def late_review_findings(diff: RecordDiff, change: Record, facts: Facts) -> Iterator[Finding]:
    """A review that is added to a closed change which no incident names as its cause."""
    old = diff.old
    is_late = old is not None and old.state == "closed" and "review" in change.spec and "review" not in old.spec
    if is_late and change.name not in facts.blamed:
        message = "the record is closed, and no incident names it as its cause; it gets no review any more"
        remedy = "name the change in causedBy of the incident, in this pull request or in one before it"
        yield stamp(LIFECYCLE_FINAL, change, Problem(message, ("spec", "review"), remedy))


def model_findings(change: Record, facts: Facts) -> Iterator[Finding]:
    """A standard change whose model the base does not have."""
    spec = change.spec
    if spec["type"] == "standard" and facts.record("ChangeModel", spec["model"]) is None:
        message = f"the model {spec['model']} is not on the base"
        yield stamp(MODEL_ON_BASE, change, Problem(message, ("spec", "model"), "merge the model first"))


def backdating_findings(diff: RecordDiff, change: Record, now: datetime) -> Iterator[Finding]:
    """A change that takes a step towards a window that has begun, or whose window moves into the past."""
    spec = change.spec
    start = spec.get("schedule", {}).get("start")
    if start is None or spec["type"] == "emergency" or clock.parse_instant(start) >= now:
        return
    old = diff.old.spec if diff.old is not None and diff.old.valid else {}
    stepped = spec["status"] in _TO_COME and spec["status"] != old.get("status")
    moved = spec["status"] != "draft" and old.get("schedule", {}).get("start") != start
    if stepped or moved:
        message = f"the change is {spec['status']}, and its window began at {start}"
        problem = Problem(message, ("spec", "schedule", "start"), "plan it for later, or raise an emergency change")
        yield stamp(CHANGE_BACKDATED, change, problem)
