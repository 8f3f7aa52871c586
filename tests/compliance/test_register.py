"""The register of information: what records fill of its fields, and what has no place in them."""

from __future__ import annotations

import csv
import io
from typing import Any

import yaml

from itsm_as_code.compliance.register import Field, Register, dora_register
from itsm_as_code.findings import parse_pointer
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.reports.compliance import _register
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import load_rule_set
from tests.compliance.place import Place
from tests.conftest import SMALL, Run


def supplier(place: Place, name: str, **spec: object) -> None:
    whole = {"owner": "team-shop", "criticality": "high", "contact": {"name": "Desk", "email": "a@b.example"}, **spec}
    data = {"apiVersion": "itsm/v1", "kind": "Supplier", "metadata": {"name": name, "title": name.title()}}
    folder = KindRegistry.load()["Supplier"].folder
    place.write(f"{folder}/{name}.yaml", yaml.safe_dump({**data, "spec": whole}))


def register(place: Place) -> dict[str, Field]:
    rule_set = load_rule_set(WorkTree(place.top))
    assert [str(item) for item in rule_set.catalogue.findings if item.severity == "error"] == []
    return {item.code: item for item in told(place).fields}


def told(place: Place) -> Register:
    return dora_register(load_rule_set(WorkTree(place.top)).catalogue, "Shop")


CONTRACT = {"number": "C-1", "start": "2026-01-01", "noticePeriod": "P3M"}


def test_what_records_fill_is_counted_and_who_does_not_is_named(place: Place) -> None:
    supplier(place, "one", contract=CONTRACT, subcontractors=[{"name": "Sub", "role": "Hosts it."}])
    supplier(place, "two", contract={"start": "2026-01-01"})
    found = register(place)
    number = found["B_02.01.0010"]
    assert (number.held, number.of, number.filled, number.missing) == ("Supplier /spec/contract/number", 2, 1, ("two",))
    assert (found["B_02.02.0080"].filled, found["B_02.02.0080"].missing) == (0, ("one", "two"))
    assert (found["B_05.02.0030"].of, found["B_05.02.0030"].missing) == (1, ())  # who has no sub-contractor lacks none
    assert found["B_02.02.0050"].missing == ("one", "two")
    assert (found["B_01.01.0020"].filled, found["B_05.01.0010"].held) == (1, "")


def test_a_field_without_a_place_is_never_filled(place: Place) -> None:
    nowhere = [item for item in register(place).values() if not item.held]
    assert {(item.of, item.filled) for item in nowhere} == {(0, 0)}
    lines = list(csv.DictReader(io.StringIO(_register.csv(told(place)))))
    assert {line["filled"] for line in lines if not line["held"]} == {""}
    assert len(lines) == len({line["field"] for line in lines})
    assert [line["field"][-4:] for line in lines if line["template"] == "B_05.01"][-1] == "0120"
    assert {line["template"] for line in lines} >= {f"B_0{number}.01" for number in range(1, 8)}


def test_the_places_are_fields_of_the_schemas() -> None:
    """A pointer that no schema knows would say of every record that it lacks the field."""
    kinds = KindRegistry.load()
    for field in dora_register(load_rule_set(WorkTree(SMALL)).catalogue, "").fields:
        kind, _, pointer = field.held.partition(" ")
        if kind in kinds.kinds and not pointer.startswith("/metadata"):
            schema = kinds[kind].schema
            node = schema["properties"]["spec"]
            for part in pointer.split("/")[2:]:
                node = resolved(schema, node)
                node = node["items"] if part == "*" else node["properties"][part]


def resolved(schema: Any, node: Any) -> Any:
    while "$ref" in node and not {"properties", "items"} & node.keys():
        target = schema
        for part in parse_pointer(node["$ref"].removeprefix("#")):
            target = target[part]
        node = target
    return node


def test_the_command_writes_both_forms(place: Place, itsm: Run) -> None:
    supplier(place, "one", contract=CONTRACT)
    code, out, _ = itsm("export", "dora-gaps", "-C", place.top)
    assert code == 0
    assert "| B\\_02.01.0010 |" in out
    code, out, _ = itsm("export", "dora-gaps", "--format", "csv", "-C", place.top)
    assert (code, out.splitlines()[0]) == (0, "template,field,title,held,of,filled,missing,note")
