"""Mutated documents through parse, validate and report, by the hundred thousand: no traceback, nothing that is slow.

``python -m tests.fuzz.documents --documents 1000000 --seed 1`` prints how many there were, and what was wrong with
which. A batch is this repository with many of its records changed at random, changed copies of them, and hostile
documents among them; it follows from the seed and its number alone. What goes wrong in a batch is halved down to the
document that it is about.
"""

from __future__ import annotations

import argparse
import copy
import json
import multiprocessing
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

from itsm_as_code.errors import ItsmError
from itsm_as_code.findings import Finding
from itsm_as_code.gate.decision import Decision, Reason, error_decision
from itsm_as_code.records.document import Document, load
from itsm_as_code.reports.notice import notice
from itsm_as_code.reports.validate import ValidateResult
from itsm_as_code.validation import built_in_rules, validate
from tests.fuzz.hostile import DOCUMENTS, TOKENS, VALUES
from tests.reports import renderers
from tests.snapshots import Memory

GATE = renderers("gate")
VALIDATE = renderers("validate")

ROOT: Final = Path(__file__).resolve().parents[2]
NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMIT: Final = 2.0
"""Seconds of processor time for one document."""
EACH: Final = 0.01
"""Seconds that every document of a batch may take besides."""
LETTERS: Final = ("", " ", "x", "é", "`", "|", "-", "0", "\u0301", "'", "<b>", "::error::")
FOLDERS: Final = ("services", "changes", "people", "operations", "improvement", "portfolio", "policies")
COPIES: Final = 4
"""Changed copies of every record beside it: judging a batch costs something besides its documents."""
JUDGES: Final = ("policies/", "itsm.yaml")
Files = dict[str, bytes]


@lru_cache(maxsize=1)
def originals() -> Files:
    """The records of this repository by path."""
    found = {"itsm.yaml": (ROOT / "itsm.yaml").read_bytes()}
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.yaml")):
            found[file.relative_to(ROOT).as_posix()] = file.read_bytes()
    return found


@lru_cache(maxsize=1)
def trees() -> dict[str, bytes]:
    """Their data as JSON, which is copied fastest by reading it."""
    loaded = {path: load(path, content) for path, content in originals().items()}
    return {path: orjson.dumps(found.data) for path, found in loaded.items() if isinstance(found, Document)}


def batch(seed: int, number: int) -> tuple[Files, Files]:
    """The mutants of a batch and the files around them, by path."""
    dice = random.Random(f"{seed}/{number}")
    share = dice.choice((0.2, 0.6, 0.95))
    files, mutants = originals(), {}
    for path in files:
        chance = share / 12 if path.startswith(JUDGES) else share
        if dice.random() < chance:
            mutants[path] = mutant(dice, path)
        for each in range(0 if path.startswith(JUDGES) else COPIES):
            mutants[f"{path.removesuffix('.yaml')}-m{each}.yaml"] = mutant(dice, path, f"-m{each}")
    return mutants, {path: content for path, content in files.items() if path not in mutants}


def mutant(dice: random.Random, path: str, end: str = "") -> bytes:
    """One changed document, or a changed copy whose name has another end."""
    kind = dice.random()
    if kind < 0.05:
        return changed(dice, dice.choice(DOCUMENTS), dice.randrange(3))
    name = path.rpartition("/")[2].removesuffix(".yaml")
    if kind < 0.45:
        source = originals()[path].replace(f"name: {name}".encode(), f"name: {name}{end}".encode(), 1)
        return changed(dice, source, dice.choice((1, 1, 2, 4)))
    data = orjson.loads(trees()[path])
    if end:
        data["metadata"]["name"] = f"{name}{end}"
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        _change(dice, data)
    try:
        return json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return b"{}"


