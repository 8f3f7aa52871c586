"""Records as Backstage entities and back: equal but for fields that are listed here, and said by the command."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.findings import RecordId
from itsm_as_code.interchange import Known, completed
from itsm_as_code.interchange._backstage_entities import parse_ref
from itsm_as_code.interchange._backstage_export import Exported, export
from itsm_as_code.interchange._notes import differences
from itsm_as_code.interchange.backstage import convert
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import load_rule_set
from tests.conftest import SMALL, Run, copy_tree, examples

REGISTRY = KindRegistry.load()
EMPTY = WorkTree(Path(__file__).parent / "examples", at_once=False)  # nothing of it is read
KEPT = {
    "Service": ["title", "description", "links", "owner", "lifecycle", "stage", "type", "partOf"],
    "Team": ["title", "description", "links", "members", "parent"],
    "Person": ["title", "description", "links"],
}
"""What always comes back; everything else may be among the fields that are listed."""
HEAD = "apiVersion: backstage.io/v1alpha1\n"
CATALOGUE = f"""\
{HEAD}kind: Group
metadata: {{name: core, namespace: eu, annotations: {{github.com/team-slug: org/core}}}}
spec: {{type: squad, profile: {{email: core@shop.example, picture: "https://x.example/p.png"}}, children: []}}
---
{HEAD}kind: User
metadata: {{name: ann}}
spec: {{profile: {{displayName: Ann A, email: ann@shop.example}}, memberOf: [group:eu/core]}}
---
{HEAD}kind: Domain
metadata: {{name: sales}}
spec: {{owner: group:eu/core}}
---
{HEAD}kind: System
metadata: {{name: shop, tags: [java, web]}}
spec: {{owner: group:eu/core, domain: sales}}
---
{HEAD}kind: API
metadata: {{name: orders}}
spec: {{type: openapi, lifecycle: experimental, owner: group:eu/core, system: shop, definition: "openapi: 3.0"}}
---
{HEAD}kind: Component
metadata: {{name: web, title: The web, labels: {{a: b}}, links: [{{url: "https://x.example", title: X, icon: web}}]}}
spec: {{type: website, lifecycle: GA, owner: group:eu/core, system: shop, dependsOn: [resource:db], x: {{y: [1]}}}}
---
{HEAD}kind: Resource
metadata: {{name: db, annotations: {{backstage.io/source-location: "url:https://git.example/db"}}}}
spec: {{type: database, owner: group:eu/core}}
"""


def read(said: str) -> dict[RecordId, dict[str, Any]]:
    return {new.id: new.data for new in convert({"in.yaml": said.encode()}, Known(Path(), REGISTRY)).records}


def exported(records: dict[RecordId, dict[str, Any]]) -> Exported:
    made = {
        id_: Record(id_, REGISTRY[id_.kind], data, f"{id_.name}.yaml", None, valid=True)
        for id_, data in records.items()
    }
    return export(Catalogue(EMPTY, REGISTRY, made, []))


def listed(found: Exported, kind: str) -> set[str]:
    return {field.removeprefix(f"{kind} ") for field in found.lost if field.startswith(f"{kind} ")}


def test_the_example_comes_back_but_for_what_is_said(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    code, out, err = itsm("-C", str(tmp_path), "export", "backstage")
    assert code == 0
    back = read(out)
    said = set(re.findall(r"not at all: (\S+ \S+) \(", err))
    catalogue = load_rule_set(WorkTree(tmp_path, at_once=False)).catalogue
    there = [record for kind in KEPT for record in catalogue.of_kind(kind)]
    assert {record.id for record in there} == set(back)
    for record in there:
        for field in differences(record.data, back[record.id]):
            assert f"{record.id.kind} {field}" in said
            assert not field.startswith(tuple(f"spec.{name}" for name in KEPT[record.id.kind][3:]))


def test_what_came_from_backstage_goes_back_as_it_was() -> None:
    records = read(CATALOGUE)
    found = exported(records)
    assert read(found.text).keys() == records.keys()
    assert dict(found.lost) == {}
    given = {item["metadata"]["name"]: item for item in yaml.safe_load_all(CATALOGUE)}
    for entity in yaml.safe_load_all(found.text):
        before = given[entity["metadata"]["name"]]
        assert entity["kind"] == before["kind"]
        assert entity["metadata"].get("namespace") == before["metadata"].get("namespace")
        for key in before["spec"].keys() & {"type", "lifecycle", "definition", "x"}:
            assert entity["spec"][key] == before["spec"][key]
        for key in before["metadata"].keys() & {"tags", "links", "labels"}:
            assert entity["metadata"][key] == before["metadata"][key]


def test_what_was_edited_since_goes_before_what_was_kept() -> None:
    records = read(CATALOGUE)
    web = records[RecordId("Service", "web")]
    web["spec"] |= {"lifecycle": "deprecated", "stage": "catalogue"}
    web["metadata"]["links"] = [{"title": "Y", "url": "https://y.example"}]
    back = read(exported(records).text)[RecordId("Service", "web")]
    assert back["spec"]["lifecycle"] == "deprecated"
    assert back["metadata"]["links"] == [{"title": "Y", "url": "https://y.example"}]


NAMES = st.sampled_from(["a", "b-c", "d1"])
TEXT = st.text("abc -:#'\"é\n", min_size=1, max_size=12).filter(lambda text: text == text.strip() and text != "")
LINE = TEXT.filter(lambda text: " ".join(text.split()) == text)


def envelope(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    links = st.lists(
        st.fixed_dictionaries({"title": LINE, "url": st.just("https://x.example/")}), min_size=1, max_size=2
    )
    optional = {"description": TEXT, "links": links}
    return st.fixed_dictionaries({"name": st.just(""), "title": LINE}, optional=optional).map(
        lambda metadata: {"apiVersion": "itsm/v1", "kind": kind, "metadata": metadata}
    )


SERVICE = st.fixed_dictionaries(
    {
        "owner": st.just("team-a"),
        "lifecycle": st.sampled_from(["design", "transition", "live", "deprecated", "retired"]),
        "tier": st.integers(1, 4),
        "type": st.sampled_from(["business", "application", "infrastructure", "supplier"]),
    },
    optional={
        "partOf": NAMES,
        "dependsOn": st.lists(
            st.fixed_dictionaries({"service": NAMES, "strength": st.sampled_from(["hard", "soft"])}), max_size=3
        ),
        "repositories": st.lists(st.just("https://git.example/x"), min_size=1, max_size=2),
    },
)
STAGES = {"design": "pipeline", "transition": "pipeline", "live": "catalogue", "deprecated": "catalogue"}


@settings(max_examples=examples(25), deadline=None)
@given(
    st.dictionaries(NAMES, st.tuples(envelope("Service"), SERVICE), min_size=1), envelope("Team"), envelope("Person")
)
def test_generated_records_come_back_but_for_what_is_listed(
    services: dict[str, Any], team: dict[str, Any], person: dict[str, Any]
) -> None:
    records = {}
    for name, (data, spec) in services.items():
        spec = {**spec, "stage": STAGES.get(spec["lifecycle"], "retired")}
        records[RecordId("Service", name)] = {**data, "metadata": {**data["metadata"], "name": name}, "spec": spec}
    for kind, data, name, spec in (("Team", team, "team-a", {"members": ["ann"]}), ("Person", person, "ann", {})):
        records[RecordId(kind, name)] = {**data, "metadata": {**data["metadata"], "name": name}, "spec": spec}
    found = exported(records)
    back = read(found.text)
    assert back.keys() == records.keys()
    for id_, data in records.items():
        fields = set(differences(data, back[id_]))
        assert fields <= listed(found, id_.kind)
        assert not fields & {"metadata.title", "metadata.description", "metadata.links", "metadata.name", "spec.owner"}
        assert not fields & {"spec.members", "spec.lifecycle", "spec.stage"}
    for id_, data in records.items():
        if id_.kind == "Service" and data["spec"]["type"] != "supplier":
            assert back[id_]["spec"]["type"] == data["spec"]["type"]


CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "backstage-giantswarm"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus ../shared/corpora/backstage-giantswarm is not there")
def test_a_real_catalogue_comes_back_but_for_spaces_at_the_end() -> None:
    """Backstage -> records -> Backstage: each entity, each field; references are written in full."""
    sources = {path.name: path.read_bytes() for path in sorted(CORPUS.glob("*.yaml"))}
    known = Known(Path(), REGISTRY)
    records = {new.id: new.data for new in completed(convert(sources, known), known).records}
    found = exported(records)
    back = entities([found.text])
    stand_ins = {("Group", name) for name in ("team-phoenix", "team-rocket", "team-team-name")}
    before = entities(source.decode() for source in sources.values())
    assert len(before) == 80
    assert back.keys() == before.keys() | stand_ins
    changed = [(field, entity, back[key]) for key, entity in before.items() for field in differences(entity, back[key])]
    assert {field for field, _, _ in changed} == {"metadata.description"}
    for _, entity, now in changed:
        assert entity["metadata"]["description"].strip() == now["metadata"]["description"]
    assert found.lost["Team metadata.annotations"] == len(stand_ins), "those that stand in get what any group has"
    assert all(
        said.startswith(("Team ", "Service metadata.annotations.backstage.io/spec.owner")) for said in found.lost
    )


def entities(texts: Iterable[str]) -> dict[tuple[str, str], Any]:
    """Entities by kind and name, the first of each; owners as full references."""
    found: dict[tuple[str, str], Any] = {}
    for text in texts:
        for data in yaml.load_all(text, yaml.BaseLoader):
            owner = data["spec"].get("owner")
            if owner is not None:
                data["spec"]["owner"] = str(parse_ref(owner, "group", "default"))
            found.setdefault((data["kind"], data["metadata"]["name"].lower()), data)
    return found
