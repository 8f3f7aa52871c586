"""Policy impact: what changed rules would newly reject or let through.

The same records are judged twice, by the old rules and by the new ones: policies and packs, checks and their
configuration, schemas, waivers. Only rules differ, so every other verdict is their doing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from itsm_as_code.errors import ConfigurationError, ItsmError
from itsm_as_code.findings import Finding, RecordId
from itsm_as_code.forges.interface import OpenPullRequest
from itsm_as_code.gate.guard import unusable
from itsm_as_code.git.repository import MergeConflict, Repository
from itsm_as_code.policies import policy, waivers
from itsm_as_code.records.diff import RecordDiff, diff_catalogues
from itsm_as_code.validation import RuleSet, Validation, assess_catalogue, load_judged, load_rule_set

_OK: Final = ("pass", "absent", "waived")
_REJECTED: Final = ("fail", "error")
_EFFECTS: Final = ("rejects", "lets-through", "tells")
_ABOUT_RULES: Final = frozenset(rule.id for rule in (*policy.RULES, *waivers.RULES))
"""Rules about rules: what is wrong with the new policies themselves is no verdict on a record."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of a record: ``pass``, ``info``, ``warning``, ``fail`` (an error), ``error``, ``waived``."""

    status: str
    message: str = ""


ABSENT: Final = Verdict("absent")
"""The rule does not look at the record, or is not there."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A verdict that changes. Without a record: several at once, none of them an objection before or after."""

    rule: str
    record: RecordId | None
    before: str
    after: str
    message: str
    pull_request: int | None = None

    @property
    def effect(self) -> str:
        """``rejects`` or ``lets-through`` where it decides, else ``tells``."""
        if self.after in _REJECTED and self.before not in _REJECTED:
            return "rejects"
        return "lets-through" if self.before in _REJECTED and self.after not in _REJECTED else "tells"

    def as_data(self) -> dict[str, Any]:
        """As reports write it."""
        record = {"kind": self.record.kind, "name": self.record.name} if self.record else None
        return {
            "rule": self.rule,
            "record": record,
            "before": self.before,
            "after": self.after,
            "effect": self.effect,
            "message": self.message,
        }


def shifts(
    before: Validation, after: Validation, only: Collection[RecordId] | None = None, pull_request: int | None = None
) -> list[Shift]:
    """The verdicts on the same records that differ, those that decide first; ``only`` limits the records."""
    old, new = _verdicts(before), _verdicts(after)
    found, quiet = [], Counter[tuple[str, str, str]]()
    for key in sorted(old.keys() | new.keys(), key=lambda key: (key[0], key[1].kind, key[1].name)):
        rule, record = key
        was, will = old.get(key, ABSENT), new.get(key, ABSENT)
        if was.status == will.status or (only is not None and record not in only):
            continue
        if was.status in _OK and will.status in _OK:
            if "waived" not in (was.status, will.status):
                quiet[(rule, was.status, will.status)] += 1
            continue
        why = (will if will.status not in _OK else was).message
        message = f"{record}: {rule} says {will.status} instead of {was.status}" + (f": {why}" if why else "")
        found.append(Shift(rule, record, was.status, will.status, message, pull_request))
    found.sort(key=lambda shift: _EFFECTS.index(shift.effect))
    return [*found, *_quietly(quiet, pull_request)]


def _quietly(counts: Mapping[tuple[str, str, str], int], pull_request: int | None) -> Iterator[Shift]:
    """One shift for all records that a policy begins, or ceases, to look at without objecting."""
    for (rule, was, will), count in sorted(counts.items()):
        records = "1 record" if count == 1 else f"{count} records"
        does = "no longer looks at" if will == "absent" else "now looks at"
        more = "that it passed" if will == "absent" else "that it passes"
        yield Shift(rule, None, was, will, f"{rule} {does} {records} {more}", pull_request)


