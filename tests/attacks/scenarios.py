"""Attacks as scenarios: each prepares a pull request that must not pass, and says what its success would be.

A scenario gives whatever approvals an attacker could get hold of. Numbers are those of the attacks in the names of the
test modules of this folder, which look at each of them more closely; here they are set against the guards.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Final
from unittest.mock import patch

from itsm_as_code.cache import Cache
from itsm_as_code.errors import ItsmError
from itsm_as_code.forges.interface import SignedApproval
from itsm_as_code.forges.local import parse_pull_request
from itsm_as_code.gate import evaluate
from itsm_as_code.gate.authorise import Question, authorise
from itsm_as_code.gate.decision import canonical
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import load_rule_set, validate
from tests.attacks.test_24_emergency import INCIDENT, INCIDENT_PATH, PAST, PAST_PATH, URGENT
from tests.attacks.tools import (
    BAD_BACKOUT,
    CHANGE,
    EVERYBODY,
    FREEZE,
    IN_FREEZE,
    MODEL,
    OUTAGE,
    OUTAGE_PATH,
    POLICY,
    PROBLEM,
    PROBLEM_PATH,
    RULES,
    SERVICE,
    STANDARD,
    STANDARD_PATH,
    WAIVER,
    WAIVER_PATH,
    add_rule,
    approve,
    on_main,
    used_up,
)
from tests.conftest import NOW, Workshop
from tests.reports import renderers
from tests.signing import Office, add_key, make_key

FORMATS = renderers("gate")

ACTUAL: Final = 'actual: {start: "2026-11-15T20:00:00Z", end: "2026-11-15T21:00:00Z"}'
FAILED_PATH: Final = "changes/2026/11/15/chg-20261115-restart.yaml"
FAILED: Final = (
    STANDARD.replace("20261122", "20261115")
    .replace("2026-12-01", "2026-11-15")
    .replace("status: scheduled", f"{ACTUAL}\n  status: failed\n  result: failed")
)

Success = Callable[[Workshop], bool]


@dataclass(frozen=True, slots=True)
class Scenario:
    """An attack: how it is prepared, and when it has succeeded."""

    number: int
    name: str
    prepare: Callable[[Workshop], None]
    succeeds: Success


SCENARIOS: Final[dict[str, Scenario]] = {}


def approved(shop: Workshop) -> bool:
    """The usual aim of an attack. A judgement that fails altogether is no success."""
    try:
        return shop.judge().verdict == "approved"
    except ItsmError:
        return False


def scenario(number: int, succeeds: Success = approved) -> Callable[[Callable[[Workshop], None]], None]:
    """Make a function that prepares a pull request a scenario, named after it."""

    def register(prepare: Callable[[Workshop], None]) -> None:
        name = prepare.__name__.replace("_", "-")
        SCENARIOS[name] = Scenario(number, name, prepare, succeeds)

    return register


def proposal(shop: Workshop, *reviewers: str, **replace: str) -> None:
    """A change by alice, approved by these."""
    shop.change(**replace)
    shop.commit()
    approve(shop, *reviewers)


# What judges comes from the base.


@scenario(1)
def lowers_the_approvals_that_it_needs(shop: Workshop) -> None:
    shop.edit(RULES, "approvals: [{from: {role: governance}, count: 2}]", "approvals: []")
    shop.commit()


@scenario(1)
def brings_the_policy_that_lets_it_pass(shop: Workshop) -> None:
    shop.edit(POLICY, "steps.size() >= 2", "steps.size() >= 1")
    shop.edit(POLICY, "{steps: [one]}", "{steps: []}")
    proposal(shop, *EVERYBODY, **BAD_BACKOUT)


@scenario(31)
def merges_a_policy_that_its_own_examples_deny(shop: Workshop) -> None:
    shop.edit(POLICY, "steps.size() >= 2", "steps.size() >= 0")
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(19)
def lifts_the_freeze_that_it_breaks(shop: Workshop) -> None:
    shop.edit(FREEZE, "2026-12-15T00:00:00+01:00", "2026-12-25T00:00:00+01:00")
    proposal(shop, *EVERYBODY, **IN_FREEZE)


@scenario(2)
def relies_on_a_broken_policy(shop: Workshop) -> None:
    with on_main(shop):
        text = (shop.path / POLICY).read_text()
        shop.write("policies/other.yaml", text.replace("name: backout-is-planned", "name: other").replace("2", "0"))
        shop.write(POLICY, text.replace("severity: error", "severity: error\n  severity: info"))
    proposal(shop, "bob", **BAD_BACKOUT)


@scenario(2)
def relies_on_an_approval_rule_that_does_not_compile(shop: Workshop) -> None:
    with on_main(shop):
        add_rule(shop, "{name: broken, match: {kinds: [Incident], where: objekt.spec}, approvals: []}")
    proposal(shop, "bob")


@scenario(20)
def relies_on_an_approval_rule_that_gives_no_answer(shop: Workshop) -> None:
    with on_main(shop):
        add_rule(shop, "{name: errs, match: {kinds: [Change], where: 1 / 0 == 1}, approvals: []}")
    proposal(shop, "bob")


@scenario(20)
def relies_on_a_policy_that_gives_no_answer(shop: Workshop) -> None:
    with on_main(shop):
        shop.edit(POLICY, "object.spec.backout.steps.size() >= 2", "object.spec.backout.steps[7] == 'x'")
    proposal(shop, "bob")


@scenario(27)
def relies_on_a_policy_that_reads_a_file(shop: Workshop) -> None:
    zone = shop.path.parent / "zone"
    zone.write_bytes((resources.files("tzdata") / "zoneinfo" / "Asia" / "Tokyo").read_bytes())
    with on_main(shop):
        shop.edit(POLICY, "object.spec.backout.steps.size() >= 2", f"now.getHours('{zone}') == 21")
    proposal(shop, "bob")


@scenario(20)
def brings_a_schema_that_nobody_can_use(shop: Workshop) -> None:
    shop.write("schemas/service.schema.json", '{"x-kind": 7}')
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(2)
def brings_an_approval_rule_for_a_kind_that_nobody_has(shop: Workshop) -> None:
    add_rule(shop, "{name: ghost, match: {kinds: [Chnage]}, approvals: []}")
    shop.commit()
    approve(shop, *EVERYBODY)


# Default deny.


@scenario(5)
def hides_a_file_that_no_rule_covers(shop: Workshop) -> None:
    shop.write("docs/plan.md", "A plan.\n")
    shop.write(".gitattributes", "*.yaml -diff\n")
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(3)
def moves_a_record_to_where_rules_ask_for_nothing(shop: Workshop) -> None:
    with on_main(shop):
        text = (shop.path / RULES).read_text()
        lenient = "match: {kinds: [Service], paths: ['services/sandbox/**']}, approvals: []"
        shop.write(
            RULES, text.replace("match: {kinds: [Service]}", "match: {kinds: [Service], paths: [services/*.yaml]}")
        )
        add_rule(shop, f"{{name: sandbox, {lenient}}}")
        shop.write("services/deep/inside.yaml", SERVICE % "inside")
    (shop.path / "services/deep/inside.yaml").unlink()
    shop.write("services/sandbox/inside.yaml", (SERVICE % "inside").replace("tier: 4", "tier: 1"))
    shop.commit()


@scenario(3)
def moves_a_record_under_cover_of_a_new_title(shop: Workshop) -> None:
    with on_main(shop):
        text = (shop.path / RULES).read_text()
        shop.write(RULES, text.replace("match: {kinds: [Service]}", "match: {kinds: [Service], fields: [/spec]}"))
        add_rule(shop, "{name: titles, match: {kinds: [Service], fields: [/metadata]}, approvals: []}")
    text = (shop.path / "services/newsletter.yaml").read_text()
    (shop.path / "services/newsletter.yaml").unlink()
    shop.write("services/later/newsletter.yaml", text.replace("title: Newsletter", "title: News"))
    shop.commit()


# Files that are not what they seem.


@scenario(4)
def adds_a_path_that_differs_only_in_case(shop: Workshop) -> None:
    with on_main(shop):
        shop.write("docs/plan.md", "A plan.\n")
    shop.write("docs/Plan.md", "Another.\n")
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(5)
def puts_a_link_in_place_of_a_model(shop: Workshop) -> None:
    (shop.path / "changes/models/other.yaml").symlink_to("restart.yaml")
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(6)
def says_a_key_twice(shop: Workshop) -> None:
    proposal(shop, *EVERYBODY, **{"  status: proposed": "  status: draft\n  status: proposed"})


@scenario(8)
def hides_text_by_its_direction(shop: Workshop) -> None:
    proposal(shop, *EVERYBODY, **{"Tune the newsletter": "Tune \u202ethe newsletter"})


@scenario(6)
def hides_a_second_document(shop: Workshop) -> None:
    path = shop.change()
    text = (shop.path / path).read_text()
    shop.write(path, text + "---\n" + text)
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(7)
def says_a_field_that_no_schema_knows(shop: Workshop) -> None:
    proposal(shop, *EVERYBODY, **{"  status: proposed": "  approvals: [bob]\n  status: proposed"})


@scenario(2)
def shadows_a_record_by_a_second_file(shop: Workshop) -> None:
    shop.write("services/a/newsletter.yaml", (shop.path / "services/newsletter.yaml").read_text())
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(8)
def names_somebody_who_only_looks_like_one(shop: Workshop) -> None:
    proposal(shop, *EVERYBODY, **{"implementers: [alice]": "implementers: [a1ice]"})


# What a change says of itself.


@scenario(9)
def calls_itself_standard_under_a_model_of_its_own(shop: Workshop) -> None:
    shop.write("changes/models/anything.yaml", (shop.path / MODEL).read_text().replace("restart,", "anything,"))
    shop.write(STANDARD_PATH, STANDARD.replace("model: restart", "model: anything"))
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(9)
def calls_itself_standard_and_does_more(shop: Workshop) -> None:
    shop.write(STANDARD_PATH, STANDARD.replace("services: [newsletter]", "services: [newsletter, web-shop]"))
    shop.commit()


@scenario(9)
def plans_what_has_begun(shop: Workshop) -> None:
    proposal(shop, *EVERYBODY, **{"2026-12-01T20": "2026-11-22T11", "2026-12-01T22": "2026-11-22T13"})


@scenario(10)
def edits_a_closed_change(shop: Workshop) -> None:
    with on_main(shop):
        shop.change(**{"status: proposed": "status: cancelled"})
    shop.edit(CHANGE, "Send in smaller batches.", "Nothing happened.")
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(10)
def deletes_a_draft(shop: Workshop) -> None:
    with on_main(shop):
        shop.change(**{"status: proposed": "status: draft"})
    (shop.path / CHANGE).unlink()
    shop.commit()
    approve(shop, *EVERYBODY)


@scenario(19)
def is_planned_in_a_freeze(shop: Workshop) -> None:
    proposal(shop, *EVERYBODY, **IN_FREEZE)


# People.


@scenario(11)
def is_written_by_a_stranger(shop: Workshop) -> None:
    shop.change()
    shop.commit(who="mallory@evil.example")
    approve(shop, "bob")


@scenario(11)
def is_approved_by_who_committed_it(shop: Workshop) -> None:
    shop.change()
    shop.commit(committer="bob")
    approve(shop, "bob")


@scenario(12)
def is_approved_by_its_author(shop: Workshop) -> None:
    proposal(shop, "alice")


@scenario(12)
def is_approved_by_a_bot(shop: Workshop) -> None:
    proposal(shop, "robot")


@scenario(12)
def is_approved_by_somebody_who_left(shop: Workshop) -> None:
    with on_main(shop):
        shop.edit("people/bob.yaml", "spec:\n", "spec:\n  active: false\n")
    proposal(shop, "bob")


@scenario(12)
def is_approved_by_somebody_who_is_away(shop: Workshop) -> None:
    proposal(shop, "bob", "carol", "gina", **{"  status: proposed": "  risk: {level: very-high}\n  status: proposed"})


@scenario(12)
def is_approved_by_the_stand_in_of_its_author(shop: Workshop) -> None:
    with on_main(shop):
        away = "spec:\n  away: [{start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z', delegate: frank}]\n"
        shop.edit("people/alice.yaml", "spec:\n", away)
    proposal(shop, "frank")


@scenario(12)
def takes_two_seats_with_one_person(shop: Workshop) -> None:
    with on_main(shop):
        both = "[{from: {role: governance}}, {from: {role: change-advisory-board}}]"
        add_rule(shop, f"{{name: both, match: {{kinds: [Change]}}, approvals: {both}}}")
    proposal(shop, "bob", "dave")


@scenario(12)
def is_approved_by_somebody_with_the_login_of_another(shop: Workshop) -> None:
    with on_main(shop):
        shop.edit("people/carol.yaml", "login: carol-gh", "login: bob-gh")
    proposal(shop, "bob-gh")


# Reviews.


@scenario(13)
def ignores_a_request_for_changes(shop: Workshop) -> None:
    proposal(shop, "bob")
    shop.review("carol", "changes-requested")


@scenario(13)
def dismisses_the_request_for_changes_itself(shop: Workshop) -> None:
    proposal(shop, "bob")
    shop.review("carol", "changes-requested")
    shop.review("carol", "dismissed")
    shop.reviews[-1]["dismissedBy"] = "alice"


@scenario(13)
def changes_after_the_approval(shop: Workshop) -> None:
    proposal(shop, "bob")
    shop.edit(CHANGE, "Set the batch size to 500", "Set the batch size to 5")
    shop.commit()


@scenario(13)
def is_approved_tomorrow(shop: Workshop) -> None:
    proposal(shop, "bob")
    shop.reviews[-1]["at"] = "2026-11-23T10:00:00Z"


# Lanes.


@scenario(24)
def is_an_emergency_of_nothing(shop: Workshop) -> None:
    proposal(shop, *EVERYBODY, **{**URGENT, "type: normal": "type: emergency"})


@scenario(24)
def is_an_emergency_without_the_board(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(INCIDENT_PATH, INCIDENT)
        shop.edit(RULES, "[{from: {role: change-advisory-board}, count: 1}]", "[{from: {anyone: true}, count: 1}]")
    proposal(shop, "bob", **URGENT)


@scenario(24)
def goes_on_before_the_last_emergency_is_reviewed(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(INCIDENT_PATH, INCIDENT)
        shop.write(PAST_PATH, PAST)
    proposal(shop, "bob")


@scenario(25)
def follows_a_model_that_fails(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(MODEL, (shop.path / MODEL).read_text() + "  suspension: {failures: 1, within: P30D}\n")
        shop.write(FAILED_PATH, FAILED)
    shop.write(STANDARD_PATH, STANDARD)
    shop.commit()


@scenario(25)
def follows_a_model_whose_failure_was_long_ago(shop: Workshop) -> None:
    """So it says of itself; its window was planned for this month."""
    with on_main(shop):
        shop.write(MODEL, (shop.path / MODEL).read_text() + "  suspension: {failures: 1, within: P30D}\n")
        shop.write(FAILED_PATH, FAILED.replace(ACTUAL, ACTUAL.replace("2026", "2025")))
    shop.write(STANDARD_PATH, STANDARD)
    shop.commit()


@scenario(25)
def follows_a_model_that_causes_incidents(shop: Workshop) -> None:
    """All went well, so its change says; an incident names it as the cause."""
    with on_main(shop):
        shop.write(MODEL, (shop.path / MODEL).read_text() + "  suspension: {failures: 1, within: P30D}\n")
        done = FAILED.replace("status: failed", "status: implemented").replace("result: failed", "result: successful")
        shop.write(FAILED_PATH, done)
        shop.write(INCIDENT_PATH, INCIDENT + "  causedBy: chg-20261115-restart\n")
    shop.write(STANDARD_PATH, STANDARD)
    shop.commit()


@scenario(25)
def calls_a_failure_a_success(shop: Workshop) -> None:
    """So that the next pull request finds the model in force again."""
    with on_main(shop):
        shop.write(FAILED_PATH, FAILED)
    review = 'review: {date: "2026-11-16", by: alice, findings: It held.}'
    shop.edit(FAILED_PATH, "status: failed\n  result: failed", f"status: reviewed\n  result: successful\n  {review}")
    shop.commit()


@scenario(30)
def is_an_emergency_of_an_incident_that_is_over(shop: Workshop) -> None:
    with on_main(shop):
        over = 'status: resolved\n  restoredAt: "2026-11-20T09:00:00Z"\n  resolvedAt: "2026-11-20T10:00:00Z"'
        shop.write(INCIDENT_PATH, INCIDENT.replace("status: new", over).replace("2026-11-22T08", "2026-11-20T08"))
    proposal(shop, *EVERYBODY, **URGENT)


@scenario(30)
def is_an_emergency_of_the_incident_of_another_service(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(INCIDENT_PATH, INCIDENT.replace("[newsletter]", "[orders]"))
    proposal(shop, *EVERYBODY, **URGENT)


@scenario(30)
def is_an_emergency_of_next_month_in_a_freeze(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(INCIDENT_PATH, INCIDENT)
    later = {old: new.replace("2026-11-22", "2026-12-20") for old, new in URGENT.items()}
    later["type: normal"] = URGENT["type: normal"]
    proposal(shop, *EVERYBODY, **later)


@scenario(30)
def has_begun_and_would_go_on_as_if_it_had_been_agreed(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(INCIDENT_PATH, INCIDENT)
    begun = 'status: implementing\n  actual: {start: "2026-11-22T09:00:00Z"}'
    proposal(shop, *EVERYBODY, **{**URGENT, "status: proposed": begun})


def may_be_deployed(shop: Workshop) -> bool:
    """By what is on main, at the instant of judgement."""
    rule_set = load_rule_set(Repository(shop.path).snapshot(Repository(shop.path).commit("main")))
    return authorise(Question("chg-20261122-tune", None, NOW), rule_set).authorised


@scenario(30, may_be_deployed)
def acts_on_what_was_only_recorded(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(INCIDENT_PATH, INCIDENT)
        begun = 'status: implementing\n  recordedAfterwards: true\n  actual: {start: "2026-11-22T09:00:00Z"}'
        shop.change(**{**URGENT, "status: proposed": begun})


@scenario(30, may_be_deployed)
def acts_on_when_its_incident_is_long_over(shop: Workshop) -> None:
    with on_main(shop):
        over = 'status: resolved\n  restoredAt: "2026-11-20T09:00:00Z"\n  resolvedAt: "2026-11-20T10:00:00Z"'
        shop.write(INCIDENT_PATH, INCIDENT.replace("status: new", over))
        shop.change(**URGENT)


def nothing_is_overdue(shop: Workshop) -> bool:
    return not any(finding.rule == "emergency-review" for finding in validate(WorkTree(shop.path), NOW).findings)


@scenario(30, nothing_is_overdue)
def lets_the_review_of_an_emergency_lapse(shop: Workshop) -> None:
    """Nobody ever declares it over."""
    shop.write(INCIDENT_PATH, INCIDENT)
    actual = '  actual: {start: "2026-11-12T12:00:00Z", end: "2026-11-12T13:00:00Z"}\n'
    undeclared = PAST.replace(actual, "").replace("status: implemented\n  result: successful", "status: implementing")
    shop.write(PAST_PATH, undeclared)


# What lifts a stop, and who is said to have agreed.


@scenario(24)
def goes_on_without_error_budget(shop: Workshop) -> None:
    with on_main(shop):
        used_up(shop)
    proposal(shop, *EVERYBODY)


def mending(shop: Workshop, *reviewers: str, **problem: str) -> None:
    """A standard change without error budget, and the problem that it is said to mend."""
    text = PROBLEM
    for old, new in problem.items():
        text = text.replace(old, new)
    with on_main(shop):
        used_up(shop)
        shop.write(PROBLEM_PATH, text)
    shop.write(STANDARD_PATH, STANDARD.replace("model: restart", "model: restart\n  problem: throttling"))
    shop.commit()
    approve(shop, *reviewers)


@scenario(24)
def mends_a_problem_that_is_closed(shop: Workshop) -> None:
    mending(shop, *EVERYBODY, investigating="closed")


@scenario(24)
def mends_a_problem_of_another_service(shop: Workshop) -> None:
    mending(shop, *EVERYBODY, newsletter="orders")


@scenario(24)
def mends_a_problem_by_its_own_word_alone(shop: Workshop) -> None:
    mending(shop)


@scenario(24)
def is_exempt_by_a_model_that_it_does_not_follow(shop: Workshop) -> None:
    with on_main(shop):
        used_up(shop)
        shop.edit(MODEL, "  maxRisk: high\n", "  maxRisk: high\n  exemptFromErrorBudget: true\n")
    proposal(shop, *EVERYBODY, **{"type: normal": "type: normal\n  model: restart"})


LINKED: Final = STANDARD.replace("model: restart", "model: restart\n  problem: throttling")


@scenario(24)
def has_the_problem_that_it_mends_list_its_service_later(shop: Workshop) -> None:
    """Somebody agreed to the link while it lifted nothing; no rule of the base asks for more."""
    with on_main(shop):
        add_rule(shop, "{name: problems, match: {kinds: [Problem]}, approvals: []}")
        shop.write(PROBLEM_PATH, PROBLEM.replace("[newsletter]", "[orders]"))
        shop.write(STANDARD_PATH, LINKED)
    shop.edit(PROBLEM_PATH, "services: [orders]", "services: [orders, newsletter]")
    shop.commit()


@scenario(24)
def calls_off_the_emergency_whose_review_is_due(shop: Workshop) -> None:
    """What took place, as far as anybody knows, is said not to have; that ends its review as well."""
    with on_main(shop):
        shop.edit(RULES, "[{from: {role: change-advisory-board}, count: 1}]", "[]")
        shop.write(INCIDENT_PATH, INCIDENT)
        undeclared = PAST[: PAST.index("  status: implemented")] + "  status: scheduled\n"
        shop.write(PAST_PATH, "".join(line for line in undeclared.splitlines(True) if "actual:" not in line))
    shop.edit(PAST_PATH, "status: scheduled", "status: cancelled")
    shop.write(STANDARD_PATH, STANDARD)
    shop.commit()


def nobody_agrees_to_incidents(shop: Workshop) -> None:
    shop.edit(RULES, "match: {kinds: [Incident]}\n      approvals: [{from: {anyone: true}, count: 1}]",
              "match: {kinds: [Incident]}\n      approvals: []")  # fmt: skip


def incidents_without_approvals(shop: Workshop) -> None:
    """The budget is used up, and whoever works on incidents does so alone."""
    with on_main(shop):
        nobody_agrees_to_incidents(shop)
        used_up(shop)


@scenario(24)
def takes_an_outage_back(shop: Workshop) -> None:
    """Once merged, it never was, and the budget is there again."""
    incidents_without_approvals(shop)
    shop.write(OUTAGE_PATH, OUTAGE[: OUTAGE.index("  outages:")])
    shop.commit()


@scenario(24)
def takes_an_outage_back_in_the_same_pull_request(shop: Workshop) -> None:
    incidents_without_approvals(shop)
    shop.write(OUTAGE_PATH, OUTAGE[: OUTAGE.index("  outages:")])
    proposal(shop, *EVERYBODY)


def models_without_approvals(shop: Workshop) -> None:
    shop.edit(RULES, '"changes/models/**", ', "")
    add_rule(shop, "{name: models, match: {kinds: [ChangeModel]}, approvals: []}")


@scenario(24)
def puts_a_suspended_model_into_force(shop: Workshop) -> None:
    with on_main(shop):
        models_without_approvals(shop)
        shop.write(MODEL, (shop.path / MODEL).read_text() + "  suspended: true\n  suspendedReason: It failed.\n")
    shop.edit(MODEL, "  suspended: true\n  suspendedReason: It failed.\n", "")
    shop.commit()


@scenario(24)
def clears_the_change_that_an_incident_blames(shop: Workshop) -> None:
    """A failure of a model, taken back in an incident for which no rule of the base asks anybody."""
    with on_main(shop):
        nobody_agrees_to_incidents(shop)
        shop.write(FAILED_PATH, FAILED)
        shop.write(INCIDENT_PATH, INCIDENT + "  causedBy: chg-20261115-restart\n")
    shop.write(INCIDENT_PATH, INCIDENT)
    shop.commit()


@scenario(26)
def widens_a_model_under_the_name_of_who_authorised_it(shop: Workshop) -> None:
    with on_main(shop):
        models_without_approvals(shop)
    shop.edit(MODEL, "services: [newsletter, orders]", "services: [newsletter, orders, web-shop]")
    shop.commit()


@scenario(26)
def names_an_approver_who_was_never_asked(shop: Workshop) -> None:
    shop.write(WAIVER_PATH, WAIVER)
    shop.commit()
    approve(shop, "dave", "erin")


@scenario(26)
def names_an_approver_whose_stand_in_agrees(shop: Workshop) -> None:
    shop.write(WAIVER_PATH, WAIVER.replace("approver: carol", "approver: gina"))
    shop.commit()
    approve(shop, "dave", "erin", "frank")


# Signed approvals.


def office(shop: Workshop) -> Office:
    """Bob has a key on main, and alice a change that he is to approve."""
    keys = {name: make_key(shop.path.parent / "keys", name) for name in ("bob", "mallory")}
    with on_main(shop):
        add_key(shop, "bob", keys["bob"])
    shop.change()
    shop.commit()
    return Office(shop, keys)


def hand_in(shop: Workshop, *signed: SignedApproval) -> None:
    shop.more["statements"] = [{"statement": item.text, "signature": item.signature} for item in signed]


@scenario(26)
def is_signed_with_another_key(shop: Workshop) -> None:
    desk = office(shop)
    hand_in(shop, desk.approve("bob", key=desk.keys["mallory"]))


@scenario(26)
def is_signed_and_then_altered(shop: Workshop) -> None:
    refused = office(shop).approve("bob", "changes-requested")
    wanted = Office(shop, {}).statement("bob")
    hand_in(shop, SignedApproval(canonical(wanted).decode(), refused.signature))


@scenario(26)
def is_signed_for_something_else(shop: Workshop) -> None:
    hand_in(shop, office(shop).approve("bob", namespace="file"))


@scenario(26)
def borrows_the_signature_of_another_pull_request(shop: Workshop) -> None:
    signed = office(shop).approve("bob")
    shop.git("checkout", "-q", "-B", "topic", "main")
    shop.change()
    shop.commit("The same, by somebody else, in another pull request", who="alice")
    hand_in(shop, signed)


@scenario(26)
def revives_what_was_withdrawn(shop: Workshop) -> None:
    """Bob's second computer is an hour slow."""
    desk = office(shop)
    hand_in(shop, desk.approve("bob", minute=-30), desk.approve("bob", "withdrawn", minute=-60))


