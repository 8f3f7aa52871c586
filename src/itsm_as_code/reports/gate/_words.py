"""What the reports of the gate say alike: names, signs, and short sentences made from rows of the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from itsm_as_code.gate.agreed import HISTORY
from itsm_as_code.gate.decision import Decision
from itsm_as_code.records.diff import count_shown
from itsm_as_code.reports import escape

SIGN: Final = {"approved": "✔", "pending": "…", "rejected": "✘", "error": "!"}
MEANING: Final = {
    "approved": "may be merged",
    "pending": "waits for people",
    "rejected": "something has to be mended first",
    "error": "could not judge: this says nothing about the pull request",
}


MOST_REASONS: Final = 25


def shortened(text: str) -> str:
    """The beginning of a sentence that is far too long for one."""
    return text if len(text) <= 600 else f"{text[:599]}…"


def step(row: Mapping[str, Any]) -> str:
    """A step in a lifecycle."""
    allowed = "" if row["allowed"] else "  (not in the lifecycle)"
    return f"{row['record']['name']}: {row['from'] or 'new'} -> {row['to'] or 'deleted'}{allowed}"


def history(data: Mapping[str, Any]) -> list[str]:
    """What is taken over from another tool."""
    return [why for row in data["approvals"] if (row["policy"], row["rule"]) == HISTORY for why in row["why"]]


def field_list(row: Mapping[str, Any]) -> str:
    """The changed fields of a record, of many the first."""
    fields = row["fields"]
    if row["action"] != "modified" or not fields:
        return ""
    more = f" and {count_shown(fields) - 4:,} more" if len(fields) > 4 else ""
    return escape.terminal(f"  ({', '.join(fields[:4])}{more})")


def span_of(row: Mapping[str, Any]) -> str:
    """When a conflict is, where that is known."""
    return f" ({row['start']} to {row['end']})" if row["start"] else ""


def slot(row: Mapping[str, Any]) -> str:
    """The next free slot of a change."""
    name = row["record"]["name"]
    if row["start"] is None:
        return f"no free slot for {name} within 90 days"
    return f"next free slot for {name}: {row['start']} to {row['end']}"


def source_name(need: Mapping[str, Any]) -> str:
    """What a requirement asks for, in words."""
    source = need["from"]
    if "role" in source:
        return f"role {source['role']}"
    if "team" in source:
        return str(source["team"])
    if "people" in source:
        return " or ".join(source["people"])
    return f"owners ({source['owners']})" if "owners" in source else "anyone"


def asked_for(need: Mapping[str, Any]) -> str:
    """What a requirement asks for, who gave it, and whom to ask."""
    have = f" ({', '.join(need['satisfiedBy'])})" if need["satisfiedBy"] else ""
    text = f"{len(need['satisfiedBy'])} of {need['count']} from {source_name(need)}{have}"
    if need["missing"] and need["suggested"]:
        text += f"; ask {', '.join(need['suggested'])}"
    return text + (f"; {need['hindrance']}" if need.get("hindrance") else "")


def first_reasons(decision: Decision) -> list[str]:
    """The first reasons and how many more there are, or what the verdict means where it has none."""
    said = [shortened(reason.message) for reason in decision.reasons[:MOST_REASONS]] or [MEANING[decision.verdict]]
    more = len(decision.reasons) - MOST_REASONS
    return [*said, f"and {more:,} more"] if more > 0 else said


def verdict_line(decision: Decision) -> str:
    """The verdict with its first reasons, on one line."""
    return f"{decision.verdict}: {'; '.join(first_reasons(decision))}"


def telling(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The reviews that did not count, but for those nobody would have expected to: they stand in the JSON."""
    return [item for item in row["ignored"] if not (row["satisfied"] and item["code"] == "not-eligible")]


def not_counted(item: Mapping[str, Any]) -> str:
    """A review that did not count, and why."""
    return escape.terminal(f"not counted: {item['reviewer']}: {item['reason']}")


def supposition(data: Mapping[str, Any]) -> str | None:
    """What evidence of a what-if supposes, in words; None for that of a verdict."""
    if "whatIf" not in data:
        return None
    supposed = data["whatIf"]
    parts = [f"{supposed['author']} had opened it"] if supposed["author"] else []
    parts += [f"{row['reviewer']} said {row['state']}" for row in supposed["reviews"]]
    parts += [f"{path} were on the base" for path in supposed["policies"]]
    return ", ".join(parts)
