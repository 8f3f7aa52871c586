"""No file grows with the whole catalogue: what would is cut into parts, and a record stays in its part."""

from __future__ import annotations

import json
import re

import pytest

from itsm_as_code import site
from itsm_as_code.site import pages as site_pages
from itsm_as_code.site.views import parts, state
from tests.site.conftest import Validate
from tests.site.edits import Repository

SHOWN = (
    "views.listing.PAGE_SIZE", "views.listing.PLAIN_SIZE", "views.rows.LARGEST", "views.rows.MOST_ROWS",
    "views.record._MOST_REFERRERS", "graph.LIMIT",
    "views.dependencies._MOST_ROWS", "views.planned._ROWS", "kinds.policy._MOST_OUTCOMES", "kinds.change._MOST_ROWS",
    "kinds.risk._MOST_LINKS",
)  # fmt: skip
"""How many rows are shown of something."""
PERSON = "apiVersion: itsm/v1\nkind: Person\nmetadata: {name: %s, title: Somebody}\nspec: {emails: [%s@a.example]}\n"


def people(count: int) -> dict[str, str]:
    names = [f"person-{number:04d}" for number in range(count)]
    return {f"people/{name}.yaml": PERSON % (name, name) for name in names}


def test_parts_are_about_as_large_whatever_there_is() -> None:
    for records in (0, 1, 1_000, 1_001, 5_000, 110_000):
        cut = parts.cut((f"chg-{number:06d}" for number in range(records)), parts.count(records))
        assert sum(map(len, cut)) == records
        assert all(part == sorted(part) for part in cut)
        assert max(map(len, cut)) <= 1.2 * parts.LARGEST


def test_another_record_changes_no_other_part() -> None:
    before, after = (parts.cut((f"chg-{number:06d}" for number in range(3, last)), 8) for last in (5_000, 5_001))
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


def test_data_and_search_come_in_parts_that_hold_everything(
    validated: Validate, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = dict(site.build(validated(people(60)), "r"))
    whole, index = json.loads(pages["data/people.json"]), pages["static/search-index.js"].decode()
    monkeypatch.setattr(parts, "LARGEST", 20)
    cut = dict(site.build(validated(people(60)), "r"))
    told = json.loads(cut["data/people.json"])
    assert told["records"] == 60
    found = [record for part in told["parts"] for record in json.loads(cut[f"data/{part}"])]
    key = lambda record: record["metadata"]["name"]  # noqa: E731
    assert sorted(found, key=key) == sorted(whole, key=key)
    scripts = [text.decode() for path, text in cut.items() if re.fullmatch(r"static/search-index(_\d)?\.js", path)]
    assert len(scripts) == 4
    rows = re.compile(r"\[\"[^]]+\]")
    assert sorted(row for text in scripts for row in rows.findall(text.split("rows", 1)[1])) == sorted(
        rows.findall(index.split("rows", 1)[1])
    )
    assert sorted(pages.keys() - cut.keys()) == []


def test_every_list_of_a_larger_catalogue_has_more_files_and_not_larger_ones(
    validated: Validate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LARGEST", 20)
    for size in ("listing.PAGE_SIZE", "listing.PLAIN_SIZE", "rows.LARGEST"):
        monkeypatch.setattr(f"itsm_as_code.site.views.{size}", 20)
    small, large = (
        {path: len(text) for path, text in site.build(validated(people(count)), "r")} for count in (80, 160)
    )
    grown = {path for path, size in small.items() if large[path] > 1.3 * size and large[path] > 2_000}
    assert grown <= {"data/people.json"}, "which says where the parts are"


def largest(kind: str, count: int) -> dict[str, int]:
    """The size of the largest file of each sort, with so many records like the first three of a kind.

    Pages of the copies are left out: how many there are of them is what differs.
    """
    repository = Repository()
    paths = [path for path, text in repository.files.items() if f"\nkind: {kind}\n".encode() in text]
    for path in paths[:3]:
        name = path.rsplit("/", 1)[1][:-5]
        for number in range(count // 3):
            copy = path.replace(f"{name}.yaml", f"{name}-x{number:03d}.yaml")
            repository.files[copy] = repository.files[path].replace(
                b"name: %b" % name.encode(), b"name: %b-x%03d" % (name.encode(), number), 1
            )
    context = site_pages.context_of(repository.validated(), "r", None, {})
    found: dict[str, int] = {}
    for unit in site_pages.units(context, state.Now(context), {}):
        for path, content in () if re.search(r"-x\d{3}\Z", unit.name) else unit.make():
            sort = re.sub(r"\d+", "", path)
            found[sort] = max(found.get(sort, 0), len(content))
    return found


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind == "Change" else pytest.mark.deep) for kind in (
        "Change", "Service", "Incident", "Problem", "Person", "ServiceLevelAgreement", "ServiceRequest", "Calendar",
        "RequestOffering", "KnowledgeArticle", "Risk", "Supplier", "ChangeModel", "Waiver", "Improvement", "Release",
    )]
)  # fmt: skip
def test_the_largest_page_of_each_sort_does_not_grow(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LARGEST", 15)
    for limit in SHOWN:
        monkeypatch.setattr(f"itsm_as_code.site.{limit}", 15)
    small, large = largest(kind, 60), largest(kind, 120)
    grown = {sort: (size, large[sort]) for sort, size in small.items() if large[sort] > 1.2 * size + 1_000}
    of_parts = {sort for sort in grown if "_part" in sort or "_rows" in sort}  # by names, so none is quite like another
    assert grown.keys() <= of_parts, grown


def test_a_place_of_the_matrix_names_some_risks_and_leads_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository()
    path = next(path for path in repository.files if path.startswith("policies/risks/"))
    stem, content = path.rsplit("/", 1)[1][:-5], repository.files[path]
    for number in range(30):
        repository.files[f"policies/risks/more-{number:02d}.yaml"] = content.replace(
            b"name: %b\n" % stem.encode(), b"name: more-%02d\n" % number
        )
    context = site_pages.context_of(repository.validated(), "r", None, {})
    wanted = next(unit for unit in site_pages.units(context, state.Now(context), {}) if unit.name == "lists Risk")
    more = re.compile(r'<a href="([^"]*)">and \d+ more</a>')
    few = dict(wanted.make())["risks/index.html"].decode()
    assert more.findall(few) == 2 * ["../risks/index.html#risks"]
    assert 'id="risks"' in few
    monkeypatch.setattr("itsm_as_code.site.views.listing.PAGE_SIZE", 20)
    made = dict(wanted.make())
    many = made["risks/index.html"].decode()
    assert more.findall(many) == ["../risks/by_before.html", "../risks/by_after.html"]
    assert b"more-29.html" in made["risks/by_before.html"]
    assert b"more-29.html" in made["risks/by_after.html"]


def test_what_pages_load_is_named_by_its_content() -> None:
    pages = dict(site.build(Repository().validated(), "r"))
    for path in (path for path in pages if path.startswith("static/") and "search" not in path):
        match = re.fullmatch(r"static/(\w+)\.[0-9a-f]{12}\.(\w+)", path)
        old = f"static/{match[1]}.{match[2]}" if match else path
        assert pages[old] == pages[path]
        if match:
            assert path.rsplit("/", 1)[1].encode() in pages["index.html"]
