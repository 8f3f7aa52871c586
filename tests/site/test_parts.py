"""No file grows with the whole catalogue: what would is cut into parts, and a record stays in its part."""

from __future__ import annotations

import json
import re

import pytest

from itsm_as_code import site
from itsm_as_code.site.views import parts
from tests.site.conftest import Validate
from tests.site.edits import Repository

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


def test_what_pages_load_is_named_by_its_content() -> None:
    pages = dict(site.build(Repository().validated(), "r"))
    for path in (path for path in pages if path.startswith("static/") and "search" not in path):
        match = re.fullmatch(r"static/(\w+)\.[0-9a-f]{12}\.(\w+)", path)
        old = f"static/{match[1]}.{match[2]}" if match else path
        assert pages[old] == pages[path]
        if match:
            assert path.rsplit("/", 1)[1].encode() in pages["index.html"]
