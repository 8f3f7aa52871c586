"""itsm calendar: the agenda in each form, and the mistakes one makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from tests import calendars
from tests.conftest import ROOT, SMALL, Run, Workshop, copy_tree

REPORT = Validator("report", KindRegistry.load().bundled("reports/calendar-report.schema.json"))
NOW = ("--now", "2026-11-22T12:00:00Z", "-q")
CHANGE = "changes/2026/11/22/chg-20261122-tune.yaml"
TEXT = """\
2026-11-22 13:00 to 2027-01-31 00:00 (Europe/Berlin)

Tuesday 2026-12-01
  21:00 to 23:00             change       chg-20261122-tune: Tune the newsletter  [normal, proposed]
                                          newsletter

Sunday 2026-12-20
  21:00 to 23:00             change       chg-20261122-late: Tune the newsletter  [normal, proposed]
                                          newsletter
                             ! freeze: newsletter is frozen: Year-end freeze

2 changes, 1 with conflicts
"""


@pytest.fixture
def planned(workshop: Workshop) -> Workshop:
    workshop.change()
    workshop.change("chg-20261122-late", **{"2026-12-01T20": "2026-12-20T20", "2026-12-01T22": "2026-12-20T22"})
    workshop.commit()
    return workshop


def events(out: str) -> dict[str, Any]:
    """Summary -> event, as two other programs read them."""
    return {str(event["SUMMARY"]): event for event in calendars.events(out)}


def test_an_agenda(planned: Workshop, itsm: Run) -> None:
    code, out, _ = itsm("-C", planned.path, "calendar", "--to", "2027-01-31", *NOW)
    freeze = out.index("Tuesday 2026-12-15")
    end = out.index("\nSunday 2026-12-20")
    assert code == 0
    assert out[:freeze] + out[end + 1 :] == TEXT
    assert "00:00 to 2027-01-05 00:00  freeze       year-end: Year-end freeze" in out[freeze:end]


def test_what_began_before_runs_already(planned: Workshop, itsm: Run) -> None:
    out = itsm("-C", planned.path, "calendar", "--from", "2026-12-20", "--to", "2026-12-21", *NOW)[1]
    assert "Running already\n  until 2027-01-05 00:00     freeze       year-end" in out


def test_nothing_is_said_too(itsm: Run) -> None:
    assert "Nothing is planned." in itsm("-C", SMALL, "calendar", "--to", "2026-11-24", *NOW)[1]


def test_only_what_concerns_a_service_or_team(planned: Workshop, itsm: Run) -> None:
    for arguments, many in (
        (["--service", "newsletter"], 2),
        (["--service", "orders"], 0),
        (["--team", "team-shop"], 2),
    ):
        out = itsm("-C", planned.path, "calendar", *arguments, "--to", "2027-01-31", *NOW, "--format", "json")[1]
        assert sum(entry["kind"] == "change" for entry in json.loads(out)["entries"]) == many


def test_json(planned: Workshop, itsm: Run) -> None:
    data = json.loads(itsm("-C", planned.path, "calendar", "--to", "2027-01-31", *NOW, "--format", "json")[1])
    assert list(REPORT.problems(data)) == []
    whole = itsm("-C", ROOT, "calendar", "--from", "2026-01-01", "--to", "2027-12-31", *NOW, "--format", "json")[1]
    assert list(REPORT.problems(json.loads(whole))) == []
    assert (data["schema"], data["timezone"]) == ("itsm/calendar/v1", "Europe/Berlin")
    assert [(entry["kind"], entry["record"]) for entry in data["entries"]] == [
        ("change", "chg-20261122-tune"),
        ("freeze", "year-end"),
        ("change", "chg-20261122-late"),
    ]
    assert [item["kind"] for item in data["entries"][2]["conflicts"]] == ["freeze"]


def test_an_event_keeps_its_identity_when_it_is_moved_and_called_off(planned: Workshop, itsm: Run) -> None:
    ask = ("-C", planned.path, "calendar", "--to", "2027-01-31", *NOW, "--format", "ics", "--service", "newsletter")
    (planned.path / "changes/2026/11/22/chg-20261122-late.yaml").unlink()
    before = events(itsm(*ask)[1])["Change: Tune the newsletter"]
    planned.edit(CHANGE, '"2026-12-01T20', '"2026-12-01T19')
    planned.commit()
    moved = events(itsm(*ask)[1])["Change: Tune the newsletter"]
    planned.edit(CHANGE, "status: proposed", "status: cancelled")
    planned.commit()
    off = events(itsm(*ask)[1])["Change: Tune the newsletter"]
    assert before["UID"] == moved["UID"] == off["UID"]
    assert [event["SEQUENCE"] for event in (before, moved, off)] == [1, 2, 3]
    assert [str(event["STATUS"]) for event in (before, moved, off)] == ["TENTATIVE", "TENTATIVE", "CANCELLED"]
    assert moved.decoded("DTSTART") < before.decoded("DTSTART")


def test_a_freeze_keeps_its_identity_while_it_runs(planned: Workshop, itsm: Run) -> None:
    ask = ("-C", planned.path, "calendar", "--format", "ics", "-q", "--now")
    found = [events(itsm(*ask, f"2026-12-{day}T12:00:00Z")[1])["Freeze: Year-end freeze"] for day in ("10", "16", "28")]
    assert len({str(event["UID"]) for event in found}) == 1
    assert len({event.decoded("DTSTART") for event in found}) == 1


def test_the_example_is_readable_by_others(itsm: Run, tmp_path: Path) -> None:
    copy_tree(ROOT / "services", tmp_path / "services")
    for folder in ("changes", "people"):
        copy_tree(ROOT / folder, tmp_path / folder)
    (tmp_path / "itsm.yaml").write_bytes((ROOT / "itsm.yaml").read_bytes())
    arguments = ("--from", "2025-12-01", "--to", "2027-02-01")
    code, out, _ = itsm("-C", tmp_path, "calendar", *arguments, "--format", "ics", "-q")
    uids = [str(event["UID"]) for event in calendars.events(out)]
    assert code == 0
    assert len(uids) == len(set(uids)) > 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--service", "newsleter"], "did you mean 'newsletter'?"),
        (["--team", "team-shp"], "did you mean 'team-shop'?"),
        (["--from", "whenever"], "'whenever' is not an instant such as"),
        (["--to", "2026-13-01"], "--to: there is no day 2026-13-01"),
        (["--from", "2026-12-02", "--to", "2026-12-01"], "--to is not after --from"),
        (["--to", "2026-11-01"], "--to is not after --from"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--rev", "nothing"], "itsm: "),
    ],
)
def test_mistakes(itsm: Run, arguments: list[str], said: str) -> None:
    code, out, err = itsm("-C", SMALL, "calendar", *arguments, "--now", "2026-11-22T12:00:00Z")
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Europe/Berlin", "Europe/Atlantis", "year-end.yaml:5:13 cannot be used"),
        ("kind: freeze", "kind: freezer", "year-end.yaml:6:9 cannot be used"),
        ("2027-01-05T", "2025-01-05T", "the calendar year-end cannot be read"),
    ],
)
def test_a_calendar_that_cannot_be_read_is_no_free_time(
    tmp_path: Path, itsm: Run, old: str, new: str, said: str
) -> None:
    copy_tree(SMALL, tmp_path)
    file = tmp_path / "changes/calendars/year-end.yaml"
    file.write_text(file.read_text().replace(old, new))
    code, out, err = itsm("-C", tmp_path, "calendar", *NOW)
    assert (code, out) == (2, "")
    assert said in err


def test_what_no_agenda_is_made_from_stops_none(tmp_path: Path, itsm: Run) -> None:
    """A release lies below the folder of changes, and is none."""
    copy_tree(SMALL, tmp_path)
    file = tmp_path / "changes/releases/rel-1.yaml"
    file.parent.mkdir()
    file.write_text("apiVersion: itsm/v1\nkind: Release\nmetadata: {name: rel-1}\n")
    code, _, err = itsm("-C", tmp_path, "calendar", *NOW)
    assert (code, err) == (0, "")
    file.rename(tmp_path / "changes/rel-1.yaml")
    assert itsm("-C", tmp_path, "calendar", *NOW)[0] == 2
