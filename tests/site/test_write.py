"""A site is written whole or not at all."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

import pytest

from itsm_as_code import site
from itsm_as_code.errors import ItsmError
from itsm_as_code.site.write import MARKER

write_module = importlib.import_module("itsm_as_code.site.write")
OLD = {"index.html": b"old", "gone/page.html": b"gone", "kept/page.html": b"kept", "data/a.json": b"[]"}
NEW = {"index.html": b"new", "data/a.json": b"{}", "kept/page.html": b"kept"}


def files(folder: Path) -> dict[str, bytes]:
    found = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert found.pop(MARKER)
    return found


def test_replaces_the_old_site_as_a_whole(tmp_path: Path) -> None:
    out = tmp_path / "public" / "site"
    assert site.write(OLD.items(), out) == 3, "pages"
    assert files(out) == OLD
    site.write(NEW.items(), out)
    assert files(out) == NEW
    assert [entry.name for entry in out.parent.iterdir()] == ["site"]
    assert out.stat().st_mode & 0o777 == 0o755


def test_writes_into_an_empty_folder(tmp_path: Path) -> None:
    site.write(NEW.items(), tmp_path)
    assert files(tmp_path) == NEW


def test_a_build_that_dies_leaves_the_old_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    site.write(OLD.items(), out)
    count = 0

    def dies(file: str, mode: str, **more: int) -> IO[bytes]:
        nonlocal count
        count += mode == "xb"
        if count == 2:
            raise KeyboardInterrupt
        return open(file, mode, **more)  # noqa: PTH123

    monkeypatch.setattr(write_module, "open", dies, raising=False)
    with pytest.raises(KeyboardInterrupt):
        site.write(NEW.items(), out)
    assert files(out) == OLD
    assert [entry.name for entry in tmp_path.iterdir()] == ["site"]


def test_files_are_written_as_they_come_and_a_failure_half_way_leaves_the_old_site(tmp_path: Path) -> None:
    out = tmp_path / "site"
    site.write(OLD.items(), out)

    def half() -> Iterator[tuple[str, bytes]]:
        yield "a/page.html", b"new"
        (fresh,) = tmp_path.glob(".site.itsm-new-*")
        assert (fresh / "a/page.html").read_bytes() == b"new"
        assert not (fresh / MARKER).exists()
        raise ItsmError("no view", code="site")

    with pytest.raises(ItsmError, match="no view"):
        site.write(half(), out)
    assert files(out) == OLD
    assert [entry.name for entry in tmp_path.iterdir()] == ["site"]


def test_a_file_that_did_not_change_stays_the_same_file(tmp_path: Path) -> None:
    out = tmp_path / "site"
    site.write(OLD.items(), out)
    before = (out / "kept/page.html").stat()
    site.write(NEW.items(), out)
    after = (out / "kept/page.html").stat()
    assert files(out) == NEW
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert after.st_nlink == 1
    assert (out / "data/a.json").stat().st_nlink == 1


@pytest.mark.parametrize("how", ["linked elsewhere", "mode", "symbolic link", "folder", "no links"])
def test_what_is_not_just_like_a_new_file_is_written_anew(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has a copy of the old site in links, and writes into it, must not change the new one."""
    out, mine = tmp_path / "site", tmp_path / "mine"
    site.write(OLD.items(), out)
    page = out / "kept/page.html"
    if how == "linked elsewhere":
        mine.hardlink_to(page)
    elif how == "mode":
        page.chmod(0o600)
    elif how == "no links":
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(1, "Operation not permitted")))
    else:
        page.unlink()
        mine.write_bytes(b"kept")
        page.symlink_to(mine) if how == "symbolic link" else page.mkdir()
    site.write(NEW.items(), out)
    assert files(out) == NEW
    new = page.lstat()
    assert new.st_nlink == 1
    assert stat.S_ISREG(new.st_mode)
    assert new.st_mode == (out / "index.html").stat().st_mode
    if mine.exists():
        mine.write_bytes(b"other")
        assert files(out) == NEW


