"""The calendar and the agenda of the board in a browser: on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

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
