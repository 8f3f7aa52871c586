"""May this change be deployed now: what a pipeline asks the records right before it acts.

Everything is read from one revision, that of the default branch unless said otherwise. What speaks against it is told
as reasons; those that time lifts say when. Evidence is judged apart (:mod:`itsm_as_code.assurance`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.checks import Situation
from itsm_as_code.checks.standard_change_matches_model import misfits, pre_authorised
from itsm_as_code.clock import Interval, Intervals
from itsm_as_code.errors import ItsmError
from itsm_as_code.findings import RecordId, Severity, did_you_mean
from itsm_as_code.gate import lane
from itsm_as_code.gate.conflicts import World
from itsm_as_code.gate.decision import Reason
from itsm_as_code.git.repository import Repository
from itsm_as_code.measures.suspension import suspension
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels import budget_stops
from itsm_as_code.validation import RuleSet

JUDGED_BY: Final = ("Calendar", "Change", "ChangeModel", "Incident", "Service", "ServiceLevelAgreement")
"""Kinds whose records have a say here: while one of them cannot be read, nothing is authorised."""
AUTHORISED: Final = ("authorised", "scheduled", "implementing")
_BEFORE: Final = ("draft", "proposed")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a change, of one of its services or of all, at an instant."""

    change: str
    service: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes exactly when there is no reason. ``next`` is the first instant from then on at which time alone makes it a
    yes, ``until`` the instant at which time alone ends a yes; None where there is none in the change's window."""

    question: Question
    reasons: tuple[Reason, ...]
    next: datetime | None = None
    until: datetime | None = None
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def authorised(self) -> bool:
        return not self.reasons


def authorise(question: Question, rule_set: RuleSet, elsewhere: Iterable[str] = ()) -> Answer:
    """The answer by the records and rules of ``rule_set``; ``elsewhere`` are other branches that hold the change.

    ItsmError when a calendar that matters cannot be read: that is not a yes.
    """
    world = World.of(rule_set.catalogue, rule_set.configuration, question.at)
    facts = world.judged
    change = facts.record("Change", question.change)
    if change is None:
        return Answer(question, (_unknown(question, facts, list(elsewhere)),))
    spec = change["spec"]
    services = [question.service] if question.service else list(spec["services"])
    lasting = [
        *_service(question, spec),
        *_status(question.change, spec),
        *_emergency(question.change, spec, world),
        *_review_first(spec, lane.Situation(facts, facts, question.at, rule_set.configuration)),
    ]
    window = _window(spec)
    if window is None:
        lasting.append(Reason("no-window", f"{question.change} has no window"))
        return Answer(question, tuple(lasting), spec=spec)
    open_, passing = _time(question, change, services, window, world)
    span = next((span for span in open_ if question.at in span), None)
    if span is None and not passing:
        raise AssertionError("outside of its open times, and nothing says why")
    reasons = (*lasting, *passing)
    return Answer(
        question,
        reasons,
        next=None if lasting or not passing else next((span.start for span in open_ if span.start > question.at), None),
        until=span.end if span is not None and not reasons else None,
        spec=spec,
    )


def _unknown(question: Question, facts: Facts, elsewhere: list[str]) -> Reason:
    if elsewhere:
        where = ", ".join(elsewhere[:3]) + (f" and {len(elsewhere) - 3} more" if len(elsewhere) > 3 else "")
        return Reason("not-merged", f"{question.change} is not merged: it is only on {where}")
    names = (data["metadata"]["name"] for data in facts.records("Change"))
    hint = did_you_mean(question.change, names)
    return Reason("no-such-change", f"there is no change named '{question.change}'" + (f"; {hint}" if hint else ""))


def _service(question: Question, spec: dict[str, Any]) -> Iterator[Reason]:
    if question.service is not None and question.service not in spec["services"]:
        named = ", ".join(spec["services"])
        yield Reason("other-service", f"{question.change} changes {named}, not {question.service}")


def _status(name: str, spec: dict[str, Any]) -> Iterator[Reason]:
    status = spec["status"]
    if status in _BEFORE:
        yield Reason("not-authorised", f"{name} is {status}; nobody has authorised it yet")
    elif status not in AUTHORISED:
        yield Reason("over", f"{name} is {status}; it is not to be deployed any more")


def _emergency(name: str, spec: dict[str, Any], world: World) -> Iterator[Reason]:
    """An emergency change acts on an incident that is open or hardly over; what is only recorded authorises nothing."""
    if spec["type"] != "emergency":
        return
    if spec.get("recordedAfterwards") is True:
        message = f"{name} was recorded after it had begun, and authorises nothing"
        yield Reason("recorded-afterwards", f"{message}; what is left to do is another change")
    elif (why := lane.why_not_mending(spec, world.judged, world.now)) is not None:
        yield Reason("incident-over", f"{name} is an emergency change with {why}; plan a normal change")


def _review_first(spec: dict[str, Any], situation: lane.Situation) -> Iterator[Reason]:
    """As in the gate: while the review of an emergency change is overdue, its services get no other change."""
    if spec["type"] == "emergency":
        return
    for review in lane.overdue_reviews(situation):
        shared = sorted(set(review.services) & set(spec["services"]))
        if shared:
            due = clock.format_instant(review.due)
            message = (
                f"the review of the emergency change {review.change} to {', '.join(shared)} is overdue since {due}; "
                f"{review.way_out}"
            )
            yield Reason("review-overdue", message)


def _budgets(question: Question, change: Data, services: list[str], world: World) -> Iterator[tuple[Reason, Intervals]]:
    """The used-up error budgets that stop a change, each with the instants at which it does."""
    waived = world.waived("error-budget", RecordId("Change", question.change))
    for stop in budget_stops(change, world.judged, world.budget_policy, question.at, question.at, services):
        spans = Intervals([stop.span]) - waived
        if stop.severity is Severity.ERROR and spans:
            yield Reason("budget-exhausted", f"{stop.message}; {stop.remedy}"), spans


