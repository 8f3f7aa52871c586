"""The catalogue: which files are records, whose they are, and what is said of those that are not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from itsm_as_code import shipped
from itsm_as_code.findings import did_you_mean
from itsm_as_code.records.catalogue import get
from itsm_as_code.records.kinds import SUFFIX, KindRegistry
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.snapshot import Entry, WorkTree
from tests.conftest import SMALL, copy_tree
from tests.snapshots import Memory, catalogue_of, dangling_references, folder

REGISTRY = KindRegistry.load()


def team(name: str = "team-a") -> str:
    spec = "{members: [alice], lead: alice}"
    return f"apiVersion: itsm/v1\nkind: Team\nmetadata: {{name: {name}, title: A}}\nspec: {spec}\n"


def person(name: str = "alice") -> str:
    return f"apiVersion: itsm/v1\nkind: Person\nmetadata: {{name: {name}, title: A}}\nspec: {{emails: [a@b.example]}}\n"


FILES = {"people/alice.yaml": person(), "people/teams/team-a.yaml": team()}


def said(files: dict[str, str | bytes | OSError]) -> list[str]:
    """``path[:line:column] rule`` of each finding, references included."""
    catalogue = catalogue_of({**FILES, **files}, REGISTRY)
    from itsm_as_code.records.positions import place_findings

    findings = place_findings([*catalogue.findings, *dangling_references(catalogue)], catalogue.sources())
    return [f"{finding.location} {finding.rule}" for finding in findings]


def messages(files: dict[str, str | bytes | OSError]) -> list[str]:
    catalogue = catalogue_of({**FILES, **files}, REGISTRY)
    return [
        f"{finding.message} = {finding.remedy}" for finding in (*catalogue.findings, *dangling_references(catalogue))
    ]


def test_a_good_folder_has_no_findings() -> None:
    assert said({}) == []
    catalogue = catalogue_of(folder(SMALL), REGISTRY)
    assert catalogue.findings == []
    assert dangling_references(catalogue) == []
    assert len(catalogue) == 20
    assert [record.name for record in catalogue.of_kind("Service")] == ["database", "newsletter", "orders", "web-shop"]
    orders = catalogue.get("Service", "orders")
    assert orders is not None
    assert (orders.title, orders.spec["tier"], orders.path) == ("Orders", 2, "services/orders.yaml")
    assert [str(reference.name) for reference in orders.references()] == ["team-shop", "database"]


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("people/bob.yml", person("bob"), "people/bob.yml file-kind"),
        ("people/bob.YAML", person("bob"), "people/bob.YAML file-kind"),
        ("people/bob.Yaml", person("bob"), "people/bob.Yaml file-kind"),
        ("people/bob.yaml ", person("bob"), "people/bob.yaml  file-kind"),
        ("people/bob.yaml.", person("bob"), "people/bob.yaml. file-kind"),
        ("people/.bob.yaml", person("bob"), "people/.bob.yaml file-kind"),
        ("people/bob.\u0443aml", person("bob"), "people/bob.\u0443aml file-kind"),
        ("people/b\u200bob.md", "text", "people/b\u200bob.md file-kind"),
        ("people/b\udcffob.yaml", person("bob"), "people/b\\xffob.yaml file-kind"),
        ("people/b\nb.yaml", person("bob"), "people/b\nb.yaml:3:18 file-name"),
        ("people/b\u00f6b.yaml", person("b\u00f6b"), "people/b\u00f6b.yaml:3:18 record-schema"),
        ("people/bob.yaml", person("rob"), "people/bob.yaml:3:18 file-name"),
        ("people/bob.yaml", person().replace("kind: Person", "kind: Team"), "people/bob.yaml:2:7 record-kind"),
        ("people/bob.yaml", person().replace("kind: Person", "kind: Persn"), "people/bob.yaml:2:7 record-kind"),
        ("people/bob.yaml", person().replace("kind: Person", "kind: [Person]"), "people/bob.yaml:2:1 record-kind"),
        ("people/bob.yaml", person().replace("kind: Person\n", ""), "people/bob.yaml:1:1 record-kind"),
        ("people/bob.yaml", "kind: ConfigMap\napiVersion: v1\n", "people/bob.yaml:2:13 record-kind"),
        ("people/teams/bob.yaml", person("bob"), "people/teams/bob.yaml:2:7 record-kind"),
        ("people/x/alice.yaml", person(), "people/x/alice.yaml:3:18 record-unique"),
        ("people/bob.yaml", OSError(13, "Permission denied"), "people/bob.yaml file-readable"),
        ("people/bob.yaml", b"\x00\x01\x02", "people/bob.yaml yaml-encoding"),
        ("people/bob.yaml", "", "people/bob.yaml:1:1 yaml-syntax"),
        (
            "people/bob.yaml",
            person("bob").replace("spec: {", "spec: {nick: al, "),
            "people/bob.yaml:4:14 record-schema",
        ),
        ("people/bob.yaml", person("5"), "people/bob.yaml:3:18 record-schema"),
        (
            "people/teams/b.yaml",
            team("b").replace("lead: alice", "lead: alcie"),
            "people/teams/b.yaml:4:32 reference-exists",
        ),
    ],
)
def test_what_is_wrong_with_a_file(path: str, content: str | bytes | OSError, expected: str) -> None:
    assert said({path: content}) == [expected]


def test_what_lies_beside_records_is_left_alone() -> None:
    quiet = ("README.md", "people/README.md", "people/.gitkeep", "docs/x.yml", "people.yaml", "peoples/x.yaml")
    assert said(dict.fromkeys(quiet, "text")) == []


@pytest.mark.parametrize(
    ("mode", "what"), [("120000", "symbolic link"), ("160000", "submodule"), ("000000", "regular")]
)
def test_a_link_a_submodule_or_a_device_is_no_record(mode: str, what: str) -> None:
    snapshot = Memory(FILES)
    snapshot.entries["people/bob"] = Entry(mode)
    found = load_catalogue(snapshot, REGISTRY).findings
    assert [finding.rule for finding in found] == ["file-kind"]
    assert what in found[0].message


def test_the_work_tree_sees_links_and_pipes_and_follows_none(tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path)
    (tmp_path / "people" / "link.yaml").symlink_to("alice.yaml")
    (tmp_path / "services" / "linked").symlink_to(tmp_path / "people", target_is_directory=True)
    os.mkfifo(tmp_path / "services" / "pipe.yaml")
    (tmp_path / "services" / "sub" / ".git").mkdir(parents=True)
    (tmp_path / "services" / "sub" / "x.yaml").write_text("kind: Service")
    found = load_catalogue(WorkTree(tmp_path), REGISTRY).findings
    assert [str(finding.location) for finding in found if finding.rule == "file-kind"] == [
        "people/link.yaml",
        "services/linked",
        "services/pipe.yaml",
        "services/sub",
    ]


def test_a_file_swapped_for_a_link_after_the_scan_is_not_followed(tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path)
    snapshot = WorkTree(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("top secret")
    (tmp_path / "people" / "alice.yaml").unlink()
    (tmp_path / "people" / "alice.yaml").symlink_to(secret)
    found = load_catalogue(snapshot, REGISTRY).findings
    assert [(str(finding.location), finding.rule) for finding in found] == [("people/alice.yaml", "file-readable")]
    assert "secret" not in found[0].message


def test_a_file_that_went_away_after_the_scan_is_a_finding(tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path)
    snapshot = WorkTree(tmp_path)
    (tmp_path / "people" / "alice.yaml").unlink()
    found = load_catalogue(snapshot, REGISTRY).findings
    assert [(str(finding.location), finding.rule) for finding in found] == [("people/alice.yaml", "file-readable")]


def test_remedies_name_what_was_meant() -> None:
    assert messages({"people/teams/b.yaml": team("b").replace("lead: alice", "lead: alcie")}) == [
        "no Person named 'alcie' = did you mean 'alice'?"
    ]
    assert messages({"people/teams/b.yaml": team("b").replace("lead: alice", "lead: team-a")}) == [
        "no Person named 'team-a' = 'team-a' is a Team; name a Person"
    ]
    assert messages({"people/teams/b.yaml": team("b").replace("lead: alice", "lead: xyz")}) == [
        "no Person named 'xyz' = add people/xyz.yaml"
    ]
    assert messages({"people/bob.yaml": person().replace("kind: Person", "kind: Persn")}) == [
        "unknown kind 'Persn' = did you mean 'Person'?"
    ]
    assert messages({"people/bob.yaml": person().replace("kind: Person", "kind: Visitor")}) == [
        "unknown kind 'Visitor' = write kind: Person; a kind of your own needs its schema first"
    ]
    assert messages({"people/bob.yaml": team("bob")}) == [
        "a Team lies in the folder of Person records = move it to people/teams/"
    ]
    assert messages({"people/bob.yaml": person().replace("kind: Person", "kind: Incident")}) == [
        "an Incident lies in the folder of Person records = move it to operations/incidents/"
    ]
    assert messages({"people/bob.yaml": person("rob")}) == [
        "the file is named 'bob', the record 'rob' = rename the file to rob.yaml"
    ]
    wrong = messages({"people/bob.yaml": person("Bob")})
    assert wrong[0] == "the file is named 'bob', the record 'Bob' = write name: bob"


def test_a_reference_to_a_record_that_breaks_its_schema_is_no_dangling_reference() -> None:
    """One mistake, one finding: the record is there, it only needs mending."""
    assert said({"people/alice.yaml": person().replace("spec: {", "spec: {nick: al, ")}) == [
        "people/alice.yaml:4:14 record-schema"
    ]


def test_a_record_that_breaks_its_schema_answers_no_question() -> None:
    catalogue = catalogue_of({**FILES, "people/alice.yaml": person().replace("spec: {", "spec: {nick: al, ")}, REGISTRY)
    assert catalogue.get("Person", "alice") is None
    assert catalogue.of_kind("Person") == []
    assert catalogue.names("Person") == ["alice"]


def test_the_first_of_two_records_counts_and_both_are_judged() -> None:
    files = {"people/a/alice.yaml": person().replace("spec: {", "spec: {nick: al, ")}
    assert said(files) == ["people/a/alice.yaml:4:14 record-schema", "people/alice.yaml:3:18 record-unique"]
    files = {"people/z/alice.yaml": person().replace("spec: {", "spec: {nick: al, ")}
    assert said(files) == ["people/z/alice.yaml:3:18 record-unique", "people/z/alice.yaml:4:14 record-schema"]


def test_who_refers_to_a_record() -> None:
    catalogue = catalogue_of(FILES, REGISTRY)
    referrers = {
        str(record_id): [(str(record.id), pointer) for record, pointer in found]
        for record_id, found in catalogue.referrers.items()
    }
    assert referrers == {"Person alice": [("Team team-a", ("spec", "members", 0)), ("Team team-a", ("spec", "lead"))]}


class Revision:
    """A snapshot with blob ids that tells what was read."""

    label = "revision"

    def __init__(self, files: dict[str, str]) -> None:
        self.files = dict(sorted(files.items()))
        self.entries = {path: Entry("100644", str(hash(text))) for path, text in self.files.items()}
        self.read: list[str] = []

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for path in paths:
            self.read.append(path)
            yield path, self.files[path].encode()


def test_a_file_that_did_not_change_is_not_read_again() -> None:
    first = load_catalogue(Revision(FILES), REGISTRY)
    moved = {"people/x/alice.yaml": person(), "people/teams/team-a.yaml": team()}
    second = Revision({**moved, "people/bob.yaml": "broken"})
    catalogue = load_catalogue(second, REGISTRY, first)
    assert second.read == ["people/bob.yaml", "people/x/alice.yaml"]
    assert catalogue.records[next(iter(first.records))].path
    again = Revision({**moved, "people/bob.yaml": "broken"})
    assert [finding.rule for finding in load_catalogue(again, REGISTRY, catalogue).findings] == ["yaml-syntax"]
    other = Revision(FILES)
    person_schema = shipped.files("schemas", SUFFIX)["person.schema.json"]
    load_catalogue(other, KindRegistry.load({"person.schema.json": person_schema + b"\n"}), first)
    assert other.read == list(FILES), "records read by other schemas are not taken over"


def test_get_walks_mappings_and_lists() -> None:
    data = {"a": [{"b": 1}], "0": "x"}
    assert get(data, ("a", 0, "b")) == 1
    assert get(data, ("a", "0", "b")) == 1
    assert get(data, ("0",)) == "x"
    assert get(data, ()) is data
    for pointer in (("a", 1), ("a", "-1"), ("a", "00"), ("a", "²"), ("a", "x"), ("a", "b"), ("0", 0), ("a", 0, "b", 0)):
        assert get(data, pointer, "nothing") == "nothing", pointer


def test_two_names_of_a_family_are_not_taken_for_one_misspelt() -> None:
    family = ["change-is-reviewed", "change-lead-time"]
    assert did_you_mean("change-has-rehearsed-backout", family) == ""
    assert did_you_mean("change-is-reviewd", family) == "did you mean 'change-is-reviewed'?"
    assert did_you_mean("reviewed-change", family) == ""
    assert did_you_mean("change-led-time", family) == "did you mean 'change-lead-time'?"
