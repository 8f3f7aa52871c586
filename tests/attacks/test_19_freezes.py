"""19: freezes to the second, over clock changes, in other zones, by rule; calendars with mistakes."""

from __future__ import annotations

import pytest

from tests.attacks.tools import EVERYBODY, FREEZE, approve, blocking, on_main
from tests.conftest import Workshop, codes

FROZEN = ["finding:change-in-freeze"]
ENTRY = '{start: "2026-12-15T00:00:00+01:00", end: "2027-01-05T00:00:00+01:00"}'
SCHEDULE = '{start: "2026-12-01T20:00:00Z", end: "2026-12-01T22:00:00Z"}'


def planned(shop: Workshop, start: str, end: str) -> list[str]:
    """The reasons that a change in this window gets."""
    shop.change(**{SCHEDULE: f'{{start: "{start}", end: "{end}"}}'})
    shop.commit()
    shop.reviews.clear()
    shop.review("bob")
    return codes(shop.judge())


def frozen_by(shop: Workshop, entry: str, zone: str = "Europe/Berlin", **replace: str) -> None:
    """A base whose freeze consists of this entry."""
    with on_main(shop):
        shop.edit(FREEZE, ENTRY, entry)
        shop.edit(FREEZE, "timezone: Europe/Berlin", f"timezone: {zone}")
        for old, new in replace.items():
            shop.edit(FREEZE, old, new)


def test_the_boundaries_are_half_open_to_the_second(workshop: Workshop) -> None:
    assert planned(workshop, "2026-12-14T22:00:00Z", "2026-12-14T23:00:00Z") == []
    assert planned(workshop, "2026-12-14T22:00:00Z", "2026-12-14T23:00:01Z") == FROZEN
    assert planned(workshop, "2027-01-04T22:59:59Z", "2027-01-04T23:30:00Z") == FROZEN
    assert planned(workshop, "2027-01-04T23:00:00Z", "2027-01-04T23:30:00Z") == []


def test_an_offset_of_the_change_does_not_matter(workshop: Workshop) -> None:
    assert planned(workshop, "2026-12-14T12:00:00-10:00", "2026-12-14T13:00:00-10:00") == []
    assert planned(workshop, "2026-12-14T12:00:00-10:00", "2026-12-14T13:00:01-10:00") == FROZEN


def test_a_change_around_the_whole_freeze(workshop: Workshop) -> None:
    assert planned(workshop, "2026-12-01T00:00:00Z", "2027-02-01T00:00:00Z") == FROZEN


def test_a_day_begins_where_the_calendar_is(workshop: Workshop) -> None:
    """24 December in Auckland begins at 11:00 the day before in UTC."""
    frozen_by(
        workshop, '{rrule: "FREQ=DAILY;COUNT=1", dtstart: "2026-12-24T00:00:00", duration: P1D}', "Pacific/Auckland"
    )
    assert planned(workshop, "2026-12-23T10:00:00Z", "2026-12-23T11:00:00Z") == []
    assert planned(workshop, "2026-12-23T10:00:00Z", "2026-12-23T11:00:01Z") == FROZEN
    assert planned(workshop, "2026-12-24T11:00:00Z", "2026-12-24T12:00:00Z") == []


def test_weekly_hours_on_the_day_on_which_clocks_go_forward(workshop: Workshop) -> None:
    """Berlin, 28 March 2027: 02:00 to 03:00 does not happen, so 00:00 to 06:00 is five hours, to 04:00 UTC."""
    frozen_by(workshop, '{weekly: {days: [sun], from: "00:00", to: "06:00"}}')
    assert planned(workshop, "2027-03-28T03:59:59Z", "2027-03-28T05:00:00Z") == FROZEN
    assert planned(workshop, "2027-03-28T04:00:00Z", "2027-03-28T05:00:00Z") == []
    assert planned(workshop, "2027-03-21T04:30:00Z", "2027-03-21T05:00:00Z") == FROZEN


def test_a_rule_with_exceptions(workshop: Workshop) -> None:
    entry = '{rrule: "FREQ=WEEKLY;BYDAY=FR", dtstart: "2026-12-04T12:00:00", duration: PT12H, exdate: ["2026-12-11"]}'
    frozen_by(workshop, entry)
    assert planned(workshop, "2026-12-04T20:00:00Z", "2026-12-04T21:00:00Z") == FROZEN
    assert planned(workshop, "2026-12-11T20:00:00Z", "2026-12-11T21:00:00Z") == []
    assert planned(workshop, "2026-12-18T20:00:00Z", "2026-12-18T23:00:01Z") == FROZEN


def test_each_service_of_a_change_is_asked(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit(FREEZE, "{all: true}", "{tiers: [1]}")
    workshop.change(
        **{"[newsletter]": "[newsletter, web-shop]", "2026-12-01T20": "2026-12-20T20", "2026-12-01T22": "2026-12-20T22"}
    )
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == FROZEN


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("timezone: Europe/Berlin", "timezone: Europe/Berlim"),
        ("timezone: Europe/Berlin", "timezone: CEST"),
        (ENTRY, '{start: "2026-12-15T00:00:00+01:00", end: "2026-01-05T00:00:00+01:00"}'),
        (ENTRY, '{start: "2026-12-15T00:00:00+01:00", end: "2026-12-15T00:00:00+01:00"}'),
        (ENTRY, '{rrule: "FREQ=WEEKLY;BYDAY=XX", dtstart: "2026-12-04T12:00:00", duration: PT12H}'),
        (ENTRY, '{rrule: "FREQ=SECONDLY", dtstart: "2026-12-04T12:00:00", duration: PT12H}'),
        (ENTRY, '{rrule: "FREQ=WEEKLY", dtstart: "2026-12-04T12:00:00", duration: PT0S}'),
        (ENTRY, '{weekly: {days: [sun], from: "22:00", to: "06:00"}}'),
        ("entries:", "entrys:"),
    ],
)
def test_a_mistake_in_a_calendar_is_not_an_open_window(workshop: Workshop, old: str, new: str) -> None:
    with on_main(workshop):
        text = (workshop.path / FREEZE).read_text()
        assert old in text
        workshop.write(FREEZE, text.replace(old, new, 1))
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert "judges-unusable" in codes(decision)


def test_freezes_of_draft_changes_are_asked_when_they_are_proposed(workshop: Workshop) -> None:
    with on_main(workshop):
        path = workshop.change(
            **{"status: proposed": "status: draft", "2026-12-01T20": "2026-12-20T20", "2026-12-01T22": "2026-12-20T22"}
        )
    workshop.edit(path, "status: draft", "status: proposed")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert blocking(workshop.judge()) == {"change-in-freeze"}
