"""What services ask of another agrees with what that one says it carries.

A flow names a measure of the capacity of the service that is asked, is not larger normally than at peak, and all flows
together are not more than the load that the other one states, at normal load and at peak. Correct the flow, or the
capacity of the service that is asked. Source: ISO/IEC 20000-1:2018 clause 8.4.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Pointer, Problem, did_you_mean
from itsm_as_code.measures.numbers import quantity
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.redundancy import NORMAL, PEAK, asked_services, flows_to

TITLE = "Flows agree with the capacity of what is asked"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Service",)


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    named = {service["metadata"]["name"] for service in facts.services_with("flows")}.union(asked_services(facts))
    for name in sorted(named):
        service, subject = facts.record("Service", name), ("Service", name)
        if service is None:
            continue
        for at, dependency in enumerate(service["spec"].get("dependsOn", ())):
            target = facts.record("Service", dependency["service"])
            for index, flow in enumerate(dependency.get("flows", ())):
                problem = target and _problem(flow, target, ("spec", "dependsOn", at, "flows", index))
                if problem:
                    yield subject, problem
        for index, measure in enumerate(service["spec"].get("capacity", ())):
            for level in (NORMAL, PEAK):
                flows = [flow for flow in flows_to(facts, subject[1]) if flow.measure == measure["measure"]]
                total = sum((flow.at(level) for flow in flows), Fraction(0))
                if level in measure and total > Fraction(measure[level]):
                    message = (
                        f"{measure['measure']}: services ask for {quantity(total)} in all, {level} is {measure[level]}"
                    )
                    yield subject, Problem(message, ("spec", "capacity", index, level), "correct it, or their flows")


def _problem(flow: Data, target: Data, at: Pointer) -> Problem | None:
    known = [measure["measure"] for measure in target["spec"].get("capacity", ())]
    if flow["measure"] not in known:
        remedy = did_you_mean(flow["measure"], known) or f"known: {', '.join(known) or 'none'}"
        return Problem(
            f"{target['metadata']['name']} states no capacity for '{flow['measure']}'", (*at, "measure"), remedy
        )
    if "normal" in flow and "peak" in flow and Fraction(flow["normal"]) > Fraction(flow["peak"]):
        message = f"{flow['measure']}: normal is {flow['normal']}, above the peak of {flow['peak']}"
        return Problem(message, (*at, "normal"), "correct either of them")
    return None
