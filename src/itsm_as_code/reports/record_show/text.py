"""For people: the record as it is written, then what it refers to, and what refers to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from itsm_as_code.records.writer import dump
from itsm_as_code.reports import escape
from itsm_as_code.reports.record_show import Link, Shown


def render(report: Shown) -> str:
    record = report.record
    lines = [f"{record.id}: {record.title}", f"  {record.path}"]
    if record.state is not None:
        lines.append(f"  {record.state}; then {' or '.join(report.following) or 'nothing: its life has ended'}")
    fields = {key: value for key, value in record.data["metadata"].items() if key not in ("name", "title")}
    lines += ["", *dump({**fields, **record.spec}, schema=None).decode().splitlines()]
    lines += _neighbours("Refers to:", report.outgoing) + _neighbours("Referred to by:", report.incoming)
    return "".join(f"{escape.terminal(line)}\n" for line in lines)


def _neighbours(title: str, links: Sequence[Link]) -> list[str]:
    return ["", title, *_lines(links)] if links else []


def _lines(links: Sequence[Link]) -> Iterator[str]:
    for link in links:
        named = f"{link.other.id}: {link.other.title}" if link.other else f"{link.name}, which is not there"
        yield f"  {named} ({'.'.join(map(str, link.pointer))})"