def changed(dice: random.Random, source: bytes, times: int) -> bytes:
    """Changed as text: bytes, lines and words."""
    for _ in range(times):
        lines = source.split(b"\n")
        at, row = dice.randrange(len(source) + 1), dice.randrange(len(lines))
        way = dice.randrange(10)
        if way == 0:
            source = source[:at] + bytes([dice.randrange(256)]) + source[at + 1 :]
        elif way == 1:
            source = source[:at] + dice.choice(TOKENS) + source[at + dice.randrange(3) :]
        elif way == 2:
            source = source[:at] + source[at + dice.randrange(1, 40) :]
        elif way == 3:
            source = source[:at] if dice.random() < 0.3 else source[: at + 60] + source[at:]
        elif way == 4:
            lines[row] = lines[row] * dice.choice((0, 2, 2, 300))
            source = b"\n".join(lines)
        elif way == 5:
            other = dice.choice(list(originals().values())).split(b"\n")
            lines.insert(row, dice.choice(other))
            source = b"\n".join(lines)
        elif way == 6:
            lines[row] = b" " * dice.randrange(7) + lines[row].lstrip()
            source = b"\n".join(lines)
        elif way == 7:
            key, colon, _ = lines[row].partition(b":")
            lines[row] = key + colon + b" " + dice.choice(TOKENS)
            source = b"\n".join(lines)
        elif way == 8:
            lines[row : row + dice.randrange(1, 5)] = []
            source = b"\n".join(lines)
        else:
            source = b"\n".join(lines[:row] + [lines[row]] * dice.choice((2, 3, 500)) + lines[row:])
    return source[: 1 << 20]


def _change(dice: random.Random, data: Any) -> None:
    """Changed as data, at one place."""
    holder = dice.choice([item for item in _containers(data) if item] or [data])
    if isinstance(holder, dict):
        key: Any = dice.choice(list(holder)) if holder else "spec"
        way = dice.randrange(8)
        if way == 0:
            holder.pop(key, None)
        elif way == 1:
            holder[f"{key}{dice.choice(('s', '_', ' ', '-x', 'é'))}"] = holder.pop(key, None)
        elif way == 2:
            holder[dice.choice(("spec", "x", "metadata", "y" * dice.choice((5, 900, 1100))))] = _value(dice)
        elif way == 3:
            holder.update({f"k{number}": _value(dice) for number in range(dice.choice((3, 400)))})
        else:
            holder[key] = _value(dice, holder.get(key))
        return
    index = dice.randrange(len(holder)) if holder else 0
    way = dice.randrange(6)
    if way == 0 and holder:
        del holder[index]
    elif way == 1:
        holder *= dice.choice((0, 2, 40))
    elif way == 2:
        holder.insert(index, _value(dice))
    elif holder:
        holder[index] = _value(dice, holder[index])


def _value(dice: random.Random, old: Any = None) -> Any:
    way = dice.random()
    if way < 0.1:
        return [old] * dice.choice((1, 3, 200))
    if way < 0.15:
        return {"a": old}
    if way < 0.3 and isinstance(old, str) and old:
        at = dice.randrange(len(old))
        return old[:at] + dice.choice(LETTERS) + old[at + 1 :]
    if way < 0.35 and isinstance(old, (int, float)) and not isinstance(old, bool):
        return dice.choice((-old, old * 1_000_000, old + 0.5, str(old)))
    if way < 0.5:
        return dice.choice(_words())
    return copy.deepcopy(dice.choice(VALUES))  # it may be changed again


@lru_cache(maxsize=1)
def _words() -> list[str]:
    """Texts of records: names, dates, states and expressions that are right elsewhere."""
    found = {
        value
        for content in trees().values()
        for item in _containers(orjson.loads(content))
        for value in (item.values() if isinstance(item, dict) else item)
        if isinstance(value, str) and len(value) < 200
    }
    return sorted(found)


def _containers(data: Any) -> Iterator[Any]:
    todo = [data]
    while todo:
        item = todo.pop()
        if isinstance(item, (dict, list)):
            yield item
            todo.extend(item.values() if isinstance(item, dict) else item)


class TooSlow(Exception):
    """A batch or document that took longer than it may."""


