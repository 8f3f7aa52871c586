"""What `itsm report capacity` prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from itsm_as_code.measures.growth import month_after
from itsm_as_code.measures.numbers import plain, quantity
from itsm_as_code.service_levels.capacity import Outlook, Passing

COLUMNS: Final = (
    *("service", "measure", "unit", "load", "asOf", "growthPercent", "growthLow", "growthHigh", "observations"),
    *("target", "targetPassed", "targetSoonest", "targetLatest"),
    *("limit", "limitPassed", "limitSoonest", "limitLatest", "peaks"),
)
HEADERS: Final = ("Service", "Measure", "Load", "Growth a month", "Target", "Limit")


@dataclass(frozen=True, slots=True)
class Capacity:
    """The measures of services as of an instant; ``others`` say what those reach, a line each."""

    now: datetime
    rows: tuple[Outlook, ...]
    others: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 where a target or a limit is passed already."""
        passed = (passing for row in self.rows for passing in (row.target, row.limit))
        return int(any(passing is not None and passing.month == 0 for passing in passed))


def row(found: Outlook) -> dict[str, Any]:
    """A measure as data: loads are decimal strings, months are written 2027-03; None for what there is not."""
    grows = found.growth
    rates = (grows.rate, grows.low, grows.high) if grows else (None, None, None)
    data: dict[str, Any] = {
        "service": found.service,
        "measure": found.measure,
        "unit": found.unit,
        "load": plain(found.load, 3),
        "asOf": found.base.isoformat(),
        **dict(zip(("growthPercent", "growthLow", "growthHigh"), map(_percent, rates), strict=True)),
        "observations": grows.count if grows else 0,
    }
    for name, passing in (("target", found.target), ("limit", found.limit)):
        months = (passing.month, passing.soonest, passing.latest) if passing else (None, None, None)
        data[name] = plain(passing.threshold, 3) if passing else None
        for key, month in zip(("Passed", "Soonest", "Latest"), months, strict=True):
            data[f"{name}{key}"] = None if month is None else month_after(found.base, month)
    return {**data, "peaks": [{"calendar": name, "load": plain(load, 3)} for name, load in found.peaks]}


def _percent(rate: Fraction | None) -> str | None:
    return None if rate is None else plain(rate * 100, 3)


def cells(found: Outlook) -> list[str]:
    """A measure for people."""
    data = row(found)
    growth = "growth not known"
    if found.growth is not None:
        between = f" ({data['growthLow']} to {data['growthHigh']})" if data["growthLow"] is not None else ""
        growth = f"{data['growthPercent']} %{between}"
    load = f"{quantity(found.load)} {found.unit} on {data['asOf']}"
    return [found.service, found.measure, load, growth, _passed(found, found.target), _passed(found, found.limit)]


def _passed(found: Outlook, passing: Passing | None) -> str:
    if passing is None:
        return "not stated"
    of = quantity(passing.threshold)
    if passing.month is None:
        return f"{of}, not passed in ten years" if found.growth else of
    if passing.month == 0:
        return f"{of}, passed already"
    soonest, latest = (_month(found, month) for month in (passing.soonest, passing.latest))
    between = f", between {soonest} and {latest}" if passing.soonest != passing.latest else ""
    return f"{of}, passed in {month_after(found.base, passing.month)} (month {passing.month}{between})"


def _month(found: Outlook, month: int | None) -> str:
    return "never" if month is None else month_after(found.base, month)
