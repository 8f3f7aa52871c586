"""Whether derived risk levels mean what they say: how often the changes of each level failed.

Each change that ended is assessed again as it is recorded, by the table in force, with the history as it was when the
change began. A method is calibrated where changes of a higher level failed more often; the intervals say how far few
changes can show that. Source: DeGroot and Fienberg, "The comparison and evaluation of forecasters", 1983 (reliability).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from itsm_as_code.clock import Interval
from itsm_as_code.measures.kpi import DEFINITIONS, Population, rows
from itsm_as_code.measures.metric import Metric, Row
from itsm_as_code.measures.risk import assess
from itsm_as_code.measures.risk_table import LEVELS, RiskTable

_MEASURED: Final = "change-fail-rate"


def calibration(known: Population, period: Interval, table: RiskTable) -> Iterator[Metric]:
    """The change fail rate of each level that a change of the period has, the lowest level first."""
    by_level: dict[str, list[Row]] = {level: [] for level in LEVELS}
    for row in rows(_MEASURED, known) or ():
        change = known.facts.record("Change", row.record)
        if row.at in period and change is not None:
            by_level[assess(change, known.facts, known.now, table).derived].append(row)
    for level, found in by_level.items():
        if found:
            yield Metric.of(DEFINITIONS[_MEASURED], found, level)
