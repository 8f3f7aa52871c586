"""The gate on real git repositories: the ordinary life of a pull request."""

from __future__ import annotations

from datetime import timedelta

from tests.attacks.tools import CHANGE, POLICY, STANDARD, STANDARD_PATH, WAIVER, WAIVER_PATH, on_main
from tests.conftest import NOW, Workshop, codes


def test_a_change_with_its_approvals_is_approved(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    pending = workshop.judge()
    assert (pending.verdict, codes(pending)) == ("pending", ["approval-missing"])
    assert pending.evidence["approvals"][0]["required"][0]["suggested"] == ["bob"]
    workshop.review("bob")
    approved = workshop.judge()
    assert (approved.verdict, codes(approved)) == ("approved", [])
    assert approved.evidence["approvals"][0]["required"][0]["satisfiedBy"] == ["bob"]


def test_a_standard_change_needs_no_approval(workshop: Workshop) -> None:
    workshop.write(STANDARD_PATH, STANDARD)
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("approved", [])


def test_a_change_that_breaks_a_policy_is_rejected(workshop: Workshop) -> None:
    workshop.change(**{"[Set it back, Restart]": "[Set it back]"})
    workshop.commit()
    workshop.review("bob")
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert codes(decision) == ["finding:backout-is-planned"]
    finding = next(finding for finding in decision.findings if finding.blocks)
    assert (finding.location.line, finding.location.column) == (14, 3)


def test_a_change_in_a_freeze_is_rejected_to_the_second(workshop: Workshop) -> None:
    workshop.change(**{"2026-12-01T20": "2026-12-14T20", "2026-12-01T22:00:00Z": "2026-12-14T23:00:00Z"})
    workshop.commit()
    workshop.review("bob")
    assert workshop.judge().verdict == "approved"
    workshop.edit("changes/2026/11/22/chg-20261122-tune.yaml", "2026-12-14T23:00:00Z", "2026-12-14T23:00:01Z")
    workshop.commit()
    workshop.review("bob")
    decision = workshop.judge()
    assert codes(decision) == ["finding:change-in-freeze"]
    assert decision.evidence["conflicts"][0]["with"] == "Calendar/year-end"


def test_no_rule_for_a_path_means_rejected(workshop: Workshop) -> None:
    workshop.write("scripts/deploy.sh", "echo hello\n")
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["not-covered", "no-rule"])


def test_the_same_arguments_give_the_same_bytes(workshop: Workshop) -> None:
    from itsm_as_code.gate.decision import canonical

    workshop.change()
    workshop.commit()
    workshop.review("bob")
    first, second = workshop.judge(), workshop.judge()
    assert canonical(first.as_data()) == canonical(second.as_data())
    later = workshop.judge(now=NOW + timedelta(seconds=1))
    assert later.digest != first.digest


def test_the_work_tree_is_never_looked_at(workshop: Workshop) -> None:
    workshop.change(**{"[Set it back, Restart]": "[Set it back]"})
    workshop.commit()
    workshop.change()
    workshop.write("policies/backout-is-planned.yaml", "gone")
    workshop.review("bob")
    assert codes(workshop.judge()) == ["finding:backout-is-planned"]


def test_known_findings_of_the_base_do_not_block(workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.edit("services/database.yaml", "team-data", "team-nobody")
    workshop.commit("Break something on the base", who="erin")
    workshop.git("checkout", "-q", "topic")
    workshop.git("merge", "-q", "main")
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    decision = workshop.judge()
    assert decision.verdict == "approved"
    assert decision.evidence["known"] == [], "only what is judged anew is listed; validate lists the rest"


def test_merging_that_needs_a_person_is_rejected(workshop: Workshop) -> None:
    workshop.edit("services/orders.yaml", "title: Orders", "title: Order book")
    workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.edit("services/orders.yaml", "title: Orders", "title: Ordering")
    workshop.commit(who="erin")
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["merge-conflict"])


def test_a_verdict_holds_until_what_it_rests_on_changes(workshop: Workshop) -> None:
    """Time that passes for records that the pull request does not touch changes no verdict."""
    with on_main(workshop):
        workshop.write(WAIVER_PATH, WAIVER.replace("chg-20261122-tune", "chg-20261122-other"))
        workshop.edit(POLICY, "  severity: error\n", '  severity: error\n  since: "2026-11-25"\n')
    workshop.change()
    workshop.commit()
    assert workshop.judge().evidence["validUntil"] == "2026-12-01T20:00:00Z"
    workshop.edit(CHANGE, "[Set it back, Restart]", "[Set it back]")
    workshop.commit()
    assert workshop.judge().evidence["validUntil"] == "2026-11-25T00:00:00Z"
