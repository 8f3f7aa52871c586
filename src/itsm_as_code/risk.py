"""How risky a change is, worked out from its record and what is known about its services.

The method is a table, so that everybody can see why: each factor gives points, the points of likelihood and of
impact fall into bands, and a matrix of the two bands gives the level. A level that the record declares can raise
the result, never lower it. History counts as the success rate of earlier changes to the same services, drawn towards
that of all services where samples are few (the mean of a Beta posterior; Gelman et al., Bayesian Data Analysis, 2013,
ch. 2.4 and 5.3). The bands and points are this project's own first table.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.clock import Interval
from itsm_as_code.records.facts import Facts

LEVELS: Final = ("low", "medium", "high", "very-high")
_BANDS: Final = (3, 6, 9)
"""Points 0-2 are low, 3-5 medium, 6-8 high, 9 and more very high: every sum falls into exactly one band."""

MATRIX: Final = (
    # likelihood low, medium, high, very high        impact:
    ("low", "low", "medium", "medium"),  # low
    ("low", "medium", "medium", "high"),  # medium
    ("medium", "medium", "high", "very-high"),  # high
    ("medium", "high", "very-high", "very-high"),  # very high
)

_PRIOR: Final = 10
"""How many changes the experience with all services is worth beside that with the services of a change."""
_ASSUMED: Final = 0.9
"""The success rate that is assumed before there is any history: change fail rates of around 10 % are ordinary.

