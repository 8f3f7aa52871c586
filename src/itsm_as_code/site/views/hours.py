"""Calendars in words, and when they come round next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from itsm_as_code.clock import Interval
from itsm_as_code.durations import parse_duration
from itsm_as_code.measures.deadlines import last_day_before
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context, remembered

_DAYS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip
_ORDER = tuple(_DAYS)
_RULE_DAYS = {day[:2].upper(): name for day, name in _DAYS.items()}
_NTH = {"1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "-1": "last", "-2": "second-last"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def in_words(context: Context, spec: Mapping[str, Any]) -> list[str]:
    """The entries of a calendar, one sentence each."""
    sentences: list[str] = []
    for entry in spec["entries"]:
        if "weekly" in entry:
            sentences.append(_weekly(entry["weekly"]) + _validity(entry))
        elif "rrule" in entry:
            sentences.append(_recurring(entry))
        elif "date" in entry:
            day = words.as_date(entry["date"])
            sentences.append(f"{words.day(day) if day else entry['date']}: {entry.get('title', '')}".rstrip(": "))
        else:
            sentences.append(_single(context, entry))
    return sentences


def summary(context: Context, spec: Mapping[str, Any]) -> str:
    """The hours in one line: ``Monday to Friday, 09:00 to 18:00, Europe/Berlin time``."""
    sentences = in_words(context, spec)
    if sentences == ["Around the clock, every day"]:
        return sentences[0]
    text = "; ".join(sentences[:4]) + ("; and more" if len(sentences) > 4 else "")
    holidays = ", except public holidays" if spec.get("holidays") else ""
    return f"{text}{holidays} ({spec['timezone'].replace('_', ' ')} time)"


def _weekly(weekly: Mapping[str, Any]) -> str:
    days = sorted({_ORDER.index(day) for day in weekly["days"]})
    whole = weekly["from"] == "00:00" and weekly["to"] == "24:00" and not weekly.get("breaks")
    if whole and len(days) == 7:
        return "Around the clock, every day"
    text = f"{_day_range(days)}, " + ("all day" if whole else f"{weekly['from']} to {weekly['to']}")
    pauses = [f"{pause['from']} to {pause['to']}" for pause in weekly.get("breaks", ())]
    return text + (f" with a break from {words.join(pauses)}" if pauses else "")


def _day_range(days: list[int]) -> str:
    names = [_DAYS[_ORDER[day]] for day in days]
    if len(days) == 7:
        return "Every day"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{names[0]} to {names[-1]}"
    return words.join(names)


def _validity(entry: Mapping[str, Any]) -> str:
    first, last = words.as_date(entry.get("validFrom")), words.as_date(entry.get("validUntil"))
    parts = [f"from {words.day(first)}" if first else "", f"until {words.day(last_day_before(last))}" if last else ""]
    text = " ".join(part for part in parts if part)
    return f", {text}" if text else ""


def _single(context: Context, entry: Mapping[str, Any]) -> str:
    start, end = words.as_instant(entry.get("start")), words.as_instant(entry.get("end"))
    text = words.span(start, end, context.tz).text if start and end else str(entry.get("start"))
    return f"{text}: {entry['reason']}" if entry.get("reason") else text


def _recurring(entry: Mapping[str, Any]) -> str:
    rule = dict(part.split("=", 1) for part in entry["rrule"].removeprefix("RRULE:").split(";") if "=" in part)
    try:
        start = datetime.fromisoformat(entry["dtstart"])
        lasting = str(parse_duration(entry["duration"]))
    except (ValueError, KeyError):
        return str(entry["rrule"])
    when = _rule_days(rule, start)
    if when is None:
        return f"By the rule {entry['rrule']} from {words.day(start)}, {start:%H:%M}, for {lasting}"
    return f"{when} at {start:%H:%M}, for {lasting}"


def _rule_days(rule: Mapping[str, str], start: datetime) -> str | None:
    """Words for the common recurrence rules; None for the others, which are shown as they are."""
    known = {"FREQ", "BYDAY", "BYMONTHDAY", "BYMONTH", "INTERVAL", "WKST", "UNTIL", "COUNT"}
    if set(rule) - known:
        return None
    interval = rule.get("INTERVAL", "1")
    days = rule.get("BYDAY", "").split(",") if "BYDAY" in rule else []
    months = [_MONTHS[int(month) - 1] for month in rule.get("BYMONTH", "").split(",") if month.isdigit()]
    of_months = words.join(months) if months else "every month"
    if rule["FREQ"] == "DAILY" and not days:
        return "Every day" if interval == "1" else f"Every {interval} days"
    if rule["FREQ"] == "WEEKLY":
        if not all(day in _RULE_DAYS for day in days):
            return None
        numbers = sorted(list(_RULE_DAYS).index(day) for day in days) or [start.weekday()]
        if interval == "1":
            return f"Every {_day_range(numbers)}" if len(numbers) < 7 else "Every day"
        return f"{_day_range(numbers)} of every {_NTH.get(interval, interval + 'th')} week from {words.day(start)}"
    if rule["FREQ"] in ("MONTHLY", "YEARLY") and interval == "1":
        if "BYMONTHDAY" in rule:
            nth = rule["BYMONTHDAY"]
            return f"{'Day ' + nth if nth not in _NTH or nth[0] != '-' else 'The ' + _NTH[nth] + ' day'} of {of_months}"
        match = re.fullmatch(r"(-?\d)([A-Z]{2})", rule.get("BYDAY", ""))
        if match and match[1] in _NTH and match[2] in _RULE_DAYS:
            return f"The {_NTH[match[1]]} {_RULE_DAYS[match[2]]} of {of_months}"
        if not days and rule["FREQ"] == "YEARLY" and not months:
            return f"Every {start.day} {_MONTHS[start.month - 1]}"
    return None


MOST_UPCOMING = 8


@remembered
def upcoming(context: Context, name: str) -> list[Interval] | None:
    """The next spans of a calendar, the one that is on now included; None when there is none or it cannot be read."""
    calendar = context.catalogue.get("Calendar", name)
    found: list[Interval] = []
    for days in (35, 400) if calendar is not None else ():
        window = Interval(context.now - timedelta(days=1), context.now + timedelta(days=days))
        spans = context.intervals(calendar.spec, window) if calendar is not None else None
        if spans is None:
            return None
        found = [span for span in spans if span.end > context.now][:MOST_UPCOMING]
        if len(found) == MOST_UPCOMING:
            break
    return found
