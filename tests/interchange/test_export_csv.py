"""The records of a kind as a table: nothing is lost, nothing is a formula, and the table comes in again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from itsm_as_code.findings import RecordId
from itsm_as_code.interchange import Asked, Known
from itsm_as_code.interchange._kind_table import columns, rows
from itsm_as_code.interchange.csv import convert
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind, KindRegistry
from itsm_as_code.reports import table
from tests.conftest import SMALL, Run, copy_tree

REGISTRY = KindRegistry.load()


def record(kind: Kind, data: dict[str, Any]) -> Record:
    return Record(RecordId(kind.name, data["metadata"]["name"]), kind, data, "x.yaml", None)


def texts(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for value in data.values():
            yield from texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)
    elif data is not None:
        yield data if isinstance(data, str) else json.dumps(data)


@pytest.mark.parametrize("kind", list(REGISTRY), ids=lambda kind: kind.name)
def test_every_value_stands_in_a_cell(kind: Kind) -> None:
    for example in kind.schema["examples"]:
        (row,) = rows(kind, [record(kind, example)])
        assert list(row) == columns(kind)
        for section in ("metadata", "spec"):
            for value in texts(example[section]):
                cells = [cell for column, cell in row.items() if column.startswith(section)]
                assert any(value in cell or json.dumps(value)[1:-1] in cell for cell in cells), value


def test_columns_are_those_of_the_schema_in_its_order() -> None:
    found = columns(REGISTRY["Person"])
    assert found[:3] == ["metadata.name", "metadata.title", "metadata.description"]
    assert found.index("spec.accounts[].forge") < found.index("spec.accounts[].login") < found.index("spec.delegate")


def test_lists_keep_their_places() -> None:
    needs = [{"service": "a", "strength": "hard", "note": "why"}, {"service": "b", "strength": "soft"}]
    spec = {"dependsOn": needs, "consumers": ["x", "y"], "capacity": [{"peaks": [{"load": "1"}, {"load": "2"}]}, {}]}
    (row,) = rows(REGISTRY["Service"], [record(REGISTRY["Service"], {"metadata": {"name": "s"}, "spec": spec})])
    assert (row["spec.dependsOn[].service"], row["spec.dependsOn[].note"]) == ("a; b", "why; ")
    assert (row["spec.consumers"], row["spec.capacity[].peaks[].load"], row["spec.hours"]) == ("x; y", "1, 2; ", "")


def test_the_order_is_that_of_the_names_and_no_cell_is_a_formula() -> None:
    kind = REGISTRY["Team"]
    hostile = ["=1+1", "+1", "-1", "@x", "a,\"b\"\nc"]  # fmt: skip
    made = [
        record(kind, {"metadata": {"name": f"t{number}", "title": text}, "spec": {"purpose": text}})
        for number, text in enumerate(hostile)
    ]
    texts = {table.csv(columns(kind), rows(kind, order)) for order in (made, made[::-1])}
    (text,) = texts
    read = list(csv.DictReader(io.StringIO(text)))
    assert [row["metadata.name"] for row in read] == ["t0", "t1", "t2", "t3", "t4"]
    assert [row["metadata.title"] for row in read] == ["'=1+1", "'+1", "'-1", "'@x", 'a,"b"\\nc']


def test_what_was_exported_comes_in_again(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    code, out, _ = itsm("-C", str(tmp_path), "export", "csv", "services")
    assert code == 0
    fields = {
        path: {"column": path, **more}
        for path, more in {
            "metadata.title": {}, "metadata.description": {}, "spec.owner": {}, "spec.stage": {}, "spec.lifecycle": {},
            "spec.tier": {"as": "integer"}, "spec.type": {}, "spec.consumers": {"split": ";"},
            "spec.repositories": {"split": ";"}, "spec.suppliers": {"split": ";"}, "spec.hours": {},
            "spec.support.channel": {}, "spec.support.email": {},
        }.items()
    }  # fmt: skip
    mapping = {"apiVersion": "itsm/v1", "kind": "ImportMapping", "metadata": {"name": "own", "title": "Own"}}
    mapping |= {"spec": {"kind": "Service", "name": "metadata.name", "fields": fields}}
    source = yaml.safe_dump(mapping).encode()
    known = Known.read(tmp_path)
    found = convert({"in.csv": out.encode()}, known, Asked(mapping=("map.yaml", source), day="2026-11-02"))
    assert found.records
    services = [item for id_, item in known.records.items() if id_.kind == "Service"]
    assert len(found.records) == len(services)
    for came in found.records:
        there = known.records[came.id].data
        for path in fields:
            section, *rest = path.split(".")
            one, other = came.data[section], there[section]
            for part in rest:
                one, other = (one or {}).get(part), (other or {}).get(part)
            assert one == other, (came.id, path)


def test_a_record_that_is_not_valid_is_said(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    file = next((tmp_path / "services").rglob("*.yaml"))
    file.write_text(file.read_text().replace("tier:", "tear:"))
    code, out, err = itsm("-C", str(tmp_path), "export", "csv", "Service")
    assert code == 1
    assert f"left out 1 file without a valid record; 'itsm validate' says why: services/{file.name}" in err
    assert file.stem not in [row["metadata.name"] for row in csv.DictReader(io.StringIO(out))]