Source: DORA, Accelerate State of DevOps Report 2024, change failure rate by performance level (https://dora.dev).
"""


@dataclass(frozen=True, slots=True)
class Factor:
    """One line of the reckoning: what was looked at, what was found, what it weighs, where it stands."""

    name: str
    dimension: str
    value: str
    points: int
    source: str


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


def band(points: int) -> str:
    """The band that a sum of points falls into."""
    return LEVELS[bisect_right(_BANDS, points)]


def highest(levels: list[str]) -> str | None:
    """The gravest of some levels."""
    return max(levels, key=LEVELS.index) if levels else None


def assess(change: Mapping[str, Any], facts: Facts) -> Risk:
    """The risk of a Change, given as record data."""
    spec = change["spec"]
    services = list(dict.fromkeys(spec["services"]))
    factors = (*_likelihood(change, spec, services, facts), *_impact(spec, services, facts))
    likelihood = band(sum(factor.points for factor in factors if factor.dimension == "likelihood"))
    impact = band(sum(factor.points for factor in factors if factor.dimension == "impact"))
    derived = MATRIX[LEVELS.index(impact)][LEVELS.index(likelihood)]
    declared = spec.get("risk", {}).get("level")
    level = highest([derived, *([declared] if declared in LEVELS else [])]) or derived
    return Risk(level, derived, declared, likelihood, impact, factors)


def _likelihood(change: Mapping[str, Any], spec: Mapping[str, Any], services: list[str], facts: Facts) -> list[Factor]:
    model = facts.spec("ChangeModel", spec.get("model", "")) if spec["type"] == "standard" else {}
    kind = {"standard": 0, "normal": 1, "emergency": 3}[spec["type"]]
    count = len(services)
    return [
        Factor("type of change", "likelihood", spec["type"], kind, "/spec/type"),
        _test_factor(spec, model),
        _backout_factor(spec, model),
        Factor(
            "services changed at once",
            "likelihood",
            str(count),
            0 if count == 1 else 1 if count <= 3 else 2,
            "/spec/services",
        ),
        _pressure_factor(spec),
        _history_factor(change, services, facts),
    ]


def _test_factor(spec: Mapping[str, Any], model: Mapping[str, Any]) -> Factor:
    test = spec.get("test", {})
    if test.get("passed") is True and test.get("evidence"):
        return Factor("test", "likelihood", "passed, with evidence", 0, "/spec/test")
    if model.get("test") or test.get("passed") is True:
        return Factor(
            "test", "likelihood", "by the model" if model.get("test") else "passed, no evidence", 1, "/spec/test"
        )
    return Factor("test", "likelihood", "not passed", 2, "/spec/test")


def _backout_factor(spec: Mapping[str, Any], model: Mapping[str, Any]) -> Factor:
    backout = spec.get("backout", {})
    if backout.get("rehearsedOn"):
        return Factor(
            "back-out", "likelihood", f"rehearsed on {backout['rehearsedOn']}", 0, "/spec/backout/rehearsedOn"
        )
    if model.get("backout"):
        return Factor("back-out", "likelihood", "by the model", 0, "/spec/model")
    if backout.get("steps"):
        return Factor("back-out", "likelihood", "planned, never rehearsed", 1, "/spec/backout")
    return Factor("back-out", "likelihood", "none", 2, "/spec/backout")


def _pressure_factor(spec: Mapping[str, Any]) -> Factor:
    """Work and back-out as a share of the window: over 80 % there is no time left to think."""
    needed = spec.get("implementation", {}).get("minutes", 0) + spec.get("backout", {}).get("minutes", 0)
    try:
        window = Interval.parse(spec["schedule"])
    except (KeyError, ValueError):
        return Factor("schedule pressure", "likelihood", "no schedule", 1, "/spec/schedule")
    minutes = int((window.end - window.start).total_seconds() // 60)
    if needed == 0:
        return Factor("schedule pressure", "likelihood", "duration not estimated", 0, "/spec/schedule")
    tight = needed * 10 > minutes * 8
    return Factor("schedule pressure", "likelihood", f"{needed} of {minutes} minutes", int(tight), "/spec/schedule")


def _history_factor(change: Mapping[str, Any], services: list[str], facts: Facts) -> Factor:
    """The success rate to expect, from earlier changes of these services and, where they are few, of all services.

    The prior is worth ten changes at the rate of the whole organisation, whose own prior is ten changes of which nine
    succeed: one failure among two changes says little, five among ten a lot, and no history at all is no bad sign.
    """
    seen: dict[str, bool] = {}
    for service in services:
        seen |= facts.change_results.get(service, {})
    seen.pop(change["metadata"]["name"], None)
    good, count = sum(seen.values()), len(seen)
    good_of_all, all_changes = facts.change_success
    overall = (good_of_all + _PRIOR * _ASSUMED) / (all_changes + _PRIOR)
    expected = (good + _PRIOR * overall) / (count + _PRIOR)
    points = 0 if expected >= 0.9 else 1 if expected >= 0.75 else 2
    value = f"{good} of {count} earlier changes succeeded (expected {expected:.0%}; of all services {overall:.0%})"
    return Factor("history of the services", "likelihood", value, points, "changes/")


def _impact(spec: Mapping[str, Any], services: list[str], facts: Facts) -> list[Factor]:
    tiers = {name: facts.spec("Service", name).get("tier", 1) for name in services}
    first = min(tiers, key=lambda name: (tiers[name], name))
    radius = facts.graph.blast_radius(*services)
    classes = [facts.spec("Service", name).get("security", {}).get("dataClassification") for name in services]
    weights = {"public": 0, "internal": 0, "confidential": 1, "secret": 2}
    data = max((str(name) for name in classes if name), key=lambda name: weights.get(name, 0), default="not stated")
    outage = spec.get("outage", {}).get("expected", "none")
    return [
        Factor(
            "highest tier", "impact", f"tier {tiers[first]} ({first})", max(0, 4 - tiers[first]), f"services/{first}"
        ),
        Factor(
            "blast radius",
            "impact",
            f"{radius} services fail with them" if radius != 1 else "1 service fails with them",
            bisect_right((1, 6, 16), radius),
            "dependsOn of services",
        ),
        Factor("data", "impact", data, weights.get(data, 1), "/spec/security/dataClassification of services"),
        Factor("expected outage", "impact", outage, {"none": 0, "degraded": 1, "full": 2}[outage], "/spec/outage"),
    ]
