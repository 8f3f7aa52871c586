"""Kinds are schema files: those that the package brings, and those of a repository."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from itsm_as_code import shipped
from itsm_as_code.errors import ConfigurationError
from itsm_as_code.records.kind_schema import has_field
from itsm_as_code.records.kinds import Kind, KindRegistry
from itsm_as_code.records.own_kinds import own_schemas
from itsm_as_code.snapshot import Entry, TooLarge
from itsm_as_code.validation import validate
from tests.conftest import NOW, SMALL
from tests.snapshots import Memory, folder

BASE = KindRegistry.load()

GARAGE: dict[str, Any] = {
    "x-kind": {"name": "Vehicle", "plural": "vehicles", "folder": "fleet"},
    "x-lifecycle": {"field": "/spec/status", "initial": ["new"], "transitions": {"new": ["sold"], "sold": []}},
    "title": "Vehicle",
    "description": "A car.",
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"$ref": "common.schema.json#/$defs/apiVersion"},
        "kind": {"const": "Vehicle"},
        "metadata": {"$ref": "common.schema.json#/$defs/metadata"},
        "spec": {
            "type": "object",
            "required": ["owner"],
            "additionalProperties": False,
            "properties": {
                "owner": {"$ref": "#/$defs/who"},
                "drivers": {"type": "array", "items": {"type": "string", "x-ref": ["Person", "Team"]}},
                "byDay": {"type": "object", "additionalProperties": {"type": "string", "x-ref": "Person"}},
                "status": {"enum": ["new", "sold"]},
            },
        },
    },
    "$defs": {"who": {"type": "string", "x-ref": "Team"}},
}
VAN = """\
apiVersion: itsm/v1
kind: Vehicle
metadata: {name: van, title: Van}
spec: {owner: team-shop, drivers: [alice, team-data, bbo], byDay: {mon: bob, tue: nobody-at-all}, status: new}
"""


def load(**changes: Any) -> KindRegistry:
    """The shipped kinds with the vehicle beside them, some of its keywords replaced."""
    return KindRegistry.load({"vehicle.schema.json": json.dumps({**GARAGE, **changes}).encode()})


def test_a_kind_of_its_own_needs_no_python() -> None:
    files = {**folder(SMALL), "schemas/vehicle.schema.json": json.dumps(GARAGE), "fleet/van.yaml": VAN}
    result = validate(Memory(files), NOW)
    said = [f"{finding.location} {finding.rule}: {finding.message}" for finding in result.findings]
    assert said == [
        "fleet/van.yaml:4:54 reference-exists: no Person or Team named 'bbo'",
        "fleet/van.yaml:4:83 reference-exists: no Person named 'nobody-at-all'",
    ]
    assert result.findings[0].remedy == "did you mean 'bob'?"
    van = result.catalogue.get("Vehicle", "van")
    assert van is not None
    assert van.state == "new"
    alice = result.catalogue.referrers[result.catalogue.by_path["people/alice.yaml"].id]
    assert ("Vehicle van", ("spec", "drivers", 0)) in [(str(record.id), pointer) for record, pointer in alice]


def test_a_record_of_a_kind_that_is_gone_is_not_judged_by_another() -> None:
    files = {**folder(SMALL), "services/van.yaml": VAN}
    assert [finding.rule for finding in validate(Memory(files), NOW).findings] == ["record-kind"]


def test_the_deepest_folder_decides() -> None:
    expected = {
        "people/a.yaml": "Person",
        "people/teams/a.yaml": "Team",
        "people/teamsters/a.yaml": "Person",
        "changes/2026/11/22/a.yaml": "Change",
        "changes/models/a.yaml": "ChangeModel",
        "policies/a.yaml": "Policy",
        "policies/waivers/deep/a.yaml": "Waiver",
    }
    assert {path: kind.name for path in expected if (kind := BASE.of_path(path))} == expected
    for path in ("a.yaml", "peoples/a.yaml", "people", "docs/people/a.yaml", "People/a.yaml"):
        assert BASE.of_path(path) is None, path


LIFE, ABOUT = GARAGE["x-lifecycle"], GARAGE["x-kind"]
SPEC = GARAGE["properties"]["spec"]
HISTORY = {"takenOver": {"$ref": "common.schema.json#/$defs/takenOver"}}
WITH_HISTORY = {**GARAGE["properties"], "spec": {**SPEC, "properties": {**SPEC["properties"], **HISTORY}}}
BROKEN: dict[str, dict[str, Any]] = {
    "no name": {"x-kind": {"plural": "a", "folder": "a"}},
    "a name that is no text": {"x-kind": {"name": ["A"], "plural": "a", "folder": "a"}},
    "no mapping": {"x-kind": "Vehicle"},
    "a folder that is no text": {"x-kind": {"name": "A", "plural": "a", "folder": 5}},
    "an empty folder": {"x-kind": {"name": "A", "plural": "a", "folder": "/"}},
    "a folder outside": {"x-kind": {"name": "A", "plural": "a", "folder": "../a"}},
    "the folder of another": {"x-kind": {"name": "A", "plural": "a", "folder": "people"}},
    "the name of another": {"x-kind": {"name": "Person", "plural": "a", "folder": "a"}},
    "columns without titles": {"x-kind": {"name": "A", "plural": "a", "folder": "a", "columns": [{}]}},
    "columns that are text": {"x-kind": {**ABOUT, "columns": "status"}},
    "a column without a pointer": {"x-kind": {**ABOUT, "columns": [{"title": "Status", "pointer": "spec.status"}]}},
    "a name that is a path": {"x-kind": {**ABOUT, "name": "../Vehicle"}},
    "a name that its records do not say": {"x-kind": {**ABOUT, "name": "Car"}},
    "a plural that is a path": {"x-kind": {**ABOUT, "plural": "../../vehicles"}},
    "the plural of another": {"x-kind": {**ABOUT, "plural": "services"}},
    "a title that is a list": {"x-kind": {**ABOUT, "title": ["Car"]}},
    "a practice that is a number": {"x-kind": {**ABOUT, "practice": 3}},
    "the folder of git": {"x-kind": {**ABOUT, "folder": ".git"}},
    "the folder of schemas": {"x-kind": {**ABOUT, "folder": "schemas/cars"}},
    "a folder of two lines": {"x-kind": {**ABOUT, "folder": "a\nb"}},
    "no schema": {"type": "nothing"},
    "a title of the schema that is a list": {"title": ["Car"]},
    "a lifecycle without a field": {"x-lifecycle": {"initial": ["new"], "transitions": {"new": []}}},
    "a lifecycle without states": {"x-lifecycle": {"field": "/spec/status"}},
    "a lifecycle that is a list": {"x-lifecycle": ["new"]},
    "an unknown first state": {"x-lifecycle": {**LIFE, "initial": ["nwe"]}},
    "an unknown next state": {"x-lifecycle": {**LIFE, "transitions": {"new": ["slod"], "sold": []}}},
    "an unknown final state": {"x-lifecycle": {**LIFE, "final": ["slod"]}},
    "an unknown state that requires": {"x-lifecycle": {**LIFE, "required": {"slod": ["/spec/owner"]}}},
    "a field that is no pointer": {"x-lifecycle": {**LIFE, "field": "status"}},
    "a step without its state": {"x-lifecycle": {**LIFE, "initial": [{"where": {}}]}},
    "frozen without states": {"x-lifecycle": {**LIFE, "frozen": [{"field": "/spec/owner", "except": "new"}]}},
    "a condition that is none": {
        "x-lifecycle": {**LIFE, "required": {"sold": [{"field": "/spec/owner", "unless": "/spec/owner"}]}}
    },
    "a condition on a field that is not there": {
        "x-lifecycle": {**LIFE, "required": {"sold": [{"field": "/spec/owner", "unless": {"/spec/ownr": 1}}]}}
    },
    "no first state": {"x-lifecycle": {**LIFE, "initial": []}},
    "a state in a field that is not there": {"x-lifecycle": {**LIFE, "field": "/spec/statsu"}},
    "a required field that is not there": {"x-lifecycle": {**LIFE, "required": {"sold": ["/spec/ownr"]}}},
    "history in a state that is not final": {"x-lifecycle": {**LIFE, "takenOver": {"sold": []}}},
    "history without a field": {"x-lifecycle": {**LIFE, "final": ["sold"], "takenOver": {"sold": []}}},
    "a field of history without states": {"properties": WITH_HISTORY},
    "a field of history without a lifecycle": {"properties": WITH_HISTORY, "x-lifecycle": None},
    "history that needs a field that is not there": {
        "properties": WITH_HISTORY,
        "x-lifecycle": {**LIFE, "final": ["sold"], "takenOver": {"sold": ["/spec/ownr"]}},
    },
    "a frozen field that is not there": {"x-lifecycle": {**LIFE, "frozen": [{"field": "/sepc/owner", "except": []}]}},
    "a reference to no kind": {"$defs": {"who": {"type": "string", "x-ref": "Taem"}}},
    "a reference to no kind among others": {"$defs": {"who": {"type": "string", "x-ref": ["Team", "Persn"]}}},
    "a reference at the top": {"x-ref": "Team"},
    "a reference that is a number": {"$defs": {"who": {"x-ref": 5}}},
    "a reference that is a list of numbers": {"$defs": {"who": {"x-ref": [5]}}},
    "a reference on a mapping with references": {
        "$defs": {"who": {"x-ref": "Team", "properties": {"a": {"x-ref": "Team"}}}}
    },
}


def test_what_the_broken_ones_are_made_of_is_whole() -> None:
    assert load()["Vehicle"].title_plural == "vehicles"
    lifecycle = {**LIFE, "final": ["sold"], "takenOver": {"sold": ["/spec/owner"]}}
    assert load(**{"properties": WITH_HISTORY, "x-lifecycle": lifecycle})["Vehicle"].lifecycle == lifecycle


def test_a_kind_is_called_by_the_title_of_its_schema_unless_it_says_otherwise() -> None:
    assert load(title="Company car")["Vehicle"].title == "Company car"
    assert load(**{"title": "Car", "x-kind": {**ABOUT, "title": "Company car"}})["Vehicle"].title == "Company car"
    assert load(title="")["Vehicle"].title == "Vehicle"


@pytest.mark.parametrize("name", BROKEN)
def test_a_kind_that_makes_no_sense_is_refused_at_once(name: str) -> None:
    """Not when the first record of it comes along, and never as an internal error."""
    with pytest.raises(ConfigurationError) as caught:
        load(**BROKEN[name])
    assert caught.value.message.startswith("schemas/")
    assert caught.value.remedy


def test_what_is_shipped_is_looked_at_again_where_it_rests_on_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of itself, by way of another file, and where a kind that it names may be gone."""
    shipped_files = shipped.files("schemas", ".schema.json")
    looked_at: list[str] = []
    real = Kind.check
    monkeypatch.setattr(Kind, "check", lambda self, known: looked_at.append(self.name) or real(self, known))  # type: ignore[func-returns-value]
    load(title="A car")
    assert looked_at == ["Vehicle"]
    common = json.loads(shipped_files["common.schema.json"])
    common["$defs"]["metadata"]["pattern"] = "(?=a)"
    with pytest.raises(ConfigurationError, match="is not a usable schema"):
        KindRegistry.load({"common.schema.json": json.dumps(common).encode()})
    team = json.loads(shipped_files["team.schema.json"])
    team["x-kind"]["name"] = team["properties"]["kind"]["const"] = "Crew"
    with pytest.raises(ConfigurationError, match="names the kind 'Team', which does not exist"):
        KindRegistry.load({"team.schema.json": json.dumps(team).encode()})


