"""Merge queues and merge trains: the commit that would become the branch is judged, pull request by pull request.

A queue builds a commit for a group of pull requests on top of the branch (or of the group before it). Each of them is
judged as of its place in the group: against the tree with those before it. What the queue built must be what merging
gives, to the last byte; whether it merged, squashed or rebased then makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.interface import OpenPullRequest, PullRequest
from itsm_as_code.gate.decision import Decision
from itsm_as_code.gate.evaluation import evaluate
from itsm_as_code.git.repository import MergeConflict, Repository

MAX_GROUP = 100


@dataclass(frozen=True, slots=True)
class Step:
    """A pull request at its place in a group: what it was put on, its own head, and the commit that came of it."""

    number: int
    base: str
    head: str
    result: str


def evaluate_group(
    repository: Repository,
    base: str,
    head: str,
    pull_request: PullRequest,
    others: Callable[[int], PullRequest],
    now: datetime,
) -> Decision:
    """The decision on a group whose last pull request is the one given; ``others`` gives the others by number.

    It is approved when each of them is. ForgeError when what the queue built is not what merging gives.
    """
    base, head = repository.commit(base), repository.commit(head)
    if pull_request.base is not None and not repository.is_ancestor(pull_request.base, base):
        raise ForgeError(
            f"the group is built on {base[:12]}, which lacks the base {pull_request.base[:12]}",
            code="base-moved",
            remedy="fetch the base again; the queue builds the group anew",
        )
    decisions = []
    for step in steps(repository, base, head, pull_request):
        own = pull_request if step.number == pull_request.number else others(step.number)
        decisions.append((step, evaluate(repository, step.base, step.head, replace(own, base=step.base), now)))
    return _together(decisions)


def steps(repository: Repository, base: str, head: str, pull_request: PullRequest) -> list[Step]:
    """The pull requests of a group, in order; each step's tree is what merging gives."""
    if pull_request.number is None or pull_request.head is None:
        raise ForgeError("a group needs a forge's pull request", remedy="name it with --forge and --pr")
    own = OpenPullRequest(pull_request.number, pull_request.head)
    others = frozenset(item.head for item in pull_request.open_pull_requests)
    chain = _chain(repository, base, head)
    alone = _gives(repository, base, own.head, head)
    if alone and not any(merged in others for _, merged in chain):
        return [Step(own.number, base, own.head, head)]
    # Where a later one undoes an earlier one, the last alone would give the same tree: each merge is looked at.
    found = _each(repository, base, chain, [*pull_request.open_pull_requests, own])
    if isinstance(found, list) and found and found[-1].number == own.number:
        return found
    if alone:
        return [Step(own.number, base, own.head, head)]
    raise _foreign(found if isinstance(found, str) else head)


def _chain(repository: Repository, base: str, head: str) -> list[tuple[str, str | None]]:
    """The commits of a group, oldest first, with what each of them merges; none when they are not built on the base."""
    options = ("--first-parent", "--parents", "--reverse", f"--max-count={MAX_GROUP + 1}", "--end-of-options")
    rows = [row.split() for row in repository.text("rev-list", *options, f"{base}..{head}").splitlines()]
    if not rows or len(rows) > MAX_GROUP or not repository.is_ancestor(base, rows[0][0]):
        return []
    return [(commit, parents[1] if len(parents) == 2 else None) for commit, *parents in rows]


def _each(
    repository: Repository, base: str, chain: list[tuple[str, str | None]], left: list[OpenPullRequest]
) -> list[Step] | str:
    """A step for each commit of a group, or the first commit that no pull request brings."""
    found: list[Step] = []
    for commit, merged in chain:
        step = _step(repository, found[-1].result if found else base, commit, merged, left)
        if step is None:
            return commit
        left = [item for item in left if item.number != step.number]
        found.append(step)
    return found


def _step(
    repository: Repository, before: str, commit: str, merged: str | None, left: Iterable[OpenPullRequest]
) -> Step | None:
    """Which pull request a commit brings: the one it merges, or the only one whose merge gives the same tree."""
    fitting = [
        item
        for item in left
        if (merged is None or item.head == merged) and _gives(repository, before, item.head, commit)
    ]
    if len(fitting) != 1:
        return None
    return Step(fitting[0].number, before, fitting[0].head, commit)


def _gives(repository: Repository, base: str, head: str, result: str) -> bool:
    """Whether merging a head into a base gives the tree of a commit."""
    try:
        merged = repository.merge_tree(base, repository.commit(head))
    except MergeConflict:
        return False
    return merged == repository.tree_of(result)


def _foreign(commit: str) -> ForgeError:
    return ForgeError(
        f"the commit {commit[:12]} of the group is not what merging one open pull request gives",
        code="group-differs",
        remedy="take the group out of the queue and put it in again; merge conflicts by hand first",
    )


_GRAVITY = ("approved", "pending", "rejected", "error")


def _together(decisions: Sequence[tuple[Step, Decision]]) -> Decision:
    """The gravest decision of a group, with the reasons of all and a line for each pull request in its evidence."""
    _, worst = max(decisions, key=lambda item: _GRAVITY.index(item[1].verdict))
    several = len(decisions) > 1
    reasons = tuple(
        replace(reason, message=f"#{step.number}: {reason.message}") if several else reason
        for step, decision in decisions
        for reason in decision.reasons
    )
    evidence: dict[str, Any] = {
        **worst.evidence,
        "reasons": [{"code": reason.code, "message": reason.message} for reason in reasons],
        "queue": [
            {
                "number": step.number,
                "base": step.base,
                "head": step.head,
                "result": step.result,
                "verdict": decision.verdict,
                "digest": decision.digest,
            }
            for step, decision in decisions
        ],
    }
    return replace(worst, reasons=reasons, evidence=evidence)
