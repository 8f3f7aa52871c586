"""29: a cache of what earlier runs read, set up to be believed."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from itsm_as_code.cache import Cache
from itsm_as_code.gate import Decision, evaluate
from itsm_as_code.git.repository import Repository
from itsm_as_code.records import stored as stored_module
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.records.stored import StoredRecords
from tests.attacks.tools import BAD_BACKOUT, CHANGE, POLICY, approve, on_main
from tests.conftest import NOW, Run, Workshop, codes

BLOCKED = ["finding:backout-is-planned"]
SPACE = b"s" * 16
OID = "ab" * 20


@pytest.fixture
def bad(workshop: Workshop) -> Workshop:
    """A change that a policy refuses."""
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, "bob")
    return workshop


def judged(shop: Workshop, folder: Path, secret: bytes = b"") -> Decision:
    """The gate's decision with a cache."""
    from itsm_as_code.forges.local import parse_pull_request

    pull_request = parse_pull_request(shop.pull_request(), "reviews")
    records = StoredRecords(Cache(folder, secret))
    return evaluate(Repository(shop.path), "main", "topic", pull_request, NOW, records)


def rows(folder: Path) -> dict[bytes, bytes]:
    with sqlite3.connect(folder / "records-1.sqlite") as connection:
        return dict(connection.execute("SELECT key, value FROM entry"))


def write(folder: Path, entries: dict[bytes, Any]) -> None:
    with sqlite3.connect(folder / "records-1.sqlite") as connection:
        connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", entries.items())


def key_of(folder: Path, oid: str) -> bytes:
    """The key under which a blob is kept."""
    return next(key for key in rows(folder) if key.endswith(bytes.fromhex(oid)))


LENIENT = (b"steps.size() >= 2", b"steps.size() >= 0")


def other_data(folder: Path, shop: Workshop) -> dict[bytes, Any]:
    """The base's policy, made lenient, under its own key."""
    key = key_of(folder, shop.git("rev-parse", f"main:{POLICY}"))
    value = rows(folder)[key].replace(*LENIENT)
    assert value != rows(folder)[key]
    return {key: value}


def another_entry(folder: Path, shop: Workshop) -> dict[bytes, Any]:
    """A whole entry of another blob under the key of the policy."""
    lenient = shop.git("rev-parse", "main:policies/approvals/all.yaml")
    return {key_of(folder, shop.git("rev-parse", f"main:{POLICY}")): rows(folder)[key_of(folder, lenient)]}


def pickled(folder: Path, shop: Workshop) -> dict[bytes, Any]:
    """What runs a program when it is unpickled."""
    key = key_of(folder, shop.git("rev-parse", f"main:{POLICY}"))

    class Bomb:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {folder}/exploded",)

    return {key: pickle.dumps(Bomb()), key[:-1] + b"\0": b"cos\nsystem\n(S'true'\ntR."}


def nonsense(folder: Path, shop: Workshop) -> dict[bytes, Any]:
    """Values that are no bytes, are cut off, or are too deep."""
    keys = list(rows(folder))
    return {keys[0]: None, keys[1]: "text", keys[2]: 7, keys[3]: b"", keys[4]: b"x" * 10, keys[5]: b"[" * 100_000}


@pytest.mark.parametrize("attack", [other_data, another_entry, pickled, nonsense])
def test_entries_that_were_changed_are_no_entries(
    bad: Workshop, tmp_path: Path, attack: Callable[[Path, Workshop], dict[bytes, Any]]
) -> None:
    folder = tmp_path / "cache"
    expected = bad.judge().as_data()
    assert judged(bad, folder).as_data() == expected, "it is filled"
    write(folder, attack(folder, bad))
    assert judged(bad, folder).as_data() == expected
    assert not (folder / "exploded").exists()


def test_with_a_secret_nobody_else_makes_entries(bad: Workshop, tmp_path: Path) -> None:
    """Without one, whoever may write to the folder can make a whole entry; with one they cannot."""
    folder = tmp_path / "cache"
    judged(bad, folder, b"secret")
    key = key_of(folder, bad.git("rev-parse", f"main:{POLICY}"))
    value = rows(folder)[key][16:].replace(*LENIENT)
    forged = {key: hashlib.blake2b(key + value, digest_size=16).digest() + value}
    write(folder, forged)
    assert codes(judged(bad, folder, b"secret")) == BLOCKED
    write(folder, forged)
    assert codes(judged(bad, folder)) == [], "so only runs that may be believed may write there"