def test_a_slip_of_the_pen_is_named() -> None:
    with pytest.raises(ConfigurationError, match="names the kind 'Taem', which does not exist; did you mean 'Team'"):
        load(**BROKEN["a reference to no kind"])
    with pytest.raises(ConfigurationError, match="names the field /spec/statsu, which the schema does not have"):
        load(**BROKEN["a state in a field that is not there"])


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/spec/status", True),
        ("/spec/owner", True),
        ("/spec/drivers/0", True),
        ("/spec/byDay/mon", True),
        ("/metadata/labels/tier", True),
        ("/metadata/lables/tier", False),
        ("/spec/stats", False),
        ("/status", False),
    ],
)
def test_a_schema_knows_its_fields(pointer: str, expected: bool) -> None:
    assert has_field(load()["Vehicle"].schema, pointer) is expected


@pytest.mark.parametrize(
    ("entry", "content"),
    [
        (Entry("120000"), b"{}"),
        (Entry("160000"), b"{}"),
        (Entry("100644"), TooLarge(100 << 20)),
        (Entry("100644"), OSError(13, "Permission denied")),
    ],
    ids=["link", "submodule", "huge", "unreadable"],
)
def test_a_schema_that_cannot_be_read_is_never_left_out(entry: Entry, content: bytes | OSError) -> None:
    """Left out, the records of its kind would be judged by nothing."""
    snapshot = Memory({"schemas/vehicle.schema.json": content})
    snapshot.entries["schemas/vehicle.schema.json"] = entry
    with pytest.raises(ConfigurationError, match=r"schemas/vehicle\.schema\.json"):
        own_schemas(snapshot)


