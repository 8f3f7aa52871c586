"""itsm sla: figures by the records, their form for programs, and intervals that add up."""

from __future__ import annotations

import csv
import io
import json
import re
from fractions import Fraction

import pytest

from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from tests.attacks.tools import AGREEMENT, AGREEMENT_PATH, OUTAGE, OUTAGE_PATH
from tests.conftest import ROOT, Run, Workshop

REPORT = Validator("report", KindRegistry.load().bundled("reports/sla-report.schema.json"))
LINE = re.compile(r"  ([-=]) (.+?)  .*?(\d+(?:\.\d+)?) s\b")


@pytest.mark.parametrize("objective", ["availability", "own-p1", "latency"])
def test_the_report_keeps_its_schema(itsm: Run, objective: str) -> None:
    code, out, err = itsm("-C", ROOT, "sla", "--explain", "payments-api", objective, "--format", "json")
    assert (code, err) == (0, "itsm: as of 2026-11-22T12:00:00Z, which itsm.yaml names\n")
    assert REPORT.problems(json.loads(out), out.encode()) == []


def test_each_figure_of_the_example(itsm: Run) -> None:
    code, out, _ = itsm("-C", ROOT, "sla", "--format", "json")
    data = json.loads(out)
    assert code == 1, "some are missed"
    assert REPORT.problems(data, out.encode()) == []
    found = {(row["service"], row["objective"]): row for row in data["objectives"]}
    idp = found["identity-provider", "availability"]
    assert (idp["attained"], idp["lostSeconds"], idp["allowedSeconds"]) == ("99.895", "2520", "725.76")
    assert (idp["status"], idp["sources"]) == ("missed", ["Incident/inc-20261115-slow-logins-again"])
    payments = found["payments-api", "availability"]
    assert (payments["attained"], payments["servedSeconds"], payments["remainingPercent"]) == ("100", "2404800", "100")
    assert found["payments-api", "latency"]["status"] == "no-data", "and never 100 percent"


@pytest.mark.parametrize(
    ("service", "window"),
    [
        ("payments-api", "2026-Q3"),
        ("identity-provider", "P28D"),
        ("mobile-banking", "quarter"),
        ("core-ledger", "2026"),
    ],
)
def test_the_lines_of_an_explanation_add_up(itsm: Run, service: str, window: str) -> None:
    code, out, _ = itsm("-C", ROOT, "sla", "--explain", service, "availability", "--window", window)
    assert code in (0, 1)
    adds_up(out)


def adds_up(out: str) -> None:
    length = Fraction(re.search(r"window .*?(\d+) s ", out)[1])  # type: ignore[index]
    found = [(sign, what, Fraction(seconds)) for sign, what, seconds in LINE.findall(out)]
    before, after = (i for i, (sign, _, _) in enumerate(found) if sign == "=")
    served, good = found[before][2], found[after][2]
    assert length - sum(seconds for _, _, seconds in found[:before]) == served
    assert served - sum(seconds for _, _, seconds in found[before + 1 : after]) == good
    shown = re.search(r"attained ([0-9.]+) percent", out)
    assert shown is not None
    assert 0 <= good / served * 100 - Fraction(shown[1]) < Fraction(1, 1000), "cut, never rounded up"


@pytest.mark.parametrize(("objective", "unit"), [("own-p1", 60), ("resolve-p1", 3600)])
def test_the_cases_of_an_explanation_give_its_figure(itsm: Run, objective: str, unit: int) -> None:
    """The figure is the slowest of the listed cases (100 percent of them), and so many were in time as lines say."""
    _, out, _ = itsm("-C", ROOT, "sla", "--explain", "payments-api", objective, "--window", "2026-Q3")
    cases = re.findall(r"  \* (in time|late) .*?(\d+(?:\.\d+)?) s  Incident/", out)
    assert cases
    said = re.search(r"attained ([0-9.]+) \w+ \((\d+) of (\d+) in time\)", out)
    assert said is not None
    assert Fraction(said[1]) == max(Fraction(took) for _, took in cases) / unit
    assert (int(said[2]), int(said[3])) == (sum(how == "in time" for how, _ in cases), len(cases))


@pytest.fixture
def outage(workshop: Workshop) -> Workshop:
    """20 hours lost in November, of which half a degraded one counts half."""
    halved = AGREEMENT.replace("window:", 'degraded: "0.5", window:').replace("quarter", "month")
    degraded = (
        '    - {service: newsletter, start: "2026-11-16T00:00:00Z", end: "2026-11-16T01:00:00Z", kind: degraded}\n'
    )
    workshop.write(AGREEMENT_PATH, halved)
    workshop.write(OUTAGE_PATH, OUTAGE + degraded)
    return workshop


def test_weights_are_shown_with_what_they_weigh(itsm: Run, outage: Workshop) -> None:
    code, out, _ = itsm(
        "-C", outage.path, "sla", "--explain", "newsletter", "availability", "--now", "2026-11-22T12:00:00Z"
    )
    assert code == 1
    adds_up(out)
    assert "72000 s  Incident/queue-lost" in out
    assert "1800 s  Incident/queue-lost (of 3600 s)" in out
    assert "-1014 of 216 min left" in out, "1,200 and 30 minutes of 216"


