"""What `itsm sla` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, Final

from itsm_as_code.clock import format_instant
from itsm_as_code.measures.numbers import plain
from itsm_as_code.service_levels import Attainment, Times, attained_text
from itsm_as_code.service_levels.attainment import ONLY_INCIDENTS, ONLY_MEASURED, RECORDS, Part
from itsm_as_code.service_levels.cases import Case
from itsm_as_code.service_levels.measurements.samples import Note
from itsm_as_code.service_levels.overview import Line

COLUMNS: Final = (
    *("service", "agreement", "objective", "status", "target", "attained", "unit", "comparison", "from", "until"),
    *("servedSeconds", "lostSeconds", "allowedSeconds", "remainingPercent", "cases", "inTime", "sources", "problem"),
    *("burnRate", "outages", "usedUpEarliest", "usedUpLikely", "usedUpLatest", "why"),
    *("restsOn", "unknownSeconds", "onlyIncidentsSeconds", "onlyMonitoringSeconds", "noCurrentData"),
)
RULE: Final = "a share is cut after three decimals, a time rounded to three; sums are exact"


def number(value: Fraction) -> str:
    """A number of seconds or minutes, exact to six decimals, without zeros at its end."""
    return plain(value, 6)


def row(line: Line) -> dict[str, Any]:
    """A line as data; numbers are decimal strings, and None where there are none."""
    found, budget = line.found, line.budget
    parts = found.counted if isinstance(found, Attainment) else ()
    return {
        "service": line.service,
        "agreement": line.agreement,
        "type": line.type,
        "objective": line.objective["name"],
        "indicator": line.objective["indicator"],
        "status": line.status,
        "target": line.objective["target"],
        "unit": line.objective["unit"],
        "comparison": line.objective["comparison"],
        "percentile": line.objective.get("percentile"),
        "attained": attained_text(found) if found is not None else None,
        "from": format_instant(line.window.start),
        "until": format_instant(line.window.end),
        "servedSeconds": number(budget.served) if budget else None,
        "lostSeconds": number(budget.lost) if budget else None,
        "allowedSeconds": number(budget.allowed) if budget else None,
        "remainingPercent": plain(budget.remaining * 100, 3) if budget else None,
        "cases": len(found.cases) if isinstance(found, Times) else None,
        "inTime": found.in_time if isinstance(found, Times) else None,
        "sources": list(dict.fromkeys(part.source for part in parts)),
        "problem": line.problem or None,
        "why": line.why or None,
        **_burning(line),
        **(_basis(found) if isinstance(found, Attainment) else _NO_BASIS),
    }


DAY_COLUMNS: Final = (
    *("date", "status", "attained", "from", "until", "servedSeconds", "lostSeconds", "unknownSeconds"),
    *("cases", "inTime"),
)


def days(line: Line) -> Iterator[dict[str, Any]]:
    """Each day of a window, in the columns that a day has; empty where nothing measures the objective."""
    for day, of_day in line.days:
        data = row(of_day) | {"date": day.isoformat()}
        yield {column: data[column] for column in DAY_COLUMNS}


def ranked(lines: Iterable[Line]) -> list[Line]:
    """Lines for people: missed, not computed, at risk of it in the window, met, without data; else in their order."""
    return sorted(lines, key=lambda line: _RANKS.index(_AT_RISK if _is_at_risk(line) else line.status))


_AT_RISK: Final = "at-risk"
_RANKS: Final = ("missed", "unknown", _AT_RISK, "met", "no-data")


def _is_at_risk(line: Line) -> bool:
    return line.status == "met" and (ahead := line.projection) is not None and ahead.earliest is not None


def _burning(line: Line) -> dict[str, Any]:
    """How fast the budget burns, and between which instants it may be used up; null is not within its window."""
    rate, found = line.budget.burn_rate if line.budget else None, line.projection
    instants = (found.earliest, found.likely, found.latest) if found else (None, None, None)
    earliest, likely, latest = (format_instant(item) if item else None for item in instants)
    return {
        "burnRate": None if rate is None else plain(rate, 3),
        "outages": found.outages if found else None,
        "usedUpEarliest": earliest,
        "usedUpLikely": likely,
        "usedUpLatest": latest,
    }


_NO_BASIS: Final = {
    "restsOn": [RECORDS],
    "unknownSeconds": None,
    "onlyIncidentsSeconds": None,
    "onlyMonitoringSeconds": None,
    "noCurrentData": [],
}


def _basis(found: Attainment) -> dict[str, Any]:
    """What an availability rests on, and where that disagrees; the seconds are None where nothing was measured."""
    differs = {why: _sum(found.differs, why) for why in (ONLY_INCIDENTS, ONLY_MEASURED)}
    is_measured = len(found.rests_on) > 1
    return {
        "restsOn": list(found.rests_on),
        "unknownSeconds": number(_sum(found.unknown)),
        "onlyIncidentsSeconds": number(differs[ONLY_INCIDENTS]) if is_measured else None,
        "onlyMonitoringSeconds": number(differs[ONLY_MEASURED]) if is_measured else None,
        "noCurrentData": [{"source": source, "knownUntil": format_instant(newest)} for source, newest in found.stale],
    }


def _sum(parts: Iterable[Part], why: str | None = None) -> Fraction:
    return sum((part.seconds for part in parts if why in (None, part.why)), Fraction(0))


def note(item: Note) -> dict[str, Any]:
    """What is odd about a source, as data."""
    return {
        "source": item.source,
        "line": item.line or None,
        "service": item.service or None,
        "message": item.message,
        "bad": item.bad,
    }


def intervals(line: Line) -> Iterator[dict[str, Any]]:
    """Each excluded, unknown and counted interval of an attainment, or each case of a time, with its record."""
    found = line.found
    if isinstance(found, Attainment):
        for effect, parts in (
            ("left-out", found.left_out),
            ("unknown", found.unknown),
            ("lost", found.counted),
            ("differs", found.differs),
        ):
            for part in parts:
                yield {
                    "effect": effect,
                    "why": part.why,
                    "from": format_instant(part.span.start),
                    "until": format_instant(part.span.end),
                    "seconds": number(part.seconds),
                    "lostSeconds": number(part.lost) if effect == "lost" else None,
                    "source": part.source,
                }
    elif isinstance(found, Times):
        for effect, cases in (("case", found.cases), ("running", found.running)):
            for case in cases:
                yield _case(effect, case)


def _case(effect: str, case: Case) -> dict[str, Any]:
    return {
        "effect": effect,
        "why": "in time" if case.in_time else "late",
        "from": format_instant(case.span.start),
        "until": format_instant(case.span.end),
        "seconds": number(case.took),
        "lostSeconds": None,
        "source": case.source,
    }
