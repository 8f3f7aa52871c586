"""Judging a merge again from its evidence: does the same come out, byte for byte, and if not, who had not agreed?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code import __version__
from itsm_as_code.assurance.statement import Statement
from itsm_as_code.errors import GitError, ItsmError
from itsm_as_code.gate.decision import Decision, canonical
from itsm_as_code.gate.identities import FORGE_COMMITTERS
from itsm_as_code.gate.replay import Damaged, Replay, read_evidence, replay
from itsm_as_code.git.commits import Commit
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.stored import StoredRecords

ALTERED: Final = "evidence-altered"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a decision that evidence records: a code, a sentence, and the Person it is about, if any."""

    code: str
    message: str
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """Whether a decision came out the same; what was wrong where it did not; or why that could not be told."""

    is_equal: bool
    wrong: tuple[Wrong, ...] = ()
    unchecked: str | None = None


def replayed(
    repository: Repository, statement: Statement, member: Mapping[str, Any], stored: StoredRecords | None = None
) -> Replayed:
    """Judge one pull request of a statement again."""
    decision, short = member["decision"], statement.commit[:12]
    if decision["verdict"] == "error":
        return Replayed(False, unchecked=None)  # there was no judgement; merging it was against the verdict
    try:
        found = _again(repository, decision, stored)
    except Damaged as damaged:
        return Replayed(False, (Wrong(ALTERED, f"the evidence of {short} was altered: {damaged.message}"),))
    except GitError as error:
        return Replayed(False, unchecked=f"{short} cannot be judged again: {error.message}; {error.remedy}")
    except ItsmError as error:
        return Replayed(False, unchecked=f"{short} cannot be judged again: {error.message}")
    if found.holds:
        return Replayed(True)
    return Replayed(False, tuple(_wrong(statement, found)))


def _again(repository: Repository, decision: Mapping[str, Any], stored: StoredRecords | None) -> Replay:
    if "omitted" not in decision:
        return replay(repository, read_evidence(canonical(decision)), stored)
    # Of a decision too large to be kept only what it rests on is there, and the digest of the whole.
    kept = {key: value for key, value in decision.items() if key not in ("omitted", "digest")}
    found = replay(repository, kept, stored)
    if Decision(decision["verdict"], (), found.anew).digest == decision["digest"]:
        return Replay(kept, (), found.anew)
    return found


def _wrong(statement: Statement, found: Replay) -> Iterator[Wrong]:
    """What a difference comes to, the gravest first; one for each person who is said to have agreed and had not."""
    recorded, anew, short = found.evidence, found.anew, statement.commit[:12]
    said = [
        (approval, name)
        for approval in recorded.get("approvals", ())
        for need in approval["required"]
        for name in need["satisfiedBy"]
    ]
    holds = {name for row in anew["approvals"] for need in row["required"] for name in need["satisfiedBy"]}
    told = False
    for name in dict.fromkeys(name for _, name in said if name not in holds):
        rules = sorted({f"{row['policy']}/{row['rule']}" for row, other in said if other == name})
        eligible = {
            person
            for row in anew["approvals"]
            if f"{row['policy']}/{row['rule']}" in rules
            for need in row["required"]
            for person in need["eligible"]
        }
        told = True
        if name in anew["pullRequest"]["contributors"]:
            yield Wrong("self-approval", f"{short} counts an approval by {name}, who wrote some of it", name)
        elif name not in eligible:
            message = f"{short} counts an approval by {name}, who could not approve by {', '.join(rules)} that day"
            yield Wrong("approver-not-member", message, name)
        else:
            yield Wrong("approval-unfounded", f"{short} counts an approval by {name} that its inputs do not hold", name)
    if told:
        return
    if recorded.get("policyDigest") != anew["policyDigest"]:
        yield Wrong("rules-of-another-day", f"{short} was judged by other rules than those of the commit before it")
        return
    place = found.differences[0].pointer if found.differences else "what was left out of it"
    made = statement.data["tool"]
    other = f"; it was made by {made}, and this is {__version__}" if made != f"itsm-as-code {__version__}" else ""
    yield Wrong("replay-differs", f"judging {short} again gives something else at {place}{other}")


def approved_by(member: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of those whose approvals count in a decision, sorted."""
    rows = member["decision"].get("approvals", ())
    return tuple(sorted({name for row in rows for need in row["required"] for name in need["satisfiedBy"]}))


def written_by(repository: Repository, base: str, member: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses and logins of those who wrote a pull request, sorted; those of the forge itself left out."""
    told = member["decision"]["pullRequest"]
    found = {told.get("author"), *told.get("pushers", ())}
    try:
        for commit in repository.commits(base, member["head"]):
            found |= set(_names(commit))
    except GitError:
        pass  # where its commits are not here, it could not be judged again, which is told
    return tuple(sorted(name for name in found if name))


def _names(commit: Commit) -> Iterator[str]:
    for address in (commit.author[1], commit.committer[1]):
        if address.casefold() not in FORGE_COMMITTERS:
            yield address
    for trailer in commit.co_authors:
        yield trailer.partition("<")[2].partition(">")[0]
