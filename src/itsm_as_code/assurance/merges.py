"""From merges to evidence: what landed on the default branch is judged again, as of the instant at which it did.

Nothing is taken from runs of pull requests. The base is the commit before, so the verdict is the one that the merge
should have had, whatever a run said then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from itsm_as_code import __version__, clock
from itsm_as_code.assurance.statement import SCHEMA, trimmed
from itsm_as_code.errors import GitError, ItsmError
from itsm_as_code.forges.interface import MergedPullRequest, MergeHistory, PullRequest, SignedApproval
from itsm_as_code.gate.candidate import InARow
from itsm_as_code.gate.decision import Decision, canonical, error_decision, plain
from itsm_as_code.gate.evaluation import evaluate
from itsm_as_code.git.commits import parse_commit
from itsm_as_code.git.lines import DEPLOYMENTS
from itsm_as_code.git.notes import tip
from itsm_as_code.git.repository import Repository

LASTING: Final = frozenset({"too-many-commits", "commits-differ", "malformed-tree", "no-merge-base", "truncated"})
"""Codes of what will be the same in every later run, so that waiting for it would hold up all that came after."""
IS_ID: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
LATER: Final = "evidence-later"
YOUNG: Final = timedelta(minutes=10)
_GRAVITY: Final = ("approved", "pending", "rejected", "error")


@dataclass(frozen=True, slots=True)
class Landing:
    """Commits that landed together, oldest first, on ``base``; and the pull requests that end with the last of them."""

    base: str
    commits: tuple[str, ...]
    merges: tuple[MergedPullRequest, ...] = ()

    @property
    def commit(self) -> str:
        return self.commits[-1]


@dataclass(frozen=True, slots=True)
class Place:
    """Where merges land: the name of the repository, and the branch."""

    repository: str
    branch: str


def landings(base: str, chain: Sequence[str], history: MergeHistory) -> Iterator[Landing]:
    """The landings of a row of first-parent commits on ``base``, oldest first.

    A rebase or fast-forward brings several commits at once: they belong to the pull request whose last commit ends the
    row of those that came with it. A commit that came with none was pushed past the gate.
    """
    open_: list[str] = []
    waiting: frozenset[str] = frozenset()
    for commit in chain:
        merges = tuple(history.of(commit))
        ending = tuple(item for item in merges if item.commit == commit)
        coming = frozenset(item.commit for item in merges if item.commit in chain)
        if open_ and not (waiting & coming):
            for single in open_:  # what they came with never ended here
                yield Landing(base, (single,))
                base = single
            open_ = []
        open_.append(commit)
        waiting = (waiting & coming) or coming
        if ending or not coming:
            yield Landing(base, tuple(open_), ending)
            base, open_, waiting = commit, [], frozenset()
    for single in open_:
        yield Landing(base, (single,))
        base = single


Between = tuple[datetime | None, datetime]


def statement_of(
    repository: Repository, landing: Landing, place: Place, between: Between, row: InARow | None = None
) -> bytes:
    """The line of the evidence of a landing, whatever the verdict; the same for the same answers of the forge.

    ``between`` are the instants of the merge before, where that is known, and of now: what no forge dates is dated by
    its commit, but not outside of them, for anybody can write any date into a commit. In a ``row`` it goes faster.
    """
    tree = repository.tree_of(landing.commit)
    merges = [
        replace(merge, at=_within(merge.at, between)) if merge.pull_request.forge == "local" else merge
        for merge in landing.merges
    ]
    judged = [(merge, _judged(repository, landing.base, merge, row)) for merge in merges]
    fitting = [item for item in judged if item[1].evidence["candidate"] == tree]
    members = fitting or judged
    pushed_at = _within(committed_at(repository, landing.commit), between)
    merged_at = max((merge.at for merge, _ in members), default=pushed_at)
    verdicts = [decision.verdict for _, decision in members]
    seen = tip(repository, DEPLOYMENTS)
    data = {
        **({"deployments": seen} if seen is not None else {}),
        "schema": SCHEMA,
        "tool": f"itsm-as-code {__version__}",
        "repository": place.repository,
        "branch": place.branch,
        "commit": landing.commit,
        "tree": tree,
        "base": landing.base,
        "baseTree": repository.tree_of(landing.base),
        "range": list(landing.commits),
        "mergedAt": clock.format_instant(merged_at),
        "verdict": max(verdicts, key=_GRAVITY.index) if verdicts else "none",
        "problems": list(_problems(landing, tree, members)),
        "pullRequests": [_member(merge, decision) for merge, decision in members],
    }
    return canonical(plain(data)) + b"\n"


def _within(at: datetime, between: Between) -> datetime:
    first, last = between
    return min(max(at, first or at), last)


def _judged(repository: Repository, base: str, merge: MergedPullRequest, row: InARow | None) -> Decision:
    pull_request = replace(merge.pull_request, base=base)
    head = pull_request.head or ""
    try:
        return evaluate(repository, base, head, pull_request, merge.at, row, outlined=False)
    except ItsmError as error:
        if error.code not in LASTING:
            raise
        return error_decision(error.code, error.message, clock.format_instant(merge.at), base, head)


def _member(merge: MergedPullRequest, decision: Decision) -> dict[str, Any]:
    return {
        "number": merge.pull_request.number,
        "head": merge.pull_request.head,
        "candidate": decision.evidence["candidate"],
        "mergedBy": merge.by,
        "verdict": decision.verdict,
        "decision": trimmed(decision.as_data(), len(canonical(decision.evidence))),
    }


def _problems(
    landing: Landing, tree: str, members: Sequence[tuple[MergedPullRequest, Decision]]
) -> Iterator[dict[str, str]]:
    if not members:
        yield {"code": "no-pull-request", "message": "it came with no pull request: somebody pushed it past the gate"}
    for merge, decision in members:
        name = f"#{merge.pull_request.number}" if merge.pull_request.number else "the pull request"
        if decision.evidence["candidate"] != tree:
            message = (
                f"its tree is not what merging {name} gives: something was put in, or a conflict was solved by hand"
            )
            yield {"code": "altered", "message": message}
        for sentence in merge.changed:
            yield {"code": "incomplete", "message": f"{name}: {sentence}"}


def committed_at(repository: Repository, commit: str) -> datetime:
    """When a commit was made, as whoever made it says."""
    seconds = int(repository.text("log", "-1", "--no-show-signature", "--format=%ct", commit).strip())
    return datetime.fromtimestamp(max(0, min(seconds, 253_402_300_799)), UTC)


class Reader(Protocol):
    """A forge's adapter for one pull request, such as :class:`itsm_as_code.forges.github.GitHub`."""

    def numbers(self, commit: str) -> list[int]:
        """The numbers of the pull requests that a commit came with."""

    def merged(self) -> MergedPullRequest | None:
        """Its pull request as of the merge into the branch; None when it was not merged there."""


