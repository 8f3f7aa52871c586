"""What `itsm sla` prints of a supposition."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any, Final

from itsm_as_code.measures.numbers import percent, quantity
from itsm_as_code.service_levels.what_if import Improvement, Shift, kept_text

COLUMNS: Final = (
    *("service", "agreement", "promised", "before", "after", "beforeAtPeak", "afterAtPeak", "exact", "possible"),
    "improve",
)


def row(shift: Shift) -> dict[str, Any]:
    """A promise as data; shares are in percent, as decimal strings."""
    before, after = shift.before, shift.after
    return {
        "service": shift.promise.service,
        "agreement": shift.promise.agreement,
        "promised": shift.promise.text,
        "before": kept_text(before.normal, shift.promised) if before else None,
        "after": kept_text(after.normal, shift.promised),
        "beforeAtPeak": kept_text(before.peak, shift.promised) if before else None,
        "afterAtPeak": kept_text(after.peak, shift.promised),
        "exact": after.exact,
        "possible": shift.possible,
        "improve": [_improvement(one) for one in shift.improvements],
    }


def _improvement(one: Improvement) -> dict[str, Any]:
    return {
        "component": one.name,
        "now": percent(one.now),
        "needed": percent(Fraction(ceil(one.needed * 10**8), 10**8)),
        "timesLessDown": quantity(one.times, 1).replace(",", "") if one.times is not None else None,
        "bySecond": one.by_a_second,
    }


def improvement_text(one: dict[str, Any]) -> str:
    """``message-broker from 99.75 to 99.986067 percent (17.9 times less down; a second one would do)``."""
    how = "never down" if one["timesLessDown"] is None else f"{one['timesLessDown']} times less down"
    second = "; a second one beside it would do" if one["bySecond"] else ""
    return f"{one['component']} from {one['now']} to {one['needed']} percent ({how}{second})"


def moved(data: dict[str, Any]) -> str:
    """``99.954 -> 99.714 percent (at peak 99.904 -> 99.664)``."""
    at_peak = f"{data['beforeAtPeak']} -> {data['afterAtPeak']}" if data["before"] else data["afterAtPeak"]
    figures = f"{data['before']} -> {data['after']}" if data["before"] else data["after"]
    more = "" if data["exact"] else " or more"
    return f"{figures} percent{more} (at peak {at_peak})"


def judged(data: dict[str, Any]) -> str:
    """Whether the promise can be kept then."""
    if data["possible"]:
        return "can be kept"
    return "cannot be kept" if data["exact"] else "may not be kept"
