"""`itsm build` with a cache writes what it writes without one, whatever an index knows of the records."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from itsm_as_code import by_index, snapshot
from itsm_as_code.cache import Cache
from itsm_as_code.clock import format_instant
from itsm_as_code.compliance import hindsight
from itsm_as_code.records import catalogue, index
from itsm_as_code.records.index import TreeIndex
from itsm_as_code.records.lazy import LazyCatalogue
from itsm_as_code.site.write import MARKER
from tests.conftest import Run, Workshop
from tests.site.edits import Repository, edit


class Shop:
    """A git repository that is built again and again over its site with a cache, and once without."""

    def __init__(self, top: Path, itsm: Run) -> None:
        self.top, self._itsm = top, itsm
        self.files = Repository()
        self.shop = Workshop(top / "repository")
        self.shop.path.mkdir()
        self.shop.git("init", "-q", "-b", "main", "--template=")
        self.commit()

    def lay_out(self) -> None:
        """Write the files as they are now."""
        top = self.shop.path
        old = {file.relative_to(top).as_posix(): file.read_bytes() for file in top.rglob("*.*") if file.is_file()}
        for path in old.keys() - self.files.files.keys():
            if not path.startswith(".git/"):
                (top / path).unlink()
        for path, content in self.files.files.items():
            if old.get(path) != content:
                self.shop.write(path, content)

    def commit(self) -> None:
        self.lay_out()
        self.shop.commit()

    def build(self, out: str, *more: str | Path) -> tuple[int, str, str]:
        """Exit code, and what is said."""
        about = ("-C", self.shop.path, "--now", format_instant(self.files.now), "--history", "0")
        return self._itsm("build", *about, "-o", self.top / out, *more)

    def differences(self, *more: str) -> list[str]:
        """The files that are others with a cache than without."""
        code, _, said = self.build("warm", *more, "--cache", self.top / "cache")
        other = self.build(f"cold-{self.shop.clock}-{len(more)}", *more, "--no-cache")
        assert (code, other[0]) == (0, 0), said + other[2]
        warm, cold = contents(self.top / "warm"), contents(self.top / f"cold-{self.shop.clock}-{len(more)}")
        return sorted(path for path in warm.keys() | cold.keys() if warm.get(path) != cold.get(path))


def contents(out: Path) -> dict[str, bytes]:
    files = (path for path in out.rglob("*") if path.is_file() and path.name != MARKER)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def shop(tmp_path: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(snapshot, "_TICK", -10_000_000_000)
    for module in (catalogue, by_index):  # nobody knows most of the people of these records
        monkeypatch.setattr(module, "MOST_MEANT", 10_000)
    return Shop(tmp_path, itsm)


def random_builds(shop: Shop, seed: int, steps: int) -> None:
    chance = random.Random(seed)
    assert shop.differences("--rev", "HEAD") == []
    for step in range(steps):
        if step % 3 == 2:  # what is broken, or judged at another time, is read each time
            shop.files = Repository()
        what = edit(shop.files, chance)
        if step % 2:
            shop.commit()
            wrong = shop.differences("--rev", "HEAD")
        else:
            shop.lay_out()
            wrong = shop.differences()
        assert wrong == [], f"seed {seed}, step {step}: {what}"


def test_builds_after_edits_write_what_cold_ones_write(shop: Shop, catalogues: list[bool]) -> None:
    random_builds(shop, 5, 3)
    assert any(catalogues)


def test_what_a_record_said_is_known_however_often_it_is_edited(shop: Shop, catalogues: list[bool]) -> None:
    path, rendered = shop.files.paths("changes/")[0], []
    for number in range(4):
        shop.files.change(path, lambda data, words=f"In words {number}.": data["spec"].update(summary=words))
        shop.commit() if number else shop.lay_out()
        code, _, said = shop.build("warm", "--cache", shop.top / "cache")
        assert code == 0, said
        rendered.append(said.rpartition("(")[2].partition(" rendered")[0])
    assert catalogues[1:] == [True] * 3
    assert rendered[2:] == rendered[1:2] * 2


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(10))
def test_builds_after_many_edits(
    shop: Shop, catalogues: list[bool], record_property: Callable[[str, object], None], seed: int
) -> None:
    random_builds(shop, seed, 20)
    record_property("builds by an index", f"20|no byte differs|{sum(catalogues)} of {len(catalogues)} by an index")


def spoiled(folder: Path, about: str, by: object) -> int:
    """Take away the parts of all indices whose names begin with a text, or put something else there; how many."""
    cache, parts = Cache(folder), {}
    for tree, names in TreeIndex(cache, "").get("trees").items():
        parts |= {index._id(tree, name): by for name in names if name.startswith(about)}
    rest = {index._id("", "x"): 1} if by is None else parts
    cache.put_many(index._space(), rest, parts if by is None else ())
    return len(parts)


PARTS = ("kind ", "references", "said", "findings", "checks", "files", "changes", "times", "outcomes of", "states")


QUICK = [("kind ", None), ("references", 7), ("said", {}), ("times", {})]
DEEP = [(about, by) for about in PARTS for by in (None, 7, [], {}) if (about, by) not in QUICK]


@pytest.mark.parametrize(("about", "by"), [*QUICK, *(pytest.param(*each, marks=pytest.mark.deep) for each in DEEP)])
def test_an_index_that_lacks_something_is_not_relied_on(
    shop: Shop, catalogues: list[bool], about: str, by: object
) -> None:
    ways: list[tuple[int, tuple[str, ...]]] = [(1, ("--rev", "HEAD")), (2, ())]
    ways = ways[:1] if (about, by) in QUICK else ways[1:] if about == "states" else ways  # of a commit there are none
    for seed, more in ways:
        assert shop.build("warm", *more, "--cache", shop.top / "cache")[0] == 0
        assert spoiled(shop.top / "cache", about, by)
        assert shop.differences(*more) == []
        edit(shop.files, random.Random(seed))
        shop.commit() if more else shop.lay_out()
        assert spoiled(shop.top / "cache", about, by)
        assert shop.differences(*more) == []


CLOSED = """\
apiVersion: itsm/v1
kind: Change
metadata: {name: NAME, title: Tune it}
spec:
  type: normal
  services: [orders]
  requester: alice
  summary: Tune it.
  status: closed
  result: successful
  schedule: {start: "2026-05-01T20:00:00Z", end: "2026-05-01T22:00:00Z"}
  actual: {start: "2026-05-01T20:00:00Z", end: "2026-05-01T22:00:00Z"}
  backout: {steps: [Back.]}
