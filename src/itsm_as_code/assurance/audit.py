"""Whether all that landed on the default branch came through the gate: every landing, by its signed evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.assurance.landings import AuditFinding, Judge, Unit, is_flooded, out_of_order, row_key
from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.assurance.people import People, identities
from itsm_as_code.assurance.starts import starts_of
from itsm_as_code.cache import Cache
from itsm_as_code.compliance.population import digest, drawn
from itsm_as_code.errors import ItsmError, UsageError
from itsm_as_code.gate.identities import Directory
from itsm_as_code.git.lines import DEPLOYMENTS
from itsm_as_code.git.notes import tip
from itsm_as_code.processes import spread
from itsm_as_code.progress import watched
from itsm_as_code.records.stored import program
from itsm_as_code.validation import load_rule_set

_CHUNK: Final = 1_000
_MANY: Final = 16
"""Landings for which several processes are worth it."""
_UNKNOWN: Final = "not known to git"
_NOBODY: Final = "no implementer named"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which landings: after the commit ``after`` up to ``until``, and from an instant on; and how large a sample."""

    after: str | None = None
    until: str | None = None
    since: datetime | None = None
    sample: int = 0
    seed: str = "0"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was passed over: the commit that it is about, and what it was."""

    commit: str
    message: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found: the population oldest first, what is wrong, what was left out, and the sample.

    ``before`` are commits that were asked for, and are older than evidence. ``rule`` says how the sample was drawn.
    """

    repository: str
    branch: str
    tip: str
    after: str
    at: datetime
    units: tuple[Unit, ...]
    findings: tuple[AuditFinding, ...]
    left_out: tuple[LeftOut, ...] = ()
    sample: tuple[str, ...] = ()
    rule: str = ""
    before: int = 0

    @property
    def unchecked(self) -> tuple[LeftOut, ...]:
        return tuple(LeftOut(unit.commit, unit.unchecked) for unit in self.units if unit.unchecked)

    @property
    def exit_code(self) -> int:
        """0 all came through the gate, 1 not all did, 2 not all could be told."""
        if self.findings:
            return 1
        return 2 if self.unchecked or self.before or not self.units else 0

    @property
    def population(self) -> str:
        """A digest of the population: SHA-256 of its commits, one a line."""
        return digest(unit.commit for unit in self.units)


def audit(ledger: Ledger, asked: Asked, cache: Cache | None = None, processes: int = 1) -> Audit:
    """Judge the landings of the default branch. ItsmError where evidence was never asked for, or lacks its history.

    With a ``cache`` only what is new is judged; the answer is the same without, and in however many ``processes``.
    """
    if not ledger.settings or ledger.since is None:
        remedy = "name one with 'itsm evidence setup', and merge that"
        raise ItsmError("itsm.yaml names no key for evidence, so nothing shows what was approved", remedy=remedy)
    first, last = _places(ledger, asked)
    start = max(first, ledger.place[ledger.since] + 1)
    people = People(ledger.repository, ledger.now)
    ledger.repository.know(ledger.chain)
    judge = Judge(ledger, people)
    units = _recent(_units(ledger, judge, (start, last), cache, processes), asked.since)
    directory = people.at(ledger.tip)
    units = [_approved_by_an_alias(unit, directory) for unit in units]
    for place, finding in out_of_order(units):
        unit = units[place]
        who = people.brought(unit.commit, unit.base)
        units[place] = replace(unit, findings=(*unit.findings, replace(finding, person=who)))
    lost = [
        AuditFinding("history-rewritten", item.commit, _UNKNOWN, f"{_merged(item)}, and is not on the branch now")
        for item in ledger.lost()
    ]
    return Audit(
        ledger.current.repository or "",
        ledger.branch,
        ledger.chain[last],
        units[0].base if units else ledger.chain[start - 1],
        ledger.now,
        tuple(units),
        (*(finding for unit in units for finding in unit.findings), *lost),
        (*_unread(units), *_nobody(ledger.tip, people)),
        *_sample(units, asked),
        before=max(0, min(start, last + 1) - first),
    )


def with_early_starts(ledger: Ledger, audit: Audit) -> Audit:
    """With the work that began before it was authorised by one of the landings, and what cannot be told of that."""
    changes = load_rule_set(ledger.repository.snapshot(ledger.tip)).catalogue.of_kind("Change")
    found = list(starts_of(ledger, changes, _known_to_be_merged(audit.units)))
    early = [
        AuditFinding("began-early", item.commit, ", ".join(item.change.spec.get("implementers", (_NOBODY,))), str(item))
        for item in found
        if item.is_early
    ]
    unknown = [LeftOut(item.commit, str(item)) for item in found if item.merged_at is None]
    return replace(audit, findings=(*audit.findings, *early), left_out=(*audit.left_out, *unknown))


def _known_to_be_merged(units: Iterable[Unit]) -> dict[str, datetime | None]:
    """Commit -> when it was merged; None where its evidence has to tell: it did not pass, or is the first there is."""
    found: dict[str, datetime | None] = {}
    is_first = True
    for unit in units:
        told = unit.merged_at if unit.passed and not is_first else None
        found |= dict.fromkeys(unit.commits, clock.parse_instant(told) if told else None)
        is_first = is_first and unit.merged_at is None
    return found


