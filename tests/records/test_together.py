"""Files read by several processes: all that is said is what one would say, whatever becomes of the others."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import processes
from itsm_as_code.cache import Cache
from itsm_as_code.git.repository import Repository
from itsm_as_code.progress import listening
from itsm_as_code.records import reading
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.snapshot import Snapshot, WorkTree
from tests.conftest import SMALL, Workshop, copy_tree

REGISTRY = KindRegistry.load()
BROKEN = {
    "services/not-yaml.yaml": "a: [",
    "services/no-schema.yaml": "apiVersion: itsm/v1\nkind: Service\nmetadata: {name: no-schema, title: T}\nspec: {}\n",
    "services/other-name.yaml": "apiVersion: itsm/v1\nkind: Service\nmetadata: {name: orders, title: T}\nspec: {}\n",
    "services/other-kind.yaml": "apiVersion: itsm/v1\nkind: Team\nmetadata: {name: other-kind}\nspec: {members: [a]}\n",
    "services/below/orders.yaml": (SMALL / "services/orders.yaml").read_text(),
    "people/number.yaml": "apiVersion: itsm/v1\nkind: Person\nmetadata: {name: number, title: 1.10}\nspec: {}\n",
}


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Records and files that are none, of which two processes read three at a time."""
    copy_tree(SMALL, tmp_path / "records")
    for path, text in BROKEN.items():
        file = tmp_path / "records" / path
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)
    monkeypatch.setattr(reading, "_WORTH_PROCESSES", 2)
    monkeypatch.setattr(reading, "_CHUNK", 3)
    monkeypatch.setattr(reading, "cores", lambda: 2)
    return tmp_path / "records"


def said(catalogue: Catalogue) -> list[Any]:
    """All that a catalogue says, in its order, down to the types of values."""
    rows = [(record.id, record.path, record.valid, record.oid, repr(record.data)) for record in catalogue]
    return [rows, catalogue.findings]


def alone(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What one process says of a snapshot."""
    with monkeypatch.context() as patch:
        patch.setattr(reading, "_WORTH_PROCESSES", 1 << 30)
        return said(load_catalogue(snapshot, REGISTRY))


def together(snapshot: Snapshot, stored: StoredRecords | None = None) -> tuple[list[Any], list[str]]:
    """What several processes say of it, and what is noted."""
    notes: list[str] = []
    with listening(lambda note, _: notes.append(note)):
        return said(load_catalogue(snapshot, REGISTRY, stored=stored)), notes


def test_several_processes_say_what_one_says(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, notes = together(WorkTree(many))
    assert found == alone(WorkTree(many), monkeypatch)
    assert len(found[1]) >= len(BROKEN) - 1, "the broken files are noticed"
    assert notes == []
    read = [record.path for record in load_catalogue(WorkTree(many), REGISTRY) if record.content is not None]
    assert len(read) < len(BROKEN), "the probe works: other processes read the valid ones"


def test_several_processes_read_a_commit(workshop: Workshop, many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, text in BROKEN.items():
        workshop.write(path, text)
    workshop.commit()
    repository = Repository(workshop.path)
    snapshot = repository.records(repository.commit("HEAD"))
    found, notes = together(snapshot)
    assert (found, notes) == (alone(snapshot, monkeypatch), [])


def test_what_several_processes_read_is_stored(many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = StoredRecords(Cache(tmp_path / "cache"))
    first, _ = together(WorkTree(many), stored)
    monkeypatch.setattr(reading, "streamed", lambda *_: pytest.fail("they are read again"))
    monkeypatch.setattr(reading, "_WORTH_PROCESSES", len(BROKEN) + 1)
    assert together(WorkTree(many), stored)[0] == first == alone(WorkTree(many), monkeypatch)


@pytest.mark.parametrize("how", ["dies", "dies at once", "cannot be copied"])
def test_what_no_process_could_read_is_read_by_this_one(many: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    expected, work, here = alone(WorkTree(many), monkeypatch), reading._Loader._valid, os.getpid()

    def dying(loader: Any, files: Any) -> bytes:
        assert os.getpid() != here, "it runs in another process"
        if how == "dies at once" or any("orders" in path for path, _, _ in files):
            os._exit(9)
        return work(loader, files)

    monkeypatch.setattr(reading._Loader, "_valid", dying)
    if how == "cannot be copied":
        monkeypatch.setattr(processes, "_can_copy", lambda: False)
    found, notes = together(WorkTree(many))
    assert found == expected
    assert len(notes) == 1
    assert "read by one process" in notes[0]


def test_an_error_in_a_process_is_one_here(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(loader: Any, files: Any) -> bytes:
        raise LookupError("there")

    monkeypatch.setattr(reading._Loader, "_valid", failing)
    with pytest.raises(LookupError, match="there"):
        load_catalogue(WorkTree(many), REGISTRY)


def test_equal_parts_of_what_is_sent_are_one() -> None:
    inner = {"key": "value", "count": 1, "list": ["value", 1, 1.0, True, None]}
    data = [{"a": {"key": "value"}, "b": inner}, {"a": {"key": "value"}, "b": {"key": True}, "c": {"key": 1}}]
    shared = reading.Shared()
    copies = pickle.loads(pickle.dumps([shared.of(item) for item in data]))  # noqa: S301
    assert repr(copies) == repr(data)

    def every(node: Any) -> Iterator[str]:
        if isinstance(node, str):
            yield node
        for item in [*node, *node.values()] if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from every(item)

    assert len({id(text) for text in every(copies)}) == len(set(every(data)))
    assert copies[0]["a"] is copies[1]["a"]


def test_other_processes_take_over_after_some_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_GENERATION", 4)
    found = list(processes.streamed(range(20), lambda item: (item, os.getpid()), 2))
    assert sorted(item for item, _ in found) == list(range(20))
    assert len({process for _, process in found}) >= 5, "what a process copied is given back when it ends"
