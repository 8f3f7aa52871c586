"""Whether derived risk levels mean what they say: how often the changes of each level failed.

Each change that ended is assessed again as it is recorded, by the table in force, with the history as it was when the
change began. A level joins how likely a failure is with what it would cost, and only the former can be wrong about how
often changes fail: a method is calibrated where those of a higher likelihood failed more often. The intervals say how
far few changes can show that.
Source: DeGroot and Fienberg, "The comparison and evaluation of forecasters", 1983 (reliability).
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
    """The change fail rate of each likelihood, then of each level, of which there are changes, the lowest first."""
    told: dict[str, list[Row]] = {f"{side}{level}": [] for side in ("likelihood ", "") for level in LEVELS}
    for row in rows(_MEASURED, known) or ():
        change = known.facts.record("Change", row.record)
        if row.at in period and change is not None:
            risk = assess(change, known.facts, known.now, table)
            for part in (f"likelihood {risk.likelihood}", risk.derived):
                told[part].append(row)
    for part, found in told.items():
        if found:
            yield Metric.of(DEFINITIONS[_MEASURED], found, part)
