"""2: what judges is deleted, renamed, emptied or shadowed."""

from __future__ import annotations

import os

import pytest

from tests.attacks.tools import BAD_BACKOUT, EVERYBODY, POLICY, RULES, add_rule, approve, blocking, missing, on_main
from tests.conftest import Workshop, codes


@pytest.mark.parametrize("path", [POLICY, RULES, "people/teams/team-board.yaml", "changes/calendars/year-end.yaml"])
def test_a_judge_is_deleted(workshop: Workshop, path: str) -> None:
    (workshop.path / path).unlink()
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert {"record-deleted", "backout-is-planned"} <= blocking(decision)


def test_a_policy_is_renamed(workshop: Workshop) -> None:
    text = (workshop.path / POLICY).read_text()
    (workshop.path / POLICY).unlink()
    workshop.write("policies/other.yaml", text.replace("name: backout-is-planned,", "name: other,"))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:record-deleted"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [("", "yaml-syntax"), ("# nothing\n", "yaml-syntax"), ("{}\n", "record-kind"), ("- a\n", "yaml-syntax")],
)
def test_a_policy_is_emptied(workshop: Workshop, text: str, rule: str) -> None:
    workshop.write(POLICY, text)
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert {rule, "record-deleted", "backout-is-planned"} <= blocking(workshop.judge())


def test_an_approval_policy_without_rules(workshop: Workshop) -> None:
    workshop.write(
        RULES,
        "apiVersion: itsm/v1\nkind: ApprovalPolicy\nmetadata: {name: all, title: Nothing}\nspec: {rules: []}\n",
    )
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge())[-1] == "finding:record-schema"


@pytest.mark.parametrize("path", [POLICY, RULES])
def test_a_judge_is_shadowed_by_a_second_file(workshop: Workshop, path: str) -> None:
    folder, name = os.path.split(path)
    lenient = (workshop.path / path).read_text().replace("steps.size() >= 2", "steps.size() >= 0")
    workshop.write(f"{folder}/0/{name}", lenient)
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert {"record-unique", "backout-is-planned"} <= blocking(workshop.judge())


def test_a_judge_becomes_a_link(workshop: Workshop) -> None:
    (workshop.path / POLICY).unlink()
    (workshop.path / POLICY).symlink_to("/dev/null")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert blocking(workshop.judge()) == {"file-kind", "record-deleted"}


def test_no_policy_on_the_base_approves_nothing(workshop: Workshop) -> None:
    with on_main(workshop):
        (workshop.path / POLICY).unlink()
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["no-policy"])


def test_no_approval_policy_on_the_base_approves_nothing(workshop: Workshop) -> None:
    with on_main(workshop):
        (workshop.path / RULES).unlink()
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["no-approval-policy", "not-covered", "no-rule"])


def test_two_files_of_one_approval_policy_on_the_base(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write("policies/approvals/0/all.yaml", (workshop.path / RULES).read_text())
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["judges-unusable"])


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (POLICY, "has(object.spec.backout) &&", "has(object.spec.backout &&"),
        (POLICY, "kinds: [Change]", "kinds: [Chnage]"),
        (POLICY, "severity: error", "severity: fatal"),
        (RULES, "object.spec.type == 'standard'", "object.spec.type == "),
        ("people/carol.yaml", "emails:", "mails:"),
        ("changes/calendars/year-end.yaml", "timezone: Europe/Berlin", "timezone: Europe/Berlim"),
        ("itsm.yaml", "timezone: Europe/Berlin", "timezone: 7"),
    ],
)
def test_an_unreadable_judge_on_the_base_approves_nothing(workshop: Workshop, path: str, old: str, new: str) -> None:
    with on_main(workshop):
        text = (workshop.path / path).read_text()
        assert old in text
        workshop.write(path, text.replace(old, new, 1))
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert "judges-unusable" in codes(decision)


@pytest.mark.parametrize(
    ("path", "old", "new", "rule"),
    [
        (POLICY, "has(object.spec.backout) &&", "has(object.spec.backout &&", "policy-compiles"),
        (POLICY, "kinds: [Change]", "kinds: [Chnage]", "policy-kinds"),
        (POLICY, "expect: fail", "expect: pass", "policy-examples"),
        (RULES, "object.spec.type == 'standard'", "object.spec.type == ", "approval-rule"),
        (RULES, "kinds: [Service]", "kinds: [Serivce]", "approval-rule"),
        (RULES, "name: incident", "name: service", "approval-rule"),
        ("changes/calendars/year-end.yaml", "2027-01-05T00", "2026-01-05T00", "calendar-readable"),
    ],
)
def test_a_judge_that_could_not_judge_is_not_merged(
    workshop: Workshop, path: str, old: str, new: str, rule: str
) -> None:
    workshop.edit(path, old, new)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert f"finding:{rule}" in codes(decision)


def test_a_deleted_approval_policy_still_asks(workshop: Workshop) -> None:
    (workshop.path / RULES).unlink()
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1, "what-judges": 2}
    assert blocking(decision) == {"record-deleted"}


def test_deletion_needs_a_rule_that_names_it(workshop: Workshop) -> None:
    with on_main(workshop):
        rule = "{name: tidy, match: {kinds: [Service], actions: [deleted]}, approvals: [{from: {role: governance}}]}"
        add_rule(workshop, rule)
        workshop.write(
            "services/attic.yaml",
            "apiVersion: itsm/v1\nkind: Service\nmetadata: {name: attic, title: Attic}\n"
            "spec: {owner: team-shop, stage: pipeline, lifecycle: design, tier: 4, type: application}\n",
        )
    (workshop.path / "services/attic.yaml").unlink()
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"service": 1, "tidy": 1})
