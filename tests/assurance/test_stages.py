"""The stages of changes by history: drafts and proposals on branches, what landed, and files that nobody can read."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from itsm_as_code.compliance.stages import stages_of
from itsm_as_code.git.repository import Repository
from itsm_as_code.measures.kpi import Population, metrics
from itsm_as_code.measures.metric import Metric
from itsm_as_code.measures.stages import SPANS, Stages, took
from itsm_as_code.records.facts import Facts
from tests.assurance.tools import NAME, Firm
from tests.conftest import NOW, Run, Workshop
from tests.measures.test_kpi import YEAR

STARTED = "2026-11-22T11:00:00Z"


def made(shop: Workshop, revision: str) -> datetime:
    return datetime.fromisoformat(shop.git("show", "-s", "--format=%cI", revision)).astimezone(NOW.tzinfo)


def of(shop: Workshop, revision: str = "main") -> Stages:
    repository = Repository(shop.path)
    return stages_of(repository, repository.commit(revision), "changes")["chg-20261122-tune"]


@pytest.mark.parametrize("quoted", [False, True])
def test_what_happened_on_a_branch_counts_and_authorised_is_what_landed(workshop: Workshop, *, quoted: bool) -> None:
    """Also where the word stands twice in a file, so that it has to be read."""
    path = workshop.change(**{"status: proposed": "status: draft"})
    if quoted:
        workshop.edit(path, "metadata: {", "metadata: {description: 'Not status: closed yet', ")
    drafted = workshop.commit()
    workshop.edit(path, "status: draft", "status: proposed")
    proposed = workshop.commit()
    workshop.edit(path, "status: proposed", "status: authorised")
    workshop.commit()
    assert of(workshop, "topic").authorised is not None
    workshop.git("checkout", "-q", "main")
    workshop.git("merge", "-q", "--no-ff", "-m", "Merge", "topic")
    found = of(workshop)
    assert (found.recorded, found.proposed) == (made(workshop, drafted), made(workshop, proposed))
    assert found.authorised == made(workshop, "main") > made(workshop, "topic")


def test_a_file_that_nobody_can_read_was_recorded_and_no_more(workshop: Workshop) -> None:
    workshop.write("changes/2026/11/22/chg-20261122-tune.yaml", "a: [\n")
    workshop.commit()
    assert of(workshop, "topic").recorded is not None
    assert of(workshop, "topic").proposed is of(workshop, "topic").authorised is None


def change(start: str | None = STARTED) -> dict[str, object]:
    spec = {"services": ["a"], "type": "normal", "status": "closed", "result": "successful"}
    actual = {"actual": {"start": start, "end": "2026-11-22T11:30:00Z"}} if start else {}
    return {"kind": "Change", "metadata": {"name": "chg-20261122-a"}, "spec": {**spec, **actual}}


def spans(stages: Stages, start: str | None = STARTED) -> list[str]:
    known = Population(Facts.from_records([change(start)]), NOW, stages={"chg-20261122-a": stages})
    found: list[Metric] = list(metrics(known, YEAR, names=[definition.name for definition in SPANS]))
    return [str(metric) if metric.counted else metric.left_out[0][1] for metric in found]


def test_each_stage_is_told_or_why_it_cannot_be() -> None:
    at = [NOW - timedelta(hours=hours) for hours in (30, 29, 5)]
    assert spans(Stages(*at)) == [
        "median 60 min, mean 60 min (n 1)",
        "median 24 h, mean 24 h (n 1)",
        "median 240 min, mean 240 min (n 1)",
    ]
    assert spans(Stages(NOW)) == ["no proposal is known", "no proposal is known", "no authorisation is known"]
    late = [NOW - timedelta(minutes=minutes) for minutes in (30, 20, 10)]
    assert set(spans(Stages(*late))) == {"it was recorded after it began"}
    assert spans(Stages(at[0], at[1], NOW))[2] == "its start came before its authorisation"
    assert all(metric.is_known is False for metric in metrics(Population(Facts({}), NOW), YEAR, names=[
        definition.name for definition in SPANS]))  # fmt: skip
    assert took(change(None), Stages(*at), ("authorised", "started")) == (None, "no start is known")


def test_hours_to_authorisation_are_from_the_proposal_to_the_merge_of_the_evidence(firm: Firm, itsm: Run) -> None:
    firm.change()
    firm.merge()
    asked = ("report", "adoption", "-C", firm.shop.path, "--now", "2026-12-01T12:00:00Z", "--format", "json")

    def hours() -> str:
        code, out, err = itsm(*asked)
        assert code == 0, err
        return next(str(row["value"]) for row in json.loads(out)["rows"] if row["what"].startswith("Hours from"))

    assert hours().startswith("no data"), "nothing shows that it was approved"
    firm.note()
    between = made(firm.shop, "main") - made(
        firm.shop, firm.git("log", "--format=%H", "--diff-filter=A", "--", f"*{NAME}.yaml")
    )
    assert hours().endswith("(mean of 1)")
    assert abs(float(hours().split()[0]) - between.total_seconds() / 3600) < 0.01
