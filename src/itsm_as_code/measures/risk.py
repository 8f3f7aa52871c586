"""How risky a change is, worked out from its record and what is known about its services.

The method is a table, so that everybody can see why (``risk_table.py``; an organisation may bring its own in
``itsm.yaml``); ``risk_factors.py`` finds out what it asks for. A level that the record declares can raise the result,
never lower it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from itsm_as_code.measures.beta import Posterior
from itsm_as_code.measures.risk_factors import SOURCES, FactorRule, Proposal, Subject
from itsm_as_code.measures.risk_table import LEVELS, RiskTable, shipped_table
from itsm_as_code.records.facts import Facts

SHIPPED_TABLE: Final = shipped_table()


@dataclass(frozen=True, slots=True)
class Factor:
    """One line of the reckoning: what was looked at, what was found, what it weighs, where it stands."""

    name: str
    dimension: str
    found: str
    points: int
    source: str
    history: Posterior | None = None

    @property
    def value(self) -> str:
        """What was found, for people; a rate with its 95 % credible interval."""
        if self.history is None:
            return self.found
        low, high = self.history.interval()
        expected = f"expected {_percent(self.history.mean)}, 95 % credible {_percent(low)} to {_percent(high)}"
        return f"{self.found} ({expected}; of all {_percent(self.history.prior)})"


@dataclass(frozen=True, slots=True)
class Risk:
    """The risk of a change. ``level`` counts; ``derived`` is what the table gives, ``declared`` what the record has."""

    level: str
    derived: str
    declared: str | None
    likelihood: str
    impact: str
    factors: tuple[Factor, ...]

    def as_data(self) -> dict[str, Any]:
        """What policies see as ``risk``; ``score`` is 0 (low) to 3 (very high)."""
        return {
            "level": self.level,
            "likelihood": self.likelihood,
            "impact": self.impact,
            "score": LEVELS.index(self.level),
        }


def assess(
    change: Mapping[str, Any],
    facts: Facts,
    now: datetime,
    table: RiskTable = SHIPPED_TABLE,
    proposal: Proposal | None = None,
) -> Risk:
    """The risk of a Change, given as record data, at ``now``; ``proposal`` is what the gate knows beside."""
    spec = change["spec"]
    model = facts.spec("ChangeModel", spec.get("model", "")) if spec["type"] == "standard" else {}
    subject = Subject(change, spec, tuple(dict.fromkeys(spec["services"])), model, facts, now, proposal)
    factors = tuple(_factor(subject, side, rule) for side, rules in table.factors.items() for rule in rules)
    bands = {
        side: table.band(side, sum(factor.points for factor in factors if factor.dimension == side))
        for side in table.factors
    }
    derived = table.level(bands["likelihood"], bands["impact"])
    declared = spec.get("risk", {}).get("level")
    level = highest([derived, *([declared] if declared in LEVELS else [])]) or derived
    return Risk(level, derived, declared, bands["likelihood"], bands["impact"], factors)


def highest(levels: Iterable[str]) -> str | None:
    """The gravest of some levels."""
    return max(levels, key=LEVELS.index, default=None)


def _factor(subject: Subject, side: str, rule: FactorRule) -> Factor:
    found = SOURCES[rule.source].read(subject, rule)
    return Factor(rule.name, side, found.text, rule.points(found.value), found.where, found.history)


def _percent(rate: Fraction | float) -> str:
    return f"{float(rate):.0%}".replace("%", " %")
