"""Lifecycles, as data in the kinds' schemas, judged from one revision to the next.

``x-lifecycle``: the field that holds the state, the states a new record may have, the transitions, the fields each
state requires, the final states in which a record no longer changes, fields frozen after some state, borders that one
pull request does not cross, and what final states require of a record that another tool closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from itsm_as_code.records.lifecycle_path import (
    Path,
    border,
    data_on_path,
    following_states,
    matches,
    path_of,
    shortest_path,
    step_diffs,
)
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
    "A pull request may take a record several steps along a path of its lifecycle; each step is judged as if it had "
    "been made alone, and asks for its approvals. It cannot go where no path leads, nor across a border: the merge "
    "that authorises a change comes before its work begins.",
)
LIFECYCLE_FINAL = Rule(
    "lifecycle-final",
    "A record in a final state never changes",
    Severity.ERROR,
    "What is closed, cancelled or rejected is evidence. Its links and annotations may be added to; for everything else "
    "raise a new record. Records are retired, not deleted. A closed change that had no review may be given one when an "
    "incident names it as its cause, and a rejected one its reason where it gave none; and what it names by a name may "
    "be named anew where that record is renamed.",
)
LIFECYCLE_FROZEN = Rule(
    "lifecycle-frozen",
    "A field that is settled does not change afterwards",
    Severity.ERROR,
    "Some fields decide who must approve, such as the type of a change; they are settled early and then stay. On a "
    "path of several steps a field stays that a state on the way would have frozen.",
)
RULES = (LIFECYCLE_REQUIRED, LIFECYCLE_TRANSITION, LIFECYCLE_FINAL, LIFECYCLE_FROZEN)


@dataclass(frozen=True, slots=True)
class Transition:
    """A record's way from state to state; ``old`` is None for a new record, ``new`` None for a deleted one.

    ``path`` has the states on the way, where a path leads there.
    """

    record: RecordId
    old: str | None
    new: str | None
    allowed: bool
    path: Path | None = None


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
        if not unless or not matches(unless, record.data):
            yield parse_pointer(pointer), "" if isinstance(entry, str) else entry.get("remedy", "")


def transition_of(diff: RecordDiff) -> Transition | None:
    """The change of state that a diff makes, and whether the lifecycle allows it; None when there is none."""
    lifecycle = diff.record.kind.lifecycle
    if lifecycle is None:
        return None
    old = diff.old.state if diff.old else None
    new = diff.new.state if diff.new else None
    if old == new:
        return None
    if diff.new is None:
        deletable = old in lifecycle["initial"] and old not in lifecycle.get("final", ())
        return Transition(diff.id, old, new, deletable)
    path = path_of(diff)
    return Transition(diff.id, old, new, path is not None, path)


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
        yield from _frozen_problems(lifecycle, diff, diff.old, transition.path if transition else None)
    yield from passing_problems(diff)


def _frozen_problems(
    lifecycle: Mapping[str, Any], diff: RecordDiff, old: Record, path: Path | None
) -> Iterator[tuple[Rule, Problem]]:
    """Fields that change although the state on the base has settled them, or one that is passed on the way."""
    for frozen in lifecycle.get("frozen", ()):
        pointer = parse_pointer(frozen["field"])
        states = (old.state, *(path.passed if path is not None else ()))
        settled = [state for state in states if state not in frozen["except"]]
        if not settled or not any(covers(pointer, changed) for changed in diff.fields):
            continue
        message = f"{'.'.join(pointer)} cannot change once the record is {settled[0]}"
        remedy = frozen.get("message", "put the former value back")
        if settled[0] != old.state:
            message += f", and it passes that on its way to {diff.record.state}"
            remedy = f"change it while the record is {old.state}, in a pull request before this one; or {remedy}"
        yield LIFECYCLE_FROZEN, Problem(message, pointer, remedy)


def passing_problems(diff: RecordDiff) -> Iterator[tuple[Rule, Problem]]:
    """What states that are passed on the way require, and the record lacks; each field once."""
    steps = step_diffs(diff)
    told = {problem.pointer for problem in required_problems(diff.record)}
    for record in (step.record for step in steps if step.record.state != diff.record.state):
        for problem in required_problems(record):
            if problem.pointer not in told:
                told.add(problem.pointer)
                message = f"{problem.message}, and it passes that on its way to {diff.record.state}"
                yield LIFECYCLE_REQUIRED, Problem(message, problem.pointer, problem.remedy)


def _final_problems(lifecycle: Mapping[str, Any], diff: RecordDiff, old: Record) -> Iterator[tuple[Rule, Problem]]:
    state = old.state
    if diff.new is None:
        yield LIFECYCLE_FINAL, Problem(f"the record is {state} and cannot be deleted", (), "put the file back")
        return
    opened = [parse_pointer(pointer) for pointer in lifecycle.get("openInFinal", ())]
    later = map(parse_pointer, lifecycle.get("addedInFinal", ()))
    opened += [pointer for pointer in later if get(old.data, pointer) is None]
    closed = [changed for changed in diff.fields if not any(covers(pointer, changed) for pointer in opened)]
    if old.path != diff.new.path:
        yield LIFECYCLE_FINAL, Problem(f"the record is {state} and cannot be moved", (), "put the file back")
    for changed in closed:
        message = f"the record is {state}; {format_pointer(changed)} cannot change any more"
        yield LIFECYCLE_FINAL, Problem(message, changed, "put the former value back, and raise a new record")


def _refused(lifecycle: Mapping[str, Any], diff: RecordDiff, transition: Transition, field: Pointer) -> Problem:
    data = data_on_path(lifecycle, diff)
    following = ", ".join(following_states(lifecycle, data, transition.old))
    if diff.new is None:
        way = ending(diff.record)
        return Problem(f"a record that is {transition.old} cannot be deleted", (), f"put the file back, and {way}")
    crossed = border(lifecycle, diff)
    if crossed is not None:
        old = "new" if diff.old is None else f"still {transition.old}"
        what = with_article(diff.record.kind.title.lower())
        return Problem(
            f"{what} that is {old} cannot be {transition.new} in one pull request", field, crossed["message"]
        )
    if diff.old is None:
        return Problem(f"a new record cannot start as {transition.new}", field, f"start as: {following}")
    message = f"no path of the lifecycle leads from {transition.old} to {transition.new}"
    remedy = f"from {transition.old} it goes to: {following}" if following else "this state is the last"
    return Problem(message, field, remedy)


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
        following = [state for here in reached for state in following_states(lifecycle, record.data, here)]
        reached = [state for state in dict.fromkeys(following) if state not in seen]
        seen.update(reached)
    return record.kind.ending


def way(kind: Kind, data: Mapping[str, Any], target: str) -> list[str] | None:
    """The states from that of a record to another one, which is the last, by the fewest steps; None when there is none.

    Of paths as short as each other that agree with the result it is the first.
    """
    lifecycle = kind.lifecycle or {"field": "", "transitions": {}}
    path = shortest_path(lifecycle, data, get(data, parse_pointer(lifecycle["field"])), target)
    return None if path is None else [layer[0] for layer in path.layers]


def next_states(kind: Kind, data: Mapping[str, Any], state: str | None) -> list[str]:
    """The states that a record may go to from a state."""
    return following_states(kind.lifecycle, data, state) if kind.lifecycle is not None else []
