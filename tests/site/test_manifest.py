"""A manifest is whole or none, and only what differs of it is written; digests tell all answers apart."""

from __future__ import annotations

import copy
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code import cache
from itsm_as_code.site import manifest as module
from itsm_as_code.site.manifest import File, Lost, Made, Manifest, Memory, made_of
from itsm_as_code.site.reads import blocks as blocks_module
from itsm_as_code.site.reads import notes as notes_module
from itsm_as_code.site.reads.blocks import BITS
from itsm_as_code.site.reads.context import _brief
from itsm_as_code.site.reads.notes import Notes, digest
from itsm_as_code.site.reads.renewal import renew

OUT = Path("/srv/site")


class Store(cache.Memory):
    """A cache that counts what is written."""

    written: Mapping[str, Any] = {}

    def put_many(self, space: bytes, entries: Mapping[str, Any], gone: Iterable[str] = ()) -> None:
        self.written = entries
        super().put_many(space, entries, gone)

    def entries(self) -> dict[bytes, bytes]:
        return self._entries


def _manifest(seed: int = 0, parts: int = 40) -> Manifest:
    notes = Notes()
    keys = [f"{('title', 'body')[number % 2]}\x1fTeam\x1fteam-{number}\n\0" for number in range(50)]
    numbers = [notes.add(key, digest((key, seed))) for key in keys]
    notes.traces = {"facts.graph": {numbers[3], numbers[1]}, "parts a": array("I"), "parts b": {numbers[0]}}
    made = {
        f"record Team/{number}": Made(
            array("I", {numbers[number], numbers[(number * 7 + seed) % 50]}),
            (File.of(f"teams/{number}.html", b"page"), File(f"data/{number}.json", b"d" * 16, bytes([number] * 36))),
        )
        for number in range(parts)
    }
    return Manifest("whole", notes.blocks, notes.gathered(), made)


def _made(manifest: Manifest) -> dict[str, Made]:
    """All parts, each on its own."""
    return {name: made_of(manifest.parts, name) for name in manifest.parts}


def _plain(manifest: Manifest | None) -> object:
    assert manifest is not None
    notes = Notes()
    notes.take(manifest.blocks)
    looked_up = [
        (block.group, block.keys, bytes(block.digests)) for block in map(notes.block, range(len(notes.blocks)))
    ]
    read = {group: traces.read() for group, traces in manifest.traces.items()}
    traces = {group: found and {name: sorted(trace) for name, trace in found.items()} for group, found in read.items()}
    parts = {name: (sorted(made.reads), made.files) for name, made in _made(manifest).items()}
    return manifest.whole, looked_up, traces, parts


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """With entries so small that there are many."""
    monkeypatch.setattr(notes_module, "LAST", 15)
    monkeypatch.setattr(blocks_module, "ROOMS", 1)
    monkeypatch.setattr(module, "_SHELF", 8)
    return Memory(Store(), b"program")


def _store(memory: Memory) -> Store:
    assert isinstance(memory.cache, Store)
    return memory.cache


def test_what_was_saved_is_loaded(memory: Memory) -> None:
    for manifest in (_manifest(), Manifest("nothing"), _manifest(1, 7)):
        memory.save(OUT, manifest)
        assert _plain(memory.load(OUT)) == _plain(manifest)
    assert memory.load(Path("/srv/other")) is None
    assert Memory(memory.cache, b"another").load(OUT) is None


def test_only_what_differs_is_written(memory: Memory) -> None:
    memory.save(OUT, _manifest())
    assert len(_store(memory).written) == 1 + 4 + 2 + 3 * 8  # head, look-ups, traces, shelves
    old = memory.load(OUT)
    assert old is not None
    _store(memory).written = {}
    memory.save(OUT, old)
    assert not _store(memory).written
    name = "record Team/7"
    for changed, count in (
        ({name: replace(_made(old)[name], files=())}, 2),
        ({name: Made(array("I", [9]), _made(old)[name].files)}, 4),
    ):
        memory.save(OUT, replace(old, parts={**old.parts, **changed}))
        assert len(_store(memory).written) == count, changed
    for key in ("title\x1fTeam\x1fanother", "new\x1fTeam"):
        again, notes = memory.load(OUT), Notes()
        assert again is not None
        notes.take(again.blocks)
        assert notes.known(key) is None
        notes.add(key, b"d" * 16)
        memory.save(OUT, replace(again, blocks=notes.blocks))
        assert len(_store(memory).written) == 2, key


def test_only_groups_that_somebody_asks_are_read(memory: Memory) -> None:
    memory.save(OUT, _manifest())
    found, notes = memory.load(OUT), Notes()
    assert found is not None
    notes.take(found.blocks)
    assert notes.known("title\x1fTeam\x1fteam-2\n\0") == 1
    assert [block.is_read for block in notes.blocks] == [block.group == "title" for block in notes.blocks]


