"""Credits due: what agreements owe for objectives that were missed, by what was attained.

A penalty with a figure (``worseThan``) is due where what was attained is worse; of several for one objective only the
gravest is. One that has its condition in words alone is to be judged by people where the objective was missed. What is
a share of the charge stays a share: what is charged for a period is no matter of records.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.attainment import Attainment
from itsm_as_code.service_levels.figures import is_met
from itsm_as_code.service_levels.overview import Line, Overview

DUE: Final = "due"
JUDGE: Final = "judge"
NONE: Final = "none"
NO_DATA: Final = "no-data"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Credit:
    """One penalty of an agreement, by what was attained of an objective: ``due``, to ``judge``, ``none`` or
    ``no-data``; ``unknown`` where it could not be computed."""

    line: Line
    penalty: Data
    state: str


def credits_of(facts: Facts, overview: Overview) -> Iterator[Credit]:
    """What each agreement owes for the windows of an overview, in its order."""
    for line in overview.lines:
        penalties = [
            penalty
            for penalty in facts.spec("ServiceLevelAgreement", line.agreement).get("penalties", ())
            if penalty.get("objective", line.objective["name"]) == line.objective["name"]
        ]
        found = [Credit(line, penalty, _state(line, penalty)) for penalty in penalties]
        due = [one for one in found if one.state == DUE]
        gravest = max(due, key=_gravity) if due else None
        yield from (one if one.state != DUE or one is gravest else Credit(line, one.penalty, NONE) for one in found)


def _gravity(credit: Credit) -> tuple[Fraction, Fraction, Fraction]:
    """The larger share, then the larger amount, then the figure that is further from the target."""
    penalty = credit.penalty
    amount = Fraction(penalty["amount"]["amount"]) if "amount" in penalty else Fraction(0)
    target = Fraction(credit.line.objective["target"])
    return Fraction(penalty.get("creditPercent", 0)), amount, abs(Fraction(penalty["worseThan"]) - target)


def _state(line: Line, penalty: Data) -> str:
    if line.problem:
        return UNKNOWN
    met = None if line.found is None else is_met(line.found)
    if met is None or line.found is None or line.found.attained is None:
        return NO_DATA
    if "worseThan" not in penalty:
        return NONE if met else JUDGE
    attained = line.found.attained * (100 if isinstance(line.found, Attainment) else 1)
    figure = Fraction(penalty["worseThan"])
    worse = attained < figure if line.objective["comparison"] == "at-least" else attained > figure
    return DUE if worse else NONE  # by the exact figure, never by what is shown of it
