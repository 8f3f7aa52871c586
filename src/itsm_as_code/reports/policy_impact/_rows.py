"""What rules would say otherwise, row by row, as this report and those of the gate show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from itsm_as_code.gate.impact import Impact
from itsm_as_code.reports import escape

EFFECTS: Final = {"rejects": "newly rejected", "lets-through": "let through", "tells": "told otherwise"}
_SIGNS: Final = {"rejects": "✘", "lets-through": "✔", "tells": "·"}
_COLOURS: Final = {"rejects": 31, "lets-through": 32, "tells": 33}
Row = Mapping[str, Any]
"""A shift as data (:meth:`itsm_as_code.gate.impact.Shift.as_data`)."""


def headline(rows: Sequence[Row]) -> str:
    """``2 newly rejected, 1 told otherwise``, or that nothing changes."""
    counts = [(sum(row["effect"] == effect for row in rows), words) for effect, words in EFFECTS.items()]
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


def grouped(impact: Impact) -> Iterator[tuple[int | None, list[Row]]]:
    """The rows on the catalogue, at all events, and on each pull request that has some."""
    rows: dict[int | None, list[Row]] = {None: []}
    for shift in impact.shifts:
        rows.setdefault(shift.pull_request, []).append(shift.as_data())
    yield from rows.items()
