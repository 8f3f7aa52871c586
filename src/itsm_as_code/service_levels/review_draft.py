"""The draft of a service review: what was promised and what the records say was attained, for people to complete."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from fractions import Fraction

from itsm_as_code.clock import format_date, parse_date, zone
from itsm_as_code.durations import add_months
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.attainment import zone_of
from itsm_as_code.service_levels.figures import Figure, attained_text, because, is_met, review_figure
from itsm_as_code.service_levels.overview import named_period
from itsm_as_code.service_levels.windows import day_begins


def draft(facts: Facts, service: str, period: str, now: datetime) -> Data:
    """The record as plain data. ValueError for a period that is none or not over, and where a figure makes no sense."""
    first, end = named_period(period)
    agreements = [
        item
        for item in facts.agreements_by_service.get(service, ())
        if _is_about(item["spec"]["effective"], first, end)
    ]
    zones = [zone_of(facts, item) for item in agreements] or [zone(facts.timezone)]
    if any(day_begins(end, tz) > now for tz in zones):
        raise ValueError(f"{period} is not over")
    spec: Data = {"service": service, "period": {"from": format_date(first), "until": format_date(end)}}
    review: Data = {
        "apiVersion": "itsm/v1",
        "kind": "ServiceReview",
        "metadata": {
            "name": f"{service}-{period.lower()}",
            "title": f"{_title(facts, service)}: review of {period}",
        },
        "spec": spec,
    }
    spec["heldOn"] = format_date(now.date())
    team = facts.owner(service) or {}
    spec["attendees"] = list(team.get("spec", {}).get("members", ()))
    spec["performance"] = [line for item in agreements for line in _lines(facts, review, item, now)]
    spec["nextReview"] = format_date(add_months(end, 3))
    return review


def _title(facts: Facts, service: str) -> str:
    return str((facts.record("Service", service) or {}).get("metadata", {}).get("title", service))


def _is_about(effective: Data, first: date, end: date) -> bool:
    """True for an agreement that is in force on a day of the period."""
    until = parse_date(effective["until"]) if "until" in effective else end
    return parse_date(effective["from"]) < end and until > first


def _lines(facts: Facts, review: Data, agreement: Data, now: datetime) -> Iterator[Data]:
    for objective in agreement["spec"]["objectives"]:
        line: Data = {
            "agreement": agreement["metadata"]["name"],
            "objective": objective["name"],
            "target": objective["target"],
        }
        found = review_figure(facts, review, line, now)
        met = None if found is None else is_met(found)
        if found is None or met is None:
            yield line | {"verdict": "no-data"}
        else:
            verdict = "met" if met else "missed"
            yield line | {"attained": _attained(found, met), "verdict": verdict, "note": f"Computed: {because(found)}."}


def _attained(found: Figure, met: bool) -> str:
    """To so many decimals that it tells the same of the target as the exact figure."""
    target, places = Fraction(found.objective["target"]), 3
    while True:
        text = attained_text(found, places) or ""
        says = Fraction(text) >= target if found.objective["comparison"] == "at-least" else Fraction(text) <= target
        if says is met or places >= 9:
            return text
        places += 3
