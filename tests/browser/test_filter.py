"""Filters of lists of several pages: what stands on any page is found, with scripts and without."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import site
from itsm_as_code.site.views import listing, rows
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import validate
from tests.site.conftest import NOW, validated
from tests.site.test_views import PEOPLE, change, service

__all__ = ["validated"]
pytestmark = pytest.mark.browser


TIERS = {f"s-{number:02}": number % 4 + 1 for number in range(30)}
STATES = ("draft", "proposed", "cancelled")


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Services and changes, in pages of four rows and parts of seven."""
    top, files = tmp_path_factory.mktemp("filter"), dict(PEOPLE)
    for name, tier in TIERS.items():
        files |= service(name, tier=tier)
    for number in range(12):
        files |= change(f"c-{number:02}", services=["s-01"], status=STATES[number % 3])
    for path, text in files.items():
        file = top / "records" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        for module, name, size in ((listing, "PAGE_SIZE", 4), (listing, "PLAIN_SIZE", 9), (rows, "LARGEST", 7)):
            patch.setattr(module, name, size)
        site.write(site.build(validate(WorkTree(top / "records"), NOW), "r"), top / "site")
    return top / "site"


def shown(page: Any) -> int:
    found: int = page.locator("main tbody tr:visible").count()
    return found


def done(page: Any) -> str:
    """What the filter says once all parts have come."""
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect(page.locator(".filter-count")).to_have_text(re.compile("shown$"))
    said: str = page.locator(".filter-count").inner_text()
    return said


def test_a_filter_finds_what_stands_on_another_page_by_word_and_by_facet(browser: Any, cut: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto((cut / "services/index.html").as_uri())
    assert shown(page) == 4
    assert page.locator("main tbody tr", has_text="S-29").count() == 0, "it stands on a later page"
    page.locator("[data-words]").fill("s-29")
    assert done(page) == "1 of 30 shown"
    link = page.locator("main tbody tr:visible th a")
    assert link.inner_text() == "S-29"
    assert link.evaluate("link => link.href") == (cut / "services/s-29.html").as_uri()
    page.locator("[data-words]").fill("")
    assert shown(page) == 4
    assert page.url.endswith("index.html"), "no filter, nothing in the address"
    page.locator("[data-facet=tier]").select_option("1")
    assert done(page) == f"{list(TIERS.values()).count(1)} of 30 shown"
    assert shown(page) == list(TIERS.values()).count(1)
    assert page.url.endswith("#?tier=1")
    page.reload()
    assert done(page) == f"{list(TIERS.values()).count(1)} of 30 shown", "the filter stands in the address"
    page.evaluate("location.hash = '#?tier=3'")
    sync_api.expect(page.locator(".filter-count")).to_have_text(f"{list(TIERS.values()).count(3)} of 30 shown")
    page.evaluate("location.hash = '#main'")
    assert shown(page) == list(TIERS.values()).count(3), "a link within the page is no filter"
    page.evaluate("location.hash = ''")
    sync_api.expect(page.locator(".filter-count")).to_have_text("")
    assert shown(page) == 4
    assert said == []
    page.close()


def test_every_page_of_a_list_offers_the_values_of_all_of_them(browser: Any, cut: Path) -> None:
    page = browser.new_page()
    for name in ("changes/index_2.html", "changes/by_status.html", "findings/index.html"):
        page.goto((cut / name).as_uri())
        facet = page.locator("[data-facet]").last
        found, of = 0, "0"
        for value in [option for option in facet.locator("option").all_inner_texts() if option != "All"]:
            facet.select_option(value)
            count, of = done(page).removesuffix(" shown").split(" of ")
            found += int(count)
        assert found == int(of) > 4, "each row has one value"
    page.close()


def test_without_scripts_a_facet_and_a_first_letter_lead_there(browser: Any, cut: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for tab, group in (("By title", "S (30)"), ("By tier", f"Tier {TIERS['s-29']} (8)")):
        page.goto((cut / "services/index.html").as_uri())
        page.locator(".tabs a", has_text=tab).click()
        beginning(page, group, "S-29").click()
        page.locator("main tbody th a", has_text="S-29").click()
        assert page.url.endswith("services/s-29.html")
    page.goto((cut / "changes/index.html").as_uri())
    page.locator(".tabs a", has_text="By status").click()
    assert page.locator("main > p").first.inner_text() == "Cancelled (4) · Draft (4) · Proposed (4) · from c-04"
    page.locator("main > p a", has_text="Proposed").click()
    assert page.locator("main h2", has_text="Proposed").is_visible()
    context.close()


@pytest.mark.deep
def test_among_5000_services_the_one_on_page_25_is_found(browser: Any, validated: Any, tmp_path: Path) -> None:
    files = dict(PEOPLE)
    for number in range(5_000):
        files |= service(f"s-{number:04}", tier=number % 4 + 1)
    out = tmp_path / "out"
    site.write(site.build(validated(files), "r"), out)
    parts = sorted((out / "services").glob("index_rows_*.js"))
    largest = max(file.stat().st_size for file in parts)
    assert len(parts) == 5
    assert largest < 400_000
    page = browser.new_page()
    page.goto((out / "services/index.html").as_uri())
    page.locator("[data-words]").fill("s-4901")
    assert done(page) == "1 of 5,000 shown"
    page.locator("[data-words]").fill("")
    page.locator("[data-facet=tier]").select_option("2")
    assert done(page) == "1,250 of 5,000 shown"
    assert shown(page) == 200
    page.locator("button", has_text="Show more").click()
    assert shown(page) == 400
    page.close()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for tab, group in (("By title", "S (5,000)"), ("By tier", "Tier 2 (1,250)")):
        page.goto((out / "services/index.html").as_uri())
        assert page.locator("main tbody th a", has_text="S-4901").count() == 0
        page.locator(".tabs a", has_text=tab).click()
        assert not page.locator(".filter").is_visible(), "nothing would answer"
        beginning(page, group, "S-4901").click()
        page.locator("main tbody th a", has_text="S-4901").click()
        assert page.url.endswith("services/s-4901.html")
    context.close()
    print(f"{len(parts)} parts, the largest {largest / 1e3:.0f} kB; without scripts in three clicks")


def beginning(page: Any, group: str, title: str) -> Any:
    """The link to the page of a group on which a title stands: the last that does not begin after it."""
    labels, at, within = page.locator("main > p a").all_inner_texts(), 0, False
    for number, label in enumerate(labels):
        first = label.removeprefix("from ")
        within = within if first != label else label == group
        at = number if within and (first == label or first <= title) else at
    return page.locator("main > p a").nth(at)