def test_only_shelves_with_a_look_up_that_is_stale_are_read(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = _manifest()
    memory.save(OUT, manifest)
    found, store = memory.load(OUT), _store(memory)
    assert found is not None
    by_name, read, real = _names(memory), list[str](), store.get_many

    def noted(space: bytes, ids: Iterable[str]) -> Iterator[tuple[str, Any]]:
        wanted = list(ids)
        read.extend(by_name[space + bytes.fromhex(one)] for one in wanted)
        return real(space, wanted)

    monkeypatch.setattr(store, "get_many", noted)
    stale = {7}
    resting = {name for name, made in _made(manifest).items() if made.rests_on(stale)}
    assert {name for name, made in _made(found).items() if made.rests_on(stale)} == resting
    assert {name for name in read if name.startswith("reads ")} == {_shelf(name) for name in resting}
    assert {name.split(" ")[0] for name in read} == {"reads", "asked"}
    read.clear()
    assert not any(part.rests_on(set()) for part in found.parts.values())
    assert not read


def test_a_key_of_many_is_found_in_few_blocks(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_module, "ROOMS", 64)
    first, notes = Notes(), Notes()
    numbers = {key: first.add(key, digest(key)) for key in (f"title\x1f{number}" for number in range(3000))}
    memory.save(OUT, Manifest("whole", first.blocks))
    found = memory.load(OUT)
    assert found is not None
    notes.take(found.blocks)
    for key in ("title\x1f7", "title\x1f2999"):
        assert notes.known(key) == numbers[key]
        assert sum(len(block) for block in notes.blocks if block.is_read) < 200
    assert notes.known("title\x1fno") is None
    assert {key: notes.known(key) for key in numbers} == numbers
    assert max(len(block) for block in notes.blocks) == 16


def test_entries_that_nothing_needs_any_more_go(memory: Memory) -> None:
    memory.save(OUT, _manifest())
    old = memory.load(OUT)
    assert old is not None
    memory.save(OUT, Manifest("whole", head=old.head))
    fewer = len(_store(memory).entries())
    assert fewer == 1 + 3
    assert _plain(memory.load(OUT)) == _plain(Manifest("whole"))


def test_entries_that_do_not_belong_together_are_no_manifest(memory: Memory) -> None:
    """Each is replaced by that of another build, taken away, or is no such entry."""
    memory.save(OUT, _manifest(1))
    other = dict(_store(memory).entries())
    memory.save(OUT, _manifest())
    mine = dict(_store(memory).entries())
    names, late = _names(memory), 0
    assert set(names) == set(mine)
    for key, name in names.items():
        for entry in {other[key], b'"AAAA"', b'"?"', b"3", b"{}", b"[]", b"null"} - {mine[key]}:
            _store(memory).entries().update({**mine, key: entry})
            found = memory.load(OUT)
            if not name.startswith(LATE):
                assert found is None, name
                continue
            assert found is not None
            late += 1
            _assert_lost(found, name)
            again = _manifest()
            memory.save(OUT, replace(found, parts=again.parts, blocks=again.blocks, traces=again.traces))
            assert _store(memory).entries() == mine, "what was lost is written anew"
        _store(memory).entries().update(mine)
        del _store(memory).entries()[key]
        found = memory.load(OUT)
        assert (found is not None) == name.startswith(LATE)
        if found is not None:
            _assert_lost(found, name)
    assert late > 8


LATE = ("reads ", "asked ", "look-ups ", "traces ")
"""Entries that are read when somebody asks."""


def _assert_lost(found: Manifest, name: str) -> None:
    kind, _, number = name.partition(" ")
    notes = Notes()
    notes.take(found.blocks)
    if kind == "asked":
        assert {part for part, shelf in found.parts.items() if shelf.rests_on({1000})} == _on(found, name)
    elif kind == "reads":
        assert _lost(found) == _on(found, name)
    elif kind == "look-ups":
        assert notes.block(int(number)).is_lost
    else:
        assert found.traces[number].read() is None


def _graph(title: str) -> Notes:
    """Titles, one of which is now another one, and an answer that was made of it."""
    notes = Notes()
    notes.direct["title"] = lambda number: title if number == "19" else ""
    notes.together["title"] = lambda: title
    notes.makers["facts.graph"] = lambda _: notes.note("title\x1f19")
    return notes


@pytest.mark.parametrize(
    ("lost", "stale"), [("look-ups 0", 16), ("look-ups 1", 4), ("look-ups 2", 1), ("traces facts.graph", 0)]
)
def test_what_rests_on_lost_look_ups_is_made_anew_where_they_are_needed(memory: Memory, lost: str, stale: int) -> None:
    first = _graph("")
    numbers = [first.add(f"title\x1f{number}", digest("")) for number in range(20)]
    first.note("facts.graph")
    first.has_changed("title")
    memory.save(OUT, Manifest("whole", first.blocks, first.gathered()))
    [key] = [key for key, name in _names(memory).items() if name == lost]
    del _store(memory).entries()[key]
    for title in ("", "new"):
        found, notes = memory.load(OUT), _graph(title)
        assert found is not None
        again = renew(notes, found.blocks, found.traces, ())
        at = int(lost[-1]) if lost[-1].isdigit() else 7
        gone = {number for number in (*numbers, first.numbers["facts.graph"]) if number >> BITS == at}
        assert again == ({*gone, numbers[19]} if title else set())
        assert len(gone) == stale
        if not title:
            notes.remembered("facts.graph")
            assert ("facts.graph" in notes.gathered()) == (not lost.startswith("traces")), "whole or not at all"


def test_parts_whose_look_ups_were_lost_are_not_remembered(memory: Memory) -> None:
    memory.save(OUT, _manifest())
    [key] = [key for key, name in _names(memory).items() if name == "reads 3"]
    del _store(memory).entries()[key]
    found = memory.load(OUT)
    assert found is not None
    lost = {part for part in found.parts if _shelf(part) == "reads 3"}
    again = next(name for name in sorted(lost))
    memory.save(OUT, replace(found, parts={**found.parts, again: _manifest().parts[again]}))
    kept = memory.load(OUT)
    assert kept is not None
    assert set(found.parts) - set(kept.parts) == lost - {again}
    assert not _lost(kept)


def _names(memory: Memory) -> dict[bytes, str]:
    found = memory.load(OUT)
    assert found is not None
    place = module._place
    return {memory._space + bytes.fromhex(place(OUT, name)): name for name in ("", *found.head["entries"])}


def _on(found: Manifest, name: str) -> set[str]:
    """The parts that an entry is about."""
    return {part for part in found.parts if _shelf(part) == f"reads {name.split()[1]}"}


def _shelf(part: str) -> str:
    return f"reads {module.zlib.crc32(part.encode()) % 8}"


def _lost(manifest: Manifest) -> set[str]:
    """Parts of which nobody knows what they were made of."""
    return {name for name, made in _made(manifest).items() if _is_lost(made)}


def _is_lost(made: Made) -> bool:
    try:
        list(made.reads)
    except Lost:
        asked = {at << BITS | place for at in range(4) for place in range(16)}
        assert made.rests_on(asked)
        assert not made.rests_on({1000})
        return True
    return False


_SCALARS = st.sampled_from(
    [None, True, False, 0, 1, 1.0, 0.0, -0.0, "", "1", "True", "None", "'", '"', "', '", "\\", b"", b"1", "\ud800", "é"]
) | st.text(max_size=3)  # fmt: skip
_ANSWERS = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)


