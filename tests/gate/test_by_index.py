"""By the index of its base, the gate says of a pull request what it says when it reads everything."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from itsm_as_code import stored_findings
from itsm_as_code.cache import Cache
from itsm_as_code.errors import ItsmError
from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.gate.candidate import read_candidate
from itsm_as_code.gate.decision import Decision
from itsm_as_code.gate.evaluation import decide
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.lazy import NotIndexed
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.reports.gate import text
from tests.conftest import NOW, Workshop
from tests.edits import FOLDERS, Edits, organisation

OF_RECORDS = ("services", "changes", "operations", "improvement", "portfolio")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The organisation of this repository."""
    return organisation(tmp_path_factory.mktemp("bank") / "repository")


def index(shop: Workshop, folder: Path, now: datetime = NOW) -> StoredRecords:
    """A cache with the index of ``main``."""
    revision = Repository(shop.path).snapshot(Repository(shop.path).commit("main"))
    stored_findings.find(revision, StoredRecords(Cache(folder)), lambda as_of: now)
    return StoredRecords(Cache(folder))


def said(shop: Workshop, stored: StoredRecords | None, now: datetime = NOW) -> tuple[object, ...]:
    """All that is said of ``topic``, by the index where there is one; NotIndexed where it lacks something."""
    repository, asked = Repository(shop.path), ("main", "topic", PullRequest("alice"), now)
    try:
        decision = decide(read_candidate(repository, *asked, stored, by_index=stored is not None), repository)
    except ItsmError as error:
        return error.code, str(error)
    return decision.as_data(), decision.findings, decision.outline, shown(decision)


def shown(decision: Decision) -> str:
    return text.render(decision)


class Differential:
    """Pull requests of random edits, judged both ways."""

    def __init__(self, shop: Workshop, folder: Path) -> None:
        self._shop, self._folder = shop, folder
        self._stored = index(shop, folder)
        self.wrong: list[str] = []
        self.by_index = 0

    def judge(self, seed: int, folders: tuple[str, ...] = OF_RECORDS) -> None:
        """Edit, and judge by the index and without."""
        shop, chance = self._shop, random.Random(seed)
        shop.git("checkout", "-q", "-B", "topic", "main")
        what = Edits(shop, seed, folders).make(chance.randint(1, 4))
        shop.commit()
        now = NOW + timedelta(days=chance.choice((0, 0, 0, 0, 1, -3, 90)), minutes=chance.randint(0, 60))
        try:
            fast = said(shop, self._stored, now)
        except NotIndexed:
            return
        self.by_index += 1
        if fast != said(shop, None, now):
            self.wrong.append(f"{seed}: {what}")

    def move(self, seed: int) -> None:
        """Edit the base, and index it."""
        self._shop.git("checkout", "-q", "main")
        Edits(self._shop, seed, OF_RECORDS).make(3)
        self._shop.commit()
        self._stored = index(self._shop, self._folder)


def test_the_index_changes_nothing(bank: Workshop, tmp_path: Path) -> None:
    judged = Differential(bank, tmp_path / "cache")
    for seed in range(10):
        judged.judge(seed)
    assert judged.wrong == []
    assert judged.by_index >= 5, "the others touch what judges"


@pytest.mark.deep
def test_the_index_changes_nothing_after_300_edits(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    judged = Differential(organisation(tmp_path / "repository"), tmp_path / "cache")
    for seed in range(300):
        judged.judge(seed, FOLDERS if seed % 4 == 0 else OF_RECORDS)
        if seed % 25 == 24:
            judged.move(seed)
    record_property("Edits", f"300|{len(judged.wrong)} differ|{judged.by_index} judged by the index")
    assert judged.wrong == []
