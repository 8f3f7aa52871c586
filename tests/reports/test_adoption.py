"""Adoption: figures with what others reach beside them, what initiatives did, and what improvements brought."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from itsm_as_code.clock import Interval
from itsm_as_code.figures import Seen
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from itsm_as_code.reports import renderer
from itsm_as_code.reports.adoption import Adoption
from tests.conftest import NOW, ROOT, Run
from tests.service_levels.test_alder_bank import facts as alder

REPORT = Validator("report", KindRegistry.load().bundled("reports/adoption-report.schema.json"))
YEAR = Interval(NOW - timedelta(days=365), NOW)


def record(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}, "spec": spec}


def adoption(
    *records: dict[str, Any], landings: tuple[tuple[datetime, str, bool], ...] | str = "nobody asked"
) -> Adoption:
    return Adoption(Seen(Facts.from_records(records), NOW, landings), YEAR)


def test_the_example_in_its_schema() -> None:
    data = json.loads(renderer("adoption", "json")(Adoption(Seen(alder(), NOW), YEAR, ("Nobody asked.",))))
    assert list(REPORT.problems(data)) == []
    rows = {(row["of"], row["what"]): row for row in data["rows"]}
    assert rows["service-management-as-code", "Messages told"]["value"] == "4 of 6"
    assert rows["everybody", "Direct pushes"]["value"].startswith("no data"), "what was not asked for is not good"


def test_a_message_that_was_due_and_not_told_is_overdue_whatever_the_plan_says() -> None:
    messages = [{"on": "2026-11-01", "done": True}, {"on": "2026-11-21"}, {"on": "2026-11-22"}]
    milestones = [{"due": "2026-11-21"}, {"due": "2026-11-21", "doneOn": "2026-11-22"}]
    found = adoption(record("Initiative", "i", status="running", communication=messages, milestones=milestones))
    told = {row["what"]: row["value"] for row in found.rows if row["of"] == "i"}
    assert told == {"Messages told": "1 of 3, 1 overdue", "Milestones reached": "1 of 2, 1 overdue"}


def test_what_others_reach_stands_beside_the_figure() -> None:
    others = record("Benchmark", "b", figure="direct-pushes", low="0", high="3", source="Nine banks", on="2026-05-01")
    newer = record("Benchmark", "c", figure="direct-pushes", value="1", source="Ten banks", on="2026-06-01")
    landed = tuple((NOW - timedelta(days=day), f"c{day}", day != 1) for day in range(1, 5))
    row = next(row for row in adoption(others, newer, landings=landed).rows if row["what"] == "Direct pushes")
    assert (row["value"], row["benchmarks"]) == (
        "25 % (1 of 4)",
        ["1 % (Ten banks, 2026-06-01)", "0 to 3 % (Nine banks, 2026-05-01)"],
    )


def test_what_is_not_known_has_one_reason(itsm: Run) -> None:
    code, out, _ = itsm("-C", ROOT, "report", "adoption", "--format", "json")
    report = json.loads(out)
    rows = {row["what"]: row["value"] for row in report["rows"] if row["of"] == "everybody"}
    assert code == 0
    assert report["remarks"] == []
    assert rows["Deployments covered by changes"] == "no data: itsm.yaml names no deployers"
    assert rows["Direct pushes"] == rows["Hours from proposal to authorisation"]
    assert rows["Direct pushes"].startswith("no data: itsm.yaml names no key for evidence")


def test_a_typed_value_is_shown_as_typed_and_a_figure_as_worked_out() -> None:
    typed = record("Improvement", "t", measure="m", baseline="3", measured=[{"on": "2026-01-01", "value": "0"}])
    figure = {
        "name": "incidents",
        "before": {"from": "2026-01-01", "until": "2026-06-01"},
        "after": {"from": "2026-06-01"},
    }
    worked = record("Improvement", "w", measure="m", figure=figure)
    rows = {row["of"]: row for row in adoption(typed, worked).rows}
    assert (rows["t"]["after"], rows["t"]["change"]) == ("0 on 2026-01-01 (typed)", "typed: no evidence")
    assert rows["w"]["change"].startswith("no evidence")
    unknown = record("Improvement", "u", measure="m", figure={**figure, "name": "nothing"})
    assert adoption(unknown).rows[-1]["change"] == "cannot be told: there is no figure nothing"