def test_a_repository_replaces_a_shipped_schema() -> None:
    person = json.loads(json.dumps(BASE.files["person.schema.json"]))
    person["properties"]["spec"]["properties"]["nick"] = {"type": "string"}
    registry = KindRegistry.load({"person.schema.json": json.dumps(person).encode()})
    data = {"apiVersion": "itsm/v1", "kind": "Person", "metadata": {"name": "a", "title": "A"}}
    data["spec"] = {"emails": ["a@b.example"], "nick": "x"}
    assert registry["Person"].validator.is_valid(data)
    assert not BASE["Person"].validator.is_valid(data)
    assert registry["Person"] != BASE["Person"]
    assert registry["Team"] == BASE["Team"]


def test_references_of_the_small_organisation() -> None:
    found = {
        (
            record.id.kind,
            "/".join("*" if isinstance(part, int) else part for part in reference.pointer),
            reference.kinds,
        )
        for record in validate(Memory(folder(SMALL)), NOW).catalogue
        for reference in record.references()
    }
    assert found == {
        ("ChangeModel", "spec/owner", ("Team",)),
        ("ChangeModel", "spec/services/*", ("Service",)),
        ("ChangeModel", "spec/preAuthorisation/by", ("Person",)),
        ("Person", "spec/away/*/delegate", ("Person",)),
        ("Service", "spec/dependsOn/*/service", ("Service",)),
        ("Service", "spec/owner", ("Team",)),
        ("Team", "spec/lead", ("Person",)),
        ("Team", "spec/members/*", ("Person",)),
    }