def test_other_forms_and_windows(itsm: Run, outage: Workshop) -> None:
    now = ("--now", "2026-11-22T12:00:00Z")
    code, out, _ = itsm("-C", outage.path, "sla", "newsletter", *now, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (code, row["status"], row["lostSeconds"], row["sources"]) == (1, "missed", "73800", "Incident/queue-lost")
    assert (row["burnRate"], row["usedUpEarliest"], row["why"]) == ("7.93", "", "")
    code, out, _ = itsm("-C", outage.path, "sla", *now, "--format", "markdown", "--window", "2026-10")
    assert code == 0
    assert "| 100 percent | met |" in out
    for window, why in (("2027", "has not begun"), ("soon", "not a duration"), ("PT0S", "no time at all")):
        code, _, err = itsm("-C", outage.path, "sla", *now, "--window", window)
        assert code == 2
        assert why in err


def test_each_day_of_a_window_in_every_form(itsm: Run, outage: Workshop) -> None:
    """20 hours and half an hour of two days in November; the days add up to the window."""
    asked = ("-C", outage.path, "sla", "newsletter", "--daily", "--now", "2026-11-22T12:00:00Z")
    code, out, _ = itsm(*asked, "--format", "csv")
    rows = {row["date"]: row for row in csv.DictReader(io.StringIO(out))}
    assert (code, len(rows), rows["2026-11-22"]["servedSeconds"]) == (1, 22, str(13 * 3600)), "until 13:00 in Berlin"
    assert sum(Fraction(row["lostSeconds"]) for row in rows.values()) == 73800
    assert (rows["2026-11-01"]["attained"], rows["2026-11-15"]["status"]) == ("100", "missed")
    _, out, _ = itsm(*asked, "--format", "json")
    data = json.loads(out)
    assert REPORT.problems(data, out.encode()) == []
    (found,) = data["objectives"]
    for column in ("servedSeconds", "lostSeconds", "unknownSeconds"):
        assert sum(Fraction(day[column]) for day in found["days"]) == Fraction(found[column])
        assert [day[column] for day in found["days"]] == [row[column] for row in rows.values()]
    for form in ("text", "markdown"):
        _, out, _ = itsm(*asked, "--format", form)
        assert sum(day in out.replace("\\-", "-") for day in rows) == 22
    _, out, _ = itsm("-C", ROOT, "sla", "payments-api", "--daily", "--format", "json")
    assert REPORT.problems(json.loads(out), out.encode()) == [], "times and what nothing measures too"
    for more in (("--explain", "newsletter", "availability"), ("--what-if", "newsletter=99.5")):
        code, _, err = itsm("-C", outage.path, "sla", "--daily", *more)
        assert (code, "leave" in err) == (2, True)


def test_how_fast_a_budget_burns_is_shown_with_an_interval(itsm: Run, outage: Workshop) -> None:
    """60 of 216 minutes in 31,020: even at 4.744 times that rate it lasts. Of 108 minutes 48 are left: not at that."""
    text = (outage.path / OUTAGE_PATH).read_text()
    outage.write(OUTAGE_PATH, text[: text.index("    - {service: newsletter, start: \"2026-11-16")].replace(
        'end: "2026-11-15T20:00:00Z"', 'end: "2026-11-15T01:00:00Z"'))  # fmt: skip
    now = ("--now", "2026-11-22T12:00:00Z")
    code, out, _ = itsm("-C", outage.path, "sla", "newsletter", *now)
    assert code == 0
    assert "burn rate 0.39; error budget lasts its window (from 1 outage)" in out
    outage.edit(AGREEMENT_PATH, "99.5", "99.75")
    for form in ("text", "markdown", "json"):
        _, out, _ = itsm("-C", outage.path, "sla", "newsletter", *now, "--format", form)
        assert "at the earliest (from 1 outage)" in out.replace("\\", "") or '"usedUpEarliest": "2026-11-2' in out
    data = json.loads(out)
    assert REPORT.problems(data, out.encode()) == []
    (row,) = data["objectives"]
    assert (row["outages"], row["usedUpLikely"], row["usedUpLatest"]) == (1, None, None), (
        "never one figure of one outage"
    )


def test_what_cannot_be_computed_is_said_and_the_rest_is_shown(itsm: Run, outage: Workshop) -> None:
    text = (outage.path / OUTAGE_PATH).read_text()
    outage.write(OUTAGE_PATH, text.replace('end: "2026-11-16T01', 'end: "2026-11-15T23'))
    outage.write("services/agreements/orders-sla.yaml", AGREEMENT.replace("newsletter", "orders"))
    code, out, _ = itsm("-C", outage.path, "sla", "--now", "2026-11-22T12:00:00Z")
    assert code == 2
    assert "an outage of Incident/queue-lost ends before it starts" in out
    assert "1 met, 0 missed, 0 no-data, 1 unknown" in out


def test_what_needs_a_look_comes_first(itsm: Run) -> None:
    """Missed, then what may be before its window ends (card-payments: 62 of 64.8 minutes), met, and without data."""
    code, out, _ = itsm("-C", ROOT, "sla", "--now", "2026-11-22T11:00:00Z")
    rows = [line.split() for line in out.splitlines()[:-1]]
    statuses = [row[0] for row in rows]
    assert (code, statuses) == (1, sorted(statuses, key=("missed", "met", "no-data").index))
    for status in set(statuses):
        services = [row[1] for row in rows if row[0] == status and "earliest" not in row]
        assert services == sorted(services)
    assert {row[-1] for row in rows if row[0] == "no-data"} == {"measured", "window"}


def test_unknown_names_are_answered_with_the_nearest(itsm: Run) -> None:
    code, _, err = itsm("-C", ROOT, "sla", "payment-api")
    assert (code, "did you mean 'payments-api'?" in err) == (2, True)
    code, _, err = itsm("-C", ROOT, "sla", "--explain", "payments-api", "availabilty")
    assert (code, "did you mean 'availability'?" in err) == (2, True)
