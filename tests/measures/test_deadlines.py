"""Days by which something is due."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.durations import Duration, add_months
from itsm_as_code.measures.deadlines import (
    Due,
    contract_notice,
    due,
    freshness,
    in_force,
    last_day_before,
    last_day_of_notice,
    utc_day,
)

TODAY = date(2026, 11, 22)


def test_months() -> None:
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert add_months(date(2026, 11, 22), 2) == date(2027, 1, 22)
    assert add_months(date(2026, 3, 31), -1) == date(2026, 2, 28)
    with pytest.raises(OverflowError):
        add_months(date(9999, 12, 1), 1)


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(0, 200))
def test_months_go_forward_and_keep_the_day_where_they_can(day: date, months: int) -> None:
    later = add_months(day, months)
    assert later.day == day.day or (later + timedelta(days=1)).day == 1
    assert (later.year - day.year) * 12 + later.month - day.month == months


def test_the_last_day_of_notice() -> None:
    # In force to 27 February 2027; 90 days before the 28th is 30 November: notice is given on the 29th at the latest.
    assert last_day_of_notice(date(2027, 2, 28), Duration(days=90)) == date(2026, 11, 29)
    notice = contract_notice(date(2027, 2, 28), Duration(days=90), TODAY)
    assert (notice.by, notice.state) == (date(2026, 11, 29), Due.SOON)
    assert contract_notice(date(2027, 2, 28), Duration(days=90), date(2026, 11, 30)).state is Due.OVERDUE
    assert contract_notice(date(2027, 2, 28), Duration(days=90), date(2026, 10, 29)).state is Due.CURRENT


def test_a_day_counts_to_its_end() -> None:
    assert due(TODAY, TODAY) is Due.SOON
    assert due(TODAY, TODAY + timedelta(days=1)) is Due.OVERDUE
    assert due(TODAY + timedelta(days=31), TODAY) is Due.CURRENT
    assert freshness(None, TODAY) is Due.OVERDUE
    assert freshness(date(2027, 6, 1), TODAY) is Due.CURRENT


def test_the_day_is_that_of_utc() -> None:
    assert utc_day(datetime(2026, 11, 23, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == TODAY


def test_half_open_spans_of_days() -> None:
    assert in_force(TODAY, TODAY + timedelta(days=1), TODAY)
    assert not in_force(TODAY, TODAY, TODAY)
    assert in_force(None, None, TODAY)
    assert not in_force(TODAY + timedelta(days=1), None, TODAY)


def test_the_last_day_of_a_half_open_span() -> None:
    assert last_day_before(date(2027, 1, 1)) == date(2026, 12, 31)
    assert last_day_before(date(1, 1, 2)) == last_day_before(date(1, 1, 1)) == date(1, 1, 1)
