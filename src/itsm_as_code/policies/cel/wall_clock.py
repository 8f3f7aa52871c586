"""What a clock on the wall shows, in expressions: ``now.getHours('Europe/Berlin')``.

CEL leaves the look-up of a time zone to the runtime (https://github.com/google/cel-spec/blob/master/doc/langdef.md#timezones),
and this one opens whatever file the name leads to, also a pipe, for which it then waits for ever. Its functions that
take a zone are therefore no part of the environment. An expression that calls one is rewritten to a function of ours,
which knows the names of the tz database alone; what the rewriting should miss does not compile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from itsm_as_code import clock
from itsm_as_code.policies.cel.expressions import Node, parse
from itsm_as_code.policies.cel.tokens import SyntaxProblem

READINGS: Final = {
    "getFullYear": "timestamp_to_year_with_tz",
    "getMonth": "timestamp_to_month_with_tz",
    "getDate": "timestamp_to_day_of_month_1_based_with_tz",
    "getDayOfMonth": "timestamp_to_day_of_month_with_tz",
    "getDayOfWeek": "timestamp_to_day_of_week_with_tz",
    "getDayOfYear": "timestamp_to_day_of_year_with_tz",
    "getHours": "timestamp_to_hours_with_tz",
    "getMinutes": "timestamp_to_minutes_with_tz",
    "getSeconds": "timestamp_to_seconds_tz",
    "getMilliseconds": "timestamp_to_milliseconds_with_tz",
}
"""The functions that may be given a time zone, each with the overload of the runtime that takes one."""
EXCLUDED: Final = "stdlib:\n  exclude_functions:\n" + "".join(
    f"    - name: {name}\n      overloads:\n        - id: {overload}\n" for name, overload in READINGS.items()
)
"""The configuration of an environment without those overloads."""
NAME: Final = "itsm_wall_clock"
"""What the function is called that stands in for them: ``t.getHours(z)`` is ``t.itsm_wall_clock(z).getHours()``."""


def wall_clock(instant: datetime, name: str) -> datetime:
    """The date and time that a clock of a zone shows, as if it were UTC; ValueError where there is no such zone."""
    return instant.astimezone(clock.zone(name)).replace(tzinfo=UTC)


def takes_zone(node: Node) -> bool:
    """True for a call that is given a time zone."""
    return node.kind == "method" and node.name in READINGS and len(node.children) > 1


def zone_problems(text: str) -> Iterator[tuple[str, int]]:
    """What is wrong with the time zones that an expression names itself: a sentence, and the offset in characters."""
    for node in _calls(text):
        zone = node.children[1]
        if zone.kind == "literal" and isinstance(zone.value, str):
            try:
                clock.zone(zone.value)
            except ValueError as error:
                yield str(error), zone.start


@dataclass(frozen=True, slots=True)
class Rewritten:
    """An expression as the runtime is given it; ``shifts`` are (offset in it, and by how much it lies too far)."""

    text: str
    shifts: tuple[tuple[int, int], ...] = ()

    def origin(self, offset: int) -> int:
        """Where in the expression as written that stands which is at an offset of the rewritten one."""
        return offset - next((by for start, by in reversed(self.shifts) if offset >= start), 0)


def rewritten(text: str) -> Rewritten:
    """The expression with every call that is given a time zone made one of ours."""
    edits = [edit for node in _calls(text) for edit in _edits(node)]
    parts, shifts, at, by = [], [], 0, 0
    for start, end, instead in sorted(edits):
        parts += [text[at:start], instead]
        by += len(instead) - (end - start)
        shifts.append((end + by, by))
        at = end
    return Rewritten("".join([*parts, text[at:]]), tuple(shifts))


def _edits(node: Node) -> tuple[tuple[int, int, str], tuple[int, int, str]]:
    start = node.at[0]
    return (start, start + len(node.name), NAME), (node.end, node.end, f".{node.name}()")


def _calls(text: str) -> list[Node]:
    if "get" not in text:
        return []
    try:
        return [node for node in parse(text).walk() if takes_zone(node) and len(node.children) == 2]
    except SyntaxProblem:
        return []  # it is not rewritten, and so does not compile if it calls one
