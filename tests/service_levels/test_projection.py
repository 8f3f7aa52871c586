"""How fast an error budget burns, and until when it may last, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from itsm_as_code.clock import Interval
from itsm_as_code.service_levels.attainment import Part
from itsm_as_code.service_levels.budget import ErrorBudget
from itsm_as_code.service_levels.projection import projection, rate_bounds

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def budget(outages: list[tuple[float, float]], days: int, whole: int | None, allowed: float) -> ErrorBudget:
    """Outages (day on which each starts, hours it lasts) in a window of so many days, with so many hours allowed."""
    spans = [Interval(START + day * DAY, START + day * DAY + hours * HOUR) for day, hours in outages]
    lost = Fraction(sum(Fraction(hours) for _, hours in outages)) * 3600
    served = Fraction(days * 86400)
    return ErrorBudget(
        agreement="shop-sla",
        service="shop",
        objective="up",
        window=Interval(START, START + days * DAY),
        target=1 - Fraction(allowed) * 3600 / ((whole or days) * 86400),
        target_text="",
        served=served,
        lost=lost,
        allowed=Fraction(allowed) * 3600,
        counted=tuple(Part(span, "full outage", "Incident/inc") for span in spans),
        ends=None if whole is None else START + whole * DAY,
    )


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(1, 0.0513, 4.744), (2, 0.355, 6.296), (5, 1.970, 10.513), (10, 5.425, 16.962), (100, 84.139, 118.079)],
)
def test_bounds_of_a_rate(count: int, low: float, high: float) -> None:
    """As in tables of the Poisson distribution (5 and 95 percent)."""
    assert rate_bounds(count) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))


def test_the_burn_rate() -> None:
    """Half of 30 days are over: 3 of 6 hours used is just as fast as it lasts, 6 of 6 twice as fast."""
    assert budget([(1, 3)], 15, 30, 6).burn_rate == 1
    assert budget([(1, 6)], 15, 30, 6).burn_rate == 2
    assert budget([(1, 6)], 30, None, 6).burn_rate == 1
    assert budget([], 30, None, 6).burn_rate == 0


def test_a_calendar_window_with_one_outage() -> None:
    """One hour in ten days of 30, two allowed: at 4.744 times that rate the other hour is gone in 10 / 4.744 days; at
    0.0513 times not in this month; and one outage gives no single figure."""
    found = projection(budget([(1, 1)], 10, 30, 2))
    assert found is not None
    assert (found.outages, found.likely, found.latest) == (1, None, None)
    assert found.earliest is not None
    days = (found.earliest - START) / DAY
    assert days == pytest.approx(10 + 10 / 4.74386, abs=1e-3)
    assert found.horizon == START + 30 * DAY


def test_ten_outages_give_a_figure_within_its_bounds() -> None:
    """Ten of half an hour in ten days, and 8 hours allowed: 3 more at half an hour a day are 6 days."""
    found = projection(budget([(day, 0.5) for day in range(10)], 10, 30, 8))
    assert found is not None
    assert (found.outages, found.likely) == (10, START + 16 * DAY)
    assert found.earliest is not None
    assert found.latest is not None
    assert (found.earliest - START) / DAY == pytest.approx(10 + 6 / 1.6962, abs=1e-3)
    assert (found.latest - START) / DAY == pytest.approx(10 + 6 / 0.5425, abs=1e-3)


def test_a_rolling_window_leaves_outages_behind() -> None:
    """Ten half hours in ten days, 5.25 allowed: each day brings half an hour and takes one back, so in the steady run
    the budget lasts; at 1.6962 times the rate it does not."""
    even = projection(budget([(day + 0.5, 0.5) for day in range(10)], 10, None, 5.75))
    assert even is not None
    assert even.likely is None
    assert even.latest is None
    assert even.earliest is not None
    early = budget([(0.0, 0.5), *((9 + hour / 24, 0.5) for hour in range(9))], 10, None, 5.5)
    found = projection(early)
    assert found is not None
    # Half an hour is left behind at once; then half a day's worth of the rate, 5 hours in 10 days, is allowed.
    assert found.likely == early.window.end + 2 * DAY


def test_what_is_used_up_or_untouched_has_no_projection() -> None:
    assert projection(budget([(1, 6)], 15, 30, 6)) is None
    assert projection(budget([], 15, 30, 6)) is None
    assert projection(budget([(1, 1)], 30, 30, 6)) is None, "a quarter that is over"
