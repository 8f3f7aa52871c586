"""Files that vanish or change while they are read: a finding about the file, or what it says now; never the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from itsm_as_code import snapshot as snapshot_module
from itsm_as_code.cache import Cache
from itsm_as_code.errors import ItsmError
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.snapshot import MAX_BYTES, WorkTree
from itsm_as_code.validation import assess_catalogue, load_rule_set
from tests.conftest import NOW, SMALL, Run, copy_tree
from tests.limits import within

FILE = "services/newsletter.yaml"


def gone(file: Path) -> None:
    file.unlink()


def folder_gone(file: Path) -> None:
    shutil.rmtree(file.parent)


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def link(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def grown(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"#" * MAX_BYTES)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def broken(file: Path) -> None:
    file.write_bytes(b"a: [")


CHANGES = [gone, folder_gone, pipe, link, folder, grown, emptied, broken]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("cached", [False, True])
def test_after_the_folder_was_listed(change: Callable[[Path], None], cached: bool, tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path / "r")
    stored = StoredRecords(Cache(tmp_path / "cache")) if cached else None
    snapshot = WorkTree(tmp_path / "r")
    change(tmp_path / "r" / FILE)
    with within(10):
        rule_set = load_rule_set(snapshot, stored)
        findings = assess_catalogue(rule_set.catalogue, rule_set, NOW).findings
    assert [finding for finding in findings if finding.location.path == FILE and finding.blocks]


@pytest.mark.parametrize("change", CHANGES)
def test_between_one_reading_and_the_next(change: Callable[[Path], None], tmp_path: Path) -> None:
    """What was found out about a record stands, also where its place is looked up in the file once more."""
    copy_tree(SMALL, tmp_path)
    (tmp_path / FILE).write_text((tmp_path / FILE).read_text().replace("team-shop", "team-nobody"))
    rule_set = load_rule_set(WorkTree(tmp_path))
    change(tmp_path / FILE)
    with within(10):
        findings = assess_catalogue(rule_set.catalogue, rule_set, NOW).findings
    assert "reference-exists" in {finding.rule for finding in findings if finding.location.path == FILE}


def test_while_the_folder_is_listed(tmp_path: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_tree(SMALL, tmp_path)
    scandir = os.scandir

    def vanishing(folder: str) -> Iterable[os.DirEntry[str]]:
        found = list(scandir(folder))
        if folder.endswith("services"):
            (tmp_path / FILE).unlink()
        return iter(found)

    monkeypatch.setattr(snapshot_module.os, "scandir", vanishing)
    code, _, err = itsm("validate", "-C", tmp_path, "--now", "2026-11-22T12:00:00Z")
    assert (code in (0, 1), "internal error" in err) == (True, False), err


def test_a_schema_that_is_gone_leaves_nothing_to_judge_by(tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/x.schema.json").write_text("{}")
    snapshot = WorkTree(tmp_path)
    (tmp_path / "schemas/x.schema.json").unlink()
    with pytest.raises(ItsmError, match=r"schemas/x\.schema\.json cannot be read: No such file"):
        load_rule_set(snapshot)


def test_settings_that_are_gone_are_a_finding(tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path)
    snapshot = WorkTree(tmp_path)
    (tmp_path / "itsm.yaml").unlink()
    assert [finding.location.path for finding in load_rule_set(snapshot).findings if finding.blocks] == ["itsm.yaml"]
