"""Every type of page, found by listing what a build wrote: in all colours, widths, with scripts and without.

The default run sees every third of them once, so that every two of scheme, width, scripts and transport meet; the deep
run sees each in all of them, and is where axe-core judges each. With ITSM_SCREENSHOTS it leaves pictures there.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations, product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from itsm_as_code.site import addresses
from itsm_as_code.validation import Validation
from tests.browser.test_site import RULES, SAMPLE, SEEN, SHORT, address

pytestmark = pytest.mark.browser
SCHEMES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced": {"color_scheme": "light", "forced_colors": "active"},
}
WIDTHS = (1280, 390, 320)
ROWS = [
    (list(SCHEMES)[s], WIDTHS[w], (s + w) % 2 == 0, "http" if w == (s + 1) % 3 else "file")
    for s, w in product(range(3), range(3))
]
"""Scheme, width, whether scripts run, and by what a page comes: each two values of any two stand in one of them."""
EVERY = 3
"""Which types of page are looked at in the default run: each third."""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def tops(folder: Path) -> Iterator[dict[str, str]]:
    """Where the site begins: its folder, and a path below a host."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder.parent))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield {"file": folder.as_uri(), "http": f"http://127.0.0.1:{server.server_port}/{quote(folder.name)}"}
        server.shutdown()
        thread.join()


def types(folder: Path, validation: Validation, holds: str = "") -> dict[str, Path]:
    """A page of each type, the smallest with a text: lists, what else a folder holds, and a record of each kind."""
    kinds, found = {addresses.folder(kind) for kind in validation.registry}, dict[str, Path]()
    for file in sorted(folder.rglob("*.html"), key=lambda file: (file.stat().st_size, file)):
        path = file.relative_to(folder)
        if holds and holds not in file.read_text("utf-8").partition("<main")[2].partition("</main>")[0]:
            continue
        is_list = re.match(r"index\b|index_\d|by_", file.stem)
        named = str(path) if is_list or path.parts[0] not in kinds else f"{path.parts[0]}/record"
        found.setdefault(re.sub(r"_\d+\.html$", "_N", named), path)
    return dict(sorted(found.items()))


@contextmanager
def watched(browser: Any, scripts: bool, tops: dict[str, str]) -> Iterator[tuple[Any, list[str]]]:
    """A page, and what it said or asked for elsewhere."""
    context = browser.new_context(java_script_enabled=scripts, reduced_motion="reduce")
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    page.on(
        "request", lambda asked: said.append(asked.url) if not asked.url.startswith((*tops.values(), "data:")) else 0
    )
    yield page, said
    context.close()


def look(page: Any, width: int, scheme: str) -> list[str]:
    """What is out of reach in these colours at this width."""
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(**SCHEMES[scheme])
    wide = page.evaluate("document.documentElement.scrollWidth")
    found = [f"scrolls sideways: {wide}"] if wide > width else []
    return found + ([f"hidden: {cell}" for cell in page.evaluate(SEEN)] if width < 1280 else [])


def violations(page: Any, axe: str, options: dict[str, Any], told: set[str]) -> list[str]:
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(axe)
    result = page.evaluate(SHORT, options)
    assert told <= set(result["passes"])
    return [
        f"{violation['id']}: {node['html'][:160]}: {node['failureSummary'][:300]}"
        for violation in result["violations"] for node in violation["nodes"][:3]
    ]  # fmt: skip


def test_any_two_circumstances_meet() -> None:
    for one, other in combinations(range(4), 2):
        values = [{row[at] for row in ROWS} for at in (one, other)]
        assert {(row[one], row[other]) for row in ROWS} == set(product(*values))


