"""Waivers: exceptions that end. One resolver serves validate, gate, site and audit.

A waived rule is still evaluated. A waiver that has expired waives nothing, in every code path; one that nothing
needs any more is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from itsm_as_code import clock
from itsm_as_code.clock import Interval, Intervals
from itsm_as_code.durations import Duration, parse_duration
from itsm_as_code.findings import Finding, Problem, RecordId, Rule, Severity, did_you_mean, nearest
from itsm_as_code.records.catalogue import Catalogue, Record, stamp

DEFAULT_LONGEST: Final = Duration(days=90)

WAIVER_VALID = Rule(
    "waiver-valid",
    "A waiver names a rule that can be waived, ends in time, and is approved by somebody else",
    Severity.ERROR,
    "A waiver lasts at most the policy's maxWaiver (90 days unless it says otherwise), and whoever asks for it does "
    "not approve it. A waiver that breaks this waives nothing.",
)
WAIVER_EXPIRED = Rule(
    "waiver-expired",
    "A waiver that is over is removed",
    Severity.WARNING,
    "It waives nothing any more: what it covered blocks again. Mend the record, or ask for a new waiver.",
)
WAIVER_UNNEEDED = Rule(
    "waiver-unneeded",
    "A waiver that nothing needs is removed",
    Severity.WARNING,
    "The records it names fulfil the rule. Remove the waiver, so that the rule protects them again.",
)
WAIVER_ORPHANED = Rule(
    "waiver-orphaned",
    "A waiver names records that exist",
    Severity.WARNING,
    "The record is gone or was renamed, so the waiver covers nothing there.",
)
RULES = (WAIVER_VALID, WAIVER_EXPIRED, WAIVER_UNNEEDED, WAIVER_ORPHANED)


Covered = tuple[str, RecordId | None]
"""A rule and the record that it is waived for; a finding of no record is never covered."""


Waived = Callable[[str, RecordId], Intervals]
"""The instants at which a rule is waived for a record."""


def not_waived(rule: str, subject: RecordId) -> Intervals:
    """For whoever has no waivers."""
    return Intervals()


@dataclass(frozen=True, slots=True)
class WaiverState:
    """A waiver at an instant: ``active``, ``expired``, ``not-yet``, ``unneeded``, ``orphaned`` or ``invalid``."""

    record: Record
    state: str
    until: datetime
    rule: str
    subjects: tuple[RecordId, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Findings with the waivers that cover them, the state of every waiver, and what is wrong with waivers."""

    findings: list[Finding]
    states: list[WaiverState]
    own_findings: list[Finding]


def resolve(
    findings: Iterable[Finding],
    rule_records: Catalogue,
    waivable: Iterable[str],
    built_in: Iterable[str],
    now: datetime,
) -> Resolution:
    """Apply the waivers of ``rule_records`` to findings at ``now``.

    ``waivable`` are the ids of the built-in checks that may be waived; policies always may, unless one took the name
    of a ``built_in`` rule.
    """
    checks, reserved = set(waivable), set(built_in)
    findings = list(findings)
    active: dict[Covered, str] = {}
    over: dict[Covered, WaiverState] = {}
    states: list[WaiverState] = []
    own: list[Finding] = []
    for record in rule_records.of_kind("Waiver"):
        problems = list(_problems(record, rule_records, checks, reserved))
        state = _state(record, now, bool(problems))
        own.extend(stamp(WAIVER_VALID, record, problem) for problem in problems)
        states.append(state)
        for subject in state.subjects:
            if state.state == "active":
                active[(state.rule, subject)] = record.name
            elif state.state == "expired":
                over[(state.rule, subject)] = state
    used: set[Covered] = set()
    result = []
    for finding in findings:
        key = (finding.rule, finding.record)
        if key in active:
            used.add(key)
            finding = replace(finding, waiver=active[key])
        elif key in over:
            ended = over[key]
            note = f" (its waiver {ended.record.name} ended {clock.format_instant(ended.until)})"
            finding = replace(finding, message=finding.message + note)
        result.append(finding)
    states = [_settle(state, used, rule_records, own) for state in states]
    return Resolution(result, states, own)


def waived_spans(rule_records: Catalogue, waivable: Iterable[str], built_in: Iterable[str]) -> Waived:
    """When the waivers of ``rule_records`` hold, for whoever asks of another instant; as for :func:`resolve`."""
    checks, reserved = set(waivable), set(built_in)
    spans: dict[Covered, list[Interval]] = {}
    for record in rule_records.of_kind("Waiver"):
        if not any(True for _ in _problems(record, rule_records, checks, reserved)):
            start, until = clock.parse_instant(record.spec["from"]), clock.parse_instant(record.spec["until"])
            state = _state(record, start, invalid=False)
            for subject in state.subjects:
                spans.setdefault((state.rule, subject), []).append(Interval(start, until))
    return lambda rule, subject: Intervals(spans.get((rule, subject), ()))