# Forges.


@scenario(24)
def is_approved_by_who_took_over_a_login(shop: Workshop) -> None:
    with on_main(shop):
        shop.edit("people/bob.yaml", "login: bob-gh", "login: bob-gh, id: 2")
    proposal(shop, "bob-gh")
    shop.author = "alice-gh"
    accounts = [{"login": "alice-gh", "id": 1}, {"login": "bob-gh", "id": 77}]
    shop.more |= {"forge": "github", "accounts": accounts}


@scenario(30)
def is_a_draft(shop: Workshop) -> None:
    proposal(shop, "bob")
    shop.more["draft"] = True


@scenario(30)
def collides_with_an_open_pull_request(shop: Workshop) -> None:
    with on_main(shop):
        shop.edit(POLICY, "object.spec.backout.steps.size() >= 2", "request.conflicts.size() == 0")
    shop.git("checkout", "-q", "-b", "other")
    shop.change("chg-20261122-other", **{"implementers: [alice]": "implementers: [bob]"})
    other = shop.commit()
    shop.git("checkout", "-q", "topic")
    proposal(shop, "bob")
    shop.more["openPullRequests"] = [{"number": 9, "head": other}]


# Risk and packs.


@scenario(9)
def calls_its_risk_low(shop: Workshop) -> None:
    with on_main(shop):
        matrix = "  risk: {matrix: {low: [%s], medium: [%s], high: [%s], very-high: [%s]}}\n"
        high = ("high, high, high, high",) * 4
        shop.write("itsm.yaml", (shop.path / "itsm.yaml").read_text() + matrix % high)
    low = "  risk: {level: low, impact: low, likelihood: low}\n  status: proposed"
    proposal(shop, "bob", **{"  status: proposed": low})


