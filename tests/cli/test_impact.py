"""itsm impact: whom a failure reaches, in every form, and the mistakes one makes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.measures.blast_radius import blast_radius
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from tests.conftest import ROOT, SMALL, Run, Workshop

REPORT = Validator("report", KindRegistry.load().bundled("reports/impact-report.schema.json"))
NOW = ("--now", "2026-11-22T12:00:00Z")

TEXT = """\
Direct
  0  database  tier 2  team-data  no agreement

Fail with it, by distance
  1  orders    tier 2  team-shop  no agreement  through database
  2  web-shop  tier 1  team-shop  no agreement  through orders

Tell: team-data, team-shop

3 services, highest tier 1, 0 agreements in force
"""
MERMAID = """\
flowchart TD
  s0["database"]:::changed
  s1["orders"]
  s2["web-shop"]
  s1 --> s0
  s2 --> s1
  classDef changed stroke-width:3px
"""
DOT = """\
digraph impact {
  rankdir=TB; node [shape=box];
  "database" [penwidth=3];
  "orders";
  "web-shop";
  "orders" -> "database";
  "web-shop" -> "orders";
}
"""


@pytest.mark.parametrize(("form", "expected"), [("text", TEXT), ("mermaid", MERMAID), ("dot", DOT)])
def test_each_form(itsm: Run, form: str, expected: str) -> None:
    assert itsm("-C", SMALL, "impact", "database", *NOW, "--format", form)[:2] == (0, expected)


def test_json_keeps_direct_and_computed_apart(itsm: Run) -> None:
    code, out, _ = itsm("-C", ROOT, "impact", "core-ledger", "--format", "json", "-q")
    data = json.loads(out)
    assert list(REPORT.problems(data)) == []
    assert (code, data["schema"]) == (0, "itsm/impact/v1")
    assert [row["service"] for row in data["direct"]] == ["core-ledger"]
    assert data["direct"][0]["agreements"] == ["core-ledger-sla"]
    assert {row["strength"] for row in data["computed"]} == {"hard", "soft"}
    assert [row["distance"] for row in data["computed"]] == sorted(row["distance"] for row in data["computed"])


def test_a_redundancy_group_names_who_may_carry_on(itsm: Run) -> None:
    one = itsm("-C", ROOT, "impact", "internet-transit-north", "-q")[1]
    assert "through internet-transit-north, one of group transit: internet-transit-south may carry on" in one
    data = json.loads(itsm("-C", ROOT, "impact", "internet-transit-north", "--format", "json", "-q")[1])
    assert list(REPORT.problems(data)) == []
    assert any(row["spare"] for row in data["computed"])
    both = itsm("-C", ROOT, "impact", "internet-transit-north", "internet-transit-south", "-q")[1]
    assert "one of group transit: none of it is left" in both


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["databse"], "did you mean 'database'?"),
        (["zzz"], "services: database, newsletter, orders, web-shop"),
        ([], "nothing to look at"),
        (["database", "--base", "a", "--head", "b"], "which is one too many"),
        (["--base", "a"], "--base and --head belong together"),
        (["--base", "a", "--head", "b", "--rev", "c"], "leave it out"),
        (["database", "--format", "svg"], "'svg' is not one of"),
    ],
)
def test_mistakes(itsm: Run, arguments: list[str], said: str) -> None:
    code, out, err = itsm("-C", SMALL, "impact", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_a_pull_request(workshop: Workshop, itsm: Run) -> None:
    workshop.change(**{"services: [newsletter]": "services: [orders]"})
    workshop.edit("services/newsletter.yaml", "tier: 4", "tier: 3")
    workshop.commit()
    code, out, _ = itsm("-C", workshop.path, "impact", "--base", "main", "--head", "topic", *NOW, "--format", "json")
    data = json.loads(out)
    assert list(REPORT.problems(data)) == []
    assert code == 0
    assert [row["service"] for row in data["direct"]] == ["newsletter", "orders"]
    assert [row["service"] for row in data["computed"]] == ["web-shop"]


def test_a_pull_request_about_no_service(workshop: Workshop, itsm: Run) -> None:
    workshop.write("README.md", "Hello.\n")
    workshop.commit()
    code, out, err = itsm("-C", workshop.path, "impact", "--base", "main", "--head", "topic", *NOW)
    assert code == 0
    assert "touches no record that names a service" in err
    assert out.endswith("0 services, no tier, 0 agreements in force\n")


def test_a_commit(workshop: Workshop, itsm: Run, tmp_path: Path) -> None:
    (workshop.path / "services/orders.yaml").unlink()
    assert "orders" in itsm("-C", workshop.path, "impact", "database", "--rev", "main", *NOW)[1]
    assert "Nothing fails with it." in itsm("-C", workshop.path, "impact", "database", *NOW)[1]


NAMES = "abcdef"


@given(
    edges=st.dictionaries(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), st.sampled_from(["hard", "soft"]), max_size=12
    ),
    start=st.sampled_from(NAMES),
)
def test_against_walking_every_path(edges: dict[tuple[str, str], str], start: str) -> None:
    """A service is reached hard when all steps of some way are hard, and at the length of the shortest such way."""
    records = [
        {
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"dependsOn": [{"service": b, "strength": how} for (a, b), how in edges.items() if a == name]},
        }
        for name in NAMES
    ]
    radius = blast_radius((start,), Facts.from_records(records), datetime(2026, 11, 22, tzinfo=UTC))

    def distances(strengths: set[str]) -> dict[str, int]:
        found, step, layer = {start: 0}, 0, {start}
        while layer:
            step += 1
            layer = {a for (a, b), how in edges.items() if b in layer and how in strengths} - found.keys()
            found |= dict.fromkeys(layer, step)
        return found

    hard, either = distances({"hard"}), distances({"hard", "soft"})
    expected = {
        name: (hard[name], "hard") if name in hard else (either[name], "soft") for name in either if name != start
    }
    assert {item.service: (item.distance, item.strength) for item in radius.computed} == expected
