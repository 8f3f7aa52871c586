"""Attacks by the way that a record takes through its lifecycle in one pull request, as scenarios (number 34)."""

from __future__ import annotations

import json
from typing import Final

from tests.attacks.scenarios import ACTUAL, proposal, scenario
from tests.attacks.test_24_emergency import INCIDENT, INCIDENT_PATH
from tests.attacks.tools import (
    BAD_BACKOUT,
    CHANGE,
    EVERYBODY,
    MODEL,
    PROBLEM,
    PROBLEM_PATH,
    RULES,
    STANDARD,
    STANDARD_PATH,
    add_rule,
    approve,
    on_main,
)
from tests.conftest import Workshop
from tests.test_own_kinds import LIFECYCLE, schema

SCHEDULED: Final = {"status: proposed": "status: scheduled"}
DONE: Final = f"{ACTUAL}\n  result: successful\n  status: closed".replace("11-15", "11-21")
RISK_PATH: Final = "policies/risks/one-engineer.yaml"
RISK: Final = """\
apiVersion: itsm/v1
kind: Risk
metadata: {name: one-engineer, title: One engineer knows the newsletter}
spec:
  owner: alice
  services: [newsletter]
  cause: It was built by one.
  event: The one leaves.
  consequence: Nobody mends it.
  likelihood: 3
  impact: 3
  treatment: reduce
  status: STATUS
"""
MERGER: Final = json.dumps(
    {
        **json.loads(
            schema(
                "Merger",
                "mergers",
                {"status": {"title": "Status", "enum": ["planned", "by-us", "by-others", "done"]}},
                ["status"],
            )
        ),
        "x-lifecycle": {
            **LIFECYCLE,
            "initial": ["planned"],
            "transitions": {"planned": ["by-us", "by-others"], "by-us": ["done"], "by-others": ["done"], "done": []},
            "final": ["done"],
        },
    }
)


def end(shop: Workshop, path: str, *reviewers: str, **replace: str) -> None:
    """A pull request by alice that takes a scheduled change to its end."""
    shop.edit(path, "status: scheduled", DONE)
    for old, new in replace.items():
        shop.edit(path, old, new)
    shop.commit()
    approve(shop, *reviewers)


@scenario(34)
def is_scheduled_past_the_board_that_authorises(shop: Workshop) -> None:
    with on_main(shop):
        match = "match: {kinds: [Change], where: object.spec.status == 'authorised'}"
        add_rule(shop, f"{{name: authorise, {match}, approvals: [{{from: {{people: [frank]}}}}]}}")
    proposal(shop, "bob", "carol", **SCHEDULED)


@scenario(34)
def is_scheduled_past_the_policy_for_proposals(shop: Workshop) -> None:
    proposal(shop, *EVERYBODY, **SCHEDULED, **BAD_BACKOUT)


@scenario(34)
def closes_a_risk_that_nobody_treated(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(RISK_PATH, RISK.replace("STATUS", "identified"))
    shop.write(RISK_PATH, RISK.replace("STATUS", "closed"))
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(34)
def ends_under_a_model_that_was_suspended_before_it_began(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(MODEL, (shop.path / MODEL).read_text() + "  suspension: {failures: 1, within: P30D}\n")
        failed = STANDARD.replace("20261122", "20261115").replace("2026-12-01", "2026-11-15")
        failed = failed.replace("status: scheduled", f"{ACTUAL}\n  status: failed\n  result: failed")
        shop.write("changes/2026/11/15/chg-20261115-restart.yaml", failed)
        shop.write(STANDARD_PATH, STANDARD)
    end(shop, STANDARD_PATH)


@scenario(34)
def comes_as_done_with_a_window_to_come(shop: Workshop) -> None:
    """Nothing was ever authorised; the planned window is still ahead, so it seems planned in time."""
    proposal(shop, *EVERYBODY, **{"status: proposed": DONE})


@scenario(34)
def becomes_standard_on_its_way_out_of_draft(shop: Workshop) -> None:
    with on_main(shop):
        shop.change(**{"status: proposed": "status: draft"})
    shop.write(CHANGE, STANDARD.replace("chg-20261122-restart", "chg-20261122-tune"))
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(34)
def ends_under_another_model_than_it_began_under(shop: Workshop) -> None:
    other = MODEL.replace("restart", "reload")
    with on_main(shop):
        shop.write(other, (shop.path / MODEL).read_text().replace("name: restart", "name: reload"))
        shop.write(STANDARD_PATH, STANDARD)
    end(shop, STANDARD_PATH, **{"model: restart": "model: reload"})


@scenario(34)
def ends_as_less_of_a_risk_than_it_was_authorised_as(shop: Workshop) -> None:
    """The board would look at how it went; the pull request that says so takes the risk out as well."""
    with on_main(shop):
        shop.change(**{"status: proposed": "risk: {level: very-high}\n  status: scheduled"})
    end(shop, CHANGE, "bob", **{"  risk: {level: very-high}\n": ""})


@scenario(34)
def goes_one_of_two_ways_and_says_not_which(shop: Workshop) -> None:
    with on_main(shop):
        shop.write("schemas/merger.schema.json", MERGER)
        rules = (shop.path / RULES).read_text()
        everybody = "    - {name: merger, match: {kinds: [Merger]}, approvals: [{from: {anyone: true}}]}\n"
        board = "    - {name: others, match: {kinds: [Merger], where: object.spec.status == 'by-others'}, "
        shop.write(RULES, rules + everybody + board + "approvals: [{from: {people: [frank]}}]}\n")
        text = "apiVersion: itsm/v1\nkind: Merger\nmetadata: {name: shop, title: Shop}\nspec: {status: planned}\n"
        shop.write("mergers/shop.yaml", text)
    shop.edit("mergers/shop.yaml", "planned", "done")
    shop.commit()
    approve(shop, "bob", "carol")


@scenario(34)
def takes_up_a_link_on_its_way_to_the_end(shop: Workshop) -> None:
    """A standard change needs nobody; what lifts stops for it while it is under way does."""
    with on_main(shop):
        shop.write(PROBLEM_PATH, PROBLEM)
        shop.write(STANDARD_PATH, STANDARD)
    end(shop, STANDARD_PATH, **{"  model: restart\n": "  model: restart\n  problem: throttling\n"})


@scenario(34)
def gives_itself_a_review_after_it_was_closed(shop: Workshop) -> None:
    with on_main(shop):
        shop.change(**{"status: proposed": DONE})
    review = '\n  review: {date: "2026-11-22", by: dave, findings: It was as planned.}'
    shop.edit(CHANGE, "status: closed", f"status: closed{review}")
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(34)
def calls_off_an_incident_that_broke_something(shop: Workshop) -> None:
    """What was an outage would count in no measure any more."""
    outage = '{service: newsletter, start: "2026-11-22T08:00:00Z", end: "2026-11-22T09:00:00Z", kind: full}'
    text = INCIDENT + f"  outages: [{outage}]\n"
    with on_main(shop):
        shop.write(INCIDENT_PATH, text)
    over = 'status: cancelled\n  resolutionCode: false-alarm\n  closedAt: "2026-11-22T11:00:00Z"'
    shop.write(INCIDENT_PATH, text.replace("status: new", over))
    shop.commit()
    approve(shop, *EVERYBODY)
