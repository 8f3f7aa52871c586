"""Signed approvals: what a reviewer signs with an SSH key, for pull requests that live on no forge.

A statement is canonical JSON (schemas/reports/approval-statement.schema.json). It counts when it is signed by a key
that the base knows as the reviewer's, when its base, head and candidate are those of this pull request, and, rule by
rule, while the difference in the rule's scope is what was signed (:mod:`itsm_as_code.gate.binding`). Instants in it are
claims: a key must be good both then and now, and whoever speaks again names what they said before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from itsm_as_code import clock, signing
from itsm_as_code.errors import GitError
from itsm_as_code.forges.interface import Review, ReviewState, SignedApproval
from itsm_as_code.gate.decision import is_canonical
from itsm_as_code.gate.history import History
from itsm_as_code.gate.reviews import Ignored
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator

SCHEMA: Final = "itsm/approval/v2"
"""Of version 2: its digests cover both sides of a difference. Those of version 1 covered what comes of it alone."""
NAMESPACE: Final = "itsm-approval@v1"
"""In which approvals are signed: a signature over a commit, a file or evidence is none over an approval."""
SCHEMA_FILE: Final = "reports/approval-statement.schema.json"
_STATES: Final = {
    "approved": ReviewState.APPROVED,
    "changes-requested": ReviewState.CHANGES_REQUESTED,
    "withdrawn": ReviewState.DISMISSED,
}
MAX_CHARACTERS: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement that could be read, with the digest of its text; nothing of it is checked yet."""

    signed: SignedApproval
    digest: str
    data: Mapping[str, Any]

    @property
    def reviewer(self) -> str:
        return str(self.data["reviewer"])

    @property
    def at(self) -> datetime:
        return clock.parse_instant(self.data["at"])

    def review(self) -> Review:
        """The review that it stands for."""
        scopes = tuple((f"{item['policy']}/{item['rule']}", item["digest"]) for item in self.data["scopes"])
        withdrawn = self.reviewer if self.data["verdict"] == "withdrawn" else None
        state = _STATES[self.data["verdict"]]
        seen = self.data["base"], self.data["candidate"]
        return Review(self.reviewer, state, self.data["head"], self.at, withdrawn, scopes, seen)