@scenario(1)
def leaves_out_the_policy_that_refuses_it(shop: Workshop) -> None:
    with on_main(shop):
        text = (shop.path / POLICY).read_text().replace("name: backout-is-planned", "name: another")
        shop.write(
            "policies/another.yaml", text.replace("size() >= 2", "size() >= 1").replace("{steps: [one]}", "{steps: []}")
        )
    policies = "  policies:\n    exclude:\n      - {policy: backout-is-planned, reason: It is in our way.}\n"
    shop.write("itsm.yaml", (shop.path / "itsm.yaml").read_text() + policies)
    proposal(shop, *EVERYBODY, **BAD_BACKOUT)


# The cache.


def judged_with_a_cache(shop: Workshop) -> bool:
    pull_request = parse_pull_request(shop.pull_request(), "reviews")
    stored = StoredRecords(Cache(shop.path.parent / "cache"))
    return evaluate(Repository(shop.path), "main", "topic", pull_request, NOW, stored).verdict == "approved"


def approved_with_another_cache(shop: Workshop) -> bool:
    """Judged twice: in between, somebody makes the policy in the cache lenient."""
    judged_with_a_cache(shop)
    policy = bytes.fromhex(shop.git("rev-parse", f"main:{POLICY}"))
    with sqlite3.connect(shop.path.parent / "cache" / "records-1.sqlite") as connection:
        rows = connection.execute("SELECT key, value FROM entry").fetchall()
        ((key, value),) = [row for row in rows if row[0].endswith(policy)]
        lenient = value.replace(b"steps.size() >= 2", b"steps.size() >= 0")
        connection.execute("UPDATE entry SET value = ? WHERE key = ?", (lenient, key))
    return judged_with_a_cache(shop)


