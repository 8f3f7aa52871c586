"""Tables by a mapping file: what a service desk exports, with all that is odd in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from itsm_as_code.interchange import Asked, Conversion, Known, completed, plan
from itsm_as_code.interchange._mapping import read_mapping
from itsm_as_code.interchange._tables import read_rows
from itsm_as_code.interchange._values import plain_text
from itsm_as_code.interchange.csv import convert, shipped
from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import Run

CHANGES = """\
Number,Short description,Description,Type,State,Close code,Configuration item,Assigned to,Actual start date,\
Actual end date,Sys ID,Cost,Empty
CHG0086806,"Stand up, the balancer",<p>New&nbsp;<b>balancer</b> for München</p><ul><li>one</li><li>two</li></ul>,\
Normal,Closed,Backed out,first-service,Ada Example (ada),13.11.2020 02:00:00,13.11.2020 03:07:05,a1,"1.234,50",
CHG0086807,"Two
lines","quoted\r
line; and, comma",Standard,Closed,Successful,first-service,Zed Nobody (zed),2021-03-28 02:30:00,2021-03-28 04:00:00,a2,,
CHG0086806,The same number again,,Normal,Closed,Successful,first-service,,2021-01-01 10:00:00,2021-01-01 11:00:00,,,
CHG0086808,Twice on the clock,,Normal,Closed,Odd,first-service,,2021-10-31 02:30:00,2021-10-31 05:00:00,,,
,No number,,Normal,Closed,Successful,first-service,,,,,,
CHG0086809,Too few,x
CHG0086811,Never done,,Expedited,Canceled,,first-service,,,,,,
"""


def records(conversion: Conversion) -> dict[str, dict[str, Any]]:
    return {record.id.name: record.data for record in conversion.records}


def said(conversion: Conversion, rule: str) -> list[str]:
    return [f"{found.location.line}: {found.message}" for found in conversion.findings if found.rule == rule]


def imported(source: bytes | str, mapping: str, known: Known, **asked: Any) -> Conversion:
    content = shipped().get(mapping) or mapping.encode()
    source = source if isinstance(source, bytes) else source.encode()
    return convert({"in.csv": source}, known, Asked(mapping=("map.yaml", content), day="2026-11-02", **asked))


@pytest.fixture
def known(tmp_path: Path) -> Known:
    return Known.read(tmp_path / "none")


@pytest.fixture
def shop(tmp_path: Path, itsm: Run) -> Path:
    person = "Ada Example <ada@shop.example>"
    assert itsm("init", tmp_path / "shop", "--organisation", "Shop", "--person", person)[0] == 0
    with (tmp_path / "shop/itsm.yaml").open("a") as file:
        file.write('  takenOver:\n    before: "2026-11-02"\n    from: [servicenow]\n')
    (tmp_path / "changes.csv").write_bytes(CHANGES.encode("cp1252"))
    return tmp_path / "shop"


def test_changes_of_a_service_desk_with_their_oddities(shop: Path) -> None:
    """Windows-1252, local times in the gap and twice, quoted line ends, a number twice, HTML, unmapped columns."""
    found = imported(CHANGES.encode("cp1252"), "servicenow-change", Known.read(shop), timezone="Europe/Berlin")
    made = records(found)
    assert sorted(made) == ["chg0086806", "chg0086807", "chg0086808", "chg0086811"]
    assert found.entities == 7
    assert found.refused == 3
    first = made["chg0086806"]
    assert first["metadata"]["description"] == "New balancer for München\n\n- one\n- two"
    assert first["metadata"]["annotations"] == {"servicenow-change/cost": "1.234,50"}
    assert first["spec"] == {
        "type": "normal",
        "services": ["first-service"],
        "implementers": ["ada-example"],
        "actual": {"start": "2020-11-13T01:00:00Z", "end": "2020-11-13T02:07:05Z"},
        "status": "closed",
        "result": "backed-out",
        "takenOver": {"from": "servicenow", "number": "CHG0086806", "on": "2026-11-02"},
    }
    assert made["chg0086807"]["metadata"]["title"] == "Two lines"
    assert made["chg0086807"]["metadata"]["description"] == "quoted\nline; and, comma"
    assert (made["chg0086811"]["spec"]["type"], made["chg0086811"]["spec"]["status"]) == ("emergency", "cancelled")
    assert said(found, "import-table") == [
        "6: not imported: chg0086806 stands twice; the one at in.csv:2:1 is imported",
        "8: not imported: the row has no 'number', of which the name is made",
        "9: not imported: 3 values, and 13 columns",
        "None: the file is not UTF-8; it is read as Windows-1252",
    ]
    wrong = said(found, "import-value")
    assert any("3: chg0086807: actual start date" in line and "skip that time" in line for line in wrong)
    assert any("7: chg0086808: actual start date" in line and "show that time twice" in line for line in wrong)
    assert any("'Odd' is not in the table of values" in line for line in wrong)
    assert any("nobody here is 'Zed Nobody (zed)'" in line for line in wrong)
    kept = made["chg0086808"]["metadata"]["annotations"]
    assert kept["servicenow-change/actual-start-date"] == "2021-10-31 02:30:00", "what was refused is not lost"
    assert not any("Empty" in line or "Sys ID" in line for line in said(found, "import-column"))


def test_the_command_twice_without_difference_and_decisions(shop: Path, tmp_path: Path, itsm: Run) -> None:
    command = ["-C", shop, "import", "csv", "--map", "servicenow-change", tmp_path / "changes.csv", "--format", "json"]
    command += ["--timezone", "Europe/Berlin"]
    code, out, _ = itsm(*command, "--now", "2026-11-22T09:00:00Z")
    summary = json.loads(out)["summary"]
    assert code == 1
    assert summary["entities"] == 7 == summary["created"] + summary["notImported"]
    assert [item["rule"] for item in json.loads(out)["decisions"]] == ["record-schema"], "times that clocks do not show"
    files = {path: path.read_bytes() for path in shop.rglob("*.yaml")}
    again = json.loads(itsm(*command, "--now", "2026-12-22T09:00:00Z")[1])["summary"]
    assert (again["unchanged"], again["created"], again["updated"]) == (4, 0, 0)
    assert {path: path.read_bytes() for path in shop.rglob("*.yaml")} == files, "also on another day"


INCIDENT = {
    "number": "INC001", "short_description": "No logins", "incident_state": "7", "cmdb_ci": {"display_value": "Orders"},
    "impact": "1", "urgency": {"display_value": "2 - Medium", "value": "2"}, "opened_at": "2021-02-01 10:00:00",
    "resolved_at": "2021-02-01 11:00:00", "closed_at": "2021-02-02 11:00:00", "close_code": "Solution provided",
    "assignment_group": {"display_value": "Service Desk"}, "u_more": ["a", {"name": "b"}], "empty": None,
}  # fmt: skip


@pytest.mark.parametrize("around", ["%s", '{"result": %s}', '{"records":\n %s}'])
def test_incidents_as_json(around: str, known: Known) -> None:
    source = around % json.dumps([INCIDENT, "odd"])
    found = imported(source, "servicenow-incident", known)
    (record,) = records(found).values()
    assert record["spec"] == {
        "services": ["orders"], "impact": 1, "urgency": 2, "assignedTo": "service-desk", "status": "closed",
        "detectedAt": "2021-02-01T10:00:00Z", "restoredAt": "2021-02-01T11:00:00Z",
        "resolvedAt": "2021-02-01T11:00:00Z",
        "closedAt": "2021-02-02T11:00:00Z", "resolutionCode": "fixed",
        "takenOver": {"from": "servicenow", "number": "INC001", "on": "2026-11-02"},
    }  # fmt: skip
    assert record["metadata"]["annotations"] == {"servicenow-incident/u-more": "a, b"}
    assert [line.partition(": ")[2] for line in said(found, "import-table")] == ["not imported: a row is no object"]


def test_a_cmdb_and_the_teams_that_it_names(known: Known) -> None:
    source = "Name;Business criticality;Operational status;Support group\n"
    source += "Web Shop;1 - most critical;Operational;Shop Team\n"
    whole = completed(imported(source, "servicenow-cmdb", known), known)
    service = records(whole)["web-shop"]["spec"]
    assert service == {
        "owner": "shop-team", "tier": 1, "type": "application", "lifecycle": "live", "stage": "catalogue",
    }  # fmt: skip
    assert [record.id.name for record in whole.records if record.supplied] == ["shop-team"]
    assert not any(found.rule == "import-valid" for found in plan(whole, known, force=False)[1])


def test_issues_of_jira(known: Known) -> None:
    source = "Issue key,Summary,Status,Created,Resolved,Resolution,Priority,Component/s\n"
    source += "OPS-7,Slow,Done,05/Mar/21 3:04 PM,06/Mar/21 9:00 AM,Fixed,High,Web Shop\n"
    spec = records(imported(source, "jira-service-management", known, timezone="America/New_York"))["ops-7"]["spec"]
    assert (spec["detectedAt"], spec["urgency"], spec["services"]) == ("2021-03-05T20:04:00Z", 2, ["web-shop"])
    assert spec["takenOver"]["number"] == "OPS-7"


JIRA = """\
Summary,Issue key,Issue id,Issue Type,Status,Project key,Project name,Project type,Project lead,Project lead id,\
Project description,Priority,Resolution,Assignee,Assignee Id,Reporter,Reporter Id,Creator,Creator Id,Created,Updated,\
Last Viewed,Resolved,Components,Components,Due date,Votes,Labels,Labels,Description,Environment,Watchers,Watchers,\
Watchers Id,Watchers Id,Original estimate,Work Ratio,Attachment,Custom field (Affected services),\
Custom field (Approvals),Custom field (Impact),Custom field (Major incident),Custom field (Rank),\
Custom field (Urgency),Comment,Comment,Status Category,Status Category Changed
"No logins, anywhere",OPS-7,46025,[System] Incident,Closed,OPS,Operations,service_desk,Ann Lee,712020:11f06c30,,\
Highest,Done,Ben,712020:ben,Ann Lee,712020:11f06c30,Ann Lee,712020:11f06c30,25/Feb/21 10:17 PM,26/Feb/21 10:17 PM,\
02/Mar/21 12:39 AM,26/Feb/21 9:05 AM,Web Shop,Orders,,0,vip,login,"Text with ""quotes""

