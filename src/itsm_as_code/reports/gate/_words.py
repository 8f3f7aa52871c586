"""What the reports of the gate say alike: names, signs, and short sentences made from rows of the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.gate.agreed import HISTORY
from itsm_as_code.gate.decision import Decision, Reason
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


def path_of(data: Mapping[str, Any], kind: str, name: str) -> str:
    """The way of a record through its lifecycle, in evidence as it is shown; empty where it stays where it is."""
    return _paths(data).get((kind, escape.terminal(name)), "")


def _paths(data: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """The ways of all records that take one, by kind and name as they are shown."""
    steps: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in data["transitions"]:
        steps.setdefault((row["record"]["kind"], row["record"]["name"]), []).append(row)
    return {record: _way(rows) for record, rows in steps.items()}


def _way(steps: Sequence[Mapping[str, Any]]) -> str:
    states = [steps[0]["from"] or "new", *(row["to"] or "deleted" for row in steps)]
    states = states[states[0] == states[1] :]  # the first state of some kinds is called so
    allowed = "" if all(row["allowed"] for row in steps) else " (not in the lifecycle)"
    return shortened(" -> ".join(states)) + allowed


def affected(data: Mapping[str, Any], most: int) -> str:
    """The services that are named and the nearest of those that depend on them."""
    found = data["affected"]
    rows = found["computed"]
    more = f" and {len(rows) - most:,} more" if len(rows) > most else ""
    nearest = ", ".join(f"{row['service']} ({row['owner'] or 'nobody'})" for row in rows[:most])
    return ", ".join(found["declared"]) + (f"; by dependency {len(rows):,}: {nearest}{more}" if rows else "")


def conflicts(data: Mapping[str, Any], zone: str) -> list[str]:
    """What the changes collide with, where it is known from when to when; and when they would not."""
    lines = []
    for row in data["conflicts"]:
        span = f" ({span_of(row, zone)})" if row["start"] and row["end"] else ""
        lines.append(f"{row['kind']}: {row['message']}{span}")
    for row in data["nextFreeSlot"]:
        name = row["record"]["name"]
        none = f"no free slot for {name} within 90 days"
        lines.append(f"next free slot for {name}: {span_of(row, zone)}" if row["start"] else none)
    return lines


def promises(data: Mapping[str, Any]) -> list[str]:
    """What the pull request does to what agreements promise."""
    lines = []
    for row in data.get("promises", ()):
        short = "" if row["possible"] else ", below its promise"
        of = f" of {row['promised']} ({row['agreement']})"
        if row["before"] is None:
            lines.append(f"{row['service']} can keep {row['after']} percent{short}{of}")
        elif row["before"] != row["after"] or row["beforeAtPeak"] == row["afterAtPeak"]:
            way = "lowers" if _number(row["after"]) < _number(row["before"]) else "raises"
            figures = f"from {row['before']} to {row['after']} percent"
            lines.append(f"this pull request {way} what {row['service']} can keep {figures}{short}{of}")
        else:
            way = "lowers" if _number(row["afterAtPeak"]) < _number(row["beforeAtPeak"]) else "raises"
            figures = f"from {row['beforeAtPeak']} to {row['afterAtPeak']} percent"
            lines.append(f"this pull request {way} what {row['service']} can keep at peak {figures}{of}")
    return lines


def controls(decision: Decision) -> list[str]:
    """What merging does to controls, as far as records tell."""
    lines = []
    for shift in decision.outline.controls:
        name = f"{shift.clause} ({shift.control})"
        if not shift.exceptions:
            why = "nothing of it is left" if shift.is_worse else "by its first record"
            lines.append(f"merging turns {name} from {_plainly(shift.before)} to {_plainly(shift.after)} ({why})")
            continue
        (subject, message), more = shift.exceptions[0], len(shift.exceptions) - 1
        what = f"{subject}: {message}" + (f", and {more:,} more" if more else "")
        if shift.before is None or shift.after is None:
            way = f"brings {name} an exception" if shift.is_worse else f"mends an exception of {name}"
            lines.append(f"merging {way}: {what}; 'itsm report compliance' says how it stands")
            continue
        why = f"{'exception' if shift.is_worse else 'mended'}: {what}"
        lines.append(f"merging turns {name} from {_plainly(shift.before)} to {_plainly(shift.after)} ({why})")
    return lines


def _plainly(state: str | None) -> str:
    """How a control stands, in words."""
    return (state or "").replace("-", " ")


def _number(text: str) -> Fraction:
    return Fraction(text.removesuffix("…"))


def until(decision: Decision) -> str | None:
    """Until when the verdict is sure to stand, or None."""
    text = decision.evidence["validUntil"]
    zone = decision.outline.zone
    return f"{clock.parse_instant(text).astimezone(clock.zone(zone)):%a %Y-%m-%d %H:%M} ({zone})" if text else None


def at_forge(reason: Reason, logins: Mapping[str, str]) -> list[str]:
    """The logins of those whom a reason says to ask, where they have another name there."""
    return [logins[name] for name in reason.ask if logins.get(name, name) != name]


def risk_line(row: Mapping[str, Any]) -> str:
    """The risk of a change with its two sides."""
    declared = f", declared {row['declared']}" if row["declared"] else ""
    return f"{row['level']} (likelihood {row['likelihood']}, impact {row['impact']}{declared})"


def others(decision: Decision, data: Mapping[str, Any], shown: int) -> list[str]:
    """What the pull request changes beside the first records of its outline, a line each, as it is."""
    titles = {(item.id.kind, escape.terminal(item.id.name)): item.title for item in decision.outline.subjects}
    first, ways = list(titles)[:shown], _paths(data)
    lines = []
    for row in data["records"]:
        name = (row["kind"], row["name"])
        if name not in first:
            way = ways.get(name, "")
            said = "".join((f": {titles[name]}" if titles.get(name) else "", f" ({way})" if way else field_list(row)))
            lines.append(f"{row['action']} {row['kind']} {row['name']}{said}")
    lines += [f"{row['action']} {row['path']}" for row in data["paths"]]
    return lines + [f"history: {why}" for why in history(data)]


def history(data: Mapping[str, Any]) -> list[str]:
    """What is taken over from another tool."""
    return [why for row in data["approvals"] if (row["policy"], row["rule"]) == HISTORY for why in row["why"]]


def field_list(row: Mapping[str, Any]) -> str:
    """The changed fields of a record, of many the first."""
    fields = row["fields"]
    if row["action"] != "modified" or not fields:
        return ""
    more = f" and {count_shown(fields) - 4:,} more" if len(fields) > 4 else ""
    return f" ({', '.join(fields[:4])}{more})"


def span_of(row: Mapping[str, Any], zone: str) -> str:
    """From when to when something is, on the clock of a zone."""
    return clock.format_span(clock.parse_instant(row["start"]), clock.parse_instant(row["end"]), zone)


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
