"""By an index, answers of an earlier run are looked through without reading the records that they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from itsm_as_code.cache import Cache
from itsm_as_code.compliance import Assessment
from itsm_as_code.compliance import told as told_module
from itsm_as_code.compliance.told import Told
from itsm_as_code.git.repository import Repository
from itsm_as_code.policies import looks
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.records.lazy import LazyCatalogue
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.stored_validation import standing
from itsm_as_code.validation import Validation
from tests.compliance.test_told import DAYS, EDITS_OF_ALL, POLICIES, World, _path, control, policy
from tests.conftest import Workshop

OF_STATE = "record('Service', object.spec.status) == null || record('Service', object.spec.status).spec.tier < 3"
OF_SERVICE = "record('Service', object.spec.services[0]).spec.tier < 3"


@dataclass
class Indexed(World):
    """The same in a git repository, of which an index is kept."""

    shop: Workshop | None = None
    folder: Path = Path()
    by_index: bool = True

    def validated(self) -> Validation:
        if self.shop is None or not self.by_index:
            return super().validated()
        for path, data in self.files.items():
            self.shop.write(path, orjson.dumps(data) if isinstance(data, dict) else data)
        self.shop.commit()
        snapshot = Repository(self.shop.path).snapshot(self.shop.tip())
        return standing(snapshot, StoredRecords(Cache(self.folder)), lambda _: self.now)

    def told(self) -> dict[str, Assessment]:
        return self.assess(Cache(self.folder))

    def plain(self) -> dict[str, Assessment]:
        self.by_index = False
        try:
            return self.assess()
        finally:
            self.by_index = True


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Indexed:
    monkeypatch.setattr("itsm_as_code.policies.cel.batch._BEFORE", 0)
    shop = Workshop(tmp_path / "repository")
    shop.path.mkdir()
    shop.git("init", "-q", "-b", "main", "--template=")
    return Indexed(shop=shop, folder=tmp_path / "cache")


@pytest.fixture
def few(world: Indexed) -> Indexed:
    """Policies that look at what a record names, and no others."""
    for name in POLICIES.keys() - {"of-service"}:
        del world.files[f"policies/{name}.yaml"]
    world.files["policies/of-state.yaml"] = policy("of-state", {"require": OF_STATE})
    world.files["services/implementing.yaml"] = {
        **(service := world.files["services/orders.yaml"]),
        "metadata": {**service["metadata"], "name": "implementing"},
    }
    world.files["policies/controls/c.yaml"] = control(
        {"type": "policy", "policy": "of-service"},
        {"type": "policy", "policy": "of-state"},
        {"type": "records", "kind": "Incident", "require": OF_SERVICE},
    )
    return world


@pytest.mark.parametrize("name", EDITS_OF_ALL)
def test_what_was_told_stands_where_it_holds(world: Indexed, name: str) -> None:
    for _ in range(2):
        before = world.told()
    EDITS_OF_ALL[name](world)
    for _ in range(2):
        assert world.told() == world.plain()
    assert (world.plain() == before) is (name == "all")


def _tier(world: Indexed, service: str = "orders") -> None:
    world.files[f"services/{service}.yaml"] = orjson.loads(orjson.dumps(world.files[f"services/{service}.yaml"]))
    world.spec(f"services/{service}.yaml")["tier"] = 4


def _other(world: Indexed) -> None:
    world.spec(_path("2026-06-01"))["services"] = ["database"]
    assert isinstance(world.validated().catalogue, ChangedCatalogue)
    world.told()
    _tier(world, "database")


class Blind:
    """A catalogue that does not say what differs from its index."""

    touched: frozenset[Any] = frozenset()

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalogue, name)


INIT, HELD = Told.__init__, Told.held
GUARDS: dict[str, tuple[Callable[[Indexed], None], Any, str, Any]] = {
    "who names it": (_tier, told_module, "naming", lambda *_: frozenset()),
    "what is said at work": (
        lambda world: _tier(world, "implementing"),
        *(Told, "held", lambda self, *about: HELD(self, *about[:4])),
    ),
    "which kinds are known": (
        _tier,
        *(told_module, "naming", lambda catalogue, *about: looks.Looks(catalogue.part).naming(*about)),
    ),
    "what differs": (_other, Told, "__init__", lambda self, *about: INIT(self, *about[:5], Blind(about[5]))),
}


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("name", GUARDS)
def test_what_an_answer_rests_on_is_asked_for(
    few: Indexed, name: str, is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a guard, what is told is right, and without it wrong."""
    edit, *guard = GUARDS[name]
    for _ in range(2):
        before = few.told()
    if not is_there:
        monkeypatch.setattr(*guard)
    edit(few)
    assert (few.told() == few.plain()) is is_there
    assert few.plain() != before


def test_what_names_nothing_that_differs_is_not_read(few: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        few.told()
    few.spec(_path("2026-06-01"))["summary"] = "Tune it anew."
    validation = few.validated()
    read: set[str] = set()
    load = LazyCatalogue._load

    def noting(self: LazyCatalogue, kind: Any, files: Mapping[str, Any]) -> None:
        read.update(files)
        load(self, kind, files)

    monkeypatch.setattr(LazyCatalogue, "_load", noting)
    monkeypatch.setattr(few, "validated", lambda: validation)
    few.told()
    assert read
    assert read.isdisjoint(map(_path, DAYS))
