"""Summaries of the gate in a real browser, as wide as a forge shows them: nothing runs over, and all is one screen."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from itsm_as_code.reports.gate._summary import MOST_LINES
from itsm_as_code.reports.gate.markdown import render
from tests.conftest import ROOT, Workshop
from tests.reports.test_summary import full

sys.path.insert(0, str(ROOT / "docs"))
from summary_page import WIDTH
from summary_page import page as as_page

pytestmark = pytest.mark.browser
LINE = 24
"""Pixels of a line: 21 of text, 28 of a table, and what parts paragraphs."""


def test_a_summary_is_one_screen(workshop: Workshop, browser: Any) -> None:
    workshop.change()
    workshop.commit()
    summaries = [render(workshop.judge()), *(render(full(size)) for size in (0, 20, 300))]
    page = browser.new_page(viewport={"width": WIDTH, "height": 100})
    for summary in summaries:
        page.set_content(as_page(summary))
        width, height = page.evaluate("[document.body.scrollWidth, document.body.scrollHeight]")
        assert (width <= WIDTH, height <= MOST_LINES * LINE) == (True, True), (width, height, summary[:3000])
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
        assert page.evaluate("document.body.scrollHeight") > height
    page.close()
