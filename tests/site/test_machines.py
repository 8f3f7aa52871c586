"""What programs read of the site: tables, an Atom feed, badges, an indicator; with hostile records too."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from xml.etree import ElementTree

import pytest

from itsm_as_code import site
from itsm_as_code.interchange.status_summary import summary
from itsm_as_code.measures.condition import CONDITIONS
from itsm_as_code.site.pages import context_of
from itsm_as_code.site.views import rows, state
from itsm_as_code.site.views.values import Row, Text
from itsm_as_code.validation import Validation
from tests.site.conftest import REVISION, Validate
from tests.site.reader import read
from tests.site.test_hostile import ATTACK
from tests.site.test_views import PEOPLE, change, incident, outage, service

ATOM = "{http://www.w3.org/2005/Atom}"


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode())))


def test_each_list_is_a_table_too(pages: dict[str, bytes], example: Validation) -> None:
    for kind in example.registry:
        count = len(example.catalogue.of_kind(kind.name))
        stem = f"{kind.plural}/index"
        if f"{stem}.csv" in pages:
            assert len(table(pages[f"{stem}.csv"])) == count + 1, kind.name
        else:
            assert count == 0, kind.name
    links = {element.attributes["href"] for element in read(pages["data/index.html"]).all("a")}
    assert {"../services/index.csv", "../summary.json", "../news.atom"} <= links


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d"])
def test_no_cell_is_a_formula(start: str) -> None:
    said = dict(rows.tables("t", (f"{start}HEAD",), [(f"{start}GROUP", Row.of(Text(f"{start}cmd|' /C calc'!A0")))]))
    for line in table(said["t.csv"]):
        assert all(not cell.startswith(start) for cell in line), line


def test_a_long_table_goes_on_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LARGEST", 2)
    said = dict(rows.tables("t", ("N",), [(None, Row.of(Text(str(n)))) for n in range(5)]))
    assert list(said) == ["t.csv", "t_part_2.csv", "t_part_3.csv"]
    assert [line for text in said.values() for line in table(text)[1:]] == [[str(n)] for n in range(5)]


def test_the_feed_has_the_latest_first_and_is_the_same_again(pages: dict[str, bytes], example: Validation) -> None:
    feed = ElementTree.fromstring(pages["news.atom"])  # noqa: S314 - our own bytes
    updated = [entry.findtext(f"{ATOM}updated") or "" for entry in feed.iter(f"{ATOM}entry")]
    assert len(updated) == 50
    assert updated == sorted(updated, reverse=True)
    assert updated[0] == feed.findtext(f"{ATOM}updated") <= "2026-11-22T12:00:00Z"
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")]
    assert len(set(ids)) == 50
    assert dict(site.build(example, "another"))["news.atom"] == pages["news.atom"]


def indicator(validated: Validate, *files: Mapping[str, str]) -> str:
    world = dict(PEOPLE) | service("a")
    for more in files:
        world |= more
    found: str = json.loads(dict(site.build(validated(world), "r"))["summary.json"])["indicator"]
    return found


def test_one_word_says_how_all_stands(validated: Validate) -> None:
    assert indicator(validated) == "operational"
    assert indicator(validated, incident("i", "a", outages=outage("full", "2026-11-22T11:00:00Z"))) == "outage"
    assert indicator(validated, incident("i", "a", outages=outage("degraded", "2026-11-22T11:00:00Z"))) == "degraded"


def test_hostile_words_are_text_in_all_of_them(validated: Validate) -> None:
    files = PEOPLE | {path: text.replace('"A"', json.dumps(ATTACK)) for path, text in service("a").items()}
    files |= {path: text.replace('"c"', json.dumps(ATTACK)) for path, text in change(
        "c", schedule={"start": "2026-11-20T10:00:00Z", "end": "2026-11-20T11:00:00Z"}).items()}  # fmt: skip
    pages = dict(site.build(validated(files), "r"))
    badge = ElementTree.fromstring(pages["services/a.svg"])  # noqa: S314 - our own bytes
    assert {element.tag.rpartition("}")[2] for element in badge.iter()} == {"svg", "title", "rect", "path", "g", "text"}
    assert ATTACK[:8] in "".join(badge.itertext())
    feed = ElementTree.fromstring(pages["news.atom"])  # noqa: S314 - our own bytes
    titles = [entry.findtext(f"{ATOM}title") or "" for entry in feed.iter(f"{ATOM}entry")]
    assert any(ATTACK in title for title in titles)
    assert any(ATTACK in cell for line in table(pages["services/index.csv"]) for cell in line)
    assert any(
        "<script>" in element.attributes.get("content", "") for element in read(pages["services/a.html"]).all("meta")
    )


def test_the_export_for_status_pages_goes_by_the_same_rule(example: Validation) -> None:
    now = state.Now(context_of(example, REVISION, None, None))
    assert tuple(state.CONDITIONS) == CONDITIONS
    told = summary(example.facts, example.now, "Alder Bank", "https://x.example", "UTC")["components"]
    stands = {service.title: now.condition(service) for service in example.catalogue.of_kind("Service")}
    seen = {(stands[item["name"]], item["status"]) for item in told}
    assert {"incident", "minor", "restored", "works"} <= {condition for condition, _ in seen}
    assert seen <= {
        ("out", "major_outage"), ("degraded", "degraded_performance"), ("affected", "degraded_performance"),
        ("incident", "degraded_performance"), ("minor", "operational"), ("changing", "under_maintenance"),
        ("restored", "operational"), ("works", "operational"),
    }  # fmt: skip
