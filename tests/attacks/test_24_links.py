"""24: a link that lifts a stop without being about it, or by the word of its author alone."""

from __future__ import annotations

import pytest

from tests.attacks.tools import (
    CHANGE,
    EVERYBODY,
    MODEL,
    OUTAGE,
    OUTAGE_PATH,
    PROBLEM,
    PROBLEM_PATH,
    REVIEW,
    REVIEW_PATH,
    RULES,
    SHORTER,
    STANDARD,
    STANDARD_PATH,
    WAIVER,
    WAIVER_PATH,
    approve,
    missing,
    on_main,
    rules,
    used_up,
)
from tests.conftest import Workshop, codes

STOPPED = "finding:error-budget"
LINKED = STANDARD.replace("model: restart", "model: restart\n  problem: throttling")
ALONE = {"agreed-by-somebody-else": 1}
NOBODY: dict[str, int] = {}


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    """The budget of the newsletter is used up, and a problem of it is open."""
    with on_main(workshop):
        used_up(workshop)
        workshop.write(PROBLEM_PATH, PROBLEM)
    return workshop


def test_what_mends_goes_on_once_somebody_else_agrees(shop: Workshop) -> None:
    """A standard change, which needs nobody otherwise; the author's own word and that of a bot are none."""
    shop.write(STANDARD_PATH, LINKED)
    shop.commit()
    approve(shop, "alice", "robot")
    assert missing(shop.judge()) == ALONE
    approve(shop, "frank")
    assert shop.judge().verdict == "approved"


def test_a_normal_change_that_mends_needs_no_approval_more(shop: Workshop) -> None:
    shop.change(**{"  status: proposed": "  problem: throttling\n  status: proposed"})
    shop.commit()
    approve(shop, "bob")
    assert shop.judge().verdict == "approved"


def test_the_problem_may_come_with_it_and_is_part_of_what_is_agreed_to(workshop: Workshop) -> None:
    with on_main(workshop):
        used_up(workshop)
    workshop.write(PROBLEM_PATH, PROBLEM)
    workshop.write(STANDARD_PATH, LINKED)
    workshop.commit()
    decision = workshop.judge()
    row = next(item for item in decision.evidence["approvals"] if item["rule"] == "agreed-by-somebody-else")
    assert row["why"] == ["Change chg-20261122-restart: what it mends may lift a stop",
                          "Problem throttling: a change mends it"]  # fmt: skip
    approve(workshop, "bob")
    assert missing(workshop.judge()) == {}
    workshop.edit(PROBLEM_PATH, "Letters arrive hours late.", "None.")
    workshop.commit()
    assert missing(workshop.judge()) == ALONE


def test_a_standard_change_that_mends_nothing_needs_nobody(workshop: Workshop) -> None:
    workshop.write(STANDARD_PATH, STANDARD)
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, rules(decision)) == ("approved", ["standard"])


@pytest.mark.parametrize(
    "step",
    [
        ("status: scheduled", "status: implementing"),
        ("summary: Restart after", "summary: Restarts after"),
    ],
)
def test_what_was_agreed_to_is_not_asked_again(shop: Workshop, step: tuple[str, str]) -> None:
    with on_main(shop):
        shop.write(STANDARD_PATH, LINKED)
    shop.edit(STANDARD_PATH, *step)
    shop.commit()
    assert missing(shop.judge()) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (STANDARD, LINKED),
        (LINKED, LINKED.replace("[newsletter]", "[newsletter, orders]")),
        (LINKED, LINKED.replace("problem: throttling", "problem: other")),
        (LINKED.replace("scheduled", "draft"), LINKED),
    ],
    ids=["linked later", "another service", "another problem", "out of its draft"],
)
def test_what_is_linked_anew_is_asked_anew(shop: Workshop, before: str, after: str) -> None:
    with on_main(shop):
        shop.write(PROBLEM_PATH.replace("throttling", "other"), PROBLEM.replace("throttling,", "other,"))
        shop.write(STANDARD_PATH, before)
    shop.write(STANDARD_PATH, after)
    shop.commit()
    assert missing(shop.judge()) == ALONE


