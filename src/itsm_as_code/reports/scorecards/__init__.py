"""What `itsm report scorecards` prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from itsm_as_code.configuration import Level
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.policies.scorecards import Scorecard

COLUMNS: Final = ("kind", "name", "owner", "level", "next", "by", "late", "fulfilled", "asked", "missing")
HEADERS: Final = ("Of", "Level", "Next", "Fulfilled", "Missing for it")


@dataclass(frozen=True, slots=True)
class Scorecards:
    """The levels, and how services and teams stand to them as of an instant."""

    now: datetime
    levels: tuple[Level, ...]
    cards: tuple[Scorecard, ...]

    @property
    def is_late(self) -> bool:
        """True where somebody has missed the day of a level."""
        return any(card.is_late(utc_day(self.now)) for card in self.cards)


def row(report: Scorecards, card: Scorecard) -> dict[str, Any]:
    """A scorecard as data; days are written 2027-03-31, None for what there is not."""
    following = card.next
    return {
        "kind": card.subject.kind,
        "name": card.subject.name,
        "owner": card.owner,
        "level": card.reached.name if card.reached else None,
        "next": following.name if following else None,
        "by": following.by.isoformat() if following and following.by else None,
        "late": card.is_late(utc_day(report.now)),
        "fulfilled": card.asked - len(card.missing),
        "asked": card.asked,
        "missing": [
            {
                "policy": lack.policy,
                "record": {"kind": lack.record.kind, "name": lack.record.name},
                "status": lack.status,
                "why": lack.message or None,
            }
            for lack in card.missing
        ],
    }


def named(lack: dict[str, Any]) -> str:
    """What is missing, in one cell."""
    waived = "" if lack["status"] == "fail" else f" ({lack['status']})"
    return f"{lack['policy']} of {lack['record']['kind']} {lack['record']['name']}{waived}"


def cells(report: Scorecards, card: Scorecard) -> list[str]:
    """A scorecard for people."""
    data = row(report, card)
    by = f" by {data['by']}" if data["by"] else ""
    following = f"{data['next']}{by}{', late' if data['late'] else ''}" if data["next"] else "nothing higher"
    fulfilled = f"{data['fulfilled']} of {data['asked']}"
    missing = "; ".join(map(named, data["missing"]))
    return [str(card.subject), data["level"] or "none yet", following, fulfilled, missing or "nothing"]
