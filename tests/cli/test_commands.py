"""new, init, schema, explain, policy and build, as people call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from itsm_as_code.records.document import parse
from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import ROOT, SMALL, Run, copy_tree

NOW = ("--now", "2026-11-22T12:00:00Z")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A copy of the small organisation."""
    copy_tree(SMALL, tmp_path / "small")
    return tmp_path / "small"


REQUIRED = {
    "BusinessCase": ["owner=team-shop", "demand=Fewer calls", "currency=EUR", "discountRate=8.0"],
    "Budget": ["fiscalYear=2026", "start=2026-01-01", "owner=team-shop", "currency=EUR", "lines=[]"],
    "Improvement": ["owner=team-shop", "source.type=survey"],
    "Initiative": ["sponsor=erin", "owner=team-shop", "purpose=Changes are judged where the work is."],
    "KnowledgeArticle": ["owner=team-shop", "body=Start it again."],
    "Problem": [
        "services=orders",
        "owner=team-shop",
        "symptom=Orders are slow at three.",
        "detectedAt=2026-11-20T08:30:00Z",
        "proactive=true",  # or incidents: a check asks for one of them
    ],
    "Release": ["version=2026.11.0", "services=orders", "changes=chg-20261122-first"],
    "RequestOffering": ["service=orders", "active=true"],
    "Risk": ["owner=alice", "cause=Old versions", "event=A weakness is found", "consequence=Data could be read"],
    "ServiceRequest": ["offering=first", "requester=alice", "submittedAt=2026-11-20T08:12:00Z"],
    "ServiceReview": [
        "service=orders",
        "period.from=2026-07-01",
        "period.until=2026-10-01",
        "heldOn=2026-10-14",
        "attendees=alice",
    ],
    "Training": ["topic=How a change is judged", "owner=team-shop"],
    "ApprovalPolicy": ["rules=[{name: all, match: {kinds: [Change]}, approvals: []}]"],
    "Calendar": ["timezone=Europe/Berlin", "kind=holidays", "entries=[]"],
    "Change": ["type=normal", "services=orders", "requester=alice", "summary=Restart the queue"],
    "ChangeModel": [
        "owner=team-shop",
        "services=orders",
        "summary=Restart one after another",
        "steps=[Restart it]",
        "backout.steps=[Start it again]",
        "preAuthorisation.by=dave",
        "preAuthorisation.on=2026-01-10",
        "preAuthorisation.expires=2027-01-10",
    ],
    "Control": ["framework=soc2", "clause=CC8.1", "statement=Changes are authorised."],
    "Incident": ["services=orders", "impact=2", "urgency=2", "detectedAt=2026-11-22T08:00:00Z"],
    "Person": ["emails=henry@shop.example"],
    "Policy": [
        "severity=warning",
        "match.kinds=Change",
        "require=true",
        "message='no'",
        "remedy=Mend it.",
        "examples=[{name: a, expect: pass, object: {}}, {name: b, expect: fail, object: {}}]",
    ],
    "Service": ["owner=team-shop", "stage=pipeline", "tier=3", "type=application"],
    "ServiceLevelAgreement": [
        "type=sla",
        "service=orders",
        "provider=team-shop",
        "customer.name=Everybody",
        "effective.from=2026-01-01",
        (
            'objectives=[{name: up, indicator: availability, target: "99.5", unit: percent, comparison: at-least, '
            "window: {rolling: P28D}}]"
        ),
    ],
    "Supplier": ["owner=team-shop", "contact.name=Sales"],
    "Team": ["members=alice,bob"],
    "Waiver": [
        "policy=backout-is-planned",
        "records=[{kind: Change, name: x}]",
        "reason=There is no way back.",
        "risk=Low.",
        "requester=alice",
        "approver=erin",
        "from=2026-11-01T00:00:00Z",
        "until=2026-12-01T00:00:00Z",
    ],
}


def test_every_kind_has_its_required_answers_listed() -> None:
    assert {kind.name for kind in KindRegistry.load()} == set(REQUIRED)


FIRST = {"Release": ("Change", "chg-20261122-first"), "ServiceRequest": ("RequestOffering", "first")}
"""What has to be there before a record of a kind can name it."""