def test_an_incident_that_came_of_it_is_no_link_that_lifts(workshop: Workshop) -> None:
    """A change that is over names what it caused; that needs nobody."""
    with on_main(workshop):
        actual = '  actual: {start: "2026-11-15T20:00:00Z", end: "2026-11-15T21:00:00Z"}\n  result: failed\n'
        past = STANDARD.replace("2026-12-01", "2026-11-15").replace("  status: scheduled\n", actual)
        workshop.write(STANDARD_PATH, f"{past}  status: failed\n")
        workshop.write(PROBLEM_PATH, PROBLEM)
    workshop.edit(STANDARD_PATH, "  status: failed\n", "  problem: throttling\n  status: failed\n")
    workshop.commit()
    assert workshop.judge().verdict == "approved"


# What the budget stops in the gate, and the ways out that the remedy names.


def test_the_remedy_names_the_ways_out(shop: Workshop) -> None:
    shop.change()
    shop.commit()
    approve(shop, "bob")
    decision = shop.judge()
    assert codes(decision) == [STOPPED]
    (finding,) = [item for item in decision.findings if item.rule == "error-budget"]
    assert finding.remedy == (
        "name the open incident, problem or improvement of newsletter that it mends, and have it agreed; "
        "plan it for 2026-12-31T23:00:00Z or later, when the budget has recovered; "
        "or ask for a waiver of error-budget"
    )
    shop.edit(CHANGE, '"2026-12-01T20:00:00Z", end: "2026-12-01T22', '"2027-02-01T00:00:00Z", end: "2027-02-01T02')
    shop.commit()
    approve(shop, "bob")
    assert shop.judge().verdict == "approved"


