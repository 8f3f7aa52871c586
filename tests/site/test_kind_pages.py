"""Pages of releases, reviews, initiatives and requests, each figure worked out by hand."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from fractions import Fraction

import pytest

from itsm_as_code import site
from itsm_as_code.site.kinds import initiative, service_request
from itsm_as_code.site.views import outlook, state, words
from itsm_as_code.site.views.context import Context
from tests.site.conftest import REVISION, Validate
from tests.site.reader import read
from tests.site.test_figures import Pages, main, rows
from tests.site.test_views import PEOPLE, change, record, service


def facts(pages: Pages, path: str) -> dict[str, str]:
    """Terms of a page and what is said of them."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", pages[path].decode(), re.DOTALL)
    return {term: " ".join(html.unescape(re.sub(r"<[^>]+>", " ", said)).split()) for term, said in found}


def test_a_release_shows_its_changes_environments_and_acceptance(pages: Pages) -> None:
    found = rows(pages, "releases/app-start-2026-44.html")
    assert "Cached start screen of the app Wed 4 Nov 2026, 10:03 to 12:21 CET Mobile banking Backed out High" in found
    assert "production Wed 4 Nov 2026 Wed 4 Nov 2026 As planned" in found
    assert "Sessions without a crash stay above 99.6 %. Failed None" in found
    text = main(pages, "releases/app-start-2026-44.html")
    assert "Flag start.cache off" in text
    assert "1 failed 1 passed" in text
    listed = rows(pages, "releases/index.html")
    assert listed[0].startswith("Release Version")
    assert any("Rolled back Mobile banking 1 failed 1 passed production, Wed 4 Nov 2026" in row for row in listed)


def test_a_release_says_what_is_late_and_what_nobody_wrote(validated: Validate) -> None:
    environments = [
        {"name": "test", "plannedFor": "2026-11-10", "deployedOn": "2026-11-13"},
        {"name": "staging", "plannedFor": "2026-11-20"},
        {"name": "production", "plannedFor": "2026-12-02"},
    ]
    spec = {"version": "1", "services": ["a"], "changes": [], "status": "built", "environments": environments}
    over = {**spec, "status": "rolled-back"}
    pages = dict(
        site.build(
            validated(
                PEOPLE
                | service("a")
                | {"changes/releases/r.yaml": record("Release", "r", spec)}
                | {"changes/releases/o.yaml": record("Release", "o", over)}
            ),
            "r",
        )
    )
    found = rows(pages, "releases/r.html")
    assert "test Tue 10 Nov 2026 Fri 13 Nov 2026 3 days late" in found
    assert "staging Fri 20 Nov 2026 Not yet Over for 2 days" in found
    assert "production Wed 2 Dec 2026 Not yet In 10 days" in found
    assert "staging Fri 20 Nov 2026 Not yet Not deployed" in rows(pages, "releases/o.html")
    text = main(pages, "releases/r.html")
    for said in ("No change is raised for it yet.", "No criterion of acceptance", "No plan is recorded."):
        assert said in text


def test_a_review_shows_what_was_promised_and_reached(pages: Pages) -> None:
    """59 of 131,760 minutes: what was typed, and what the records say of the same period, beside each other."""
    path = "service-reviews/payments-api-2026-q3.html"
    found = rows(pages, path)
    assert any(row.startswith("Latency At most 400 ms for 99 % of requests 312 ms No data Met None") for row in found)
    assert any(row.startswith("Time to resolve (P2) At most 6 hours for 90 % of requests No data") for row in found)
    assert any(row.startswith("Availability At least 99.95 % 99.955 % 99.955 % Met Met 59 minutes") for row in found)
    assert any(row.startswith("Time to resolve (P1)") and "1.95 hours 1.95 hours Met Met" in row for row in found)
    assert "5 met 1 without data" in main(pages, path)
    assert facts(pages, path)["Next review"] == "Tue 12 Jan 2027 In 51 days"
    assert any("Status page" in row or "status page" in row for row in found), "what follows from it"


