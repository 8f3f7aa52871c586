"""Key figures of many changes take no more than three times as long as to parse them; at 100,000 it is 1.2 times."""

from __future__ import annotations

from datetime import timedelta
from time import process_time

import pytest

from itsm_as_code.clock import Interval
from itsm_as_code.measures.kpi import Population, metrics, trend
from itsm_as_code.records.document import parse
from itsm_as_code.records.facts import Facts
from itsm_as_code.reports import renderer
from itsm_as_code.reports.kpi import Kpi
from tests.conftest import NOW, ROOT

CHANGE, INCIDENT = "chg-20260914-app-backend-2026-37", "inc-20260916-store-link-austria"
PERIOD = Interval(NOW - timedelta(days=365), NOW)


@pytest.mark.deep
def test_figures_take_no_longer_than_parsing(capsys: pytest.CaptureFixture[str]) -> None:
    change = (ROOT / f"changes/2026/09/14/{CHANGE}.yaml").read_text()
    incident = (ROOT / f"operations/incidents/{INCIDENT}.yaml").read_text()
    names = [f"chg-20260914-app-{number}" for number in range(10_000)]
    sources = [change.replace(CHANGE, name) for name in names]
    sources += [incident.replace(CHANGE, name).replace(INCIDENT, f"inc-{name}") for name in names[::10]]
    begun = process_time()
    facts = Facts.from_records([parse(source.encode()) for source in sources])
    parsed = process_time() - begun
    known = Population(facts, NOW)
    found = tuple(metrics(known, PERIOD))
    renderer("kpi", "json")(Kpi(NOW, PERIOD, None, found, trend(known, PERIOD)))
    took = process_time() - begun - parsed
    with capsys.disabled():
        print(f" {len(names):,} changes: figures take {took / parsed:.2f} times parsing", end="")
    assert sum(metric.numerator for metric in found if metric.definition.name == "change-fail-rate") == len(names) // 10
    assert took < 3 * parsed
