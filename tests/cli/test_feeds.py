"""The calendars of the site that one can subscribe to: what is in them, and when there are none."""

from __future__ import annotations

import re
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import icalendar
import pytest

from tests.calendars import events
from tests.conftest import Run, Workshop

NOW = ("--now", "2026-11-22T12:00:00Z")
CHANGE = "changes/2026/11/22/chg-20261122-tune.yaml"
Event = tuple[str, str, int]


@pytest.fixture
def planned(workshop: Workshop) -> Workshop:
    workshop.change()
    workshop.commit()
    return workshop


def read(file: Path) -> dict[str, Event]:
    """Summary -> UID, status and sequence, as other programs read them."""
    return {
        str(event["SUMMARY"]): (str(event["UID"]), str(event["STATUS"]), int(event["SEQUENCE"]))
        for event in events(file.read_bytes())
    }


def build(planned: Workshop, itsm: Run, out: Path) -> str:
    code, _, err = itsm("-C", planned.path, "build", "--history", "0", "-o", out, *NOW)
    assert code == 0, err
    return err


def test_there_is_one_for_all_and_for_each_service_and_team(planned: Workshop, itsm: Run, tmp_path: Path) -> None:
    build(planned, itsm, tmp_path / "site")
    everything = read(tmp_path / "site/calendar.ics")
    assert "Change: Tune the newsletter" in everything
    assert "Freeze: Year-end freeze" in everything
    assert read(tmp_path / "site/services/newsletter.ics").keys() >= {"Change: Tune the newsletter"}
    assert "Change: Tune the newsletter" not in read(tmp_path / "site/services/orders.ics")
    assert (
        read(tmp_path / "site/teams/team-shop.ics")["Change: Tune the newsletter"]
        == everything["Change: Tune the newsletter"]
    ), "one event, wherever one subscribes"
    assert b'href="../services/newsletter.ics"' in (tmp_path / "site/services/newsletter.html").read_bytes()
    assert b'href="../teams/team-shop.ics"' in (tmp_path / "site/teams/team-shop.html").read_bytes()
    for page in ("calendars/index.html", "changes/index.html", "data/index.html", "calendars/year-end.html"):
        assert b'href="../calendar.ics"' in (tmp_path / "site" / page).read_bytes(), page


def test_an_event_is_the_one_of_itsm_calendar_and_stays_it(planned: Workshop, itsm: Run, tmp_path: Path) -> None:
    build(planned, itsm, tmp_path / "one")
    before = read(tmp_path / "one/calendar.ics")["Change: Tune the newsletter"]
    out = itsm("-C", planned.path, "calendar", "--format", "ics", "--to", "2027-01-01", "-q", *NOW)[1]
    assert before[0] in out
    planned.edit(CHANGE, "status: proposed", "status: cancelled")
    planned.commit()
    build(planned, itsm, tmp_path / "two")
    after = read(tmp_path / "two/calendar.ics")["Change: Tune the newsletter"]
    assert (before, after) == ((before[0], "TENTATIVE", 1), (before[0], "CANCELLED", 2))


def test_without_the_whole_history_there_is_none_and_it_is_said(planned: Workshop, itsm: Run, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "1", planned.path.as_uri(), shallow], check=True)
    code, _, err = itsm("-C", shallow, "build", "--history", "0", "-o", tmp_path / "site", *NOW)
    assert code == 0
    assert "no calendars to subscribe to: this clone is shallow" in err
    assert "fetch-depth: 0" in err
    assert not list((tmp_path / "site").rglob("*.ics"))
    assert b".ics" not in (tmp_path / "site/services/newsletter.html").read_bytes()


def test_a_change_that_cannot_be_read_stays_as_it_last_could_be(planned: Workshop, itsm: Run, tmp_path: Path) -> None:
    build(planned, itsm, tmp_path / "before")
    planned.edit(CHANGE, "status: proposed", "status: [")
    planned.commit()
    build(planned, itsm, tmp_path / "site")
    feeds = [
        sorted(path.relative_to(top) for path in top.rglob("*.ics")) for top in (tmp_path / "before", tmp_path / "site")
    ]
    assert feeds[0] == feeds[1]
    name = Path(CHANGE).stem
    before, after = (read(tmp_path / top / "calendar.ics")["Change: Tune the newsletter"] for top in ("before", "site"))
    assert before[:2] == after[:2]
    for page in ("index.html", "changes/index.html", f"changes/{name}.html"):
        text = (tmp_path / "site" / page).read_text()
        assert text.count('class="notice"') == 1, page
        assert CHANGE in text, page
    assert f"changes/{name}.html" in (tmp_path / "site/changes/index.html").read_text().replace('href="../', 'href="')
    assert 'class="notice"' not in (tmp_path / "before/index.html").read_text()


def test_what_never_could_be_read_is_told_in_each_calendar(planned: Workshop, itsm: Run, tmp_path: Path) -> None:
    planned.write("changes/calendars/new-freeze.yaml", "apiVersion: [\n")
    planned.commit()
    build(planned, itsm, tmp_path / "site")
    calendar = icalendar.Calendar.from_ical((tmp_path / "site/calendar.ics").read_bytes())
    assert "new-freeze" in str(calendar["X-WR-CALDESC"])
    assert "new-freeze.yaml" in (tmp_path / "site/index.html").read_text()
    assert "Change: Tune the newsletter" in read(tmp_path / "site/changes.ics")