def test_a_review_of_what_no_record_measures_shows_no_computed_figure(validated: Validate) -> None:
    spec = {
        "service": "a", "period": {"from": "2026-07-01", "until": "2026-10-01"}, "heldOn": "2026-10-08",
        "attendees": ["ann"],
        "performance": [{"agreement": "nobody", "objective": "speed", "target": "400", "verdict": "no-data"}],
    }  # fmt: skip
    pages = dict(
        site.build(
            validated(PEOPLE | service("a") | {"improvement/reviews/v.yaml": record("ServiceReview", "v", spec)}),
            "r",
        )
    )
    text = main(pages, "service-reviews/v.html")
    assert "Speed 400 No data No data No data" in " ".join(rows(pages, "service-reviews/v.html"))
    assert "Nothing was decided." in text


def test_an_initiative_shows_the_way_to_its_targets(pages: Pages) -> None:
    """(29 - 71) / (24 - 71) = 42 / 47 = 89.4 %."""
    found = rows(pages, "initiatives/service-management-as-code.html")
    assert any(
        "authorisation of a normal change 71 24 29 Sun 15 Nov 2026 89 % of the way 52 on 30 Sep" in r for r in found
    )
    assert "All services and agreements are records Thu 15 Oct 2026 Fri 9 Oct 2026 6 days early" in found
    assert "The old form closes Fri 18 Dec 2026 Not yet In 26 days" in found
    assert any(row.startswith("Product owners Medium Resists") for row in found)
    assert any("The old form closes, Fri 18 Dec 2026" in row for row in rows(pages, "initiatives/index.html"))


@pytest.mark.parametrize(
    ("before", "target", "latest", "word"),
    [
        (0, 95, 95, "Reached"),
        (71, 24, 20, "Reached"),
        (0, 1000, 999, "99 % of the way"),
        (64, 10, 70, "Worse than before"),
        (5, 5, 4, "0 % of the way"),
    ],
)
def test_the_way_to_a_target(before: int, target: int, latest: int, word: str) -> None:
    assert initiative.way(Fraction(before), Fraction(target), Fraction(latest)).word == word


def test_a_request_answers_under_the_questions_of_the_form(pages: Pages) -> None:
    """Approved Wed 13:50, fulfilled Thu 09:40; the office is open 09:00 to 18:00: 4 h 10 min + 40 min."""
    path = "service-requests/req-20260107-vpn-grenoble.html"
    said = facts(pages, path)
    assert said["Who will connect?"] == "Claire Dubois"
    assert said["Until when?"] == "Fri 23 Jan 2026"
    assert said["Is a hardware token at hand?"] == "Yes"
    assert said["Time that counts"] == "4 service hours 50 minutes In time"
    assert said["Target time"] == "9 service hours from the approval by Office hours, Berlin"
    assert said["Satisfaction"] == "5 of 5, entirely content"


def test_requests_that_run_late_or_wait(validated: Validate) -> None:
    offering = {
        "service": "a", "owner": "t", "active": True, "target": "PT8H",
        "approvals": [{"from": {"team": "t"}, "count": 1}],
        "fulfilledBy": "t", "steps": ["Do it."],
        "form": {"fields": [{"name": "why", "title": "Why?", "type": "longtext"}]},
    }  # fmt: skip
    free = {key: value for key, value in offering.items() if key != "approvals"}

    def request(name: str, offering: str, status: str, **more: object) -> dict[str, str]:
        spec = {
            "offering": offering,
            "requester": "ann",
            "submittedAt": "2026-11-22T06:00:00Z",
            "status": status,
            **more,
        }
        return {f"operations/requests/{name}.yaml": record("ServiceRequest", name, spec)}

    validation = validated(
        PEOPLE
        | service("a")
        | {"operations/offerings/o.yaml": record("RequestOffering", "o", offering)}
        | {"operations/offerings/free.yaml": record("RequestOffering", "free", free)}
        | request("waits", "o", "submitted", values={"old": "x"})
        | request("runs", "free", "submitted")
        | request("over", "o", "in-progress", approvedBy=["ann"], decidedAt="2026-11-22T03:00:00Z")
        | request("no", "o", "declined", decidedAt="2026-11-22T07:00:00Z", reason="No.")
    )
    context = Context(validation, REVISION)
    shown = {}
    for item in context.catalogue.of_kind("ServiceRequest"):
        value = service_request.standing(context, item)
        shown[item.name] = getattr(value, "word", getattr(value, "text", ""))
    assert shown == {
        "waits": "Waits for approval", "runs": "2 hours left", "over": "Target time is over", "no": "Declined",
    }  # fmt: skip
    pages = dict(site.build(validation, "r"))
    said = facts(pages, "service-requests/waits.html")
    assert said["Why?"] == "Not answered"
    assert said["Old (not on the form now)"] == "x"
    assert facts(pages, "service-requests/runs.html")["Approved by"] == "No approval is needed"


