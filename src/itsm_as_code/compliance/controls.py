"""The status of a control: worked out from its evidence, never written, and not assessed until there is some.

A control is as good as its weakest evidence. What cannot be looked at (a policy that matched nothing, a check that does
not exist, an audit that is still to come) is not assessed, which is not the same as satisfied; what was good once and
is too old is stale. Days are those of UTC, as everywhere in records.

Source: NIST SP 800-53A revision 5, section 2.4 (a finding is satisfied or other than satisfied, from evidence);
ISO/IEC 20000-1:2018 clause 9.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any

from itsm_as_code.clock import parse_date, parse_instant
from itsm_as_code.durations import parse_duration
from itsm_as_code.findings import Finding, Severity, parse_pointer
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.records.catalogue import get
from itsm_as_code.records.taken_over import is_taken_over
from itsm_as_code.validation import Validation, built_in_rules


class ControlStatus(StrEnum):
    """How a control, or one piece of its evidence, stands."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not-satisfied"
    STALE = "stale"
    NOT_ASSESSED = "not-assessed"
    NOT_APPLICABLE = "not-applicable"


_GRAVEST = (ControlStatus.NOT_SATISFIED, ControlStatus.STALE, ControlStatus.NOT_ASSESSED, ControlStatus.SATISFIED)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence: what the record says of it, how it stands, and the numbers behind that.

    ``good``, ``bad``, ``waived`` and ``unknown`` count records (of a policy or of what has to be fresh; ``unknown`` are
    those that could not be judged) or findings (of a check); of a statement they are 0.
    """

    entry: Mapping[str, Any]
    status: ControlStatus
    good: int = 0
    bad: int = 0
    waived: int = 0
    unknown: int = 0

    @property
    def type(self) -> str:
        """policy, check, freshness, audit or attestation."""
        return str(self.entry["type"])


@dataclass(frozen=True, slots=True)
class Assessment:
    """A control's status, which is that of its weakest evidence."""

    status: ControlStatus
    evidence: tuple[Evidence, ...] = ()


def assess_controls(validation: Validation) -> dict[str, Assessment]:
    """The assessment of every valid control, by name."""
    basis = _Basis(validation)
    return {control.name: _assess(basis, control.spec) for control in validation.catalogue.of_kind("Control")}


class _Basis:
    """What a validation found, by what controls ask for."""

    def __init__(self, validation: Validation) -> None:
        self.validation = validation
        self.outcomes: dict[str, Counter[str]] = {}
        for outcome in validation.outcomes:
            self.outcomes.setdefault(outcome.policy, Counter())[outcome.status] += 1
        self.findings: dict[str, list[Finding]] = {}
        for finding in validation.findings:
            self.findings.setdefault(finding.rule, []).append(finding)


def _assess(basis: _Basis, spec: Mapping[str, Any]) -> Assessment:
    if spec.get("applicability") == "not-applicable":
        return Assessment(ControlStatus.NOT_APPLICABLE)
    evidence = tuple(_JUDGES[entry["type"]](basis, entry) for entry in spec.get("evidence", ()))
    found = {item.status for item in evidence}
    return Assessment(next((status for status in _GRAVEST if status in found), ControlStatus.NOT_ASSESSED), evidence)


def _policy(basis: _Basis, entry: Mapping[str, Any]) -> Evidence:
    """By what a policy says of every record that it matches; a waived failure counts as accepted."""
    tally = basis.outcomes.get(entry["policy"], Counter())
    status = ControlStatus.SATISFIED
    if tally["fail"]:
        status = ControlStatus.NOT_SATISFIED
    elif tally["error"] or not tally:
        status = ControlStatus.NOT_ASSESSED
    return Evidence(entry, status, tally["pass"], tally["fail"], tally["waived"], tally["error"])


def _check(basis: _Basis, entry: Mapping[str, Any]) -> Evidence:
    """By the findings of a check across records."""
    if entry["check"] not in built_in_rules():
        return Evidence(entry, ControlStatus.NOT_ASSESSED)
    found = [f for f in basis.findings.get(entry["check"], ()) if f.severity is not Severity.INFO]
    waived = sum(1 for finding in found if finding.waiver)
    bad = len(found) - waived
    return Evidence(entry, ControlStatus.NOT_SATISFIED if bad else ControlStatus.SATISFIED, bad=bad, waived=waived)


def _freshness(basis: _Basis, entry: Mapping[str, Any]) -> Evidence:
    """By the day or instant in a field of every record of a kind; records without one are left out and counted.

    What another tool closed says nothing of how records are kept here.
    """
    if "field" not in entry:  # the history of the records would say when each was changed; it is not at hand
        return Evidence(entry, ControlStatus.NOT_ASSESSED)
    age, pointer = parse_duration(entry["maxAge"]), parse_pointer(entry["field"])
    records = [item.data for item in basis.validation.catalogue.of_kind(entry["kind"]) if not is_taken_over(item.data)]
    dated = [_instant(get(data, pointer)) for data in records]
    known = [when for when in dated if when is not None]
    old = sum(1 for when in known if basis.validation.now > age.after(when))
    status = ControlStatus.STALE if old else ControlStatus.SATISFIED if known else ControlStatus.NOT_ASSESSED
    return Evidence(entry, status, good=len(known) - old, bad=old, unknown=len(dated) - len(known))


def _instant(value: object) -> datetime | None:
    """The instant that a value names, or with which the day that it names begins."""
    if not isinstance(value, str):
        return None
    for read in (parse_instant, lambda text: datetime.combine(parse_date(text), time(), UTC)):
        try:
            return read(value)
        except ValueError:
            continue
    return None


def _statement(basis: _Basis, entry: Mapping[str, Any]) -> Evidence:
    """An audit or an attestation: good until the day that it says itself; without one it cannot be relied on."""
    today = utc_day(basis.validation.now)
    if "on" not in entry or parse_date(entry["on"]) > today:
        return Evidence(entry, ControlStatus.NOT_ASSESSED)
    if entry.get("result") == "failed":
        return Evidence(entry, ControlStatus.NOT_SATISFIED)
    until = entry.get("validUntil")
    is_over = until is None or parse_date(until) <= today
    return Evidence(entry, ControlStatus.STALE if is_over else ControlStatus.SATISFIED)


_JUDGES: Mapping[str, Callable[[_Basis, Mapping[str, Any]], Evidence]] = {
    "policy": _policy,
    "check": _check,
    "freshness": _freshness,
    "audit": _statement,
    "attestation": _statement,
}