"""
CONTROL = """\
apiVersion: itsm/v1
kind: Control
metadata: {name: changes, title: Changes}
spec:
  framework: soc2
  clause: CC8.1
  statement: Changes are judged.
  population: {kind: Change, at: /spec/actual/start}
  evidence:
    - {type: policy, policy: backout-is-planned}
    - {type: records, kind: Change, require: object.spec.summary.size() > 5}
    - {type: check, check: change-dates-in-order}
    - {type: gate}
"""


def test_no_change_that_is_over_is_read_where_nothing_differs(
    shop: Shop, catalogues: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hindsight, "MOST", 0)
    for day in range(1, 9):
        name = f"chg-2026050{day}-tune"
        shop.files.files[f"changes/2026/05/{name}.yaml"] = CLOSED.replace("NAME", name).encode()
    shop.files.files["policies/controls/changes.yaml"] = CONTROL.encode()
    shop.commit()
    for _ in range(2):
        assert shop.differences("--rev", "HEAD") == []
    read: list[str] = []
    load = LazyCatalogue._load
    monkeypatch.setattr(
        LazyCatalogue, "_load", lambda self, kind, files: (read.extend(files), load(self, kind, files))[1]
    )
    assert shop.build("warm", "--rev", "HEAD", "--cache", shop.top / "cache")[0] == 0
    assert catalogues[-1]
    assert read
    assert [path for path in read if path.startswith("changes/2026/05/chg-2026050")] == []