class ForgeMerges:
    """Merges as a forge knows them. ``bring`` fetches the commits of a pull request; ``wait`` waits, where it may.

    A forge may know a moment later only which pull request a commit came with. A commit without one that is younger
    than YOUNG is therefore left for a later run (ItsmError with the code LATER), not called a push past the gate.
    """

    def __init__(
        self,
        repository: Repository,
        reader: Callable[[int], Reader],
        bring: Callable[[PullRequest], None],
        wait: Callable[[float], bool],
        now: datetime,
    ) -> None:
        self._repository, self._reader, self._bring, self._wait, self._now = repository, reader, bring, wait, now
        self._found: dict[int, MergedPullRequest | None] = {}

    def of(self, commit: str) -> Sequence[MergedPullRequest]:
        while True:
            found = [item for number in self._reader(0).numbers(commit) if (item := self._merged(number)) is not None]
            age = self._now - committed_at(self._repository, commit)
            if found or not timedelta(0) <= age < YOUNG:
                return found
            if not self._wait(5.0):
                message = f"no pull request of {commit[:12]} is known yet"
                raise ItsmError(message, code=LATER, remedy="a later run notes it")

    def _merged(self, number: int) -> MergedPullRequest | None:
        if number not in self._found:
            found = self._reader(number).merged()
            if found is not None:
                self._bring(found.pull_request)
            self._found[number] = found
        return self._found[number]


class SignedMerges:
    """Merges on no forge: of the heads that signed approvals name, and of the second parents of merges.

    Only signed approvals count for them. A pull request is its first commit's author's; when it was merged is what the
    commit says. ``chain`` are first-parent commits on ``base``, oldest first.
    """

    def __init__(
        self, repository: Repository, base: str, chain: Sequence[str], statements: Sequence[SignedApproval]
    ) -> None:
        self._repository, self._statements = repository, tuple(statements)
        self._row = (base, *chain)
        self._named = _named(statements)
        self._landed: dict[str, list[MergedPullRequest]] = {}
        for at in range(1, len(self._row)):
            commit = self._row[at]
            for head, before in self._heads(at):
                merge = self._merge(before, head, commit)
                for passed in self._row[self._row.index(before) + 1 : at + 1]:
                    self._landed.setdefault(passed, []).append(merge)

    def of(self, commit: str) -> Sequence[MergedPullRequest]:
        return self._landed.get(commit, [])

    def _heads(self, at: int) -> Iterator[tuple[str, str]]:
        """Heads whose merge gives a commit of the row, each with the commit that it was merged into."""
        commit, before = self._row[at], self._row[at - 1]
        parents = parse_commit(commit, next(iter(self._repository.objects([commit], "commit")))).parents
        if len(parents) > 1:
            yield from ((parent, before) for parent in parents[1:])
            return
        tree, earlier = self._repository.tree_of(commit), self._row[:at]
        exact = {(head, base) for head, base, candidate in self._named if candidate == tree and base in earlier}
        if exact:
            yield from sorted(exact)
            return
        for head in sorted({head for head, _, _ in self._named})[:_MOST_HEADS]:
            if self._gives(before, head, tree):
                yield head, before

    def _gives(self, base: str, head: str, tree: str) -> bool:
        try:
            head = self._repository.commit(head)
            return not self._repository.is_ancestor(head, base) and self._repository.merge_tree(base, head) == tree
        except GitError:  # a conflict, or a head that this clone does not hold
            return False

    def _merge(self, base: str, head: str, commit: str) -> MergedPullRequest:
        commits = self._repository.commits(base, head)
        author = (commits[0].author[1] or None) if commits else None
        pull_request = PullRequest(author, head=head, statements=self._statements)
        return MergedPullRequest(pull_request, committed_at(self._repository, commit), commit)


_MOST_HEADS: Final = 200


def _named(statements: Iterable[SignedApproval]) -> list[tuple[str, str, str]]:
    """Head, base and candidate that signed approvals name; whether they count, the gate says."""
    found = []
    for statement in statements:
        try:
            data = json.loads(statement.text)
            row = (data["head"], data["base"], data["candidate"])
        except (ValueError, RecursionError, KeyError, TypeError):
            continue
        if all(isinstance(item, str) and IS_ID.match(item) for item in row):
            found.append(row)
    return found
