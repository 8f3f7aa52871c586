"""A cache heals: whatever stands in its place or has become of it, the next run has one that works."""

from __future__ import annotations

import ast
import math
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from itsm_as_code import cache as cache_module
from itsm_as_code import processes
from itsm_as_code.cache import Cache
from itsm_as_code.processes import spread
from itsm_as_code.records import stored
from tests.conftest import ROOT, Run, Workshop

SPACE = b"s" * 16
ENTRIES: dict[str, Any] = {f"{number:040x}": {"number": number, "text": "abc" * 30} for number in range(60)}
NAME = "records-1.sqlite"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache with entries."""
    Cache(tmp_path / "cache").put_many(SPACE, ENTRIES)
    return tmp_path / "cache"


def is_well_after_a_run(folder: Path) -> bool:
    """A run reads what it can, which is right, and writes the rest; the one after the next finds everything.

    The next one may find out, when it writes, that what is left cannot be believed either.
    """
    for _ in range(2):
        cache = Cache(folder)
        found = dict(cache.get_many(SPACE, ENTRIES))
        assert all(ENTRIES[oid] == data for oid, data in found.items())
        cache.put_many(SPACE, {oid: data for oid, data in ENTRIES.items() if oid not in found})
    following = Cache(folder)
    return dict(following.get_many(SPACE, ENTRIES)) == ENTRIES and not following.trouble


def sqlite_page(content: bytes) -> int:
    """https://www.sqlite.org/fileformat.html, section 1.3.2."""
    return int.from_bytes(content[16:18], "big")


