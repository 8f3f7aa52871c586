"""Schedules for PagerDuty and Opsgenie, the status summary, and GitHub's deployment protection: what others read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from itsm_as_code.clock import Interval, parse_instant
from itsm_as_code.errors import ItsmError
from itsm_as_code.interchange.deployment_protection import protection
from itsm_as_code.interchange.on_call_schedules import schedules
from itsm_as_code.interchange.status_summary import summary
from itsm_as_code.measures.on_call import on_duty, shifts
from itsm_as_code.records.facts import Facts
from tests.conftest import SMALL, Run, copy_tree

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def record(kind: str, name: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "title": name.capitalize(), **metadata}, "spec": spec}


def person(name: str) -> dict[str, Any]:
    return record(
        "Person", name, {"emails": [f"{name}@x.example"]}, annotations={"pagerduty.com/user-id": name.upper()}
    )


# Schedules

ROTA = [
    {"weekly": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"}, "people": ["ann", "ben"]},
    {"weekly": {"days": ["mon", "tue", "wed", "thu"], "from": "18:00", "to": "24:00"}, "people": ["ben"]},
    {"weekly": {"days": ["sat"], "from": "00:00", "to": "24:00"}, "people": ["ben"], "validUntil": "2026-04-01"},
    {"weekly": {"days": ["sat"], "from": "00:00", "to": "24:00"}, "people": ["ann"], "validFrom": "2026-04-01"},
    {"rrule": "FREQ=WEEKLY;INTERVAL=2", "dtstart": "2026-03-22T00:00:00", "duration": "P1D", "people": ["ann"]},
    {"start": "2026-03-28T23:00:00Z", "end": "2026-03-29T22:00:00Z", "people": ["ben"]},
]


def facts(**spec: Any) -> Facts:
    rota = {"timezone": "Europe/Berlin", "kind": "on-call", "entries": ROTA, **spec}
    return Facts.from_records([record("Calendar", "rota", rota), person("ann"), person("ben")])


def minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:5])


def by_pagerduty(body: dict[str, Any], at: datetime) -> set[str]:
    found = set()
    local = at.astimezone(ZoneInfo(body["schedule"]["time_zone"]))
    here = local.weekday() * 1440 + local.hour * 60 + local.minute
    for layer in body["schedule"]["schedule_layers"]:
        if parse_instant(layer["start"]) <= at and (layer["end"] is None or at < parse_instant(layer["end"])):
            spans = [
                (
                    (one["start_day_of_week"] - 1) * 1440 + minutes(one["start_time_of_day"]),
                    one["duration_seconds"] // 60,
                )
                for one in layer["restrictions"]
            ]
            if not spans or any((here - begin) % 10080 < length for begin, length in spans):
                found.add(layer["users"][0]["user"]["id"].lower())
    return found


def by_opsgenie(body: dict[str, Any], at: datetime) -> set[str]:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    found = set()
    local = at.astimezone(ZoneInfo(body["timezone"]))
    here = local.weekday() * 1440 + local.hour * 60 + local.minute
    for turn in body["rotations"]:
        if parse_instant(turn["startDate"]) <= at and ("endDate" not in turn or at < parse_instant(turn["endDate"])):
            spans = []
            for one in turn.get("timeRestriction", {}).get("restrictions", ()):
                begin = days.index(one["startDay"]) * 1440 + one["startHour"] * 60 + one["startMin"]
                end = days.index(one["endDay"]) * 1440 + one["endHour"] * 60 + one["endMin"]
                spans.append((begin, (end - begin) % 10080 or 10080))
            if not spans or any((here - begin) % 10080 < length for begin, length in spans):
                found.add(turn["participants"][0]["username"].partition("@")[0])
    return found


@pytest.mark.parametrize("tool", ["pagerduty", "opsgenie"])
@pytest.mark.parametrize("holidays", [False, True])
def test_the_same_people_are_on_call_there(tool: str, holidays: bool) -> None:
    """In every other hour of eight weeks, over a change of the clock."""
    known = facts()
    if holidays:
        off = {
            "timezone": "Europe/Berlin",
            "kind": "holidays",
            "entries": [{"date": "2026-04-03", "title": "Good Friday"}],
        }
        rota = {"timezone": "Europe/Berlin", "kind": "on-call", "entries": ROTA, "holidays": ["off"]}
        known = Facts.from_records(
            [record("Calendar", "rota", rota), record("Calendar", "off", off), person("ann"), person("ben")]
        )
    until = NOW + timedelta(days=56)
    found = schedules(known, tool, NOW, until)
    assert (len(found.bodies), found.unknown) == (2, [])
    ahead = shifts(known, known.record("Calendar", "rota") or {}, Interval(NOW, until))
    told = by_pagerduty if tool == "pagerduty" else by_opsgenie
    for hour in range(0, 56 * 24 - 1, 2):
        at = NOW + timedelta(hours=hour, minutes=30)
        for place in (0, 1):
            expected = {shift.people[place] for shift in on_duty(ahead, at) if place < len(shift.people)}
            assert told(found.bodies[place], at) == expected, at


def test_who_is_not_known_there_is_named() -> None:
    nobody = record("Person", "ann", {})
    rota = {"timezone": "UTC", "kind": "on-call", "entries": ROTA[:1]}
    found = schedules(
        Facts.from_records([record("Calendar", "rota", rota), nobody]), "pagerduty", NOW, NOW + timedelta(9)
    )
    assert found.unknown == ["ann", "ben"]


def test_times_that_opsgenie_rounds_are_said() -> None:
    """https://docs.opsgenie.com/docs/schedule-rotation-api: minutes may be 0 or 30."""
    quarter = [{"weekly": {"days": ["mon"], "from": "08:15", "to": "18:00"}, "people": ["ann"]}]
    at = NOW.replace(minute=41)
    for entries, tool, rounded in ((quarter, "opsgenie", ["Rota"]), (quarter, "pagerduty", []), (ROTA, "opsgenie", [])):
        found = schedules(facts(entries=entries), tool, at, at + timedelta(9))
        assert found.rounded == rounded


