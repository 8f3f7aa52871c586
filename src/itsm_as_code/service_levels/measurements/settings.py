"""``spec.measurements`` of an itsm.yaml: the sources, and how what they do not know is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

from itsm_as_code.durations import parse_duration
from itsm_as_code.records.measured import NO_DATA


@dataclass(frozen=True, slots=True)
class Query:
    """What a Prometheus server is asked for one objective: ``up``, or ``good`` and ``total``, in PromQL."""

    service: str
    objective: str
    up: str | None = None
    good: str | None = None
    total: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One source. ``interval`` is how long a row speaks that does not say until when; ``place`` a path or an address.

    ``counters``: ``good`` and ``total`` count up from row to row. ``stops``: what it says may stop changes. ``engine``
    reads Parquet.
    """

    name: str
    type: str
    place: str
    interval: timedelta
    threshold: Fraction | None = None
    counters: bool = False
    stops: bool = False
    queries: tuple[Query, ...] = ()
    engine: str = "duckdb"


@dataclass(frozen=True, slots=True)
class Settings:
    """All sources in their order."""

    sources: tuple[Source, ...] = ()
    gaps: str = NO_DATA

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Settings:
        """By the ``spec`` of an itsm.yaml that fits its schema (``Configuration.raw``)."""
        spec = settings.get("measurements", {})
        return cls(tuple(map(_source, spec.get("sources", ()))), spec.get("gaps", NO_DATA))


def _source(item: Mapping[str, Any]) -> Source:
    threshold = item.get("threshold")
    return Source(
        name=item["name"],
        type=item["type"],
        place=item["url" if item["type"] == "prometheus" else "path"],
        interval=parse_duration(item["interval"]).fixed,
        threshold=None if threshold is None else Fraction(threshold),
        counters=item.get("counters", False),
        stops=item["type"] == "csv" and item.get("stopsChanges", True),
        queries=tuple(
            Query(query["service"], query["objective"], query.get("up"), query.get("good"), query.get("total"))
            for query in item.get("queries", ())
        ),
        engine=item.get("engine", "duckdb"),
    )