def test_dates_that_are_ends_say_so() -> None:
    """What a description calls the first day on which something is no longer so, pages show as the day before it."""

    def dates(node: Any) -> Iterator[tuple[str, str]]:
        for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from dates(value)
        if isinstance(node, dict) and str(node.get("$ref", "")).endswith(("/date", "/endDate")):
            yield node["$ref"].rsplit("/", 1)[-1], node.get("description", "")

    found = [date for path, schema in BASE.files.items() for date in dates(schema) if date[1]]
    is_end = re.compile("First day (after|.* no longer)")
    assert {text for kind, text in found if kind == "date" and is_end.match(text)} == set()
    ends = {text for kind, text in found if kind == "endDate"}
    assert len(ends) == 8
    assert {text for text in ends if not is_end.match(text)} == set()


def test_a_reference_may_stand_in_place_of_a_list_of_them() -> None:
    """Whatever the order of the alternatives, and deeper within them."""
    schema = {
        "x-kind": {"name": "Rack", "plural": "racks", "folder": "racks"},
        "properties": {
            "spec": {
                "properties": {
                    "one": {"oneOf": [{"x-ref": "Team"}, {"items": {"x-ref": "Person"}}]},
                    "other": {"anyOf": [{"items": {"x-ref": "Person"}}, {"x-ref": "Team"}]},
                }
            }
        },
    }
    kind = KindRegistry.load({"rack.schema.json": json.dumps(schema).encode()})["Rack"]
    found = kind.references({"spec": {"one": "a", "other": ["b", "c"]}})
    assert [(item.pointer, item.kinds, item.name) for item in found] == [
        (("spec", "one"), ("Team",), "a"),
        (("spec", "other", 0), ("Person",), "b"),
        (("spec", "other", 1), ("Person",), "c"),
    ]
    found = kind.references({"spec": {"one": ["a"], "other": "b"}})
    assert [(item.kinds, item.name) for item in found] == [(("Person",), "a"), (("Team",), "b")]


def test_references_of_a_schema_that_speaks_of_itself() -> None:
    """A tree of parts is followed as deep as it is described once."""
    part = {"properties": {"team": {"x-ref": "Team"}, "parts": {"items": {"$ref": "#/$defs/part"}}}}
    schema = {
        "x-kind": {"name": "Rack", "plural": "racks", "folder": "racks"},
        "$defs": {"part": part},
        "properties": {"spec": {"$ref": "#/$defs/part"}},
    }
    kind = KindRegistry.load({"rack.schema.json": json.dumps(schema).encode()})["Rack"]
    assert [item.pointer for item in kind.references({"spec": {"team": "a"}})] == [("spec", "team")]


def test_references_are_looked_for_only_where_the_form_is_the_described_one() -> None:
    """A schema that leaves out ``type`` lets any form through."""
    fields = {"parts": {"items": {"x-ref": "Team"}}, "by": {"properties": {"team": {"x-ref": "Team"}}}}
    schema = {
        "x-kind": {"name": "Rack", "plural": "racks", "folder": "racks"},
        "properties": {"spec": {"properties": fields}},
    }
    kind = KindRegistry.load({"rack.schema.json": json.dumps(schema).encode()})["Rack"]
    assert list(kind.references({"spec": {"parts": 5, "by": ["a"]}})) == []
    found = kind.references({"spec": {"parts": ["a"], "by": {"team": "b"}}})
    assert [item.name for item in found] == ["a", "b"]
