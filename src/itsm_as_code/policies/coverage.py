"""What policies cover: records that none judges, policies that judge none, and how controls and policies meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from itsm_as_code.findings import RecordId, nearest
from itsm_as_code.policies.engine import Outcome
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.taken_over import is_taken_over

_META_KINDS = frozenset({"Policy", "ApprovalPolicy", "Waiver", "Control"})
"""Kinds that judge or are judged by the program itself; a policy for them is possible, none is missed."""


@dataclass(frozen=True, slots=True)
class UnknownControl:
    """A policy names a control that is not there; ``nearest`` is the name that was probably meant."""

    policy: str
    control: str
    nearest: str | None


@dataclass(frozen=True, slots=True)
class UnknownPolicy:
    """A control's evidence names a policy that is not there."""

    control: str
    policy: str
    nearest: str | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts are of valid records; a policy or waiver is no record to be covered, nor is what is taken over."""

    matched: Mapping[str, int]
    """How many records each policy judged, by its name."""
    uncovered: Mapping[str, tuple[str, ...]]
    """Names of the records that no policy judged, by kind."""
    totals: Mapping[str, int]
    """How many records there are, by kind."""
    controls_without_policy: Mapping[str, tuple[str, ...]]
    """Controls that no policy is evidence for, with the types of evidence that they have."""
    policies_without_control: tuple[str, ...]
    unknown_controls: tuple[UnknownControl, ...]
    unknown_policies: tuple[UnknownPolicy, ...]

    @property
    def idle(self) -> list[str]:
        """Policies that judged no record."""
        return [name for name, count in self.matched.items() if not count]

    @property
    def total(self) -> int:
        return sum(self.totals.values())

    @property
    def covered(self) -> int:
        return self.total - sum(map(len, self.uncovered.values()))

    @property
    def share(self) -> Fraction | None:
        """The share of the records that a policy judged; None when there is no record."""
        return Fraction(self.covered, self.total) if self.total else None


def coverage(judged: Catalogue, rule_records: Catalogue, outcomes: Iterable[Outcome]) -> Coverage:
    """How the policies of ``rule_records`` cover the records of ``judged``, of which ``outcomes`` tell."""
    outcomes = list(outcomes)
    counts = Counter(outcome.policy for outcome in outcomes)
    seen = {outcome.record for outcome in outcomes}
    counted = [record for record in judged if record.valid and not is_taken_over(record.data)]
    records = [record.id for record in counted if record.id.kind not in _META_KINDS]
    policies, controls = rule_records.of_kind("Policy"), rule_records.of_kind("Control")
    served = {name for policy in policies for name in policy.spec.get("controls", ())}
    cited = {name for control in controls for name in _policies_of(control)}
    return Coverage(
        matched={policy.name: counts[policy.name] for policy in policies},
        uncovered=_by_kind(record for record in records if record not in seen),
        totals=dict(sorted(Counter(record.kind for record in records).items())),
        controls_without_policy={
            control.name: tuple(sorted({entry["type"] for entry in control.spec.get("evidence", ())}))
            for control in controls
            if control.name not in served
            and not _policies_of(control)
            and control.spec.get("applicability") != "not-applicable"
        },
        policies_without_control=tuple(
            policy.name for policy in policies if not policy.spec.get("controls") and policy.name not in cited
        ),
        unknown_controls=tuple(_unknown_controls(policies, [control.name for control in controls])),
        unknown_policies=tuple(_unknown_policies(controls, [policy.name for policy in policies])),
    )


def _policies_of(control: Record) -> list[str]:
    """The policies that a control names as its evidence."""
    return [entry["policy"] for entry in control.spec.get("evidence", ()) if entry["type"] == "policy"]


def _by_kind(records: Iterable[RecordId]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for record in sorted(records, key=lambda record: (record.kind, record.name)):
        found.setdefault(record.kind, []).append(record.name)
    return {kind: tuple(names) for kind, names in found.items()}


def _unknown_controls(policies: Iterable[Record], known: list[str]) -> Iterable[UnknownControl]:
    for policy in policies:
        for name in policy.spec.get("controls", ()):
            if name not in known:
                yield UnknownControl(policy.name, name, nearest(name, known))


def _unknown_policies(controls: Iterable[Record], known: list[str]) -> Iterable[UnknownPolicy]:
    for control in controls:
        for name in _policies_of(control):
            if name not in known:
                yield UnknownPolicy(control.name, name, nearest(name, known))