@scenario(29, approved_with_another_cache)
def puts_a_lenient_policy_into_the_cache(shop: Workshop) -> None:
    proposal(shop, "bob", **BAD_BACKOUT)


# Waivers.


@scenario(18)
def has_a_waiver_that_its_requester_approved(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(WAIVER_PATH, WAIVER.replace("approver: carol", "approver: alice"))
    proposal(shop, "bob", **BAD_BACKOUT)


@scenario(18)
def has_a_waiver_that_is_over(shop: Workshop) -> None:
    with on_main(shop):
        shop.write(WAIVER_PATH, WAIVER.replace("2026-12-01T00:00:00Z", "2026-11-22T12:00:00Z"))
    proposal(shop, "bob", **BAD_BACKOUT)


# git.


@scenario(14)
def is_fine_until_it_is_merged(shop: Workshop) -> None:
    """Main gets a standard change, which nobody has to approve, while topic brings another file of it."""
    shop.write(STANDARD_PATH, STANDARD)
    shop.commit()
    shop.git("checkout", "-q", "main")
    shop.write(STANDARD_PATH.replace("11/22", "11/21"), STANDARD)
    shop.commit(who="erin")
    shop.git("checkout", "-q", "topic")


@scenario(22)
def replaces_the_policy_by_another_object(shop: Workshop) -> None:
    proposal(shop, "bob", **BAD_BACKOUT)
    shop.write("lenient", (shop.path / POLICY).read_text().replace("steps.size() >= 2", "steps.size() >= 0"))
    lenient = shop.git("hash-object", "-w", "lenient")
    shop.git("replace", shop.git("rev-parse", f"main:{POLICY}"), lenient)


@scenario(22)
def grafts_a_contributor_away(shop: Workshop) -> None:
    shop.change()
    shop.commit(who="bob")
    shop.edit(CHANGE, "Send in smaller batches.", "Send.")
    shop.commit()
    main, tip = shop.git("rev-parse", "main"), shop.git("rev-parse", "topic")
    info = shop.path / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "grafts").write_text(f"{tip} {main}\n")
    approve(shop, "bob")


