"""The lanes of a change: what an emergency needs, what it leaves behind, and when a model pre-authorises nothing.

Each guard is one function, and none of them can be waived or lifted by what the pull request brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from itsm_as_code.checks import error_budget, rule_of
from itsm_as_code.clock import format_instant, parse_instant
from itsm_as_code.configuration import Configuration
from itsm_as_code.durations import parse_duration
from itsm_as_code.findings import Finding, Problem, Rule, Severity
from itsm_as_code.gate.agreed import agreed_rules
from itsm_as_code.gate.scope import MatchedRule
from itsm_as_code.measures.links import LINKS, ended_at, is_open
from itsm_as_code.measures.retrospective import Review, open_reviews
from itsm_as_code.measures.suspension import suspension
from itsm_as_code.records.catalogue import Record, stamp
from itsm_as_code.records.diff import RecordDiff
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.outcomes import failed_at
from itsm_as_code.records.taken_over import is_taken_over
from itsm_as_code.service_levels import BudgetPolicy, budget_stops

EMERGENCY_INCIDENT = Rule(
    "emergency-incident",
    "An emergency change names the incident that it mends",
    Severity.ERROR,
    "The emergency lane is for what cannot wait. What is broken, or about to break, is an incident of one of the "
    "services that are changed; without one it is a normal change. To act, the incident is open, or ended less than a "
    "day ago; a change that was recorded afterwards may name one that is over.",
)
EMERGENCY_SOON = Rule(
    "emergency-soon",
    "An emergency change begins soon",
    Severity.ERROR,
    "What can wait is a normal change. The window of an emergency change begins within 24 hours of its proposal, or "
    "within what `emergency.beginsWithin` in itsm.yaml says.",
)
EMERGENCY_AFTERWARDS = Rule(
    "emergency-afterwards",
    "An emergency change that began before its proposal says so",
    Severity.ERROR,
    "What was done before anybody could agree is recorded all the same, whatever its age, and the emergency board "
    "approves the record. With `recordedAfterwards` it authorises nothing and counts as an exception, which the gate "
    "tells as a warning.",
)
REVIEW_FIRST = Rule(
    "review-first",
    "Before the next change of a service, its last emergency change is reviewed",
    Severity.ERROR,
    "The review of an emergency change is due at the end of the fifth working day after it, by the hours of the "
    "service, or Monday to Friday. While it is overdue, no other change of the service is proposed, authorised or "
    "scheduled, other than an emergency change. The review may come in the same pull request.",
)
MODEL_SUSPENDED = Rule(
    "model-suspended",
    "A model that its own rule suspends pre-authorises nothing",
    Severity.ERROR,
    "A model says after how many failures within which span it is out of force. It is in force again when it is "
    "pre-authorised anew, on a later day than its failures, or when they lie further back than that span.",
)
FAILURE_STANDS = Rule(
    "failure-stands",
    "A standard change that failed stays a failure of its model",
    Severity.ERROR,
    "Standard changes need nobody's approval, and their failures suspend their model. So what failed cannot be said to "
    "have been successful later on, nor to have been of another model, nor to have failed earlier.",
)
RULES = (
    EMERGENCY_INCIDENT,
    EMERGENCY_SOON,
    EMERGENCY_AFTERWARDS,
    REVIEW_FIRST,
    MODEL_SUSPENDED,
    FAILURE_STANDS,
)

BOARDS: Final = ("emergency-change-advisory-board", "change-advisory-board")
"""The role that agrees to an emergency change; the second one where nobody has the first."""
_PLANNED: Final = ("proposed", "authorised", "scheduled")
_NOT_YET: Final = ("draft", "cancelled", "rejected")
GRACE: Final = timedelta(days=1)
"""For how long after its end an incident still is one that an emergency change may act on."""
_PLAN: Final = ("type", "model", "services", "incident", "schedule", "outage", "implementation", "backout")


@dataclass(frozen=True, slots=True)
class Situation:
    """What the lanes are judged by: ``facts`` have the judging records of the base, ``base`` has all of the base."""

    facts: Facts
    base: Facts
    now: datetime
    configuration: Configuration

    @property
    def timezone(self) -> str:
        """The zone of the organisation."""
        return self.configuration.timezone


def lane_findings(diffs: Iterable[RecordDiff], situation: Situation) -> Iterator[Finding]:
    """What speaks against the changes that a pull request adds or modifies; what is taken over acts on nothing."""
    for diff in diffs:
        if diff.id.kind == "Change" and diff.new is not None and diff.new.valid and not is_taken_over(diff.new.data):
            yield from emergency_incident(diff, diff.new, situation)
            yield from emergency_soon(diff, diff.new, situation)
            yield from emergency_afterwards(diff, diff.new, situation)
            yield from review_first(diff, diff.new, situation)
            yield from model_suspended(diff, diff.new, situation)
            yield from failure_stands(diff, diff.new, situation)


def emergency_incident(diff: RecordDiff, change: Record, situation: Situation) -> Iterator[Finding]:
    """An emergency change names an incident of a service of it; one that is to act, an open one."""
    spec = change.spec
    if spec["type"] != "emergency" or spec["status"] in _NOT_YET:
        return
    planned = needs_board(diff)
    acts = _may_act(spec) and (planned or (_steps(diff, change) and not _began(spec, situation.now)))
    why = why_not_mending(spec, situation.facts, situation.now if acts else None)
    if why is not None and (acts or planned or "incident" not in spec):
        ways = ["name the open incident that it mends, and list the service there", "or plan a normal change"]
        if acts and diff.old is None:
            ways.append("what is done already is recorded with recordedAfterwards: true and actual")
        problem = Problem(f"an emergency change with {why}", ("spec", "incident"), "; ".join(ways))
        yield stamp(EMERGENCY_INCIDENT, change, problem)


def why_not_mending(spec: Mapping[str, Any], facts: Facts, at: datetime | None) -> str | None:
    """Why an emergency change mends no incident, which has to be open or hardly over at ``at`` where that is given."""
    if "incident" not in spec:
        return "no incident"
    name = spec["incident"]
    incident = facts.record("Incident", name)
    if incident is None:
        return f"the incident {name}, which does not exist"
    if not set(spec["services"]) & set(incident["spec"].get("services", ())):
        return f"the incident {name}, which is about none of its services"
    if at is not None and not is_open("Incident", incident, at, GRACE):
        return f"the incident {name}, which is {incident['spec']['status']}"
    return None


def _may_act(spec: Mapping[str, Any]) -> bool:
    """True while an emergency change authorises something."""
    return spec["status"] in (*_PLANNED, "implementing") and spec.get("recordedAfterwards") is not True


def _began(spec: Mapping[str, Any], now: datetime) -> bool:
    start = spec.get("actual", {}).get("start")
    return start is not None and parse_instant(start) <= now


def _steps(diff: RecordDiff, change: Record) -> bool:
    old = diff.old.spec if diff.old is not None and diff.old.valid else {}
    return bool(old.get("status") != change.spec["status"])


def emergency_soon(diff: RecordDiff, change: Record, situation: Situation) -> Iterator[Finding]:
    """An emergency change is proposed for soon, or moved to soon."""
    spec = change.spec
    if spec["type"] != "emergency" or not _may_act(spec) or "schedule" not in spec:
        return
    old = diff.old.spec if diff.old is not None and diff.old.valid else {}
    if old.get("status", "draft") != "draft" and old.get("schedule") == spec["schedule"]:
        return
    text = situation.configuration.raw.get("emergency", {}).get("beginsWithin", "PT24H")
    length = parse_duration(text)
    if parse_instant(spec["schedule"]["start"]) > length.after(situation.now):
        message = f"an emergency change begins within {length} of its proposal, this one at {spec['schedule']['start']}"
        remedy = "begin sooner, or plan a normal change"
        yield stamp(EMERGENCY_SOON, change, Problem(message, ("spec", "schedule", "start"), remedy))


def emergency_afterwards(diff: RecordDiff, change: Record, situation: Situation) -> Iterator[Finding]:
    """What began before it was proposed says so, and what says so did; both are told."""
    spec, at = change.spec, ("spec", "recordedAfterwards")
    old = diff.old.spec if diff.old is not None and diff.old.valid else {}
    if spec["status"] in _NOT_YET or old.get("status", "draft") != "draft":
        return
    said, start = spec.get("recordedAfterwards") is True, spec.get("actual", {}).get("start")
    began = start is not None and parse_instant(start) <= situation.now
    if said and spec["type"] != "emergency":
        problem = Problem(
            f"a {spec['type']} change that was recorded afterwards", at, "raise it as an emergency change"
        )
        yield stamp(EMERGENCY_AFTERWARDS, change, problem)
    elif spec["type"] == "emergency" and began and not said:
        message = f"the change began at {start}, before it was proposed"
        remedy = "write recordedAfterwards: true; it then authorises nothing more, and counts as an exception"
        yield stamp(EMERGENCY_AFTERWARDS, change, Problem(message, ("spec", "actual", "start"), remedy))
    elif said and not began:
        message = "the change was recorded afterwards, and does not say when it began"
        remedy = "record in actual when it began and ended; leave recordedAfterwards out of what is still to be done"
        yield stamp(EMERGENCY_AFTERWARDS, change, Problem(message, at, remedy))
    elif said:
        message = f"an exception: the change began at {start}, before it was proposed; it authorises nothing"
        exception = replace(EMERGENCY_AFTERWARDS, severity=Severity.WARNING)
        yield stamp(exception, change, Problem(message, at, "hold its review in time"))


def review_first(diff: RecordDiff, change: Record, situation: Situation) -> Iterator[Finding]:
    """While the review of an emergency change is overdue, its services get no other change."""
    turned = _turned_to(diff, change)
    for review in overdue_reviews(situation) if turned else ():
        shared = sorted(set(review.services) & turned)
        if shared and review.change != change.name:
            message = (
                f"the review of the emergency change {review.change} to {', '.join(shared)} "
                f"is overdue since {format_instant(review.due)}"
            )
            remedy = f"{review.way_out}, in this pull request or in one before it"
            yield stamp(REVIEW_FIRST, change, Problem(message, ("spec", "services"), remedy))


def _turned_to(diff: RecordDiff, change: Record) -> set[str]:
    """The services that a change is newly planned for: all when it takes a step or drops a link, else those it adds."""
    spec = change.spec
    if spec["type"] == "emergency" or spec["status"] not in _PLANNED:
        return set()
    old = diff.old.spec if diff.old is not None and diff.old.valid else {}
    same = all(old.get(key) == spec.get(key) for key in ("type", "status", "model", *LINKS))
    return set(spec["services"]) - (set(old["services"]) if same else set())


def budget_findings(diffs: Iterable[RecordDiff], situation: Situation) -> Iterator[Finding]:
    """Used-up error budgets that stop the step which a change takes; a waiver may lift them."""
    policy = BudgetPolicy.of(situation.configuration.raw)
    for diff in diffs:
        if diff.id.kind == "Change" and diff.new is not None and diff.new.valid:
            turned = _turned_to(diff, diff.new)
            for stop in budget_stops(diff.new.data, situation.facts, policy, situation.now, services=sorted(turned)):
                rule = replace(rule_of("error-budget"), severity=stop.severity)
                yield stamp(rule, diff.new, error_budget.problem_of(diff.new.data, stop))


def overdue_reviews(situation: Situation) -> list[Review]:
    """The reviews that are overdue on the base, but for those that the pull request records."""
    return [
        review
        for review in open_reviews(situation.base, situation.timezone)
        if review.due <= situation.now and not _reviewed(situation.facts.spec("Change", review.change))
    ]


def _reviewed(spec: Mapping[str, Any]) -> bool:
    """Reviewed; or called off, which the lifecycle lets happen only to what was not begun."""
    return (spec.get("status") in ("reviewed", "closed") and "review" in spec) or spec.get("status") == "cancelled"


def model_suspended(diff: RecordDiff, change: Record, situation: Situation) -> Iterator[Finding]:
    """A standard change whose model is suspended by its own rule is not let in, nor begun."""
    spec = change.spec
    before = diff.old.spec["status"] if diff.old is not None and diff.old.valid else None
    begins = spec["status"] == "implementing" and before != "implementing"
    if spec["type"] != "standard" or not (begins or spec["status"] in _PLANNED):
        return
    found = suspension(spec["model"], situation.base, situation.now, [situation.facts])
    if found is not None:
        message = (
            f"the model {found.model} is suspended since {format_instant(found.since)}: "
            f"{', '.join(found.failures)} failed within {found.within}"
        )
        remedy = f"raise a normal change, have the model authorised again, or wait until {format_instant(found.until)}"
        yield stamp(MODEL_SUSPENDED, change, Problem(message, ("spec", "model"), remedy))


def failure_stands(diff: RecordDiff, change: Record, situation: Situation) -> Iterator[Finding]:
    """What a failed standard change says of its failure is not taken back."""
    old = diff.old
    if old is None or not old.valid or old.spec["type"] != "standard":
        return
    before, after = failed_at(old.data, situation.now), failed_at(change.data, situation.now)
    if before is None:
        return
    if after is None:
        message, field = "the failure of the change is taken back", "status"
    elif change.spec.get("model") != old.spec["model"]:
        message, field = f"the change failed under the model {old.spec['model']}", "model"
    elif after < before:
        message, field = f"the failure of the change is dated back from {format_instant(before)}", "actual"
    else:
        return
    remedy = "put back what stood there; whoever owns the model can have it authorised anew"
    yield stamp(FAILURE_STANDS, change, Problem(message, ("spec", field), remedy))


def lane_instants(changes: Iterable[Record], situation: Situation) -> Iterator[datetime]:
    """When what the lanes say of some changes turns: a review becomes overdue, a model is suspended no longer."""
    reviews = list(open_reviews(situation.base, situation.timezone))
    policy = BudgetPolicy.of(situation.configuration.raw)
    for change in (change for change in changes if not is_taken_over(change.data)):
        for stop in budget_stops(change.data, situation.facts, policy, situation.now):
            yield from (stop.until,) if stop.until is not None else ()
        for review in reviews:
            if set(review.services) & set(change.spec["services"]):
                yield review.due
        incident = situation.facts.record("Incident", change.spec.get("incident", ""))
        if change.spec["type"] == "emergency" and _may_act(change.spec) and incident is not None:
            ended = ended_at(incident["spec"], situation.now)
            yield from (ended + GRACE,) if ended is not None else ()
        if change.spec["type"] == "standard":
            found = suspension(change.spec["model"], situation.base, situation.now, [situation.facts])
            if found is not None:
                yield found.until


def own_rules(
    diffs: Sequence[RecordDiff], rules: Iterable[MatchedRule], facts: Facts, author: str | None
) -> list[MatchedRule]:
    """The approvals that the gate itself asks for, whatever the approval rules of the base say."""
    return [*board_rules(diffs, rules, facts), *agreed_rules(diffs, author, facts)]


def board_rules(diffs: Iterable[RecordDiff], rules: Iterable[MatchedRule], facts: Facts) -> list[MatchedRule]:
    """A rule of the gate's own for each emergency change that no rule of the base lets the board decide.

    It asks for one member of the board other than the author, when the change enters the lane or its plan changes.
    """
    held = {role for team in facts.records("Team") for role in team["spec"].get("roles", ())}
    board = next((role for role in BOARDS if role in held), BOARDS[0])
    asked = {diff.id for rule in rules if any(_asks(item, board) for item in rule.approvals) for diff in rule.records}
    return [
        MatchedRule(
            policy="gate",
            name="emergency-lane",
            approvals=({"from": {"role": board}, "count": 1},),
            allow_bots=False,
            why=(f"{diff.id}: an emergency change",),
            records=(diff,),
            fields=((diff, diff.fields),),
            paths=(),
        )
        for diff in diffs
        if diff.id not in asked and needs_board(diff)
    ]


def _asks(approval: Mapping[str, Any], board: str) -> bool:
    return bool(approval["from"].get("role") == board and approval.get("count", 1) >= 1)


def needs_board(diff: RecordDiff) -> bool:
    """True when a change enters the emergency lane, or changes its plan there."""
    if diff.id.kind != "Change" or diff.new is None or not diff.new.valid or is_taken_over(diff.new.data):
        return False
    new = diff.new.spec
    if new["type"] != "emergency" or new["status"] in _NOT_YET:
        return False
    old = diff.old.spec if diff.old is not None and diff.old.valid else {}
    ended, ends = (spec.get("actual", {}).get("end") for spec in (old, new))
    if ended is not None and ended != ends:
        return True  # when it ended is when its review begins to be due
    return old.get("status", "draft") == "draft" or any(old.get(field) != new.get(field) for field in _PLAN)
