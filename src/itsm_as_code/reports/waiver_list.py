"""What `itsm waiver list` prints: text, json and csv."""

from __future__ import annotations

import csv as csv_module
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from itsm_as_code import clock
from itsm_as_code.policies.register import STANDINGS, Entry
from itsm_as_code.reports import escape

SCHEMA: Final = "itsm/waiver-list/v1"
_COLOUR: Final = {"expired": 31, "invalid": 31, "expiring": 33, "orphaned": 33, "unneeded": 33, "active": 32}


@dataclass(frozen=True)
class WaiverList:
    """The register at an instant; ``within`` is the duration, as it was asked for, in which an end is near."""

    entries: Sequence[Entry]
    now: datetime
    within: str

    def count(self, standing: str) -> int:
        return sum(entry.standing == standing for entry in self.entries)


def text(report: WaiverList, colour: bool = False) -> str:
    """For people: a block for each waiver, then how many there are of each standing."""
    blocks = [_block(entry, report.now, colour) for entry in report.entries]
    counts = [f"{report.count(standing)} {standing}" for standing in STANDINGS if report.count(standing)]
    number = len(report.entries)
    summary = f"{number} waiver{'s' if number != 1 else ''}: {', '.join(counts)}" if counts else "no waivers"
    return "\n".join([*blocks, summary, ""])


def _block(entry: Entry, now: datetime, colour: bool) -> str:
    paint, off = (f"\x1b[1;{_COLOUR.get(entry.standing, 36)}m", "\x1b[0m") if colour else ("", "")
    lines = [f"{paint}{entry.standing:<9}{off} {escape.terminal(entry.name or entry.path)}"]
    if entry.until is not None:
        lines[0] += f"  until {clock.format_instant(entry.until)} ({_distance(entry.until, now)})"
    if entry.rule is not None:
        subjects = ", ".join(map(str, entry.records))
        lines.append(f"  waives {escape.terminal(entry.rule)} for {escape.terminal(subjects)}")
        lines.append(f"  asked for by {entry.requester}, approved by {entry.approver}")
    if entry.why:
        lines.append(f"  waives nothing: {escape.terminal(entry.why)} ({escape.terminal(entry.path)})")
    return "\n".join(lines)


def _distance(until: datetime, now: datetime) -> str:
    days = abs(until - now).days
    length = "less than a day" if days == 0 else "1 day" if days == 1 else f"{days} days"
    return f"in {length}" if until > now else f"{length} ago"


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "standing": entry.standing,
        "name": entry.name,
        "path": entry.path,
        "rule": entry.rule,
        "records": [{"kind": record.kind, "name": record.name} for record in entry.records],
        "until": clock.format_instant(entry.until) if entry.until else None,
        "requester": entry.requester,
        "approver": entry.approver,
        "why": entry.why or None,
    }


def json(report: WaiverList, colour: bool = False) -> str:
    """For programs: schemas/reports/waiver-list-report.schema.json."""
    data = {
        "schema": SCHEMA,
        "now": clock.format_instant(report.now),
        "within": report.within,
        "counts": {standing: report.count(standing) for standing in STANDINGS},
        "waivers": [_row(entry) for entry in report.entries],
    }
    return escape.json(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


def csv(report: WaiverList, colour: bool = False) -> str:
    """For spreadsheets (RFC 4180): a line for each waiver, its records in one cell."""
    stream = io.StringIO()
    writer = csv_module.writer(stream)
    columns = ("standing", "name", "path", "rule", "records", "until", "requester", "approver", "why")
    writer.writerow(columns)
    for entry in report.entries:
        row = _row(entry) | {"records": ", ".join(map(str, entry.records))}
        writer.writerow([_cell(row[column]) for column in columns])
    return stream.getvalue()


def _cell(value: Any) -> str:
    """Text that no spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
    shown = escape.terminal(str(value)) if value is not None else ""
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@") else shown


FORMATS: Final[dict[str, Callable[..., str]]] = {"text": text, "json": json, "csv": csv}
