"""The first page's sentences, one test for each rule of docs/explanation/what-the-first-page-says.md."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from itsm_as_code.site.views import news, state, weekend
from itsm_as_code.site.views.context import Context
from itsm_as_code.validation import Validation
from tests.site.conftest import Validate
from tests.site.test_views import PEOPLE, change, incident, outage, service

BASE = service("a", tier=1) | service("b") | service("c", type="application") | service("d", stage="pipeline")
LATE = {"customerNotice": {"text": "Messages are late.", "advice": "Open the app."}}


def headline(validation: Validation) -> str:
    context = Context(validation, "r")
    return news.headline(context, state.Now(context))


def full(at: str = "2026-11-22T11:00:00Z", **more: object) -> dict[str, object]:
    return {"outages": outage("full", at), "priority": "P1", "impact": 1, "urgency": 1, **more}


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ({}, "All two customer services work."),
        (incident("i", "a", **full()), "A is down since 11:00. i."),
        (incident("i", "a", **full("2026-11-20T11:00:00Z")), "A is down since Fri 20 Nov 2026, 11:00. i."),
        (
            incident(
                "i",
                "a",
                "b",
                **full(
                    outages=[
                        *outage("full", "2026-11-22T11:00:00Z"),
                        *outage("full", "2026-11-22T11:00:00Z", service="b"),
                    ],
                    **LATE,
                ),
            ),
            "A and B are down. Messages are late.",
        ),
        (
            incident("i", "b", outages=outage("degraded", "2026-11-22T11:00:00Z", service="b"), priority="P2"),
            "B is slow or faulty. i.",
        ),
        (incident("i", "b", priority="P3", **LATE), "B is slow or faulty. Messages are late."),
        (incident("i", "b", priority="P4", **LATE), "All two customer services work."),
        (incident("i", "c", priority="P2"), "All two customer services work."),
        (incident("i", "c", priority="P2", **LATE), "All two customer services work. Messages are late."),
        (incident("i", "c", priority="P2", status="restored", **LATE), "All two customer services work."),
        (
            incident("i", "c", priority="P3", **LATE)
            | incident("j", "c", priority="P1", customerNotice={"text": "Nothing prints."}),
            "All two customer services work. Nothing prints.",
        ),
        (
            service("b", dependsOn=[{"service": "c", "strength": "hard"}])
            | incident("i", "c", outages=outage("full", "2026-11-22T11:00:00Z", service="c"), priority="P1"),
            "B may not work.",
        ),
    ],
)
def test_the_sentence(records: dict[str, str], said: str, validated: Validate) -> None:
    assert headline(validated(PEOPLE | BASE | records)) == said


def test_one_service_and_none(validated: Validate) -> None:
    assert headline(validated({})) == "No customer service is recorded yet."
    assert headline(validated(PEOPLE | service("a"))) == "The one customer service works."


def test_it_has_at_most_two_sentences_and_names_two_services(validated: Validate) -> None:
    names = "abefg"
    outages = [one for name in names for one in outage("full", "2026-11-22T11:00:00Z", service=name)]
    services = {path: text for name in names for path, text in service(name).items()}
    said = headline(validated(PEOPLE | services | incident("i", *names, **full(outages=outages))))
    assert said == "A, B and 3 more customer services are down. i."


def test_the_lead_says_what_to_do_and_until_when(validated: Validate) -> None:
    window = {"start": "2026-11-22T11:00:00Z", "end": "2026-11-22T15:30:00Z"}
    records = incident("i", "c", priority="P2", **LATE) | change(
        "x", status="implementing", schedule=window, incident="i"
    )
    context = Context(validated(PEOPLE | BASE | records), "r")
    now = state.Now(context)
    found = news.gravest(context, now, news.customer_services(context))
    assert found is not None
    assert list(news.advice(context, now, found)) == [
        "Open the app.",
        "A change that mends it is under way until 15:30.",
    ]


def test_a_note_stands_beside_a_service_that_works(validated: Validate) -> None:
    soft = service("b", dependsOn=[{"service": "c", "strength": "soft"}])
    context = Context(validated(PEOPLE | BASE | soft | incident("i", "c", priority="P3", **LATE)), "r")
    now = state.Now(context)
    found = context.catalogue.get("Service", "b")
    assert found is not None
    assert (now.condition(found), news.note(context, now, found)) == ("works", "Messages are late")


@pytest.mark.parametrize(
    ("now", "first", "end"),
    [
        ("2026-11-18T12:00", "2026-11-20T23:00", "2026-11-22T23:00"),  # a Wednesday
        ("2026-11-20T22:30", "2026-11-20T23:00", "2026-11-22T23:00"),  # half past eleven on Friday night in Berlin
        ("2026-11-20T23:30", "2026-11-20T23:30", "2026-11-22T23:00"),  # Saturday already
        ("2026-11-22T12:00", "2026-11-22T12:00", "2026-11-22T23:00"),
        ("2026-11-22T23:00", "2026-11-27T23:00", "2026-11-29T23:00"),  # Monday
        ("2026-10-24T12:00", "2026-10-24T12:00", "2026-10-25T23:00"),  # the night of summer time's end
    ],
)
def test_the_weekend_is_that_of_the_organisation(now: str, first: str, end: str) -> None:
    found = weekend.weekend(datetime.fromisoformat(now).replace(tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert (found.start.strftime("%Y-%m-%dT%H:%M"), found.end.strftime("%Y-%m-%dT%H:%M")) == (first, end)


SUNDAY = {"start": "2026-11-22T20:00:00Z", "end": "2026-11-22T22:00:00Z"}
TUESDAY = {"start": "2026-11-24T20:00:00Z", "end": "2026-11-24T22:00:00Z"}


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ({}, "Nothing is planned this weekend."),
        (
            change("x", status="scheduled", schedule=TUESDAY, outage={"expected": "full"}),
            "Nothing is planned this weekend.",
        ),
        (
            change("x", status="rejected", schedule=SUNDAY, outage={"expected": "full"}),
            "Nothing is planned this weekend.",
        ),
        (
            change("x", status="scheduled", schedule=SUNDAY, outage={"expected": "none"}),
            "Nothing planned this weekend will be noticed.",
        ),
        (
            change("x", status="scheduled", schedule=SUNDAY, services=["c"], outage={"expected": "full"}),
            "Nothing planned this weekend will be noticed.",
        ),
        (
            change("x", status="scheduled", schedule=SUNDAY, outage={"expected": "degraded", "minutes": 20}),
            "A is degraded, up to 20 minutes on Sun 22 Nov 2026, 20:00 to 22:00 UTC.",
        ),
        (
            service("b", dependsOn=[{"service": "c", "strength": "hard"}])
            | change("x", status="scheduled", schedule=SUNDAY, services=["c"], outage={"expected": "full"})
            | change("y", status="scheduled", schedule=SUNDAY, services=["a"], outage={"expected": "full"}),
            "B is out on Sun 22 Nov 2026, 20:00 to 22:00 UTC. 1 more change will be noticed.",
        ),
    ],
)
def test_whether_the_weekend_is_noticed(records: dict[str, str], said: str, validated: Validate) -> None:
    context = Context(validated(PEOPLE | BASE | records), "r")
    assert weekend.sentence(context, state.Now(context)) == said