def _same(left: Any, right: Any) -> bool:
    """The same value of the same classes all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return _same([*left.items()], [*right.items()])
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    return str(left) == str(right) if isinstance(left, float) else bool(left == right)


@settings(max_examples=40)
@given(st.lists(_ANSWERS, min_size=2, max_size=8))
def test_digests_are_the_same_for_the_same_answers_alone(answers: list[Any]) -> None:
    for left in answers:
        for right in answers:
            assert (digest(left) == digest(right)) == _same(left, right), (left, right)


def test_a_number_that_is_not_written_has_a_digest() -> None:
    assert digest(10**5000) == digest(10**5000) != digest(10**5000 + 1)
    assert digest((10**5000,)) != digest([10**5000])


@dataclass(frozen=True, slots=True)
class _One:
    value: Any


@dataclass(frozen=True, slots=True)
class _Another(_One):
    pass


@dataclass(frozen=True, slots=True)
class _Two(_One):
    more: Any = None


@dataclass
class _Open:
    value: Any


def test_digests_tell_fields_and_classes_apart() -> None:
    said = [kind(value) for kind in (_One, _Another, _Two, _Open) for value in (1, 1.0, (1,), _One(1), _Two(1, 2))]
    more = _Open(1)
    more.__dict__["more"] = 1
    found = [*said, _Two(1, 1), more, 1, (1,)]
    assert len({digest(value) for value in found}) == len(found)
    assert [digest(copy.deepcopy(value)) for value in found] == [digest(value) for value in found]


def test_digests_tell_histories_apart_with_names_that_are_no_text() -> None:
    told = [_brief((1, ("1" * 40, ("Ann", address), None))) for address in ("a@shop", "b@shop", "\udcff", "\udcfe")]
    assert len({digest(value) for value in told}) == 4
