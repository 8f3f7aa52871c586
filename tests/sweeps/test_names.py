"""Folders, files and arguments whose names are not UTF-8, through every command: an answer, never the end of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.conftest import SMALL, Run, Workshop, copy_tree
from tests.sweeps.commands import ROWS, commands, formats
from tests.sweeps.test_extremes import Sweep

NAME = "caf\udce9"
QUICK = ("build", "fmt", "gate", "impact", "list", "validate")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Records in such a folder of a larger repository, with two such files, one of which is no record."""
    shop = Workshop(tmp_path_factory.mktemp("names") / NAME)
    folder = shop.path / NAME
    copy_tree(SMALL, folder)
    shop.git("init", "-q", "-b", "main")
    shop.commit("Start")
    shop.git("checkout", "-q", "-b", "topic")
    (folder / f"services/{NAME}.yaml").write_bytes((folder / "services/orders.yaml").read_bytes())
    (folder / f"changes/{NAME}.yaml").write_text("a: [")
    shop.commit("Names")
    (shop.path / "reviews.json").write_text(json.dumps({"author": "alice", "reviews": []}))
    return shop


def swept(name: str, itsm: Run, shop: Workshop, scratch: Path) -> Sweep:
    """A command as it is called, in each of its forms."""
    (scratch / NAME).mkdir(exist_ok=True)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # as the program does
    sweep = Sweep(itsm, shop.path / NAME, scratch / NAME)
    record = "chg-2026-0042"
    values = {"reviews": str(shop.path / "reviews.json"), "service": "orders", "record": "service/orders"}
    values |= {"change": record, "spare": record, "unique": "x", "key": str(scratch / NAME / "none")}
    values |= {"entities": str(scratch / f"{NAME}.yaml"), "issue": str(scratch / f"{NAME}.json")}
    for form in formats(dict(commands())[name]) or [""]:
        for row in ROWS[name]:
            sweep(name, [*row, *(["--format", form] if form else [])], allowed=(0, 1, 2), **values)
    return sweep


@pytest.mark.parametrize("name", QUICK)
def test_names_that_are_not_utf_8_end_no_command(name: str, itsm: Run, shop: Workshop, tmp_path: Path) -> None:
    assert swept(name, itsm, shop, tmp_path).bad == []


@pytest.mark.deep
@pytest.mark.parametrize("name", sorted(set(ROWS) - set(QUICK)))
def test_nor_any_other(name: str, itsm: Run, shop: Workshop, tmp_path: Path) -> None:
    assert swept(name, itsm, shop, tmp_path).bad == []


def test_a_folder_that_workflows_cannot_name_is_refused(itsm: Run, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for forge in ("github", "gitlab", "gitea"):
        code, _, err = itsm("init", tmp_path / NAME, "--forge", forge)
        assert (code, r"'caf\xe9/' is not UTF-8" in err, "rename the folder" in err) == (2, True, True), err
    assert list(tmp_path.iterdir()) == [tmp_path / ".git"]


@pytest.mark.parametrize(
    "call", [("new", "Team", NAME), ("list", "Service", "--where", NAME), ("set", "team/x", f"metadata.title={NAME}")]
)
def test_text_that_is_not_utf_8_is_refused(call: tuple[str, ...], itsm: Run) -> None:
    code, _, err = itsm("-C", SMALL, *call)
    assert (code, r"caf\xe9' is not UTF-8" in err, "internal error" in err) == (2, True, False), err
