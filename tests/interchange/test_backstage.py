"""What becomes of a Backstage catalogue: every entity a record, a finding, or both; nothing dropped in silence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.cli.import_ import command
from itsm_as_code.errors import ItsmError, UsageError
from itsm_as_code.findings import Finding, Severity
from itsm_as_code.interchange import Conversion, Known, importer, names, plan
from itsm_as_code.interchange._backstage_entities import parse_ref, record_name
from itsm_as_code.interchange._yaml import MAX_BYTES, read_documents
from itsm_as_code.interchange.backstage import RULES, convert
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.characters import FORBIDDEN
from itsm_as_code.records.document import parse
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.snapshot import WorkTree
from tests.conftest import Run, examples
from tests.snapshots import dangling_references

EXAMPLES = Path(__file__).parent / "examples"
CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "backstage-giantswarm"
HEAD = "apiVersion: backstage.io/v1alpha1\n"
TEAM = HEAD + "kind: Group\nmetadata: {name: core}\nspec: {type: team, children: []}\n---\n"


def component(name: str, spec: str = "", metadata: str = "") -> str:
    fields = f"type: service, lifecycle: production, owner: core{', ' + spec if spec else ''}"
    extra = f", {metadata}" if metadata else ""
    return f"{HEAD}kind: Component\nmetadata: {{name: {name}{extra}}}\nspec: {{{fields}}}\n---\n"


def entity(kind: str, name: str, spec: str = "owner: core") -> str:
    return f"{HEAD}kind: {kind}\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n---\n"


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(command, ["backstage", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def converted(text: str, into: Path) -> tuple[dict[tuple[str, str], dict[str, Any]], list[Finding]]:
    """Records by kind and name, and all findings, of a catalogue given as text."""
    known = Known.read(into)
    conversion = convert({"in.yaml": text.encode()}, known)
    _, said = plan(conversion, known, force=False)
    records = {(new.id.kind, new.id.name): new.data for new in conversion.records}
    return records, [*conversion.findings, *said]


def of(findings: list[Finding], rule: str) -> list[Finding]:
    return [found for found in findings if found.rule == rule]


def catalogue(root: Path) -> Catalogue:
    return load_catalogue(WorkTree(root), Known.read(root).registry)


@pytest.fixture
def shop(tmp_path: Path) -> tuple[dict[tuple[str, str], dict[str, Any]], list[Finding]]:
    return converted((EXAMPLES / "shop.yaml").read_text(), tmp_path / "new")


class TestMapping:
    def test_every_kind_has_its_counterpart(self, shop: Any) -> None:
        records, _ = shop
        assert sorted(records) == [
            ("Person", "ann"), ("Person", "bob"),
            ("Service", "commerce"), ("Service", "order-service-v2"), ("Service", "orders"),
            ("Service", "orders-db"), ("Service", "payments"), ("Service", "payments-api"), ("Service", "shop"),
            ("Team", "checkout"), ("Team", "shop-team"),
        ]  # fmt: skip
        types = {name: data["spec"]["type"] for (kind, name), data in records.items() if kind == "Service"}
        assert types["commerce"] == types["shop"] == "business"
        assert types["orders"] == types["payments"] == "application"
        assert types["orders-db"] == "infrastructure"

    def test_a_component_in_full(self, shop: Any) -> None:
        data = shop[0]["Service", "order-service-v2"]
        soft = "strength unknown: imported from Backstage"
        assert data["spec"] == {
            "owner": "shop-team",
            "lifecycle": "live",
            "stage": "catalogue",
            "tier": 4,
            "type": "application",
            "partOf": "shop",
            "repositories": ["https://git.example.org/orders/"],
            "dependsOn": [
                {"service": "orders-db", "strength": "soft", "note": soft},
                {"service": "payments-api", "strength": "soft", "note": soft},
            ],
        }
        metadata = data["metadata"]
        assert metadata["title"] == "Order service"
        assert metadata["labels"] == {
            "backstage.io/kind": "Component",
            "backstage.io/type": "service",
            "backstage.io/tag.java": "true",
            "pci": "no",
            "count": "3",
        }
        assert metadata["links"] == [{"title": "Wiki", "url": "https://wiki.example.org/orders"}]
        kept = metadata["annotations"]
        assert kept["backstage.io/entity-ref"] == "component:default/order_service.v2"
        assert kept["build"] == "007"
        assert json.loads(kept["backstage.io/metadata.tags"]) == ["c++"]
        assert json.loads(kept["backstage.io/metadata.labels"]) == {"-bad-": "x"}
        assert json.loads(kept["backstage.io/spec.scaling"]) == {"min": 2, "max": 10}
        assert json.loads(kept["backstage.io/spec.dependsOn"]) == ["component:nowhere"]
        assert [link["url"] for link in json.loads(kept["backstage.io/metadata.links"])] == [
            "https://wiki.example.org/orders",
            "javascript:alert(1)",
        ]

    def test_an_api_depends_on_who_provides_it(self, shop: Any) -> None:
        assert shop[0]["Service", "orders"]["spec"]["dependsOn"] == [
            {"service": "order-service-v2", "strength": "hard", "note": "provides this API"}
        ]

    def test_dependency_of_is_turned_round(self, shop: Any) -> None:
        needed = shop[0]["Service", "payments"]["spec"]["dependsOn"]
        assert [(item["service"], item["strength"]) for item in needed] == [("orders-db", "soft")]

    def test_lifecycles(self, shop: Any) -> None:
        records, findings = shop
        states = {
            name: (d["spec"]["lifecycle"], d["spec"]["stage"])
            for (_, name), d in records.items()
            if "tier" in d["spec"]
        }
        assert states["orders"] == ("transition", "pipeline")
        assert states["payments-api"] == ("deprecated", "catalogue")
        assert states["payments"] == ("transition", "pipeline")
        assert records["Service", "payments"]["metadata"]["annotations"]["backstage.io/spec.lifecycle"] == "beta"
        assert any("'beta'" in found.message for found in of(findings, "backstage-assumed"))

    @pytest.mark.parametrize(
        ("word", "lifecycle", "stage"),
        [
            *[(word, "retired", "retired") for word in ("decommissioned", "Retired", "end of life", "EOL", "sunset")],
            *[(word, "deprecated", "catalogue") for word in ("deprecated", "legacy", "end_of_support")],
            *[(word, "transition", "pipeline") for word in ("experimental", "staging", "beta", "Pre-Production")],
            *[(word, "design", "pipeline") for word in ("development", "alpha", "planned")],
            *[(word, "live", "catalogue") for word in ("production", "PROD", "ga", "stable")],
        ],
    )
    def test_a_lifecycle_is_what_people_mean_by_it(self, word: str, lifecycle: str, stage: str, tmp_path: Path) -> None:
        text = TEAM + component("one").replace("production", f'"{word}"')
        records, findings = converted(text, tmp_path / "new")
        spec = records["Service", "one"]["spec"]
        assert (spec["lifecycle"], spec["stage"]) == (lifecycle, stage)
        told = [found for found in of(findings, "backstage-assumed") if "lifecycle" in found.message]
        is_plain = word.lower() in ("experimental", "production", "deprecated", lifecycle)
        assert bool(told) is not is_plain
        kept = records["Service", "one"]["metadata"]["annotations"].get("backstage.io/spec.lifecycle")
        assert kept == (None if word in ("experimental", "production", "deprecated") else word)

    @pytest.mark.parametrize("word", ["tier-2", "unknown", "not retired", "livestock"])
    def test_a_lifecycle_that_nobody_knows_is_asked_for_and_never_live(self, word: str, tmp_path: Path) -> None:
        text = TEAM + component("one").replace("production", f'"{word}"')
        records, findings = converted(text, tmp_path / "new")
        spec = records["Service", "one"]["spec"]
        assert (spec["lifecycle"], spec["stage"]) == ("design", "pipeline")
        (found,) = of(findings, "backstage-lifecycle")
        assert found.severity is Severity.ERROR
        assert f"'{word}'" in found.message
        assert found.remedy == "set spec.lifecycle and spec.stage"

    def test_several_providers_of_an_api_may_stand_in_for_each_other(self, tmp_path: Path) -> None:
        api = entity("API", "pay", "type: grpc, lifecycle: production, owner: core")
        three = "".join(component(name, "providesApis: [pay]") for name in ("one", "two", "three"))
        records, findings = converted(TEAM + api + three, tmp_path / "new")
        assert {item["strength"] for item in records["Service", "pay"]["spec"]["dependsOn"]} == {"hard"}
        (found,) = [item for item in of(findings, "backstage-assumed") if "several" in item.message]
        assert found.message == "two: Service pay is provided by several components: each is assumed to be needed"
        assert "redundancyGroup" in found.remedy

    def test_the_nearer_whole_wins_and_the_other_is_kept(self, shop: Any) -> None:
        data = shop[0]["Service", "payments"]
        assert data["spec"]["partOf"] == "order-service-v2"
        assert data["metadata"]["annotations"]["backstage.io/spec.system"] == "shop"

    def test_teams_and_people(self, shop: Any) -> None:
        records, findings = shop
        team, squad = records["Team", "shop-team"], records["Team", "checkout"]
        assert team["metadata"]["title"] == "Shop team"
        assert team["spec"] == {"members": ["ann"], "contacts": [{"type": "email", "value": "shop@example.org"}]}
        assert json.loads(team["metadata"]["annotations"]["backstage.io/spec.members"]) == ["zoe"]
        assert team["metadata"]["annotations"]["backstage.io/spec.parent"] == "everybody"
        assert squad["spec"] == {"members": ["ann", "bob"], "parent": "shop-team"}
        assert squad["metadata"]["title"] == "Checkout squad"
        assert squad["metadata"]["annotations"]["backstage.io/metadata.title"] == "Checkout"
        ann = records["Person", "ann"]
        assert ann["metadata"]["title"] == "Ann Archer"
        assert ann["spec"] == {"emails": ["ann@example.org"], "accounts": [{"forge": "github", "login": "ann-shop"}]}
        missing = [found for found in of(findings, "import-valid") if found.record and found.record.name == "bob"]
        assert "needs one of: emails, accounts" in missing[0].message

    def test_an_owner_who_is_a_person_is_asked_for(self, shop: Any) -> None:
        records, findings = shop
        (found,) = of(findings, "backstage-owner")
        assert found.severity is Severity.WARNING
        assert "user:ann is a person" in found.message
        assert (found.location.line, found.location.column) == (55, 40)
        assert records["Service", "payments"]["metadata"]["annotations"]["backstage.io/spec.owner"] == "user:ann"

    def test_what_is_not_imported_is_said(self, shop: Any) -> None:
        findings = shop[1]
        told = {found.message.split(":")[0]: found.location.line for found in of(findings, "backstage-kind")}
        assert told == {"new-service": 92}
        (twice,) = of(findings, "backstage-duplicate")
        assert twice.location.line == 96
        assert "in.yaml:18:1" in twice.message
        assert "metadata.title" in twice.message

    def test_one_name_for_two_kinds_of_entity(self, shop: Any) -> None:
        told = [found.message for found in of(shop[1], "backstage-name")]
        assert any("payments-api here, as payments is that of component:default/payments" in text for text in told)
        assert any("default/Order_Service.v2 -> order-service-v2" in text for text in told)

    def test_every_value_of_the_source_is_in_the_records_or_in_a_finding(self, shop: Any) -> None:
        records, findings = shop
        written = json.dumps(list(records.values()), ensure_ascii=False).replace("\\", "")
        said = " ".join(found.message for found in findings)
        for document in read_documents("in.yaml", (EXAMPLES / "shop.yaml").read_bytes())[:11]:
            for value in _texts(document.data["spec"]):
                known = {"production", "experimental", "deprecated", "openapi: 3.1.0n"}  # mapped to other words
                text = value.replace("\n", "n")
                name = (parse_ref(value, "x", "default") or parse_ref("x", "x", "default")).record_name  # type: ignore[union-attr]
                assert text in written or text in said or name in written or text in known, value


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else [str(value)]


class TestNames:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("My_Service.v2", "my-service-v2"),
            ("-a-", "a"),
            ("___", ""),
            ("é", ""),
            ("a" * 63, "a" * 63),
        ],
    )
    def test_form(self, text: str, name: str) -> None:
        assert record_name(text) == name

    def test_too_long_names_stay_apart(self) -> None:
        one, other = record_name("a" * 64), record_name("a" * 65)
        assert one != other
        assert len(one) == len(other) == 63

    @pytest.mark.parametrize(
        ("text", "ref"),
        [
            ("a", "group:ns/a"),
            ("User:A", "user:ns/a"),
            ("other/a", "group:other/a"),
            ("user:Other/a", "user:other/a"),
            ("a b", None),
            ("a:b:c", None),
            ("a/b/c", None),
            ("", None),
        ],
    )
    def test_references(self, text: str, ref: str | None) -> None:
        found = parse_ref(text, "group", "ns")
        assert (str(found) if found else None) == ref

    def test_names_that_fall_together_are_an_error_and_the_second_is_not_written(self, tmp_path: Path) -> None:
        records, findings = converted(TEAM + entity("Group", "a_b") + entity("Group", "a.b"), tmp_path / "new")
        assert ("Team", "a-b") in records
        assert len(records) == 2
        (found,) = [found for found in of(findings, "backstage-name") if found.severity is Severity.ERROR]
        assert "group:default/a.b: not imported: the name 'a-b' is that of group:default/a_b" in found.message

    def test_a_namespace_is_part_of_the_name(self, tmp_path: Path) -> None:
        text = TEAM + component("one", metadata="namespace: platform") + component("one", "dependsOn: [platform/one]")
        records, findings = converted(text.replace("owner: core", "owner: default/core"), tmp_path / "new")
        assert records["Service", "one"]["spec"]["dependsOn"][0]["service"] == "platform-one"
        assert any("platform/one -> platform-one" in found.message for found in of(findings, "backstage-name"))

    def test_a_name_stays_when_a_component_of_that_name_comes_later(self, tmp_path: Path) -> None:
        api = entity("API", "pay", "type: openapi, lifecycle: production, owner: core")
        (tmp_path / "a.yaml").write_text(TEAM + api)
        (tmp_path / "b.yaml").write_text(TEAM + api + component("pay", "consumesApis: [pay]"))
        into = tmp_path / "new"
        assert run(tmp_path / "a.yaml", "--into", into).exit_code == 0
        before = (into / "services/pay.yaml").read_bytes()
        assert run(tmp_path / "b.yaml", "--into", into, "--force").exit_code == 0
        assert (into / "services/pay.yaml").read_bytes() == before
        later = parse((into / "services/pay-component.yaml").read_bytes())
        assert later["spec"]["dependsOn"][0]["service"] == "pay"

    def test_an_entity_cannot_pass_for_another(self, tmp_path: Path) -> None:
        claim = 'annotations: {backstage.io/entity-ref: "component:default/other"}'
        records, findings = converted(TEAM + component("one", metadata=claim), tmp_path / "new")
        kept = records["Service", "one"]["metadata"]["annotations"]
        assert kept["backstage.io/entity-ref"] == "component:default/one"
        assert any("is taken" in found.message for found in of(findings, "backstage-field"))


class TestReferences:
    def test_an_unknown_owner_is_written_and_asked_for(self, tmp_path: Path) -> None:
        records, findings = converted(TEAM + component("one").replace("owner: core", "owner: Coer"), tmp_path / "new")
        assert records["Service", "one"]["spec"]["owner"] == "coer"
        (found,) = of(findings, "backstage-owner")
        assert "complete people/teams/coer.yaml" in found.remedy

    def test_no_owner_at_all(self, tmp_path: Path) -> None:
        text = HEAD + "kind: Component\nmetadata: {name: one}\n"
        records, findings = converted(text, tmp_path / "new")
        assert records["Service", "one"]["spec"]["owner"] == "unknown"
        assert "no owner is named" in of(findings, "backstage-owner")[0].message

    def test_what_is_there_already_counts(self, tmp_path: Path) -> None:
        teams = tmp_path / "people" / "teams"
        teams.mkdir(parents=True)
        (teams / "core.yaml").write_text(
            "apiVersion: itsm/v1\nkind: Team\nmetadata: {name: core, title: Core}\nspec: {members: []}\n"
        )
        _, findings = converted(component("one"), tmp_path)
        assert not of(findings, "backstage-owner")

    def test_a_dependency_on_itself_is_left_out_and_said(self, tmp_path: Path) -> None:
        records, findings = converted(TEAM + component("one", "dependsOn: ['component:one']"), tmp_path / "new")
        assert "dependsOn" not in records["Service", "one"]["spec"]
        assert "depends on itself" in of(findings, "backstage-reference")[0].message

    def test_a_provided_api_that_is_not_imported_now(self, tmp_path: Path) -> None:
        into = tmp_path / "new"
        (tmp_path / "a.yaml").write_text(TEAM + entity("API", "pay", "type: grpc, lifecycle: production, owner: core"))
        assert run(tmp_path / "a.yaml", "--into", into).exit_code == 0
        _, findings = converted(component("one", "providesApis: [pay]"), into)
        assert "Service pay depends on it, but is not imported now" in of(findings, "backstage-reference")[0].message

    def test_a_reference_that_is_no_text_is_kept(self, tmp_path: Path) -> None:
        records, _ = converted(TEAM + component("one", "dependsOn: [{name: x}], system: [a]"), tmp_path / "new")
        kept = records["Service", "one"]["metadata"]["annotations"]
        assert json.loads(kept["backstage.io/spec.dependsOn"]) == [{"name": "x"}]
        assert json.loads(kept["backstage.io/spec.system"]) == ["a"]


class TestHostileInput:
    def test_the_same_finding_is_said_once(self, tmp_path: Path) -> None:
        text = TEAM + "".join(component(f"c{number}", "extra: 1") for number in range(75))
        _, findings = converted(text, tmp_path / "new")
        assert len(findings) == 2
        assert "(75 times: c0, c1, c2, c3, c4 and 70 more)" in of(findings, "backstage-field")[0].message

    def test_characters_that_do_not_show_are_taken_out_and_named(self, tmp_path: Path) -> None:
        text = TEAM + component("one", metadata='description: "a\\u202Eb\\e[31mc\\r\\nd\\re"')
        records, findings = converted(text, tmp_path / "new")
        assert records["Service", "one"]["metadata"]["description"] == "ab[31mc\nd\ne"
        assert "U+001B, U+202E" in of(findings, "backstage-text")[0].message

    def test_hostile_text_is_just_text(self, tmp_path: Path) -> None:
        nasty = "<script>alert(1)</script> {{ 7*7 }} ../../etc/passwd\nkind: Team"
        (tmp_path / "in.yaml").write_text(
            TEAM + component("one", metadata=f"title: {json.dumps(nasty)}, description: {json.dumps(nasty)}")
        )
        assert run(tmp_path / "in.yaml", "--into", tmp_path / "new").exit_code == 0
        record = catalogue(tmp_path / "new").get("Service", "one")
        assert record is not None
        assert record.data["metadata"]["description"] == nasty
        assert "\n" not in record.data["metadata"]["title"]

    @pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/b", "..", "''", "[]", "~", '"a\\nb"'])
    def test_a_name_never_leaves_the_folder(self, name: str, tmp_path: Path) -> None:
        records, findings = converted(TEAM + component(name), tmp_path / "new")
        assert list(records) == [("Team", "core")]
        assert of(findings, "backstage-entity")[0].severity is Severity.ERROR

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a: 1\na: 2\n", "the key 'a' stands twice"),
            ("a: !!python/object:os.system x\n", "has no meaning here"),
            ("a: *nothing\n", "stands for nothing"),
            ("a: &a [*a]\n", "part of"),
            ("? [a]\n: b\n", "a key is not text"),
            ("- just\n- a list\n", "is not an entity"),
            ("just text\n", "is not an entity"),
            ("kind: Component\n", "is not an entity"),
        ],
    )
    def test_an_unusable_document_spoils_no_other(self, text: str, message: str, tmp_path: Path) -> None:
        records, findings = converted(f"{text}---\n{TEAM}", tmp_path / "new")
        assert list(records) == [("Team", "core")]
        (found,) = of(findings, "backstage-entity")
        assert message in found.message
        assert found.location.line == 1

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            (b"[" * 25_000, "nested more than 64"),
            (b"- " * 25_000, "nested more than 64"),
            (b"a: 1\na: 2\nb: " + b"[" * 25_000, "nested more than 64"),
            (b"a: [\n", "not YAML"),
            (b"\x00\x01\x02", "not YAML"),
            (b"\xff\xfe\xff", "not YAML"),
            (b"caf\xe9: x", "not YAML"),
            (b" " * (MAX_BYTES + 1), "more than 16 MiB"),
            (b"a: &a [" + b"x," * 999 + b"]\n" + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b"*a," * 999) for n in range(9)),
             "aliases counted"),
            (b"".join(b"a%d: &a%d [%s]\n" % (n, n, (b"*a%d," % (n - 1)) * 9 if n else b"x") for n in range(12)),
             "aliases counted"),
            (b"a: &a " + b"x" * 1_000_000 + b"\nb: [" + b"*a," * 1000 + b"]\n", "aliases counted"),
            (b"".join(b"a%d: &a%d %s*a%d%s\n" % (n, n, b"[" * 30, n - 1, b"]" * 30) if n else b"a0: &a0 [x]\n"
                      for n in range(50)), "nested more than 64"),
        ],
    )  # fmt: skip
    def test_a_file_that_cannot_be_read_is_an_error_and_the_others_are_imported(
        self, source: bytes, message: str, tmp_path: Path
    ) -> None:
        for name in ("bad.yaml", "worse.yaml"):
            (tmp_path / name).write_bytes(source)
        (tmp_path / "good.yaml").write_text(TEAM)
        files = [tmp_path / name for name in ("bad.yaml", "good.yaml", "worse.yaml")]
        result = run(*files, "--into", tmp_path / "new", "--format", "json")
        report = json.loads(result.output)
        assert result.exit_code == 1
        assert [(found["rule"], Path(found["path"]).name) for found in report["findings"]] == [
            ("backstage-entity", "bad.yaml"),
            ("backstage-entity", "worse.yaml"),
        ]
        assert all(message in found["message"] and found["remedy"] for found in report["findings"])
        assert sorted(path.name for path in (tmp_path / "new").rglob("*.yaml")) == ["core.yaml", "itsm.yaml"]

    @settings(max_examples=examples(30))
    @given(st.binary(max_size=200))
    def test_any_bytes_are_documents_or_a_problem(self, source: bytes) -> None:
        for document in read_documents("x", source):
            assert document.problem or document.data is not None

    @settings(max_examples=examples(30))
    @given(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
        st.booleans(),
    )
    def test_any_text_becomes_a_valid_record_or_a_finding(self, text: str, key: str, in_list: bool) -> None:
        data = {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": "one", "title": text, "description": text, "annotations": {key: text},
                         "labels": {key: text}, "tags": [text], "links": [{"url": text, "title": text}]},
            "spec": {"owner": text, "lifecycle": text, "type": text, "system": text, "dependsOn": [text],
                     key: [text] if in_list else text},
            key: text,
        }  # fmt: skip
        known = Known.read(Path("/nonexistent"))
        conversion = convert({"x": _as_yaml(data)}, known)
        files, said = plan(conversion, known, force=False)
        for file in files:
            if file.record is not None and not of(said, "import-valid"):
                assert known.registry["Service"].validator.is_valid(parse(file.content))
        assert (
            len(files) == 2 or of(conversion.findings, "backstage-entity") or of(conversion.findings, "backstage-kind")
        )

    def test_what_is_too_long_is_said(self, tmp_path: Path) -> None:
        long = "x" * 20_001
        text = TEAM + component("one", f"definition: {long}", f"title: {'t' * 300}, description: {long}")
        records, findings = converted(text, tmp_path / "new")
        metadata = records["Service", "one"]["metadata"]
        assert len(metadata["title"]) == 200
        assert len(metadata["description"]) == 20_000
        assert metadata["annotations"]["backstage.io/full-title"] == "t" * 300
        assert not of(findings, "import-valid")
        warned = " ".join(found.message for found in of(findings, "backstage-field"))
        assert "backstage.io/spec.definition is not kept" in warned
        assert "the description is cut" in warned

    def test_too_much_for_one_record_is_an_error_and_the_rest_is_written(self, tmp_path: Path) -> None:
        many = ", ".join(f"k{number}: {'x' * 19_000}" for number in range(100))
        (tmp_path / "in.yaml").write_text(TEAM + component("one", metadata=f"annotations: {{{many}}}"))
        result = run(tmp_path / "in.yaml", "--into", tmp_path / "new")
        assert result.exit_code == 1
        assert "not written" in result.output
        assert sorted(path.name for path in (tmp_path / "new").rglob("*.yaml")) == ["core.yaml", "itsm.yaml"]

    def test_anchors_aliases_and_merge_keys_of_others_are_read(self, tmp_path: Path) -> None:
        records, findings = converted((EXAMPLES / "anchors.yaml").read_text(), tmp_path / "new")
        kept = records["Service", "platform-one"]["metadata"]["annotations"]["backstage.io/x-second"]
        assert json.loads(kept) == {
            "again": [{"name": "one", "namespace": "platform"}, "backstage.io/v1alpha1"],
            "type": "service",
            "lifecycle": "production",
            "owner": "default/core",
        }
        assert not [found for found in findings if found.severity is Severity.ERROR]


def _as_yaml(data: Any) -> bytes:
    """JSON, which is YAML, with the characters escaped that YAML must not hold as such."""
    text = json.dumps(data, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\ufffe\uffff]", lambda match: f"\\u{ord(match[0]):04x}", text).encode()


class TestWriting:
    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        path = tmp_path / "in.yaml"
        path.write_text(TEAM + component("one"))
        return path

    def test_a_second_import_changes_nothing(self, source: Path, tmp_path: Path) -> None:
        into = tmp_path / "new"
        assert "2 created" in run(source, "--into", into).output
        before = {path: path.stat().st_mtime_ns for path in into.rglob("*.yaml")}
        assert "0 created, 0 updated, 2 unchanged, 0 skipped" in run(source, "--into", into).output
        assert {path: path.stat().st_mtime_ns for path in into.rglob("*.yaml")} == before

    def test_an_existing_record_is_left_alone_without_force(self, source: Path, tmp_path: Path) -> None:
        into = tmp_path / "new"
        run(source, "--into", into)
        record = into / "services" / "one.yaml"
        record.write_bytes(record.read_bytes().replace(b"tier: 4", b"tier: 1"))
        mine = record.read_bytes()
        result = run(source, "--into", into)
        assert result.exit_code == 0
        assert "fields that differ: spec.tier; use --force" in result.output
        assert "import-exists" in result.output
        assert record.read_bytes() == mine
        assert "1 updated, 1 unchanged" in run(source, "--into", into, "--force").output
        assert b"tier: 4" in record.read_bytes()

    def test_a_record_elsewhere_in_its_folder_is_the_same_record(self, source: Path, tmp_path: Path) -> None:
        into = tmp_path / "new"
        run(source, "--into", into)
        (into / "services" / "deep").mkdir()
        (into / "services" / "one.yaml").rename(into / "services" / "deep" / "one.yaml")
        assert "2 unchanged" in run(source, "--into", into).output
        assert not (into / "services" / "one.yaml").exists()

    def test_the_same_data_in_other_words_is_unchanged(self, source: Path, tmp_path: Path) -> None:
        into = tmp_path / "new"
        run(source, "--into", into)
        record = into / "services" / "one.yaml"
        record.write_bytes(b"# a person's comment\n" + record.read_bytes())
        assert "2 unchanged" in run(source, "--into", into, "--force").output

    def test_a_file_that_holds_no_record_is_left_alone_too(self, source: Path, tmp_path: Path) -> None:
        target = tmp_path / "new" / "services" / "one.yaml"
        target.parent.mkdir(parents=True)
        target.write_text("not: [a record")
        assert "the file holds no record" in run(source, "--into", tmp_path / "new").output
        assert target.read_text() == "not: [a record"

    def test_dry_run_writes_nothing(self, source: Path, tmp_path: Path) -> None:
        result = run(source, "--into", tmp_path / "new", "--dry-run")
        assert "2 created" in result.output
        assert not (tmp_path / "new").exists()

    def test_an_itsm_yaml_that_is_there_is_kept(self, source: Path, tmp_path: Path) -> None:
        into = tmp_path / "new"
        into.mkdir()
        (into / "itsm.yaml").write_text("mine")
        run(source, "--into", into)
        assert (into / "itsm.yaml").read_text() == "mine"

    @pytest.mark.parametrize("link", ["services", "services/one.yaml", "people", "people/teams"])
    def test_nothing_is_written_through_a_symbolic_link(self, link: str, source: Path, tmp_path: Path) -> None:
        into, outside = tmp_path / "new", tmp_path / "outside"
        outside.mkdir()
        (into / link).parent.mkdir(parents=True, exist_ok=True)
        (into / link).symlink_to(outside / "file" if link.endswith(".yaml") else outside)
        with pytest.raises(ItsmError, match="symbolic link"):
            run(source, "--into", into, "--force")
        assert not list(outside.iterdir())
        assert not [path for path in into.rglob("*") if path.is_file()]

    def test_a_folder_that_cannot_be_made(self, source: Path, tmp_path: Path) -> None:
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "services").write_text("a file stands where the folder should be")
        with pytest.raises(ItsmError, match="is no folder; nothing was written"):
            run(source, "--into", tmp_path / "new")
        assert [path.name for path in (tmp_path / "new").rglob("*") if path.is_file()] == ["services"]

    def test_nothing_is_left_when_writing_fails_half_way(
        self, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "chmod", full)
        with pytest.raises(ItsmError, match="No space left"):
            run(source, "--into", tmp_path / "new")
        assert not [path for path in (tmp_path / "new").rglob("*") if path.is_file()]

    def test_records_name_their_schema_where_the_repository_has_it(self, source: Path, tmp_path: Path) -> None:
        into = tmp_path / "new"
        shipped = Path(__file__).parents[2] / "schemas"
        (into / "schemas").mkdir(parents=True)
        for path in shipped.glob("*.json"):
            (into / "schemas" / path.name).write_bytes(path.read_bytes())
        run(source, "--into", into)
        first = (into / "people/teams/core.yaml").read_text().splitlines()[0]
        assert first == "# yaml-language-server: $schema=../../schemas/team.schema.json"


class TestCommand:
    def test_formats_are_found(self) -> None:
        assert "backstage" in names()
        assert not [name for name in names() if name.startswith("_")]
        assert all(importer(name).TITLE for name in names())

    def test_an_unknown_format_offers_the_nearest(self) -> None:
        with pytest.raises(UsageError) as caught:
            importer("backstag")
        assert caught.value.remedy == "did you mean 'backstage'?"
        result = CliRunner().invoke(command, ["backstag", "x", "--into", "y"])
        assert result.exit_code == 2
        assert "did you mean 'backstage'?" in result.output

    @pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
    def test_a_file_that_is_not_there_or_a_folder(self, make: Any, tmp_path: Path) -> None:
        make(tmp_path / "in.yaml")
        with pytest.raises(ItsmError, match="cannot read"):
            run(tmp_path / "in.yaml", "--into", tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_what_is_not_there_spoils_no_other(self, tmp_path: Path) -> None:
        (tmp_path / "good.yaml").write_text(TEAM)
        (tmp_path / "folder").mkdir()
        files = [tmp_path / name for name in ("gone.yaml", "good.yaml", "folder")]
        result = run(*files, "--into", tmp_path / "new", "--format", "json")
        assert result.exit_code == 1
        assert [(found["rule"], found["path"]) for found in json.loads(result.output)["findings"]] == [
            ("import-readable", str(files[2])),
            ("import-readable", str(files[0])),
        ]
        assert (tmp_path / "new/people/teams/core.yaml").is_file()

    def test_json(self, tmp_path: Path) -> None:
        (tmp_path / "in.yaml").write_text(TEAM + component("one").replace("owner: core", "owner: nobody"))
        result = run(tmp_path / "in.yaml", "--into", tmp_path / "new", "--format", "json")
        report = json.loads(result.output)
        assert result.exit_code == 0
        assert report["schema"] == "itsm/import/v1"
        assert (report["summary"]["created"], report["summary"]["placeholders"]) == (2, 1)
        (found,) = (item for item in report["findings"] if item["rule"] == "backstage-owner")
        assert (found["rule"], found["line"], found["column"]) == ("backstage-owner", 9, 46)
        assert {"path": "itsm.yaml", "record": None, "outcome": "created"} in report["files"]

    def test_the_terminal_is_not_obeyed(self, tmp_path: Path) -> None:
        path = tmp_path / "in\x1b[31m.yaml"
        path.write_text("just text")
        assert "\x1b" not in run(path, "--into", tmp_path / "new").output

    def test_every_rule_that_is_reported_is_documented(self, shop: Any) -> None:
        assert {found.rule for found in shop[1]} <= {rule.id for rule in RULES}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus ../shared/corpora/backstage-giantswarm is not there")
class TestRealCatalogue:
    @pytest.fixture(scope="class")
    @classmethod
    def imported(cls, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
        into = tmp_path_factory.mktemp("imported") / "records"
        result = run(*sorted(CORPUS.glob("*.yaml")), "--into", into, "--format", "json")
        assert result.exit_code == 0
        return into, json.loads(result.output)

    def test_each_distinct_entity_has_a_valid_record(self, imported: tuple[Path, dict[str, Any]]) -> None:
        found = catalogue(imported[0])
        # 75 components stand in the file; one name stands three times and five stand twice.
        assert len(found.of_kind("Service")) == 68
        assert len(found.of_kind("Team")) == 12 + 3
        assert found.findings == []

    def test_teams_stand_in_for_owners_who_are_not_there(self, imported: tuple[Path, dict[str, Any]]) -> None:
        assert list(dangling_references(catalogue(imported[0]))) == []
        teams = catalogue(imported[0]).of_kind("Team")
        stand_ins = {team.name for team in teams if "itsm/placeholder" in team.data["metadata"].get("labels", {})}
        assert stand_ins == {"team-phoenix", "team-rocket", "team-team-name"}
        asked = [found for found in imported[1]["findings"] if found["rule"] == "backstage-owner"]
        assert any("group:team-TEAM-NAME" in found["message"] and found["line"] == 378 for found in asked)
        assert imported[1]["summary"] | {"errors": 0, "placeholders": 3} == imported[1]["summary"]

    def test_it_comes_in_twice_and_lists_what_is_left_in_a_repository_with_policies(
        self, tmp_path: Path, itsm: Run
    ) -> None:
        """68 services of which nobody says where users get help are one decision; governance can give time for it."""
        people = ["--person", "Ada Example <ada@shop.example>"]
        assert itsm("init", tmp_path / "new", "--organisation", "Shop", *people)[0] == 0
        command = ["import", "backstage", *sorted(CORPUS.glob("*.yaml")), "--into", tmp_path / "new"]
        code, out, _ = itsm(*command, "--format", "json", "--propose", tmp_path / "proposal")
        first = json.loads(out)
        assert code == 1
        summary = first["summary"]
        assert summary["entities"] == 87 == summary["created"] + summary["notImported"]
        assert [(item["rule"], len(item["records"])) for item in first["decisions"]] == [
            ("live-service-has-support-channel", 68)
        ]
        written = {path: path.read_bytes() for path in (tmp_path / "new").rglob("*.yaml")}
        again = json.loads(itsm(*command, "--format", "json")[1])
        assert (again["summary"]["unchanged"], again["summary"]["created"]) == (80, 0)
        assert {path: path.read_bytes() for path in (tmp_path / "new").rglob("*.yaml")} == written
        (tmp_path / "new/itsm.yaml").write_bytes((tmp_path / "proposal/itsm.yaml").read_bytes())
        assert itsm("-C", tmp_path / "new", "validate")[0] == 0

    def test_the_duplicates_are_reported(self, imported: tuple[Path, dict[str, Any]]) -> None:
        twice = [found for found in imported[1]["findings"] if found["rule"] == "backstage-duplicate"]
        told = sorted(found["message"].split(":")[0] for found in twice)
        assert len(told) == 7
        assert len(set(told)) == 6
        assert all(found["line"] for found in twice)

    def test_no_value_is_lost(self, imported: tuple[Path, dict[str, Any]]) -> None:
        written = {
            (record.id.kind, record.name): json.dumps(record.data, ensure_ascii=False)
            for record in catalogue(imported[0])
        }
        seen: set[tuple[str, str]] = set()
        for path in sorted(CORPUS.glob("*.yaml")):
            for document in read_documents(str(path), path.read_bytes()):
                data = document.data
                key = ({"Component": "Service", "Group": "Team"}[data["kind"]], data["metadata"]["name"])
                if key in seen:
                    continue
                seen.add(key)
                for value in _texts({**data["metadata"], **data["spec"]}):
                    text = json.dumps(FORBIDDEN.sub("", value).strip(), ensure_ascii=False)[1:-1]
                    is_mapped = value == "production" or value.startswith("group:")
                    assert is_mapped or text in written[key].replace('\\\\"', '"'), value

    def test_messages_stay_few(self, imported: tuple[Path, dict[str, Any]]) -> None:
        assert len(imported[1]["findings"]) < 40


def test_conversion_is_the_same_twice(tmp_path: Path) -> None:
    sources = {"in.yaml": (EXAMPLES / "shop.yaml").read_bytes()}
    one: Conversion = convert(sources, Known.read(tmp_path / "new"))
    assert one == convert(sources, Known.read(tmp_path / "new"))
