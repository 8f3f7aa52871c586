"""What single pages say."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from itsm_as_code import site
from itsm_as_code.clock import Interval
from itsm_as_code.findings import RecordId
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site import addresses, graph
from itsm_as_code.site.about import shortened
from itsm_as_code.site.kinds import training
from itsm_as_code.site.views import hours, listing, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.schema import Display, Shape
from itsm_as_code.site.views.values import (
    Code,
    Inline,
    Items,
    Link,
    Missing,
    Node,
    Page,
    Picture,
    Progress,
    Row,
    Text,
    text,
)
from itsm_as_code.validation import Validation
from tests.site.conftest import NOW, REVISION, ROOT, Validate
from tests.site.reader import read

HEAD = "apiVersion: itsm/v1\nkind: %s\nmetadata: {name: %s, title: %s}\nspec: "


def record(kind: str, name: str, spec: object, title: str = "") -> str:
    return HEAD % (kind, name, json.dumps(title or name)) + json.dumps(spec)


def progress_of(validation: Validation, kind: str, name: str) -> list[tuple[str, str]]:
    found = validation.catalogue.get(kind, name)
    assert found is not None
    shown = state.progress(found)
    assert isinstance(shown, Progress)
    return [(step.word, step.state) for step in shown.steps]


PEOPLE = {
    "people/ann.yaml": record("Person", "ann", {"emails": ["ann@a.example"]}, "Ann"),
    "people/teams/t.yaml": record("Team", "t", {"members": ["ann"], "lead": "ann"}, "Team T"),
}


def service(name: str, **spec: object) -> dict[str, str]:
    base = {"owner": "t", "stage": "catalogue", "lifecycle": "live", "tier": 2, "type": "business"}
    return {f"services/{name}.yaml": record("Service", name, {**base, **spec}, name.title())}


def change(name: str, **spec: object) -> dict[str, str]:
    base = {"type": "normal", "services": ["a"], "requester": "ann", "summary": "S.", "status": "draft"}
    return {f"changes/2026/11/22/{name}.yaml": record("Change", name, {**base, **spec})}


def test_progress_follows_the_lifecycle_of_the_sort_of_change(validated: Validate) -> None:
    window = {"start": "2026-12-01T20:00:00Z", "end": "2026-12-01T22:00:00Z"}
    validation = validated(
        PEOPLE
        | service("a")
        | change("n", status="authorised")
        | change("s", type="standard", model="m", schedule=window)
        | change("f", status="reviewed", result="failed")
        | change("c", status="cancelled")
    )
    normal = progress_of(validation, "Change", "n")
    assert [word for word, _ in normal] == [
        "Draft", "Proposed", "Authorised", "Scheduled", "Implementing", "Implemented", "Reviewed", "Closed",
    ]  # fmt: skip
    assert [step for _, step in normal] == ["done"] * 2 + ["current"] + ["ahead"] * 5
    assert [word for word, _ in progress_of(validation, "Change", "s")][:2] == ["Draft", "Scheduled"]
    assert ("Failed", "done") in progress_of(validation, "Change", "f")
    assert progress_of(validation, "Change", "c") == [("Draft", "done"), ("Cancelled", "current")]


def test_planned_becomes_past_by_the_clock(validated: Validate) -> None:
    def window(day: int) -> dict[str, str]:
        return {"start": f"2026-11-{day}T20:00:00Z", "end": f"2026-11-{day}T22:00:00Z"}

    validation = validated(
        PEOPLE
        | service("a")
        | change("next", status="scheduled", schedule=window(25))
        | change("overdue", status="scheduled", schedule=window(20))
        | change("unplanned", status="proposed")
        | change("now", status="implementing", schedule=window(22))
        | change("past", status="closed", schedule=window(10))
        | change("stopped", status="rejected", schedule=window(27))
    )
    phases = state.Now(Context(validation, "r")).changes
    assert {phase: [c.name for c in changes] for phase, changes in phases.items()} == {
        phase: [phase] for phase in ("now", "overdue", "next", "unplanned", "past", "stopped")
    }


def test_a_window_says_whether_it_began_or_ended() -> None:
    window = Interval(NOW, NOW + timedelta(hours=2))
    said = {at: words.stands(window, NOW + timedelta(minutes=at)) for at in (-4_400, -40, 0, 30, 120, 180)}
    assert list(said.values()) == [
        "begins in 3 days", "begins in 40 minutes", "begins now",
        "began 30 minutes ago", "ended now", "ended 1 hour ago",
    ]  # fmt: skip


def test_a_model_that_failed_too_often_shows_as_suspended(validated: Validate) -> None:
    def failure(day: int) -> dict[str, object]:
        at = {"start": f"2026-11-{day}T20:00:00Z", "end": f"2026-11-{day}T22:00:00Z"}
        plan = {"type": "standard", "model": "m", "justification": "J.", "schedule": at, "actual": at}
        return {**plan, "status": "failed", "result": "failed"}

    model = {
        "owner": "t", "services": ["a"], "summary": "S.", "steps": ["S."], "backout": {"steps": ["B."]},
        "preAuthorisation": {"by": "ann", "on": "2026-01-01", "expires": "2027-01-01"},
        "suspension": {"failures": 2, "within": "P30D"},
    }  # fmt: skip
    files = PEOPLE | service("a") | {"changes/models/m.yaml": record("ChangeModel", "m", model)}
    files |= change("chg-one", **failure(10))
    for more, said, tone in (({}, "Pre-authorised", "good"), (change("chg-two", **failure(12)), "Suspended", "bad")):
        files |= more
        validation = validated(files)
        assert [finding.message for finding in validation.catalogue.findings] == []
        pages = dict(site.build(validation, "r"))
        text = read(pages[next(path for path in pages if path.endswith(("/m.html", "m/index.html")))])
        main = text.all("main")[0].text
        assert said in main
        badge = f'<span class="s s-{tone}">'
        assert re.search(f"{badge}<svg.*?</svg>{said}</span>", pages["change-models/m.html"].decode())
    assert "too many for its suspension rule (P30D)" in main
    assert "in force again in 18 days" in main


def test_an_outage_shows_on_the_service_and_on_what_needs_it(validated: Validate) -> None:
    incident = {
        "status": "in-progress", "services": ["a"], "impact": 1, "urgency": 1, "detectedAt": "2026-11-22T10:00:00Z",
        "acknowledgedAt": "2026-11-22T10:05:00Z",
        "outages": [{"service": "a", "start": "2026-11-22T10:00:00Z", "kind": "full"}],
    }  # fmt: skip
    validation = validated(
        PEOPLE
        | service("a")
        | service("b", dependsOn=[{"service": "a", "strength": "hard"}])
        | service("c", dependsOn=[{"service": "a", "strength": "soft"}])
        | service("d", lifecycle="design", stage="pipeline")
        | {"operations/incidents/inc.yaml": record("Incident", "inc", incident)}
    )
    now = state.Now(Context(validation, "r"))
    said = {name: now.of_service(r).word for name in "abcd" if (r := validation.catalogue.get("Service", name))}
    assert said == {"a": "Outage", "b": "May be affected", "c": "Works", "d": "Not live yet"}
    home = read(dict(site.build(validation, "r"))["index.html"])
    assert "for 2 hours" in home.all("main")[0].text


def incident(name: str, *services: str, **spec: object) -> dict[str, str]:
    base = {"services": services, "impact": 2, "urgency": 2, "detectedAt": "2026-11-22T10:00:00Z"}
    base |= {"status": "in-progress", "acknowledgedAt": "2026-11-22T10:05:00Z"}
    return {f"operations/incidents/{name}.yaml": record("Incident", name, {**base, **spec})}


def outage(kind: str, start: str, end: str | None = None, service: str = "a") -> list[dict[str, str]]:
    return [{"service": service, "kind": kind, "start": start, **({"end": end} if end else {})}]


NOW_RUNNING = {"start": "2026-11-22T11:30:00Z", "end": "2026-11-22T12:30:00Z"}


@pytest.mark.parametrize(
    ("records", "word", "tone"),
    [
        (service("a"), "Works", "good"),
        (service("a", lifecycle="retired", stage="retired"), "Retired", "none"),
        (service("a", lifecycle="transition", stage="pipeline"), "Not live yet", "info"),
        (service("a", lifecycle="deprecated"), "Works", "good"),
        (service("a") | incident("i", "a"), "Incident open", "warn"),
        (service("a") | incident("i", "b"), "Works", "good"),
        (service("a") | incident("i", "a", status="restored"), "Restored, being watched", "info"),
        (service("a") | incident("i", "a", status="resolved"), "Works", "good"),
        (
            service("a") | incident("i", "a", status="restored") | incident("j", "a"),
            "Incident open",
            "warn",
        ),
        (service("a") | incident("i", "a", outages=outage("full", "2026-11-22T12:00:00Z")), "Outage", "bad"),
        (service("a") | incident("i", "a", outages=outage("degraded", "2026-11-22T10:00:00Z")), "Degraded", "warn"),
        (service("a") | incident("i", "a", outages=outage("full", "2026-11-22T12:00:01Z")), "Incident open", "warn"),
        (
            service("a") | incident("i", "a", outages=outage("full", "2026-11-22T10:00:00Z", "2026-11-22T12:00:00Z")),
            "Incident open",
            "warn",
        ),
        (
            service("a")
            | incident("i", "a", outages=outage("degraded", "2026-11-22T10:00:00Z"))
            | incident("j", "a", outages=outage("full", "2026-11-22T11:00:00Z")),
            "Outage",
            "bad",
        ),
        (
            service("a")
            | incident("i", "a", outages=outage("full", "2026-11-22T10:00:00Z"))
            | incident("j", "a", outages=outage("degraded", "2026-11-22T11:00:00Z")),
            "Outage",
            "bad",
        ),
        (service("a") | change("c", status="implementing", schedule=NOW_RUNNING), "Change in progress", "info"),
        (
            service("a") | change("c", status="implementing", schedule=NOW_RUNNING) | incident("i", "a"),
            "Incident open",
            "warn",
        ),
        (
            service("a", dependsOn=[{"service": "b", "strength": "hard"}])
            | service("b")
            | incident("i", "b", outages=outage("full", "2026-11-22T10:00:00Z", service="b")),
            "May be affected",
            "warn",
        ),
        (
            service("a", dependsOn=[{"service": "b", "strength": "hard"}])
            | service("b")
            | incident("i", "b", outages=outage("degraded", "2026-11-22T10:00:00Z", service="b")),
            "Works",
            "good",
        ),
    ],
)
def test_how_a_service_stands(records: dict[str, str], word: str, tone: str, validated: Validate) -> None:
    validation = validated(PEOPLE | records)
    found = validation.catalogue.get("Service", "a")
    assert found is not None
    said = state.Now(Context(validation, "r")).of_service(found)
    assert (said.word, said.tone) == (word, tone)


@pytest.mark.parametrize(
    ("label", "shown"),
    [("x" * 10, "x" * 10), ("x" * 11, "x" * 9 + "…"), ("x" * 8 + "  yy", "x" * 8 + "…"), ("", "")],
)
def test_a_label_that_is_too_long_is_cut(label: str, shown: str) -> None:
    assert graph._cut(label, 10) == shown


def test_the_duration_of_an_incident_counts_from_its_occurrence(validated: Validate) -> None:
    """Delegated Regulation (EU) 2024/1772 Article 3(1): from the moment it occurred, where that is known."""
    incident = {
        "status": "resolved", "services": ["a"], "impact": 1, "urgency": 1, "detectedAt": "2026-11-22T10:00:00Z",
        "acknowledgedAt": "2026-11-22T10:05:00Z", "restoredAt": "2026-11-22T10:30:00Z",
        "resolvedAt": "2026-11-22T11:00:00Z",
    }  # fmt: skip
    for occurred, said, restored in (
        ({}, "1 hour since it was detected", "30 minutes"),
        ({"occurredAt": "2026-11-22T07:00:00Z"}, "4 hours since it occurred", "3 hours 30 minutes"),
    ):
        data = record("Incident", "inc", {**incident, **occurred})
        pages = dict(site.build(validated(PEOPLE | service("a") | {"operations/incidents/inc.yaml": data}), "r"))
        assert said in read(pages["incidents/inc.html"]).all("main")[0].text
        row = next(row.text for row in read(pages["incidents/index.html"]).all("tr") if "inc" in row.text)
        assert restored in row


def test_the_first_page_counts_an_open_incident_from_its_occurrence_too(validated: Validate) -> None:
    incident = {"status": "in-progress", "services": ["a"], "impact": 1, "urgency": 1}
    times = {"occurredAt": "2026-11-22T07:00:00Z", "detectedAt": "2026-11-22T10:00:00Z"}
    for spec, said in ((times, "for 5 hours"), ({"detectedAt": times["detectedAt"]}, "for 2 hours")):
        data = record("Incident", "inc", {**incident, **spec})
        pages = dict(site.build(validated(PEOPLE | service("a") | {"operations/incidents/inc.yaml": data}), "r"))
        assert said in read(pages["index.html"]).all("main")[0].text


def test_a_new_kind_needs_a_schema_file_only(validated: Validate) -> None:
    name = {"$ref": "common.schema.json#/$defs/name"}
    schema = {
        "title": "Rack", "type": "object", "required": ["apiVersion", "kind", "metadata", "spec"],
        "x-kind": {
            "name": "Rack", "plural": "static", "titlePlural": "Racks", "folder": "racks", "practice": "facilities",
            "columns": [
                {"title": "Owner", "pointer": "/spec/owner"}, {"title": "Slots", "pointer": "/spec/slots/*/unit"},
            ],
        },
        "properties": {
            "apiVersion": {"const": "itsm/v1"}, "kind": {"const": "Rack"},
            "metadata": {"$ref": "common.schema.json#/$defs/metadata"},
            "spec": {"type": "object", "properties": {
                "owner": {**name, "title": "Owner", "x-ref": "Team"},
                "built": {"$ref": "common.schema.json#/$defs/date", "title": "Built on"},
                "power": {"type": "boolean", "title": "Double power"},
                "slots": {"type": "array", "title": "Slots", "items": {"type": "object", "properties": {
                    "unit": {"type": "integer", "title": "Unit"},
                    "runs": {**name, "title": "Runs", "x-ref": "Service"}}}},
            }},
        },
    }  # fmt: skip
    spec = {
        "owner": "t",
        "built": "2026-03-01",
        "power": True,
        "slots": [{"unit": 4, "runs": "a"}, {"unit": 7, "runs": "b"}],
    }
    validation = validated(
        PEOPLE
        | service("a")
        | {"schemas/rack.schema.json": json.dumps(schema), "racks/r1.yaml": record("Rack", "r1", spec, "Rack one")}
    )
    pages = dict(site.build(validation, "r"))
    document = read(pages["static_/r1.html"])
    text = document.all("main")[0].text
    for said in ("Rack one", "Built on", "Sun 1 Mar 2026", "Double power", "Yes", "Team T", "Unit", "Runs"):
        assert said in text, said
    hrefs = {element.attributes.get("href") for element in document.all("a")}
    assert {"../teams/t.html", "../services/a.html"} <= hrefs
    assert "4, 7" in read(pages["static_/index.html"]).all("main")[0].text
    assert "static_/index.html" in pages["data/index.html"].decode()
    assert b"Rack one" in pages["services/a.html"], "the service says who refers to it"


def weekly(days: str, start: str, end: str, **more: object) -> dict[str, object]:
    return {"weekly": {"days": days.split(), "from": start, "to": end, **more}}


def recurring(rule: str, start: str, duration: str) -> dict[str, object]:
    return {"rrule": rule, "dtstart": start, "duration": duration}


LUNCH = [{"from": "12:30", "to": "13:30"}]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (weekly("mon tue wed thu fri sat sun", "00:00", "24:00"), "Around the clock, every day"),
        (weekly("mon tue wed thu fri", "09:00", "18:00"), "Monday to Friday, 09:00 to 18:00"),
        (weekly("mon", "09:00", "18:00", breaks=LUNCH), "Monday, 09:00 to 18:00 with a break from 12:30 to 13:30"),
        (weekly("sat mon", "00:00", "24:00"), "Monday and Saturday, all day"),
        (
            recurring("FREQ=MONTHLY;BYDAY=2SU", "2026-01-11T00:30:00", "PT4H"),
            "The second Sunday of every month at 00:30, for 4 hours",
        ),
        (recurring("FREQ=WEEKLY;BYDAY=SU", "2026-01-11T01:00:00", "PT4H"), "Every Sunday at 01:00, for 4 hours"),
        (
            recurring("FREQ=YEARLY;BYWEEKNO=20", "2026-01-11T01:00:00", "P1D"),
            "By the rule FREQ=YEARLY;BYWEEKNO=20 from Sun 11 Jan 2026, 01:00, for 1 day",
        ),
        ({"date": "2026-12-25", "title": "Christmas"}, "Fri 25 Dec 2026: Christmas"),
    ],
)
def test_calendars_in_words(example: Validation, entry: dict[str, object], said: str) -> None:
    context = Context(example, REVISION)
    assert hours.in_words(context, {"timezone": "Europe/Berlin", "entries": [entry]}) == [said]


def test_a_picture_of_a_crowd_leads_to_the_table() -> None:
    def nodes(number: int) -> tuple[Node, ...]:
        return tuple(Node(f"Service {n}", "tier 1", f"services/s{n}.html") for n in range(number))

    centre = Node("Centre", "tier 1", "services/c.html")
    for up, down, more in ((3, 2, ()), (100, 0, ("42",)), (40, 100, ("12", "72"))):
        drawn = graph.svg(Picture("Dependencies", centre, nodes(up), nodes(down), "services/c.html#table"), "../")
        wide, tall = drawn.split("</svg></div>")
        for drawing in (wide + "</svg></div>", tall):
            links = [element.attributes["href"] for element in read(drawing.encode()).all("a")]
            assert len(links) <= graph.LIMIT + 3
            assert links.count("../services/c.html#table") == len(more)
            shown = sum(1 for link in links if "/s" in link and "/s" in link.removeprefix("../services"))
            hidden = sum(int(number) for number in more)
            assert shown + hidden == up + down


@pytest.mark.parametrize(
    ("name", "file"), [("a-1", "a-1"), ("index", "index_"), ("nul", "nul_"), ("../x", "x_2e2e2f78"), ("", "x_")]
)
def test_file_names_are_safe(name: str, file: str) -> None:
    assert addresses.safe(name) == file


def test_long_lists_are_cut_into_pages(validated: Validate) -> None:
    files = dict(PEOPLE)
    for number in range(450):
        files |= service(f"s-{number:03}", tier=number % 4 + 1)
    pages = dict(site.build(validated(files), "r"))
    assert {"services/index.html", "services/index_2.html", "services/index_3.html", "services/by_tier_3.html"} <= set(
        pages
    )
    assert "services/index_4.html" not in pages
    rows = [len(read(pages[f"services/index{page}.html"]).all("tr")) for page in ("", "_2", "_3")]
    assert sum(rows) == 450 + 3, "every service once, and a head on each page"


@pytest.mark.parametrize(("many", "pages"), [(0, 1), (200, 1), (201, 2), (400, 2), (401, 3)])
def test_pages_of_a_list_lead_to_each_other_as_soon_as_there_are_two(many: int, pages: int) -> None:
    rows = [(None, Row((Text(str(number)),))) for number in range(many)]
    blank = Page("", "Things", ())
    found = list(listing.paged(lambda number: f"p{number}", blank, rows, ("N",), "All", "None"))
    assert [page.path for page in found] == [f"p{number}" for number in range(1, pages + 1)]
    assert [page.title for page in found] == ["Things", *(f"Things, page {n} of {pages}" for n in range(2, pages + 1))]
    for number, page in enumerate(found, 1):
        shown = [(link.label, link.href, here) for link, here in page.pager]
        wanted = [(str(n), f"p{n}", n == number) for n in range(1, pages + 1)]
        assert shown == (wanted if pages > 1 else [])


@pytest.mark.parametrize(
    ("value", "shown"),
    [("x", Text("x")), (0, Text("0")), (False, Text("False")), (None, Missing("None yet")), ("", Missing("None yet"))],
)
def test_nothing_is_said_to_be_missing_and_nought_is_something(value: object, shown: object) -> None:
    assert text(value, "None yet") == shown


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        (REVISION, "commit 3f9c2ab17e0d"),
        (f"{REVISION} with uncommitted changes", "commit 3f9c2ab17e0d with uncommitted changes"),
        ("work tree", "work tree"),
    ],
)
def test_the_revision_is_never_cut_to_something_else(revision: str, said: str) -> None:
    assert shortened(revision) == said


def test_links_and_intervals_look_the_same_wherever_they_stand(example: Validation) -> None:
    """Also in a field that no schema describes, and in a list, where they are no rows of a table."""
    display = Display(Context(example, "r"), example.registry["Service"])
    link = {"title": "Runbook", "url": "https://wiki.example/r"}
    shown = Link("Runbook", "https://wiki.example/r", external=True)
    assert display.show(Shape("any"), link) == shown
    assert display.show(Shape("link"), {**link, "note": "N."}) == shown
    span = {"start": "2026-11-22T20:00:00Z", "end": "2026-11-22T22:00:00Z"}
    interval = Shape("interval")
    one = display.show(interval, span)
    assert display.show(Shape("list", items=interval), [span, span]) == Items((one, one))


def test_a_team_offers_the_calendar_of_what_it_owns(validated: Validate) -> None:
    files = PEOPLE | service("a") | {"people/teams/u.yaml": record("Team", "u", {"members": ["ann"], "lead": "ann"})}
    calendars = {("Team", name): b"BEGIN:VCALENDAR" for name in "tu"}
    pages = dict(site.build(validated(files), "r", feeds=calendars))
    assert b"Calendar of what Team T owns (iCalendar file)" in pages["teams/t.html"]
    assert b"(iCalendar file)" not in pages["teams/u.html"]


def test_neither_a_machine_nor_who_has_left_needs_a_training(validated: Validate) -> None:
    def person(name: str, **spec: object) -> dict[str, str]:
        return {f"people/{name}.yaml": record("Person", name, {"emails": [f"{name}@a.example"], **spec})}

    base = validated(PEOPLE | person("gone", active=False) | person("robot", bot=True))
    kind = base.registry["Training"]
    everybody = Record(RecordId("Training", "x"), kind, {"spec": {"validMonths": 12}}, "x.yaml", b"")
    found = training.covered(Context(base, "r"), everybody)
    assert found.overall.missing == ("ann",)


def test_an_empty_organisation_has_a_site(validated: Validate) -> None:
    pages = dict(site.build(validated({}), "r"))
    assert "No incident is open." in read(pages["index.html"]).all("main")[0].text
    assert (ROOT / "itsm.yaml").exists()


def test_what_another_tool_closed_says_where_it_comes_from(validated: Validate) -> None:
    """On the page of a kind of its own and on one that the schema makes; the risk of what is over here is not told."""
    mark = {"from": "former-desk", "number": "CHG1", "on": "2026-11-02"}
    times = {"start": "2026-10-13T01:00:00Z", "end": "2026-10-13T02:00:00Z"}
    old = {"type": "normal", "services": ["a"], "status": "closed", "actual": times, "result": "successful"}
    release = {"version": "4", "services": ["a"], "changes": ["c"], "status": "closed"}
    validation = validated(
        PEOPLE
        | service("a")
        | {"changes/c.yaml": record("Change", "c", {**old, "takenOver": mark})}
        | {"changes/releases/r.yaml": record("Release", "r", {**release, "takenOver": {**mark, "number": "R1"}})}
    )
    pages = dict(site.build(validation, REVISION))
    for path, number in (("changes/c.html", "CHG1"), ("releases/r.html", "R1")):
        text = pages[path].decode()
        assert text.count(f"from former-desk as number {number} on 2026-11-02") == 1, path
    assert "Likelihood" not in pages["changes/c.html"].decode()


@pytest.mark.parametrize(
    ("sentences", "told"),
    [
        (("a is away", "swap the shift"), "a is away. Swap the shift."),
        (("It failed.", "Ask again."), "It failed. Ask again."),
        (("chg-1 has no `x`", ""), "chg-1 has no x."),
    ],
)
def test_sentences_of_findings_stay_as_they_are_and_end_once(sentences: tuple[str, ...], told: str) -> None:
    said = words.said(*sentences)
    parts = said.parts if isinstance(said, Inline) else (said,)
    assert "".join(part.text for part in parts if isinstance(part, Text | Code)) == told


def test_a_remedy_names_fields_as_they_are_written(pages: dict[str, bytes]) -> None:
    told = read(pages["findings/index.html"]).all("main")[0].text
    assert "/spec/knownError/article" in told
    assert ".." not in told


def test_no_page_of_a_service_shows_more_decimals_than_anybody_reads(pages: dict[str, bytes]) -> None:
    for path, content in pages.items():
        if path.startswith("services/"):
            assert not re.search(rb"\d\.\d{5}|\xe2\x80\xa6 %", content), path


def test_a_declined_improvement_is_settled(pages: dict[str, bytes]) -> None:
    told = read(pages["improvements/index.html"]).all("main")[0].text
    assert told.index("Settled") < told.index("Balances within a second in Singapore")
