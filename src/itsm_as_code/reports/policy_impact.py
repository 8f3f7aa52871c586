"""What `itsm policy impact` prints (text, json and markdown), and the rows that the gate's reports show alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from itsm_as_code import clock
from itsm_as_code.gate.decision import plain
from itsm_as_code.gate.impact import Impact
from itsm_as_code.reports import escape

SCHEMA: Final = "itsm/policy-impact/v1"
_EFFECTS: Final = {"rejects": "newly rejected", "lets-through": "let through", "tells": "told otherwise"}
_SIGNS: Final = {"rejects": "✘", "lets-through": "✔", "tells": "·"}
_COLOURS: Final = {"rejects": 31, "lets-through": 32, "tells": 33}

Row = Mapping[str, Any]
"""A shift as data (:meth:`itsm_as_code.gate.impact.Shift.as_data`)."""


def headline(rows: Sequence[Row]) -> str:
    """``2 newly rejected, 1 told otherwise``, or that nothing changes."""
    counts = [(sum(row["effect"] == effect for row in rows), words) for effect, words in _EFFECTS.items()]
    return ", ".join(f"{count} {words}" for count, words in counts if count) or "no verdict changes"


def text_rows(rows: Sequence[Row], most: int | None = None, colour: bool = False) -> Iterator[str]:
    """A line for each row; of many the first ``most``, and how many more there are."""
    for row in rows[:most]:
        sign = _SIGNS[row["effect"]]
        paint = f"\x1b[1;{_COLOURS[row['effect']]}m{sign}\x1b[0m" if colour else sign
        yield f"  {paint} {escape.terminal(row['message'])}"
    if most is not None and len(rows) > most:
        yield f"  and {len(rows) - most} more"


def markdown_rows(rows: Sequence[Row], most: int | None = None) -> Iterator[str]:
    """The same as a list."""
    for row in rows[:most]:
        yield f"- {_SIGNS[row['effect']]} {escape.markdown(row['message'])}"
    if most is not None and len(rows) > most:
        yield from ("", f"and {len(rows) - most} more.")


def text(impact: Impact, colour: bool = False) -> str:
    """For people: what changes on the catalogue, then on each open pull request."""
    lines = []
    for number, rows in _groups(impact):
        where = "the catalogue" if number is None else f"pull request {number}"
        lines += [f"On {where}: {headline(rows)}", *text_rows(rows, colour=colour)]
    lines += [f"pull request {number} could not be judged: {escape.terminal(why)}" for number, why in impact.unjudged]
    return "\n".join([*lines, ""])


def markdown(impact: Impact, colour: bool = False) -> str:
    """For a comment or a job summary."""
    lines = ["# Policy impact", ""]
    lines.append(f"Rules of {escape.code(impact.head[:12])} merged into {escape.code(impact.base[:12])}.")
    for number, rows in _groups(impact):
        where = "On the catalogue" if number is None else f"On pull request {number}"
        lines += ["", f"## {where}: {headline(rows)}", *([""] if rows else []), *markdown_rows(rows)]
    if impact.unjudged:
        lines += ["", "## Could not be judged", ""]
        lines += [f"- pull request {number}: {escape.markdown(why)}" for number, why in impact.unjudged]
    return "\n".join([*lines, ""])


def json(impact: Impact, colour: bool = False) -> str:
    """For programs: schemas/reports/policy-impact-report.schema.json."""
    rows = [{**shift.as_data(), "pullRequest": shift.pull_request} for shift in impact.shifts]
    data = {
        "schema": SCHEMA,
        "base": impact.base,
        "head": impact.head,
        "now": clock.format_instant(impact.now),
        "counts": {effect: sum(row["effect"] == effect for row in rows) for effect in _EFFECTS},
        "shifts": rows,
        "unjudged": [{"pullRequest": number, "reason": why} for number, why in impact.unjudged],
    }
    return escape.json(orjson.dumps(plain(data), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


def _groups(impact: Impact) -> Iterator[tuple[int | None, list[Row]]]:
    """The rows on the catalogue, at all events, and on each pull request that has some."""
    rows: dict[int | None, list[Row]] = {None: []}
    for shift in impact.shifts:
        rows.setdefault(shift.pull_request, []).append(shift.as_data())
    yield from rows.items()


FORMATS: Final[dict[str, Callable[..., str]]] = {"text": text, "json": json, "markdown": markdown}
