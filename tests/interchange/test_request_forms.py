"""The forms that users fill in: what GitHub and GitLab get, and that GitHub takes it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from subprocess import run as run_process
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.interchange import Known
from itsm_as_code.interchange._request_form import Forge, Widget, comment, questions
from itsm_as_code.interchange.request_forms import Forms, export
from itsm_as_code.records.document import parse
from tests.conftest import ROOT, Run, examples
from tests.interchange.request_shop import FIELDS, make_shop, offering


def forms(tmp_path: Path, *offerings: dict[str, Any], forge: Forge = Forge.GITHUB) -> Forms:
    known = Known.read(make_shop(tmp_path / "shop", *offerings))
    return export([record for record in known.records.values() if record.id.kind == "RequestOffering"], forge)


def elements(content: bytes) -> dict[str, Any]:
    return {element["id"]: element for element in yaml.safe_load(content)["body"] if "id" in element}


def validates(*paths: Path) -> None:
    """The check of GitHub's schema, which check-jsonschema carries (SchemaStore, github-issue-forms.json)."""
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-issue-forms"]
    done = run_process([*command, *map(str, paths)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_type_of_question_has_its_element(tmp_path: Path) -> None:
    made = forms(tmp_path)
    assert made.findings == []
    (content,) = made.files.values()
    found = elements(content)
    assert {name: element["type"] for name, element in found.items()} == {
        "purpose": "textarea",
        "label": "input",
        "size": "dropdown",
        "zone": "input",  # GitHub reserves the option None
        "regions": "dropdown",
        "extras": "checkboxes",  # chosen options are joined with commas, and one has a comma
        "days": "input",
        "from": "input",
        "personal": "dropdown",
        "owner": "input",
        "service": "input",
    }
    assert found["size"]["attributes"]["options"] == ["small", "large", "no"]
    assert found["regions"]["attributes"]["multiple"] is True
    assert found["regions"]["attributes"]["options"][2] == "on"
    assert found["personal"]["attributes"]["options"] == ["Yes", "No"]
    assert found["zone"]["attributes"]["description"] == "Optional; one of: None, north."
    assert found["days"]["attributes"]["description"] == "Optional; a number; at least 7, at most 90."
    assert [name for name, element in found.items() if "validations" in element] == [
        "purpose", "label", "size", "personal",
    ]  # fmt: skip


def test_questions_of_the_same_title_are_told_apart() -> None:
    labels = [question.label for question in questions(FIELDS, Forge.GITHUB)]
    assert labels[2] == "Size (size)"
    assert labels[-1] == "Size (service)"
    taken = {"name": "x", "title": "request  OFFERING", "type": "text"}
    assert [question.label for question in questions([taken], Forge.GITHUB)] == ["request OFFERING (x)"]


def test_the_form_names_its_offering(tmp_path: Path) -> None:
    (path, content), *_ = forms(tmp_path).files.items()
    form = parse(content)
    assert path == ".github/ISSUE_TEMPLATE/database.yml"
    assert (form["name"], form["title"], form["labels"]) == (*["Database for a project"] * 2, ["service-request"])
    chosen = form["body"][1]
    assert chosen["attributes"] == {"label": "Request offering", "options": ["database"], "default": 0}
    assert content.startswith(b"# Made by itsm export request-forms of operations/offerings/database.yaml")


def test_the_official_schema_takes_every_form(tmp_path: Path, itsm: Run) -> None:
    top = make_shop(tmp_path / "shop", offering(), offering("nothing-asked", []), offering("bare", form={"fields": []}))
    code, out, _ = itsm("-C", top, "export", "request-forms", "--into", "out", "--forge", "github")
    assert code == 0, out
    assert itsm("-C", ROOT, "export", "request-forms", "--into", tmp_path / "own", "--forge", "github")[0] == 0
    found = [*(top / "out").rglob("*.yml"), *(tmp_path / "own").rglob("*.yml")]
    assert len(found) >= 3
    validates(*found)


def test_no_offering_loses_its_form_in_silence(tmp_path: Path, itsm: Run) -> None:
    top = make_shop(tmp_path / "shop", offering(), offering("other"))
    (top / "operations/offerings/other.yaml").write_text("kind: RequestOffering\nkind: twice\n")
    code, out, _ = itsm("-C", top, "export", "request-forms", "--into", "out")
    assert (code, "operations/offerings/other.yaml:2:1: error yaml-duplicate-key" in out) == (1, True), out
    assert not (top / "out").exists()
    assert itsm("-C", top, "export", "request-forms", "database", "--into", "out")[0] == 0
    (tmp_path / "nothing").mkdir()
    assert itsm("-C", tmp_path / "nothing", "export", "request-forms", "--into", "out")[0] == 2


def test_gitlab_gets_a_description_template(tmp_path: Path) -> None:
    made = forms(tmp_path, forge=Forge.GITLAB)
    text = made.files[".gitlab/issue_templates/database.md"].decode()
    assert text.startswith("<!-- Made by itsm export request-forms of operations/offerings/database.yaml; ")
    assert "\n\n### Request offering\n\ndatabase\n\n" in text
    hint = "<!-- Required; at most 2,000 characters. One or two sentences - ->; the approver reads them. -->"
    assert f"### What is it for?\n\n{hint}\n\n### Name\n" in text
    assert "### Size (size)\n\n<!-- Required; tick one. -->\n\n- [ ] small\n- [ ] large\n- [ ] no\n" in text
    assert text.endswith("\n\n/label ~service-request\n")


@given(st.text(st.sampled_from("-><! a\n"), max_size=20))
def test_a_comment_cannot_be_left(text: str) -> None:
    inner = comment(text).removeprefix("<!-- ").removesuffix(" -->")
    assert "--" not in inner
    assert "\n" not in inner


def test_what_is_not_offered_gets_no_form(tmp_path: Path) -> None:
    made = forms(tmp_path, offering(active=False))
    assert made.files == {}
    assert [(found.rule, found.severity.value) for found in made.findings] == [("request-form-inactive", "info")]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"title": "Your Password"}, "asks for a password"),
        ({"type": "choice", "choices": ["a b", "a  b"]}, "look the same"),
        ({"type": "choice", "choices": ["Small", "small"]}, "look the same"),
    ],
)
def test_what_github_refuses_is_a_finding(field: dict[str, Any], message: str, tmp_path: Path) -> None:
    made = forms(tmp_path, offering(fields=[{"name": "x", "title": "X", "type": "text"} | field]))
    assert made.files == {}
    assert [found.rule for found in made.findings] == ["request-form-label"] * len(made.findings)
    assert message in made.findings[0].message


texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=20).filter(
    lambda text: text.strip()
)


@settings(max_examples=examples(15))
@given(st.lists(texts, min_size=1, max_size=5, unique_by=lambda text: " ".join(text.split()).casefold()))
def test_options_and_labels_are_text_to_every_reader(choices: list[str]) -> None:
    fields = [{"name": "x", "title": choices[0], "type": "multi-choice", "choices": choices}]
    (question,) = questions(fields, Forge.GITHUB)
    assert list(question.options.values()) == choices
    is_joined = question.widget is Widget.SOME_OF
    assert not (is_joined and any("," in label or label.casefold() == "none" for label in question.options))


class TestCommand:
    @pytest.fixture
    def top(self, tmp_path: Path) -> Path:
        return make_shop(tmp_path / "shop")

    def test_a_second_export_changes_nothing(self, top: Path, itsm: Run) -> None:
        code, out, _ = itsm("-C", top, "export", "request-forms", "--into", ".")
        assert (code, out) == (0, "created: .github/ISSUE_TEMPLATE/database.yml\n1 form\n")
        assert "unchanged: " in itsm("-C", top, "export", "request-forms", "--into", ".")[1]
        report = json.loads(itsm("-C", top, "export", "request-forms", "--into", ".", "--format", "json")[1])
        assert report["files"] == [{"path": ".github/ISSUE_TEMPLATE/database.yml", "outcome": "unchanged"}]

    def test_a_form_of_somebody_else_is_left_alone(self, top: Path, itsm: Run) -> None:
        place = top / ".github/ISSUE_TEMPLATE/database.yml"
        place.parent.mkdir(parents=True)
        place.write_text("name: mine\n")
        code, out, _ = itsm("-C", top, "export", "request-forms", "--into", ".")
        assert code == 1
        assert "request-form-foreign" in out
        assert place.read_text() == "name: mine\n"
        assert itsm("-C", top, "export", "request-forms", "--into", ".", "--force")[0] == 0
        assert place.read_text() != "name: mine\n"

    def test_nothing_is_written_through_a_link(self, top: Path, tmp_path: Path, itsm: Run) -> None:
        (tmp_path / "outside").mkdir()
        (top / ".github").symlink_to(tmp_path / "outside")
        assert itsm("-C", top, "export", "request-forms", "--into", ".")[0] == 2
        assert not list((tmp_path / "outside").iterdir())

    def test_dry_run_and_unknown_offering(self, top: Path, itsm: Run) -> None:
        assert itsm("-C", top, "export", "request-forms", "--into", "out", "--dry-run", "database")[0] == 0
        assert not (top / "out").exists()
        code, _, err = itsm("-C", top, "export", "request-forms", "databse", "--into", "out")
        assert code == 2
        assert "did you mean 'database'?" in err
