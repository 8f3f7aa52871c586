"""Cost and value on one page, a click from every other one."""

from __future__ import annotations

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