@dataclass(frozen=True, slots=True)
class Signed:
    """What signed statements give a pull request: reviews, those that do not count, and all that have to do with it."""

    reviews: tuple[Review, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    related: tuple[SignedApproval, ...] = ()
    counted: tuple[SignedStatement, ...] = ()


def digest_of(text: str) -> str:
    """The digest by which a later statement names this one."""
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class PullRequestIdentity:
    """What makes a statement one on this pull request: its commits, and the records and paths that it changes."""

    history: History
    base: str
    head: str
    candidate: str
    commits: frozenset[str]
    subjects: frozenset[str]

    def concerns(self, data: Mapping[str, Any]) -> bool:
        """True when a statement has to do with this pull request at all, whether or not it counts for it."""
        return data["head"] in self.commits or not self.subjects.isdisjoint(data["subjects"])

    def why_not(self, data: Mapping[str, Any]) -> tuple[str, str] | None:
        """Why a statement is on something else, and the code of that; None when it is on this pull request."""
        own = data["head"] in self.commits
        if data["verdict"] == "approved":
            if not own:
                short = data["head"][:12]
                return f"approved commit {short}, which is not part of this pull request", "other-head"
            return self._other_base(data) or self._other_tree(data)
        if own or not self._is_merged(data["head"]):
            return None  # a request for changes holds for the records it was about, also after history was rewritten
        return "asked for changes to what is merged since", "other-head"

    def _other_base(self, data: Mapping[str, Any]) -> tuple[str, str] | None:
        if data["base"] == self.base or self._is_ancestor(data["base"], self.base):
            return None
        return f"approved a merge into {data['base'][:12]}, which is not part of this base", "other-base"

    def _other_tree(self, data: Mapping[str, Any]) -> tuple[str, str] | None:
        try:
            same = (data["base"], data["head"]) == (self.base, self.head)
            tree = self.candidate if same else self.history.merge_tree(data["base"], data["head"])
        except GitError:
            tree = ""
        if tree == data["candidate"]:
            return None
        return (
            f"approved the tree {data['candidate'][:12]}, which merging its base and head does not give",
            "other-tree",
        )

    def _is_merged(self, head: str) -> bool:
        return self._is_ancestor(head, self.base)

    def _is_ancestor(self, older: str, newer: str) -> bool:
        try:
            return self.history.is_ancestor(self.history.commit(older), newer)
        except GitError:  # not in this clone
            return False


def check_signed_approvals(
    statements: Iterable[SignedApproval],
    pull: PullRequestIdentity,
    people: Facts,
    registry: KindRegistry,
    now: datetime,
) -> Signed:
    """The reviews that signed statements give; ``people`` are those of the base.

    What has nothing to do with the pull request is passed over; of the rest, whatever does not count says why.
    """
    validator = registry.validator(SCHEMA_FILE)
    related: list[SignedApproval] = []
    ignored: list[Ignored] = []
    good: list[SignedStatement] = []
    seen: set[str] = set()
    for item in sorted(set(statements), key=lambda item: (item.text, item.signature)):
        digest = digest_of(item.text)
        data = read_statement(item.text, validator)
        if isinstance(data, str):
            related.append(item)
            ignored.append(Ignored(f"statement {digest[7:19]}", data, "statement-unreadable"))
            continue
        if not pull.concerns(data):
            continue
        related.append(item)
        statement = SignedStatement(item, digest, data)
        refusal = _unsigned(statement, people, now) or pull.why_not(data)
        if refusal is None and digest in seen:
            refusal = "the same statement, signed once more", "duplicate"
        if refusal is not None:
            ignored.append(Ignored(statement.reviewer, *refusal))
        else:
            seen.add(digest)
            good.append(statement)
    last, superseded = _last_words(good, now)
    return Signed(
        reviews=tuple(statement.review() for statement in last),
        ignored=(*ignored, *superseded),
        related=tuple(related),
        counted=tuple(good),
    )


def read_statement(text: str, validator: Validator) -> dict[str, Any] | str:
    """The data of a statement, or why it cannot be read."""
    if len(text) > MAX_CHARACTERS:
        return "is larger than any statement"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return "is no JSON"
    if isinstance(data, dict) and data.get("schema") == "itsm/approval/v1":
        return "is of version 1, which does not say what was there before; sign again with 'itsm approve'"
    problems = validator.problems(data)
    if problems:
        return f"is no statement of an approval: {problems[0].message}"
    if not is_canonical(data, text.encode("utf-8", "surrogatepass")):
        return "is not written in canonical JSON, so two readers could take it for two things"
    found: dict[str, Any] = data
    return found


def _unsigned(statement: SignedStatement, people: Facts, now: datetime) -> tuple[str, str] | None:
    """Why a statement is not that of its reviewer, and the code of that."""
    person = people.record("Person", statement.reviewer)
    if person is None:
        return "is nobody in people/ of the base", "unknown-reviewer"
    try:
        signature = signing.read_signature(statement.signed.signature)
    except ValueError as error:
        return f"the signature {error}", "signature-unreadable"
    if signature.namespace != NAMESPACE:
        return f"the signature is for {signature.namespace}, not for {NAMESPACE}", "signature-namespace"
    refusal = why_key_is_not(people, statement.reviewer, signature.key, (statement.at, now))
    if refusal is not None:
        return refusal
    content = statement.signed.text.encode("utf-8", "surrogatepass")
    keys = [signature.key]
    if not signing.is_signed_by(content, statement.signed.signature, statement.reviewer, keys, NAMESPACE):
        return "the signature is not one of this text: one of the two was altered", "signature-broken"
    return None


def why_key_is_not(people: Facts, name: str, key: str, instants: Sequence[datetime]) -> tuple[str, str] | None:
    """Why a key does not sign for a person at all of some instants, and the code of that; None when it does."""
    held = [
        (data["metadata"]["name"], item)
        for data in people.records("Person")
        for item in data["spec"].get("signingKeys", ())
        if signing.bare_key(item["key"]) == key
    ]
    holders = sorted({holder for holder, _ in held})
    if name not in holders:
        return f"the key is none of {name}'s signing keys on the base", "signature-key"
    if len(holders) > 1:
        return f"the key is that of more than one person: {', '.join(holders)}", "signature-key-shared"
    for _, known in held:  # where it stands twice, it counts while both do
        if "from" in known and any(instant < clock.parse_instant(known["from"]) for instant in instants):
            return f"the key counts only from {known['from']}", "signature-key-expired"
        if "until" in known and any(instant >= clock.parse_instant(known["until"]) for instant in instants):
            return f"the key counts no longer since {known['until']}", "signature-key-expired"
    return None


def _last_words(statements: Sequence[SignedStatement], now: datetime) -> tuple[list[SignedStatement], list[Ignored]]:
    """The statements that no later one of the same person stands in for.

    A person's clock may be wrong, so what names another as earlier is later, whatever the two claim. What is dated
    after ``now`` stands in for nothing yet.
    """
    by_person: dict[str, set[str]] = {}
    for statement in statements:
        if statement.at <= now:
            by_person.setdefault(statement.reviewer, set()).update(statement.data["previous"])
    last, superseded = [], []
    for statement in statements:
        if statement.digest in by_person.get(statement.reviewer, ()):
            reason = f"{statement.data['verdict']} at {statement.data['at']}, and spoke again since"
            superseded.append(Ignored(statement.reviewer, reason, "superseded"))
        else:
            last.append(statement)
    return last, superseded
