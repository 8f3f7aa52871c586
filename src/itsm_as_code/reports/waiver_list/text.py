"""For people: a block for each waiver, then how many there are of each standing."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from itsm_as_code import clock
from itsm_as_code.policies.register import STANDINGS, RegisteredWaiver
from itsm_as_code.reports import escape
from itsm_as_code.reports.waiver_list import WaiverList
from itsm_as_code.wording import count

_COLOUR: Final = {"expired": 31, "invalid": 31, "expiring": 33, "orphaned": 33, "unneeded": 33, "active": 32}


def render(report: WaiverList, colour: bool = False) -> str:
    blocks = [_block(entry, report.now, colour) for entry in report.entries]
    counts = [f"{report.count(standing)} {standing}" for standing in STANDINGS if report.count(standing)]
    number = len(report.entries)
    summary = f"{count(number, 'waiver')}: {', '.join(counts)}" if counts else "no waivers"
    return "\n".join([*blocks, summary, ""])


def _block(entry: RegisteredWaiver, now: datetime, colour: bool) -> str:
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
