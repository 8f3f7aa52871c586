"""Status pages: outages become incidents, planned work changes or calendars, and nothing is lost on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from itsm_as_code.clock import format_instant
from itsm_as_code.interchange import Asked, Conversion, Known, cstate, upptime
from itsm_as_code.interchange._status_page import instant
from tests.conftest import Run

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "cstate-jenkins"
CUT_OVER = (
    "apiVersion: itsm/v1\nkind: Configuration\nspec:\n  timezone: UTC\n  takenOver: {before: 2026-11-02, from: [%s]}\n"
)
CONFIG = "params:\n  systems:\n  - {name: API, link: 'https://api.shop.example'}\n  - {description: nameless}\n"


def entry(title: str = "Slow", body: str = "", **fields: Any) -> str:
    said = {"title": title, "date": "2024-02-24 10:35:00", "severity": "disrupted", "affected": ["API"]} | fields
    return f"---\n{yaml.safe_dump({key: value for key, value in said.items() if value is not None})}---\n{body}"


OVER: dict[str, Any] = {"resolved": True, "resolvedWhen": "2024-02-24T12:35:00+01:00"}


def taken(known: Known, *entries: str, config: str = CONFIG, **asked: Any) -> Conversion:
    sources = {f"issues/e{number}.md": text.encode() for number, text in enumerate(entries)}
    return cstate.convert({"config.yml": config.encode()} | sources, known, Asked(day="2026-11-02", **asked))


def specs(conversion: Conversion) -> dict[str, Any]:
    return {str(record.id): record.data["spec"] for record in conversion.records}


def said(conversion: Conversion, rule: str) -> list[str]:
    found = [item for item in conversion.findings if item.rule == rule]
    return [f"{item.location.path}:{item.location.line}: {item.message}" for item in found]


@pytest.fixture
def known(tmp_path: Path) -> Known:
    return Known.read(tmp_path / "none")


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_a_real_page_comes_in_adds_up_and_again_without_difference(tmp_path: Path, itsm: Run) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new/itsm.yaml").write_text(CUT_OVER % "cstate")
    command = ["-C", tmp_path, "import", "cstate", CORPUS / "config.yml", "--into", "new", "--format", "json"]
    command += ["--planned", "enforce", "--now", "2026-11-22T09:00:00Z"]
    code, out, _ = itsm(*command)
    report = json.loads(out)
    kinds = [file["record"]["kind"] for file in report["files"] if file["record"] and not file["placeholder"]]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"Service": 14, "Change": 42, "Incident": 18}
    assert report["summary"]["entities"] == 14 + 60 == report["summary"]["created"] + report["summary"]["notImported"]
    causes = {item["rule"]: [record["name"] for record in item["records"]] for item in report["decisions"]}
    assert code == 1
    assert causes == {
        "change-dates-in-order": [
            "2023-02-23-maintenance-aks-k8s-1-24",
            "2023-06-02-trusted-ci-migration-to-azure",
            "2026-04-29-ci-maintenance-sec-advisory",
        ],
        "record-schema": ["2023-11-06-cert-manager-arm64-migration"],
    }
    assert len(report["decisions"]) == len(causes), "a cause is named once"
    there = {path: path.read_bytes() for path in (tmp_path / "new").rglob("*.yaml")}
    again = json.loads(itsm(*command[:-1], "2026-12-22T09:00:00Z")[1])["summary"]
    assert (again["unchanged"], again["created"], again["updated"]) == (74, 0, 0)
    assert {path: path.read_bytes() for path in (tmp_path / "new").rglob("*.yaml")} == there, "also on another day"


def test_an_outage_that_is_over_is_an_incident_taken_over(known: Known) -> None:
    body = 'Text.\n\n*Fixed* - Up. {{< track "2024-02-24 11:30" >}}\n---\n'
    body += '*Seen* - Down. {{< track "2024-02-24 10:40:00" >}}\n'
    found = taken(known, entry(body=body, **OVER))
    assert specs(found)["Incident e0"] == {
        "takenOver": {"from": "cstate", "number": "e0", "on": "2026-11-02"},
        "status": "closed",
        "services": ["api"],
        "impact": 3,
        "urgency": 2,
        "detectedAt": "2024-02-24T10:35:00Z",
        "restoredAt": "2024-02-24T11:35:00Z",
        "resolvedAt": "2024-02-24T11:35:00Z",
        "closedAt": "2024-02-24T11:35:00Z",
        "resolutionCode": "other",
        "outages": [
            {
                "service": "api",
                "start": "2024-02-24T10:35:00Z",
                "end": "2024-02-24T11:35:00Z",
                "kind": "degraded",
            }
        ],
        "communications": [
            {"at": "2024-02-24T10:40:00Z", "message": "*Seen* - Down."},
            {"at": "2024-02-24T11:30:00Z", "message": "Text.\n\n*Fixed* - Up."},
        ],
    }
    described = next(record.data for record in found.records if record.id.kind == "Incident")["metadata"]
    assert described["description"] == "Text.\n\n*Fixed* - Up.\n---\n*Seen* - Down."
    assert found.refused == 1, "a system without a name"
    assert said(found, "status-event") == ["config.yml:4: not imported: a system has no name"]


def test_planned_work_is_a_change_when_it_is_over_and_a_calendar_before(known: Known) -> None:
    planned = entry("Maintenance of racks", severity="down", resolvedWhen=OVER["resolvedWhen"])
    found = taken(
        known, planned, planned.replace("severity", "resolved: true\nseverity"), entry("X", severity="notice")
    )
    assert specs(found)["Calendar e0"] == {
        "timezone": "UTC",
        "kind": "maintenance",
        "appliesTo": {"services": ["api"]},
        "entries": [
            {"start": "2024-02-24T10:35:00Z", "end": "2024-02-24T11:35:00Z", "reason": "Maintenance of racks"},
        ],
    }
    change = specs(found)["Change e1"]
    assert change["actual"] == {"start": "2024-02-24T10:35:00Z", "end": "2024-02-24T11:35:00Z"}
    assert (change["outage"], change["result"]) == ({"expected": "full"}, "successful")
    assert said(found, "status-event")[-1] == "issues/e2.md:4: not imported: e2 is a notice without an end"
    assert "successful is written" in " ".join(said(found, "status-assumed"))


@pytest.mark.parametrize(
    ("title", "fields", "words", "kind"),
    [
        ("Outage after the upgrade", {}, (), "Incident"),
        ("Update of nothing", {}, (), "Incident"),
        ("Update Kubernetes to 1.33", {}, (), "Change"),
        ("Sweeping", {}, (), "Incident"),
        ("Sweeping", {}, ("sweep",), "Change"),
        ("Sweeping", {"severity": "notice"}, (), "Change"),
        ("Sweeping", {"informational": True, "severity": None}, (), "Change"),
    ],
)
def test_what_tells_planned_work(title: str, fields: Any, words: Any, kind: str, known: Known) -> None:
    found = taken(known, entry(title, **{**OVER, **fields}), planned=words)
    assert f"{kind} e0" in specs(found)


def test_impossible_times_are_written_and_left_to_a_person(tmp_path: Path, itsm: Run) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new/itsm.yaml").write_text(CUT_OVER % "cstate")
    (tmp_path / "issues").mkdir()
    (tmp_path / "config.yml").write_text(CONFIG.replace("  - {description: nameless}\n", ""))
    (tmp_path / "issues/slow.md").write_text(entry(resolved=True, resolvedWhen="2024-02-23 10:35:00"))
    command = ["-C", tmp_path, "import", "cstate", "config.yml", "--into", "new", "--format", "json"]
    report = json.loads(itsm(*command)[1])
    assert len(report["decisions"]) == len({item["rule"] for item in report["decisions"]}) > 0
    assert [item["message"] for item in report["findings"] if item["rule"] == "status-times"] == [
        "slow (2024-02-24T10:35:00Z, 2024-02-23T10:35:00Z): it ends before it begins, or at once"
    ]
    record = tmp_path / "new/operations/incidents/slow.yaml"
    record.write_text(record.read_text().replace("2024-02-23", "2024-02-25"))
    mended = record.read_bytes()
    assert json.loads(itsm(*command)[1])["summary"]["updated"] == 0
    assert record.read_bytes() == mended, "what a person decided stays"
    assert itsm("-C", tmp_path / "new", "validate")[0] == 0


def test_systems_by_their_names_and_what_the_page_does_not_list(known: Known) -> None:
    found = taken(known, entry(affected=["api (behind the cache)", "Old thing"], **OVER), default_owner="core")
    assert specs(found)["Incident e0"]["services"] == ["api", "old-thing"]
    services = {name: spec for name, spec in specs(found).items() if name.startswith("Service")}
    assert services == {
        f"Service {name}": {"owner": "core", "stage": stage, "lifecycle": cycle, "tier": 4, "type": "application"}
        for name, stage, cycle in (("api", "catalogue", "live"), ("old-thing", "retired", "retired"))
    }
    assert [record.id.name for record in found.records if record.supplied] == ["old-thing"]
    assert found.entities == 3, "what stands in is nothing that the page holds"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Just text", "e0.md:1: not imported: it has no front matter between two lines of ---"),
        ("---\na: [\n---\n", "e0.md:3: not imported: not YAML: did not find expected node content"),
        ("---\n- a\n---\n", "e0.md:2: not imported: it holds no fields"),
        (entry(date="soon"), "e0.md:4: not imported: date: 'soon' is no time"),
        (entry(date=None), "e0.md:2: not imported: it has no date"),
        (entry(resolvedWhen="2024-13-01"), "e0.md:5: not imported: resolvedwhen: '2024-13-01' is no time"),
        (entry(severity="awful"), "e0.md:5: not imported: its severity 'awful' is none of down, disrupted, notice"),
    ],
)
def test_what_cannot_be_taken_is_named_by_its_line(text: str, message: str, known: Known) -> None:
    found = taken(known, text, entry(**OVER), config="params: {systems: []}\n")
    assert said(found, "status-event") == [f"issues/{message}"]
    assert "Incident e1" in specs(found), "the others are taken"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-07-04T6:30:00-00:00", "2024-07-04T06:30:00Z"),
        ("2024-07-04 06:30:00 +0200", "2024-07-04T04:30:00Z"),
        ("2024-07-04T06:30:00.220Z", "2024-07-04T06:30:00Z"),
        ("2024-07-04", "2024-07-04T00:00:00Z"),
        ("2024-07-04 24:30:00", None),
        ("0001-01-01T00:00:00+10:00", None),
        ("yesterday", None),
    ],
)
def test_times_as_pages_write_them(text: str, expected: str | None) -> None:
    found = instant(text)
    assert (found and format_instant(found)) == expected


SITES = (
    '[{"name": "Google", "url": "https://www.google.com", "slug": "google", "dailyMinutesDown": {"2026-11-01": 59}}]'
)
DOWN = {
    "number": 12, "title": "🛑 Google is down", "state": "closed", "labels": [{"name": "status"}, {"name": "google"}],
    "html_url": "https://github.com/acme/status/issues/12", "created_at": "2026-11-01T08:10:00Z",
    "closed_at": "2026-11-01T09:09:00Z", "body": "Google was **down**",
}  # fmt: skip
PLANNED = {
    "number": 14, "title": "[Scheduled Maintenance] Racks", "state": "open", "labels": [{"name": "maintenance"}],
    "created_at": "2026-11-02T08:10:00Z",
    "body": "<!--\nstart: 2026-12-24T13:00:00.220Z\nend: 2026-12-24T14:00:00Z\nexpectedDown: google, wiki\n-->\nWhy.",
}  # fmt: skip


def issues(known: Known, *items: Any) -> Conversion:
    sources = {"summary.json": SITES.encode(), "issues.json": json.dumps(items).encode()}
    return upptime.convert(sources, known, Asked(day="2026-11-02"))


def test_issues_of_upptime(known: Known) -> None:
    slow = DOWN | {"number": 13, "title": "⚠️ Google has degraded performance", "state": "open", "closed_at": None}
    found = issues(known, DOWN, slow, PLANNED, DOWN | {"labels": []}, {**PLANNED, "body": "soon"}, 7)
    first, second = specs(found)["Incident upptime-12"], specs(found)["Incident upptime-13"]
    assert first["outages"] == [
        {"service": "google", "start": "2026-11-01T08:10:00Z", "end": "2026-11-01T09:09:00Z", "kind": "full"}
    ]
    assert (first["status"], first["takenOver"]["number"]) == ("closed", "12")
    assert second["outages"] == [{"service": "google", "start": "2026-11-01T08:10:00Z", "kind": "degraded"}]
    assert (second["status"], "takenOver" in second) == ("new", False)
    titles = [record.data["metadata"]["title"] for record in found.records if record.id.kind == "Incident"]
    assert titles == ["Google is down", "Google has degraded performance"]
    calendar = specs(found)["Calendar upptime-14"]
    assert calendar["appliesTo"] == {"services": ["google", "wiki"]}
    assert calendar["entries"][0]["start"] == "2026-12-24T13:00:00Z"
    assert sorted(line.partition("not imported: ")[2] for line in said(found, "status-event")) == [
        "issue 12 has neither the label status nor maintenance",
        "issue 14 does not say when it began",
        "it is neither a site nor an issue",
    ]
    assert found.entities == 1 + 6


def test_an_incident_that_was_still_on_gets_its_end_and_is_closed_by_people(tmp_path: Path, itsm: Run) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new/itsm.yaml").write_text(CUT_OVER % "upptime")
    (tmp_path / "sites.yml").write_text("sites:\n- {name: Google, url: 'https://www.google.com'}\n")
    command = ["-C", tmp_path, "import", "upptime", "sites.yml", "issues.json", "--into", "new"]
    (tmp_path / "issues.json").write_text(json.dumps([DOWN | {"state": "open", "closed_at": None}]))
    assert itsm(*command)[0] == 0
    (tmp_path / "issues.json").write_text(json.dumps([DOWN]))
    assert "1 updated, 1 unchanged" in itsm(*command)[1]
    spec = yaml.safe_load((tmp_path / "new/operations/incidents/upptime-12.yaml").read_bytes())["spec"]
    assert (spec["status"], spec["restoredAt"], spec["outages"][0]["end"]) == ("new", *["2026-11-01T09:09:00Z"] * 2)
    assert "takenOver" not in spec


def test_what_is_no_page_is_said(known: Known) -> None:
    for source, message in ((b"{", "not JSON"), (b"a: 1\n", "it lists no sites"), (b"\t", "not YAML")):
        found = upptime.convert({"x": source}, known)
        assert message in said(found, "status-event")[0]
        assert found.refused == 1
