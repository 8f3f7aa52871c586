"""The options of a business case can be compared, and the chosen one is among them.

Options have names of their own, a year stands once in each, and no year lies beyond the horizon, for what is left out
of one option and counted in another decides the comparison. Source: ITIL 4, portfolio management and service financial
management practices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem, did_you_mean
from itsm_as_code.records.facts import Facts

TITLE = "The options of a business case can be compared"
SEVERITY = "error"
WAIVABLE = True
READS = ("BusinessCase",)
OWN = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for case in facts.records("BusinessCase"):
        for problem in _problems(case["spec"]):
            yield ("BusinessCase", case["metadata"]["name"]), problem


def _problems(spec: dict[str, Any]) -> Iterator[Problem]:
    horizon = spec.get("horizonYears")
    names: set[str] = set()
    for index, option in enumerate(spec.get("options", ())):
        at = ("spec", "options", index)
        if option["name"] in names:
            yield Problem(f"there is an option '{option['name']}' already", (*at, "name"), "give it another name")
        names.add(option["name"])
        years: set[int] = set()
        for flow_index, flow in enumerate(option["cashFlows"]):
            where = (*at, "cashFlows", flow_index, "year")
            if flow["year"] in years:
                yield Problem(f"year {flow['year']} stands in it twice", where, "add them up")
            years.add(flow["year"])
            if horizon is not None and flow["year"] > horizon:
                message = f"year {flow['year']} lies beyond the horizon of {horizon} years"
                yield Problem(message, where, "extend the horizon for all options, or leave it out")
    if "chosen" in spec and spec["chosen"] not in names:
        remedy = did_you_mean(spec["chosen"], names) or "name one of the options"
        yield Problem(f"no option is named '{spec['chosen']}'", ("spec", "chosen"), remedy)
