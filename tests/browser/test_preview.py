"""The preview in a real browser: a page loads anew after a build, and shows what is wrong, as the text that it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import site
from itsm_as_code.findings import Finding, Location, Severity
from itsm_as_code.site.preview import Preview, Server, listen
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import validate
from tests.conftest import NOW, SMALL
from tests.site.test_hostile import ATTACK

pytestmark = pytest.mark.browser
FOUND = [Finding("schema", Severity.ERROR, Location(f"services/{ATTACK}.yaml", 3, 1), ATTACK, ATTACK)] * 60


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Preview, Server]]:
    out = tmp_path_factory.mktemp("preview") / "site"
    site.write(site.build(validate(WorkTree(SMALL), NOW), "work tree"), out)
    preview = Preview(out)
    preview.built([])
    with closing(listen(preview, 0)) as server:
        server.start()
        yield preview, server


def test_a_page_loads_anew_and_shows_findings(served: tuple[Preview, Server], browser: Any, axe: str) -> None:
    preview, server = served
    page, said = browser.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
    page.goto(f"{server.url}services/orders.html")
    page.wait_for_function("document.querySelector('script[data-site]')")
    assert page.locator(".itsm-preview").count() == 0

    preview.stayed(FOUND)
    panel = page.locator(".itsm-preview")
    panel.wait_for()
    assert "60 findings, 60 errors; this is the last good site" in panel.inner_text()
    assert ATTACK in panel.inner_text()
    assert "and 10 more" in panel.inner_text()
    assert panel.locator("script, img, b").count() == 0
    page.evaluate(axe)
    assert page.evaluate("axe.run('.itsm-preview').then(found => found.violations.map(one => one.id))") == []

    file: Path = preview.root / "services/orders.html"
    fresh = file.read_text().replace("<body>", "<body><p id='new'>New</p>")
    file.write_text(fresh)
    preview.built([])
    page.locator("#new").wait_for(timeout=10_000)
    assert page.locator(".itsm-preview").count() == 0
    assert page.url.endswith("/services/orders.html")
    assert said == []
    page.close()