class Subscriber:
    """A copy that somebody keeps: an event with a later sequence takes the place of the one that is there."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def takes(self, file: Path) -> dict[str, tuple[str, datetime]]:
        for event in events(file.read_bytes()):
            known = self.kept.get(str(event["UID"]))
            if known is None or event["SEQUENCE"] > known["SEQUENCE"]:
                self.kept[str(event["UID"])] = event
        return {str(e["SUMMARY"]): (str(e["STATUS"]), e.decoded("DTSTART")) for e in self.kept.values()}


def test_moving_calling_off_and_deleting_reach_the_copy_of_a_subscriber(
    planned: Workshop, itsm: Run, tmp_path: Path
) -> None:
    copy, change, freeze = Subscriber(), "Change: Tune the newsletter", "Freeze: Year-end freeze"
    files = ["calendar.ics", "changes.ics", "services/newsletter.ics", "teams/team-shop.ics"]

    def seen() -> dict[str, tuple[str, datetime]]:
        planned.commit()
        out = tmp_path / "site"
        build(planned, itsm, out)
        others = [Subscriber().takes(out / file)[change] for file in files]
        found = copy.takes(out / "calendar.ics")
        assert others == [found[change]] * len(files), "the same in each"
        return found

    first = seen()
    assert first[change][0] == "TENTATIVE"
    text = (planned.path / CHANGE).read_text()
    start = re.search(r'start: "?([0-9T:Z+-]+)"?', text)
    assert start
    planned.write(CHANGE, text.replace(start[1], start[1].replace("T", "T", 1).replace(":00", ":05", 1)))
    moved = seen()
    assert moved[change][1] > first[change][1]
    planned.edit(CHANGE, "status: proposed", "status: cancelled")
    assert seen()[change] == ("CANCELLED", moved[change][1])
    planned.edit(CHANGE, "status: cancelled", "status: proposed")
    assert seen()[change] == ("TENTATIVE", moved[change][1])
    (planned.path / CHANGE).unlink()
    (planned.path / "changes/calendars/year-end.yaml").unlink()
    gone = seen()
    assert gone[change] == ("CANCELLED", moved[change][1])
    assert gone[freeze][0] == "CANCELLED"


def test_a_window_that_is_taken_back_is_called_off(planned: Workshop, itsm: Run, tmp_path: Path) -> None:
    text = (planned.path / CHANGE).read_text()
    planned.write(
        CHANGE, re.sub(r"(?m)^  schedule:.*\n(    .*\n)*", "", text).replace("status: proposed", "status: draft")
    )
    planned.commit()
    build(planned, itsm, tmp_path / "site")
    assert read(tmp_path / "site/changes.ics")["Change: Tune the newsletter"][1] == "CANCELLED"


def test_changes_have_a_calendar_of_their_own_with_their_addresses(
    planned: Workshop, itsm: Run, tmp_path: Path
) -> None:
    planned.edit("itsm.yaml", "spec:", "spec:\n  site: {url: https://itsm.shop.example/}")
    planned.commit()
    build(planned, itsm, tmp_path / "site")
    (event,) = events((tmp_path / "site/changes.ics").read_bytes())
    assert str(event["SUMMARY"]) == "Change: Tune the newsletter"
    assert str(event["URL"]) == f"https://itsm.shop.example/changes/{Path(CHANGE).stem}.html"
    assert b'href="../changes.ics"' in (tmp_path / "site/changes/index.html").read_bytes()


def test_an_unchanged_repository_gives_the_same_calendars_and_sitemap_whenever_it_is_built(
    planned: Workshop, itsm: Run, tmp_path: Path
) -> None:
    """What is planned says when it was revised, and a page when its record was changed: neither says when it is now."""
    planned.edit("itsm.yaml", "spec:", "spec:\n  site: {url: https://itsm.shop.example/}")
    planned.commit()
    for name, now in (("one", "2026-11-22T12:00:00Z"), ("two", "2026-11-22T12:07:00Z")):
        code, _, err = itsm("-C", planned.path, "build", "--history", "0", "-o", tmp_path / name, "--now", now)
        assert code == 0, err
    same = ["sitemap.xml", "calendar.ics", "services/newsletter.ics", "teams/team-shop.ics"]
    assert [(tmp_path / "one" / file).read_bytes() for file in same] == [
        (tmp_path / "two" / file).read_bytes() for file in same
    ]
    day = planned.git("log", "-1", "--format=%cs", "--", CHANGE)
    place = CHANGE.rsplit("/", 1)[1].replace(".yaml", ".html")
    assert f"changes/{place}</loc><lastmod>{day}</lastmod>" in (tmp_path / "one/sitemap.xml").read_text()
    assert day != "2026-11-23"


def test_a_build_goes_on_where_the_one_before_it_ended(planned: Workshop, itsm: Run, tmp_path: Path) -> None:
    def built(*more: str | Path) -> str:
        arguments = ("-C", planned.path, "build", "--history", "0", "-o", tmp_path / "site", "--cache", tmp_path / "c")
        code, _, err = itsm(*arguments, *NOW, *more)
        assert code == 0, err
        return err

    assert "kept" not in built()
    assert "(0 rendered," in built()
    planned.edit("services/newsletter.yaml", "title: ", "title: The ")
    said = built()
    assert "rendered" in said
    assert "(0 rendered" not in said
    assert "The " in (tmp_path / "site/services/newsletter.html").read_text()