def test_a_waiver_lifts_the_stop_of_one_change(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(WAIVER_PATH, WAIVER.replace("policy: backout-is-planned", "check: error-budget"))
    shop.change()
    shop.change("chg-20261122-other")
    shop.commit()
    approve(shop, "bob")
    decision = shop.judge()
    assert [item.record.name for item in decision.findings if item.blocks and item.record] == ["chg-20261122-other"]


def test_a_stop_is_of_steps_and_not_of_words(shop: Workshop) -> None:
    """A change that waits may be edited and called off; another service, another type or a dropped link is a step."""
    with on_main(shop):
        shop.change(**{"services: [newsletter]": "services: [newsletter, orders]"})
    for old, new, stopped in (
        ("smaller batches", "small batches", False),
        ("status: proposed", "status: cancelled", False),
        ("status: proposed", "status: authorised", True),
        ("services: [newsletter, orders]", "services: [orders]", False),
    ):
        shop.git("checkout", "-q", "-B", "topic", "main")
        shop.edit(CHANGE, old, new)
        shop.commit()
        shop.reviews.clear()
        approve(shop, *EVERYBODY)
        assert (STOPPED in codes(shop.judge())) is stopped, new


def test_a_model_is_exempt_where_the_base_says_so(shop: Workshop) -> None:
    shop.write(STANDARD_PATH, STANDARD)
    shop.edit(MODEL, "  maxRisk: high\n", "  maxRisk: high\n  exemptFromErrorBudget: true\n")
    shop.commit()
    approve(shop, *EVERYBODY)
    assert STOPPED in codes(shop.judge())
    with on_main(shop):
        shop.edit(MODEL, "  maxRisk: high\n", "  maxRisk: high\n  exemptFromErrorBudget: true\n")
    shop.write(STANDARD_PATH, STANDARD)
    shop.commit()
    assert shop.judge().verdict == "approved"


def test_the_policy_of_the_base_counts(shop: Workshop) -> None:
    text = (shop.path / "itsm.yaml").read_text()
    shop.write("itsm.yaml", f"{text}  errorBudget: {{stops: []}}\n")
    shop.change()
    shop.commit()
    approve(shop, *EVERYBODY)
    assert codes(shop.judge()) == [STOPPED]


def test_an_outage_that_uses_up_a_budget_is_let_in(workshop: Workshop) -> None:
    """Else people would write shorter ones."""
    with on_main(workshop):
        workshop.change()
        used_up(workshop, **SHORTER)
        text = (workshop.path / "policies/approvals/all.yaml").read_text()
        rule = "    - {name: incidents, match: {kinds: [Incident]}, approvals: [{from: {anyone: true}}]}\n"
        workshop.write("policies/approvals/all.yaml", text + rule)
    used_up(workshop)
    workshop.commit()
    approve(workshop, "bob")
    decision = workshop.judge()
    assert decision.verdict == "approved", codes(decision)


def test_a_typed_figure_changes_no_verdict_and_an_outage_does(shop: Workshop) -> None:
    """The kind of the first case: 99.854 edited to 99.999 in a review let everything go on."""
    verdicts = []
    for attained, outage in (("99.1", OUTAGE), ("99.999", OUTAGE), ("99.1", ""), ("99.1", OUTAGE)):
        with on_main(shop):
            shop.write(REVIEW_PATH, REVIEW.replace("99.1", attained))
            shop.write(OUTAGE_PATH, outage or OUTAGE[: OUTAGE.index("  outages:")])
        shop.change()
        shop.commit()
        shop.reviews.clear()
        approve(shop, *EVERYBODY)
        verdicts.append(codes(shop.judge()))
    assert verdicts == [[STOPPED], [STOPPED], [], [STOPPED]]


def test_an_outage_that_ends_needs_nobody_and_one_that_shrinks_does(workshop: Workshop) -> None:
    running = OUTAGE.replace(', end: "2026-11-15T20:00:00Z"', "").replace("status: resolved", "status: in-progress")
    for before, after, asked in (
        (running, OUTAGE, NOBODY),
        (OUTAGE, OUTAGE.replace('T20:00:00Z", kind', 'T01:00:00Z", kind'), ALONE),
        (OUTAGE, OUTAGE.replace("kind: full", "kind: degraded"), ALONE),
        (OUTAGE, OUTAGE.replace("title: The queue is lost", "title: Queue lost"), NOBODY),
    ):
        with on_main(workshop):
            text = (workshop.path / RULES).read_text()
            rule = "    - {name: incidents, match: {kinds: [Incident]}, approvals: []}\n"
            workshop.write(RULES, text if rule in text else text + rule)
            workshop.write(OUTAGE_PATH, before)
        workshop.write(OUTAGE_PATH, after)
        workshop.commit()
        assert ALONE.items() & missing(workshop.judge()).items() == asked.items(), after


URGENT = STANDARD.replace("type: standard\n  model: restart", "type: emergency\n  incident: slow").replace(
    "  status: scheduled\n", "  backout: {steps: [Set it back]}\n  status: implementing\n"
)
OVER = """\
apiVersion: itsm/v1
kind: Incident
metadata: {name: slow, title: Slow}
spec:
  services: [newsletter]
  impact: 2
  urgency: 2
  detectedAt: "2026-11-18T08:00:00Z"
  acknowledgedAt: "2026-11-18T08:10:00Z"
  restoredAt: "2026-11-18T09:00:00Z"
  resolvedAt: "2026-11-18T10:00:00Z"
  status: resolved
"""


@pytest.mark.parametrize(
    ("old", "new", "needed"),
    [
        ("status: resolved", "status: in-progress", ALONE),
        ('resolvedAt: "2026-11-18', 'resolvedAt: "2026-11-22', ALONE),
        ("title: Slow", "title: Slow letters", {}),
        ("status: resolved", 'closedAt: "2026-11-22T10:00:00Z"\n  status: closed', {}),
    ],
    ids=["opened again", "over later", "another title", "closed"],
)
def test_what_a_planned_change_mends_comes_to_count_by_the_word_of_somebody_else(
    workshop: Workshop, old: str, new: str, needed: dict[str, int]
) -> None:
    path = "operations/incidents/slow.yaml"
    with on_main(workshop):
        workshop.edit(RULES, "match: {kinds: [Incident]}\n      approvals: [{from: {anyone: true}, count: 1}]",
                      "match: {kinds: [Incident]}\n      approvals: []")  # fmt: skip
        workshop.write(path, OVER)
        workshop.write(STANDARD_PATH, URGENT)
    workshop.edit(path, old, new)
    workshop.commit()
    assert missing(workshop.judge()) == needed