def test_right_data_of_the_wrong_record(tmp_path: Path) -> None:
    """An entry that is whole is refused all the same when it is not the record that the file is named after."""
    cache = Cache(tmp_path / "cache")
    kind = KindRegistry.load()["Person"]
    data = {"kind": "Person", "metadata": {"name": "mallory"}, "spec": {}}
    for found in (data, {**data, "kind": "Team"}, [1], "text", None, {"kind": "Person", "metadata": "alice"}):
        cache.put_many(stored_module._space(kind), {OID: found})
        assert dict(StoredRecords(cache).find([("people/alice.yaml", kind, OID)])) == {}
    cache.put_many(stored_module._space(kind), {OID: data})
    assert dict(StoredRecords(cache).find([("people/mallory.yaml", kind, OID)])) == {"people/mallory.yaml": data}


def test_entries_of_another_program_or_schema_are_others(
    bad: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cache"
    judged(bad, folder)
    count = len(rows(folder))
    judged(bad, folder)
    assert len(rows(folder)) == count
    monkeypatch.setattr(stored_module, "program", lambda: b"another version")
    monkeypatch.setattr(stored_module, "_spaces", {})
    judged(bad, folder)
    assert len(rows(folder)) == 2 * count


def test_nothing_of_the_pull_request_is_remembered(bad: Workshop, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    bad.write("people/mallory.yaml", (bad.path / "people/alice.yaml").read_text().replace("alice", "mallory"))
    bad.commit()
    judged(bad, folder)
    kept = {key[16:].hex() for key in rows(folder)}
    base = {line.split()[2] for line in bad.git("ls-tree", "-r", "main").splitlines()}
    assert kept
    assert kept <= base
    assert bad.git("rev-parse", f"topic:{CHANGE}") not in kept


def test_a_cache_in_the_repository_is_refused(bad: Workshop, itsm: Run) -> None:
    """A commit could bring it."""
    for place in (bad.path / "cache", bad.path / ".git" / "cache", bad.path, bad.path / "x" / ".." / "cache"):
        code, _, error = itsm("-C", bad.path, "gate", "--base", "main", "--head", "topic", "--cache", place)
        assert code == 2
        assert "inside the repository" in error
    (bad.path / "link").symlink_to(bad.path / "services")
    outside = bad.path.parent / "outside"
    outside.symlink_to(bad.path / "services")
    code, _, error = itsm("-C", bad.path, "validate", "--cache", outside)
    assert (code, "inside the repository" in error) == (2, True)
    assert itsm("-C", bad.path / "services", "validate", "--cache", bad.path / "cache")[0] == 2


def links(folder: Path, elsewhere: Path) -> None:
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)


def writable(folder: Path, elsewhere: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def file_link(folder: Path, elsewhere: Path) -> None:
    folder.mkdir(mode=0o700)
    elsewhere.write_bytes(b"")
    (folder / "records-1.sqlite").symlink_to(elsewhere)


def writable_file(folder: Path, elsewhere: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "records-1.sqlite").write_bytes(b"")
    (folder / "records-1.sqlite").chmod(0o666)


def no_folder(folder: Path, elsewhere: Path) -> None:
    folder.write_text("a file")


def fifo(folder: Path, elsewhere: Path) -> None:
    folder.mkdir(mode=0o700)
    os.mkfifo(folder / "records-1.sqlite", 0o600)


@pytest.mark.parametrize("prepare", [links, writable, file_link, writable_file, no_folder, fifo])
def test_a_place_that_is_not_ours_alone_is_not_used(
    bad: Workshop, tmp_path: Path, prepare: Callable[[Path, Path], None]
) -> None:
    folder, elsewhere = tmp_path / "cache", tmp_path / "elsewhere"
    prepare(folder, elsewhere)
    assert "not used" in Cache(folder).trouble
    assert judged(bad, folder).as_data() == bad.judge().as_data()
    if elsewhere.is_dir():
        assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_replaced(bad: Workshop, tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    (folder / "records-1.sqlite").write_bytes(content)
    (folder / "records-1.sqlite").chmod(0o600)
    assert judged(bad, folder).as_data() == bad.judge().as_data()
    assert rows(folder)


def test_a_database_that_would_run_something_is_replaced(bad: Workshop, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    expected = judged(bad, folder).as_data()
    with sqlite3.connect(folder / "records-1.sqlite") as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END")
        connection.execute("CREATE VIEW v AS SELECT load_extension('x')")
    assert judged(bad, folder).as_data() == expected
    with sqlite3.connect(folder / "records-1.sqlite") as connection:
        assert connection.execute("SELECT type, name FROM sqlite_master").fetchall() == [("table", "entry")]


def test_a_file_damaged_in_the_middle(bad: Workshop, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    expected = judged(bad, folder).as_data()
    file = folder / "records-1.sqlite"
    whole = file.read_bytes()
    for at in range(100, len(whole), len(whole) // 4):
        file.write_bytes(whole[:at] + bytes(255 - byte for byte in whole[at : at + 64]) + whole[at + 64 :])
        assert judged(bad, folder).as_data() == expected
        file.write_bytes(whole[:at])
        assert judged(bad, folder).as_data() == expected


def _fill(folder: Path, number: int) -> None:
    cache = Cache(folder)
    for turn in range(20):
        cache.put_many(SPACE, {f"{number:02x}{turn:02x}" * 10: {"number": number, "turn": turn}})


def test_several_processes_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_fill, args=(folder, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    ids = {
        f"{number:02x}{turn:02x}" * 10: {"number": number, "turn": turn} for number in range(3) for turn in range(20)
    }
    assert dict(Cache(folder).get_many(SPACE, ids)) == ids


@pytest.mark.parametrize(
    "data",
    [float("nan"), float("inf"), 2**70, {1: 2}, {"a": (1, 2)}, "\ud800", {"a": {"b": object()}}],
    ids=["nan", "inf", "big", "key", "tuple", "surrogate", "object"],
)
def test_what_json_would_change_is_not_kept(tmp_path: Path, data: Any) -> None:
    cache = Cache(tmp_path / "cache")
    cache.put_many(SPACE, {OID: data})
    assert dict(cache.get_many(SPACE, [OID])) == {}


def test_what_is_kept_is_the_very_same(tmp_path: Path) -> None:
    data = {"z": 1, "a": [1.0, 1, True, None, "", -0.0, 2**62, 1e300, {"é": []}]}
    cache = Cache(tmp_path / "cache")
    cache.put_many(SPACE, {OID: data})
    ((_, found),) = cache.get_many(SPACE, [OID])
    assert repr(found) == repr(data)
    assert orjson.dumps(found) == orjson.dumps(data)


def test_a_work_tree_is_read_through_the_cache_as_well(workshop: Workshop, tmp_path: Path, itsm: Run) -> None:
    folder = tmp_path / "cache"
    with on_main(workshop):
        workshop.write("people/broken.yaml", "a: [")
    workshop.write("people/broken.yaml", "a: [")
    arguments = ("-C", workshop.path, "validate", "--format", "json", "--now", "2026-11-22T12:00:00Z")
    plain = itsm(*arguments)
    assert plain[0] == 1
    for _ in range(2):
        assert itsm(*arguments, "--cache", folder) == plain
        assert itsm(*arguments, "--rev", "main", "--cache", folder) == itsm(*arguments, "--rev", "main")


def test_findings_point_to_lines_of_files_that_were_not_read(workshop: Workshop, tmp_path: Path) -> None:
    with on_main(workshop):
        workshop.edit("services/database.yaml", "team-data", "team-nobody")
    repository = Repository(workshop.path)
    snapshot = repository.snapshot(workshop.git("rev-parse", "main"))
    registry = KindRegistry.load()
    stored = StoredRecords(Cache(tmp_path / "cache"))
    first, second = (load_catalogue(snapshot, registry, stored=stored) for _ in range(2))
    assert any(record.content is None for record in second)
    assert dict(first.sources()) == dict(second.sources())
    assert list(first.records) == list(second.records)
    assert [record.data for record in first] == [record.data for record in second]
