"""Why evidence that was read counts for nothing, or shows no approval, by its own words and the keys of the day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from itsm_as_code import clock
from itsm_as_code.assurance.statement import Statement
from itsm_as_code.configuration import EvidenceKey
from itsm_as_code.gate.decision import Reason

_CODES: Final = {"no-pull-request": "evidence-no-pull-request", "altered": "evidence-altered"}


def why_key_is_not(key: str, at: datetime, keys: Sequence[EvidenceKey], current: Sequence[EvidenceKey]) -> str | None:
    """Why a key does not sign for a merge at an instant; ``current`` are today's entries, for what was lost since."""
    named = [item for item in keys if item.key == key]
    if not named:
        return "is signed by a key that itsm.yaml did not name"
    for item in named:
        if item.begins is not None and at < item.begins and not item.compromised:
            return f"is signed by a key that counts only from {clock.format_instant(item.begins)}"
        if item.ends is not None and at >= item.ends:
            return f"is signed by a key that counted until {clock.format_instant(item.ends)}"
    for item in (*named, *current):
        if item.key == key and item.compromised and (item.begins is None or at >= item.begins):
            return "is signed by a key that somebody else had"
    return None


def inconsistent(row: dict[str, object], statement: Statement) -> str | None:
    """Why a pull request of a statement is not what was judged."""
    decision = row["decision"]
    if not isinstance(decision, dict):
        raise TypeError
    told = (decision["verdict"], decision["head"], decision["candidate"])
    if told != (row["verdict"], row["head"], row["candidate"]) or decision["base"] != statement.data["base"]:
        return "does not agree with itself"
    pull_request = decision["pullRequest"]
    if decision["verdict"] != "error" and pull_request["number"] != row["number"]:
        return "is of another pull request"
    if statement.data["verdict"] == "approved" and not statement.data["problems"]:
        if decision["verdict"] != "approved" or row["candidate"] != statement.data["tree"]:
            return "is of another tree than the commit's"
        if pull_request["forge"] == "local" and pull_request["reviews"]:
            return "rests on reviews that nobody signed"
    return None


def shortcomings(statement: Statement) -> Iterator[Reason]:
    """Why evidence that counts shows no approval."""
    short, verdict = statement.commit[:12], statement.data["verdict"]
    for problem in statement.data["problems"]:
        yield Reason(_CODES.get(problem["code"], "evidence-incomplete"), f"{short}: {problem['message']}")
    if verdict not in ("approved", "none"):
        yield Reason("evidence-not-approved", f"{short} was merged against the verdict, which was {verdict}")