def _verdicts(validation: Validation) -> dict[tuple[str, RecordId], Verdict]:
    """The gravest verdict of each rule on each record."""
    found = {
        (outcome.policy, outcome.record): Verdict(
            outcome.severity.value if outcome.status == "fail" and outcome.severity != "error" else outcome.status,
            outcome.message,
        )
        for outcome in validation.outcomes
    }
    policies = {policy for policy, _ in found}
    for finding in reversed(validation.findings):  # the gravest comes first there, and has the last word here
        if finding.record is not None and finding.rule not in _ABOUT_RULES and finding.rule not in policies:
            found[(finding.rule, finding.record)] = Verdict(_status(finding), finding.message)
    return found


def _status(finding: Finding) -> str:
    if finding.waiver is not None:
        return "waived"
    return "fail" if finding.severity == "error" else finding.severity.value


@dataclass(frozen=True)
class Impact:
    """What the rules of ``head``, once merged into ``base``, say otherwise."""

    base: str
    head: str
    now: datetime
    shifts: Sequence[Shift]
    unjudged: Sequence[tuple[int, str]]
    """Open pull requests that could not be judged, with the reason."""


def policy_impact(
    repository: Repository, base: str, head: str, now: datetime, pull_requests: Iterable[OpenPullRequest] = ()
) -> Impact:
    """The impact of the rules of ``head`` on the catalogue, and on open pull requests into ``base``.

    The new rules are those of the merge of both, as they will hold; so are the records. ItsmError when rules of
    either cannot be used: nothing could be said of them.
    """
    base_commit, head_commit = repository.commit(base), repository.commit(head)
    merged = repository.merge_tree(base_commit, head_commit)
    old = _usable(repository, base_commit, now, "base")
    new = _usable(repository, merged, now, "head")
    found = _between(repository, merged, old, new, now)
    unjudged: list[tuple[int, str]] = []
    for item in sorted(pull_requests, key=lambda item: item.number):
        commit = repository.commit(item.head)
        if commit == head_commit:
            continue
        try:
            tree = repository.merge_tree(base_commit, commit)
        except MergeConflict as conflict:
            unjudged.append((item.number, conflict.message))
            continue
        found += _between(repository, tree, old, new, now, item.number)
    return Impact(base_commit, head_commit, now, found, unjudged)


def _usable(repository: Repository, treeish: str, now: datetime, side: str) -> RuleSet:
    remedy = "mend it first: 'itsm validate' shows all"
    try:
        rule_set = load_rule_set(repository.records(treeish))
    except ConfigurationError as error:
        raise ItsmError(f"the rules of the {side} cannot be used: {error.message}", remedy=error.remedy) from None
    broken = unusable(assess_catalogue(rule_set.catalogue, rule_set, now).findings, rule_set.registry)
    if broken:
        raise ItsmError(
            f"the rules of the {side} cannot be used: {broken[0].location}: {broken[0].message}", remedy=remedy
        )
    return rule_set


def _between(
    repository: Repository, treeish: str, old: RuleSet, new: RuleSet, now: datetime, pull_request: int | None = None
) -> list[Shift]:
    """The shifts on the records of a tree; of a pull request's, on those that it touches."""
    snapshot = repository.records(treeish)
    judged = load_judged(snapshot, old)
    diffs = diff_catalogues(old.catalogue, judged)
    contexts = contexts_of(diffs)
    before = assess_catalogue(judged, old, now, contexts)
    after = assess_catalogue(load_judged(snapshot, new), new, now, contexts)
    only = {diff.id for diff in diffs} if pull_request is not None else None
    return shifts(before, after, only, pull_request)


def contexts_of(
    diffs: Sequence[RecordDiff], request: Mapping[str, Any] | None = None
) -> dict[RecordId, dict[str, Any]]:
    """What policies see of the records that a pull request touches, but for the risk: the rules work it out anew."""
    changes = [diff.new for diff in diffs if diff.id.kind == "Change" and diff.new is not None and diff.new.valid]
    change = changes[0] if len(changes) == 1 else None
    about = dict(request) if request is not None else {"author": None, "base": None, "head": None}
    return {diff.id: {"old": diff.old, "change": change, "request": about} for diff in diffs}
