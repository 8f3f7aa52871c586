"""Cost and value on one page, a click from every other one."""

from __future__ import annotations

import re

from itsm_as_code import site
from tests.site.conftest import Validate
from tests.site.reader import read
from tests.site.test_views import PEOPLE, record


def spec(score: int, lifecycle: str = "live") -> dict[str, object]:
    value = {"score": score, "reason": "<b>It sells</b>", "assessedOn": "2026-10-01"}
    plain = {"owner": "t", "stage": "catalogue", "lifecycle": lifecycle, "tier": 3, "type": "business"}
    return {**plain, "value": value}


def test_the_page_tells_quadrants_with_reasons_and_budgets(validated: Validate) -> None:
    lines = [{"name": "Cloud", "category": "operating", "plan": ["10.00"] * 12, "actual": ["30.00"]}]
    budget = {"fiscalYear": "2026", "start": "2026-01-01", "team": "t", "owner": "t", "currency": "EUR", "lines": lines}
    files = PEOPLE | {
        "services/a.yaml": record("Service", "a", spec(5, "deprecated")),
        "services/b.yaml": record("Service", "b", spec(1)),
        "portfolio/budgets/x.yaml": record("Budget", "x", budget),
    }
    pages = dict(site.build(validated(files), "r"))
    text = pages["portfolio/index.html"].decode()
    assert text.index("Migrate") < text.index("Tolerate")
    assert "&lt;b&gt;It sells&lt;/b&gt;" in text
    assert "it is deprecated (-2)" in text
    assert "Above what is tolerated" in text
    assert "No cost statement speaks of the last twelve months." in text
    read(pages["portfolio/index.html"])
    assert 'href="portfolio/index.html"' in pages["index.html"].decode(), "one click from the first page"


def test_a_service_shows_its_value(pages: dict[str, bytes]) -> None:
    assert b"an hour without it is in the evening news" in pages["services/payments-api.html"]


def test_budgets_of_this_year_come_first_and_of_each_year_what_takes_most_of_its_plan(pages: dict[str, bytes]) -> None:
    text = pages["portfolio/index.html"].decode().split('<section id="quadrants"')[0]
    rows = [re.search(r"budgets/budget-(\d{4}).*?([\d.]+) %", row, re.DOTALL) for row in text.split("<tr ")[2:]]
    told = [(int(row[1]), float(row[2])) for row in rows if row]
    assert len(told) > 10
    assert told == sorted(told, reverse=True)
    assert 'class="m-near"' not in text, "what is within its plan is no warning"
