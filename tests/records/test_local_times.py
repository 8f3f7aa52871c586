"""Times as people say them, by the clocks of a zone; over the change to and from summer time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from itsm_as_code.clock import zone
from itsm_as_code.errors import UsageError
from itsm_as_code.records.local_times import LocalTimes

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # a Sunday in London, already Monday in Berlin
BERLIN = LocalTimes(NOW, zone("Europe/Berlin"))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-12-01 20:00", "2026-12-01T20:00:00+01:00"),
        ("2026-12-01T20:00", "2026-12-01T20:00:00+01:00"),
        ("2026-12-01 20:00:30", "2026-12-01T20:00:30+01:00"),
        ("2026-07-01 9:05", "2026-07-01T09:05:00+02:00"),
        ("tomorrow 20:00", "2026-11-24T20:00:00+01:00"),
        ("Tomorrow at 20:00", "2026-11-24T20:00:00+01:00"),
        ("today 08:00", "2026-11-23T08:00:00+01:00"),
        ("20:00", "2026-11-23T20:00:00+01:00"),
        ("monday 07:00", "2026-11-30T07:00:00+01:00"),
        ("Tuesday 07:00", "2026-11-24T07:00:00+01:00"),
        ("now", "2026-11-23T00:30:00+01:00"),
        (" now ", "2026-11-23T00:30:00+01:00"),
        ("2026-12-01T20:00:00Z", "2026-12-01T20:00:00Z"),
        ("2026-12-01", "2026-12-01"),
        ("25:00", "25:00"),
        ("soon", "soon"),
        ("", ""),
    ],
)
def test_what_is_said_is_meant_by_clocks_in_berlin(said: str, meant: str) -> None:
    assert BERLIN.instant(said) == meant


def test_in_utc_it_is_z() -> None:
    assert LocalTimes(NOW, zone("UTC")).instant("tomorrow 20:00") == "2026-11-23T20:00:00Z"


@pytest.mark.parametrize(
    ("said", "why", "remedy"),
    [
        ("2026-03-29 02:30", "clocks in Europe/Berlin skip that time", "an hour earlier"),
        (
            "2026-10-25 02:30",
            "clocks in Europe/Berlin show that time twice",
            "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00",
        ),
        ("2026-02-30 10:00", "there is no day 2026-02-30", "calendar"),
    ],
)
def test_a_time_that_is_none_or_two_is_refused(said: str, why: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        BERLIN.instant(said)
    assert remedy in refused.value.remedy


@pytest.mark.parametrize(
    ("said", "meant"),
    [("today", "2026-11-23"), ("tomorrow", "2026-11-24"), ("friday", "2026-11-27"), ("2026-12-01", "2026-12-01")],
)
def test_days(said: str, meant: str) -> None:
    assert BERLIN.day(said) == meant
