"""Random histories of pull requests: the gate, on real git objects, must agree with a small model of its rules."""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from itsm_as_code.forges.interface import PullRequest, Review, ReviewState
from itsm_as_code.gate import evaluate
from itsm_as_code.git.repository import Repository
from tests.conftest import NORMAL_CHANGE, SMALL, Workshop
from tests.fuzz.model import CHANGE, DATABASE, DOCUMENT, NEWSLETTER, OF_MAIN, PERSON, STRAY, Content, Model, Word
from tests.fuzz.objects import ObjectStore

QUICK, SEQUENCES, SHARDS = 20, int(os.environ.get("ITSM_FUZZ_SEQUENCES", "2000")), 4
"""A quick look in every run; the volume in shards, so that several workers share it. Each explores on its own."""
START = datetime(2026, 11, 22, tzinfo=UTC)
AUTHORS = st.sampled_from([*["alice"] * 20, "bob", "bob", "carol", "frank", "mallory"])
REVIEWERS = st.sampled_from(["alice", "bob", "bob", "carol", "dave", "erin", "frank", "gina", "robot", "mallory"])
STATES = st.sampled_from(["approved", "approved", "approved", "changes-requested", "commented"])
FILES = st.sampled_from([*[NEWSLETTER, CHANGE, DOCUMENT] * 6, DATABASE, DATABASE, PERSON, PERSON, STRAY])
ROUNDS = [("bob", "carol"), ("bob", "frank"), ("bob", "dave", "erin"), ("carol", "dave", "erin")]
VERSIONS = st.integers(1, 3)
FIELD = {NEWSLETTER: "email", DATABASE: "email", CHANGE: "summary", PERSON: "title", DOCUMENT: "text", STRAY: "text"}
"""What a pull request changes in a file; main changes the title of the newsletter, and a document of its own."""


def text(path: str, fields: dict[str, int]) -> bytes:
    """The file that stands for a content of the model."""
    if path == CHANGE:
        summary = f"Send in batches of {fields['summary']}."
        return (NORMAL_CHANGE % {"name": "chg-20261122-tune"}).replace("Send in smaller batches.", summary).encode()
    if path in (DOCUMENT, STRAY, OF_MAIN):
        return f"Version {fields['text']}.\n".encode()
    source = (SMALL / path).read_text()
    if path == PERSON:
        return source.replace("title: Frank Fen", f"title: Frank Fen {fields['title']}").encode()
    source = source.replace("help@shop", f"help{fields['email']}@shop")
    return source.replace("title: Newsletter", f"title: Newsletter {fields.get('title', 0)}").encode()


def address(who: str) -> str:
    return f"{who} <{who}@{'evil' if who == 'mallory' else 'shop'}.example>"


