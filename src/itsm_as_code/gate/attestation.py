"""What a reviewer is about to sign: a statement on a candidate, and whether there is anything in it for them to say."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from itsm_as_code import clock, signing
from itsm_as_code.errors import UsageError
from itsm_as_code.findings import did_you_mean
from itsm_as_code.forges.interface import SignedApproval
from itsm_as_code.gate.approvals import Approvals, approvals_of
from itsm_as_code.gate.binding import scope_digest
from itsm_as_code.gate.candidate import Candidate
from itsm_as_code.gate.decision import Decision, Reason, canonical
from itsm_as_code.gate.evaluation import decision_of
from itsm_as_code.gate.findings import Findings
from itsm_as_code.gate.seats import Approval, Exclusions
from itsm_as_code.gate.signed_approvals import SCHEMA, why_key_is_not
from itsm_as_code.git.repository import Repository
from itsm_as_code.git.signed_approvals import store_approval


@dataclass(frozen=True, slots=True)
class Proposal:
    """A statement to be signed, the rules for which it is given, and why it would not count (then it is not signed)."""

    statement: dict[str, Any]
    rules: tuple[Approval, ...]
    refusals: tuple[Reason, ...]

    @property
    def text(self) -> str:
        """What is signed."""
        return canonical(self.statement).decode()


def propose(
    candidate: Candidate, approvals: Approvals, reviewer: str, verdict: str, message: str | None = None
) -> Proposal:
    """The statement of a Person of the base on a pull request, at the instant of its candidate."""
    asked = tuple(
        approval
        for approval in approvals.required
        if any(reviewer in requirement.eligible for requirement in approval.required)
    )
    mine = [item for item in approvals.signed.counted if item.reviewer == reviewer]
    before, after = candidate.rule_set.catalogue.snapshot, candidate.catalogue.snapshot
    statement: dict[str, Any] = {
        "schema": SCHEMA,
        "base": candidate.base,
        "head": candidate.head,
        "candidate": candidate.tree,
        "reviewer": reviewer,
        "verdict": verdict,
        "at": clock.format_instant(candidate.now),
        "scopes": [
            {
                "policy": approval.rule.policy,
                "rule": approval.rule.name,
                "digest": scope_digest(approval.rule, before, after),
            }
            for approval in asked
            if verdict == "approved"
        ],
        "subjects": sorted(candidate.subjects),
        "previous": sorted(item.digest for item in mine),
    }
    if message:
        statement["message"] = message
    return Proposal(statement, asked, tuple(_refusals(candidate, approvals, reviewer, verdict, asked, bool(mine))))


def _refusals(
    candidate: Candidate, approvals: Approvals, reviewer: str, verdict: str, asked: tuple[Approval, ...], spoke: bool
) -> list[Reason]:
    if verdict == "withdrawn" and not spoke:
        return [Reason("nothing-to-withdraw", f"{reviewer} has signed nothing about this pull request")]
    if verdict != "approved" or asked:
        return []
    for approval in approvals.required:
        why = Exclusions(approval.rule, approvals.contributors, candidate.directory).why(reviewer)
        if why is not None:
            return [Reason(why[1], f"{reviewer} {why[0]}, so their approval would not count")]
    wanted = sorted({name for item in approvals.required for need in item.required for name in need.eligible})
    who = f"; {', '.join(wanted)} may" if wanted else ""
    return [Reason("not-eligible", f"no approval rule asks {reviewer} about this pull request{who}")]


def hand_in(
    repository: Repository, candidate: Candidate, findings: Findings, proposal: Proposal, signature: str
) -> tuple[str, Decision]:
    """Keep a signed statement in this clone: its reference, and the decision that it brings about."""
    reviewer, signed = proposal.statement["reviewer"], SignedApproval(proposal.text, signature)
    ref = store_approval(repository, candidate.head, reviewer, proposal.text, signature, candidate.now)
    statements = (*candidate.pull_request.statements, signed)
    after = replace(candidate, pull_request=replace(candidate.pull_request, statements=statements))
    return ref, decision_of(after, findings, approvals_of(after, findings, repository))


def signer(
    repository: Repository, candidate: Candidate, person: str | None, key: str | None, files: ExitStack
) -> tuple[str, Path]:
    """Who signs, and the file of their key: a private one, or a public one whose private half the agent holds.

    ``person`` is the one who says so; ``key`` a file, a public key, or ``agent``, else git's user.signingKey.
    UsageError when they are nobody's.
    """
    people = candidate.base_facts
    known = {data["metadata"]["name"]: data["spec"].get("signingKeys", ()) for data in people.records("Person")}
    if person is not None and person not in known:
        remedy = did_you_mean(person, known) or "add them to people/ in a pull request of its own"
        raise UsageError(f"nobody named '{person}' is in people/ of the base", remedy=remedy)
    mine = known[person] if person else [item for items in known.values() for item in items]
    public, file = _key_file(key or repository.setting("user.signingKey"), mine, files)
    owners = [name for name, items in known.items() if any(signing.bare_key(item["key"]) == public for item in items)]
    reviewer = person or (owners[0] if len(owners) == 1 else None)
    if reviewer is None:
        remedy = f"add '{public}' to spec.signingKeys of your Person record, in a pull request of its own"
        if owners:
            remedy = "leave it to one of them, in a pull request of its own, or sign with another key"
        whose = f"more than one person: {', '.join(sorted(owners))}" if owners else "nobody in people/ of the base"
        raise UsageError(f"the key is that of {whose}", remedy=remedy)
    refusal = why_key_is_not(people, reviewer, public, (candidate.now,))
    if refusal is not None:
        remedy = f"add '{public}' to spec.signingKeys of {reviewer}, in a pull request of its own"
        raise UsageError(refusal[0], remedy=remedy)
    return reviewer, file


def _key_file(key: str | None, known: Iterable[Mapping[str, Any]], files: ExitStack) -> tuple[str, Path]:
    """The public key of what was named, and the file to sign with."""
    if key is None:
        raise UsageError(
            "no key to sign with", remedy="name your private SSH key with --key, or git config user.signingKey"
        )
    key = key.removeprefix("key::")
    if key == "agent":
        wanted = {signing.bare_key(item["key"]) for item in known}
        held = next((item for item in signing.agent_keys() if item in wanted), None)
        if held is None:
            raise UsageError("the ssh-agent holds no key of a Person of the base", remedy="run ssh-add, or name a file")
        key = held
    if not key.startswith(("ssh-", "ecdsa-", "sk-")):
        file = Path(key).expanduser()
        return signing.public_key(file), file
    # ssh-keygen takes a key of the agent's by its public half in a file.
    file = Path(files.enter_context(tempfile.TemporaryDirectory(prefix="itsm-key-"))) / "key.pub"
    file.write_text(f"{key}\n", "utf-8")
    return signing.bare_key(key), file
