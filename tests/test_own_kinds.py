"""A kind of one's own is one schema file: no Python, no template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.gate.decision import Decision
from tests.conftest import SMALL, Run, Workshop, codes, copy_tree

NOW = ("--now", "2026-11-22T12:00:00Z")


def schema(name: str, folder: str, fields: dict[str, Any], required: list[str], **more: Any) -> str:
    """The schema of a kind that was never heard of."""
    common = "common.schema.json#/$defs"
    envelope = {
        "apiVersion": {"$ref": f"{common}/apiVersion"},
        "kind": {"const": name},
        "metadata": {"$ref": f"{common}/metadata"},
        "spec": {"type": "object", "required": required, "additionalProperties": False, "properties": fields},
    }
    about = {
        "name": name,
        "plural": f"{name.lower()}s",
        "titlePlural": f"{name}s",
        "folder": folder,
        "description": f"A {name.lower()} of the office.",
        "columns": [{"title": "Whose", "pointer": "/spec/owner"}],
    }
    kind = {"title": name, "x-kind": about, "type": "object", "required": list(envelope), "additionalProperties": False}
    return json.dumps({**kind, "properties": envelope, **more})


def name_of(kind: str) -> dict[str, str]:
    return {"$ref": "common.schema.json#/$defs/name", "title": kind, "x-ref": kind}


LIFECYCLE = {
    "field": "/spec/status",
    "initial": ["ordered"],
    "transitions": {"ordered": ["in-use"], "in-use": ["gone"], "gone": []},
    "final": ["gone"],
}
STATUS = {"title": "Status", "enum": ["ordered", "in-use", "gone"]}
LAPTOP = schema(
    "Laptop",
    "assets/laptops",
    {"owner": name_of("Person"), "lease": name_of("Lease"), "status": STATUS},
    ["owner", "status"],
    **{"x-lifecycle": LIFECYCLE},
)
LEASE = schema(
    "Lease",
    "assets/leases",
    {"owner": name_of("Team"), "covers": {"title": "Covers", "type": "array", "items": name_of("Laptop")}},
    ["owner"],
)


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """The small organisation with two kinds that refer to each other."""
    copy_tree(SMALL, tmp_path / "office")
    (tmp_path / "office/schemas").mkdir()
    (tmp_path / "office/schemas/laptop.schema.json").write_text(LAPTOP)
    (tmp_path / "office/schemas/lease.schema.json").write_text(LEASE)
    return tmp_path / "office"


def test_new_validate_and_build_know_it(office: Path, tmp_path: Path, itsm: Run) -> None:
    assert itsm("-C", office, "new", "Laptop", "laptop-1", "--set", "owner=alice", "--set", "lease=le1")[0] == 1
    assert itsm("-C", office, "new", "Laptop", "laptop-1", "--set", "owner=alice")[0] == 0
    assert itsm("-C", office, "new", "Lease", "le1", "--set", "owner=team-shop", "--set", "covers=laptop-1")[0] == 0
    assert itsm("-C", office, "set", "laptop-1", "lease=le1")[0] == 0
    assert itsm("-C", office, "validate", *NOW)[0] == 0
    assert itsm("-C", office, "build", "-o", tmp_path / "site", *NOW)[0] == 0
    listed = (tmp_path / "site/laptops/index.html").read_text()
    assert "laptop-1.html" in listed
    page = (tmp_path / "site/laptops/laptop-1.html").read_text()
    assert "../leases/le1.html" in page
    assert "../people/alice.html" in page


def test_its_references_are_checked(office: Path, itsm: Run) -> None:
    itsm("-C", office, "new", "Laptop", "laptop-1", "--set", "owner=alice")
    itsm("-C", office, "new", "Lease", "le1", "--set", "owner=team-shop", "--set", "covers=laptop-1")
    lease = next(office.rglob("le1.yaml"))
    lease.write_text(lease.read_text().replace("laptop-1", "laptop-2"))
    code, out, _ = itsm("-C", office, "validate", "--format", "json", *NOW)
    finding = json.loads(out)["findings"][0]
    assert (code, finding["rule"], finding["pointer"]) == (1, "reference-exists", "/spec/covers/0")
    assert "did you mean 'laptop-1'?" in finding["remedy"]


def test_its_fields_are_checked_against_its_schema(office: Path, itsm: Run) -> None:
    code, _, err = itsm("-C", office, "new", "Laptop", "laptop-1", "--set", "owner=alice", "--set", "status=lost")
    assert (code, "not one of: ordered, in-use, gone" in err) == (1, True)


def test_explain_knows_it_wherever_its_fields_stand(office: Path, itsm: Run) -> None:
    data = json.loads(LAPTOP)
    del data["x-kind"]["description"]
    data["$defs"] = {"fields": data["properties"]["spec"]}
    data["properties"]["spec"] = {"$ref": "#/$defs/fields"}
    (office / "schemas/laptop.schema.json").write_text(json.dumps(data))
    code, out, _ = itsm("-C", office, "explain", "laptop")
    assert code == 0
    assert out.splitlines()[:5] == [
        "Laptop (assets/laptops/)",
        "",
        "  * owner   name of a Person     Person",
        "    lease   name of a Lease      Lease",
        "  * status  one of a few values  Status",
    ]


@pytest.mark.parametrize("plural", ["static", "data", "compliance", "findings", "deadlines"])
def test_its_pages_stay_clear_of_those_of_the_site(plural: str, office: Path, tmp_path: Path, itsm: Run) -> None:
    data = json.loads(LEASE)
    data["x-kind"]["plural"] = plural
    (office / "schemas/lease.schema.json").write_text(json.dumps(data))
    assert itsm("-C", office, "build", "-o", tmp_path / "site", *NOW)[0] == 0
    assert "Leases" in (tmp_path / f"site/{plural}_/index.html").read_text()


def judge_laptop(workshop: Workshop, old: str, new: str) -> Decision:
    """The decision on taking a laptop from one state to another."""
    rule = "    - {name: laptops, match: {kinds: [Laptop, Lease]}, approvals: [{from: {anyone: true}}]}\n"
    path = "assets/laptops/l1.yaml"
    text = "apiVersion: itsm/v1\nkind: Laptop\nmetadata: {name: l1, title: L1}\nspec: {owner: alice, status: STATE}\n"
    workshop.git("checkout", "-q", "main")
    workshop.write("schemas/laptop.schema.json", LAPTOP)
    workshop.write("schemas/lease.schema.json", LEASE)
    workshop.write(path, text.replace("STATE", old))
    approvals = workshop.path / "policies/approvals/all.yaml"
    approvals.write_text(approvals.read_text() + rule)
    workshop.commit("Laptops", who="erin")
    workshop.git("checkout", "-q", "-B", "topic", "main")
    workshop.write(path, text.replace("STATE", new))
    workshop.commit()
    workshop.review("bob")
    return workshop.judge()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ordered", "in-use", []),
        ("ordered", "gone", []),
        ("in-use", "ordered", ["finding:lifecycle-transition"]),
        ("gone", "in-use", ["finding:lifecycle-final"]),
    ],
)
def test_its_lifecycle_is_judged(workshop: Workshop, old: str, new: str, expected: list[str]) -> None:
    assert codes(judge_laptop(workshop, old, new)) == expected


@pytest.mark.parametrize("services", ["7", "orders", "[{name: orders}]"])
def test_what_it_means_by_services_is_its_own(workshop: Workshop, services: str) -> None:
    """A rule that asks owners finds none by it, and the gate goes on."""
    rule = "    - {name: stalls, match: {kinds: [Stall]}, approvals: [{from: {owners: affected}}]}\n"
    approvals = workshop.path / "policies/approvals/all.yaml"
    workshop.git("checkout", "-q", "main")
    workshop.write("schemas/stall.schema.json", schema("Stall", "stalls", {"services": {"title": "Services"}}, []))
    approvals.write_text(approvals.read_text() + rule)
    workshop.commit("Stalls", who="erin")
    workshop.git("checkout", "-q", "-B", "topic", "main")
    head = "apiVersion: itsm/v1\nkind: Stall\nmetadata: {name: a, title: A}\n"
    workshop.write("stalls/a.yaml", f"{head}spec: {{services: {services}}}\n")
    workshop.commit()
    workshop.review("bob")
    assert codes(workshop.judge()) == ["approval-missing"]
