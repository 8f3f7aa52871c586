"""Lifecycles, as data in the kinds' schemas, judged from one revision to the next.

``x-lifecycle``: the field that holds the state, the states a new record may have, the transitions, the fields each
state requires, the final states in which a record no longer changes, fields frozen after some state, and what final
states require of a record that another tool closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from itsm_as_code.findings import (
    Pointer,
    Problem,
    RecordId,
    Rule,
    Severity,
    format_pointer,
    parse_pointer,
    with_article,
)
from itsm_as_code.records.catalogue import Record, get
from itsm_as_code.records.diff import RecordDiff, covers
from itsm_as_code.records.kinds import Kind
from itsm_as_code.records.taken_over import is_taken_over

LIFECYCLE_REQUIRED = Rule(
    "lifecycle-required",
    "A record has the fields that its state requires",
    Severity.ERROR,
    "A state is a promise: a proposed change can be judged, an implemented one says what happened. "
    "The schema of the kind lists what each state requires.",
)
LIFECYCLE_TRANSITION = Rule(
    "lifecycle-transition",
    "A record goes from state to state along its lifecycle",
    Severity.ERROR,
    "A pull request cannot jump states or start a record in the middle of its life: each step leaves a trace of who "
    "approved it.",
)
LIFECYCLE_FINAL = Rule(
    "lifecycle-final",
    "A record in a final state never changes",
    Severity.ERROR,
    "What is closed, cancelled or rejected is evidence. Its links and annotations may be added to; for everything else "
    "raise a new record. Records are retired, not deleted.",
)
LIFECYCLE_FROZEN = Rule(
    "lifecycle-frozen",
    "A field that is settled does not change afterwards",
    Severity.ERROR,
    "Some fields decide who must approve, such as the type of a change; they are settled early and then stay.",
)
RULES = (LIFECYCLE_REQUIRED, LIFECYCLE_TRANSITION, LIFECYCLE_FINAL, LIFECYCLE_FROZEN)


@dataclass(frozen=True, slots=True)
class Transition:
    """A step of a record's life; ``old`` is None for a new record, ``new`` None for a deleted one."""

    record: RecordId
    old: str | None
    new: str | None
    allowed: bool


def required_problems(record: Record) -> Iterator[Problem]:
    """A problem for each field that the record's state requires and that is missing."""
    lifecycle = record.kind.lifecycle
    if lifecycle is None:
        return
    state, what = record.state, with_article(record.kind.title.lower())
    wanted = list(required_fields(lifecycle, record))
    missing = [(parts, remedy) for parts, remedy in wanted if get(record.data, parts) in (None, [])]
    is_bare = len(missing) * 2 > len(wanted) > 1 and state in lifecycle.get("takenOver", {})
    ways = "; if another tool closed it, say so in spec.takenOver" if is_bare and not is_taken_over(record.data) else ""
    for parts, remedy in missing:
        name = ".".join(map(str, parts))
        remedy = remedy or f"add {name}; 'itsm explain {record.kind.name}' lists its fields"
        yield Problem(f"{what} that is {state} needs {name}", parts, remedy + ways)


def required_fields(lifecycle: Mapping[str, Any], record: Record) -> Iterator[tuple[Pointer, str]]:
    """The fields that a record's state requires of it, each with the remedy that the schema has."""
    entries = lifecycle.get("required", {}).get(record.state, ())
    if is_taken_over(record.data):
        entries = lifecycle.get("takenOver", {}).get(record.state, entries)
    for entry in entries:
        pointer, unless = (entry, {}) if isinstance(entry, str) else (entry["field"], entry.get("unless", {}))
        if not unless or not _matches(unless, record.data):
            yield parse_pointer(pointer), "" if isinstance(entry, str) else entry.get("remedy", "")


def transition_of(diff: RecordDiff) -> Transition | None:
    """The state change that a diff makes, and whether the lifecycle allows it; None when there is none."""
    lifecycle = diff.record.kind.lifecycle
    if lifecycle is None:
        return None
    old = diff.old.state if diff.old else None
    new = diff.new.state if diff.new else None
    if old == new:
        return None
    return Transition(diff.id, old, new, _allowed(lifecycle, diff, old, new))


def _allowed(lifecycle: Mapping[str, Any], diff: RecordDiff, old: str | None, new: str | None) -> bool:
    if diff.new is None:
        return old in lifecycle["initial"] and old not in lifecycle.get("final", ())
    if diff.old is None and is_taken_over(diff.new.data) and new in lifecycle.get("takenOver", {}):
        return True
    entries = lifecycle["initial"] if diff.old is None else lifecycle["transitions"].get(old, ())
    return new in _open_to(entries, diff.new.data)


def _open_to(entries: Iterable[Any], data: Any) -> list[str | None]:
    """The states that a record may be in first, or next: those whose condition its data meets."""
    steps = (
        (entry, {}) if isinstance(entry, str) else (entry.get("state", entry.get("to")), entry.get("where", {}))
        for entry in entries
    )
    return [state for state, condition in steps if _matches(condition, data)]


