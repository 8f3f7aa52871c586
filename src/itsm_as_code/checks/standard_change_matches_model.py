"""A standard change is what its model pre-authorises, and nothing else.

Pre-authorisation holds for the model's services, its fixed values, its highest risk and outage, and until it expires;
a suspended model pre-authorises nothing. A change that does not fit is a normal change.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from itsm_as_code import clock
from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem, parse_pointer
from itsm_as_code.measures.risk import assess
from itsm_as_code.measures.risk_table import LEVELS
from itsm_as_code.records.catalogue import get
from itsm_as_code.records.diff import covers, diff_data
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.writer import in_line

TITLE = "A standard change matches its model"
SEVERITY = "error"
WAIVABLE = False
READS = ("Calendar", "Change", "ChangeModel", "Incident", "Service", "ServiceLevelAgreement")
_OUTAGES = ("none", "degraded", "full")
_ORDINARY = frozenset(
    {"type", "model", "services", "requester", "implementers", "summary", "justification", "risk", "schedule", "actual"}
    | {"outage", "communication", "incident", "problem", "release", "validation", "status", "result", "review"}
)
"""Fields that every change has, whatever its model says of the work itself."""


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for change in facts.changes_to_come:
        spec = change["spec"]
        if spec["type"] != "standard":
            continue
        model = facts.record("ChangeModel", spec["model"])
        if model is not None:
            subject = ("Change", change["metadata"]["name"])
            for problem in (*_in_force(change, model, situation.now), *misfits(change, model, facts, situation)):
                yield subject, problem


def _in_force(change: dict[str, Any], model: dict[str, Any], now: datetime) -> Iterator[Problem]:
    spec, name = model["spec"], model["metadata"]["name"]
    if change["spec"]["status"] in ("implemented", "backed-out", "failed", "reviewed"):
        return
    if spec.get("suspended") is True:
        reason = spec.get("suspendedReason", "no reason given")
        yield Problem(f"the model {name} is suspended: {reason}", ("spec", "model"), "raise it as a normal change")
    schedule = change["spec"].get("schedule", {})
    start, end = (clock.parse_instant(schedule[key]) if key in schedule else now for key in ("start", "end"))
    granted, expires = pre_authorised(model)
    if max(start, now) >= expires:
        message = f"the pre-authorisation of {name} expires {spec['preAuthorisation']['expires']}"
        yield Problem(message, ("spec", "model"), "have the model authorised again, or raise a normal change")
    elif end > expires:
        message = f"its window ends after the pre-authorisation of {name}, which expires {expires.date()}"
        remedy = "let the window end before, have the model authorised for longer, or raise a normal change"
        yield Problem(message, ("spec", "schedule", "end"), remedy)
    if start < granted:
        message = f"the model {name} is pre-authorised from {granted.date()} on"
        yield Problem(message, ("spec", "schedule"), "schedule it after that day")


def pre_authorised(model: dict[str, Any]) -> tuple[datetime, datetime]:
    """From when until when (exclusive, UTC) a model pre-authorises."""
    days = (clock.parse_date(model["spec"]["preAuthorisation"][key]) for key in ("on", "expires"))
    granted, expires = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days)
    return granted, expires


def misfits(change: dict[str, Any], model: dict[str, Any], facts: Facts, situation: Situation) -> Iterator[Problem]:
    """What a standard change does beyond what its model covers, whatever the time."""
    spec, limits, name = change["spec"], model["spec"], model["metadata"]["name"]
    for index, service in enumerate(spec["services"]):
        if service not in limits["services"]:
            message = f"the model {name} does not cover the service '{service}'"
            yield Problem(message, ("spec", "services", index), "raise it as a normal change")
    for text, wanted in limits.get("fixed", {}).items():
        pointer = parse_pointer(text)
        if get(change, pointer) != wanted:
            message = f"the model {name} fixes {'.'.join(pointer)} to {in_line(wanted)}"
            yield Problem(message, pointer, f"write {in_line(wanted)}, or raise a normal change")
    settable = [parse_pointer(text) for text in (*limits.get("allowed", ()), *limits.get("fixed", ()))]
    for field in diff_data({}, spec):
        at = ("spec", *field)
        if field[0] not in _ORDINARY and not any(covers(pointer, at) for pointer in settable):
            message = f"the model {name} does not let a change set {'.'.join(map(str, field))}"
            yield Problem(message, at, "remove it, or raise a normal change")
    if "maxRisk" in limits:
        level = assess(change, facts, situation.now, situation.configuration.risk_table).level
        if LEVELS.index(level) > LEVELS.index(limits["maxRisk"]):
            message = f"its risk is {level}, above the {limits['maxRisk']} of the model {name}"
            yield Problem(message, ("spec", "model"), "raise it as a normal change")
    outage, limit = spec.get("outage", {}), limits.get("outage")
    if limit and (
        _OUTAGES.index(outage.get("expected", "none")) > _OUTAGES.index(limit["expected"])
        or outage.get("minutes", 0) > limit.get("minutes", outage.get("minutes", 0))
    ):
        yield Problem(f"its outage is larger than the model {name} allows", ("spec", "outage"), "raise a normal change")