# Status

TEXT = {"type": "string"}
PAGE = {
    "type": "object",
    "required": ["page", "status", "components", "incidents", "scheduled_maintenances"],
    "properties": {
        "page": {"required": ["id", "name", "url", "time_zone", "updated_at"]},
        "status": {"properties": {"indicator": {"enum": ["none", "minor", "major", "critical", "maintenance"]}}},
        "components": {"items": {"$ref": "#/$defs/component"}},
        "incidents": {"items": {"$ref": "#/$defs/incident"}},
        "scheduled_maintenances": {
            "items": {"allOf": [{"$ref": "#/$defs/incident"}, {"required": ["scheduled_for", "scheduled_until"]}]}
        },
    },
    "$defs": {
        "component": {
            "required": [
                "id",
                "name",
                "status",
                "created_at",
                "updated_at",
                "position",
                "page_id",
                "only_show_if_degraded",
            ],
            "properties": {
                "status": {
                    "enum": [
                        "operational",
                        "under_maintenance",
                        "degraded_performance",
                        "partial_outage",
                        "major_outage",
                    ]
                }
            },
        },
        "incident": {
            "required": ["id", "name", "status", "impact", "created_at", "updated_at", "incident_updates", "page_id"],
            "properties": {
                "impact": {"enum": ["none", "minor", "major", "critical", "maintenance"]},
                "incident_updates": {"items": {"required": ["id", "status", "body", "incident_id", "created_at"]}},
            },
        },
    },
}
"""What status pages publish of /api/v2/summary.json, written down from their own API pages."""


def service(name: str, lifecycle: str = "live", tier: int = 1) -> dict[str, Any]:
    return record("Service", name, {"lifecycle": lifecycle, "tier": tier, "owner": "team"})


def test_a_summary_says_how_services_stand() -> None:
    outages = [
        {"service": "shop", "start": "2026-03-20T11:00:00Z", "kind": "full"},
        {"service": "mail", "start": "2026-03-20T11:00:00Z", "end": "2026-03-20T11:30:00Z", "kind": "full"},
    ]
    incident = {"status": "in-progress", "services": ["shop"], "priority": "P1", "detectedAt": "2026-03-20T11:01:00Z"}
    incident |= {"outages": outages, "communications": [{"at": "2026-03-20T11:20:00Z", "message": "We look into it."}]}
    window = {"start": "2026-03-21T00:00:00Z", "end": "2026-03-21T02:00:00Z"}
    change = {"status": "scheduled", "services": ["mail"], "schedule": window}
    known = Facts.from_records(
        [service("shop"), service("mail", tier=2), service("old", "retired"), record("Incident", "inc-1", incident),
         record("Incident", "inc-0", incident | {"status": "closed"}), record("Change", "chg-1", change),
         record("Change", "chg-0", change | {"status": "proposed"})]
    )  # fmt: skip
    found = summary(known, NOW, "Shop", "https://shop.example", "UTC")
    jsonschema.Draft202012Validator(PAGE).validate(found)
    assert [(item["name"], item["status"]) for item in found["components"]] == [
        ("Shop", "major_outage"), ("Mail", "operational")
    ]  # fmt: skip
    assert found["status"] == {"indicator": "major", "description": "Major System Outage"}
    (one,) = found["incidents"]
    assert (one["impact"], one["status"], one["incident_updates"][0]["body"]) == (
        "critical", "identified", "We look into it."
    )  # fmt: skip
    assert [item["scheduled_until"] for item in found["scheduled_maintenances"]] == ["2026-03-21T02:00:00Z"]


