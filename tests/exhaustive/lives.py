"""Every life of a Change that one pull request can make, and what the gate says of each.

``python -m tests.exhaustive.lives --processes 2`` tries all of them, prints how many there were and where the gate and
the model disagree; the exit code is 1 where they do. A policy only tells in which states it was asked, and one
approval rule for each state asks for nothing: so it shows as what the Change was judged, and by whose rules.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import Final

from itsm_as_code.findings import RecordId
from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.gate.findings import findings_of
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.diff import RecordDiff, diff_data
from itsm_as_code.records.document import parse
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.lifecycle import LIFECYCLE_REQUIRED, required_problems, transition_problems
from itsm_as_code.records.lifecycle_path import step_diffs
from itsm_as_code.records.taken_over import TAKEN_OVER, state_problems
from tests.exhaustive import lives_model as model
from tests.exhaustive.lives_model import EMERGENCY, NORMAL, STANDARD, STATES, Side, Told
from tests.memory import Commits

NOW: Final = datetime(2026, 12, 1, 12, tzinfo=UTC)
RESULTS: Final = ("", "successful", "successful-with-issues", "backed-out", "failed")
LACKS: Final = ("test", "review", "actual", "justification")
SORTS: Final = ((NORMAL, "", False), (STANDARD, "one", False), (STANDARD, "two", False))
SORTS_OF_EMERGENCY: Final = ((EMERGENCY, "", False), (EMERGENCY, "", True))
RULES: Final = ("lifecycle-transition", "lifecycle-final", "lifecycle-frozen", "lifecycle-required", "taken-over")
FIELDS: Final = {
    "justification": "It is slow.",
    "implementation": "{steps: [Do it.]}",
    "test": "{summary: Done in staging., passed: true}",
    "backout": "{steps: [Undo it.]}",
}
ENDED: Final = {
    "actual": '{start: "2026-11-30T20:00:00Z", end: "2026-11-30T21:00:00Z"}',
    "review": '{date: "2026-12-01", by: alice, findings: It went as it went.}',
}
REJECTION: Final = '{by: alice, on: "2026-12-01", reason: Not now.}'
MARK: Final = "{from: former-desk, number: CHG%03d, on: 2026-11-02}"
POLICY: Final = """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: judged, title: Judged as it is}
spec:
  severity: warning
  match: {kinds: [Change]}
  require: object.spec.summary == ''
  message: "'judged as ' + object.spec.status"
  at: /spec/status
  remedy: None is needed.
  examples:
    - {name: good, expect: pass, object: {kind: Change, spec: {status: draft, summary: ''}}}
    - {name: bad, expect: fail, object: {kind: Change, spec: {status: draft, summary: a}}}
"""
RULE: Final = """\
    - {name: as-STATE, match: {kinds: [Change], where: object.spec.status == 'STATE'}, approvals: []}
