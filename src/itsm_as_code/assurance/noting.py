"""Writing evidence: whatever landed on the default branch without evidence gets some, also what earlier runs left out.

Notes are put on top of what the remote has, and pushed only if it still has that. A writer who was slower reads again
and leaves out what the other noted, so any number of them come to the same notes. Nothing is ever replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from itsm_as_code import signing
from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.assurance.merges import LATER, ForgeMerges, Place, SignedMerges, landings, statement_of
from itsm_as_code.assurance.refusals import why_key_is_not
from itsm_as_code.assurance.statement import Statement, sign
from itsm_as_code.errors import ItsmError
from itsm_as_code.forges.connection import Connection
from itsm_as_code.forges.interface import MergeHistory, SignedApproval
from itsm_as_code.gate.candidate import InARow
from itsm_as_code.gate.decision import Reason
from itsm_as_code.git import notes
from itsm_as_code.git.signed_approvals import stored_approvals

ENOUGH: Final = 25
"""So many commits in a row with evidence, from the tip on, and those before them are taken to have it, too."""
ATTEMPTS: Final = 6

__all__ = ["LATER", "Noted", "Source", "doubled", "gaps", "keep", "prepare", "source_of", "with_findings"]

Source = Callable[[str, Sequence[str]], MergeHistory]
"""The pull requests of a row of first-parent commits, from the commit before them and the row, oldest first."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What a run did: the statements that it added, findings, and why it stopped, if it did."""

    statements: tuple[Statement, ...]
    findings: tuple[Reason, ...] = ()
    stopped: ItsmError | None = None


def gaps(ledger: Ledger, *, everything: bool = False) -> list[str]:
    """The commits that evidence can and should cover and does not, oldest first."""
    start = ledger.since
    if not ledger.settings or start is None:
        raise ItsmError(
            "itsm.yaml of the default branch names no key for evidence",
            code="evidence-keys",
            remedy="name one with 'itsm evidence setup', and merge that",
        )
    first = ledger.place[start] + 1
    found: list[str] = []
    row = 0
    covered: set[str] = set()
    for at in range(len(ledger.chain) - 1, first - 1, -1):
        commit = ledger.chain[at]
        if at % 100 == 99 or at == len(ledger.chain) - 1:
            ledger.load(ledger.chain[max(first, at - 99) : at + 1])
        statement = ledger.of(commit).statement
        covered |= set(statement.covers) if statement is not None else set()
        if commit in covered:
            row += 1
        else:
            row = 0
            found.append(commit)
        if row >= ENOUGH and not everything:
            break
    return found[::-1]


def source_of(ledger: Ledger, connection: Connection | None) -> Source:
    """Where pull requests are read from: a forge, or else the approvals that are signed in this clone."""
    repository = ledger.repository
    if connection is None:
        signed = [SignedApproval(*pair) for pair in stored_approvals(repository)]
        return lambda base, row: SignedMerges(repository, base, row, signed)
    bring = partial(connection.fetch, repository)
    history = ForgeMerges(repository, connection.forge, bring, connection.client.wait, ledger.now)
    return lambda base, row: history


def prepare(ledger: Ledger, missing: Sequence[str], source: Source, place: Place, key: Path) -> Noted:
    """Evidence of commits of the chain, signed. It stops at the first that cannot be had, and says why."""
    public = signing.public_key(key)
    made: list[Statement] = []
    judged = InARow()
    try:
        for base, row in _rows(ledger, missing):
            before = ledger.of(base).statement if ledger.settings_for(base) is not None else None
            for landing in landings(base, row, source(base, row)):
                between = (before.merged_at if before is not None else None, ledger.now)
                statement = before = sign(statement_of(ledger.repository, landing, place, between, judged), key)
                _check_key(ledger, statement, public)
                made.append(statement)
    except ItsmError as error:
        return Noted(tuple(made), stopped=error)
    return Noted(tuple(made))


def _rows(ledger: Ledger, missing: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The missing commits in rows that follow one another, each with the commit before."""
    row: list[str] = []
    for commit in missing:
        if row and ledger.place[commit] != ledger.place[row[-1]] + 1:
            yield ledger.chain[ledger.place[row[0]] - 1], row
            row = []
        row.append(commit)
    if row:
        yield ledger.chain[ledger.place[row[0]] - 1], row


def doubled(ledger: Ledger) -> list[Reason]:
    """The last commits whose pieces of evidence contradict each other."""
    last = ledger.chain[-ENOUGH:]
    ledger.load(last)
    reasons = [reason for commit in last if ledger.settings_for(commit) for reason in ledger.of(commit).reasons]
    return [reason for reason in reasons if reason.code == "evidence-doubled"]


def _check_key(ledger: Ledger, statement: Statement, public: str) -> None:
    settings = ledger.settings_for(statement.commit)
    keys = settings.keys if settings is not None else ()
    refusal = why_key_is_not(public, statement.merged_at, keys, ledger.current.keys)
    if refusal is not None:
        raise ItsmError(
            f"evidence of {statement.commit[:12]} would count for nothing: it {refusal}",
            code="evidence-key",
            remedy="sign with a key that itsm.yaml named before the merge; keep the old one until its time is noted",
        )
    if settings is not None and settings.repository != statement.data["repository"]:
        raise ItsmError(
            f"this is {statement.data['repository']}, and itsm.yaml names {settings.repository}",
            code="evidence-repository",
            remedy="run this in the repository that itsm.yaml names, or change the name by a pull request",
        )


def keep(ledger: Ledger, noted: Noted, remote: str | None) -> tuple[Statement, ...]:
    """Add statements to the notes, of this clone or of a remote; those that were added. ItsmError when that fails."""
    repository = ledger.repository
    for _ in range(ATTEMPTS):
        old = notes.fetch(repository, remote) if remote is not None else notes.tip(repository, notes.REF)
        fresh = Ledger(repository, ledger.tip, ledger.branch, ledger.now)
        fresh.load(statement.commit for statement in noted.statements)
        missing = [
            item for item in noted.statements if fresh.of(item.commit).statement is None and not fresh.holds(item)
        ]
        if not missing:
            return ()
        contents = {item.commit: _beside(item.packed, fresh.readable(item.commit)) for item in missing}
        new = notes.add_notes(repository, old, contents, ledger.now)
        if notes.move(repository, new, old) if remote is None else notes.push(repository, remote, new, old):
            return tuple(missing)
    raise ItsmError(
        f"the notes could not be written: {notes.REF} changed {ATTEMPTS} times meanwhile, or refuses to be pushed to",
        code="evidence-not-kept",
        remedy="run this again; look whether the token may push refs/notes/itsm",
    )


def _beside(ours: bytes, others: bytes) -> bytes:
    """A note with evidence and what else was noted; what has no room stays in the history of the notes."""
    return ours + others if len(ours) + len(others) <= notes.MAX_NOTE else ours


def with_findings(ledger: Ledger, noted: Noted) -> Noted:
    """With what the notes say once they are written."""
    after = Ledger(ledger.repository, ledger.tip, ledger.branch, ledger.now)
    reasons = [reason for statement in noted.statements for reason in after.of(statement.commit).reasons]
    reasons += [reason for reason in doubled(after) if reason not in reasons]
    return replace(noted, findings=(*reasons, *after.rewound()))
