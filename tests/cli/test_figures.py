"""itsm report kpi, value, calibration and recurrence."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from itsm_as_code.reports import escape
from tests.conftest import ROOT, SMALL, Run, Workshop, copy_tree

SCHEMAS = {
    name: Validator("report", KindRegistry.load().bundled(f"reports/{name}-report.schema.json"))
    for name in ("kpi", "recurrence", "capacity", "sla", "portfolio")
}
COMPARED = ("kpi", "--compare", "2026-Q2", "2026-Q3")


def told(itsm: Run, *arguments: object) -> Any:
    """What a report says to programs, which fits its schema."""
    code, out, err = itsm("report", *map(str, arguments), "--format", "json")
    assert code == 0, err
    data = json.loads(out)
    assert list(SCHEMAS["recurrence" if arguments[0] == "recurrence" else "kpi"].problems(data)) == []
    return data


@pytest.mark.parametrize(
    "arguments", [("kpi", "--by", "team"), COMPARED, ("calibration",), ("value",), ("recurrence",)]
)
def test_an_organisation_without_history_is_told_so(itsm: Run, arguments: tuple[str, ...]) -> None:
    data = told(itsm, *arguments, "-C", SMALL)
    assert not any(figure["numerator"] for figure in data.get("figures", ()))


def test_every_figure_has_its_records(itsm: Run) -> None:
    figures = {figure["figure"]: figure for figure in told(itsm, "kpi", "-C", ROOT)["figures"]}
    assert len(figures["change-fail-rate"]["records"]) == figures["change-fail-rate"]["numerator"] == 13
    assert len(figures["change-fail-rate"]["population"]) == figures["change-fail-rate"]["denominator"] == 39
    assert figures["change-fail-rate"]["share"] == "0.3333"
    assert [quarter["numerator"] for quarter in figures["change-fail-rate"]["trend"]] == [0, 3, 1, 4, 5]
    assert figures["deployments"]["numerator"] is None


def test_parts_are_in_the_order_of_their_names(itsm: Run) -> None:
    """What is known from few is never ranked; and what a spreadsheet gets is the same."""
    period = ("--from", "2026-07-01", "--to", "2026-10-01")
    _, out, _ = itsm("report", "kpi", "-C", ROOT, "--by", "service", *period, "--format", "csv")
    rows = list(csv.DictReader(out.splitlines()))
    parts = [row["part"] for row in rows if row["figure"] == "change-fail-rate"]
    assert parts == sorted(parts)
    assert len(parts) == 7
    assert all(len(row["records"].split("; ")) == int(row["numerator"]) for row in rows if row["records"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("kpi", "--from", "2026-07-01", "--to", "2026-07-01"), "ends before it begins"),
        (("value", "--baseline", "last-year"), "not a duration"),
        (("value", "--baseline", "2027"), "has not begun"),
        (("kpi", "--compare", "2026-Q3", "2027-Q1"), "has not begun"),
    ],
)
def test_a_period_that_is_none(itsm: Run, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = itsm("report", *arguments, "-C", SMALL, "--now", "2026-11-22T12:00:00Z")
    assert (code, message in err) == (2, True), err


def test_value_says_better_worse_or_no_evidence(itsm: Run) -> None:
    out = itsm("report", "value", "-C", ROOT)[1]
    line = next(line for line in out.splitlines() if line.startswith("Tier 1 down, sum over services  "))
    assert " 419 min (n 6) " in line
    assert " 744 min (n 10) " in line
    assert line.endswith("no evidence: 1.7 min a day, between -2 min a day and 5.5 min a day")


def test_what_recurs_fails_where_it_is_asked_to(itsm: Run) -> None:
    code, out, _ = itsm("report", "recurrence", "-C", ROOT, "--check")
    assert code == 1
    assert out.count("\nService ") == 2
    assert itsm("report", "recurrence", "-C", SMALL, "--check")[0] == 0


def test_two_commits_are_compared_by_their_records(itsm: Run, workshop: Workshop) -> None:
    """What both have is no new evidence: what differs is told by name."""
    base = workshop.git("rev-parse", "HEAD").strip()
    code, out, _ = itsm("report", "kpi", "-C", workshop.path, "--compare", base, "HEAD")
    assert (code, out.splitlines()[-1]) == (0, "no figure differs")
    workshop.write(
        "operations/incidents/inc-20261120-late.yaml",
        "apiVersion: itsm/v1\nkind: Incident\nmetadata: {name: inc-20261120-late, title: Late}\n"
        "spec: {status: new, services: [newsletter], impact: 3, urgency: 3, priority: P3, reportedBy: alice, "
        "assignedTo: team-shop, detectedAt: '2026-11-20T08:00:00Z'}\n",
    )
    workshop.commit()
    out = itsm("report", "kpi", "-C", workshop.path, "--compare", base, "HEAD", "--now", "2026-11-22T12:00:00Z")[1]
    assert "+inc-20261120-late" in out


BENCHMARK = """apiVersion: itsm/v1
kind: Benchmark
metadata: {name: others-%s, title: What others reach}
spec: {figure: %s, low: "1", high: "2", source: "Nine | banks", on: "2026-05-01"}
"""


@pytest.mark.parametrize(
    ("figure", "arguments"),
    [
        ("change-fail-rate", ("report", "kpi")),
        ("change-fail-rate", ("report", "calibration")),
        ("capacity-headroom", ("report", "capacity")),
        ("availability", ("sla",)),
        ("untagged-cost", ("report", "portfolio")),
    ],
)
def test_what_others_reach_stands_beside_the_figure(
    itsm: Run, tmp_path: Path, figure: str, arguments: tuple[str, ...]
) -> None:
    """In every form, and nothing where nobody says."""
    copy_tree(SMALL, tmp_path)
    for name in ("container-platform-berlin", "payments-api-sla", "chg-20260109-fraud-weights-31"):
        found = next(file for top in ("services", "changes") for file in (ROOT / top).rglob(f"{name}.yaml"))
        place = tmp_path / found.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(found.read_text())
    for others in (False, True):
        if others:
            (tmp_path / "improvement/benchmarks").mkdir(parents=True)
            (tmp_path / f"improvement/benchmarks/others-{figure}.yaml").write_text(BENCHMARK % (figure, figure))
        for form in ("text", "markdown", "json", "csv") if others else ("text",):
            _, out, err = itsm(*arguments, "-C", tmp_path, "--now", "2026-11-22T12:00:00Z", "--format", form)
            said = "1 to 2 % (Nine | banks, 2026-05-01)"
            told = escape.markdown(said) if form == "markdown" else said
            if form != "csv" or arguments[-1] in ("kpi", "calibration"):
                assert (told in out) is others, (form, out[-600:], err)
            if form == "json":
                name = "kpi" if arguments[-1] == "calibration" else arguments[-1]
                assert list(SCHEMAS[name].problems(json.loads(out))) == []


def test_an_empty_report_says_so(itsm: Run) -> None:
    out = itsm("report", "calibration", "-C", SMALL, "--now", "2020-01-01T00:00:00Z")[1]
    assert out.splitlines()[1:] == ["nothing of it is recorded in that time"]