def test_nothing_is_written_into_a_file_of_the_old_site(tmp_path: Path) -> None:
    """Two files at one path: the second would go into the old site by way of the link."""
    out = tmp_path / "site"
    site.write(OLD.items(), out)
    with pytest.raises(ItsmError, match="File exists"):
        site.write([*NEW.items(), ("kept/page.html", b"other")], out)
    assert files(out) == OLD


def test_a_swap_that_fails_brings_the_old_site_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    site.write(OLD.items(), out)
    rename = Path.rename

    def fails(self: Path, target: Path) -> Path:
        if target == out and "itsm-new" in self.name:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    monkeypatch.setattr(write_module, "_exchange", lambda *_: False)
    with pytest.raises(ItsmError, match="No space left"):
        site.write(NEW.items(), out)
    assert files(out) == OLD


@pytest.mark.parametrize("name", ["notes.txt", ".hidden"])
def test_refuses_a_folder_that_is_not_a_site(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(ItsmError, match="not a site"):
        site.write(NEW.items(), tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_refuses_a_file_and_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    for name in ("file", "link"):
        with pytest.raises(ItsmError, match="is not a folder"):
            site.write(NEW.items(), tmp_path / name)


@pytest.mark.parametrize("path", ["../evil.html", "/etc/evil", "a/../../evil", "a\\b", ""])
def test_refuses_paths_that_leave_the_site(tmp_path: Path, path: str) -> None:
    with pytest.raises(ItsmError):
        site.write([(path, b"")], tmp_path / "site")
    assert list(tmp_path.iterdir()) == []


def steps_until_killed(action: Callable[[], None], after: int) -> bool:
    """Do something in a process that is killed before its ``after``-th call to the system; False when it ended before.

    Calls are those that Python reports (https://docs.python.org/3/library/audit_events.html): each is a boundary.
    """
    child = os.fork()
    if child == 0:
        left = after

        def count(event: str, _: object) -> None:
            nonlocal left
            if event.startswith(("os.", "shutil.", "open", "fcntl.", "ctypes.", "tempfile.")):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            action()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a process")
@pytest.mark.parametrize(
    ("exchange", "step"),
    [
        pytest.param(True, 3, id="some"),
        pytest.param(True, 1, id="exchange", marks=pytest.mark.deep),
        pytest.param(False, 1, id="two renames", marks=pytest.mark.deep),
    ],
)
def test_a_build_that_is_killed_anywhere(
    tmp_path: Path, exchange: bool, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every boundary the old site or the new one is whole, or comes back; and the next build leaves nothing over."""
    if not exchange:
        monkeypatch.setattr(write_module, "_exchange", lambda *_: False)
    out, seen = tmp_path / "site", set()
    for after in range(1, 1000, step):
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        site.write(OLD.items(), out)
        was_killed = steps_until_killed(lambda: site.write(NEW.items(), out), after)
        if not exchange and not out.exists():
            seen.add("set aside")
            write_module.clean(out)
        assert files(out) in (OLD, NEW), after
        seen.add("old" if files(out) == OLD else "new")
        steps_until_killed(lambda: site.write(NEW.items(), out), after)
        write_module.clean(out)
        assert files(out) in (OLD, NEW)
        site.write(NEW.items(), out)
        assert files(out) == NEW
        assert [entry.name for entry in tmp_path.iterdir()] == ["site"], after
        if not was_killed:
            break
    assert after > 20
    assert seen == {"old", "new"} | (set() if exchange else {"set aside"})


SITE = {f"a/{number}.html": b"same" for number in range(20)} | {"index.html": b"1", "gone/a.html": b"x", "b.txt": b"2"}
NEXT = {**SITE, "index.html": b"one", "new/b.html": b"new"}
del NEXT["gone/a.html"]


def little(out: Path) -> bool:
    """Write what differs between the two; True where the site was changed in its place."""
    with write_module.staged(out) as stage:
        for path, content in NEXT.items():
            stage.keep(path) if SITE.get(path) == content else stage.put(path, content)
    return bool(stage.is_in_place)


def test_a_site_of_which_little_changes_is_changed_in_its_place(tmp_path: Path) -> None:
    out = tmp_path / "site"
    site.write(SITE.items(), out)
    before = out.stat().st_ino, (out / "a/1.html").stat().st_ctime_ns
    assert little(out)
    assert files(out) == NEXT
    assert not (out / "gone").exists()
    assert (out.stat().st_ino, (out / "a/1.html").stat().st_ctime_ns) == before, "nothing has touched it"
    assert [entry.name for entry in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("how", ["a link to a folder", "a file for a folder", "a folder for a file", "much is foreign"])
def test_what_does_not_fit_is_swapped_as_a_whole(tmp_path: Path, how: str) -> None:
    """Nothing is written or removed by way of a link that leads elsewhere."""
    out, other = tmp_path / "site", tmp_path / "other"
    site.write(SITE.items(), out)
    if how == "a link to a folder":
        (out / "a").rename(other)
        (out / "a").symlink_to(other)
    elif how == "a file for a folder":
        (out / "new").write_bytes(b"mine")
    elif how == "a folder for a file":
        (out / "index.html").unlink()
        (out / "index.html").mkdir()
    else:
        for number in range(30):
            (out / f"mine-{number}").write_bytes(b"mine")
    assert not little(out)
    assert files(out) == NEXT
    if other.exists():
        assert len(list(other.iterdir())) == 20


def at_every_step(tmp_path: Path, steps: Iterable[int]) -> set[str]:
    out, seen = tmp_path / "site", set()
    for after in steps:
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        site.write(SITE.items(), out)
        was_killed = steps_until_killed(lambda: little(out), after)
        found = files(out)
        whole = "old" if found == SITE else "new" if found == NEXT else "between"
        assert all(content in (SITE.get(path), NEXT.get(path)) for path, content in found.items()), (
            "every file is whole"
        )
        steps_until_killed(lambda: write_module.clean(out), after % 7 + 1)
        site.clean(out)
        assert files(out) in (SITE, NEXT), after
        seen.add(whole)
        assert [entry.name for entry in tmp_path.iterdir()] == ["site"], after
        if files(out) == SITE:
            assert little(out)
        assert files(out) == NEXT
        if not was_killed:
            break
    return seen


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a process")
def test_a_change_in_place_that_is_killed_is_ended_by_the_next_build(tmp_path: Path) -> None:
    assert at_every_step(tmp_path, range(1, 200, 3)) >= {"old"}


@pytest.mark.deep
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a process")
def test_a_change_in_place_that_is_killed_anywhere(tmp_path: Path) -> None:
    assert at_every_step(tmp_path, range(1, 1000)) == {"old", "between", "new"}


@pytest.mark.parametrize("said", [b"", b"[]", b'{"put": ["../x"], "remove": ["../mine", "/etc/x", "a/../../mine"]}'])
def test_a_journal_that_says_other_things_does_nothing(tmp_path: Path, said: bytes) -> None:
    out = tmp_path / "site"
    site.write(SITE.items(), out)
    (tmp_path / "mine").write_bytes(b"mine")
    ready = tmp_path / ".site.itsm-redo-abcdefgh"
    ready.mkdir()
    (ready / ".itsm-journal").write_bytes(said)
    site.clean(out)
    assert files(out) == SITE
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["mine", "site"]


def test_leftovers_of_others_stay(tmp_path: Path) -> None:
    names = [".site.itsm-new-mine", ".site-old", ".sites.itsm-new-abcdefgh", "site.itsm-old-abcdefgh"]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / ".site.itsm-old-abcdefgh").symlink_to(tmp_path / names[0])
    site.write(NEW.items(), tmp_path / "site")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted([*names, ".site.itsm-old-abcdefgh", "site"])


@pytest.mark.parametrize(
    ("name", "is_marked", "comes_back"), [("old", True, True), ("old", False, False), ("new", True, False)]
)
def test_only_a_whole_site_that_was_set_aside_comes_back(
    name: str, is_marked: bool, comes_back: bool, tmp_path: Path
) -> None:
    aside = tmp_path / f".site.itsm-{name}-abcdefgh"
    aside.mkdir()
    (aside / "index.html").write_bytes(b"old")
    if is_marked:
        (aside / MARKER).write_bytes(b"x")
    site.clean(tmp_path / "site")
    assert (tmp_path / "site").exists() is comes_back
    assert not aside.exists()
