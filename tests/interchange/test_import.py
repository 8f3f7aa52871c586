"""What every import promises: no edit is lost, a second run changes nothing, and what is left to decide is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.findings import Location, RecordId
from itsm_as_code.interchange import Conversion, Known, Outcome, plan
from itsm_as_code.interchange._memory import MEMORY, merged, with_memory, without_memory
from itsm_as_code.interchange._store import NewRecord
from tests.conftest import Run, examples

HEAD = "apiVersion: backstage.io/v1alpha1\n"
TEAM = HEAD + "kind: Group\nmetadata: {name: core}\nspec: {type: team, children: []}\n---\n"


def shop(title: str = "Shop", about: str = "Sells.", **labels: str) -> str:
    metadata = {"name": "shop", "title": title, "description": about, "labels": labels}
    return (
        f"{TEAM}{HEAD}kind: Component\nmetadata: {json.dumps(metadata)}\nspec: {{lifecycle: production, owner: core}}\n"
    )


@pytest.fixture
def imported(tmp_path: Path, itsm: Run) -> Any:
    """Imports a text as a catalogue into one repository; gives exit code and report."""

    def run(text: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        (tmp_path / "in.yaml").write_text(text)
        command = ["import", "backstage", tmp_path / "in.yaml", "--into", tmp_path / "new", "--format", "json"]
        code, out, _ = itsm(*command, *arguments)
        return code, json.loads(out)

    return run


def edit(path: Path, old: str, new: str) -> bytes:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return path.read_bytes()


def findings(report: dict[str, Any], rule: str = "import-exists") -> list[tuple[str, str]]:
    return [(found["severity"], found["message"]) for found in report["findings"] if found["rule"] == rule]


class TestThreeWays:
    """What the last import wrote, what people made of it, what the source says now."""

    def test_what_only_the_source_changed_is_taken_and_the_rest_stays(self, imported: Any, tmp_path: Path) -> None:
        imported(shop(old="1", same="1"))
        record = tmp_path / "new/services/shop.yaml"
        edit(record, "tier: 4", "tier: 1 # everybody needs it")
        _, report = imported(shop("Web shop", new="1", same="1"))
        assert report["summary"]["updated"] == 1
        data = yaml.safe_load(record.read_bytes())
        assert (data["metadata"]["title"], data["spec"]["tier"]) == ("Web shop", 1)
        assert "# everybody needs it" in record.read_text(), "comments stay"
        assert {"new", "same"} < data["metadata"]["labels"].keys()
        assert "old" not in data["metadata"]["labels"]
        file = next(item for item in report["files"] if item["path"].endswith("shop.yaml"))
        assert file["taken"] == ["metadata.title", "metadata.labels.new", "metadata.labels.old"]
        assert file["kept"] == ["spec.tier"]
        assert findings(report) == [
            ("info", "services/shop.yaml was edited and was left alone; fields that differ: spec.tier")
        ]

    def test_what_both_changed_stays_and_is_a_warning_once(self, imported: Any, tmp_path: Path) -> None:
        imported(shop())
        record = tmp_path / "new/services/shop.yaml"
        edit(record, "title: Shop", "title: Our shop")
        _, report = imported(shop("Web shop"))
        assert [severity for severity, _ in findings(report)] == ["warning"]
        assert "the source says something else now" in findings(report)[0][1]
        assert "title: Our shop" in record.read_text()
        before = record.read_bytes()
        _, report = imported(shop("Web shop"))
        assert [severity for severity, _ in findings(report)] == ["info"]
        assert record.read_bytes() == before

    def test_force_overwrites_but_what_people_added_stays(self, imported: Any, tmp_path: Path) -> None:
        imported(shop())
        record = tmp_path / "new/services/shop.yaml"
        edit(record, "title: Shop", "title: Our shop")
        edit(record, "  tier: 4", "  tier: 4\n  consumers: [Everybody]")
        imported(shop(), "--force")
        assert "title: Shop" in record.read_text()
        assert "consumers: [Everybody]" in record.read_text()

    def test_a_field_that_people_took_out_does_not_come_back(self, imported: Any, tmp_path: Path) -> None:
        imported(shop())
        record = tmp_path / "new/services/shop.yaml"
        before = edit(record, "  description: Sells.\n", "")
        imported(shop())
        assert record.read_bytes() == before

    def test_a_record_that_no_import_wrote_is_left_alone_as_a_whole(self, imported: Any, tmp_path: Path) -> None:
        imported(shop())
        record = tmp_path / "new/services/shop.yaml"
        data = yaml.safe_load(record.read_bytes())
        del data["metadata"]["annotations"][MEMORY]
        record.write_text(yaml.safe_dump(data))
        before = record.read_bytes()
        _, report = imported(shop("Web shop"))
        assert report["summary"]["skipped"] == 1
        assert "is there already and was left alone" in findings(report)[0][1]
        assert record.read_bytes() == before

    @settings(max_examples=examples(60))
    @given(st.data())
    def test_no_order_of_edits_loses_one(self, data: st.DataObject) -> None:
        """Whatever people and the source change, an edited field has the value that people gave it."""
        values = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2))
        base = {"metadata": {"name": "x", "title": "X"}, "spec": data.draw(values)}
        theirs = {"metadata": {"name": "x", "title": "X"}, "spec": data.draw(values)}
        mine = with_memory(base)
        mine["spec"] = data.draw(values)
        merge = merged(mine, theirs, force=False)
        for field in "abcd":
            was, edited, wanted = (item["spec"].get(field) for item in (base, mine, theirs))
            assert merge.data["spec"].get(field) == (wanted if was == edited else edited)
        again = merged(merge.data, theirs, force=False)
        assert again.data == merge.data
        assert (again.taken, again.clashing) == ([], [])
        forced = without_memory(merged(mine, theirs, force=True).data)["spec"]
        assert {key: forced[key] for key in theirs["spec"]} == theirs["spec"]


class TestReport:
    def test_counts_add_up(self, imported: Any) -> None:
        text = shop() + "---\n" + shop() + "---\nnot an entity\n---\n" + HEAD + "kind: Template\nmetadata: {name: x}\n"
        _, report = imported(text)
        summary = report["summary"]
        assert summary["entities"] == 6, "documents that the file holds"
        assert summary["notImported"] == 4, "two that stand twice, a template, and a text"
        assert summary["created"] == 2
        assert {file["from"].split(":")[-2] for file in report["files"] if file["record"]} == {"1", "6"}

    def test_one_is_singular(self, itsm: Run, tmp_path: Path) -> None:
        (tmp_path / "in.yaml").write_text(TEAM)
        out = itsm("import", "backstage", tmp_path / "in.yaml", "--into", tmp_path / "new", "-v")[1]
        assert "1 entity, 0 not imported" in out
        assert f"{tmp_path}/in.yaml:1:1: Team core created in people/teams/core.yaml; taken: " in out

    @pytest.mark.parametrize("name", ["backstage", "openslo"])
    def test_the_repository_is_the_one_that_the_folder_lies_in(self, name: str, tmp_path: Path, itsm: Run) -> None:
        (tmp_path / "in.yaml").write_text(TEAM)
        code, _, err = itsm("-C", tmp_path, "import", name, "in.yaml")
        assert code == 2
        assert "is no repository of records, and --into names none" in err
        assert "--into DIR" in err
        (tmp_path / "itsm.yaml").write_text("apiVersion: itsm/v1\nkind: Configuration\nspec: {timezone: UTC}\n")
        assert "no repository" not in itsm("-C", tmp_path, "import", name, "in.yaml")[2]

    def test_one_bad_file_does_not_stop_the_rest(self, tmp_path: Path, itsm: Run) -> None:
        (tmp_path / "a.yaml").write_text("metadata:\n\tname: x\n")
        (tmp_path / "b.yaml").write_text(TEAM)
        files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
        code, out, _ = itsm("import", "backstage", *files, "--into", tmp_path / "new")
        assert code == 1
        assert f"{tmp_path}/a.yaml:2:1: error backstage-entity: not imported: not YAML" in out
        assert "2 entities, 1 not imported" in out
        assert (tmp_path / "new/people/teams/core.yaml").is_file()

    def test_what_cannot_be_written_is_not_said_to_be_there(self, tmp_path: Path) -> None:
        metadata = {"name": "core", "title": "Core", "description": "\ud800"}
        data = {"apiVersion": "itsm/v1", "kind": "Team", "metadata": metadata, "spec": {"members": []}}
        new = NewRecord(RecordId("Team", "core"), data, Location("in.yaml"))
        files, findings = plan(Conversion([new], [], 0), Known.read(tmp_path), force=False)
        assert [file.outcome for file in files] == [Outcome.SKIPPED]
        (said,) = findings
        assert (said.rule, "not written: not a record" in said.message) == ("import-valid", True), said


class TestDecisions:
    @pytest.fixture
    def repository(self, tmp_path: Path) -> Path:
        configuration = "apiVersion: itsm/v1\nkind: Configuration\nspec:\n  timezone: UTC # everywhere\n"
        (tmp_path / "new").mkdir()
        (tmp_path / "new/itsm.yaml").write_text(f"{configuration}  policies:\n    packs: [service-design]\n")
        return tmp_path / "new"

    def test_a_cause_is_named_once_with_all_its_records(self, repository: Path, imported: Any, itsm: Run) -> None:
        text = shop() + "---\n" + shop().replace('"shop"', '"desk"').replace(TEAM, "")
        code, report = imported(text, "--dry-run")
        assert code == 1
        named = {item["rule"]: [record["name"] for record in item["records"]] for item in report["decisions"]}
        assert named["live-service-has-support-channel"] == ["desk", "shop"]
        assert len(named) == len(report["decisions"])
        imported(text)
        out = itsm("-C", repository, "validate", "--format", "json")[1]
        errors = {found["rule"] for found in json.loads(out)["findings"] if found["severity"] == "error"}
        assert errors == named.keys(), "what a dry run says is what validate finds afterwards"

    def test_what_policies_ask_is_given_time_for_in_a_change_of_its_own(
        self, repository: Path, imported: Any, tmp_path: Path, itsm: Run
    ) -> None:
        code, report = imported(shop(), "--propose", str(tmp_path / "proposal"), "--since", "2027-03-01")
        asked = [item["rule"] for item in report["decisions"] if item["policy"]]
        assert code == 1
        assert "overrides" not in (repository / "itsm.yaml").read_text(), "the import itself weakens nothing"
        proposed = (tmp_path / "proposal/itsm.yaml").read_text()
        assert "timezone: UTC # everywhere" in proposed
        assert [item["policy"] for item in yaml.safe_load(proposed)["spec"]["policies"]["overrides"]] == asked
        (repository / "itsm.yaml").write_text(proposed)
        code, report = imported(shop())
        assert (code, report["decisions"]) == (0, [])
        assert itsm("-C", repository, "validate", "--now", "2027-02-28T00:00:00Z")[0] == 0
        assert itsm("-C", repository, "validate", "--now", "2027-03-02T00:00:00Z")[0] == 1


class TestAfterwards:
    """What makes an imported catalogue usable at once."""

    def test_the_default_owner_owns_what_nobody_is_known_to_own(self, imported: Any, tmp_path: Path) -> None:
        text = shop().replace("owner: core", "owner: gone")
        _, report = imported(text, "--default-owner", "core")
        assert report["summary"]["placeholders"] == 0
        assert "owner: core" in (tmp_path / "new/services/shop.yaml").read_text()

    def test_a_placeholder_is_filled_in_when_its_team_comes(self, imported: Any, tmp_path: Path) -> None:
        text = shop().replace(TEAM, "")
        _, report = imported(text)
        assert report["summary"]["placeholders"] == 1
        before = {path: path.read_bytes() for path in (tmp_path / "new").rglob("*.yaml")}
        _, report = imported(text)
        assert {path: path.read_bytes() for path in (tmp_path / "new").rglob("*.yaml")} == before
        _, report = imported(shop())
        team = (tmp_path / "new/people/teams/core.yaml").read_text()
        assert "itsm/placeholder" not in team
        assert "group:default/core" in team
        assert findings(report, "backstage-owner") == []

    def test_users_get_help_where_the_owners_can_be_reached(self, imported: Any, tmp_path: Path) -> None:
        mail = "children: [], profile: {displayName: The core, email: core@shop.example}"
        imported(shop().replace("children: []", mail))
        support = yaml.safe_load((tmp_path / "new/services/shop.yaml").read_bytes())["spec"]["support"]
        assert support == {"channel": "The core", "email": "core@shop.example"}

    def test_words_for_lifecycles_are_whoever_imports_to_say(self, imported: Any, tmp_path: Path) -> None:
        text = shop().replace("production", "Tier 2 ready")
        assert [grade for grade, _ in findings(imported(text)[1], "backstage-lifecycle")] == ["error"]
        _, report = imported(text, "--lifecycle", "tier 2 ready", "live", "--force")
        assert findings(report, "backstage-lifecycle") == []
        assert "lifecycle: live" in (tmp_path / "new/services/shop.yaml").read_text()

    def test_what_a_location_names_is_read_along(self, tmp_path: Path, itsm: Run) -> None:
        place = tmp_path / "catalogue"
        (place / "deep/er").mkdir(parents=True)
        (place / "deep/er/shop.yaml").write_text(shop())
        (tmp_path / "secret.yaml").write_text(TEAM.replace("core", "secret"))
        (place / "link.yaml").symlink_to(tmp_path / "secret.yaml")
        targets = [
            "./deep/**/*.yaml",
            "./all.yaml",
            "./gone.yaml",
            "../secret.yaml",
            "https://x.example/a",
            "./li*.yaml",
        ]
        location = f"{HEAD}kind: Location\nmetadata: {{name: all}}\nspec: {json.dumps({'targets': targets})}\n"
        (place / "all.yaml").write_text(location)
        command = ["-C", place, "import", "backstage", "all.yaml", "--into", "new", "--format", "json"]
        report = json.loads(itsm(*command)[1])
        assert [file["from"] for file in report["files"] if file["record"]] == [
            "deep/er/shop.yaml:6:1", "deep/er/shop.yaml:1:1",
        ]  # fmt: skip
        assert sorted(message for _, message in findings(report, "backstage-location")) == [
            "../secret.yaml: it lies outside of the repository",
            "./gone.yaml: no such file is there",
            "./li*.yaml: no such file is there",
            "https://x.example/a: it is on the web, from where nothing is fetched",
        ]
