"""The promise measured: how long services were down, by tier, and which incidents touched compliance.

Downtime counts in minutes by the wall clock, of outages as incidents record them, within the period: as a *sum* over
services (two services down for an hour are two hours), where an incident is one lump of it, and as the *union*, the
time in which any service of the tier was down, where each span is. Full and degraded outages are told apart as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Final

from itsm_as_code.clock import Interval, Intervals, parse_instant
from itsm_as_code.measures.kpi import Population
from itsm_as_code.measures.metric import Definition, Metric, Row

_KINDS: Final = {"": ("full", "degraded"), "full": ("full",), "degraded": ("degraded",)}
_SUM: Final = "sum over services"
_UNION: Final = "union of time"
_COMPLIANCE: Final = Definition(
    *("compliance-incidents", "Compliance-related incidents", "count", ""),
    "incidents marked as compliance-related, by their detection",
)
Outage = tuple[str, str, Interval]
"""Incident, service, and the span of an outage within a period."""


def value(known: Population, period: Interval) -> Iterator[Metric]:
    """The metrics of a period: six of each tier of which there are services, and compliance-related incidents."""
    tiers = sorted({spec["spec"]["tier"] for spec in known.facts.records("Service") if "tier" in spec["spec"]})
    for tier in tiers:
        for kind, kinds in _KINDS.items():
            outages = list(_outages(known, period, tier, kinds))
            yield _sum(_definition(tier, kind, _SUM), outages)
            yield _union(_definition(tier, kind, _UNION), outages)
    related = [
        Row(incident["metadata"]["name"], parse_instant(incident["spec"]["detectedAt"]))
        for incident in known.incidents
        if incident["spec"].get("complianceRelated")
    ]
    yield Metric.of(_COMPLIANCE, [row for row in related if row.at in period])


def _definition(tier: int, kind: str, way: str) -> Definition:
    name = "-".join(filter(None, ("downtime", f"tier-{tier}", kind, "union" if way == _UNION else "")))
    state = {"": "down", "full": "fully down", "degraded": "degraded"}[kind]
    formula = f"minutes of {kind or 'full and degraded'} outages of services of tier {tier}: {way}"
    return Definition(name, f"Tier {tier} {state}, {way}", "total", "minutes", formula)


def _outages(known: Population, period: Interval, tier: int, kinds: Iterable[str]) -> Iterator[Outage]:
    end = min(period.end, known.now)
    for incident in known.incidents:
        for outage in incident["spec"].get("outages", ()):
            if outage["kind"] in kinds and known.facts.spec("Service", outage["service"]).get("tier") == tier:
                span = _within(outage, period.start, end)
                if span is not None:
                    yield incident["metadata"]["name"], outage["service"], span


def _within(outage: dict[str, str], start: datetime, end: datetime) -> Interval | None:
    """The part of an outage in a period; one that has no end goes on."""
    begins = max(parse_instant(outage["start"]), start)
    ends = min(parse_instant(outage["end"]) if "end" in outage else end, end)
    return Interval(begins, ends) if begins < ends else None


def _sum(definition: Definition, outages: Iterable[Outage]) -> Metric:
    """Of each service of an incident the time in which it was down, once where outages overlap."""
    spans: dict[str, dict[str, list[Interval]]] = {}
    for incident, service, span in outages:
        spans.setdefault(incident, {}).setdefault(service, []).append(span)
    sizes = {name: sum(map(_minutes, map(Intervals, found.values())), Fraction()) for name, found in spans.items()}
    return Metric(definition, "", tuple(sizes), tuple(sizes), tuple(sizes.values()))


def _union(definition: Definition, outages: Iterable[Outage]) -> Metric:
    known = list(outages)
    names = tuple(dict.fromkeys(incident for incident, _, _ in known))
    spans = Intervals(span for _, _, span in known)
    return Metric(definition, "", names, names, tuple(_minutes(Intervals([span])) for span in spans))


def _minutes(spans: Intervals) -> Fraction:
    return Fraction(int(spans.total.total_seconds()), 60)