def check(mutants: Mapping[str, bytes], others: Mapping[str, bytes]) -> int:
    """Judge the files and write all reports; gives the number of findings. Whatever it raises is a mistake."""
    limit = LIMIT + EACH * (len(mutants) + len(others) / 4)
    started = time.process_time()
    found: tuple[Finding, ...] = ()
    sources: Mapping[str, bytes] = {}
    try:
        validation = validate(Memory({**mutants, **others}), NOW)
        found, sources = validation.findings, validation.catalogue.sources()
    except ItsmError:
        pass  # it could not be done, and is said in a sentence
    result = ValidateResult(found, len(mutants), NOW, None, sources, built_in_rules())
    for write in VALIDATE.values():
        write(result)
    blank = error_decision("x", "y", "2026-11-22T12:00:00Z").evidence
    evidence = {**blank, "findings": [item.as_data() for item in found]}
    reasons = tuple(Reason(item.rule, f"{item.location}: {item.message}") for item in found)
    decision = Decision("rejected", reasons, evidence, found, sources)
    for name in ("text", "github", "json"):
        GATE[name](decision)
    notice(decision)  # it holds the Markdown
    taken = time.process_time() - started
    if taken > limit:
        raise TooSlow(f"{taken:.1f} s for {len(mutants)} documents")
    return len(found)


@dataclass
class Outcome:
    """What became of some batches."""

    documents: int = 0
    findings: int = 0
    problems: list[tuple[str, bytes, str]] = field(default_factory=list)
    """Path and content of each document that something was wrong with, and what."""

    def add(self, other: Outcome) -> None:
        self.documents += other.documents
        self.findings += other.findings
        self.problems += other.problems


def run(seed: int, number: int) -> Outcome:
    """One batch."""
    mutants, others = batch(seed, number)
    outcome = Outcome(len(mutants))
    try:
        outcome.findings = _watched(mutants, others)
    except Exception as error:
        outcome.problems += _culprits(mutants, error)
    return outcome


def _watched(mutants: Mapping[str, bytes], others: Mapping[str, bytes]) -> int:
    """As :func:`check`, stopped when it goes on and on."""

    def stop(*_: object) -> None:
        raise TooSlow("stopped")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, 10 * LIMIT + EACH * len(mutants))
    try:
        return check(mutants, others)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _culprits(mutants: Files, error: Exception) -> list[tuple[str, bytes, str]]:
    """The documents that make a batch fail, found by halving it; all of it, where only together they do."""
    said = "".join(traceback.format_exception(error)[-3:])
    if len(mutants) == 1:
        return [(path, content, said) for path, content in mutants.items()]
    paths = sorted(mutants)
    for half in (paths[: len(paths) // 2], paths[len(paths) // 2 :]):
        some = {path: mutants[path] for path in half}
        rest = {path: content for path, content in originals().items() if path not in some}
        try:
            _watched(some, rest)
        except Exception as again:
            return _culprits(some, again)
    return [("together: " + " ".join(paths[:20]), b"\n---\n".join(mutants.values())[:100_000], said)]


def _job(given: tuple[int, int]) -> Outcome:
    return run(*given)


def run_all(documents: int, seed: int, processes: int, say: Callable[[str], None] = print) -> Outcome:
    """Batches until there were so many documents."""
    whole, started, number = Outcome(), time.monotonic(), 0
    context = multiprocessing.get_context("fork")
    originals(), trees(), _words()
    with context.Pool(processes, maxtasksperchild=50) as pool:
        jobs = ((seed, each) for each in range(10**9))
        for outcome in pool.imap_unordered(_job, jobs, chunksize=1) if processes > 1 else map(_job, jobs):
            whole.add(outcome)
            number += 1
            if number % 20 == 0:
                rate = whole.documents / (time.monotonic() - started)
                say(f"{whole.documents:,} documents, {whole.findings:,} findings, {rate:.0f}/s, {_kinds(whole)}")
            if whole.documents >= documents:
                pool.terminate()
                break
    return whole


def _kinds(outcome: Outcome) -> dict[str, int]:
    return dict(Counter(said.strip().splitlines()[-1][:100] for _, _, said in outcome.problems))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch", type=int, help="only this batch")
    given = parser.parse_args()
    if given.batch is not None:
        whole = run(given.seed, given.batch)
    else:
        whole = run_all(given.documents, given.seed, given.processes, lambda line: print(line, flush=True))
    for path, content, said in whole.problems:
        print(f"--- {path}\n{content[:2000]!r}\n{said}")
    print(f"{whole.documents:,} documents, {whole.findings:,} findings, {len(whole.problems)} problems {_kinds(whole)}")
    return 1 if whole.problems else 0


if __name__ == "__main__":
    sys.exit(main())
