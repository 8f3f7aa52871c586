"""The calendar and the agenda of the board in a browser: on paper, on a phone, judged by axe-core."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_site import RULES, SHORT, axe, browser, example, folder

__all__ = ["axe", "browser", "example", "folder"]
pytestmark = pytest.mark.browser


def test_the_agenda_fits_on_two_sheets(browser: Any, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "calendar/decisions.html").as_uri())
    assert not page.locator(".ballot").first.is_visible()
    sheets = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "12mm"))
    page.emulate_media(media="print")
    assert page.locator(".ballot").first.is_visible()
    assert len(re.findall(rb"/Type\s*/Page\b", sheets)) <= 2
    page.close()


@pytest.mark.parametrize("name", ["calendar/index.html", "calendar/decisions.html"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (320, "light")])
def test_nothing_is_out_of_reach(browser: Any, folder: Path, axe: str, name: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True)
    context.add_init_script(axe)
    page = context.new_page()
    page.goto((folder / name).as_uri())
    violations = page.evaluate(SHORT, RULES)["violations"]
    assert [f"{item['id']}: {item['nodes'][0]['html'][:120]}" for item in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