def with_rewound_deployments(ledger: Ledger, audit: Audit) -> Audit:
    """With the landings whose evidence saw deployment statements that are not on their branch now.

    Where this clone has no such branch, it could not be checked.
    """
    now = tip(ledger.repository, DEPLOYMENTS)
    seen = {unit.deployments: unit.commit for unit in audit.units if unit.deployments is not None}
    if now is None and seen:
        last = audit.units[-1].commit
        message = f"deployment statements could not be checked; git fetch origin +{DEPLOYMENTS}:{DEPLOYMENTS}"
        return replace(audit, left_out=(*audit.left_out, LeftOut(last, message)))
    known = set(ledger.repository.text("rev-list", now, "--").split()) if now is not None and seen else set()
    lost = [
        AuditFinding(
            "deployments-rewound", commit, _UNKNOWN, f"{commit[:12]} saw the statements of {old[:12]}: gone now"
        )
        for old, commit in seen.items()
        if old not in known
    ]
    return replace(audit, findings=(*audit.findings, *lost))


def _merged(item: Any) -> str:
    return f"{item.commit[:12]} was merged at {item.data['mergedAt']}"


def _places(ledger: Ledger, asked: Asked) -> tuple[int, int]:
    """The places of the first and the last commit that are asked for."""
    for commit in (asked.after, asked.until):
        if commit is not None and commit not in ledger.place:
            remedy = "name commits that the default branch had as its tip"
            raise UsageError(f"{commit[:12]} is not one of the first parents of the default branch", remedy=remedy)
    first = ledger.place[ledger.since or ""] if asked.after is None else ledger.place[asked.after]
    return first + 1, len(ledger.chain) - 1 if asked.until is None else ledger.place[asked.until]


def _units(ledger: Ledger, judge: Judge, span: tuple[int, int], cache: Cache | None, processes: int) -> list[Unit]:
    """The landings of a row of the chain, from its first place to its last, oldest first."""
    found: list[Unit] = []
    space = hashlib.blake2b(b"audit 1" + program(), digest_size=16).digest()
    first, place = span
    last = place
    chunks = [ledger.chain[max(first, end - _CHUNK + 1) : end + 1] for end in range(last, first - 1, -_CHUNK)]
    for chunk in watched("parts of the history judged", chunks):
        keys = {commit: row_key(ledger, commit) for commit in chunk}
        known = _known(cache, space, keys, ledger.now)
        left = [commit for commit in chunk if commit not in known]
        ledger.load(commit for commit in left if not is_flooded(ledger, commit))
        fresh = _judged(judge, left, processes)
        while place >= first and ledger.chain[place] in keys:
            commit = ledger.chain[place]
            unit = known.get(commit) or fresh[commit]
            ledger.trust(unit.signed)
            found.append(unit)
            place -= len(unit.commits)
        ledger.forget(chunk)
        if cache is not None:
            told = {keys[commit]: unit.row() for commit, unit in fresh.items() if unit.unchecked is None}
            cache.put_many(space, told)
    return found[::-1]


def _judged(judge: Judge, commits: Sequence[str], processes: int) -> dict[str, Unit]:
    """The landing that ends with each of some commits."""

    def work(mine: Iterator[str]) -> list[tuple[str, Unit]]:
        return [(commit, judge.unit(commit)) for commit in mine]

    parts = spread(commits, work, processes if len(commits) >= _MANY else 1)
    return {commit: unit for part in parts for commit, unit in part}


def _known(cache: Cache | None, space: bytes, keys: dict[str, str], now: datetime) -> dict[str, Unit]:
    """The units that earlier runs worked out, by their last commit."""
    found: dict[str, Unit] = {}
    for _, row in cache.get_many(space, keys.values()) if cache is not None else ():
        try:
            unit = Unit.of_row(row)
            if unit.merged_at is None or clock.parse_instant(unit.merged_at) <= now:
                found[unit.commit] = unit
        except (KeyError, TypeError, ValueError):
            continue
    return found


def _recent(units: list[Unit], since: datetime | None) -> list[Unit]:
    """Those that come after the last one that was merged before an instant."""
    if since is None:
        return units
    older = [
        place for place, unit in enumerate(units) if unit.merged_at and clock.parse_instant(unit.merged_at) < since
    ]
    return units[older[-1] + 1 :] if older else units


def _approved_by_an_alias(unit: Unit, directory: Directory) -> Unit:
    """With a finding where people/ of today knows an approver and a writer of then as one person."""
    if any(finding.code == "self-approval" for finding in unit.findings):
        return unit
    for approvers, writers in unit.members:
        wrote = identities(directory, writers)
        for name, *others in approvers:
            for who in sorted(wrote & identities(directory, (name, *others))):
                short = unit.commit[:12]
                message = (
                    f"{short} counts an approval by {name}, and people/ now knows {who} as both that and its writer"
                )
                finding = AuditFinding("self-approval", unit.commit, who, message)
                return replace(unit, findings=(*unit.findings, finding))
    return unit


def _unread(units: Iterable[Unit]) -> Iterator[LeftOut]:
    for unit in units:
        if unit.unread:
            what = "an entry" if unit.unread == 1 else f"{unit.unread:,} entries"
            yield LeftOut(unit.commit, f"{what} of the notes on {unit.commit[:12]} cannot be read or believed")


def _nobody(tip: str, people: People) -> Iterator[LeftOut]:
    if tip in people.unreadable:
        message = f"some of people/ of {tip[:12]} cannot be read, so nobody was compared with who they are there"
        yield LeftOut(tip, message)


def _sample(units: Sequence[Unit], asked: Asked) -> tuple[tuple[str, ...], str]:
    """The sample, and how anybody draws the same one: those whose digest with the seed comes first."""
    if not asked.sample:
        return (), ""
    sample = drawn([unit.commit for unit in units], asked.sample, asked.seed)
    rule = f"the {asked.sample} commits of the population whose SHA-256 of '{asked.seed}:COMMIT' is least"
    return sample, rule
