"""A build whose site lies in the folder of the records does not look at it: its files are none of theirs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from itsm_as_code import by_index, snapshot
from itsm_as_code.clock import format_instant
from itsm_as_code.site.write import MARKER
from itsm_as_code.snapshot import WorkTree
from tests.conftest import NOW, SMALL, Run, Workshop
from tests.site.test_build_by_index import contents


class Within:
    """Records that are built and validated with a cache, and each time without one."""

    def __init__(self, shop: Workshop, place: Path, itsm: Run) -> None:
        self.shop, self.cache, self._before, self._itsm = shop, place / "cache", place / "before", itsm

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        return self._itsm(*arguments, "-C", self.shop.path, "--now", format_instant(NOW))

    def build(self, out: str = "site") -> dict[str, bytes]:
        """What the site holds then, which is what a build without a cache writes over what was there."""
        place = self.shop.path / out
        if place.is_dir():
            shutil.copytree(place, self._before)
        code, _, said = self.run("build", "-o", place, "--cache", self.cache)
        assert code == 0, said
        found = contents(place)
        shutil.rmtree(place)
        if self._before.is_dir():
            shutil.move(self._before, place)
        assert self.run("build", "-o", place, "--no-cache")[0] == 0
        assert found == contents(place)
        return found

    def validate(self) -> str:
        """Why an index did not do; the findings are those without a cache."""
        *found, said = self.run("validate", "-v", "--cache", self.cache)
        assert found == list(self.run("validate", "-v", "--no-cache")[:2])
        return said


@pytest.fixture
def within(workshop: Workshop, tmp_path: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> Within:
    monkeypatch.setattr(snapshot, "_TICK", -10_000_000_000)
    monkeypatch.setattr(by_index, "_MOST", 20)
    return Within(workshop, tmp_path, itsm)


@pytest.mark.parametrize("out", ["site", "build/site", "../site", "services/../site"])
def test_the_next_build_is_by_the_index(within: Within, catalogues: list[bool], out: str) -> None:
    first = within.build(out)
    assert within.build(out).keys() == first.keys()
    within.shop.edit("services/orders.yaml", "tier: 2", "tier: 3")
    assert within.build(out) != first
    within.shop.change()
    assert "changes/chg-20261122-tune.html" in within.build(out)
    assert catalogues == [False, False, *[True, False] * 3]


def test_all_that_reads_the_work_tree_shares_an_index(within: Within, catalogues: list[bool], tmp_path: Path) -> None:
    within.validate()
    within.build()
    assert within.validate() == ""
    within.build()
    assert catalogues == [True, False] * 2
    within.cache = tmp_path / "of a work tree with a site"
    within.validate()
    within.build()
    assert within.validate() == ""
    assert catalogues == [True, False] * 3


IN_ITS_PLACE: dict[str, Callable[[Workshop], object]] = {
    "a record": lambda shop: shutil.copy(shop.path / "services/orders.yaml", shop.path / "site/orders.yaml"),
    "a folder of records": lambda shop: shutil.copytree(shop.path / "services", shop.path / "site/services/services"),
    "a repository of records": lambda shop: shutil.copy(shop.path / "itsm.yaml", shop.path / "site/itsm.yaml"),
    "a repository": lambda shop: shop.write("site/.git", "gitdir: elsewhere"),
    "an empty folder": lambda shop: (shutil.rmtree(shop.path / "site"), (shop.path / "site").mkdir()),
    "nothing": lambda shop: shutil.rmtree(shop.path / "site"),
    "what a build left": lambda shop: shop.write(".site.itsm-new-abcdefgh/services/orders.yaml", "kind: Service"),
}


@pytest.mark.parametrize("what", IN_ITS_PLACE)
def test_what_is_put_into_its_place_is_no_file_of_the_records(
    within: Within, catalogues: list[bool], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_index, "_MOST", 0)
    within.build()
    first = within.build()
    IN_ITS_PLACE[what](within.shop)
    within.validate()  # which sees it, and remembers that
    IN_ITS_PLACE[what](within.shop) if what == "what a build left" else None
    found = within.build()
    assert {path for path in found if found[path] != first.get(path)} <= {"about.html"}
    assert found.keys() == first.keys()
    assert catalogues == [False, False, *[True, False] * 2]


def test_a_logo_in_its_place_is_none(within: Within) -> None:
    within.shop.write(f"site/{MARKER}", "")
    within.shop.write("site/logo.svg", "<svg/>")
    within.shop.edit("itsm.yaml", "defaultBranch: main", "defaultBranch: main\n  site: {logo: site/logo.svg}")
    within.validate()
    assert b"there is no file" in within.build()["findings/index.html"]


def test_a_folder_that_only_says_that_it_is_a_site_is_looked_into(within: Within) -> None:
    within.shop.write(f"services/{MARKER}", "")
    within.shop.write(f"{MARKER}", "")
    within.shop.write("services/orders.yaml", "kind: Service\n")
    code, out, _ = within.run("validate")
    assert code == 1
    assert "services/orders.yaml" in out


@pytest.mark.parametrize("out", [".", "services", "services/..", "services/orders.yaml", "link", ".git"])
def test_a_folder_of_something_else_is_refused(within: Within, out: str) -> None:
    (within.shop.path / "link").symlink_to("services")
    before = contents(within.shop.path)
    *_, said = within.run("build", "-o", within.shop.path / out)
    assert "holds files that are not a site built by itsm" in said or "is not a folder" in said
    assert contents(within.shop.path) == before


def test_the_only_folder_of_records_is_refused_as_well(tmp_path: Path, itsm: Run) -> None:
    shutil.copytree(SMALL / "services", tmp_path / "services")
    *_, said = itsm("build", "-C", tmp_path, "-o", tmp_path / "services")
    assert "holds files that are not a site built by itsm" in said


def test_only_a_folder_below_the_top_is_left_out(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top, whole = workshop.path, WorkTree(workshop.path)
    (tmp_path / "link").symlink_to(top)
    for folder in (
        top,
        top.parent,
        tmp_path / "elsewhere",
        top / "services/orders.yaml",
        top / "Services",
        top / "serv",
    ):
        seen = WorkTree(top, without=folder)
        assert (seen.entries, seen.states) == (whole.entries, whole.states)
    for folder in (top / "services", tmp_path / "link/services", top / "people/../services/"):
        seen = WorkTree(top, without=folder)
        left = {path for path in whole.entries if not path.startswith("services/")}
        assert seen.entries.keys() == left
        assert not any(folder.startswith("services") for folder in seen.states)
        assert "services/" not in seen.states[""]
        assert seen.since(whole.states) == dict.fromkeys(whole.entries.keys() - left)
    monkeypatch.chdir(top)
    assert WorkTree(Path(), without=Path("services")).entries.keys() == left
