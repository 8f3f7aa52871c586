"""What a pull request does to the availabilities that agreements promise: base then, candidate now.

Only services are looked at that are reached from what was touched: those whose dependencies, flows, capacity or
agreements differ, and all that need one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from itsm_as_code.gate.candidate import Candidate
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.records.diff import RecordDiff
from itsm_as_code.service_levels import Feasibility
from itsm_as_code.service_levels.what_if import Shift, kept_text, shifts

_ABOUT: Final = {
    "Service": ("dependsOn", "capacity"),
    "ServiceLevelAgreement": ("service", "type", "objectives", "effective"),
}
MOST: Final = 200
"""Services of which promises are composed, the nearest first; what cannot be kept is told of all by a check."""


def promise_shifts(candidate: Candidate) -> tuple[Shift, ...]:
    """The promises of which the pull request changes what can be kept, or that it makes; the worst come first."""
    touched = dict.fromkeys(name for diff in candidate.diffs for name in _touched(diff))
    if not touched:
        return ()
    sides = (candidate.base_facts, candidate.facts)
    reached = dict.fromkeys(touched)
    for facts in sides:
        reached.update(dict.fromkeys(facts.graph.dependents(*touched)))
    services, day = tuple(reached)[:MOST], utc_day(candidate.now)
    before, after = (Feasibility(facts, day, services) for facts in sides)
    agreements = {diff.id.name for diff in candidate.diffs if diff.id.kind == "ServiceLevelAgreement"}
    found = (
        shift
        for shift in shifts(before, after, services)
        if shift.moves or (shift.promise.agreement in agreements and not shift.possible)
    )
    return tuple(sorted(found, key=lambda one: (one.after.normal - one.promised, one.promise.agreement)))


def _touched(diff: RecordDiff) -> Iterator[str]:
    """The services whose promises a difference may move, with what they rest on."""
    fields = _ABOUT.get(diff.id.kind, ())
    sides = [side for side in (diff.old, diff.new) if side is not None and side.valid]
    about = [{field: side.spec.get(field) for field in fields} for side in sides]
    if not fields or (len(about) == 2 and about[0] == about[1]):
        return
    for side in sides:
        if diff.id.kind == "ServiceLevelAgreement":
            yield side.spec["service"]
            continue
        yield diff.id.name
        for dependency in side.spec.get("dependsOn", ()):
            if "flows" in dependency:
                yield dependency["service"]


def as_data(shift: Shift) -> dict[str, Any]:
    """For policies: shares as numbers in percent; None for what was not there before."""
    before, after = shift.before, shift.after
    return {
        "agreement": shift.promise.agreement,
        "service": shift.promise.service,
        "promised": float(shift.promised * 100),
        "before": float(before.normal * 100) if before else None,
        "after": float(after.normal * 100),
        "beforeAtPeak": float(before.peak * 100) if before else None,
        "afterAtPeak": float(after.peak * 100),
        "possible": shift.possible,
    }


def as_evidence(shift: Shift) -> dict[str, Any]:
    """For evidence: shares as decimal strings in percent."""
    data: dict[str, Any] = as_data(shift)
    for side, kept in (("before", shift.before), ("after", shift.after)):
        for name, share in ((side, kept.normal), (f"{side}AtPeak", kept.peak)) if kept else ():
            data[name] = kept_text(share, shift.promised)
    return {**data, "promised": shift.promise.text}
