"""The four answers on the page of a service, and the arithmetic behind the second."""

from __future__ import annotations

import html
import re

import pytest

from itsm_as_code import site
from itsm_as_code.site.views import answers, arithmetic, days
from itsm_as_code.site.views.context import Context
from tests.site.conftest import Validate
from tests.site.test_views import PEOPLE, incident, outage, record, service

SLA = {
    "type": "sla", "service": "a", "provider": "t", "customer": {"name": "All"}, "effective": {"from": "2026-01-01"},
    "objectives": [{
        "name": "availability", "indicator": "availability", "target": "99", "unit": "percent",
        "comparison": "at-least", "window": {"rolling": "P10D"}, "degraded": "0.5",
    }],
    "escalation": [{"after": "PT15M", "to": "night"}],
}  # fmt: skip
PROMISE = {"services/agreements/sla.yaml": record("ServiceLevelAgreement", "sla", SLA)}
ROTA = {"timezone": "UTC", "kind": "on-call", "reason": "R.", "entries": [
    {"rrule": "FREQ=WEEKLY;BYDAY=SU", "dtstart": "2026-01-04T00:00:00", "duration": "P1D", "people": ["bob"]},
]}  # fmt: skip
NIGHT = {
    "people/bob.yaml": record("Person", "bob", {"emails": ["bob@a.example"]}, "Bob"),
    "people/teams/night.yaml": record("Team", "night", {"members": ["bob"], "lead": "bob", "onCall": "rota"}, "Night"),
    "changes/calendars/rota.yaml": record("Calendar", "rota", ROTA),
}


def told(files: dict[str, str], validated: Validate) -> str:
    """The answers on the page, without tags."""
    page = dict(site.build(validated(files), "r"))["services/a.html"].decode()
    part = page.partition('<div class="answers">')[2].partition('<div class="tabbed">')[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part)).split())


def test_a_service_of_which_nothing_is_promised(validated: Validate) -> None:
    said = told(PEOPLE | service("a"), validated)
    assert "Is it working? Works" in said
    assert "Was the promise kept? No availability is promised" in said
    assert "What is coming? No change is planned" in said
    assert "No support channel" in said
    assert "Nobody is on call for it" in said


def test_the_promise_has_a_figure_its_fraction_and_the_last_quarter(validated: Validate) -> None:
    """Six hours at half the weight are 180 of 14,400 minutes in ten days, of which 144 may be lost."""
    down = incident(
        "i", "a", status="restored", outages=outage("degraded", "2026-11-20T06:00:00Z", "2026-11-20T12:00:00Z")
    )
    said = told(PEOPLE | service("a") | PROMISE | down, validated)
    assert "Was the promise kept? 98.75 % Broken of 99 % promised, over any 10 days" in said
    assert "180 of 144 min of downtime used. Arithmetic" in said
    assert "100 % in the third quarter of 2026: Kept" in said


@pytest.mark.parametrize(
    ("owner", "said"), [({"onCall": "rota"}, "On call: Bob until"), ({}, "On call for escalations: Bob until")]
)
def test_who_is_awake_is_the_teams_own_or_whom_the_agreement_escalates_to(
    owner: dict[str, str], said: str, validated: Validate
) -> None:
    team = {"people/teams/t.yaml": record("Team", "t", {"members": ["ann"], "lead": "ann", **owner}, "Team T")}
    assert said in told(PEOPLE | service("a") | PROMISE | NIGHT | team, validated)


def test_quarters_go_back_over_the_year() -> None:
    assert arithmetic.quarter_in_words("2026-Q4") == "fourth quarter of 2026"


def test_days_are_marked_by_what_was_worst(validated: Validate) -> None:
    records = incident("i", "a", outages=[
        *outage("degraded", "2026-11-20T22:00:00Z", "2026-11-21T01:00:00Z"),
        *outage("full", "2026-11-21T02:00:00Z", "2026-11-21T02:30:00Z"),
    ]) | incident("j", "a", detectedAt="2026-11-01T10:00:00Z")  # fmt: skip
    context = Context(validated(PEOPLE | service("a") | records), "r")
    found = context.catalogue.get("Service", "a")
    assert found is not None
    strip = days.strip(context, found)
    assert [(mark.number, mark.mark) for mark in strip.marks] == [
        (68, "note"),
        (87, "part"),
        (88, "down"),
        (89, "note"),
    ]
    assert strip.summary == "2 of 90 days with an outage, 210 min in all"
    assert answers.on_call(context, "unreadable") is None