def _window(spec: dict[str, Any]) -> Interval | None:
    try:
        return Interval.parse(spec["schedule"])
    except (KeyError, ValueError):
        return None


def _time(
    question: Question, change: Data, services: list[str], window: Interval, world: World
) -> tuple[Intervals, list[Reason]]:
    """The times in the window at which nothing of the clock speaks against it, and what does at the instant asked."""
    at, name, spec, facts = question.at, question.change, change["spec"], world.judged
    unfrozen = world.waived("change-in-freeze", RecordId("Change", name))
    open_, reasons = Intervals([window]), []
    if at < window.start:
        reasons.append(Reason("too-early", f"the window of {name} begins at {clock.format_instant(window.start)}"))
    elif at >= window.end:
        reasons.append(Reason("too-late", f"the window of {name} ended at {clock.format_instant(window.end)}"))
    for service, title, spans in _freezes(spec, services, window, facts):
        spans = spans - unfrozen
        open_ = open_ - spans
        frozen = next((span for span in spans if at in span), None)
        if frozen is not None:
            until = clock.format_instant(frozen.end)
            reasons.append(Reason("frozen", f"{service} is frozen until {until} or longer: {title}"))
    for reason, stopped in _budgets(question, change, services, world):
        open_ = open_ - stopped
        reasons += [reason] if at in stopped else []
    if spec["type"] == "standard" and "model" in spec:  # only what is taken over, and closed, names none
        closed, why = _model(change, spec["model"], window, world)
        open_ = open_ - closed
        reasons += why
    return open_, reasons


def _freezes(
    spec: dict[str, Any], services: list[str], window: Interval, facts: Facts
) -> Iterator[tuple[str, str, Intervals]]:
    """Service, title and times of the freezes in a window that let no change of this type through."""
    for service in services:
        try:
            freezes = facts.freezes(service, window)
        except (ValueError, OverflowError) as error:
            raise ItsmError(
                f"a calendar of {service} cannot be read: {error}", code="calendar", remedy="run itsm validate"
            ) from None
        for calendar, spans in freezes:
            if spec["type"] not in calendar["spec"].get("exempt", ()):
                yield service, calendar["metadata"].get("title", calendar["metadata"]["name"]), spans


def _model(change: Data, name: str, window: Interval, world: World) -> tuple[Intervals, list[Reason]]:
    """The times at which the model of a standard change pre-authorises nothing, and why at the instant asked."""
    at, facts = world.now, world.judged
    model = facts.record("ChangeModel", name)
    always = Intervals([Interval(clock.BEGINNING, clock.FOREVER)])
    if model is None:
        return always, [Reason("no-model", f"its model {name} does not exist")]
    if model["spec"].get("suspended") is True:
        why = model["spec"].get("suspendedReason", "no reason given")
        return always, [Reason("model-suspended", f"its model {name} is suspended: {why}")]
    _, expires = pre_authorised(model)
    if at >= expires:
        message = f"the pre-authorisation of its model {name} expired at {clock.format_instant(expires)}"
        return always, [Reason("model-expired", message)]
    reasons = _exceeded(change, model, window, world)
    if reasons:
        return always, reasons
    closed = []
    found = suspension(name, facts, at)
    if found is not None:
        closed.append(Interval(min(at, found.until), found.until))
        until = clock.format_instant(found.until)
        message = f"its model {name} is suspended until {until}: {', '.join(found.failures)} failed"
        reasons.append(Reason("model-suspended", message))
    return Intervals(closed), reasons


def _exceeded(change: Data, model: Data, window: Interval, world: World) -> list[Reason]:
    """What a standard change does beyond its model as that stands now, to the end of its window.

    It was pre-authorised by the model as it was when the change was merged; what the model covers since then counts.
    """
    name = model["metadata"]["name"]
    granted, expires = pre_authorised(model)
    found = []
    if window.start < granted:
        since = clock.format_instant(granted)
        found.append(Reason("model-exceeded", f"its window begins before its model {name} pre-authorises, at {since}"))
    if window.end > expires:
        until = clock.format_instant(expires)
        message = f"its window outlives the pre-authorisation of its model {name}, which expires at {until}"
        found.append(Reason("model-exceeded", message))
    situation = Situation(world.now, world.configuration)
    for problem in misfits(change, model, world.judged, situation):
        found.append(Reason("model-exceeded", f"its model does not cover it: {problem.message}"))
    return found


def check_readable(catalogue: Catalogue, change: str) -> None:
    """ItsmError when the change, or what it is judged by, is there and cannot be read: that is no answer."""
    for finding in catalogue.findings:
        path, kind = finding.location.path, catalogue.registry.of_path(finding.location.path)
        if finding.blocks and (path.endswith(f"/{change}.yaml") or (kind is not None and kind.name in JUDGED_BY)):
            message = f"{finding.location} cannot be read: {finding.message}"
            raise ItsmError(message, code="record-invalid", remedy="run itsm validate, and mend the record")


def branches_with(repository: Repository, change: str) -> list[str]:
    """The branches that hold a change of that name; of a great many, the first fifty are looked at."""
    names = repository.text("for-each-ref", "--format=%(refname)", "refs/heads/", "refs/remotes/").split("\n")[:-1]
    found, place = [], repository.outward("changes")
    for name in names[:50]:
        paths = repository.text("ls-tree", "-r", "-z", "--name-only", "--full-tree", name, "--", place).split("\0")
        if any(path.endswith(f"/{change}.yaml") for path in paths):
            found.append(name.removeprefix("refs/heads/").removeprefix("refs/remotes/"))
    return found
