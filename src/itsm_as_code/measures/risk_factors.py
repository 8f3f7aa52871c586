"""What is looked at in a change to tell its risk: each factor with its side, what can be found, and its points.

A factor is one function: its decorator is its line of the table that a repository has which brings none, and what it
finds is what the table gives points for. History counts as the success rate of earlier changes to the same services,
drawn towards that of all services where samples are few (``beta.py``).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.clock import Interval
from itsm_as_code.measures.beta import Posterior
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.outcomes import History, Outcome

UNKNOWN: Final = "unknown"
PRIOR_WEIGHT: Final = 10
"""How many changes the experience with all services is worth beside that with the services of a change."""
ASSUMED: Final = Fraction(9, 10)
"""The success rate that is assumed before there is any history: change fail rates of around 10 % are ordinary.

Source: DORA, Accelerate State of DevOps Report 2024, change failure rate by performance level (https://dora.dev).
"""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What only the pull request tells of a change.

    ``proposed`` is when it is proposed or moved to another time, None when that was done earlier; ``fields`` counts
    what the pull request changes beside its Change records.
    """

    proposed: datetime | None
    fields: int


@dataclass(frozen=True, slots=True)
class FactorRule:
    """One line of the table. ``limits`` are the upper ends of the ranges but the last, ``steps`` their points."""

    name: str
    source: str
    values: Mapping[str, int]
    limits: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()
    weights: tuple[int, ...] = (1,)

    def points(self, found: str | int) -> int:
        """The points for a word or a number."""
        return self.values[found] if isinstance(found, str) else self.steps[bisect_right(self.limits, found)]

    def weight(self, distance: int) -> int:
        """What a service at that distance weighs; the last weight holds for all that are further away."""
        return self.weights[min(distance, len(self.weights)) - 1]


@dataclass(frozen=True, slots=True)
class Subject:
    """A change with all that is known about it."""

    change: Mapping[str, Any]
    spec: Mapping[str, Any]
    services: tuple[str, ...]
    model: Mapping[str, Any]
    facts: Facts
    now: datetime
    proposal: Proposal | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a source says of a change: a word or a number for the table, the same for people, and where it stands.

    Numbers are rounded down: limits of ranges are whole, so none is crossed by that.
    """

    value: str | int
    text: str
    where: str
    history: Posterior | None = None


_Read = Callable[[Subject, FactorRule], Found]


@dataclass(frozen=True, slots=True)
class Source:
    """What a factor can look at, and what can be found there: words, numbers of a unit, or both.

    Each of ``chains`` lists words from the best to the worst. ``rising`` says that the greater number is the worse.
    ``shipped`` is its factor in the shipped table, as ``itsm.yaml`` would write it.
    """

    side: str
    read: _Read
    chains: tuple[tuple[str, ...], ...]
    unit: str
    rising: bool
    shipped: Mapping[str, Any]

    @property
    def words(self) -> tuple[str, ...]:
        """All words that can be found, those in a chain first."""
        in_chains = (word for chain in self.chains for word in chain)
        return tuple(dict.fromkeys([*in_chains, *self.shipped.get("values", ())]))


SOURCES: Final[dict[str, Source]] = {}
"""Everything that a factor can look at. Where a word stands for not knowing, it never gives less than knowing."""
_REST: Final = None


def _factor(
    source: str,
    side: str,
    name: str,
    *chains: str,
    unit: str = "",
    ranges: Mapping[int | None, int] | None = None,
    **more: Any,
) -> Callable[[_Read], _Read]:
    """Enters the function that finds out what a source says, with its factor in the shipped table.

    ``ranges`` gives points to what is below each number, and to the rest.
    """
    shipped: dict[str, Any] = {"name": name, "source": source, **more}
    if ranges:
        shipped["ranges"] = [
            {"points": points} if below is _REST else {"below": below, "points": points}
            for below, points in ranges.items()
        ]
    steps = list((ranges or {_REST: 0}).values())
    rising = steps == sorted(steps)
    words = tuple(tuple(chain.split()) for chain in chains)

    def enter(read: _Read) -> _Read:
        SOURCES[source] = Source(side, read, words, unit, rising, shipped)
        return read

    return enter


@_factor(
    "type",
    "likelihood",
    "type of change",
    "standard normal emergency",
    values={"standard": 0, "normal": 1, "emergency": 3},
)
def _type(subject: Subject, rule: FactorRule) -> Found:
    return Found(subject.spec["type"], subject.spec["type"], "/spec/type")


@_factor(
    "difference",
    "likelihood",
    "size of the difference",
    unit="fields",
    ranges={21: 0, 101: 1, _REST: 2},
    values={"no-pull-request": 0},
)
def _difference(subject: Subject, rule: FactorRule) -> Found:
    if subject.proposal is None:
        return Found("no-pull-request", "not judged in a pull request", "pull request")
    count = subject.proposal.fields
    text = f"{count} field{'' if count == 1 else 's'} changed beside the change itself"
    return Found(count, text, "pull request")


@_factor(
    "test",
    "likelihood",
    "test",
    "evidenced claimed none",
    "by-model none",
    values={"evidenced": 0, "by-model": 1, "claimed": 1, "none": 2},
)
def _test(subject: Subject, rule: FactorRule) -> Found:
    test = subject.spec.get("test", {})
    if test.get("passed") is True and test.get("evidence"):
        return Found("evidenced", "passed, with evidence", "/spec/test")
    if subject.model.get("test"):
        return Found("by-model", "by the model", f"changes/models ({subject.spec['model']})")
    if test.get("passed") is True:
        return Found("claimed", "passed, no evidence", "/spec/test")
    return Found("none", "not passed", "/spec/test")


@_factor(
    "back-out",
    "likelihood",
    "back-out",
    "rehearsed planned none",
    "by-model planned none",
    values={"rehearsed": 0, "by-model": 0, "planned": 1, "none": 2},
)
def _backout(subject: Subject, rule: FactorRule) -> Found:
    backout = subject.spec.get("backout", {})
    rehearsed = backout.get("rehearsedOn")
    if rehearsed and clock.parse_date(rehearsed) <= subject.now.date():
        return Found("rehearsed", f"rehearsed on {rehearsed}", "/spec/backout/rehearsedOn")
    if subject.model.get("backout"):
        return Found("by-model", "by the model", f"changes/models ({subject.spec['model']})")
    if backout.get("steps"):
        text = f"planned, to be rehearsed on {rehearsed}" if rehearsed else "planned, never rehearsed"
        return Found("planned", text, "/spec/backout")
    return Found("none", "none", "/spec/backout")


@_factor("services", "likelihood", "services changed at once", unit="services", ranges={2: 0, 4: 1, _REST: 2})
def _services(subject: Subject, rule: FactorRule) -> Found:
    return Found(len(subject.services), str(len(subject.services)), "/spec/services")


_DAY_IN_NAME: Final = re.compile(r"chg-(\d{4})(\d\d)(\d\d)-", re.ASCII)


@_factor(
    "lead-time",
    "likelihood",
    "lead time",
    unit="hours",
    ranges={24: 1, _REST: 0},
    values={"by-model": 0, "emergency": 0, "unknown": 1},
)
def _lead_time(subject: Subject, rule: FactorRule) -> Found:
    """From the proposal to the start. What was proposed earlier counts from the day in the record's name."""
    if subject.model:
        return Found("by-model", "prepared by its model", "/spec/model")
    if subject.spec["type"] == "emergency":
        return Found("emergency", "cannot wait", "/spec/type")
    try:
        start = clock.parse_instant(subject.spec["schedule"]["start"])
        since = subject.proposal.proposed if subject.proposal else None
        since = since or raised(subject.change["metadata"]["name"])
    except (KeyError, ValueError):
        return Found(UNKNOWN, "no schedule, or no day of proposal", "/spec/schedule/start")
    hours = int((start - since).total_seconds() // 3600)
    text = f"{hours // 24} days" if hours >= 48 else f"{hours} hours" if hours >= 0 else "begins before"
    return Found(hours, f"{text} from {clock.format_instant(since)}", "/spec/schedule/start")


def raised(name: str) -> datetime:
    """The beginning (UTC) of the day in the name of a change, on which it was proposed; ValueError without one."""
    match = _DAY_IN_NAME.match(name)
    if match is None:
        raise ValueError("no day in the name")
    return datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)


@_factor(
    "pressure",
    "likelihood",
    "schedule pressure",
    unit="percent",
    ranges={81: 0, _REST: 1},
    values={"by-model": 0, "unknown": 1},
)
def _pressure(subject: Subject, rule: FactorRule) -> Found:
    """Work and back-out as a share of the window: near all of it there is no time left to think."""
    where, spec = "/spec/schedule", subject.spec
    if subject.model:
        return Found("by-model", "estimated by its model", "/spec/model")
    needed = spec.get("implementation", {}).get("minutes", 0) + spec.get("backout", {}).get("minutes", 0)
    try:
        window = Interval.parse(spec["schedule"])
    except (KeyError, ValueError):
        return Found(UNKNOWN, "no schedule", where)
    minutes = int((window.end - window.start).total_seconds() // 60)
    if not needed or not minutes:
        return Found(UNKNOWN, "duration not estimated", where)
    return Found(needed * 100 // minutes, f"{needed} of {minutes} minutes", where)


@_factor("service-history", "likelihood", "history of the services", unit="percent", ranges={75: 2, 90: 1, _REST: 0})
def _service_history(subject: Subject, rule: FactorRule) -> Found:
    """The success rate to expect, from earlier changes of these services and, where they are few, of all services.

    The prior is worth ten changes at the rate of the whole organisation, whose own prior is ten changes of which nine
    succeed: one failure among two changes says little, five among ten a lot, and no history at all is no bad sign.
    """
    by_service = subject.facts.outcomes_by_service
    ended = [by_service.get(service, {}) for service in subject.services]
    return _history(subject, ended, subject.facts.change_history, "of these services")


@_factor(
    "model-history",
    "likelihood",
    "history of the model",
    unit="percent",
    ranges={70: 2, 85: 1, _REST: 0},
    values={"no-model": 0},
)
def _model_history(subject: Subject, rule: FactorRule) -> Found:
    """The same for changes by this model, drawn towards the rate of changes by any model."""
    if not subject.model:
        return Found("no-model", "follows no model", "/spec/model")
    ended = subject.facts.outcomes_by_model.get(subject.spec["model"], {})
    return _history(subject, [ended], subject.facts.model_history, "by this model")


def _history(subject: Subject, ended: Iterable[Mapping[str, Outcome]], of_all: History, what: str) -> Found:
    """Of what is known now, or was when the change began, where that is over: what came later is no history."""
    moment = min(subject.now, _begun(subject.spec) or subject.now)
    known = {name: outcome for outcomes in ended for name, outcome in outcomes.items()}
    known.pop(subject.change["metadata"]["name"], None)
    good, count = History(known.values()).at(moment)
    posterior, percent = _expected(good, count, *of_all.at(moment))
    return Found(percent, f"{good} of {count} earlier changes {what} succeeded", "changes/", posterior)


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


@_factor("tier", "impact", "highest tier", unit="tier", ranges={2: 3, 3: 2, 4: 1, _REST: 0})
def _tier(subject: Subject, rule: FactorRule) -> Found:
    tiers = {name: subject.facts.spec("Service", name).get("tier", 1) for name in subject.services}
    first = min(tiers, key=lambda name: (tiers[name], name))
    return Found(tiers[first], f"tier {tiers[first]} ({first})", f"services/{first}")


@_factor(
    "blast-radius",
    "impact",
    "blast radius",
    unit="weight of services",
    ranges={1: 0, 13: 1, 33: 2, _REST: 3},
    weights=[3, 2, 1],
)
def _blast_radius(subject: Subject, rule: FactorRule) -> Found:
    by_distance = subject.facts.graph.radius(*subject.services)
    weight = sum(rule.weight(distance) * count for distance, count in by_distance.items())
    many = sum(by_distance.values())
    text = "no service fails with them" if not many else f"{many} service{'s fail' if many > 1 else ' fails'} with them"
    if many:
        steps = ", ".join(f"{count} at distance {distance}" for distance, count in sorted(by_distance.items()))
        text += f" ({steps}; weight {weight})"
    return Found(weight, text, "dependsOn of services")


@_factor(
    "data",
    "impact",
    "data",
    "public internal confidential not-stated secret",
    values={"public": 0, "internal": 0, "confidential": 1, "not-stated": 1, "secret": 2},
)
def _data(subject: Subject, rule: FactorRule) -> Found:
    facts, (classes,) = subject.facts, SOURCES["data"].chains
    stated = [facts.spec("Service", name).get("security", {}).get("dataClassification") for name in subject.services]
    word = max((item if item in classes else "not-stated" for item in stated), key=classes.index)
    return Found(word, word.replace("-", " "), "/spec/security/dataClassification of services")


@_factor("outage", "impact", "expected outage", "none degraded full", values={"none": 0, "degraded": 1, "full": 2})
def _outage(subject: Subject, rule: FactorRule) -> Found:
    outage = subject.spec.get("outage", {}).get("expected", "none")
    return Found(outage, outage, "/spec/outage")