"""
ORGANISATION: Final = {
    "itsm.yaml": "apiVersion: itsm/v1\nkind: Configuration\nspec: {organisation: {name: Shop}, "
    'takenOver: {before: "2026-12-09", from: [former-desk]}}\n',
    "policies/approvals/all.yaml": "apiVersion: itsm/v1\nkind: ApprovalPolicy\n"
    "metadata: {name: all, title: Who approves what}\nspec:\n  rules:\n"
    + "".join(RULE.replace("STATE", state) for state in STATES),
    "policies/judged.yaml": POLICY,
}
SAID: Final = re.compile(r"judged as ([a-z-]+)")
PATH: Final = "changes/chg-life.yaml"


def text(side: Side) -> str:
    """The file of a Change. On the base it has no end, so that one is told."""
    spec = {"type": side.type, "services": "[web]", "requester": "alice", "summary": "Do it.", "status": side.state}
    spec |= {"schedule": '{start: "2026-12-02T20:00:00Z", end: "2026-12-02T22:00:00Z"}', **FIELDS}
    spec |= {"model": side.model} if side.model else {}
    spec |= {"recordedAfterwards": "true"} if side.afterwards else {}
    spec |= {"result": side.result} if side.result else {}
    spec |= ENDED if side.result or side.lacks == "result" else {}
    spec |= {"rejection": REJECTION} if side.state == "rejected" else {}
    spec |= {"takenOver": MARK % 1} if side.taken_over else {}
    lines = [f"  {key}: {value}\n" for key, value in spec.items() if key != side.lacks]
    return "apiVersion: itsm/v1\nkind: Change\nmetadata: {name: chg-life, title: A life}\nspec:\n" + "".join(lines)


def cases() -> Iterator[tuple[Side | None, Side]]:
    """What may stand on the base, and what a pull request may make of it."""
    sorts = (*SORTS, *SORTS_OF_EMERGENCY)
    bases = [None, *(Side(state, *sort) for state in STATES for sort in sorts)]
    heads = [
        Side(state, *sort, result, lacks)
        for state, sort, result in product(STATES, sorts, RESULTS)
        for lacks in ("", *(LACKS if result in ("successful", "failed") else ()))
    ]
    heads += [Side("rejected", *sort, lacks="rejection") for sort in sorts]
    heads += [Side(state, *sort, result, taken_over=True) for state in STATES for sort in sorts for result in RESULTS]
    return product(bases, heads)


@dataclass
class Count:
    """How many lives there were, by what is said of them, and those of which the gate and the model say different."""

    said: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Lifecycles:
    """What lifecycles alone say, without a gate: in a thousandth of the time."""

    def __init__(self) -> None:
        self.kind = KindRegistry.load()["Change"]
        self.records: dict[Side, Record] = {}

    def judge(self, base: Side | None, head: Side) -> Told:
        old, new = self.record(base) if base is not None else None, self.record(head)
        diff = RecordDiff(new.id, old, new, tuple(diff_data(old.data if old is not None else None, new.data)))
        rules = {rule.id for rule, _ in transition_problems(diff)}
        rules |= {LIFECYCLE_REQUIRED.id for _ in required_problems(new)}
        rules |= {TAKEN_OVER.id for _ in state_problems(new) if head.taken_over}
        passed = {step.record.state or "" for step in (diff, *step_diffs(diff))}
        asked = passed | ({base.state} if base is not None else set())
        return Told(frozenset(rules), frozenset(() if head.taken_over else passed), frozenset(asked))

    def record(self, side: Side) -> Record:
        if side not in self.records:
            data = parse(text(side).encode())
            self.records[side] = Record(RecordId("Change", "chg-life"), self.kind, data, PATH, None)
        return self.records[side]


@dataclass
class Gate:
    """The gate, over one organisation."""

    commits: Commits = field(default_factory=Commits)
    bases: dict[Side | None, str] = field(default_factory=dict)

    def judge(self, base: Side | None, head: Side) -> Told:
        if base not in self.bases:
            files = {**ORGANISATION, **({PATH: text(base)} if base is not None else {})}
            self.bases[base] = self.commits.add(files, at=NOW)
        commits = self.commits.fork()
        commits._catalogues = {}  # of many thousand, each is needed once
        main = self.bases[base]
        topic = commits.add({PATH: text(head)}, main, at=NOW)
        findings = findings_of(commits.candidate(main, topic, PullRequest("alice"), NOW))
        found = [finding for finding in findings.all if finding.record is not None and not finding.known]
        told = {finding.rule for finding in found}
        states = {SAID.match(finding.message)[1] for finding in found if finding.rule == "judged"}
        asked = {rule.name.removeprefix("as-") for rule in findings.scope.rules}
        return Told(frozenset(told & set(RULES)), frozenset(states), frozenset(asked))


def run(judging: type[Gate | Lifecycles], number: int = 0, of: int = 1) -> Count:
    """Every so-manieth life."""
    judge, count = judging().judge, Count()
    for place, (base, head) in enumerate(cases()):
        if place % of == number and base != head:
            expected, given = model.judge(base, head), judge(base, head)
            count.said[", ".join(sorted(given.rules)) or "nothing"] += 1
            if given != expected:
                count.wrong.append(f"{base} -> {head}: the gate says {given}, the model {expected}")
    return count


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2, help="how many processes (default 2)")
    parser.add_argument("--every", type=int, default=1, help="the gate judges one of so many (default 1)")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    count = run_all(given.processes, given.every)
    for line in count.wrong[:50]:
        print(line)
    print(f"{count.said.total():,} lives, {len(count.wrong)} disagreements, {time.monotonic() - began:.0f} s")
    return 1 if count.wrong else 0


def run_all(processes: int, every: int) -> Count:
    """The gate's judgement of one life of so many, by some processes."""
    count, shares = Count(), 4 * processes
    with ProcessPoolExecutor(processes) as pool:
        numbers = range(0, shares * every, every)
        for found in pool.map(run, [Gate] * shares, numbers, [shares * every] * shares):
            count.said += found.said
            count.wrong += found.wrong
    return count


if __name__ == "__main__":
    sys.exit(main())