def test_hours_that_cannot_be_read_are_no_data(validated: Validate) -> None:
    offering = {
        "service": "a", "owner": "t", "active": True, "target": "PT8H", "hours": "missing", "fulfilledBy": "t",
        "steps": ["Do it."],
    }  # fmt: skip
    spec = {"offering": "o", "requester": "ann", "submittedAt": "2026-11-22T06:00:00Z", "status": "in-progress"}
    validation = validated(
        PEOPLE
        | service("a")
        | {"operations/offerings/o.yaml": record("RequestOffering", "o", offering)}
        | {"operations/requests/q.yaml": record("ServiceRequest", "q", spec)}
    )
    context = Context(validation, REVISION)
    (item,) = context.catalogue.of_kind("ServiceRequest")
    assert service_request.course(context, item) is None


def test_an_emergency_says_by_when_its_review_is_due(pages: Pages) -> None:
    """Ended on Friday 20 November; its service answers around the clock, every day."""
    text = main(pages, "changes/chg-20261120-previous-terminal-profile.html")
    assert "Not reviewed yet; due by" in text


def test_a_used_up_budget_says_what_it_stops(validated: Validate) -> None:
    """1,192.32 of 662.4 minutes that 99.5 % of the 92 days allow; the quarter ends with the year."""
    objective = {
        "name": "availability", "indicator": "availability", "target": "99.5", "unit": "percent",
        "comparison": "at-least", "window": {"calendar": "quarter"},
    }  # fmt: skip
    sla = {
        "type": "sla", "service": "a", "provider": "t", "customer": {"name": "All"},
        "effective": {"from": "2026-01-01"}, "objectives": [objective],
    }  # fmt: skip
    outage = {"service": "a", "start": "2026-11-02T00:00:00Z", "end": "2026-11-02T19:52:19.2Z", "kind": "full"}
    incident = {
        "services": ["a"], "impact": 1, "urgency": 1, "status": "resolved", "detectedAt": "2026-11-02T00:00:00Z",
        "acknowledgedAt": "2026-11-02T00:01:00Z", "restoredAt": "2026-11-02T20:00:00Z",
        "resolvedAt": "2026-11-02T20:00:00Z", "outages": [outage],
    }  # fmt: skip
    measured = {
        "services/agreements/sla.yaml": record("ServiceLevelAgreement", "sla", sla),
        "operations/incidents/i.yaml": record("Incident", "i", incident),
    }
    pages = dict(site.build(validated(PEOPLE | service("a") | measured), "r"))
    assert any(row.startswith("Availability Overspent by 80.0 %") for row in rows(pages, "services/a.html"))
    said = main(pages, "services/a.html")
    assert "Stops normal and standard changes that mend nothing and are not exempt" in said
    assert "1 Jan 2027" in said
    assert "Burn rate 3.15; the error budget is exhausted." in said, "1,192.32 of 378 min: 0.5 % of 52.5 days"


def test_a_service_shows_what_is_left_and_when_it_may_be_changed(pages: Pages) -> None:
    """The Berlin zone has its window on Sundays; on 29 November the payments freeze is on, on 6 December nothing."""
    said = facts(pages, "services/payments-api.html")
    budgets = [row for row in rows(pages, "services/payments-api.html") if row.startswith("Availability 100.0 % left")]
    assert budgets, "nothing failed in the last 28 days"
    assert said["Next free maintenance window"] == "Sun 6 Dec 2026, 01:00 to 05:00 CET"
    assert said["Next planned change"] == "None planned"
    ledger = facts(pages, "services/core-ledger.html")
    assert ledger["Next planned change"].endswith("Year-end interest in stages · High risk")
    # 13 December is taken by that change, 10 January is left out by the calendar itself.
    assert ledger["Next free maintenance window"] == "Sun 14 Feb 2027, 00:30 to 04:30 CET"


def test_an_agreement_shows_what_was_attained_in_each_window(pages: Pages) -> None:
    found = rows(pages, "service-level-agreements/identity-provider-sla.html")
    attained = next(row for row in found if row.startswith("Availability At least 99.97 %"))
    assert attained.endswith("99.895 % Missed")
    assert any(row.startswith("Latency") and row.endswith("No data") for row in found)


