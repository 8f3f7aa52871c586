"""What somebody would try who has read the program."""

from __future__ import annotations

import json

import pytest

from itsm_as_code.gate.decision import canonical
from tests.attacks.tools import (
    BAD_BACKOUT,
    CHANGE,
    EVERYBODY,
    POLICY,
    RULES,
    STANDARD,
    STANDARD_PATH,
    add_rule,
    approve,
    blocking,
    ignored,
    missing,
    on_main,
    rules,
)
from tests.conftest import Run, Workshop, codes


def test_a_rule_named_twice_asks_twice(workshop: Workshop) -> None:
    with on_main(workshop):
        add_rule(workshop, "{name: normal, match: {kinds: [Change]}, approvals: [{from: {role: governance}}]}")
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    decision = workshop.judge()
    assert rules(decision) == ["normal", "normal"]
    assert missing(decision) == {"normal": 1}


def test_a_lenient_rule_beside_a_strict_one_takes_nothing_back(workshop: Workshop) -> None:
    with on_main(workshop):
        add_rule(workshop, "{name: lenient, match: {kinds: [Change]}, approvals: []}")
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"normal": 1})


def test_a_lenient_rule_does_not_cover_the_side_it_does_not_fit(workshop: Workshop) -> None:
    """Low tiers need nobody; a service does not become one of a high tier that way."""
    with on_main(workshop):
        text = (workshop.path / RULES).read_text()
        rule = 'match: {kinds: [Service], where: "object.spec.tier == 2"}'
        workshop.write(RULES, text.replace("match: {kinds: [Service]}", rule))
        low = 'match: {kinds: [Service], where: "object.spec.tier == 4"}'
        add_rule(workshop, f"{{name: low-tier, {low}, approvals: []}}")
    workshop.edit("services/newsletter.yaml", "tier: 4", "tier: 1")
    workshop.commit()
    decision = workshop.judge()
    assert (rules(decision), codes(decision)) == (["low-tier"], ["not-covered"])
    workshop.edit("services/newsletter.yaml", "tier: 1", "tier: 2")
    workshop.commit()
    assert missing(workshop.judge()) == {"service": 1}


def test_only_the_fields_that_a_rule_names_are_covered(workshop: Workshop) -> None:
    with on_main(workshop):
        text = (workshop.path / RULES).read_text()
        rule = "match: {kinds: [Service], fields: [/spec/support, /metadata/links]}"
        workshop.write(RULES, text.replace("match: {kinds: [Service]}", rule))
    workshop.edit("services/newsletter.yaml", "channel: chat", "channel: mail")
    workshop.commit()
    assert missing(workshop.judge()) == {"service": 1}
    workshop.edit("services/newsletter.yaml", "tier: 4", "tier: 3")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert codes(decision) == ["not-covered"]
    assert "/spec/tier" in decision.reasons[0].message


@pytest.mark.parametrize("new", ["support: null", "support: []", "support: chat", "supports: {channel: chat}"])
def test_a_field_is_replaced_by_another_type(workshop: Workshop, new: str) -> None:
    with on_main(workshop):
        text = (workshop.path / RULES).read_text()
        rule = "match: {kinds: [Service], fields: [/spec/support/email]}"
        workshop.write(RULES, text.replace("match: {kinds: [Service]}", rule))
    text = (workshop.path / "services/newsletter.yaml").read_text()
    workshop.write("services/newsletter.yaml", text.replace("support: {channel: chat, email: help@shop.example}", new))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "not-covered" in codes(workshop.judge())


def test_a_label_of_a_change_does_not_take_it_out_of_a_policy_unseen(workshop: Workshop) -> None:
    """Labels select policies; taking one off is a change that the owners see and approve."""
    with on_main(workshop):
        workshop.edit(POLICY, "kinds: [Change]", "kinds: [Change]\n    labels: {audit: strict}")
        workshop.change(**{"metadata: {": "metadata: {labels: {audit: strict}, "})
    workshop.edit(CHANGE, "labels: {audit: strict}, ", "")
    workshop.edit(CHANGE, "[Set it back, Restart]", "[Set it back]")
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"normal": 1})
    assert "/metadata/labels/audit" in decision.evidence["records"][0]["fields"]


