"""Random histories: an approval counts exactly when the difference that was reviewed is the one that is merged."""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from itsm_as_code.forges.interface import PullRequest, Review, ReviewState
from itsm_as_code.gate.approvals import Approvals, approvals_of
from itsm_as_code.gate.candidate import read_candidate
from itsm_as_code.gate.findings import findings_of
from itsm_as_code.git.repository import MergeConflict, Repository
from tests.conftest import SMALL, Workshop
from tests.fuzz.differences import (
    DATABASE,
    NEWSLETTER,
    NOTES,
    PERSON,
    PLAN,
    RULES,
    Commit,
    Content,
    Difference,
    History,
    Look,
    counts,
)
from tests.fuzz.objects import ObjectStore

QUICK, DEEP = 10, int(os.environ.get("ITSM_FUZZ_HISTORIES", "5000"))
SHARDS = 4
PHASES = [Phase.generate] if os.environ.get("ITSM_FUZZ_SHRINK") == "no" else [Phase.generate, Phase.shrink]
START = datetime(2026, 11, 22, tzinfo=UTC)
REVIEWERS = ("bob", "carol", "dave", "erin", "frank")
FIRST: Final[Content] = {
    NEWSLETTER: {"title": 0, "tier": 3, "email": 0},
    DATABASE: {"title": 0, "tier": 2, "email": 0},
    PERSON: {"title": 0},
    PLAN: {"text": 0},
}
PLACES = (
    *((path, name) for path in (NEWSLETTER, DATABASE) for name in ("title", "tier", "email")),
    *((PERSON, "title"), (PLAN, "text"), (NOTES, "text")),
)
POLICY = """\
apiVersion: itsm/v1
kind: ApprovalPolicy
metadata: {name: all, title: Who approves what}
spec:
  rules:
    - {name: documents, match: {paths: ["docs/**"]}, approvals: &any [{from: {anyone: true}, count: 1}]}
    - {name: people, match: {paths: ["people/**"]}, approvals: [{from: {anyone: true}, count: 1}]}
    - {name: service, match: {kinds: [Service]}, approvals: [{from: {anyone: true}, count: 1}]}
    - {name: contact, match: {kinds: [Service], fields: [/spec/support]}, approvals: [{from: {anyone: true}, count: 1}]}
    - {name: critical, match: {kinds: [Service], where: "object.spec.tier <= 2"}, approvals: [{from: {anyone: true}}]}
""".replace("&any ", "")


def text(path: str, fields: dict[str, int]) -> bytes:
    """The file that stands for a content."""
    if path in (PLAN, NOTES):
        return f"Version {fields['text']}.\n".encode()
    source = (SMALL / path).read_text()
    if path == PERSON:
        return source.replace("title: Frank Fen", f"title: Frank Fen {fields['title']}").encode()
    title = "Newsletter" if path == NEWSLETTER else "Database"
    source = source.replace(f"title: {title}", f"title: {title} {fields['title']}")
    source = source.replace("help@shop", f"help{fields['email']}@shop")
    old = 4 if path == NEWSLETTER else 2
    return source.replace(f"tier: {old}", f"tier: {fields['tier']}").encode()


KINDS = {
    "edit": 5,
    "toggle": 1,
    "take back": 3,
    "main edits": 6,
    "main toggles": 1,
    "merge": 3,
    "merge, older": 3,
    "merge, own side": 6,
    "rebase": 1,
    "rebase, own files": 3,
    "squash": 1,
    "main merges": 4,
    "main squashes": 1,
    "review": 6,
    "force-push": 1,
    "half": 2,
    "cross": 2,
}
CHOICE = [kind for kind, weight in KINDS.items() for _ in range(weight)]
ACTS = st.tuples(st.sampled_from(CHOICE), st.integers(0, 11), st.integers(0, 11))


