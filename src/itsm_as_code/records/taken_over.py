"""Records taken over: history that another tool closed before it was brought here.

``spec.takenOver`` marks one; in which of its final states a kind may have it, and what those then require, is data in
the kind's schema (``x-lifecycle.takenOver``). ``takenOver`` of itsm.yaml says for which tools and until when. Such a
record can be read and linked to, and that is all: what it lacks is no gap, and nothing that counts records counts it,
or whoever may write history would write themselves a good one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.findings import Pointer, Problem, Rule, Severity, did_you_mean
from itsm_as_code.records.catalogue import Record

TAKEN_OVER = Rule(
    "taken-over",
    "A record that is taken over is history",
    Severity.ERROR,
    "What another tool closed lacks much that is asked for here, and nothing counts it. So it has to be over, with all "
    "its times before the cut-over that itsm.yaml names, and come from a tool that is listed there. Governance "
    "approves it; it is marked when it is added, and never afterwards.",
)
RULES = (TAKEN_OVER,)

FIELD: Final = ("spec", "takenOver")


@dataclass(frozen=True, slots=True)
class CutOver:
    """``spec.takenOver`` of itsm.yaml: the instant from which on records are written here, and the tools before."""

    before: datetime
    tools: tuple[str, ...]
    timezone: str = "UTC"

    @classmethod
    def read(cls, spec: Mapping[str, Any], timezone: str) -> CutOver:
        """What itsm.yaml says; a day begins at midnight in the zone of the organisation."""
        return cls(_instant(spec["before"], timezone), tuple(spec["from"]), timezone)


def is_taken_over(data: Mapping[str, Any]) -> bool:
    """True for the data of a record that says so, whether it may or not."""
    spec = data.get("spec")
    return isinstance(spec, Mapping) and FIELD[-1] in spec


def origin(data: Mapping[str, Any]) -> str:
    """``from former-desk as number CHG0086806 on 2026-11-02``, of a record that is taken over."""
    mark = data["spec"][FIELD[-1]]
    return f"from {mark['from']} as number {mark['number']} on {mark['on']}"


def problems(record: Record, cut_over: CutOver | None, now: datetime) -> Iterator[Problem]:
    """What speaks against a valid record's being taken over."""
    if is_taken_over(record.data):
        yield from permission_problems(record, cut_over)
        yield from state_problems(record)
        if cut_over is not None:
            yield from time_problems(record, cut_over, now)


def permission_problems(record: Record, cut_over: CutOver | None) -> Iterator[Problem]:
    """No cut-over, or another tool than those that were used before."""
    if cut_over is None:
        remedy = "name the cut-over and the tools under takenOver in itsm.yaml, in a pull request before this one"
        yield Problem("nothing can be taken over: itsm.yaml names no cut-over", FIELD, remedy)
        return
    tool = record.spec[FIELD[-1]]["from"]
    if tool not in cut_over.tools:
        listed = f"those that itsm.yaml names: {', '.join(cut_over.tools)}"
        yield Problem(
            f"nothing is taken over from '{tool}'", (*FIELD, "from"), did_you_mean(tool, cut_over.tools) or listed
        )


def state_problems(record: Record) -> Iterator[Problem]:
    """A state in which the record is not over."""
    states = (record.kind.lifecycle or {}).get("takenOver", {})
    if record.state not in states:
        message = f"what is {record.state} cannot be taken over, for it goes on here"
        yield Problem(message, FIELD, f"leave takenOver out; it stands on what is {' or '.join(states)}")


def time_problems(record: Record, cut_over: CutOver, now: datetime) -> Iterator[Problem]:
    """A time after the cut-over, of several the latest; a day of taking over that is still to come."""
    times = [(_instant(text, cut_over.timezone), at) for at, text in record.kind.times(record.data) if at[:2] != FIELD]
    latest, at = max(times, key=lambda item: item[0], default=(None, ()))
    if latest is not None and latest >= cut_over.before:
        message = f"{_dotted(at)} is not before the cut-over, {clock.format_instant(cut_over.before)}"
        yield Problem(message, at, "leave takenOver out; what happened since then is recorded here, with all it needs")
    day = record.spec[FIELD[-1]]["on"]
    if _instant(day, cut_over.timezone) > now:
        yield Problem(f"it cannot have been taken over on {day}", (*FIELD, "on"), "write the day on which it was")


def _instant(text: str, timezone: str) -> datetime:
    """An instant, or the one with which a day begins."""
    if "T" in text:
        return clock.parse_instant(text)
    return datetime.combine(clock.parse_date(text), time(), clock.zone(timezone))


def _dotted(pointer: Pointer) -> str:
    return ".".join(str(part) for part in pointer if part != "spec")