def test_a_bad_change_hides_behind_a_good_one(workshop: Workshop) -> None:
    workshop.change()
    workshop.change("chg-20261122-other", **BAD_BACKOUT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:backout-is-planned"]


def test_a_standard_change_brings_other_files_along(workshop: Workshop) -> None:
    workshop.write(STANDARD_PATH, STANDARD)
    workshop.write("docs/a.md", "A.\n")
    workshop.edit("services/newsletter.yaml", "tier: 4", "tier: 3")
    workshop.commit()
    assert missing(workshop.judge()) == {"service": 1, "documents": 1}


def test_findings_of_the_base_count_once_the_record_is_touched(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change(**BAD_BACKOUT)
    workshop.edit(CHANGE, "Send in smaller batches.", "Send.")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:backout-is-planned"]


def test_a_known_finding_is_no_cover_for_a_new_one(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change(**BAD_BACKOUT)
    workshop.change("chg-20261122-second", **BAD_BACKOUT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert codes(decision) == ["finding:backout-is-planned"]
    blamed = [finding.record.name for finding in decision.findings if finding.record and finding.blocks]
    assert blamed == ["chg-20261122-second"]


def test_what_others_refer_to_is_retired_under_them(workshop: Workshop) -> None:
    (workshop.path / "people/carol.yaml").unlink()
    workshop.commit()
    approve(workshop, "dave", "erin")
    assert {"record-deleted", "reference-exists"} == blocking(workshop.judge())


def test_a_person_takes_over_a_login(workshop: Workshop) -> None:
    """A pull request that gives mallory bob's account is judged by whom the base says it belongs to."""
    workshop.edit("people/frank.yaml", "login: frank-gh", "login: bob-gh")
    workshop.change()
    workshop.commit()
    approve(workshop, "bob-gh")
    decision = workshop.judge()
    assert missing(decision) == {"what-judges": 2}
    assert ("bob", "not-eligible") in ignored(decision)


def test_the_service_that_comes_along_has_no_owner_on_the_base(workshop: Workshop) -> None:
    """Its owner is a team of the author's making: nobody can approve for it yet."""
    workshop.write(
        "people/teams/team-mine.yaml",
        "apiVersion: itsm/v1\nkind: Team\nmetadata: {name: team-mine, title: Mine}\nspec: {members: [frank]}\n",
    )
    text = (workshop.path / "services/newsletter.yaml").read_text()
    text = text.replace("newsletter", "mine").replace("team-shop", "team-mine")
    workshop.write("services/mine.yaml", text)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"service": 1})
    assert decision.evidence["approvals"][0]["required"][0]["eligible"] == []


def test_a_bot_counts_only_where_a_rule_says_so(workshop: Workshop) -> None:
    with on_main(workshop):
        rule = "{name: bots, match: {kinds: [Change]}, approvals: [{from: {people: [robot]}}], allowBots: true}"
        add_rule(workshop, rule)
    workshop.change()
    workshop.commit()
    approve(workshop, "robot")
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert ignored(decision) == {("robot", "bot")}


def test_a_rule_that_nobody_can_fulfil_is_never_fulfilled(workshop: Workshop) -> None:
    with on_main(workshop):
        many = "{name: many, match: {kinds: [Change]}, approvals: [{from: {role: nosuch}, count: 900000000}]}"
        add_rule(workshop, many)
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"many": 900_000_000})


def test_evidence_is_the_same_for_ever(workshop: Workshop) -> None:
    workshop.change()
    workshop.write("docs/\udcff.md", "x\n")
    workshop.commit()
    approve(workshop, "bob", "mallory")
    first = canonical(workshop.judge().as_data())
    workshop.reviews.reverse()
    workshop.git("gc", "-q")
    workshop.git("checkout", "-q", "main")
    assert canonical(workshop.judge().as_data()) == first


def test_the_command_says_the_same_with_its_exit_code(workshop: Workshop, itsm: Run) -> None:
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    reviews = workshop.path / ".git" / "reviews.json"
    arguments = ("gate", "-C", workshop.path, "--head", "topic", "--reviews", reviews, "--now", "2026-11-22T12:00:00Z")
    reviews.write_text(json.dumps(workshop.pull_request()))
    assert itsm(*arguments, "--base", "main")[0] == 1
    assert itsm(*arguments, "--base", "nosuch")[0] == 2
    reviews.write_text('{"author": "alice", "author": "bob"}')
    assert itsm(*arguments, "--base", "main")[0] == 2
    reviews.unlink()
    assert itsm(*arguments, "--base", "main")[0] == 2
