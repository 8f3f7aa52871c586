"""Conflicts of every kind, and the next free slot against a search minute by minute."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.clock import Interval, format_instant
from itsm_as_code.forges.local import parse_pull_request
from itsm_as_code.gate import Decision, evaluate
from itsm_as_code.gate.conflicts import World, conflicts_of, next_free_slot
from itsm_as_code.gate.open_changes import OpenChange, OpenChanges
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.facts import Facts
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import validate
from tests.conftest import NOW, Workshop, examples

Data = dict[str, Any]
DAY = datetime(2026, 12, 1, tzinfo=UTC)


def at(hour: float) -> str:
    return format_instant(DAY + timedelta(hours=hour))


def schedule(start: float, end: float) -> Data:
    return {"start": at(start), "end": at(end)}


def change(name: str = "mine", start: float = 10, end: float = 12, **spec: Any) -> Data:
    base = {"type": "normal", "services": ["shop"], "status": "proposed", "schedule": schedule(start, end)}
    return {"kind": "Change", "metadata": {"name": name, "title": name.title()}, "spec": {**base, **spec}}


def service(name: str, *needs: str, **spec: Any) -> Data:
    depends = [{"service": other, "strength": "hard"} for other in needs]
    return {"kind": "Service", "metadata": {"name": name}, "spec": {"tier": 2, "dependsOn": depends, **spec}}


def calendar(name: str, kind: str, *spans: tuple[float, float], **spec: Any) -> Data:
    entries = [schedule(*span) for span in spans]
    base = {"kind": kind, "timezone": "UTC", "appliesTo": {"all": True}, "entries": entries}
    return {"kind": "Calendar", "metadata": {"name": name}, "spec": {**base, **spec}}


def world(*records: Data, others: OpenChanges | None = None, now: datetime = NOW) -> World:
    services = [service("shop", "db"), service("db"), service("portal", "shop"), service("wiki")]
    facts = Facts.from_records([*services, *records])
    return World(facts, facts, now, others or OpenChanges())


def told(mine: Data, around: World) -> list[tuple[str, str, str | None, str | None]]:
    return [
        (item.kind, item.other, item.start and format_instant(item.start), item.end and format_instant(item.end))
        for item in conflicts_of(mine, around)
    ]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (calendar("stop", "freeze", (11, 30)), ("freeze", "Calendar/stop", at(11), at(12))),
        (calendar("open", "maintenance", (8, 11)), ("outside-maintenance", "Calendar/open", at(11), at(12))),
        (change("their", 9, 11), ("overlap", "Change/their", at(10), at(11))),
        (change("their", 9, 11, services=["db"]), ("dependency", "Change/their", at(10), at(11))),
        (change("their", 9, 11, services=["portal"]), ("dependency", "Change/their", at(10), at(11))),
        (
            change("their", 9, 11, services=["wiki"], implementers=["ann"]),
            ("implementer", "Change/their", at(10), at(11)),
        ),
        (
            {"kind": "Person", "metadata": {"name": "ann"}, "spec": {"away": [schedule(11, 50)]}},
            ("implementer", "Person/ann", at(11), at(12)),
        ),
    ],
)
def test_each_kind(record: Data, expected: tuple[str, str, str, str]) -> None:
    assert told(change(implementers=["ann", "bob"]), world(record)) == [expected]


@pytest.mark.parametrize(
    "record",
    [
        calendar("stop", "freeze", (12, 30)),
        calendar("stop", "freeze", (11, 30), exempt=["normal"]),
        calendar("open", "maintenance", (8, 12)),
        change("their", 12, 14),
        change("their", 9, 11, status="draft"),
        change("their", 9, 11, status="implemented"),
        change("their", 9, 11, services=["wiki"]),
        change("mine", 9, 11),
    ],
)
def test_what_is_none(record: Data) -> None:
    assert told(change(implementers=["ann"]), world(record)) == []


def test_an_emergency_keeps_to_no_window() -> None:
    assert told(change(type="emergency"), world(calendar("open", "maintenance", (1, 2)))) == []


def test_a_calendar_that_cannot_be_read_is_not_taken_as_free() -> None:
    broken = calendar("stop", "freeze", (11, 30), timezone="Nowhere/Land")
    assert told(change(), world(broken)) == [("could-not-judge", "Service/shop", at(10), at(12))]
    assert next_free_slot(change(), world(broken)) is None


def exhausted(window: Data | None = None) -> list[Data]:
    """40 hours lost in November, of 43.8 (8.76) minutes (hours) that 99.9 % of a month (year) allow."""
    objective = {"name": "up", "indicator": "availability", "target": "99.9", "unit": "percent"}
    objective |= {"comparison": "at-least", "window": window or {"calendar": "year"}}
    agreement = {"type": "sla", "service": "shop", "objectives": [objective]}
    outage = {"service": "shop", "start": "2026-11-10T00:00:00Z", "end": "2026-11-11T16:00:00Z", "kind": "full"}
    return [
        {"kind": "ServiceLevelAgreement", "metadata": {"name": "sla"}, "spec": agreement},
        {"kind": "Incident", "metadata": {"name": "down"}, "spec": {"status": "closed", "outages": [outage]}},
    ]


def test_an_exhausted_budget_lets_only_mending_through() -> None:
    around = world(*exhausted())
    assert told(change(), around) == [("error-budget", "Incident/down", at(10), at(12))]
    assert "2400 minutes lost of 525.6 allowed" in conflicts_of(change(), around)[0].message
    assert next_free_slot(change(), around) == Interval(
        datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, 2, tzinfo=UTC)
    )
    mended = [linked("Incident", "inc", "restored"), linked("Problem", "prb", "known-error")]
    around = world(*exhausted(), *mended)
    for mending in ({"type": "emergency"}, {"problem": "prb"}, {"incident": "inc"}, {"services": ["wiki"]}):
        assert told(change(**mending), around) == []


def linked(kind: str, name: str, status: str) -> Data:
    return {"kind": kind, "metadata": {"name": name}, "spec": {"status": status, "services": ["shop"]}}


def test_a_free_slot_lies_behind_the_window_of_the_outage() -> None:
    """In a month 43.2 minutes are allowed: from 1 December on they are all there again."""
    around = world(*exhausted({"calendar": "month"}))
    assert told(change(), around) == []
    assert told(change(start=-2, end=1), around) == [("error-budget", "Incident/down", at(-2), at(0))]
    assert next_free_slot(change(start=-2, end=1), around) == Interval(DAY, DAY + timedelta(hours=3))


def test_a_rolling_window_leaves_an_outage_behind_to_the_minute() -> None:
    """40.32 minutes of 28 days are allowed: used up as long as that many or more of the outage are in the window."""
    around = world(*exhausted({"rolling": "P28D"}))
    early = change(start=-2, end=1)
    (stop,) = told(early, around)
    assert stop[:2] == ("error-budget", "Incident/down")
    free = next_free_slot(early, around)
    assert free is not None
    assert free.start == datetime(2026, 12, 9, 15, 20, tzinfo=UTC), "28 days and 40 minutes before the outage ends"


def test_changes_of_other_pull_requests() -> None:
    others = OpenChanges((OpenChange(7, change("their", 9, 11)),), ((9, "unknown revision"),))
    around = world(others=others)
    assert told(change(), around) == [
        ("overlap", "pull-request/7", at(10), at(11)),
        ("could-not-judge", "pull-request/9", None, None),
    ]
    slot = next_free_slot(change(), around)
    assert slot == Interval(DAY + timedelta(hours=11), DAY + timedelta(hours=13))


def test_a_known_change_counts_as_it_is_and_as_it_would_be() -> None:
    base = change("their", 9, 11)
    moved, other = change("their", 11, 13), change("their", 9, 11, justification="Because.")
    assert told(change(), world(base, others=OpenChanges((OpenChange(7, other),)))) == [
        ("overlap", "Change/their", at(10), at(11))
    ]
    assert told(change(), world(base, others=OpenChanges((OpenChange(7, moved),)))) == [
        ("overlap", "Change/their", at(10), at(11)),
        ("overlap", "pull-request/7", at(11), at(12)),
    ]


def test_another_request_brings_the_same_change() -> None:
    assert told(change(), world(others=OpenChanges((OpenChange(7, change()),)))) == [
        ("overlap", "pull-request/7", None, None)
    ]


HOURS = st.integers(0, 40).map(lambda quarter: quarter / 4)
SPANS = st.lists(st.tuples(HOURS, st.integers(1, 12)).map(lambda item: (item[0], item[0] + item[1] / 4)), max_size=3)


@settings(max_examples=examples(24))
@given(freezes=SPANS, windows=SPANS, theirs=SPANS, away=SPANS, start=HOURS, quarters=st.integers(1, 8), now=HOURS)
def test_the_next_free_slot_is_the_first_of_all(
    freezes: list[tuple[float, float]],
    windows: list[tuple[float, float]],
    theirs: list[tuple[float, float]],
    away: list[tuple[float, float]],
    start: float,
    quarters: int,
    now: float,
) -> None:
    """Everything lies on quarters of an hour, so the first free start does too: try each in turn."""
    records = [
        calendar("stop", "freeze", *freezes),
        *([calendar("open", "maintenance", *windows)] if windows else []),
        *(change(f"their-{index}", *span) for index, span in enumerate(theirs)),
        {"kind": "Person", "metadata": {"name": "ann"}, "spec": {"away": [schedule(*span) for span in away]}},
    ]
    mine = change(start=start, end=start + quarters / 4, implementers=["ann"])
    around = world(*records, now=DAY + timedelta(hours=now))
    found = next_free_slot(mine, around)
    begin = max(start, now)
    expected = None
    for step in range(int((80 - begin) * 4)):
        moved = begin + step / 4
        if not conflicts_of(change(start=moved, end=moved + quarters / 4, implementers=["ann"]), around):
            expected = DAY + timedelta(hours=moved)
            break
    assert (found.start if found else None) == expected
    if found:
        assert found.end - found.start == timedelta(hours=quarters / 4)


# In the gate, with real branches.


def judged(shop: Workshop, *others: tuple[int, str]) -> Decision:
    open_now = [{"number": number, "head": head} for number, head in others]
    data = json.loads(json.dumps({**shop.pull_request(), "openPullRequests": open_now}))
    return evaluate(Repository(shop.path), "main", "topic", parse_pull_request(data, "reviews"), NOW)


def other_branch(shop: Workshop, branch: str, name: str, **replace: str) -> str:
    shop.git("checkout", "-q", "-B", branch, "main")
    shop.change(name, **replace)
    commit = shop.commit(who="bob")
    shop.git("checkout", "-q", "topic")
    return commit


def test_two_open_pull_requests_that_are_fine_alone(workshop: Workshop) -> None:
    other = other_branch(workshop, "other", "chg-20261122-theirs")
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    decision = judged(workshop, (7, other), (8, "topic"))
    assert decision.verdict == "approved"
    rows = [(row["kind"], row["with"]) for row in decision.evidence["conflicts"]]
    assert rows == [("implementer", "pull-request/7"), ("overlap", "pull-request/7")]
    (slot,) = decision.evidence["nextFreeSlot"]
    assert (slot["start"], slot["end"]) == ("2026-12-01T22:00:00Z", "2026-12-02T00:00:00Z")


def test_one_that_does_not_merge_is_read_as_it_is(workshop: Workshop) -> None:
    other = other_branch(workshop, "other", "chg-20261122-theirs")
    workshop.git("checkout", "-q", "main")
    workshop.change("chg-20261122-theirs", **{"Send in smaller batches": "Send in larger batches"})
    workshop.commit(who="erin")
    workshop.git("checkout", "-q", "-B", "topic", "main")
    workshop.change(**{"2026-12-01T20": "2026-12-08T20", "2026-12-01T22": "2026-12-08T22"})
    workshop.commit()
    assert judged(workshop, (7, other)).evidence["conflicts"] == []


@pytest.mark.parametrize("broken", ["0" * 40, "spec: [", "kind: Change\n"])
def test_what_cannot_be_read_is_said(workshop: Workshop, broken: str) -> None:
    head = broken
    if not broken.startswith("0"):
        workshop.git("checkout", "-q", "-B", "other", "main")
        workshop.write("changes/2026/11/22/chg-20261122-theirs.yaml", broken)
        workshop.commit(who="bob")
        workshop.git("checkout", "-q", "topic")
        head = "other"
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    decision = judged(workshop, (7, head))
    rows = [(row["kind"], row["with"]) for row in decision.evidence["conflicts"]]
    assert rows == [("could-not-judge", "pull-request/7")]
    assert decision.verdict == "approved"


def test_a_policy_may_make_them_block(workshop: Workshop) -> None:
    policy = """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: no-clash, title: No clash with another pull request}
spec:
  severity: error
  match: {kinds: [Change], where: request != null}
  require: "!request.conflicts.exists(c, c.change == object.metadata.name && c.with.startsWith('pull-request/'))"
  message: "'it collides with another pull request'"
  at: /spec/schedule
  remedy: Talk to them.
  examples:
    - {name: none, expect: pass, object: {kind: Change, metadata: {name: a}}, context: {request: {conflicts: []}}}
    - name: one
      expect: fail
      object: {kind: Change, metadata: {name: a}}
      context: {request: {conflicts: [{kind: overlap, change: a, with: pull-request/7}]}}
"""
    workshop.git("checkout", "-q", "main")
    workshop.write("policies/no-clash.yaml", policy)
    findings = validate(WorkTree(workshop.path), NOW).findings
    assert [finding.message for finding in findings if finding.location.path == "policies/no-clash.yaml"] == []
    workshop.commit(who="erin")
    other = other_branch(workshop, "other", "chg-20261122-theirs")
    workshop.git("checkout", "-q", "-B", "topic", "main")
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    assert [reason.code for reason in judged(workshop).reasons] == []
    assert [reason.code for reason in judged(workshop, (7, other)).reasons] == ["finding:no-clash"]
