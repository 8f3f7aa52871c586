"""init, schema, explain, policy and build, as people call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from itsm_as_code.records.document import parse
from tests.conftest import ROOT, SMALL, Run, copy_tree

NOW = ("--now", "2026-11-22T12:00:00Z")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A copy of the small organisation."""
    copy_tree(SMALL, tmp_path / "small")
    return tmp_path / "small"


def test_a_folder_without_records_is_no_pass(tmp_path: Path, itsm: Run) -> None:
    for arguments in (["validate"], ["build", "-o", tmp_path / "out"], ["policy", "test"], ["new", "Team", "t"]):
        code, out, err = itsm("-C", tmp_path, *arguments)
        assert (code, out) == (2, ""), arguments
        assert "itsm: " in err
    assert not list(tmp_path.iterdir())


def test_init_is_valid_at_once_and_overwrites_nothing(tmp_path: Path, itsm: Run) -> None:
    code, out, _ = itsm("init", tmp_path / "org", "--organisation", 'A "quoted": [name] #1')
    assert code == 0
    assert "git init" in out
    code, out, _ = itsm("-C", tmp_path / "org", "validate")
    assert (code, out.strip().endswith("no findings")) == (0, True), out
    code, out, err = itsm("-C", tmp_path / "org", "policy", "test")
    assert (code, "none failed" in out) == (0, True), err
    assert itsm("-C", tmp_path / "org", "fmt", "--check")[0] == 0
    before = {path: path.read_bytes() for path in (tmp_path / "org").rglob("*") if path.is_file()}
    code, _, err = itsm("init", tmp_path / "org")
    assert (code, "is there already" in err) == (2, True)
    assert before == {path: path.read_bytes() for path in (tmp_path / "org").rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--timezone", "Berlin"), 1, "'Berlin', not an IANA time zone"),
        (("--organisation", ""), 1, "spec.organisation.name is shorter"),
        (("--person", "Ada <a@x.example> @a", "--person", "Ben <a@x.example> @b"), 1, "is that of ben as well"),
        (("--person", "Ada <a@x.example> @a", "--person", "Ben <b@x.example> @a"), 1, "is that of ben as well"),
        (("--person", "Ada <a@x.example>", "--person", "Ada <b@x.example>"), 2, "two people would be 'ada'"),
        (("--person", "Ada a@x.example"), 2, "'Ada a@x.example' is not a person"),
        (("--forge", "gitlab", "--verdict", "status"), 2, "--verdict status is for GitHub"),
        (("--packs", "all"), 2, "there is no policy pack 'all'"),
        (("--tool", "itsm-as-code"), 2, "does not say what is installed"),
        (("--wheels", "nowhere"), 2, "'nowhere' does not exist"),
    ],
)
def test_init_writes_nothing_that_would_be_wrong(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path, itsm: Run
) -> None:
    """Records that are wrong could not be put right by the same command: nothing is overwritten."""
    found, out, err = itsm("init", tmp_path / "org", *arguments)
    assert (found, out, said in err) == (code, "", True), err
    assert not (tmp_path / "org").exists()


def test_init_in_a_repository_makes_no_second_one(tmp_path: Path, itsm: Run) -> None:
    (tmp_path / ".git").mkdir()
    assert "git init" not in itsm("init", tmp_path / "ops")[1]


def test_init_with_one_person_leaves_out_what_needs_more(tmp_path: Path, itsm: Run) -> None:
    code, _, err = itsm("init", tmp_path / "org", "--person", "Zoë Ørsted <zoe@x.example>")
    assert code == 0
    assert "board-has-quorum" in err
    assert (tmp_path / "org/people/zoe-oersted.yaml").is_file()
    assert itsm("-C", tmp_path / "org", "validate")[0] == 0


def test_init_writes_the_logins_that_it_is_told_and_guesses_none(tmp_path: Path, itsm: Run) -> None:
    people = ("Ada <ada@x.example> @Ada_Corp", "Ben <ben@x.example>", "Cleo <12+cleo@users.noreply.github.com>")
    code, _, err = itsm("init", tmp_path / "org", *(part for text in people for part in ("--person", text)))
    assert code == 0
    found = {path.stem: parse(path.read_bytes())["spec"] for path in (tmp_path / "org/people").glob("*.yaml")}
    assert found["ada"]["accounts"] == [{"forge": "github", "login": "Ada_Corp"}]
    assert "accounts" not in found["ben"]
    assert found["cleo"]["accounts"] == [{"forge": "github", "login": "cleo", "id": 12}]
    assert "no github login is known for people/ben.yaml, and none was guessed" in err
    assert itsm("-C", tmp_path / "org", "fmt", "--check")[0] == 0
    code, _, err = itsm("init", tmp_path / "local", "--forge", "local")
    assert (code, "login" in err) == (0, False)


@pytest.mark.parametrize("text", ["Ada", "<ada@x.example>", "李 <li@x.example>"])
def test_init_refuses_a_person_without_a_name(text: str, tmp_path: Path, itsm: Run) -> None:
    assert itsm("init", tmp_path / "org", "--person", text)[0] == 2
    assert not (tmp_path / "org").exists()


def test_schema_lists_prints_and_writes(tmp_path: Path, itsm: Run) -> None:
    from jsonschema import Draft202012Validator

    _, listed, _ = itsm("-C", ROOT, "schema")
    assert "services/agreements/" in listed
    for name in ("Change", "change", "service-level-agreement", "configuration", "gate-report"):
        code, out, _ = itsm("-C", ROOT, "schema", name)
        assert code == 0
        Draft202012Validator.check_schema(json.loads(out))
        assert "common.schema.json" not in out
    code, _, err = itsm("-C", ROOT, "schema", "Chnage")
    assert (code, "did you mean 'Change'?" in err) == (2, True)
    itsm("-C", ROOT, "schema", "--all", tmp_path / "all")
    assert (tmp_path / "all/reports/gate-report.schema.json").is_file()