def test_a_change_that_takes_a_service_down_is_maintenance() -> None:
    window = {"start": "2026-03-20T11:00:00Z", "end": "2026-03-20T13:00:00Z"}
    change = {"status": "implementing", "services": ["shop"], "schedule": window, "outage": {"duration": "PT1H"}}
    found = summary(Facts.from_records([service("shop"), record("Change", "chg-1", change)]), NOW, "Shop", "", "UTC")
    assert (found["components"][0]["status"], found["status"]["indicator"]) == ("under_maintenance", "maintenance")


# Deployment protection


def report(**more: Any) -> bytes:
    data = {"schema": "itsm/authorise/v1", "authorised": True, "change": "chg-1", "at": "2026-03-20T12:00:00Z"}
    return json.dumps({**data, "reasons": [], "next": None, **more}).encode()


def test_only_a_yes_is_approved() -> None:
    yes = protection(report(), "production")
    assert (yes["environment_name"], yes["state"]) == ("production", "approved")
    reasons = [{"code": "window", "message": "it is too early"}]
    no = protection(report(authorised=False, reasons=reasons, next="2026-03-21T00:00:00Z"), "production")
    assert no["state"] == "rejected"
    assert "it is too early" in no["comment"]
    assert "2026-03-21" in no["comment"]


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{}", b"[]", b"\xff", b"true", report(schema="itsm/gate/v1"), report(authorised="yes"),
        report(authorised=1), report(reasons=[{"message": "but"}]), report(authorised=False), report(reasons=None),
    ],
)  # fmt: skip
def test_what_is_no_answer_approves_nothing(text: bytes) -> None:
    with pytest.raises(ItsmError, match="no answer of 'itsm authorise'"):
        protection(text, "production")


def test_the_commands(tmp_path: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_tree(SMALL, tmp_path)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(report())))
    code, out, _ = itsm("-C", str(tmp_path), "export", "deployment-protection", "-", "--environment", "production")
    assert (code, json.loads(out)["state"]) == (0, "approved")
    code, out, _ = itsm("-C", str(tmp_path), "export", "summary")
    assert (code, json.loads(out)["status"]["indicator"]) == (0, "none")
    code, out, _ = itsm("-C", str(tmp_path), "export", "schedules", "--format", "pagerduty")
    assert (code, json.loads(out)) == (0, [])


# Tables


def test_all_records_and_figures_come_back_from_duckdb_and_parquet(tmp_path: Path, itsm: Run) -> None:
    duckdb = pytest.importorskip("duckdb")
    copy_tree(SMALL, tmp_path)
    call = ["-C", str(tmp_path), "export"]
    assert itsm(*call, "duckdb", str(tmp_path / "all's.duckdb"), "--now", "2026-11-22T12:00:00Z")[0] == 0
    assert itsm(*call, "parquet", str(tmp_path / "tables"), "--now", "2026-11-22T12:00:00Z")[0] == 0
    code, _, err = itsm(*call, "parquet", str(tmp_path / "tables"))
    assert (code, "is there already" in err) == (2, True)
    with duckdb.connect(str(tmp_path / "all's.duckdb"), read_only=True) as database:
        for name in ("records", "fields", "figures"):
            file = tmp_path / "tables" / f"{name}.parquet"
            rows = database.table(name).fetchall()
            assert rows
            assert rows == database.read_parquet(str(file)).fetchall()
        kinds = dict(database.execute("SELECT kind, count(*) FROM records GROUP BY kind").fetchall())
        (data,) = database.execute("SELECT data FROM records WHERE kind = 'Service' AND name = 'orders'").fetchone()
        tier = "SELECT value FROM fields WHERE kind = 'Service' AND name = 'orders' AND pointer = '/spec/tier'"
        assert database.execute(tier).fetchone() == ("2",)
    assert kinds["Service"] == 4
    assert json.loads(data)["spec"]["dependsOn"] == [{"service": "database", "strength": "hard"}]
