"""A site is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from itsm_as_code import site
from itsm_as_code.errors import ItsmError
from itsm_as_code.site.write import MARKER

OLD = {"index.html": b"old", "gone/page.html": b"gone"}
NEW = {"index.html": b"new", "data/a.json": b"{}"}


def files(folder: Path) -> dict[str, bytes]:
    found = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert found.pop(MARKER)
    return found


def test_replaces_the_old_site_as_a_whole(tmp_path: Path) -> None:
    out = tmp_path / "public" / "site"
    site.write(OLD, out)
    assert files(out) == OLD
    site.write(NEW, out)
    assert files(out) == NEW
    assert [entry.name for entry in out.parent.iterdir()] == ["site"]
    assert out.stat().st_mode & 0o777 == 0o755


def test_writes_into_an_empty_folder(tmp_path: Path) -> None:
    site.write(NEW, tmp_path)
    assert files(tmp_path) == NEW


def test_a_build_that_dies_leaves_the_old_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    site.write(OLD, out)
    written = Path.write_bytes
    count = 0

    def dies(self: Path, content: bytes) -> int:
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        return written(self, content)

    monkeypatch.setattr(Path, "write_bytes", dies)
    with pytest.raises(KeyboardInterrupt):
        site.write(NEW, out)
    assert files(out) == OLD
    assert [entry.name for entry in tmp_path.iterdir()] == ["site"]


def test_a_swap_that_fails_brings_the_old_site_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    site.write(OLD, out)
    rename = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if target == out and self.parent == out.parent:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(ItsmError, match="No space left"):
        site.write(NEW, out)
    assert files(out) == OLD


@pytest.mark.parametrize("name", ["notes.txt", ".hidden"])
def test_refuses_a_folder_that_is_not_a_site(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(ItsmError, match="not a site"):
        site.write(NEW, tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_refuses_a_file_and_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    for name in ("file", "link"):
        with pytest.raises(ItsmError, match="is not a folder"):
            site.write(NEW, tmp_path / name)


@pytest.mark.parametrize("path", ["../evil.html", "/etc/evil", "a/../../evil", "a\\b", ""])
def test_refuses_paths_that_leave_the_site(tmp_path: Path, path: str) -> None:
    with pytest.raises(ItsmError):
        site.write({path: b""}, tmp_path / "site")
    assert list(tmp_path.iterdir()) == []