def transition_problems(diff: RecordDiff) -> Iterator[tuple[Rule, Problem]]:
    """What the lifecycle has to say against a diff."""
    lifecycle = diff.record.kind.lifecycle
    if lifecycle is None:
        return
    if diff.old is not None and diff.old.state in lifecycle.get("final", ()):
        yield from _final_problems(lifecycle, diff, diff.old)
        return
    transition = transition_of(diff)
    field = parse_pointer(lifecycle["field"])
    if transition is not None and not transition.allowed:
        yield LIFECYCLE_TRANSITION, _refused(lifecycle, diff, transition, field)
    if diff.old is not None and diff.new is not None:
        yield from _frozen_problems(lifecycle, diff, diff.old)


def _frozen_problems(lifecycle: Mapping[str, Any], diff: RecordDiff, old: Record) -> Iterator[tuple[Rule, Problem]]:
    for frozen in lifecycle.get("frozen", ()):
        pointer = parse_pointer(frozen["field"])
        touched = any(covers(pointer, changed) for changed in diff.fields)
        if touched and old.state not in frozen["except"]:
            message = f"{'.'.join(pointer)} cannot change once the record is {old.state}"
            yield LIFECYCLE_FROZEN, Problem(message, pointer, frozen.get("message", "put the former value back"))


def _final_problems(lifecycle: Mapping[str, Any], diff: RecordDiff, old: Record) -> Iterator[tuple[Rule, Problem]]:
    state = old.state
    if diff.new is None:
        yield LIFECYCLE_FINAL, Problem(f"the record is {state} and cannot be deleted", (), "put the file back")
        return
    opened = [parse_pointer(pointer) for pointer in lifecycle.get("openInFinal", ())]
    closed = [changed for changed in diff.fields if not any(covers(pointer, changed) for pointer in opened)]
    if old.path != diff.new.path:
        yield LIFECYCLE_FINAL, Problem(f"the record is {state} and cannot be moved", (), "put the file back")
    for changed in closed:
        message = f"the record is {state}; {format_pointer(changed)} cannot change any more"
        yield LIFECYCLE_FINAL, Problem(message, changed, "put the former value back, and raise a new record")


def _refused(lifecycle: Mapping[str, Any], diff: RecordDiff, transition: Transition, field: tuple[str, ...]) -> Problem:
    states = lifecycle["transitions"]
    if diff.old is None:
        starts = ", ".join(map(str, _open_to(lifecycle["initial"], diff.record.data)))
        return Problem(f"a new record cannot start as {transition.new}", field, f"start as: {starts}")
    if diff.new is None:
        way = ending(diff.record)
        return Problem(f"a record that is {transition.old} cannot be deleted", (), f"put the file back, and {way}")
    following = ", ".join(map(str, _open_to(states.get(transition.old, ()), diff.record.data)))
    remedy = f"from {transition.old} it goes to: {following}" if following else "this state is the last"
    return Problem(f"the step {transition.old} -> {transition.new} is not in the lifecycle", field, remedy)


def ending(record: Record) -> str:
    """What to do with a record that has had its day, as an instruction: the final states that are nearest to its state,
    or what the schema of a kind without states says; empty where there is no such thing."""
    lifecycle = record.kind.lifecycle
    if lifecycle is None or record.state is None:
        return record.kind.ending
    field, finals = ".".join(parse_pointer(lifecycle["field"])), lifecycle.get("final", ())
    seen, reached = {record.state}, [record.state]
    for steps in range(len(lifecycle["transitions"])):
        found = [state for state in reached if state in finals]
        if found:
            return (
                f"{'set' if steps == 1 else 'take'} {field} to {' or '.join(found)}" if steps else "leave it as it is"
            )
        entries = [entry for state in reached for entry in lifecycle["transitions"].get(state, ())]
        following = dict.fromkeys(filter(None, _open_to(entries, record.data)))
        reached = [state for state in following if state not in seen]
        seen.update(reached)
    return record.kind.ending


def way(kind: Kind, data: Mapping[str, Any], target: str) -> list[str] | None:
    """The states from that of a record to another one, which is the last, by the fewest steps; None when there is none.

    Steps with a condition are open to records whose data meets it; of ways as long as each other it is the first.
    """
    lifecycle = kind.lifecycle or {"field": "", "transitions": {}}
    ways: list[list[str]] = [[get(data, parse_pointer(lifecycle["field"]))]]
    seen = {ways[0][0]}
    for states in ways:
        for state in next_states(kind, data, states[-1]):
            if state == target:
                return [*states[1:], state]
            if state not in seen:
                seen.add(state)
                ways.append([*states, state])
    return None


def next_states(kind: Kind, data: Mapping[str, Any], state: str | None) -> list[str]:
    """The states that a record may go to from a state."""
    transitions = (kind.lifecycle or {"transitions": {}})["transitions"]
    return list(dict.fromkeys(filter(None, _open_to(transitions.get(state, ()), data))))


def _matches(condition: Mapping[str, Any], data: Any) -> bool:
    """True when every pointer of the condition has its value, or one of its values."""
    for pointer, wanted in condition.items():
        actual = get(data, parse_pointer(pointer))
        if actual not in wanted if isinstance(wanted, list) else actual != wanted:
            return False
    return True
