"""One landing on the default branch as an audit sees it: what its evidence shows, and what is wrong with it.

What is said of a landing rests on its commit, on what was ever noted on that, and on the keys that counted; so it can
be kept by those, and need not be worked out twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.assurance.ledger import MAX_VERSIONS, Ledger, differ
from itsm_as_code.assurance.people import People
from itsm_as_code.assurance.replaying import approved_by, replayed, written_by
from itsm_as_code.assurance.statement import Statement
from itsm_as_code.errors import GitError
from itsm_as_code.gate.candidate import InARow

REMEDIES: Final = {
    "direct-push": "bring what it changed in a pull request, and protect the branch (itsm audit forge)",
    "against-verdict": "have what it changed approved in a pull request, or take it back",
    "evidence-missing": "run itsm evidence note --all, and find out why it was not noted",
    "evidence-unsigned": "run itsm evidence note --all where the key is, and look who may push refs/notes/itsm",
    "evidence-altered": "restore refs/notes/itsm from a clone that you trust, and look who may push it",
    "evidence-of-another-change": "run itsm evidence note --all, and look who may push refs/notes/itsm",
    "evidence-doubled": "somebody else has the key of the evidence: treat it as lost (itsm.yaml, compromised)",
    "evidence-incomplete": "ask the reviewers, and have the files approved again in a pull request",
    "rules-of-another-day": "somebody has the key of the evidence, or altered the job: look at its runs",
    "approver-not-member": "somebody has the key of the evidence, or altered the job; have the change approved again",
    "approval-unfounded": "ask the approver; somebody has the key of the evidence, or altered the job",
    "self-approval": "have the change approved by somebody else, and give each person one record",
    "replay-differs": "judge it with the version that made it; if it still differs, look who has the key",
    "content-changed": "have what was put in approved in a pull request, or take it back",
    "key-unknown": "if the key is yours, name it in itsm.yaml by a pull request; else look who may push the notes",
    "clock-backwards": "look at the clock of the forge or the job, and whether an old key was used",
    "deployments-rewound": "restore refs/itsm/deployments from a clone that has it, and look who may push it",
    "began-early": "ask why it could not wait, and leave the record as it is: it stays an exception",
    "history-rewritten": "restore the branch from a clone that has it; ask the forge's log who pushed",
}
"""What can be wrong, and what to do about it."""


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """Something wrong: a key of REMEDIES, the commit, who is to be asked about it, and a sentence."""

    code: str
    commit: str
    person: str
    message: str

    @property
    def remedy(self) -> str:
        return REMEDIES[self.code]


@dataclass(frozen=True, slots=True)
class Unit:
    """What landed at once: commits, oldest first, on ``base``; its evidence (SHA-256 of the line) and what that shows.

    ``replayed`` counts the pull requests whose judgement came out the same; ``unread`` what lies in its notes and
    counts for nothing; ``unchecked`` says what could not be told. ``members`` are, of each pull request, those who
    approved, each a name with the addresses and logins of that day, and the addresses and logins of those who wrote.
    ``deployments`` is the tip of the branch of deployment statements that was seen; ``signed`` names the signatures
    that were found to be good.
    """

    base: str
    commits: tuple[str, ...]
    evidence: str | None = None
    merged_at: str | None = None
    verdict: str | None = None
    pull_requests: tuple[int, ...] = ()
    replayed: int = 0
    unread: int = 0
    unchecked: str | None = None
    findings: tuple[AuditFinding, ...] = ()
    members: tuple[tuple[tuple[tuple[str, ...], ...], tuple[str, ...]], ...] = ()
    deployments: str | None = None
    signed: tuple[str, ...] = ()

    @property
    def commit(self) -> str:
        return self.commits[-1]

    @property
    def passed(self) -> bool:
        return not self.findings and self.unchecked is None

    def row(self) -> dict[str, Any]:
        """The unit as JSON data."""
        return {key: _plain(value) for key, value in asdict(self).items()}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Unit:
        """The unit of such a row; ValueError, TypeError or KeyError where it is none."""
        found = {**row, "findings": tuple(AuditFinding(**item) for item in row["findings"])}
        found["members"] = tuple((tuple(map(tuple, names)), tuple(wrote)) for names, wrote in row["members"])
        found |= {key: tuple(row[key]) for key in ("commits", "pull_requests", "signed")}
        return cls(**found)


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def row_key(ledger: Ledger, commit: str) -> str:
    """What the unit of a commit rests on, as a name for it (hexadecimal)."""
    said = (commit, ledger.index().get(commit, []), ledger.settings_for(commit), ledger.current, ledger.branch)
    return hashlib.blake2b(repr(said).encode(), digest_size=20).hexdigest()


def is_flooded(ledger: Ledger, commit: str) -> bool:
    """True for a commit whose note was changed so often that nobody is to read all of it."""
    return len(ledger.index().get(commit, [])) > MAX_VERSIONS


class Judge:
    """Judges landings by a ledger. What most of them have in common is read once."""

    def __init__(self, ledger: Ledger, people: People) -> None:
        self._ledger, self._people = ledger, people
        self._stored = InARow()

    def unit(self, commit: str) -> Unit:
        """The landing that ends with a commit. What was listed for it is let go of, for there may be a great many."""
        try:
            return self._unit(commit)
        finally:
            self._ledger.repository.forget()

    def _unit(self, commit: str) -> Unit:
        ledger = self._ledger
        base = ledger.chain[ledger.place[commit] - 1]
        alone = Unit(base, (commit,))
        if is_flooded(ledger, commit):
            return replace(alone, unchecked=f"the note on {commit[:12]} was changed more than {MAX_VERSIONS} times")
        try:
            statements, unread = ledger.statements(commit)
            valid = [item for item in statements if ledger.refusal(item, commit) is None]
            if valid:
                return replace(self._noted(valid), unread=unread + len(statements) - len(valid))
            return replace(alone, unread=unread, findings=(self._missing(commit, base, statements, unread),))
        except GitError as error:
            return replace(alone, unchecked=f"{commit[:12]}: {error.message}; {error.remedy}")

    def _missing(self, commit: str, base: str, statements: Sequence[Statement], unread: int) -> AuditFinding:
        short, who = commit[:12], self._people.brought(commit, base)
        refusal = self._ledger.refusal(statements[0], commit) if statements else None
        if refusal is not None:
            return AuditFinding(refusal.code, commit, who, f"what is noted on {short} {refusal.message}")
        if unread:
            return AuditFinding("evidence-altered", commit, who, f"what is noted on {short} cannot be read")
        return AuditFinding("evidence-missing", commit, who, f"no evidence covers {short}")

    def _noted(self, valid: Sequence[Statement]) -> Unit:
        statement, repository = valid[0], self._ledger.repository
        data, members = statement.data, statement.data["pullRequests"]
        found = [replayed(repository, statement, member, self._stored) for member in members]
        findings = list(self._wrong(valid))
        for result in found:
            for wrong in result.wrong:
                who = wrong.person or self._merger(statement)
                findings.append(AuditFinding(wrong.code, statement.commit, who, wrong.message))
        return Unit(
            data["base"],
            statement.covers,
            "sha256:" + hashlib.sha256(statement.line).hexdigest(),
            data["mergedAt"],
            data["verdict"],
            tuple(row["number"] for row in members if row["number"] is not None),
            sum(result.is_equal for result in found),
            unchecked=next((result.unchecked for result in found if result.unchecked), None),
            findings=tuple(findings),
            members=tuple(self._named(data["base"], row) for row in members),
            deployments=data.get("deployments"),
            signed=self._ledger.signed(valid),
        )

    def _named(self, base: str, member: Mapping[str, Any]) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
        """Who approved, and who wrote."""
        approvers = tuple((name, *self._people.names_of(name, base)) for name in approved_by(member))
        return approvers, written_by(self._ledger.repository, base, member)

    def _wrong(self, valid: Sequence[Statement]) -> Iterator[AuditFinding]:
        """What evidence that counts says against its own commit."""
        statement = valid[0]
        commit, short, verdict = statement.commit, statement.commit[:12], statement.data["verdict"]
        if differ(valid):
            message = f"{short} has {len(valid)} pieces of evidence that say different things"
            yield AuditFinding("evidence-doubled", commit, self._merger(statement), message)
        for problem in statement.data["problems"]:
            code = _PROBLEMS.get(problem["code"], "evidence-incomplete")
            yield AuditFinding(code, commit, self._merger(statement), f"{short}: {problem['message']}")
        if verdict not in ("approved", "none"):
            message = f"{short} was merged against the verdict, which was {verdict}"
            yield AuditFinding("against-verdict", commit, self._merger(statement), message)

    def _merger(self, statement: Statement) -> str:
        """Who merged: as the forge says, else whoever made the commit."""
        base = statement.data["base"]
        for member in statement.data["pullRequests"]:
            if member["mergedBy"]:
                return self._people.account(member["mergedBy"], member["decision"]["pullRequest"]["forge"], base)
        return self._people.brought(statement.commit, base)


_PROBLEMS: Final = {"no-pull-request": "direct-push", "altered": "content-changed"}


def out_of_order(units: Sequence[Unit]) -> Iterator[tuple[int, AuditFinding]]:
    """The places of units, oldest first, that evidence dates before the one on which they stand, and the finding."""
    last: Unit | None = None
    for place, unit in enumerate(units):
        if unit.merged_at is None:
            continue
        if last is not None and last.merged_at and clock.parse_instant(unit.merged_at) < clock.parse_instant(
            last.merged_at
        ):  # fmt: skip
            message = f"{unit.commit[:12]} is said to have been merged at {unit.merged_at}, before {last.commit[:12]}"
            yield place, AuditFinding("clock-backwards", unit.commit, "", f"{message}, on which it stands")
        last = unit
