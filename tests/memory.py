"""Commits and trees in memory: what the gate asks of a history, answered without git, for evaluations by the thousand.

A world is a handful of files as text; each commit is a whole tree of them. Evaluating takes no process and no disk:

    history = Commits()
    start = history.add({**PEOPLE, "services/web.yaml": "..."}, at=NOW)
    topic = history.add({"services/web.yaml": "..."}, start, at=NOW)          # the rest as in its first parent
    decision = decide(history.candidate(start, topic, PullRequest("alice"), NOW), history)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime

from itsm_as_code.errors import GitError
from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.gate.candidate import Candidate, candidate_of
from itsm_as_code.git.commits import Commit
from itsm_as_code.git.repository import MergeConflict
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.snapshot import Entry
from itsm_as_code.validation import RuleSet, load_judged, load_rule_set


class Tree:
    """Files by path, as a snapshot; ``id`` is the same for the same files, ``label`` what it was asked for by."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(sorted(files.items()))
        self.entries = {path: Entry("100644", _digest(content)) for path, content in self.files.items()}
        self.id = self.label = _digest(repr(self.entries).encode())

    def labelled(self, label: str) -> Tree:
        found = copy(self)
        found.label = label
        return found

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        for path in paths:
            yield path, self.files[path]


class Commits:
    """A history (gate.history.History). What a tree holds is read once, however often it is judged."""

    def __init__(self) -> None:
        self._trees: dict[str, Tree] = {}
        self._commits: dict[str, tuple[Tree, Commit, datetime]] = {}
        self._past: dict[str, frozenset[str]] = {}
        self._rule_sets: dict[str, RuleSet] = {}
        self._catalogues: dict[tuple[str, str], Catalogue] = {}

    def fork(self) -> Commits:
        """A history that goes on from here by itself; what was read of trees is shared."""
        found = copy(self)
        found._commits, found._past = dict(self._commits), dict(self._past)
        return found

    def add(
        self, files: Mapping[str, str | None], *parents: str, at: datetime, author: str = "alice@shop.example"
    ) -> str:
        """A commit with these files over those of its first parent (None: without the file); its id."""
        there = dict(self._commits[parents[0]][0].files) if parents else {}
        for path, text in files.items():
            if text is None:
                there.pop(path)
            else:
                there[path] = text.encode()
        return self.add_tree(self._tree(there), *parents, at=at, author=author)

    def merge(self, base: str, head: str, *, at: datetime, author: str = "alice@shop.example") -> str:
        """A commit that merges ``head`` into ``base``."""
        return self.add_tree(self._trees[self.merge_tree(base, head)], base, head, at=at, author=author)

    def add_tree(self, tree: Tree, *parents: str, at: datetime, author: str) -> str:
        """A commit of a whole tree; the same of everything is the same commit."""
        sha = _digest(repr((tree.id, parents, at, author)).encode())
        who = author.partition("@")[0], author
        self._commits[sha] = tree.labelled(sha), Commit(sha, who, who, parents, ()), at
        self._past[sha] = frozenset([sha]).union(*(self._past[parent] for parent in parents))
        return sha

    def candidate(self, base: str, head: str, pull_request: PullRequest, now: datetime) -> Candidate:
        """What merging ``head`` into ``base`` would give; MergeConflict."""
        tree, standing = self.merge_tree(base, head), self.snapshot(base).id
        if standing not in self._rule_sets:
            self._rule_sets[standing] = load_rule_set(self.snapshot(base))
        rule_set = self._rule_sets[standing]
        if (standing, tree) not in self._catalogues:
            self._catalogues[standing, tree] = load_judged(self.snapshot(tree), rule_set)
        commits = [self._commits[sha][1] for sha in self._between(base, head)]
        return candidate_of((base, head, tree), rule_set, self._catalogues[standing, tree], pull_request, now, commits)

    # What the gate asks.

    def commit(self, revision: str) -> str:
        if revision not in self._commits:
            raise GitError(f"unknown revision '{revision}'", code="unknown-revision")
        return revision

    def snapshot(self, treeish: str) -> Tree:
        return self._commits[treeish][0] if treeish in self._commits else self._trees[treeish]

    def is_ancestor(self, older: str, newer: str) -> bool:
        return older in self._past[newer]

    def merge_bases(self, base: str, head: str) -> list[str]:
        shared = self._past[base] & self._past[head]
        best = [sha for sha in shared if not any(sha != other and sha in self._past[other] for other in shared)]
        if not best:
            raise GitError("no common history", code="no-merge-base")
        return sorted(best)

    def merge_tree(self, base: str, head: str) -> str:
        """By lines where all three sides have as many, else by whole files; where histories cross, the merge of the
        merge bases stands for them, as in git."""
        return self._merged(self.snapshot(base), self.snapshot(head), self._ground(self.merge_bases(base, head))).id

    def standing_at(self, branch: str, head: str, at: datetime) -> str:
        line, parent = branch, branch
        while parent not in self._past[head]:
            line = parent
            if self._commits[line][2] <= at:
                return line
            before = self._commits[line][1].parents
            if not before:
                return branch
            parent = before[0]
        return parent

    def commits_touching(self, base: str, head: str, path: str) -> list[str]:
        return [sha for sha in self._between(base, head) if self._touches(sha, path)]

    def blob(self, treeish: str, path: str) -> bytes | None:
        return self.snapshot(treeish).files.get(path)

    # How it is answered.

    def _between(self, base: str, head: str) -> list[str]:
        """The commits of ``head`` that ``base`` does not have, oldest first."""
        return [sha for sha in self._commits if sha in self._past[head] and sha not in self._past[base]]

    def _touches(self, sha: str, path: str) -> bool:
        parents = self._commits[sha][1].parents
        sides = [self.blob(parent, path) for parent in parents] or [None]
        return all(side != self.blob(sha, path) for side in sides)

    def _tree(self, files: Mapping[str, bytes]) -> Tree:
        tree = Tree(files)
        return self._trees.setdefault(tree.id, tree)

    def _ground(self, bases: Sequence[str]) -> Tree:
        found = self.snapshot(bases[0])
        for other in bases[1:]:
            found = self._merged(found, self.snapshot(other), self._ground(self.merge_bases(bases[0], other)))
        return found

    def _merged(self, ours: Tree, theirs: Tree, ground: Tree) -> Tree:
        files, wrong = {}, []
        for path in ours.files.keys() | theirs.files.keys():
            sides = tuple(tree.files.get(path) for tree in (ours, theirs, ground))
            content = _three_way(*sides)
            if isinstance(content, MergeConflict):
                wrong.append(path)
            elif content is not None:
                files[path] = content
        if wrong:
            raise MergeConflict(tuple(sorted(wrong)))
        return self._tree(files)


def _three_way(ours: bytes | None, theirs: bytes | None, ground: bytes | None) -> bytes | MergeConflict | None:
    if ours == theirs or theirs == ground:
        return ours
    if ours == ground:
        return theirs
    if ours is None or theirs is None or ground is None:
        return MergeConflict(())
    sides = [side.split(b"\n") for side in (ours, theirs, ground)]
    if len({len(side) for side in sides}) > 1:
        return MergeConflict(())
    lines = []
    for mine, other, old in zip(*sides, strict=True):
        if mine != other and old not in (mine, other):
            return MergeConflict(())
        lines.append(mine if other == old else other)
    return b"\n".join(lines)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:40]