def answers(kind: str) -> list[str]:
    return [part for value in REQUIRED[kind] for part in ("--set", value)]


@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_new_with_the_required_answers_gives_a_valid_record(kind: str, small: Path, itsm: Run) -> None:
    if kind in FIRST:
        other, name = FIRST[kind]
        itsm("-C", small, "new", other, name, *answers(other), *NOW)
    code, out, err = itsm("-C", small, "new", kind, "--title", "Something new", *answers(kind), *NOW)
    assert code == 0, err
    file = small / out.strip()
    data = parse(file.read_bytes())
    assert (data["kind"], data["metadata"]["title"]) == (kind, "Something new")
    code, out, err = itsm("-C", small, "validate", file, "--format", "json", *NOW)
    rules = {finding["rule"] for finding in json.loads(out)["findings"] if finding["severity"] == "error"}
    assert rules <= {"policy-examples"}, out


def test_new_names_a_change_after_its_day_and_title(small: Path, itsm: Run) -> None:
    title = "Größere Warteschlange für Ørsted!"
    _, out, _ = itsm("-C", small, "new", "change", "--title", title, *answers("Change"), *NOW)
    assert out == "changes/2026/11/22/chg-20261122-grossere-warteschlange-fur-oersted.yaml\n"


def test_new_says_what_is_missing(small: Path, itsm: Run) -> None:
    code, out, err = itsm("-C", small, "new", "Change", "--title", "X", *NOW)
    assert (code, out) == (2, "")
    assert "a change needs 4 more values" in err
    assert "--set spec.requester=" in err
    assert not (small / "changes/2026").exists()


def test_new_puts_the_schema_on_top_when_the_repository_has_it(small: Path, itsm: Run) -> None:
    copy_tree(ROOT / "schemas", small / "schemas")
    _, out, _ = itsm("-C", small, "new", "Team", "team-new", "--set", "members=alice", *NOW)
    first = (small / out.strip()).read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../schemas/team.schema.json"
    assert (small / "people/teams" / first.split("=")[1]).resolve() == (small / "schemas/team.schema.json").resolve()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("chnge", "x"), "did you mean 'Change'?"),
        (("Team", "team-x", "--set", "lea=alice"), "did you mean 'lead'?"),
        (("Team", "team-x", "--set", "lead"), "there is no '='"),
        (("Team", "team-shop", "--set", "members=alice"), "is there already"),
        (("Team",), "neither name nor title"),
    ],
)
def test_new_explains_mistakes(arguments: tuple[str, ...], message: str, small: Path, itsm: Run) -> None:
    code, _, err = itsm("-C", small, "new", *arguments, *NOW)
    assert code == 2
    assert message in err


def test_new_writes_nothing_that_does_not_fit_the_schema(small: Path, itsm: Run) -> None:
    code, out, err = itsm("-C", small, "new", "Team", "Team_X", "--set", "members=alice", *NOW)
    assert (code, out) == (1, "")
    assert "metadata.name is 'Team_X'" in err
    assert not (small / "people/teams/Team_X.yaml").exists()


def test_new_says_at_once_that_a_reference_is_misspelt(small: Path, itsm: Run) -> None:
    code, out, err = itsm("-C", small, "new", "Team", "team-x", "--set", "members=alicia", *NOW)
    assert (code, out) == (0, "people/teams/team-x.yaml\n")
    assert "no Person named 'alicia'" in err
    assert "did you mean 'alice'?" in err


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
    before = {path: path.read_bytes() for path in (tmp_path / "org").rglob("*") if path.is_file()}
    code, _, err = itsm("init", tmp_path / "org")
    assert (code, "is there already" in err) == (2, True)
    assert before == {path: path.read_bytes() for path in (tmp_path / "org").rglob("*") if path.is_file()}


def test_init_with_one_person_leaves_out_what_needs_more(tmp_path: Path, itsm: Run) -> None:
    code, _, err = itsm("init", tmp_path / "org", "--person", "Zoë Ørsted <zoe@x.example>")
    assert code == 0
    assert "board-has-quorum" in err
    assert (tmp_path / "org/people/zoe-oersted.yaml").is_file()
    assert itsm("-C", tmp_path / "org", "validate")[0] == 0


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