def _state(record: Record, now: datetime, invalid: bool) -> WaiverState:
    spec = record.spec
    start, until = clock.parse_instant(spec["from"]), clock.parse_instant(spec["until"])
    subjects = tuple(RecordId(item["kind"], item["name"]) for item in spec["records"])
    rule = spec.get("policy") or spec.get("check", "")
    name = "invalid" if invalid else "not-yet" if now < start else "active" if now < until else "expired"
    return WaiverState(record, name, until, rule, subjects)


def as_it_was(record: Record, now: datetime, state: str) -> WaiverState:
    """A waiver whose state at an instant is known."""
    return replace(_state(record, now, invalid=False), state=state)


def _problems(record: Record, rule_records: Catalogue, checks: set[str], reserved: set[str]) -> Iterable[Problem]:
    spec = record.spec
    if spec["requester"] == spec["approver"]:
        yield Problem(
            f"{spec['approver']} approves their own waiver", ("spec", "approver"), "name another person as approver"
        )
    longest = DEFAULT_LONGEST
    policy = rule_records.get("Policy", spec["policy"]) if "policy" in spec else None
    if policy is not None and "maxWaiver" in policy.spec:
        longest = parse_duration(policy.spec["maxWaiver"])
    start, until = clock.parse_instant(spec["from"]), clock.parse_instant(spec["until"])
    if until <= start:
        yield Problem("the waiver ends before it starts", ("spec", "until"), "set until after from")
    elif until > longest.after(start):
        message = f"the waiver lasts longer than the {longest} that are allowed"
        yield Problem(
            message, ("spec", "until"), f"set until to {clock.format_instant(longest.after(start))} or earlier"
        )
    if spec.get("policy") in reserved:
        message = f"'{spec['policy']}' is a rule of the program, not of a policy"
        waivable = spec["policy"] in checks
        remedy = f"write check: {spec['policy']}" if waivable else "name a policy, or a check that can be waived"
        yield Problem(message, ("spec", "policy"), remedy)
    yield from _name_problems(record, rule_records, checks)


def _name_problems(record: Record, rule_records: Catalogue, checks: set[str]) -> Iterable[Problem]:
    """Rules and kinds that nobody has, each with the one that may have been meant, of policies and checks alike."""
    spec, policies, kinds = record.spec, rule_records.names("Policy"), rule_records.registry.kinds
    check, policy = spec.get("check"), spec.get("policy")
    if check is not None and check not in checks:
        remedy = f"write policy: {check}" if check in policies else did_you_mean(check, checks)
        other = nearest(check, policies)
        remedy = remedy or (f"did you mean policy: {other}?" if other else "")
        remedy = remedy or f"checks that can be waived: {', '.join(sorted(checks))}"
        yield Problem(f"'{check}' is not a check that can be waived", ("spec", "check"), remedy)
    if policy is not None and policy not in policies and policy not in checks and not nearest(policy, policies):
        meant = nearest(policy, checks)
        if meant:
            yield Problem(f"'{policy}' is no policy", ("spec", "policy"), f"did you mean check: {meant}?")
    for index, item in enumerate(spec["records"]):
        if item["kind"] not in kinds:
            message, at = f"there is no kind '{item['kind']}'", ("spec", "records", index, "kind")
            yield Problem(message, at, did_you_mean(item["kind"], kinds) or "name a kind that exists")


def _settle(state: WaiverState, used: set[Covered], rule_records: Catalogue, own: list[Finding]) -> WaiverState:
    """The final state of a waiver, once it is known what it was used for; adds findings about it to ``own``."""
    if state.state == "expired":
        message = f"the waiver ended {clock.format_instant(state.until)}"
        own.append(stamp(WAIVER_EXPIRED, state.record, Problem(message, ("spec", "until"), "delete the waiver")))
    if state.state != "active":
        return state
    gone = [
        index
        for index, subject in enumerate(state.subjects)
        if subject not in rule_records.records
        and (state.rule, subject) not in used  # a pull request may bring the record
    ]
    for index in gone:
        subject = state.subjects[index]
        remedy = rule_records.did_you_mean(subject) or "take it off the list, or delete the waiver"
        own.append(
            stamp(WAIVER_ORPHANED, state.record, Problem(f"there is no {subject}", ("spec", "records", index), remedy))
        )
    if len(gone) == len(state.subjects):
        return replace(state, state="orphaned")
    unneeded = [
        index for index, subject in enumerate(state.subjects) if index not in gone and (state.rule, subject) not in used
    ]
    for index in unneeded:
        message = f"{state.subjects[index]} fulfils {state.rule}"
        remedy = "take it off the list" if len(unneeded) < len(state.subjects) else "delete the waiver"
        own.append(stamp(WAIVER_UNNEEDED, state.record, Problem(message, ("spec", "records", index), remedy)))
    return replace(state, state="unneeded") if len(unneeded) + len(gone) == len(state.subjects) else state