def test_explain_knows_rules_policies_kinds_and_records(itsm: Run) -> None:
    for subject, text in (
        ("change-in-freeze", "A planned change keeps out of freezes"),
        ("finding:change-in-freeze", "A planned change keeps out of freezes"),
        ("record-deleted", "retired, not deleted"),
        ("Change", "draft -> proposed"),
        ("backout-is-planned", "object.spec.backout.steps.size() >= 2"),
        ("Service/orders", "Service web-shop (/spec/dependsOn/0/service)"),
    ):
        code, out, err = itsm("-C", SMALL, "explain", subject)
        assert (code, text in out) == (0, True), (subject, out, err)
    code, _, err = itsm("-C", SMALL, "explain", "change-in-freese")
    assert (code, "did you mean 'change-in-freeze'?" in err) == (2, True)
    _, out, _ = itsm("-C", SMALL, "explain", "--list")
    assert "reference-exists" in out
    assert "backout-is-planned" in out


def test_explain_of_a_field_says_type_meaning_values_and_when_it_is_required(itsm: Run) -> None:
    for subject, texts in (
        (
            "Change.type",
            ("Change.type: Type (one of a few values)", "Required: always", "Values: standard, normal, eme"),
        ),
        (
            "change.spec.test",
            ("(mapping)", "when it is proposed, ", "unless type is standard;", "  * summary", "Example:"),
        ),
        ("Change.schedule.start", ("(instant)", "Required: where there is schedule", 'start: "2026-11-22T08:00:00Z"')),
        ("Service.owner", ("(name of a Team)", "Names here: team-board, team-data, team-governance, team-shop")),
        ("Change.incident", ("(name of an Incident)", "Names here: none yet")),
        ("Service.dependsOn", ("(list: mapping)", "Fields of an item:", "  * service")),
        ("Service.dependsOn[].service", ("Required: where there is dependsOn", "Names here: database, newsletter")),
        ("Team.metadata.labels", ("Team.metadata.labels: Labels (mapping)",)),
    ):
        code, out, err = itsm("-C", SMALL, "explain", subject)
        assert (code, [text for text in texts if text not in out]) == (0, []), (out, err)


def test_explain_alone_lists_kinds_and_rules(itsm: Run) -> None:
    code, out, _ = itsm("-C", SMALL, "explain")
    kinds, rules = out.split("\n\n")
    assert (code, kinds.startswith("Kinds:\n  ApprovalPolicy "), rules.startswith("Rules:\n")) == (0, True, True)
    assert "  reference-exists " in rules


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("Chnge", "did you mean 'Change'?"),
        ("Change.shedule", "did you mean 'schedule'?; 'itsm explain Change' lists its fields"),
        ("Change.schedule.begin", "fields here: start, end"),
        ("Change.", "Change has no field"),
        ("Chnge.schedule", "there is no rule, kind or record 'Chnge.schedule'"),
        ("ordres", "did you mean 'orders'?"),
        ("Team/orders", "there is no rule, kind or record 'Team/orders'"),
        ("changes", "there is no rule, kind or record 'changes'"),
        ("change-in-frieze", "did you mean 'change-in-freeze'?"),
        ("", "'itsm explain' alone lists kinds and rules"),
        ("spec.owner", "there is no rule, kind or record 'spec.owner'"),
    ],
)
def test_what_explain_says_to_mistakes(subject: str, said: str, itsm: Run) -> None:
    code, out, err = itsm("-C", SMALL, "explain", subject)
    assert (code, out) == (2, ""), out
    assert said in err


def test_policy_test_fails_at_the_line_of_the_example(small: Path, itsm: Run) -> None:
    assert itsm("-C", small, "policy", "test")[0] == 0
    path = small / "policies/backout-is-planned.yaml"
    path.write_text(path.read_text().replace("steps.size() >= 2", "steps.size() >= 1"))
    code, out, _ = itsm("-C", small, "policy", "test")
    assert code == 1
    assert "policies/backout-is-planned.yaml:15:7 one step" in out
    assert "expected fail, got pass" in out
    code, out, _ = itsm("-C", small, "policy", "test", "--format", "json")
    assert (code, json.loads(out)["failed"]) == (1, 1)


def test_policy_test_is_no_pass_when_a_policy_cannot_be_read(small: Path, itsm: Run) -> None:
    (small / "policies/backout-is-planned.yaml").write_text("a: [")
    code, _, err = itsm("-C", small, "policy", "test")
    assert (code, "policies/backout-is-planned.yaml:" in err) == (2, True)
    (small / "policies/backout-is-planned.yaml").unlink()
    assert itsm("-C", small, "policy", "test")[0] == 2


def test_policy_list_counts_outcomes(itsm: Run) -> None:
    code, out, _ = itsm("-C", SMALL, "policy", "list", "--format", "json", *NOW)
    assert code == 0
    assert [policy["name"] for policy in json.loads(out)["policies"]] == ["backout-is-planned"]


def test_build_writes_the_same_bytes_twice(small: Path, tmp_path: Path, itsm: Run) -> None:
    for name in ("one", "two"):
        code, out, err = itsm("-C", small, "build", "-o", tmp_path / name, *NOW)
        assert (code, out) == (0, ""), err
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert Path("services/orders.html") in files
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_build_does_not_replace_a_folder_that_is_no_site(small: Path, tmp_path: Path, itsm: Run) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years of work")
    assert itsm("-C", small, "build", "-o", tmp_path / "mine", *NOW)[0] == 2
    assert (tmp_path / "mine/thesis.txt").read_text() == "years of work"