!image.png|width=541!",,Ann Lee,Ben,712020:11f06c30,712020:ben,,,\
25/Feb/21 10:17 PM;712020:ben;image.png;https://x.example/35345,,com.atlassian.servicedesk.ApprovalsCFValue@170e16ef,\
Significant / Large,,0|i02m2f:,High,"25/Feb/21 4:38 PM;712020:ben;On it","25/Feb/21 4:40 PM;712020:ben;Done",Done,x
"""
"""What Jira exports as CSV (all fields): a head stands once for each value, so several stand twice."""


def test_an_export_of_jira_with_all_its_fields(known: Known) -> None:
    found = imported(JIRA, "jira-service-management", known, timezone="Europe/Berlin")
    (record,) = records(found).values()
    assert record["spec"] == {
        "services": ["web-shop", "orders"], "impact": 2, "urgency": 2, "reportedBy": "Ann Lee", "status": "closed",
        "detectedAt": "2021-02-25T21:17:00Z", "restoredAt": "2021-02-26T08:05:00Z",
        "resolvedAt": "2021-02-26T08:05:00Z", "closedAt": "2021-02-26T08:05:00Z", "resolutionCode": "fixed",
        "takenOver": {"from": "jira", "number": "OPS-7", "on": "2026-11-02"},
    }  # fmt: skip
    assert record["metadata"]["title"] == "No logins, anywhere"
    kept = record["metadata"]["annotations"]
    assert kept["jira-service-management/labels"] == "vip, login"
    assert kept["jira-service-management/comment"].count("712020:ben") == 2
    assert not [key for key in kept if "rank" in key or "watchers" in key]
    assert found.refused == 0


def test_a_search_of_jira(known: Known) -> None:
    """REST API 3: texts are documents."""
    lines = [{"type": "text", "text": "One"}, {"type": "hardBreak"}, {"type": "text", "text": "two"}]
    points = {"type": "bulletList", "content": [{"type": "listItem", "content": lines[:1]}] * 2}
    fields = {
        "summary": "Slow", "created": "2021-02-25T22:17:04.000+0100",
        "resolutiondate": "2021-02-26T09:05:00.000+0100",
        "status": {"name": "Resolved", "self": "https://x"}, "priority": {"name": "Low"},
        "reporter": {"displayName": "Ann"},
        "components": [{"name": "Web Shop"}, {"name": "Orders"}], "progress": {"progress": 0, "total": 0},
        "description": {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": lines}, points]},
    }  # fmt: skip
    found = imported(json.dumps({"issues": [{"key": "OPS-8", "fields": fields}]}), "jira-service-management", known)
    (record,) = records(found).values()
    assert record["metadata"]["description"] == "One\ntwo\n\nOne\nOne"
    assert record["metadata"]["annotations"] == {"jira-service-management/progress": '{"progress": 0, "total": 0}'}, (
        "nothing is dropped in silence"
    )
    assert record["spec"] == {
        "services": ["web-shop", "orders"], "impact": 3, "urgency": 4, "reportedBy": "Ann", "status": "resolved",
        "detectedAt": "2021-02-25T21:17:04Z", "restoredAt": "2021-02-26T08:05:00Z",
        "resolvedAt": "2021-02-26T08:05:00Z", "closedAt": "2021-02-26T08:05:00Z",
    }  # fmt: skip


def test_an_export_of_servicenow_in_raw_values(known: Known) -> None:
    """JSONv2 and the Table API give numbers of rows and words of the database unless display values are asked for."""
    change = {
        "number": "CHG0000014", "type": "emergency", "state": "3", "close_code": "successful_issues",
        "short_description": "Restart", "work_start": "2021-02-01 10:00:00", "work_end": "2021-02-01 11:00:00",
        "cmdb_ci": "281190e3c0a8000b003f593aa3f20ca6", "assigned_to": "46c6f9efa9fe198101ddf5eed9adf6e7", "risk": "4",
        "business_service": "", "sys_id": "1766f1de47410200e90d87e8dee490f6",
    }  # fmt: skip
    found = imported(json.dumps({"records": [change]}), "servicenow-change", known)
    (record,) = records(found).values()
    assert record["spec"] == {
        "type": "emergency", "status": "closed", "result": "successful-with-issues",
        "actual": {"start": "2021-02-01T10:00:00Z", "end": "2021-02-01T11:00:00Z"},
        "takenOver": {"from": "servicenow", "number": "CHG0000014", "on": "2026-11-02"},
    }  # fmt: skip
    wrong = [item for item in found.findings if item.rule == "import-value"]
    assert len(wrong) == 2
    assert all("is the number of a row there, and no name" in item.message for item in wrong)
    assert all("sysparm_display_value=true" in item.remedy for item in wrong)
    service = {"name": "Web Shop", "operational_status": "6", "busines_criticality": "2 - somewhat critical"}
    (record,) = records(imported(json.dumps([service]), "servicenow-cmdb", known)).values()
    assert [record["spec"][key] for key in ("lifecycle", "stage", "tier")] == ["retired", "retired", 2]


MAPPING = """\
apiVersion: itsm/v1
kind: ImportMapping
metadata: {name: own}
spec:
  kind: Service
  decimal: ","
  name: Name
  fields:
    metadata.title: {column: Name}
    spec.cost.fixed: {column: Cost, as: decimal}
    spec.consumers: {column: Users, split: "|", as: line}
    spec.tier: {column: Tier, as: integer}
    spec.repositories.0: {column: Code}
