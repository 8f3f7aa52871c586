"""Records of every kind whose texts attack, in a real browser: nothing runs on any surface, in English and German."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml

from itsm_as_code import site
from itsm_as_code.site import addresses
from itsm_as_code.site.views import listing
from itsm_as_code.validation import Validation, validate
from tests.browser.test_every_page import types
from tests.conftest import SMALL
from tests.site.conftest import NOW
from tests.site.test_views import record
from tests.snapshots import Memory, catalogue_of, folder

pytestmark = pytest.mark.browser
RECORDS = Path(__file__).resolve().parents[1] / "site/organisation"
ATTACK = (
    "=alert(1)\"'>]]></title><svg onload=alert(1)><script>alert(1)</script><img src=x onerror=alert(1)>"
    "[x](javascript:alert(1)) {{7*7}} ${alert(1)} </script><!--"
)
TURNED = "evil\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe"
THEME = "{% include 'shipped/footer.html' %}<p title='{{ frame.organisation }}'>{{ frame.organisation }}</p>"
FOREIGN = """() => [...document.querySelectorAll("main *, footer *, .hits *")].filter(one => one.matches(
    "script, iframe, img, object, embed, foreignObject, [href^='javascript'], [xlink\\\\:href^='javascript']"
) || [...one.attributes].some(each => each.name.startsWith("on"))).map(one => one.outerHTML.slice(0, 200))"""


def poisoned(data: Any, key: str = "") -> Any:
    """The attack behind each text that is a sentence, and before each title, where a cell of a table begins."""
    if isinstance(data, dict):
        return {name: poisoned(value, name) for name, value in data.items()}
    if isinstance(data, list):
        return [poisoned(value, key) for value in data]
    if key == "title" and isinstance(data, str):
        return f"{ATTACK} {data}"[:200]
    return f"{data} {ATTACK}" if isinstance(data, str) and " " in data and key not in ("rrule", "require") else data


@pytest.fixture(scope="module", params=["de", pytest.param("en", marks=pytest.mark.deep)])
def hostile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Validation]:
    """A site of records of every kind that attack where their schema lets them, and a template of its own."""
    settings = {"organisation": {"name": ATTACK}, "site": {"title": ATTACK[:150], "language": request.param}}
    files = {**folder(SMALL), **folder(RECORDS)}
    attack = {
        path: json.dumps(poisoned(yaml.safe_load(text))).encode() if path.endswith(".yaml") else text
        for path, text in files.items()
    } | {
        "itsm.yaml": json.dumps({"apiVersion": "itsm/v1", "kind": "Configuration", "spec": settings}).encode(),
        "theme/templates/footer.html": THEME.encode(),
        "services/turned.yaml": record("Service", "turned", {}, "T").replace('"T"', TURNED).encode(),
    }
    # What a schema keeps out attacks nobody.
    kept = set(files).difference(item.path for item in catalogue_of(attack) if item.valid) - {"itsm.yaml"}
    validation = validate(Memory(attack | {path: files[path] for path in kept}), NOW)
    out = tmp_path_factory.mktemp("hostile") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "PAGE_SIZE", 2)
        site.write(site.build(validation, ATTACK), out)
    return out, validation


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.deep)])
def test_no_surface_runs_what_records_say(browser: Any, hostile: tuple[Path, Validation], every: int) -> None:
    """Without the policy of pages, which would hide what gets through."""
    top, validation = hostile
    context = browser.new_context(bypass_csp=True)
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    page.on("dialog", lambda dialog: (said.append(f"{page.url}: ran"), dialog.dismiss()))
    page.on("request", lambda asked: asked.url.startswith((top.as_uri(), "data:")) or said.append(asked.url))
    attacked = types(top, validation, "alert(1)")
    records = {f"{addresses.folder(item.kind)}/record" for item in validation.catalogue}
    assert len(records & set(attacked)) > 20
    assert {"calendar/index.html", "calendar/decisions.html", "portfolio/index.html", "index.html"} <= set(attacked)
    for path in list(attacked.values())[::every]:
        page.goto((top / path).as_uri())
        said += page.evaluate(FOREIGN)
    page.goto((top / "services/index.html").as_uri())
    page.locator("[data-words]").fill("alert")
    page.locator("main tbody tr:visible").first.wait_for()
    page.locator("#q").fill("alert")
    page.locator(".hits a").first.wait_for()
    assert "<script>" in page.locator(".hits").inner_text()
    said += page.evaluate(FOREIGN)
    for badge in sorted(top.glob("services/*.svg"))[:2]:
        page.goto(badge.as_uri())
        assert "alert(1)" in ET.fromstring(badge.read_text("utf-8"))[0].text  # noqa: S314 - our own
    context.close()
    assert said == []


def test_other_programs_take_texts_for_texts(hostile: tuple[Path, Validation]) -> None:
    top, _ = hostile
    feed = ET.fromstring((top / "news.atom").read_bytes())  # noqa: S314 - our own
    atom = "{http://www.w3.org/2005/Atom}"
    assert {child.tag for entry in feed.iter(f"{atom}entry") for child in entry.iter()} <= {
        f"{atom}{tag}" for tag in ("entry", "title", "id", "updated", "link", "summary")
    }
    assert any(ATTACK[:60] in (title.text or "") for title in feed.iter(f"{atom}title"))
    cells = [cell for file in top.rglob("*.csv") for row in csv.reader(file.open(newline="")) for cell in row]
    assert any("=alert(1)" in cell for cell in cells)
    assert [
        cell for cell in cells if cell[:1] in "=+-@\t\r" and cell and not cell.lstrip("-").replace(".", "").isdigit()
    ] == []
    assert not any("\N{RIGHT-TO-LEFT OVERRIDE}" in file.read_text("utf-8") for file in top.rglob("*.html"))
