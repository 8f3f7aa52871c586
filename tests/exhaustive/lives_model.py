"""What one pull request may make of a Change, written down from the rules of lifecycles and nothing else.

It shares no code and no data with the gate: states, steps, what they need and what they freeze stand here a second
time, and the ways from one state to another are found by trying all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

NORMAL, STANDARD, EMERGENCY = "normal", "standard", "emergency"
PLANNED: Final = ("proposed", "authorised", "scheduled")
ENDS: Final = ("implemented", "backed-out", "failed")
FINAL: Final = ("closed", "cancelled", "rejected")
STATES: Final = ("draft", *PLANNED, "implementing", *ENDS, "reviewed", *FINAL)
BEHIND_THE_BORDER: Final = ("implementing", *ENDS, "reviewed", "closed")
"""What a pull request that authorises a change does not make of it: the merge comes before the work."""
WENT_SO: Final = {
    "implemented": ("successful", "successful-with-issues"),
    "backed-out": ("backed-out",),
    "failed": ("failed",),
}
"""The results that agree with a state."""
Way = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """A Change on the base or in the candidate, which lacks one field of those that states may need."""

    state: str
    type: str
    model: str = ""
    afterwards: bool = False
    result: str = ""
    lacks: str = ""
    taken_over: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a pull request: the rules that it breaks, and the states in which the Change is judged."""

    rules: frozenset[str]
    as_: frozenset[str]
    asked: frozenset[str]
    """The states whose approval rules are met: those, and the one on the base."""


def judge(base: Side | None, head: Side) -> Told:
    """What the gate has to say."""
    found, passed = set(), {head.state}
    if base is not None and base.state in FINAL:
        if base != head:
            found.add("lifecycle-final")
    else:
        ways = shortest(base, head)
        if ways is None:
            found.add("lifecycle-transition")
        passed.update(state for way in ways or () for state in way)
        left = {state for way in ways or () for state in way[:-1]}
        if base is not None and any(frozen(what, {base.state, *left}) for what in differing(base, head)):
            found.add("lifecycle-frozen")
    if any(needed(head, state) for state in passed):
        found.add("lifecycle-required")
    if head.taken_over and head.state not in FINAL:
        found.add("taken-over")
    judged = frozenset() if head.taken_over else frozenset(passed)  # policies leave history alone
    asked = passed | ({base.state} if base is not None else set())
    return Told(frozenset(found), judged, frozenset(asked))


def shortest(base: Side | None, head: Side) -> list[Way] | None:
    """The ways that are meant by a pull request: the shortest, of those the ones that agree with the result, or all of
    them; the empty list where no step is taken, and None where there is no way."""
    if base is not None and base.state == head.state:
        return []
    if base is None and head.taken_over and head.state in FINAL:
        return [(head.state,)]
    type_ = base.type if base is not None else head.type
    if type_ != EMERGENCY and (base is None or base.state in ("draft", "proposed")) and head.state in BEHIND_THE_BORDER:
        return None
    ways = list(every_way(base.state if base is not None else "", head.state, type_, head, ()))
    if not ways:
        return None
    least = min(map(len, ways))
    ways = [way for way in ways if len(way) == least]
    agreeing = [way for way in ways if all(head.result in WENT_SO.get(state, (head.result,)) for state in way)]
    return agreeing or ways


def every_way(state: str, target: str, type_: str, head: Side, before: Way) -> Iterator[Way]:
    for following in next_states(state, type_, head):
        if following == target:
            yield (*before, target)
        elif following not in before:
            yield from every_way(following, target, type_, head, (*before, following))


def next_states(state: str, type_: str, head: Side) -> list[str]:
    """Where a Change goes from a state, or where it begins ("")."""
    emergency = type_ == EMERGENCY
    found = {
        "": ["draft", "proposed"],
        "draft": ["proposed", "cancelled"],
        "proposed": ["authorised", "rejected", "cancelled"],
        "authorised": ["scheduled", "cancelled"],
        "scheduled": ["implementing", "cancelled"],
        "implementing": [*ENDS, *(["reviewed"] if emergency else [])],
        "implemented": ["reviewed"],
        "backed-out": ["reviewed"],
        "failed": ["reviewed"],
        "reviewed": ["closed"],
    }.get(state, [])
    if state in ("", "draft"):
        found += ["scheduled"] if type_ == STANDARD else ["implementing"] if emergency else []
        found += [*ENDS, "reviewed"] if emergency and head.afterwards else []
    if state == "implemented" and not emergency and head.result == "successful":
        found.append("closed")
    return found


def differing(base: Side, head: Side) -> list[str]:
    return [
        what for what in ("type", "model", "afterwards", "taken_over") if getattr(base, what) != getattr(head, what)
    ]


def frozen(what: str, states: set[str]) -> bool:
    """Whether a field is settled in one of some states: those that the pull request finds, or leaves."""
    open_in = {
        "type": {"draft"},
        "afterwards": {"draft"},
        "model": {"draft", *PLANNED, "failed", "backed-out"},
        "taken_over": set(),
    }[what]
    return bool(states - open_in)


def needed(head: Side, state: str) -> bool:
    """Whether a state needs something that the Change lacks."""
    if head.taken_over and state in FINAL:
        needs = ["actual", "result"] if state == "closed" else []
    elif state in ("draft", "cancelled", "rejected"):
        needs = ["rejection"] if state == "rejected" else []
    else:
        hasty = head.type == EMERGENCY and state in ("implementing", *ENDS)
        needs = ["schedule"] + ([] if hasty else ["justification"])
        needs += [] if head.type == STANDARD else ["backout"] if hasty else ["backout", "implementation", "test"]
        needs += ["actual", "result"] if state in (*ENDS, "reviewed", "closed") else []
        went_well = head.result == "successful" and head.type != EMERGENCY
        needs += ["review"] if state == "reviewed" or (state == "closed" and not went_well) else []
    return head.lacks in needs or ("result" in needs and not head.result)