def flipped(folder: Path, seed: int) -> None:
    chance, file = random.Random(seed), folder / NAME
    content = bytearray(file.read_bytes())
    # The pages' headers are a small part of a file and the part that matters.
    page = sqlite_page(content)
    at = chance.randrange(len(content)) if seed % 2 else page * chance.randrange(len(content) // page) + seed % 120
    content[at] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def test_a_flipped_bit(folder: Path) -> None:
    whole = (folder / NAME).read_bytes()
    for seed in range(200):
        (folder / NAME).write_bytes(whole)
        flipped(folder, seed)
        assert is_well_after_a_run(folder), seed


@pytest.mark.deep
def test_many_flipped_bits(folder: Path, record_property: Callable[[str, object], None]) -> None:
    whole = (folder / NAME).read_bytes()
    for seed in range(5_000):
        (folder / NAME).write_bytes(whole)
        for turn in range(1 + seed % 3):
            flipped(folder, 3 * seed + turn)
        assert is_well_after_a_run(folder), seed
    record_property("damaged caches", "healed|5,000 of 5,000")


def test_a_header_that_says_it_is_read_only(folder: Path) -> None:
    content = bytearray((folder / NAME).read_bytes())
    content[18] = 65
    content[5000:] = content[5000:].replace(b"abcabc", b"abcabd")
    (folder / NAME).write_bytes(content)
    assert is_well_after_a_run(folder)


@pytest.mark.parametrize("size", [0, 1, 99, 100, 4096, 4097, 9000])
def test_cut_off(folder: Path, size: int) -> None:
    (folder / NAME).write_bytes((folder / NAME).read_bytes()[:size])
    assert is_well_after_a_run(folder)


def foreign(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE music (title TEXT)")
    file.chmod(0o600)


def other_columns(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE entry (title TEXT)")
    file.chmod(0o600)


def a_folder(file: Path) -> None:
    file.unlink()
    (file / "deeper").mkdir(parents=True)


def a_folder_beside(file: Path) -> None:
    (file.parent / f"{NAME}-journal" / "x").mkdir(parents=True)


def a_stale_journal(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = PERSIST")
    (file.parent / f"{NAME}-journal").write_bytes(bytes.fromhex("d9d505f920a163d7") + b"\0\0\0\1" + b"\xff" * 2000)


@pytest.mark.parametrize("damage", [foreign, other_columns, a_folder, a_folder_beside, a_stale_journal])
def test_something_else_in_its_place(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder / NAME)
    assert is_well_after_a_run(folder)


def test_one_that_another_process_holds_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_SECONDS", 0.05)
    with sqlite3.connect(folder / NAME) as other:
        other.execute("BEGIN EXCLUSIVE")
        held = Cache(folder)
        assert dict(held.get_many(SPACE, ENTRIES)) == {}
        held.put_many(SPACE, {"ab" * 20: 1})
        assert "locked" in held.trouble
    assert dict(Cache(folder).get_many(SPACE, ENTRIES)) == ENTRIES, "it is the same file as before"


def test_one_that_cannot_be_written_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk that is read-only, which a test cannot make of a file: root writes all the same."""
    plain = cache_module._open

    def read_only(file: Path) -> sqlite3.Connection:
        connection = plain(file)
        connection.execute("PRAGMA query_only = ON")
        return connection

    monkeypatch.setattr(cache_module, "_open", read_only)
    monkeypatch.setattr(os, "access", lambda *_: False)
    cache = Cache(folder)
    assert dict(cache.get_many(SPACE, ENTRIES)) == ENTRIES
    cache.put_many(SPACE, {"ab" * 20: 1})
    assert "cannot be written" in cache.trouble
    assert dict(Cache(folder).get_many(SPACE, ENTRIES)) == ENTRIES


def test_those_who_want_to_hear_more_hear_of_it(workshop: Workshop, tmp_path: Path, itsm: Run) -> None:
    arguments = ("validate", "-C", workshop.path, "--cache", tmp_path / "cache", "--now", "2026-11-22T12:00:00Z")
    clean = itsm(*arguments)
    (tmp_path / "cache" / NAME).write_bytes(b"no database at all")
    assert itsm(*arguments, "-v")[2] == f"itsm: the cache in {tmp_path}/cache was damaged, and is made anew\n"
    (tmp_path / "cache" / NAME).write_bytes(b"no database at all")
    assert itsm(*arguments) == clean
    assert itsm(*arguments, "-v")[2] == ""
    with sqlite3.connect(tmp_path / "cache" / NAME) as database:
        database.execute("UPDATE entry SET value = zeroblob(40)")
    database.close()
    said = "itsm: entries of the cache that are damaged, or of somebody else, were worked out anew\n"
    assert itsm(*arguments, "-v") == (*clean[:2], said)


def closure(of: Path, top: Path) -> set[str]:
    """The program's modules that a module imports, as paths below its folder, and what these import."""
    found, todo = set[str](), [of]
    while todo:
        module = todo.pop()
        name = module.relative_to(top).as_posix()
        if name in found:
            continue
        found.add(name)
        for node in ast.walk(ast.parse(module.read_text())):
            base = getattr(node, "module", None) if isinstance(node, ast.ImportFrom) else None
            names = [f"{base}.{alias.name}" for alias in node.names] + [base] if base else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for one in names:
                place = top.joinpath(*one.split(".")[1:]) if one.split(".")[0] == top.name else None
                if place is not None:
                    todo += [path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()]
    return found


def test_an_entry_belongs_to_all_modules_that_decide_what_a_file_says(monkeypatch: pytest.MonkeyPatch) -> None:
    top = ROOT / "src" / "itsm_as_code"
    deciding = closure(top / "records/catalogue.py", top) | closure(top / "records/stored.py", top)
    assert {"clock.py", "records/kind_schema.py", "records/document.py", "durations.py"} <= deciding
    known = dict(stored.sources())
    assert deciding <= set(known)
    before = stored.program()
    for name in deciding:
        other = sorted((known | {name: known[name] + b"\n"}).items())
        monkeypatch.setattr(stored, "sources", lambda other=other: iter(other))
        stored.program.cache_clear()
        assert stored.program() != before, name
    monkeypatch.undo()
    stored.program.cache_clear()


def test_what_validate_read_the_gate_finds(workshop: Workshop, tmp_path: Path, itsm: Run) -> None:
    """Of the work tree as well as of a commit; and the gate reads none of the base's records again."""
    workshop.git("checkout", "-q", "main")
    folder = tmp_path / "cache"
    now = ("--now", "2026-11-22T12:00:00Z")
    itsm("validate", "-C", workshop.path, "--cache", folder, *now)
    with sqlite3.connect(folder / NAME) as connection:
        kept = {key[16:].hex() for (key,) in connection.execute("SELECT key FROM entry")}
    lines = workshop.git("ls-tree", "-r", "main").splitlines()
    base = {line.split()[2] for line in lines if line.endswith(".yaml") and not line.endswith("itsm.yaml")}
    assert kept == base
    (tmp_path / "reviews.json").write_text('{"author": "alice", "reviews": []}')
    shutil.copytree(folder, tmp_path / "copy")
    gate = ("gate", "-C", workshop.path, "--base", "main", "--head", "topic", "--reviews", tmp_path / "reviews.json")
    assert itsm(*gate, *now, "--cache", folder) == itsm(*gate, *now)
    assert (folder / NAME).read_bytes() == (tmp_path / "copy" / NAME).read_bytes(), "there was nothing to add"


def test_a_copy_of_a_process_opens_the_file_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_can_copy", lambda: True)  # a server of another test may still be running
    cache = Cache(tmp_path / "cache")
    cache.put_many(b"space", {"00": {"a": 1}})
    opened = id(cache._connection)

    def look(items: Iterator[str]) -> list[tuple[dict[str, Any], int]]:
        return [(dict(cache.get_many(b"space", [item])), id(cache._connection)) for item in items]

    found = [answer for answers in spread(["00", "00"], look, 2) for answer in answers]
    assert [said for said, _ in found] == [{"00": {"a": 1}}] * 2
    assert all(connection != opened for _, connection in found)
    assert dict(cache.get_many(b"space", ["00"])) == {"00": {"a": 1}}
    assert id(cache._connection) == opened


def looked_through(folder: Path, more: dict[str, Any]) -> bool:
    """Whether a run that writes looks through the whole file first."""
    asked: list[str] = []
    cache = Cache(folder)
    connection = cache._own()
    assert connection is not None
    connection.set_trace_callback(asked.append)
    cache.put_many(SPACE, more)
    connection.set_trace_callback(None)
    assert not cache.trouble
    return any("integrity_check" in text for text in asked)


def test_a_file_that_is_as_it_was_left_is_not_looked_through(folder: Path) -> None:
    assert not looked_through(folder, {f"{100:040x}": 1})
    assert not looked_through(folder, {f"{101:040x}": 1})
    with sqlite3.connect(folder / NAME) as other:
        other.execute("INSERT INTO entry VALUES (x'00', x'00')")
    assert looked_through(folder, {f"{102:040x}": 1})
    assert not looked_through(folder, {f"{103:040x}": 1})


@pytest.mark.parametrize("said", [b"", b"\xff\xfe", b"0 0 0 0"])
def test_what_says_how_a_file_was_left_may_be_anything(folder: Path, said: bytes) -> None:
    beside = folder / f"{NAME}-whole"
    beside.write_bytes(said)
    assert looked_through(folder, {f"{100:040x}": 1})
    beside.unlink()
    beside.mkdir()
    assert is_well_after_a_run(folder)
    assert beside.is_file()


def test_entries_of_two_kilobytes_fill_their_pages(tmp_path: Path) -> None:
    chance = random.Random(7)
    entries = {f"{number:040x}": chance.randbytes(1_000).hex() for number in range(2_000)}
    Cache(tmp_path / "cache").put_many(SPACE, entries)
    assert (tmp_path / "cache" / NAME).stat().st_size < 1.3 * 2_000 * len(entries)


def test_one_that_another_process_makes_meanwhile_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, asked = os.path.lexists, []
    # It was not there when somebody looked, and is when it is made.
    monkeypatch.setattr(os.path, "lexists", lambda path: there(path) and len(asked.append(path) or asked) > 2)
    cache = Cache(folder)
    assert cache.trouble == ""
    assert dict(cache.get_many(SPACE, ENTRIES)) == ENTRIES


class _Text(str):
    pass


_PLAIN = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=3)
_ODD = st.just(_Text("x")) | st.binary(max_size=2) | st.just("\ud800") | st.dates()
_DATA = st.recursive(
    _PLAIN | _ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2) | st.integers(0, 2), inner, max_size=3)
        | st.tuples(inner)
    ),
)


def same(left: Any, right: Any) -> bool:
    """Equal in value and in type all the way down, the order of keys as well."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return repr(left) == repr(right)


@given(_DATA)
@example({"b": 1, "a": [1.0, -0.0, True, None, "ü"]})
@example([1, (2,)])
@example([float("nan")])
def test_what_is_read_is_what_was_written_or_nothing(data: Any) -> None:
    memory = cache_module.Memory()
    memory.put_many(SPACE, {"00": data})
    found = dict(memory.get_many(SPACE, ["00"]))
    assert all(same(data, value) for value in found.values())
    if not found:
        assert not is_plain(data)


def is_plain(data: Any) -> bool:
    """True for what JSON carries as it is, to readers that know 64 bits."""
    if type(data) is dict:
        return all(type(key) is str and is_plain(key) and is_plain(value) for key, value in data.items())
    if type(data) is list:
        return all(map(is_plain, data))
    if type(data) is int:
        return -(2**63) <= data < 2**64
    if type(data) is str:
        return not any("\ud800" <= character <= "\udfff" for character in data)
    return data is None or type(data) is bool or (type(data) is float and math.isfinite(data))