@dataclass
class World:
    """One repository with main and topic, told to git and to the model alike."""

    store: ObjectStore
    others: dict[str, str]
    history: History = field(default_factory=History)
    looks: dict[str, Look] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    past: list[str] = field(default_factory=list)
    minute: int = 0
    main: str = ""
    topic: str = ""

    def commit(self, content: Content, *parents: str, who: str = "alice") -> str:
        self.minute += 1
        files = self.others | {path: self.blob(path, fields) for path, fields in content.items()}
        address = f"{who} <{who}@shop.example>"
        at = int((START + timedelta(minutes=self.minute)).timestamp())
        name = self.store.commit(files, parents, address, address, f"Work {self.minute}\n", at)
        self.history.commits[name] = Commit(copy.deepcopy(content), parents, self.minute)
        return name

    def blob(self, path: str, fields: dict[str, int]) -> str:
        return self.store.write("blob", text(path, fields))

    def content(self, commit: str) -> Content:
        return copy.deepcopy(self.history.commits[commit].content)

    def joined(self, ours: str, theirs: str) -> Content:
        """A merge, field by field; where both changed one, that of ``theirs``."""
        start = self.content(self.history.best(ours, theirs)[0])
        one, other = self.content(ours), self.content(theirs)
        found: Content = {}
        for path in {*one, *other}:
            if other.get(path) == start.get(path):
                chosen = one.get(path)
            elif one.get(path) == start.get(path) or path not in one or path not in other:
                chosen = other.get(path)
            else:
                was = start.get(path, {})
                chosen = {key: value if value != was.get(key) else one[path][key] for key, value in other[path].items()}
            if chosen is not None:
                found[path] = chosen
        return found

    def act(self, kind: str, one: int, two: int) -> None:
        """One thing that people do; what makes no sense just now is left out."""
        path, name = PLACES[one % len(PLACES)]
        on_main = kind.startswith("main")
        tip = self.main if on_main else self.topic
        content = self.content(tip)
        if kind in ("half", "cross"):
            self.merge_a_part(kind, one, two)
        elif kind == "review":
            who = REVIEWERS[one % len(REVIEWERS)]
            self.minute += 1
            self.looks[who] = Look(self.topic, self.main)
            at = START + timedelta(minutes=self.minute)
            self.reviews.append(Review(who, ReviewState.APPROVED, self.topic, at))
        elif kind == "force-push":
            self.topic = self.past[one % len(self.past)] if self.past else self.topic
        elif kind.endswith("edits") or kind == "edit":
            if path in content:
                content[path][name] = two % 3 + (name == "tier")
                self.move(on_main, self.commit(content, tip, who="erin" if on_main else "alice"))
        elif kind.endswith(("toggle", "toggles")):
            path = (PLAN, NOTES, DATABASE)[one % 3]
            if content.pop(path, None) is None:
                content[path] = copy.deepcopy(FIRST.get(path, {"text": two % 3}))
            self.move(on_main, self.commit(content, tip, who="erin" if on_main else "alice"))
        elif kind == "take back":
            start = self.content(self.history.best(self.topic, self.main)[0])
            content.pop(path, None)
            if path in start:
                content[path] = start[path]
            self.move(False, self.commit(content, tip))
        elif kind.startswith(("merge", "rebase", "squash")):
            self.take_main(kind, one, two)
        else:
            tips = [*self.past, self.topic][-3:]
            lower = tips[one % len(tips)]
            if lower not in self.history.ancestors(self.main):
                parents = (self.main, lower) if kind == "main merges" else (self.main,)
                self.main = self.commit(self.joined(self.main, lower), *parents, who="erin")

    def merge_a_part(self, kind: str, one: int, two: int) -> None:
        """Main merges an earlier commit of the branch: after a review, or while the branch merges an earlier main."""
        earlier = self.main
        if kind == "cross":
            self.act("main edits", two, one)
        self.act("edit", one, two)
        lower = self.topic
        if kind == "half":
            self.act("edit", one, two + 1)
            self.act("review", two, 0)
        elif self.main not in self.history.ancestors(lower) and earlier != self.main:
            self.move(False, self.commit(self.joined(self.topic, self.main), self.topic, self.main))
        if lower not in self.history.ancestors(self.main):
            self.main = self.commit(self.joined(self.main, lower), self.main, lower, who="erin")

    def take_main(self, kind: str, one: int, two: int) -> None:
        """The branch takes main in, as it is or with files of its own in place of what main says."""
        taken = self.main
        if "older" in kind and self.history.commits[taken].parents:
            taken = self.history.commits[taken].parents[0]
        content = self.joined(self.topic, taken)
        if "own" in kind or kind == "squash":
            own = self.content(self.topic)
            kept = {PLACES[index % len(PLACES)][0] for index in (one, two, one + two)}
            for path in {*content, *own} if one % 4 == 0 else kept:
                content.pop(path, None)
                if path in own:
                    content[path] = own[path]
        parents = (self.topic, taken) if kind.startswith("merge") else (taken,)
        if kind == "squash":
            parents = (self.history.best(self.topic, taken)[0],)
        if not (kind.startswith("merge") and taken in self.history.ancestors(self.topic)):
            self.move(False, self.commit(content, *parents))

    def move(self, on_main: bool, commit: str) -> None:
        if on_main:
            self.main = commit
        else:
            self.past.append(self.topic)
            self.topic = commit

    def read(self, repository: Repository, tree: str) -> Content:
        """The content of a tree that git made."""
        found: Content = {}
        for line in repository.text("ls-tree", "-r", "-z", tree).split("\0")[:-1]:
            about, _, path = line.partition("\t")
            if path in FIRST or path == NOTES:
                found[path] = self.known(path, about.split()[2])
        return found

    def known(self, path: str, oid: str) -> dict[str, int]:
        if path not in VERSIONS:
            VERSIONS[path] = {self.blob(path, fields): fields for fields in versions(path)}
        return VERSIONS[path][oid]


