"""The table as CSV (RFC 4180, UTF-8, with a header): each line is read by itself, and a bad one is not used."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Final

from itsm_as_code.clock import parse_instant
from itsm_as_code.findings import did_you_mean
from itsm_as_code.service_levels.measurements.samples import Notes, Row

COLUMNS: Final = ("service", "objective", "instant", "until", "up", "good", "total")
_KEY: Final = {"service", "objective", "instant"}
_VALUES: Final = ({"up"}, {"good", "total"})
_NUMBER: Final = re.compile(r"\d{1,18}(?:\.\d{1,9})?\Z", re.ASCII)
_COMMA: Final = re.compile(r"[-+]?\d+,\d+\Z", re.ASCII)


def read(content: bytes, notes: Notes) -> Iterator[Row]:
    """The rows of a file; what is wrong with it is noted by line."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    columns = _header(lines[0], notes)
    if columns is None:
        return
    for number, raw in enumerate(lines[1:], 2):
        raw = raw.removesuffix(b"\r")
        if raw:
            row = _row(raw, number, columns, notes)
            if row is not None:
                yield row


def _header(raw: bytes, notes: Notes) -> list[str] | None:
    try:
        columns = _cells(raw.removesuffix(b"\r").decode())
    except (UnicodeDecodeError, csv.Error):
        columns = []
    values = set(columns) - _KEY - {"until"}
    if len(set(columns)) == len(columns) and set(columns) >= _KEY and values in _VALUES:
        return columns
    unknown = [column for column in columns if column not in COLUMNS]
    if not raw.strip():
        why = "is empty; write service,objective,instant,up or service,objective,instant,good,total"
    elif raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        why = "is UTF-16; save the file as UTF-8"
    elif len(columns) == 1 and (";" in columns[0] or "\t" in columns[0]):
        why = "is not separated by commas; write commas between columns, and points in numbers"
    elif unknown:
        why = f"has the unknown column '{unknown[0]}'; {did_you_mean(unknown[0], COLUMNS) or 'leave it out'}"
    else:
        why = "does not fit; write service,objective,instant and up, or good,total; until may stand beside them"
    notes.add("header", f"the header {why}", 1)
    return None


def _cells(line: str) -> list[str]:
    if '"' not in line:
        return line.split(",")
    return next(csv.reader([line], strict=True))


def _row(raw: bytes, line: int, columns: list[str], notes: Notes) -> Row | None:
    service = ""
    try:
        cells = _cells(raw.decode())
        if len(cells) != len(columns):
            raise ValueError(f"has {len(cells)} cells, and the header {len(columns)}")
        values = dict(zip(columns, cells, strict=True))
        service, objective = values["service"], values["objective"]
        instant = parse_instant(values["instant"])
        until = parse_instant(values["until"]) if values.get("until") else None
        if until is not None and until <= instant:
            raise ValueError("ends before it begins")
        return _checked(service, objective, instant, until, values, line)
    except UnicodeDecodeError as error:
        bad = raw[error.start]
        notes.add("not UTF-8", f"byte 0x{bad:02x} is not UTF-8; save the file as UTF-8. The line is not used", line)
    except (ValueError, csv.Error) as error:
        notes.add("bad line", f"{error}. The line is not used", line, service)
    return None


def _checked(
    service: str, objective: str, instant: datetime, until: datetime | None, values: dict[str, str], line: int
) -> Row:
    if "up" in values:
        up = number("up", values["up"])
        if up > 1:
            raise ValueError(f"up is {values['up']}, and at most 1")
        return Row(service, objective, instant, until, up, line=line)
    good, total = number("good", values["good"]), number("total", values["total"])
    return Row(service, objective, instant, until, None, good, total, line)


def number(name: str, text: str) -> Fraction:
    """A number of at most nine decimals, exactly; ValueError for what is none, is not finite, or below zero."""
    if _NUMBER.match(text):
        return Fraction(text)
    if not text.strip():
        raise ValueError(f"{name} is empty")
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise ValueError(f"{name} is {text}, which is no number to count with")
    if _COMMA.match(text):
        raise ValueError(f"{name} is {text}; decimals stand after a point")
    if text.startswith("-"):
        raise ValueError(f"{name} is {text}, and never negative")
    raise ValueError(f"{name} is '{text[:40]}', and no decimal number such as 12 or 0.995")