class PullRequests(RuleBasedStateMachine):
    """One pull request by alice, with everything that people do to it; the model is told the same."""

    origin: ClassVar[Path]
    verdicts: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="itsm-fuzz-"))
        self.store = ObjectStore(self.folder / "repository", self.origin)
        content: Content = {
            NEWSLETTER: {"title": 0, "email": 0},
            DATABASE: {"email": 0},
            PERSON: {"title": 0},
        }
        self.files = {
            str(file.relative_to(SMALL)): self.store.write("blob", file.read_bytes()) for file in SMALL.rglob("*.yaml")
        }
        self.model = Model(content, copy.deepcopy(content), copy.deepcopy(content))
        self.base = self.commit(content, (), "erin")
        self.head = self.base
        self.past: list[tuple[str, Content, Content, list[str | None]]] = []
        self.reviews: list[Review] = []

    def commit(self, content: Content, parents: tuple[str, ...], who: str, committer: str = "", also: str = "") -> str:
        files = self.files | {path: self.store.write("blob", text(path, fields)) for path, fields in content.items()}
        trailer = f"\n\nCo-authored-by: {address(also)}" if also else ""
        return self.store.commit(files, parents, address(who), address(committer or who), f"Work{trailer}\n")

    def remember(self) -> None:
        """What the branch is now, so that a force-push can bring it back."""
        self.past.append((self.head, self.model.start, copy.deepcopy(self.model.head), list(self.model.people)))

    def push(self, parents: tuple[str, ...], *people: str) -> None:
        """A commit of the head's content on the branch, made by these people."""
        who, committer, also = (*people, "", "")[:3]
        self.head = self.commit(self.model.head, parents, who, committer, also)
        self.model.people += [None if person == "mallory" else person for person in people if person]

    @initialize(path=st.sampled_from([NEWSLETTER, CHANGE, DOCUMENT, PERSON]), version=VERSIONS)
    def opened(self, path: str, version: int) -> None:
        """What the pull request is about at first."""
        self.edit(path, version, "alice", None, None)

    @rule(path=FILES, version=VERSIONS, who=AUTHORS, committer=st.none() | AUTHORS, also=st.none() | AUTHORS)
    def edit(self, path: str, version: int, who: str, committer: str | None, also: str | None) -> None:
        self.remember()
        self.model.head.setdefault(path, {})[FIELD[path]] = version
        self.push((self.head,), who, committer or who, also or "")

    @rule(path=FILES, who=AUTHORS)
    def take_back(self, path: str, who: str) -> None:
        self.remember()
        if path in self.model.start:
            self.model.head[path] = dict(self.model.start[path])
        else:
            self.model.head.pop(path, None)
        self.push((self.head,), who)

    @rule(version=VERSIONS, title=st.booleans())
    def main_moves_on(self, version: int, title: bool) -> None:
        if title:
            self.model.base[NEWSLETTER]["title"] = version
        else:
            self.model.base[OF_MAIN] = {"text": version}
        self.base = self.commit(self.model.base, (self.base,), "erin")

    @rule(who=AUTHORS, evil=st.none() | VERSIONS)
    def merge_main(self, who: str, evil: int | None) -> None:
        """The base is merged into the branch, perhaps with content that neither side had."""
        self.remember()
        self.model.head = copy.deepcopy(self.model.merged())
        self.model.start = copy.deepcopy(self.model.base)
        if evil is not None:
            self.model.head.setdefault(DOCUMENT, {})["text"] = evil
        self.push((self.head, self.base), who)

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def force_push(self, data: st.DataObject) -> None:
        """The branch goes back to what it was earlier; reviews of what is gone stay."""
        index = data.draw(st.integers(0, len(self.past) - 1))
        self.head, self.model.start, head, people = self.past[index]
        self.model.head, self.model.people = copy.deepcopy(head), list(people)
        del self.past[index:]

    @rule(who=REVIEWERS, state=STATES)
    def review(self, who: str, state: str) -> None:
        self.model.minute += 1
        self.model.words.append(Word(who, state, *self.model.difference(), self.model.minute))
        self.reviews.append(Review(who, ReviewState(state), self.head, self.now()))

    @rule(
        people=st.sampled_from([("bob", "carol"), ("bob", "frank"), ("bob", "dave", "erin"), ("carol", "dave", "erin")])
    )
    def several_approve(self, people: tuple[str, ...]) -> None:
        for who in people:
            self.review(who, "approved")

    @precondition(lambda self: self.model.words)
    @rule(data=st.data(), by=st.none() | REVIEWERS)
    def dismiss(self, data: st.DataObject, by: str | None) -> None:
        who = data.draw(st.sampled_from(sorted({word.who for word in self.model.words})))
        self.model.minute += 1
        self.model.words.append(Word(who, "dismissed", *self.model.difference(), self.model.minute, by))
        self.reviews.append(Review(who, ReviewState.DISMISSED, self.head, self.now(), by))

    @rule(minutes=st.sampled_from([-30, 5, 60, 24 * 60, 4 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        """Forwards, or backwards: the gate may be asked about an earlier instant."""
        self.model.minute = max(0, min(self.model.minute + minutes, 9 * 24 * 60))

    def teardown(self) -> None:
        try:
            self.compare()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def now(self) -> datetime:
        return START + timedelta(minutes=self.model.minute)

    def compare(self) -> None:
        pull_request = PullRequest("alice", reviews=tuple(self.reviews))
        decision = evaluate(Repository(self.store.folder), self.base, self.head, pull_request, self.now())
        self.verdicts[decision.verdict] += 1
        told = decision.evidence
        assert decision.verdict == self.model.verdict(), [reason.message for reason in decision.reasons]
        missing = {row["rule"]: sum(need["missing"] for need in row["required"]) for row in told["approvals"]}
        assert {name: count for name, count in missing.items() if count} == self.model.missing()
        assert set(told["pullRequest"]["contributors"]) == self.model.contributors()


@pytest.mark.parametrize(
    "sequences",
    [
        QUICK,
        *(pytest.param(-(-SEQUENCES // SHARDS), id=f"deep-{shard}", marks=pytest.mark.deep) for shard in range(SHARDS)),
    ],
)
def test_the_gate_agrees_with_the_model(
    first_workshop: Workshop, record_property: Callable[[str, Any], None], request: Any, sequences: int
) -> None:
    machine: Any = type(
        f"PullRequests {request.node.name}", (PullRequests,), {"origin": first_workshop.path, "verdicts": Counter()}
    )
    options = settings(
        max_examples=sequences,
        stateful_step_count=14,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(machine, settings=options)
    told = ", ".join(f"{count} {name}" for name, count in sorted(machine.verdicts.items()))
    record_property("gate against model", f"{machine.verdicts.total()} sequences|{told}")
    assert machine.verdicts.total() >= sequences
    # A few sequences need not end in each of them.
    assert sequences == QUICK or set(machine.verdicts) == {"approved", "pending", "rejected"}