VERSIONS: dict[str, dict[str, dict[str, int]]] = {}
"""Path -> blob -> fields."""


def versions(path: str) -> list[dict[str, int]]:
    """All contents that a file can have here."""
    found: list[dict[str, int]] = [{}]
    for name in [name for place, name in PLACES if place == path]:
        values = range(1, 4) if name == "tier" else range(3)
        found = [{**fields, name: value} for fields in found for value in values]
    return found


def judged(world: World) -> tuple[Approvals, Difference] | None:
    """What the gate makes of it in the end, and what would be merged; None where git finds no merge."""
    repository = Repository(world.store.folder)
    pull_request = PullRequest("alice", reviews=tuple(world.reviews))
    now = START + timedelta(minutes=world.minute + 1)
    try:
        candidate = read_candidate(repository, world.main, world.topic, pull_request, now)
    except MergeConflict:
        return None
    merged = Difference(world.content(world.main), world.read(repository, candidate.tree))
    return approvals_of(candidate, findings_of(candidate), repository), merged


def compare(world: World, told: Counter[str]) -> int:
    """How many approvals of rules were compared."""
    found = judged(world)
    if found is None:
        return 0
    approvals, merged = found
    assert {item.rule.name for item in approvals.required} == {
        rule for rule in RULES if any(True for _ in merged.paths_of(rule))
    }
    compared = 0
    for item in approvals.required:
        voids = {row.reviewer: row for row in item.ignored}
        for who, look in world.looks.items():
            expected = counts(item.rule.name, world.history, look, merged)
            row = voids.get(who)
            assert (row is None) == expected, (item.rule.name, who, row)
            assert row is None or (row.code, row.side) in {("void", "before"), ("void", "after")}
            told[f"void {row.side}" if row else "counted"] += 1
            told["two merge bases"] += len(world.history.best(look.base, look.commit)) > 1
            told["merged in part since"] += world.history.best(look.base, look.commit) != world.history.best(
                world.main, look.commit
            )
            compared += 1
    return compared


@pytest.mark.parametrize(
    ("histories", "shard"),
    [pytest.param(QUICK, 0, id="")]
    + [pytest.param(DEEP // SHARDS, shard, id=f"deep-{shard}", marks=pytest.mark.deep) for shard in range(SHARDS)],
)
def test_an_approval_counts_exactly_when_both_differences_are_equal(
    first_workshop: Workshop, record_property: Callable[[str, Any], None], histories: int, shard: int
) -> None:
    told: Counter[str] = Counter()
    files = {str(file.relative_to(SMALL)): file.read_bytes() for file in SMALL.rglob("*.yaml")}
    files["policies/approvals/all.yaml"] = POLICY.encode()
    files = {path: content for path, content in files.items() if path not in FIRST}

    @settings(
        max_examples=histories,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=PHASES,
        print_blob=True,
    )
    @given(st.lists(ACTS, min_size=6, max_size=18))
    def run(acts: list[tuple[str, int, int]]) -> None:
        folder = Path(tempfile.mkdtemp(prefix="itsm-differences-"))
        try:
            store = ObjectStore(folder / "repository", first_workshop.path)
            world = World(store, {path: store.write("blob", content) for path, content in files.items()})
            world.main = world.topic = world.commit(FIRST, who="erin")
            for act in acts:
                world.act(*act)
            if not world.looks:
                world.act("review", 0, 0)
            assume(compare(world, told))
            told["histories"] += 1
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    run()
    count = told.pop("histories")
    rows = ", ".join(f"{number} {name}" for name, number in sorted(told.items()))
    record_property("differences against model", f"{count} histories|{rows}")
    print(f"{count} histories: {rows}")
    assert count >= histories
    assert histories == QUICK or {"counted", "void before", "void after"} <= told.keys()