# What the reviewers did not see.


def _move_the_freeze(shop: Workshop, old: str, new: str) -> str:
    shop.edit(FREEZE, f"2026-12-{old}T", f"2026-12-{new}T")
    return shop.commit("Move the freeze", who="alice" if shop.git("branch", "--show-current") == "topic" else "erin")


def _a_title(shop: Workshop, *reviewers: str) -> None:
    shop.edit("people/frank.yaml", "title: Frank Fen", "title: Frank F. Fen")
    shop.commit()
    approve(shop, *reviewers)


@scenario(23)
def undoes_what_the_base_decided(shop: Workshop) -> None:
    _a_title(shop, "dave", "erin")
    shop.git("checkout", "-q", "main")
    _move_the_freeze(shop, "15", "10")
    shop.git("checkout", "-q", "topic")
    shop.git("merge", "-q", "--no-commit", "main")
    shop.edit(FREEZE, "2026-12-10T", "2026-12-15T")
    shop.commit("Merge the base")


@scenario(23)
def undoes_its_own_commit_that_was_merged_meanwhile(shop: Workshop) -> None:
    """At the review it was a commit and its revert, of which nothing could be seen."""
    moved = _move_the_freeze(shop, "15", "10")
    _move_the_freeze(shop, "10", "15")
    _a_title(shop, "dave", "erin")
    for review in shop.reviews:
        review["at"] = f"2026-11-22T08:{shop.clock // 60:02d}:{shop.clock % 60:02d}Z"
    shop.git("checkout", "-q", "main")
    shop.git("merge", "-q", "--no-ff", "-m", "Merge the first half", moved, who="erin")


