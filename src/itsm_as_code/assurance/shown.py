"""What signed evidence shows of the merge that authorised a change, as people read it: who approved, when, and what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.assurance.starts import authorisations
from itsm_as_code.errors import ItsmError
from itsm_as_code.records.catalogue import Record

NO_KEY: Final = "itsm.yaml names no key for evidence, so nothing shows who approved (itsm evidence setup)"


@dataclass(frozen=True, slots=True)
class Need:
    """What a rule asked for: from whom, how many, who gave it, and how many were missing."""

    rule: str
    of: str
    count: int
    by: tuple[str, ...]
    missing: int


@dataclass(frozen=True, slots=True)
class Review:
    """A review as it was told: whose, what it said, when, on which commit; ``void`` says why it did not count."""

    who: str
    state: str
    at: str
    commit: str
    void: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """The evidence of a merge: its commit, instant and pull request, whether it shows an approval, and the digest."""

    commit: str
    merged_at: str
    number: int | None
    approved: bool
    why: tuple[str, ...]
    needs: tuple[Need, ...]
    reviews: tuple[Review, ...]
    digest: str


def shown(ledger: Ledger, changes: Iterable[Record]) -> Mapping[str, Shown] | str:
    """By change what the evidence of the merge that authorised it shows; or why that is not known."""
    try:
        if not ledger.settings or ledger.since is None:
            return NO_KEY
        found = {}
        for change, commit in authorisations(ledger, changes):
            evidence = ledger.covering(commit)
            if evidence.statement is not None:
                why = tuple(reason.message for reason in evidence.reasons)
                found[change.name] = _shown(evidence.statement.data, change, evidence.approved, why)
        return found
    except ItsmError as error:
        return error.message


def _shown(data: Mapping[str, Any], change: Record, approved: bool, why: tuple[str, ...]) -> Shown:
    rows = data["pullRequests"]
    mine = next((row for row in rows if _touches(row["decision"], change)), rows[0] if rows else None)
    decision: Mapping[str, Any] = mine["decision"] if mine else {}
    needs = tuple(
        Need(approval["rule"], _whom(need["from"]), need["count"], tuple(need["satisfiedBy"]), need["missing"])
        for approval in decision.get("approvals", ())
        for need in approval["required"]
    )
    void = {
        (item["reviewer"], item.get("commit")): item["reason"]
        for approval in decision.get("approvals", ())
        for item in approval.get("ignored", ())
    }
    reviews = tuple(
        Review(item["reviewer"], item["state"], item["at"], item["commit"], _void(void, item))
        for item in (decision.get("pullRequest") or {}).get("reviews", ())
    )
    number, digest = (mine["number"], str(decision.get("digest", ""))) if mine else (None, "")
    return Shown(data["commit"], data["mergedAt"], number, approved, why, needs, reviews, digest)


def _void(void: Mapping[tuple[str, Any], str], review: Mapping[str, Any]) -> str:
    """Why a review did not count."""
    return void.get((review["reviewer"], review["commit"]), void.get((review["reviewer"], None), ""))


def _touches(decision: Mapping[str, Any], change: Record) -> bool:
    rows = decision.get("records", ())
    return any(row.get("name") == change.name and row.get("kind") == change.id.kind for row in rows)


def _whom(source: Mapping[str, Any]) -> str:
    """``role change-advisory-board``, ``team payments``, ``owners``, ``anyone``."""
    for key, value in source.items():
        return key if value is True else f"{key} {', '.join(value) if isinstance(value, list) else value}"
    return "anyone"
