"""The site of the living example as a whole."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from itsm_as_code import site
from itsm_as_code.site.render import Renderer
from itsm_as_code.validation import Validation
from tests.site.conftest import REVISION
from tests.site.questions import PAST
from tests.site.reader import Document, internal, read
from tests.site.transcript import organisation

Pages = dict[str, bytes]


@pytest.fixture(scope="module")
def documents(pages: Pages) -> dict[str, Document]:
    return {path: read(content) for path, content in pages.items() if path.endswith(".html")}


def test_same_input_same_bytes(example: Validation, pages: Pages) -> None:
    assert dict(site.build(example, REVISION, past=PAST)) == pages


def test_files_are_made_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site of any size takes the memory of its records, not that of its files."""
    made: list[str] = []
    page = Renderer.page
    monkeypatch.setattr(Renderer, "page", lambda self, view: made.append(view.path) or page(self, view))
    for count, (path, _) in enumerate(site.build(organisation(), REVISION), 1):
        assert made[-1] == path or not path.endswith(".html")
        assert len(made) <= count
    assert len(made) == len(set(made)) > 50


def test_every_record_has_a_page_and_its_data(example: Validation, pages: Pages) -> None:
    for record in example.catalogue:
        assert f"{record.kind.plural}/{record.name}.html" in pages
        assert json.loads(pages[f"data/{record.kind.plural}/{record.name}.json"]) == json.loads(json.dumps(record.data))


def test_every_internal_link_resolves(pages: Pages, documents: dict[str, Document]) -> None:
    ids = {path: set(document.ids) for path, document in documents.items()}
    broken = []
    for path, document in documents.items():
        for element in document.elements:
            for name in ("href", "src"):
                address = element.attributes.get(name, "")
                target = internal(path, address) if address and element.tag != "use" else None
                if target and (target[0] not in pages or (target[1] and target[1] not in ids[target[0]])):
                    broken.append(f"{path}: {address}")
    assert not broken, "\n".join(broken[:20])


def test_every_page_can_be_reached_from_home(pages: Pages, documents: dict[str, Document]) -> None:
    seen, queue = {"index.html"}, ["index.html"]
    while queue:
        page = queue.pop()
        for element in documents[page].all("a"):
            target = internal(page, element.attributes.get("href", ""))
            if target and target[0] in documents and target[0] not in seen:
                seen.add(target[0])
                queue.append(target[0])
    assert set(documents) == seen


def test_every_live_service_shows_owner_and_agreement(example: Validation, documents: dict[str, Document]) -> None:
    for service in example.catalogue.of_kind("Service"):
        if service.spec["lifecycle"] != "live":
            continue
        document = documents[f"services/{service.name}.html"]
        hrefs = {element.attributes.get("href") for element in document.all("a")}
        assert f"../teams/{service.spec['owner']}.html" in hrefs
        agreements = [
            agreement.name
            for agreement in example.catalogue.of_kind("ServiceLevelAgreement")
            if agreement.spec["service"] == service.name
        ]
        assert {f"../service-level-agreements/{name}.html" for name in agreements} <= hrefs
        if not agreements:
            assert "There is no agreement about this service." in document.all("main")[0].text


def test_references_are_links(example: Validation, documents: dict[str, Document]) -> None:
    for record in example.catalogue:
        hrefs = {
            element.attributes.get("href") for element in documents[f"{record.kind.plural}/{record.name}.html"].all("a")
        }
        for reference in record.references():
            kinds = [kind for kind in reference.kinds if example.catalogue.get(kind, reference.name)]
            for kind in kinds[:1]:
                assert f"../{example.registry[kind].plural}/{reference.name}.html" in hrefs, (record.id, reference)


def test_every_page_leads_to_when_and_from_which_commit(documents: dict[str, Document]) -> None:
    for path, document in documents.items():
        footer = document.all("footer")[0]
        assert "Europe/Berlin" in footer.text
        links = [internal(path, a.attributes["href"]) for a in document.all("a") if a.text.startswith("When and from")]
        assert ("about.html", "") in links, path
    said = documents["about.html"].all("main")[0].text
    assert "Sun 22 Nov 2026, 13:00 CET" in said
    assert f"commit {REVISION[:12]}" in said
    assert "Europe/Berlin" in said


def test_a_later_commit_that_changes_no_record_changes_no_page_but_two() -> None:
    """The one that names the commit, and the first page, which says what is wrong now."""
    whole = organisation()  # something begins on the hour
    before = dict(site.build(replace(whole, now=whole.now + timedelta(seconds=20)), REVISION))
    after = dict(site.build(replace(whole, now=whole.now + timedelta(seconds=40)), "0" * 40))
    assert {path for path in before | after if before.get(path) != after.get(path)} == {"about.html", "index.html"}


def test_nothing_comes_from_elsewhere_and_nothing_is_inline(documents: dict[str, Document]) -> None:
    for path, document in documents.items():
        for element in document.elements:
            assert "style" not in element.attributes, path
            assert not [name for name in element.attributes if name.startswith("on")], path
            if element.attributes.get("rel") == "canonical":  # where the page is published; nobody fetches it
                continue
            if element.tag in ("script", "link", "img", "iframe", "object", "embed"):
                source = element.attributes.get("src") or element.attributes.get("href", "")
                assert internal(path, source) or source == "data:,", f"{path}: {source}"
            if element.tag == "script":
                assert element.attributes.get("src"), path
        policies = [e for e in document.all("meta") if e.attributes.get("http-equiv") == "Content-Security-Policy"]
        assert policies[0].attributes["content"].startswith("default-src 'none';")


def test_headings_landmarks_and_ids(documents: dict[str, Document]) -> None:
    for path, document in documents.items():
        levels = [int(element.tag[1]) for element in document.all("h1", "h2", "h3", "h4")]
        assert levels[0] == 1, path
        assert levels.count(1) == 1, path
        assert all(later - earlier <= 1 for earlier, later in pairwise(levels)), f"{path}: {levels}"
        assert len(document.ids) == len(set(document.ids)), path
        assert len(document.all("main")) == len(document.all("footer")) == 1, path
        assert all(element.attributes.get("datetime") for element in document.all("time")), path


def test_pages_are_small(pages: Pages) -> None:
    for path, content in pages.items():
        if path.endswith(".html"):
            assert len(gzip.compress(content)) < 50_000, path
            assert len(content) < 1_000_000, path
        if path.endswith(".js") and "index" not in path:
            assert len(content) < 15_000, path


def test_a_status_is_word_and_shape(documents: dict[str, Document]) -> None:
    for path, document in documents.items():
        for element in document.all("span"):
            if element.attributes.get("class", "").startswith("s "):
                assert element.text.strip(), path
                assert f"i-{element.attributes['class'].removeprefix('s s-')}" in document.ids, path


def test_no_attained_value_is_claimed_without_measurements(documents: dict[str, Document]) -> None:
    """Outages are always recorded, so availability has a figure; nothing else that is promised was measured."""
    rows = [row.text for row in documents["services/core-ledger.html"].all("tr")]
    (available,) = (row for row in rows if row.startswith("AvailabilityAt least 99.98 %"))
    assert available.endswith("100 % Met")
    others = [row for row in rows if row.startswith(("Latency", "Throughput", "Quality", "Time to "))]
    assert len(others) == 7
    assert all(row.endswith("No data") and "100 %" not in row for row in others)
    # In the answer and its arithmetic, each now and in the last quarter, and beside the objective.
    assert documents["services/core-ledger.html"].all("main")[0].text.count("100 %") == 5