@scenario(23)
def undoes_what_only_one_of_two_merge_bases_has(shop: Workshop) -> None:
    shop.git("checkout", "-q", "main")
    shop.write("docs/main.md", "Main.\n")
    before = shop.commit(who="erin")
    shop.git("checkout", "-q", "topic")
    moved = _move_the_freeze(shop, "15", "10")
    shop.git("merge", "-q", "-m", "main into topic", before)
    shop.git("checkout", "-q", "main")
    shop.git("merge", "-q", "--no-ff", "-m", "half of topic into main", moved, who="erin")
    shop.git("checkout", "-q", "topic")
    _move_the_freeze(shop, "10", "15")
    _a_title(shop, "dave", "erin")


@scenario(23)
def leaves_out_what_was_reviewed_with_it(shop: Workshop) -> None:
    shop.write("docs/how.md", "How.\n")
    shop.write("docs/warning.md", "But not so.\n")
    shop.commit()
    approve(shop, "bob")
    (shop.path / "docs/warning.md").unlink()
    shop.commit()


def _from_a_hook(shop: Workshop) -> bool:
    with patch.dict(os.environ, {"GIT_DIR": str(shop.path.parent / "other" / ".git")}):
        return approved(shop)


@scenario(29, _from_a_hook)
def is_judged_by_the_hook_of_another_repository(shop: Workshop) -> None:
    shop.git("clone", "-q", str(shop.path), str(shop.path.parent / "other"))
    other = Workshop(shop.path.parent / "other", shop.clock)
    other.git("checkout", "-q", "-b", "main", "origin/main", check=False)
    other.git("checkout", "-q", "-B", "topic", "origin/main")
    proposal(other, "bob")
    shop.reviews += other.reviews
    proposal(shop, **BAD_BACKOUT)


