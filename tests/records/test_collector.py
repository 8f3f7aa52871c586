"""Many records do not have the collector of circles walk them again and again."""

from __future__ import annotations

import gc

import pytest

from itsm_as_code.records import reading
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.snapshot import WorkTree
from tests.conftest import SMALL


@pytest.mark.parametrize(("many", "frozen"), [(1, True), (1_000, False)])
def test_many_records_are_left_alone(monkeypatch: pytest.MonkeyPatch, many: int, frozen: bool) -> None:
    monkeypatch.setattr(reading, "_MANY", many)
    gc.unfreeze()
    try:
        found = reading.load_catalogue(WorkTree(SMALL), KindRegistry.load())
        assert (gc.get_freeze_count() > len(found)) is frozen
        assert gc.isenabled()
    finally:
        gc.unfreeze()
