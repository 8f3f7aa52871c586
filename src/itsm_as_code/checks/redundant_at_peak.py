"""Members of a redundancy group carry the peak of all when one of them is lost.

A group is redundant for a measure of capacity only where the rest carries the peak of the whole (N-1); otherwise the
service fails at peak with the first member, whatever the availabilities of each compose to. Add capacity to the
others, ask less of them at peak, or state with `flows` what does not move there because its service has no other.
Source: ITIL 4, capacity and performance management practice; ISO/IEC 20000-1:2018 clauses 8.4.3 and 8.7.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.measures.numbers import quantity, rounded
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels.redundancy import PEAK, Redundancy, Shortfall, groups_of

TITLE = "A redundancy group is redundant at peak"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Service",)


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    users: dict[tuple[str, ...], dict[str, None]] = {}
    for service in facts.services_with("redundancyGroup"):
        if service["spec"]["lifecycle"] == "live":
            for members in groups_of(service).values():
                users.setdefault(tuple(sorted(members)), {})[service["metadata"]["name"]] = None
    redundancy = Redundancy(facts, PEAK)
    for members, services in sorted(users.items()):
        for shortfall in redundancy.shortfalls(members):
            yield ("Service", shortfall.lost), _problem(facts, shortfall, list(services))


def _problem(facts: Facts, found: Shortfall, services: list[str]) -> Problem:
    more = f" and {len(services) - 1} more" if len(services) > 1 else ""
    message = (
        f"{found.measure}: when {found.lost} is lost, {' and '.join(found.rest)} can carry {quantity(found.limit)} of "
        f"{quantity(found.load)} {found.unit} ({rounded(found.share * 100, 1)} percent): not redundant at peak, "
        f"for {services[0]}{more}"
    )
    measures = facts.spec("Service", found.lost)["capacity"]
    index = next(at for at, one in enumerate(measures) if (one["measure"], one["unit"]) == (found.measure, found.unit))
    remedy = f"add capacity to {' or '.join(found.rest)}, or ask less of the group at peak"
    return Problem(message, ("spec", "capacity", index, "peak"), remedy)