# Reports.


def report_contains(name: str, payload: str) -> Success:
    """The report in a format holds a text as it is."""

    def check(shop: Workshop) -> bool:
        decision = shop.judge()
        return payload in FORMATS[name](decision)

    return check


@scenario(28)
def takes_the_account_of_a_colleague_as_well(shop: Workshop) -> None:
    shop.write(
        "people/mallory.yaml",
        "apiVersion: itsm/v1\nkind: Person\nmetadata: {name: mallory, title: Mallory}\n"
        "spec: {accounts: [{forge: github, login: BOB-gh}]}\n",
    )
    shop.commit()
    approve(shop, *EVERYBODY)


def _speaks(shop: Workshop, title: str) -> None:
    """A policy quotes the title of a change, which is hostile."""
    with on_main(shop):
        shop.edit(POLICY, "'the back-out of ' + object.metadata.name", "object.metadata.title + ': the back-out'")
    replace = {"title: Tune the newsletter": f"title: {json.dumps(title)}", **BAD_BACKOUT}
    proposal(shop, "bob", **replace)


@scenario(21, report_contains("markdown", "<img src=x>"))
def puts_html_into_the_summary(shop: Workshop) -> None:
    _speaks(shop, "<img src=x>")


@scenario(21, report_contains("github", "\n::add-mask::x"))
def gives_a_command_to_the_workflow(shop: Workshop) -> None:
    shop.write("docs/a\n::add-mask::x", "Hello.\n")
    shop.commit()


@scenario(21, report_contains("text", "\x1b]0;owned"))
def writes_to_the_terminal(shop: Workshop) -> None:
    shop.write("docs/\x1b]0;owned.md", "Hello.\n")
    shop.commit()


def prepared(name: str, shop: Workshop) -> Scenario:
    """A scenario, prepared in a workshop."""
    found = SCENARIOS[name]
    found.prepare(shop)
    return found
