"""Mutated documents: how many there were is printed, with what was wrong with them."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.conftest import SMALL
from tests.fuzz import documents
from tests.fuzz.hostile import DOCUMENTS
from tests.snapshots import folder


@pytest.mark.deep
def test_mutated_documents_are_judged_without_a_traceback_and_in_time(
    record_property: Callable[[str, object], None],
) -> None:
    """``FUZZ_DOCUMENTS`` and ``FUZZ_SEED`` ask for others; this runs beside other volume, so in one process."""
    wanted, seed = int(os.environ.get("FUZZ_DOCUMENTS", "20000")), int(os.environ.get("FUZZ_SEED", "1"))
    found = documents.run_all(wanted, seed, processes=1)
    record_property("mutated documents", f"seed {seed}|{found.documents:,} documents|{found.findings:,} findings")
    assert found.documents >= wanted
    assert found.problems == []


def test_hostile_documents_are_judged_in_time() -> None:
    files = {f"services/hostile-{number}.yaml": content for number, content in enumerate(DOCUMENTS)}
    others = {path: content for path, content in folder(SMALL).items() if isinstance(content, bytes)}
    assert documents.check(files, others) > len(DOCUMENTS)


def test_a_batch_follows_from_its_seed_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "COPIES", 1)
    mutants, others = documents.batch(3, 1)
    is_same = (mutants, others) == documents.batch(3, 1)
    is_another = mutants != documents.batch(3, 2)[0]
    assert is_same  # nobody wants to see how thousands of documents differ
    assert is_another
    assert len(mutants) > 400
    assert not mutants.keys() & others.keys()


def test_what_goes_wrong_is_traced_to_its_document(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(mutants: dict[str, bytes], others: dict[str, bytes]) -> int:
        assert b"boom" not in b"".join(mutants.values()), "boom"
        return len(mutants)

    monkeypatch.setattr(documents, "check", check)
    made = {f"a{number}": b"boom" if number == 37 else b"" for number in range(99)}
    monkeypatch.setattr(documents, "batch", lambda seed, number: (made, {}))
    found = documents.run(1, 1)
    assert found.documents == 99
    assert [(path, content) for path, content, _ in found.problems] == [("a37", b"boom")]
    assert "boom" in found.problems[0][2]
