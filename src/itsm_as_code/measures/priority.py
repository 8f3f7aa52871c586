"""Priority by matrix: impact down, urgency across, both from 1, the highest.

Source: ITIL 4, incident management practice: incidents are prioritised by an agreed classification, most often impact
and urgency. The shipped profiles give the sum of both its place; an organisation may bring its own table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from itsm_as_code.errors import ConfigurationError

_PRIORITY: Final = re.compile(r"P[1-9]\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class PriorityMatrix:
    """A table that is total (every impact and urgency has a priority) and monotone (more of either is never less)."""

    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        """ConfigurationError for a table with a hole, or one that ranks a graver case lower."""
        remedy = "itsm.yaml may name a profile instead: 3x3, 4x4 or 5x5"
        if not self.rows or not self.rows[0]:
            raise ConfigurationError("the priority matrix is empty", remedy=remedy)
        for impact, row in enumerate(self.rows, 1):
            if len(row) != len(self.rows[0]):
                message = f"row {impact} of the priority matrix has {len(row)} columns, the first has {self.urgencies}"
                raise ConfigurationError(message, remedy=remedy)
            for urgency, cell in enumerate(row, 1):
                self._check(impact, urgency, cell, remedy)

    def _check(self, impact: int, urgency: int, cell: str, remedy: str) -> None:
        here = f"impact {impact} and urgency {urgency}"
        if not _PRIORITY.match(cell):
            raise ConfigurationError(f"'{cell}' for {here} is not a priority from P1 to P9", remedy=remedy)
        for other_impact, other_urgency in ((impact - 1, urgency), (impact, urgency - 1)):
            if other_impact and other_urgency and self.rows[other_impact - 1][other_urgency - 1] > cell:
                graver = self.rows[other_impact - 1][other_urgency - 1]
                message = (
                    f"the priority matrix gives {cell} for {here}, "
                    f"but only {graver} for the graver impact {other_impact} and urgency {other_urgency}"
                )
                raise ConfigurationError(message, remedy="no cell may be above the one over it or left of it")

    @property
    def impacts(self) -> int:
        """How many impacts it has; the last one is the lowest."""
        return len(self.rows)

    @property
    def urgencies(self) -> int:
        """How many urgencies it has; the last one is the lowest."""
        return len(self.rows[0])

    def priority(self, impact: int, urgency: int) -> str | None:
        """``P1`` and so on; None when the table has no such impact or urgency."""
        if not (1 <= impact <= self.impacts and 1 <= urgency <= self.urgencies):
            return None
        return self.rows[impact - 1][urgency - 1]


def matrix(rows: Sequence[Sequence[str]]) -> PriorityMatrix:
    """The matrix of these rows; ConfigurationError when it is not total and monotone."""
    return PriorityMatrix(tuple(tuple(row) for row in rows))


PROFILES: Final[Mapping[str, PriorityMatrix]] = {
    "3x3": matrix([["P1", "P2", "P3"], ["P2", "P3", "P4"], ["P3", "P4", "P5"]]),
    "4x4": matrix(
        [["P1", "P1", "P2", "P3"], ["P1", "P2", "P3", "P4"], ["P2", "P3", "P4", "P5"], ["P3", "P4", "P5", "P5"]]
    ),
    "5x5": matrix(
        [
            ["P1", "P1", "P2", "P2", "P3"],
            ["P1", "P2", "P2", "P3", "P3"],
            ["P2", "P2", "P3", "P3", "P4"],
            ["P2", "P3", "P3", "P4", "P5"],
            ["P3", "P3", "P4", "P5", "P5"],
        ]
    ),
}
"""The tables that ``itsm.yaml`` can name."""