"""


def test_numbers_lists_and_places_in_lists(known: Known) -> None:
    source = 'Name,Cost,Users,Tier,Code\nA,"1.234,50",Web| App |Web,2,https://git.example.org/a\nB,"12,5x",,2.5,\n'
    found = imported(source, MAPPING, known)
    assert records(found)["a"]["spec"] == {
        "cost": {"fixed": "1234.50"}, "consumers": ["Web", "App"], "tier": 2,
        "repositories": ["https://git.example.org/a"],
    }  # fmt: skip
    assert len(said(found, "import-value")) == 2


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("kind: Service", "kind: Servise", "5:9", "there is no kind 'Servise'"),
        ("spec.tier", "spec.teir", "12:5", "Service has no field 'spec.teir'"),
        ("as: integer", "as: number", "12:35", "as"),
        ("  name: Name\n", "", "4:1", "name"),
        ('decimal: ","', "timezone: Mars/Olympus", "6:13", "no such time zone"),
        ("{column: Code}", "{as: text}", "13:5", "neither a column nor a default"),
        ("kind: Service", "kind: [", "7:3", ""),
    ],
)
def test_a_mapping_that_is_wrong_says_where(old: str, new: str, place: str, message: str, known: Known) -> None:
    found = imported("Name\nA\n", MAPPING.replace(old, new), known)
    assert found.records == []
    assert str(found.findings[0].location) == f"map.yaml:{place}"
    assert message in found.findings[0].message


@pytest.mark.parametrize("name", shipped())
def test_mappings_that_come_along_can_be_used(name: str) -> None:
    assert read_mapping(name, shipped()[name], KindRegistry.load()).name == name


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        (b"\n", 1, "no heads of columns"),
        (b'{"x": 1}', 1, "no list of rows"),
        (b'[\n{"x": }]', 2, "not JSON"),
        (b"Number\nx\n\x81\x8d\n", 3, "neither UTF-8 nor Windows-1252"),
        (b'Number,b\n1,2\n"3,4\n5,6\n', 3, "not CSV"),
    ],
)
def test_tables_that_cannot_be_read_are_refused_at_their_line(source: bytes, line: int, why: str, known: Known) -> None:
    found = imported(source, "servicenow-change", known)
    (refused,) = (item for item in found.findings if item.severity == "error" and item.rule == "import-table")
    assert (refused.location.line, found.refused) == (line, 1)
    assert why in refused.message


def test_each_row_of_json_stands_at_its_line() -> None:
    _, rows = read_rows("x", b'\xef\xbb\xbf{"result": [\n {"a": "[{"},\n\n {"a": 2}]}')
    assert [(row.at.line, row.cells) for row in rows] == [(2, {"a": "[{"}), (4, {"a": "2"})]


def test_html_becomes_text_and_other_angles_stay() -> None:
    assert plain_text("a < b & c > d <unknown>") == "a < b & c > d <unknown>"
    assert plain_text("[code]<p>a &lt; b</p><script>alert(1)</script>[/code]") == "a < b"
    assert plain_text("x\u202ey\u200b") == "xy"


def test_an_unknown_mapping_offers_the_nearest(tmp_path: Path, itsm: Run) -> None:
    (tmp_path / "x.csv").write_text("a\n1\n")
    code, _, err = itsm("import", "csv", "--map", "servicenow-chang", tmp_path / "x.csv", "--into", tmp_path / "new")
    assert code == 2
    assert "did you mean 'servicenow-change'?" in err


def test_an_edit_stays_when_the_table_comes_again(shop: Path, tmp_path: Path, itsm: Run) -> None:
    command = ["-C", shop, "import", "csv", "--map", "servicenow-change", tmp_path / "changes.csv"]
    itsm(*command)
    record = shop / "changes/chg0086811.yaml"
    record.write_text(record.read_text().replace("title: Never done", "title: Never done, and why"))
    itsm(*command)
    assert yaml.safe_load(record.read_bytes())["metadata"]["title"] == "Never done, and why"
