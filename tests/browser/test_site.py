"""The site in a real browser, from ``file://``: without scripts, with them, and judged by axe-core."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import site
from itsm_as_code.site.views import parts
from itsm_as_code.validation import Validation
from tests.site.questions import PAST, QUESTIONS

pytestmark = pytest.mark.browser
# Each part that pages are made of stands on one of these: tables with filters, tiles, figures, calendars, a matrix.
SAMPLE = [
    "index.html", "services/index.html", "services/core-ledger.html", "changes/{change}.html",
    "calendars/on-call-platform.html", "compliance/matrix.html", "findings/index.html", "people/katarzyna-nowak.html",
    "risks/index.html", "service-reviews/payments-api-2026-q3.html", "calendar/index.html", "calendar/decisions.html",
]  # fmt: skip
RULES: dict[str, Any] = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SHORT = """async options => {
    const found = await axe.run(document, {...options, resultTypes: ["violations"]})
    return {passes: found.passes.map(rule => rule.id), violations: found.violations}
}"""  # the whole takes longer to hand over than to work out


def address(folder: Path, example: Validation, page: str) -> str:
    path = folder / page.format(change=example.catalogue.of_kind("Change")[-1].name)
    assert path.is_file(), path
    return path.as_uri()


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.deep)])
def test_without_scripts_every_service_shows_owner_and_agreement(
    browser: Any, folder: Path, example: Validation, every: int
) -> None:
    services = example.catalogue.of_kind("Service")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address(folder, example, "services/index.html"))
    for service in services:
        row = page.locator("tr", has=page.locator(f'th a[href="../services/{service.name}.html"]'))
        assert row.is_visible()
        assert row.locator(f'a[href="../teams/{service.spec["owner"]}.html"]').is_visible()
    assert not page.locator(".filter").first.is_visible()
    assert not page.locator(".search").is_visible()
    for service in services[::every]:
        page.goto(address(folder, example, f"services/{service.name}.html"))
        assert page.locator(f'.answers a[href="../teams/{service.spec["owner"]}.html"]').is_visible()
        page.locator('.tabs a[href="#money"]').click()
        for agreement in example.catalogue.of_kind("ServiceLevelAgreement"):
            if agreement.spec["service"] == service.name:
                link = page.locator(f'#agreements a[href="../service-level-agreements/{agreement.name}.html"]')
                assert link.is_visible()
    context.close()


def test_security_policy_is_in_force(browser: Any, folder: Path, example: Validation) -> None:
    page = browser.new_page()
    page.goto(address(folder, example, "index.html"))
    style = "getComputedStyle(document.querySelector('.top')).backgroundColor"
    assert page.evaluate(style) == "rgb(16, 68, 63)", "the style sheet is applied"
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title = 1\">')")
    page.wait_for_timeout(200)
    assert page.title() != "1"
    page.close()


def test_search_and_filter(browser: Any, folder: Path, example: Validation) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address(folder, example, "services/core-ledger.html"))
    page.locator("#q").fill("yildirim")
    page.locator(".hits a").first.wait_for()
    assert page.locator(".hits a").first.inner_text().startswith("Elif Y")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/people/elif-yildirim.html")
    page.goto(address(folder, example, "services/index.html"))
    page.locator("[data-facet=tier]").select_option("1")
    shown = page.locator("main tbody tr:visible").count()
    assert shown == sum(1 for service in example.catalogue.of_kind("Service") if service.spec["tier"] == 1)
    page.reload()
    assert page.locator("main tbody tr:visible").count() == shown, "the filter stands in the address"
    context.close()


def test_a_search_finds_what_stands_in_any_part_of_the_index(
    browser: Any, folder: Path, example: Validation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    monkeypatch.setattr(parts, "LARGEST", 50)
    site.write(site.build(example, "3f9c2ab17e0d", past=PAST), tmp_path / "cut")
    assert len(list((tmp_path / "cut/static").glob("search-index_*.js"))) >= 8
    context = browser.new_context()
    page = context.new_page()
    counts = []
    for top in (folder, tmp_path / "cut"):
        page.goto(address(top, example, "index.html"))
        page.locator("#q").fill("payments")
        if counts:
            sync_api.expect(page.locator(".hits-count")).to_have_text(counts[0])
        page.locator(".hits a").first.wait_for()
        counts.append(page.locator(".hits-count").inner_text())
    assert counts[0] == counts[1]
    context.close()


def test_keyboard_reaches_the_content_first(browser: Any, folder: Path, example: Validation) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address(folder, example, "index.html"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    context.close()


SEEN = """() => {
    const hidden = [];
    for (const row of document.querySelectorAll("main tbody tr")) {
        if (!row.checkVisibility()) continue;  // in a tab that is not open, or filtered
        const cells = [...row.cells].filter((cell, at) => at < 2 || cell.querySelector(".s"));
        for (const cell of cells) {
            if (!cell.textContent.trim() || getComputedStyle(cell).display === "none") continue;
            const range = document.createRange();  // a cell may have no box of its own
            range.selectNodeContents(cell);
            const box = range.getBoundingClientRect();
            if (box.left < 0 || box.right > innerWidth + 1 || box.width < 8) hidden.push(cell.textContent.slice(0, 60));
        }
    }
    return hidden;
}"""


def test_a_phone_shows_what_decides_on_each_tab_without_scrolling_sideways(
    browser: Any, folder: Path, example: Validation
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address(folder, example, "services/core-ledger.html"))
    assert page.locator(".parts a").count() == 4
    for tab in page.locator(".parts a").all():
        tab.click()
        assert page.evaluate(SEEN) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("header").bounding_box()["height"] <= 72
    page.goto(address(folder, example, "services/index.html"))
    page.locator(".menu").click()
    page.locator("#all-pages").get_by_role("link", name="Suppliers", exact=True).click()
    assert page.locator("h1").inner_text() == "Suppliers"
    context.close()


def test_the_matrix_loses_nothing_on_paper(browser: Any, folder: Path, example: Validation) -> None:
    context = browser.new_context(viewport={"width": 680, "height": 900})
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto(address(folder, example, "compliance/matrix.html"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    assert page.evaluate(SEEN) == []
    assert page.locator("main tbody tr").first.locator("td:visible").count() > 8
    context.close()


_clicks = attrgetter("clicks")
BOTTOM = """answer => {
    const fits = node => node.textContent.replace(/\\s+/g, "").includes(answer);
    let node = document.querySelector("main");
    for (let next = node; next; next = [...node.children].find(fits)) node = next;
    return node.getBoundingClientRect().bottom;  // from where the link led to
}"""


@pytest.mark.parametrize(("width", "height"), [(390, 844), pytest.param(1280, 900, marks=pytest.mark.deep)])
def test_answers_stand_within_the_first_two_screens(
    browser: Any, folder: Path, example: Validation, width: int, height: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    page = context.new_page()
    for clicks, questions in groupby(sorted(QUESTIONS, key=_clicks), _clicks):
        page.goto(address(folder, example, "index.html"))
        for label in clicks:
            # On a phone the navigation stands at the end of the page.
            page.get_by_role("link", name=label, exact=True).locator("visible=true").first.click()
            page.wait_for_load_state("load")  # styles included
        for question in questions:
            bottom = page.evaluate(BOTTOM, "".join(question.answer.split()))
            assert bottom <= 2 * height, f"{question.asked} {bottom}"
    context.close()


def test_the_first_page_is_short_on_a_phone(browser: Any, folder: Path, example: Validation) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address(folder, example, "index.html"))
    assert page.evaluate("document.documentElement.scrollHeight") < 5_000, "with the footer, which was 1,223 of 6,726"
    assert page.locator(".columns").bounding_box()["y"] < 2 * 844, "the board is two screens at most"
    context.close()


def test_tabs_need_no_script_and_stand_whole_on_paper(browser: Any, folder: Path, example: Validation) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    here = address(folder, example, "services/payments-api.html")
    tabs = ("now", "technical", "money", "history")

    def shown() -> list[str]:
        return [tab for tab in tabs if page.locator(f"#{tab}").is_visible()]

    page.goto(here)
    assert shown() == ["now"]
    page.locator('.tabs a[href="#technical"]').click()
    assert shown() == ["technical"]
    page.goto(f"{here}#agreements")
    assert shown() == ["money"], "a link into a tab opens it"
    page.emulate_media(media="print")
    assert shown() == list(tabs)
    context.close()


def test_the_reader_chooses_light_or_dark_for_all_pages(browser: Any, folder: Path, example: Validation) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    page.goto(address(folder, example, "index.html"))
    light = page.evaluate(paper)
    page.locator("header .scheme").click()
    assert page.evaluate(paper) == "rgb(21, 25, 27)" != light
    assert page.locator("header .scheme").inner_text() == "Light colours"
    page.goto(address(folder, example, "services/index.html"))
    assert page.evaluate(paper) == "rgb(21, 25, 27)", "it is remembered"
    page.locator("footer .scheme").click()
    assert page.evaluate(paper) == light
    context.close()