def test_types_of_page_are_silent_and_within_reach(
    browser: Any, folder: Path, example: Validation, tops: dict[str, str]
) -> None:
    found, wrong = types(folder, example), list[str]()
    assert {f"{addresses.folder(record.kind)}/record" for record in example.catalogue} <= set(found)
    with watched(browser, True, tops) as (on, said), watched(browser, False, tops) as (off, also):
        paths = list(found.values())[::EVERY]
        assert len(paths) >= 2 * len(ROWS)
        for number, path in sorted(enumerate(paths), key=lambda each: each[0] % len(ROWS)):
            scheme, width, scripts, transport = ROWS[number % len(ROWS)]
            page = on if scripts else off
            page.goto(f"{tops[transport]}/{path.as_posix()}")
            wrong += [f"{path}, {scheme}: {what}" for what in look(page, width, scheme)]
            assert page.locator("h1").count() == 1, path
        assert [*wrong, *said, *also] == []


VIEWS: dict[str, tuple[list[str], dict[str, Any], set[str]]] = {
    "light": (SAMPLE[::2], RULES, {"color-contrast", "target-size"}),
    "dark": (SAMPLE[3::4], {"runOnly": {"type": "rule", "values": ["color-contrast"]}}, {"color-contrast"}),
    "narrow": (SAMPLE[1::4], RULES | {"rules": {"color-contrast": {"enabled": False}}}, {"target-size"}),
}
"""Pages, rules of axe-core, and which of them must have had something to judge. Contrast takes most of its time; what
does not depend on colours is not judged again in dark ones. The default run judges each page of the sample once."""


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.deep)])
@pytest.mark.parametrize("view", VIEWS)
def test_no_accessibility_violation(
    browser: Any, folder: Path, example: Validation, axe: str, view: str, tops: dict[str, str], whole: bool
) -> None:
    """Of the sample, on which each part of pages stands."""
    (names, rules, told), wrong = VIEWS[view], []
    with watched(browser, True, tops) as (page, _):
        for name in SAMPLE if whole else names:
            page.set_viewport_size({"width": 320 if view == "narrow" else 1280, "height": 900})
            page.emulate_media(**SCHEMES[view if view in SCHEMES else "light"])
            page.goto(address(folder, example, name))
            wrong += [f"{name}: {what}" for what in violations(page, axe, rules, told)]
    assert wrong == []


@pytest.mark.deep
def test_every_type_of_page_in_all_circumstances(
    browser: Any, folder: Path, example: Validation, tops: dict[str, str]
) -> None:
    pictures = os.environ.get("ITSM_SCREENSHOTS")
    wrong, found = list[str](), types(folder, example)
    for scripts, transport in product((True, False), tops):
        with watched(browser, scripts, tops) as (page, said):
            for name, path in found.items():
                page.goto(f"{tops[transport]}/{path.as_posix()}")
                for width, scheme in product(WIDTHS, SCHEMES):
                    wrong += [f"{path}, {scripts}, {transport}, {scheme}: {what}" for what in look(page, width, scheme)]
                    if pictures and scripts and transport == "file" and width != 320 and scheme != "forced":
                        file = Path(pictures) / f"{name.replace('/', '-').removesuffix('.html')}-{width}-{scheme}.png"
                        page.screenshot(path=file, full_page=True, scale="css")
            wrong += said
    assert wrong == []
    print(f"{len(found)} types of page, {len(found) * len(tops) * 2 * len(WIDTHS) * len(SCHEMES)} views")


CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
EACH = [
    (1280, "light", RULES), (1280, "dark", CONTRAST), (1280, "forced", CONTRAST),
    (390, "light", VIEWS["narrow"][1]), (320, "light", VIEWS["narrow"][1]),
]  # fmt: skip


@pytest.mark.deep
def test_no_type_of_page_has_an_accessibility_violation(
    browser: Any, folder: Path, example: Validation, axe: str, tops: dict[str, str]
) -> None:
    """Colours do not depend on the width, nor anything else on colours: each rule once where its answer may differ."""
    wrong, found = [], types(folder, example)
    with watched(browser, True, tops) as (page, _):
        for number, path in enumerate(found.values()):
            page.goto(f"{tops['file']}/{path.as_posix()}")
            for width, scheme, rules in EACH:
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(**SCHEMES[scheme])
                wrong += [f"{path}, {width}, {scheme}: {what}" for what in violations(page, axe, rules, set())]
            print(f"{number + 1} of {len(found)}: {path}: {len(wrong)} violations so far", flush=True)
    assert wrong == []
