"""Every kind of objective is computed, or says why it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from itsm_as_code.clock import Interval, Intervals, format_instant
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.measured import Loss, Measured, Measurements, Monitoring
from itsm_as_code.reports.sla import row
from itsm_as_code.service_levels.overview import Line, overview

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
INDICATORS = KindRegistry.load()["ServiceLevelAgreement"].schema["properties"]["spec"]["properties"]["objectives"][
    "items"
]["properties"]["indicator"]["enum"]
PERCENT = {"unit": "percent", "comparison": "at-least", "target": "99"}
HOURS = {"unit": "hours", "comparison": "at-most", "target": "2"}
SHOWN = {
    "availability": (PERCENT, "98.809", ""),
    "latency": (
        {"unit": "ms", "comparison": "at-most", "target": "300"},
        None,
        "not measured",
    ),
    "throughput": (
        {**PERCENT, "unit": "requests-per-second"},
        None,
        "not measured",
    ),
    "quality": (PERCENT, None, "not measured"),
    "time-to-own": (HOURS, "0.5", ""),
    "time-to-resolve": (HOURS, "3", ""),
    "fulfilment": ({**HOURS, "unit": "days"}, "1", ""),
}
"""By indicator: an objective, what is attained of it over 28 days by the records here, or why nothing is."""


def at(instant: datetime) -> str:
    return format_instant(instant)


def records(indicator: str, **more: Any) -> list[dict[str, Any]]:
    """An outage of eight hours (an incident owned in half an hour, resolved in three), and a request of a day."""
    begin = NOW - 10 * DAY
    objective = {
        "name": "promised",
        "indicator": indicator,
        "window": {"rolling": "P28D"},
        **SHOWN[indicator][0],
        **more,
    }
    effective = {"from": "2026-01-01"}
    spec = {"type": "sla", "service": "shop", "effective": effective, "objectives": [objective]}
    outage = {"service": "shop", "start": at(begin), "end": at(begin + 8 * HOUR), "kind": "full"}
    times = {"detectedAt": at(begin), "acknowledgedAt": at(begin + HOUR / 2), "resolvedAt": at(begin + 3 * HOUR)}
    incident = {"services": ["shop"], "priority": "P1", "status": "resolved", "outages": [outage], **times}
    request = {
        "offering": "requestoffering",
        "status": "fulfilled",
        "submittedAt": at(begin),
        "fulfilledAt": at(begin + DAY),
    }
    made = (("ServiceLevelAgreement", spec), ("Incident", incident), ("ServiceRequest", request))
    made += (("RequestOffering", {"service": "shop"}),)  # type: ignore[assignment]
    return [{"kind": kind, "metadata": {"name": kind.lower()}, "spec": data} for kind, data in made]


def line(indicator: str, monitoring: Monitoring | None = None, now: datetime = NOW, **more: Any) -> Line:
    found = records(indicator, **more)
    facts = Facts.from_records(found) if monitoring is None else Facts.from_records(found, "UTC", monitoring)
    (only,) = overview(facts, now).lines
    return only


@pytest.mark.parametrize("indicator", INDICATORS)
def test_each_indicator_of_the_schema(indicator: str) -> None:
    """8 of 672 hours are lost: 98.809 percent."""
    _, attained, why = SHOWN[indicator]
    shown = row(line(indicator))
    assert shown["attained"] == attained
    assert (shown["why"] or "").startswith(why)
    assert bool(shown["why"]) == (attained is None) == (shown["status"] == "no-data")


@pytest.mark.parametrize("indicator", ["time-to-own", "time-to-resolve", "fulfilment"])
def test_a_time_without_a_case_says_so(indicator: str) -> None:
    shown = row(line(indicator, priority="P5") if indicator != "fulfilment" else line(indicator, now=NOW - 20 * DAY))
    assert (shown["status"], shown["why"]) == ("no-data", "no case in the window")


@pytest.mark.parametrize("indicator", ["latency", "quality", "throughput"])
def test_shares_that_monitoring_measures(indicator: str) -> None:
    """Half of what happened in one of ten days failed: 95 percent. The outage in the records plays no part in it."""
    known = Intervals([Interval(NOW - 10 * DAY, NOW)])
    seen = Measured("probes", known, (Loss(Interval(NOW - 2 * DAY, NOW - DAY), Fraction(1, 2)),))
    monitoring = Monitoring(lambda: Measurements({("shop", "promised"): (seen,)}))
    shown = row(line(indicator, monitoring, **PERCENT))
    assert (shown["attained"], shown["status"], shown["restsOn"]) == ("95", "missed", ["probes"])
    assert shown["unknownSeconds"] == str(18 * 86400), "no data, counted neither way"
    assert shown["sources"] == ["Measurement/probes"]
    refused = Monitoring(lambda: Measurements(refused_all="the table cannot be read"))
    shown = row(line(indicator, refused, **PERCENT))
    assert (shown["status"], shown["why"]) == ("unknown", "the table cannot be read")


@pytest.mark.parametrize(
    ("window", "attained"),
    [
        ({"rolling": "P28D"}, Fraction(1) - Fraction(8, 672)),
        ({"rolling": "P1M"}, Fraction(1) - Fraction(8, 744)),
        ({"calendar": "month"}, Fraction(1) - Fraction(8, 516)),
        ({"calendar": "quarter"}, Fraction(1) - Fraction(8, 1260)),
        ({"calendar": "year"}, Fraction(1) - Fraction(8, 7812)),
        ({"every": "P2W", "from": "2026-01-05"}, Fraction(1) - Fraction(8, 324)),
        ({"every": "P1W", "from": "2026-01-05"}, Fraction(1)),
    ],
)
def test_each_kind_of_window(window: dict[str, str], attained: Fraction) -> None:
    """The hours since 25 October, 22 October, 1 November, 1 October, 1 January and Monday 9 November; none of the last
    week was lost."""
    found = line("availability", window=window).found
    assert found is not None
    assert found.attained == attained


@pytest.mark.parametrize(("weight", "lost"), [("0", "0"), ("0.25", "7200"), ("1", "28800")])
def test_the_weight_of_a_degraded_outage(weight: str, lost: str) -> None:
    found = records("availability", degraded=weight)
    found[1]["spec"]["outages"][0]["kind"] = "degraded"
    (only,) = overview(Facts.from_records(found), NOW).lines
    assert row(only)["lostSeconds"] == lost