def maintenance(*entries: dict[str, str], kind: str = "maintenance") -> dict[str, object]:
    return {"timezone": "UTC", "kind": kind, "reason": "R.", "appliesTo": {"services": ["a"]}, "entries": list(entries)}


def span(day: str) -> dict[str, str]:
    return {"start": f"{day}T01:00:00Z", "end": f"{day}T03:00:00Z"}


def test_a_free_window_is_one_that_nothing_touches(validated: Validate) -> None:
    def shown(*files: dict[str, str]) -> str:
        everything: dict[str, str] = dict(PEOPLE | service("a"))
        for more in files:
            everything |= more
        context = Context(validated(everything), REVISION)
        found = context.catalogue.get("Service", "a")
        assert found is not None
        return getattr(outlook.free_window(context, found, state.Now(context)), "text", "")

    days = ("2026-11-22", "2026-11-24", "2026-11-26", "2026-11-28")
    windows = {"changes/calendars/m.yaml": record("Calendar", "m", maintenance(*map(span, days)))}
    freeze = {"changes/calendars/f.yaml": record("Calendar", "f", maintenance(span("2026-11-24"), kind="freeze"))}
    taken = change("c", status="scheduled", schedule={"start": "2026-11-26T02:59:59Z", "end": "2026-11-26T04:00:00Z"})
    unreadable = maintenance(
        {"rrule": "FREQ=NEVER", "dtstart": "2026-01-01T00:00:00", "duration": "PT1H"}, kind="freeze"
    )
    broken = {"changes/calendars/b.yaml": record("Calendar", "b", unreadable)}
    assert shown() == "No maintenance window is agreed"
    assert shown(windows).startswith("Tue 24 Nov")
    assert shown(windows, freeze).startswith("Thu 26 Nov")
    assert shown(windows, freeze, taken).startswith("Sat 28 Nov")
    assert shown(windows, broken) == "Unknown: a calendar cannot be read"


def test_what_the_first_page_leaves_out_leads_to_its_lists(pages: Pages) -> None:
    links = [e for e in read(pages["index.html"]).all("a") if "more" in e.text or " in " in e.text]
    shown = {(e.text, e.attributes["href"]) for e in links}
    assert ("and 7 more", "changes/index.html") in shown
    over = (
        "Card network link, 2026",
        "Customer support, 2026",
        "Identity provider, 2026",
        "Team service management, 2026",
    )
    assert f"4 budgets are over planOver plan{', '.join(over)}" in main(pages, "index.html"), "none of them hides"
    assert ("6 in changes", "changes/index.html") in shown
    assert ("6 in service level agreements", "service-level-agreements/index.html") in shown


def test_what_there_is_one_of_stands_by_itself(pages: Pages) -> None:
    """And of more the number, with those that come first."""
    said = main(pages, "index.html").partition("Not in order")[2]
    assert "9 controls are not satisfiedNot satisfiedContracts with ICT providers hold the required clauses" in said
    assert "Risk of ICT third parties is managed, People are competent, and 6 more" in said
    assert "Recovery from incidents is preparedStaleSOC 2, CC7.5" in said


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "0 service hours"),
        (1, "1 service minute"),
        (61, "1 service hour 1 minute"),
        (30 * 60, "30 service hours"),
    ],
)
def test_service_time_is_never_told_in_days(minutes: int, said: str) -> None:
    assert words.service_time(timedelta(minutes=minutes)) == said


def test_compliance_names_frameworks_and_puts_first_what_fails(pages: Pages) -> None:
    text = main(pages, "compliance/index.html")
    assert "ISO/IEC 20000-1:2018" in text
    assert "iso20000" not in text
    found = [r for r in rows(pages, "compliance/index.html") if re.search(r" (Error|Warning|Info) \d+ \d+ of \d+ ", r)]
    failing = [number for number, row in enumerate(found) if re.search(r"\d fail ", row)]
    assert failing == list(range(len(failing))), "before those that pass"
    left_out = next(
        r for r in rows(pages, "compliance/index.html") if r.startswith("A critical service has an error budget")
    )
    assert "Left out here" in left_out
    waivers = [r for r in rows(pages, "compliance/index.html") if " Active " in r]
    assert [re.search(r"in (\d+) days", row)[1] for row in waivers] == ["14", "20", "26"]  # type: ignore[index]
    assert re.search(r"Findings \d+ warnings", text)
