"""Records of an index are read when somebody asks what they say, and then so many at a time as are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.cache import Cache
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.lazy import LazyCatalogue
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.stored_validation import standing
from tests.conftest import NOW, Workshop

COUNT = 40


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files were read at a time."""
    found: list[int] = []
    load = LazyCatalogue._load

    def noting(self: LazyCatalogue, kind: Any, files: Mapping[str, Any]) -> None:
        found.append(len(files))
        load(self, kind, files)

    monkeypatch.setattr(LazyCatalogue, "_load", noting)
    return found


def by_index(shop: Workshop, folder: Path) -> Catalogue:
    """The catalogue of ``main``, by an index if there is one."""
    snapshot = Repository(shop.path).snapshot(Repository(shop.path).commit("main"))
    return standing(snapshot, StoredRecords(Cache(folder)), lambda _: NOW).catalogue


@pytest.fixture
def catalogue(workshop: Workshop, tmp_path: Path, read: list[int]) -> Catalogue:
    workshop.git("checkout", "-q", "main")
    for number in range(10, 10 + COUNT):
        workshop.change(f"chg-20261122-tune-{number}")
    workshop.commit()
    by_index(workshop, tmp_path / "cache")
    found = by_index(workshop, tmp_path / "cache")
    read.clear()
    return found


def test_who_asks_for_names_reads_no_record(catalogue: Catalogue, read: list[int]) -> None:
    changes = catalogue.of_kind("Change")
    assert [change.name for change in changes] == catalogue.valid_names("Change")
    assert read == []


def test_who_goes_through_them_reads_ever_more_at_a_time(catalogue: Catalogue, read: list[int]) -> None:
    assert all(change.spec["status"] == "proposed" for change in catalogue.of_kind("Change"))
    assert sum(read) == COUNT
    assert len(read) < 8


def test_who_wants_a_few_reads_few(catalogue: Catalogue, read: list[int]) -> None:
    changes = catalogue.of_kind("Change")
    for place in (30, 20, 10, 35):
        assert changes[place].data["metadata"]["name"] == changes[place].name
    assert read == [1, 1, 1, 1]


def test_they_are_what_was_read(catalogue: Catalogue) -> None:
    read = {record.id: record for record in load_catalogue(catalogue.snapshot, catalogue.registry)}
    for change in catalogue.of_kind("Change"):
        same = replace(read[change.id], kind=change.kind, content=None, oid=change.oid)
        assert change == same
        assert same == change
        assert hash(change) == hash(same)
        assert replace(change, data={}) == replace(same, data={}) != change
        assert not hasattr(change, "nothing")
        assert catalogue.get("Change", change.name) == change
        assert catalogue.data["Change"][change.name] is change.data
