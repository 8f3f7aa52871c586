"""How risky a change is, worked out from its record and what is known about its services.

The method is a table, so that everybody can see why (``risk_table.py``; an organisation may bring its own in
``itsm.yaml``). This module finds out what the table asks for. A level that the record declares can raise the result,
never lower it. History counts as the success rate of earlier changes to the same services, drawn towards that of all
services where samples are few (``beta.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.clock import Interval
from itsm_as_code.measures.beta import Posterior
from itsm_as_code.measures.risk_table import LEVELS, UNKNOWN, FactorRule, RiskTable, shipped_table
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.records.outcomes import History

PRIOR_WEIGHT: Final = 10
"""How many changes the experience with all services is worth beside that with the services of a change."""
ASSUMED: Final = Fraction(9, 10)
"""The success rate that is assumed before there is any history: change fail rates of around 10 % are ordinary.

Source: DORA, Accelerate State of DevOps Report 2024, change failure rate by performance level (https://dora.dev).
"""
SHIPPED_TABLE: Final = shipped_table()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What only the pull request tells of a change.

    ``proposed`` is when it is proposed or moved to another time, None when that was done earlier; ``fields`` counts
    what the pull request changes beside its Change records.
    """

    proposed: datetime | None
    fields: int


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


@dataclass(frozen=True, slots=True)
class _Subject:
    """A change with all that is known about it."""

    change: Mapping[str, Any]
    spec: Mapping[str, Any]
    services: tuple[str, ...]
    model: Mapping[str, Any]
    facts: Facts
    now: datetime
    proposal: Proposal | None


@dataclass(frozen=True, slots=True)
class _Found:
    """What a source says of a change: a word or a number for the table, the same for people, and where it stands.

    Numbers are rounded down: limits of ranges are whole, so none is crossed by that.
    """

    value: str | int
    text: str
    where: str
    history: Posterior | None = None


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
    subject = _Subject(change, spec, tuple(dict.fromkeys(spec["services"])), model, facts, now, proposal)
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


def _factor(subject: _Subject, side: str, rule: FactorRule) -> Factor:
    found = READERS[rule.source](subject, rule)
    return Factor(rule.name, side, found.text, rule.points(found.value), found.where, found.history)


def _percent(rate: Fraction | float) -> str:
    return f"{float(rate):.0%}".replace("%", " %")


def _type(subject: _Subject, rule: FactorRule) -> _Found:
    return _Found(subject.spec["type"], subject.spec["type"], "/spec/type")


def _difference(subject: _Subject, rule: FactorRule) -> _Found:
    if subject.proposal is None:
        return _Found("no-pull-request", "not judged in a pull request", "pull request")
    count = subject.proposal.fields
    text = f"{count} field{'' if count == 1 else 's'} changed beside the change itself"
    return _Found(count, text, "pull request")


def _test(subject: _Subject, rule: FactorRule) -> _Found:
    test = subject.spec.get("test", {})
    if test.get("passed") is True and test.get("evidence"):
        return _Found("evidenced", "passed, with evidence", "/spec/test")
    if subject.model.get("test"):
        return _Found("by-model", "by the model", f"changes/models ({subject.spec['model']})")
    if test.get("passed") is True:
        return _Found("claimed", "passed, no evidence", "/spec/test")
    return _Found("none", "not passed", "/spec/test")


def _backout(subject: _Subject, rule: FactorRule) -> _Found:
    backout = subject.spec.get("backout", {})
    rehearsed = backout.get("rehearsedOn")
    if rehearsed and clock.parse_date(rehearsed) <= subject.now.date():
        return _Found("rehearsed", f"rehearsed on {rehearsed}", "/spec/backout/rehearsedOn")
    if subject.model.get("backout"):
        return _Found("by-model", "by the model", f"changes/models ({subject.spec['model']})")
    if backout.get("steps"):
        text = f"planned, to be rehearsed on {rehearsed}" if rehearsed else "planned, never rehearsed"
        return _Found("planned", text, "/spec/backout")
    return _Found("none", "none", "/spec/backout")


def _services(subject: _Subject, rule: FactorRule) -> _Found:
    return _Found(len(subject.services), str(len(subject.services)), "/spec/services")


_DAY_IN_NAME: Final = re.compile(r"chg-(\d{4})(\d\d)(\d\d)-", re.ASCII)


def _lead_time(subject: _Subject, rule: FactorRule) -> _Found:
    """From the proposal to the start. What was proposed earlier counts from the day in the record's name."""
    if subject.model:
        return _Found("by-model", "prepared by its model", "/spec/model")
    if subject.spec["type"] == "emergency":
        return _Found("emergency", "cannot wait", "/spec/type")
    try:
        start = clock.parse_instant(subject.spec["schedule"]["start"])
        since = subject.proposal.proposed if subject.proposal else None
        since = since or _raised(subject.change["metadata"]["name"])
    except (KeyError, ValueError):
        return _Found(UNKNOWN, "no schedule, or no day of proposal", "/spec/schedule/start")
    hours = int((start - since).total_seconds() // 3600)
    text = f"{hours // 24} days" if hours >= 48 else f"{hours} hours" if hours >= 0 else "begins before"
    return _Found(hours, f"{text} from {clock.format_instant(since)}", "/spec/schedule/start")


def _raised(name: str) -> datetime:
    match = _DAY_IN_NAME.match(name)
    if match is None:
        raise ValueError("no day in the name")
    return datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)


def _pressure(subject: _Subject, rule: FactorRule) -> _Found:
    """Work and back-out as a share of the window: near all of it there is no time left to think."""
    where, spec = "/spec/schedule", subject.spec
    if subject.model:
        return _Found("by-model", "estimated by its model", "/spec/model")
    needed = spec.get("implementation", {}).get("minutes", 0) + spec.get("backout", {}).get("minutes", 0)
    try:
        window = Interval.parse(spec["schedule"])
    except (KeyError, ValueError):
        return _Found(UNKNOWN, "no schedule", where)
    minutes = int((window.end - window.start).total_seconds() // 60)
    if not needed or not minutes:
        return _Found(UNKNOWN, "duration not estimated", where)
    return _Found(needed * 100 // minutes, f"{needed} of {minutes} minutes", where)


def _service_history(subject: _Subject, rule: FactorRule) -> _Found:
    """The success rate to expect, from earlier changes of these services and, where they are few, of all services.

    The prior is worth ten changes at the rate of the whole organisation, whose own prior is ten changes of which nine
    succeed: one failure among two changes says little, five among ten a lot, and no history at all is no bad sign.
    """
    by_service = subject.facts.changes_by_service
    changes = [change for service in subject.services for change in by_service.get(service, ())]
    return _history(subject, changes, subject.facts.change_history, "of these services")


def _model_history(subject: _Subject, rule: FactorRule) -> _Found:
    """The same for changes by this model, drawn towards the rate of changes by any model."""
    if not subject.model:
        return _Found("no-model", "follows no model", "/spec/model")
    changes = subject.facts.changes_by_model.get(subject.spec["model"], ())
    return _history(subject, changes, subject.facts.model_history, "by this model")


def _history(subject: _Subject, changes: Iterable[Data], of_all: History, what: str) -> _Found:
    """Of what is known now, or was when the change began, where that is over: what came later is no history."""
    moment = min(subject.now, _begun(subject.spec) or subject.now)
    names = {change["metadata"]["name"] for change in changes} - {subject.change["metadata"]["name"]}
    known = subject.facts.change_outcomes
    good, count = History(known[name] for name in names if name in known).at(moment)
    posterior, percent = _expected(good, count, *of_all.at(moment))
    return _Found(percent, f"{good} of {count} earlier changes {what} succeeded", "changes/", posterior)


def _begun(spec: Mapping[str, Any]) -> datetime | None:
    """When a change began that has left planning, as it was agreed; what is still planned cannot date itself back."""
    text = spec.get("schedule", {}).get("start") or spec.get("actual", {}).get("start")
    if spec["status"] in _PLANNED:
        return None
    try:
        return clock.parse_instant(text) if text else None
    except ValueError:
        return None


_PLANNED: Final = ("draft", "proposed", "authorised", "scheduled")


@lru_cache(maxsize=4096)
def _expected(good: int, count: int, good_of_all: int, all_changes: int) -> tuple[Posterior, int]:
    """The posterior of a success rate whose prior is that of all changes, and its mean in whole percent."""
    prior = Posterior(good_of_all, all_changes, ASSUMED, PRIOR_WEIGHT).mean
    posterior = Posterior(good, count, prior, PRIOR_WEIGHT)
    return posterior, int(posterior.mean * 100)


def _tier(subject: _Subject, rule: FactorRule) -> _Found:
    tiers = {name: subject.facts.spec("Service", name).get("tier", 1) for name in subject.services}
    first = min(tiers, key=lambda name: (tiers[name], name))
    return _Found(tiers[first], f"tier {tiers[first]} ({first})", f"services/{first}")


def _blast_radius(subject: _Subject, rule: FactorRule) -> _Found:
    by_distance = subject.facts.graph.radius(*subject.services)
    weight = sum(rule.weight(distance) * count for distance, count in by_distance.items())
    many = sum(by_distance.values())
    text = "no service fails with them" if not many else f"{many} service{'s fail' if many > 1 else ' fails'} with them"
    if many:
        steps = ", ".join(f"{count} at distance {distance}" for distance, count in sorted(by_distance.items()))
        text += f" ({steps}; weight {weight})"
    return _Found(weight, text, "dependsOn of services")


_DATA_RANK: Final = {"public": 0, "internal": 1, "confidential": 2, "not-stated": 3, "secret": 4}


def _data(subject: _Subject, rule: FactorRule) -> _Found:
    facts = subject.facts
    stated = [facts.spec("Service", name).get("security", {}).get("dataClassification") for name in subject.services]
    word = max((item if item in _DATA_RANK else "not-stated" for item in stated), key=_DATA_RANK.__getitem__)
    return _Found(word, word.replace("-", " "), "/spec/security/dataClassification of services")


def _outage(subject: _Subject, rule: FactorRule) -> _Found:
    outage = subject.spec.get("outage", {}).get("expected", "none")
    return _Found(outage, outage, "/spec/outage")


READERS: Final[Mapping[str, Callable[[_Subject, FactorRule], _Found]]] = {
    "type": _type,
    "difference": _difference,
    "test": _test,
    "back-out": _backout,
    "services": _services,
    "lead-time": _lead_time,
    "pressure": _pressure,
    "service-history": _service_history,
    "model-history": _model_history,
    "tier": _tier,
    "blast-radius": _blast_radius,
    "data": _data,
    "outage": _outage,
}
"""For each source of the table, who finds out what it says."""
