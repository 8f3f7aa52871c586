"""For people: a line for each objective; explained, each interval with the record that says so, to be added up."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape, table
from itsm_as_code.reports.sla import RULE, days, intervals, number, ranked, row
from itsm_as_code.service_levels import Attainment, Times
from itsm_as_code.service_levels.attainment import RECORDS, seconds
from itsm_as_code.service_levels.measurements.samples import told
from itsm_as_code.service_levels.overview import Line, Overview
from itsm_as_code.wording import count


def render(report: Overview) -> str:
    if report.explained:
        shown = [text for line in report.lines for text in (*_explained(line), "")]
        return "\n".join([*shown, *_notes(report)])
    rows = [_cells(line, row(line)) for line in ranked(report.lines)]
    if not rows:
        return "no objective is in force\n"
    if report.daily:
        return "\n".join([*(text for line in ranked(report.lines) for text in _daily(line)), *_notes(report), ""])
    counts = [f"{sum(line.status == status for line in report.lines)} {status}" for status in _STATUSES]
    summary = f"{count(len(rows), 'objective')}: {', '.join(counts)}"
    return "\n".join([*table.text(rows), summary, *_notes(report), ""])


_DAY_HEADERS: Final = ("Date", "Attained", "Service minutes", "Bad", "Unknown")


def by_day(line: Line) -> Iterator[list[str]]:
    """Headers, and each day: what was attained, of how much service time, what was bad, and what more is not known."""
    columns = len(_DAY_HEADERS) if isinstance(line.found, Attainment) else 2
    yield list(_DAY_HEADERS[:columns])
    for day in days(line):
        spent = (day["servedSeconds"], day["lostSeconds"], day["unknownSeconds"])
        minutes = ["" if part is None else number(Fraction(part) / 60) for part in spent]
        yield [day["date"], attained(day | {"unit": line.objective["unit"], "problem": None}), *minutes][:columns]


def _daily(line: Line) -> Iterator[str]:
    data = row(line)
    title = f"{data['objective']} of {data['agreement']} for {data['service']}: {data['status']}"
    if line.found is None or line.status == "no-data":
        yield escape.terminal(f"{title}, {line.why}")
        return
    yield escape.terminal(f"{title}, {attained(data)}, promised {promised(data)}; days in {line.found.timezone}")
    yield from (f"  {text}" for text in table.text(list(by_day(line))))


def _notes(report: Overview) -> list[str]:
    return [escape.terminal(text) for text in (*map(told, report.notes), *report.others)]


_STATUSES = ("met", "missed", "no-data", "unknown")


def _cells(line: Line, data: dict[str, Any]) -> list[str]:
    return [
        data["status"],
        data["service"],
        data["objective"],
        attained(data),
        promised(data),
        left(data),
        more(line, data),
    ]


def promised(data: dict[str, Any]) -> str:
    """``at-least 99.95 percent``."""
    return f"{data['comparison']} {data['target']} {data['unit']}"


def more(line: Line, data: dict[str, Any]) -> str:
    """How fast its budget burns, and what it rests on."""
    return "; ".join(part for part in (burns(line), basis(data)) if part)


def basis(data: dict[str, Any]) -> str:
    """By what something was lost, or why that is not known; what was measured, and where it ended."""
    parts = [data["why"] or ", ".join(data["sources"])]
    if data["restsOn"] != [RECORDS]:
        parts.append(f"rests on {', '.join(data['restsOn'])}")
    parts += [f"no current data from {item['source']} (ends {item['knownUntil']})" for item in data["noCurrentData"]]
    if data["onlyIncidentsSeconds"] not in (None, "0"):
        parts.append(f"{data['onlyIncidentsSeconds']} s only by incidents")
    if data["onlyMonitoringSeconds"] not in (None, "0"):
        parts.append(f"{data['onlyMonitoringSeconds']} s only by monitoring")
    return "; ".join(part for part in parts if part)


def attained(data: dict[str, Any]) -> str:
    """``99.895 percent``, ``1.95 hours``, or what keeps it from being known."""
    if data["attained"] is None:
        return "could not be computed" if data["problem"] else "no data"
    cases = f" ({data['inTime']} of {data['cases']} in time)" if data["cases"] is not None else ""
    return f"{data['attained']} {data['unit']}{cases}"


def left(data: dict[str, Any]) -> str:
    """``20.04 of 20.04 min left``; empty for what has no error budget."""
    if data["allowedSeconds"] is None:
        return ""
    allowed, lost = Fraction(data["allowedSeconds"]), Fraction(data["lostSeconds"])
    return f"{number((allowed - lost) / 60)} of {number(allowed / 60)} min left"


def burns(line: Line) -> str:
    """``burn rate 1.33; error budget exhausted by ... at the earliest``; never one figure of few outages."""
    budget, ahead = line.budget, line.projection
    if budget is None or not budget.burn_rate_text:
        return ""
    rate = f"burn rate {budget.burn_rate_text}"
    if ahead is None:
        return f"{rate}; error budget exhausted" if budget.is_used_up() else rate
    by = f"(from {count(ahead.outages, 'outage')})"
    earliest, likely, latest = (
        format_instant(item)[:10] if item else "" for item in (ahead.earliest, ahead.likely, ahead.latest)
    )
    if not earliest:
        return f"{rate}; error budget lasts its window {by}"
    when = f"between {earliest} and {latest}" if latest else f"by {earliest} at the earliest"
    return f"{rate}; error budget exhausted {when}{f', likely {likely}' if likely else ''} {by}"


def _explained(line: Line) -> Iterator[str]:
    data, found = row(line), line.found
    title = f"{data['objective']} of {data['agreement']} for {data['service']}: {data['status']}"
    yield escape.terminal(title)
    if found is None:
        yield escape.terminal(f"  {line.why}")
        return
    length = number(seconds(line.window.end - line.window.start))
    yield _line("window", data["from"], data["until"], length, found.timezone)
    for part in intervals(line):
        if part["effect"] not in ("lost", "differs"):
            yield _line(f"{_SIGNS[part['effect']]} {part['why']}", part["from"], part["until"], part["seconds"],
                        part["source"])  # fmt: skip
    yield from _sums(line, found, data)


_SIGNS = {"left-out": "-", "unknown": "-", "lost": "-", "case": "*", "running": "?"}


def _line(what: str, start: str, end: str, amount: str, source: str) -> str:
    return escape.terminal(f"  {what:<24} {start:<20}  {end:<20}  {amount:>12} s  {source}".rstrip())


def _sums(line: Line, found: Attainment | Times, data: dict[str, Any]) -> Iterator[str]:
    if isinstance(found, Times):
        percentile = data["percentile"] or "100"
        yield f"  {data['inTime']} of {data['cases']} in time; running and not late yet: {len(found.running)}"
        yield f"  attained {attained(data)} by the nearest rank for {percentile} % of them; promised {promised(data)}"
        yield f"  rounding: {RULE}"
        return
    yield _line("= service time", "", "", number(found.served), "denominator")
    for part in intervals(line):
        if part["effect"] == "lost":
            weight = "" if part["seconds"] == part["lostSeconds"] else f" (of {part['seconds']} s)"
            yield _line(f"- {part['why']}", part["from"], part["until"], part["lostSeconds"], part["source"] + weight)
    yield _line("= good", "", "", number(found.served - found.lost), "numerator")
    yield f"  attained {attained(data)}, promised {promised(data)}; error budget: {left(data)}"
    if burns(line):
        yield f"  {burns(line)}"
    for part in intervals(line):
        if part["effect"] == "differs":
            yield _line(f"! {part['why']}", part["from"], part["until"], part["seconds"], part["source"])
    if len(found.rests_on) > 1 or found.stale:
        yield escape.terminal(f"  {basis(data | {'sources': [], 'problem': None})}")
    yield f"  rounding: {RULE}"
