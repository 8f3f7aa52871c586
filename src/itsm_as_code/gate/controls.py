"""How a pull request moves controls: those that it turns from satisfied to not satisfied, and those that it mends.

It is told by the records, by the rules and controls of the base on both sides; what signed evidence, deployments and
the forge show is left aside, for merging does not change it. Only the records that differ are looked at, with those of
which policies say something else. Where an exception comes or goes, the other side is judged whole: it decides. So it
does for a first record, by which a control is assessed at all, and for the last one that goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Final

from itsm_as_code.checks import all_checks
from itsm_as_code.compliance.basis import Basis
from itsm_as_code.compliance.controls import assessed
from itsm_as_code.compliance.known import NOTHING
from itsm_as_code.compliance.results import Assessment, ControlStatus, Shortfall, weakest
from itsm_as_code.findings import RecordId
from itsm_as_code.gate.candidate import Candidate
from itsm_as_code.gate.outline import ControlShift
from itsm_as_code.policies import Outcome
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.validation import Focus, Validation, assess_catalogue

MOST: Final = 5_000
"""Records that are judged to tell how controls stand on the other side; where there are more, it is not told."""
FEW: Final = 50
"""Records among which one may be the first that a control is about; where there are more, another is taken to be."""
_ASIDE: Final = ("gate", "deployments", "forge")
_OF_THE_REQUEST: Final = ("old", "change", "request", "risk")
_PEOPLE: Final = frozenset({"Person", "Team"})


def checks_of_controls(candidate: Candidate) -> set[str]:
    """The checks on which controls rest and that may say something else once the pull request is merged."""
    named = {
        entry["check"]
        for control in candidate.rule_set.catalogue.of_kind("Control")
        for entry in control.spec.get("evidence", ())
        if entry["type"] == "check"
    }
    kinds = {item.kind for item in candidate.touched}
    return {check.rule.id for check in all_checks() if check.rule.id in named and check.may_say_more(kinds)}


@dataclass(frozen=True, slots=True)
class _Moved:
    """A control of which exceptions come, or only go, how it stands with them, and which they are.

    Without exceptions it is one that begins to be assessed, or where it ``is_worse``, that ends to be.
    """

    control: Record
    is_worse: bool
    status: ControlStatus
    exceptions: tuple[Shortfall, ...]


def control_shifts(candidate: Candidate, before: Validation, after: Validation) -> tuple[ControlShift, ...]:
    """The controls that merging moves, what gets worse first; ``before`` and ``after`` have what checks found."""
    rules = candidate.rule_set.catalogue
    controls = [control for control in rules.of_kind("Control") if control.spec.get("evidence")]
    if not controls or not candidate.touched:
        return ()
    about = _about(candidate, before, after)
    told = replace(after, outcomes=tuple(_outcomes(candidate, before, Basis(after, NOTHING, about, rules))))
    old, new = (Basis(side, NOTHING, about, rules) for side in (before, told))
    moved = [item for control in controls for item in _moved(control, assessed(old, control), assessed(new, control))]
    standing: dict[str, Assessment] = {}
    for side, other in ((True, rules), (False, candidate.catalogue)):
        ours = [item for item in moved if _is_judged_on_base(item) is side]
        standing |= _standing(candidate, other, [item.control for item in ours if item.exceptions])
        for item in ours:
            standing |= {} if item.exceptions else _standing(candidate, other, [item.control], FEW)
    return tuple(_told(sorted(moved, key=lambda item: not item.is_worse), standing))


def _is_judged_on_base(item: _Moved) -> bool:
    """True where the side that is judged whole is the base: that without the exceptions, or that not assessed."""
    return item.is_worse is bool(item.exceptions)


def _outcomes(candidate: Candidate, before: Validation, basis: Basis) -> Iterator[Outcome]:
    """What policies say of the candidate; where it may rest on the pull request, what they say without one."""
    was = {(item.policy, item.record): item.status for item in before.outcomes}
    for item in basis.validation.outcomes:
        is_other = item.record in candidate.touched and was.get((item.policy, item.record)) != item.status
        policy = basis.usable.get(item.policy) if is_other else None
        if policy is None or not any(policy.mentions(name) for name in _OF_THE_REQUEST):
            yield item
            continue
        record = candidate.catalogue.records[item.record]
        said = basis.says(record, record.data, candidate.now, {policy.name: policy})
        yield from (Outcome(name, record.id, *verdict) for name, verdict in said.items())


def _moved(control: Record, then: Assessment, now: Assessment) -> Iterator[_Moved]:
    """Where some exceptions come and others go, there are some on both sides, so nothing shifts."""
    come, gone = _beyond(now, then), _beyond(then, now)
    if come and not gone:
        yield _Moved(control, True, _weakest(now, with_exceptions=True), come)
    elif gone and not come:
        yield _Moved(control, False, _weakest(then, with_exceptions=True), gone)
    elif not come:
        before, after = (_weakest(side, with_exceptions=False) for side in (then, now))
        if before is not after and ControlStatus.NOT_ASSESSED in (before, after):
            is_worse = after is ControlStatus.NOT_ASSESSED
            yield _Moved(control, is_worse, before if is_worse else after, ())


def _beyond(some: Assessment, others: Assessment) -> tuple[Shortfall, ...]:
    known = {item.subject for item in others.exceptions}
    return tuple(item for item in some.exceptions if item.subject not in known)


def _weakest(found: Assessment, *, with_exceptions: bool) -> ControlStatus:
    """The status by the evidence that records are, or by that of it which has exceptions."""
    of_records = (item for item in found.evidence if item.type not in _ASIDE)
    told = {item.status for item in of_records if item.exceptions or not (with_exceptions or item.is_idle)}
    return weakest(told | ({ControlStatus.NOT_SATISFIED} if found.undated else set()))


def _told(moved: Sequence[_Moved], standing: Mapping[str, Assessment]) -> Iterator[ControlShift]:
    for item in moved:
        other = standing.get(item.control.name)
        stands = _weakest(other, with_exceptions=False) if other is not None else None
        if (other is not None and other.exceptions) or not (item.exceptions or stands is ControlStatus.NOT_ASSESSED):
            continue  # it has others on both sides
        sides = item.status.value, stands.value if stands is not None else None
        after, before = sides if _is_judged_on_base(item) else reversed(sides)
        clause = f"{item.control.spec['framework']} {item.control.spec['clause']}"
        told = tuple((one.subject, one.message) for one in item.exceptions)
        yield ControlShift(item.control.name, clause, before, after, item.is_worse, told)


def _about(candidate: Candidate, before: Validation, after: Validation) -> frozenset[RecordId]:
    """The records that differ, those of which policies say something else, and those that are judged by them."""
    found = set(candidate.touched)
    said = [{(item.policy, item.record): item.status for item in side.outcomes} for side in (before, after)]
    found |= {record for (policy, record), status in said[1].items() if said[0].get((policy, record)) != status}
    for diff in candidate.diffs:
        if diff.id.kind == "ServiceReview":
            sides = (side for side in (diff.old, diff.new) if side is not None and side.valid)
            found |= {RecordId("Service", side.spec["service"]) for side in sides}
    if not _PEOPLE.isdisjoint(item.kind for item in candidate.touched):
        found |= {record.id for record in after.catalogue.of_kind("Training")}
    return frozenset(found)


def _others(catalogue: Catalogue, entries: Sequence[Mapping[str, Any]], checks: Set[str], kinds: Set[str]) -> int:
    """How many records of other kinds evidence looks at."""
    found = {entry["kind"] for entry in entries if "kind" in entry}
    for check in all_checks():
        if check.rule.id in checks:
            found |= catalogue.registry.kinds.keys() if check.reads is None else check.reads
    return sum(map(catalogue.count, found - kinds))


def _standing(
    candidate: Candidate, catalogue: Catalogue, controls: Sequence[Record], most: int | None = None
) -> Mapping[str, Assessment]:
    """How controls stand by all records of one side; nothing where those are too many."""
    if not controls:
        return {}
    rules, entries = candidate.rule_set, [entry for item in controls for entry in item.spec["evidence"]]
    policies = {entry["policy"] for entry in entries if entry["type"] == "policy"}
    records = [record for record in rules.catalogue.of_kind("Policy") if record.name in policies]
    kinds = {kind for record in records for kind in record.spec["match"]["kinds"]}
    kinds |= {item.spec["population"]["kind"] for item in controls if "population" in item.spec}
    count = sum(map(catalogue.count, kinds))
    checks = {entry["check"] for entry in entries if entry["type"] == "check"}
    if count > MOST or (most is not None and count + _others(catalogue, entries, checks, kinds) > most):
        return {}
    names = [RecordId(kind, name) for kind in sorted(kinds) for name in catalogue.names(kind)]
    base = rules.catalogue
    touched = base.touched if isinstance(base, ChangedCatalogue) else frozenset()
    if catalogue is not base:
        touched |= candidate.touched
        touched |= catalogue.touched if isinstance(catalogue, ChangedCatalogue) else frozenset()
    focus = Focus(frozenset(names), checks, (), touched, candidate.found)
    basis = Basis(assess_catalogue(catalogue, rules, candidate.now, focus=focus), NOTHING, None, base)
    return {control.name: assessed(basis, control) for control in controls}
