"""Paths: the states that a record enters on its way from where it stands to where a pull request takes it.

The shortest allowed path is meant; of several as short, those that agree with the result (``x-lifecycle.outcomes``),
and where more than one is left, what all of them require together. Every state on a path is entered with the record's
final values, and each step is judged as if it had been made alone (:func:`step_diffs`). Borders
(``x-lifecycle.borders``) say which states lie behind a merge: what a pull request authorises is not done in the same
one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from itsm_as_code.findings import Pointer, parse_pointer
from itsm_as_code.records.catalogue import get
from itsm_as_code.records.diff import RecordDiff, diff_data
from itsm_as_code.records.taken_over import is_taken_over

State = str | None
"""A state; None before a record is there."""


@dataclass(frozen=True, slots=True)
class Path:
    """``layers`` are the states entered by the first step, by the second..., more than one where paths are equally
    short; ``steps`` leads from one to the next, each once, the first ones from where the record stands."""

    layers: tuple[tuple[str, ...], ...]
    steps: tuple[tuple[State, str], ...]

    @property
    def passed(self) -> tuple[str, ...]:
        """The states that are entered and left again."""
        return tuple(state for layer in self.layers[:-1] for state in layer)

    def __str__(self) -> str:
        return " -> ".join(" or ".join(layer) for layer in self.layers)


def matches(condition: Mapping[str, Any], data: Any) -> bool:
    """True when every pointer of the condition has its value, or one of its values."""
    for pointer, wanted in condition.items():
        actual = get(data, parse_pointer(pointer))
        if actual not in wanted if isinstance(wanted, list) else actual != wanted:
            return False
    return True


def open_to(entries: Iterable[Any], data: Any) -> list[str]:
    """The states that a record may be in first, or next: those whose condition its data meets."""
    steps = (
        (entry, {}) if isinstance(entry, str) else (entry.get("state", entry.get("to")), entry.get("where", {}))
        for entry in entries
    )
    return list(dict.fromkeys(state for state, condition in steps if matches(condition, data)))


def following_states(lifecycle: Mapping[str, Any], data: Any, state: State) -> list[str]:
    """The states that a record may enter from a state, or first of all (None)."""
    return open_to(lifecycle["initial"] if state is None else lifecycle["transitions"].get(state, ()), data)


def shortest_path(lifecycle: Mapping[str, Any], data: Any, start: State, target: str) -> Path | None:
    """The path that a record of such data takes; None where none leads there."""
    path = _shortest(lifecycle, data, start, target, ())
    if path is None:
        return None
    outcomes = lifecycle.get("outcomes", {})
    contrary = [state for state in path.passed if not matches(outcomes.get(state, {}), data)]
    agreeing = _shortest(lifecycle, data, start, target, contrary) if contrary else None
    return agreeing if agreeing is not None and len(agreeing.layers) == len(path.layers) else path


def _shortest(
    lifecycle: Mapping[str, Any], data: Any, start: State, target: str, without: Collection[str]
) -> Path | None:
    """Breadth first, layer by layer, then back from the target: so no state comes twice, and ties cost nothing."""
    layers: list[list[State]] = [[start]]
    seen: set[State] = {start, *without}
    while target not in layers[-1]:
        reached = [state for here in layers[-1] for state in following_states(lifecycle, data, here)]
        layers.append([state for state in dict.fromkeys(reached) if state not in seen])
        seen.update(layers[-1])
        if not layers[-1]:
            return None
    meant: list[State] = [target]
    kept: list[tuple[str, ...]] = []
    steps: list[tuple[State, str]] = []
    for layer in reversed(layers[:-1]):
        following = tuple(state for state in meant if state is not None)
        kept.insert(0, following)
        found = [
            (here, state) for here in layer for state in following if state in following_states(lifecycle, data, here)
        ]
        steps[:0] = found
        meant = list(dict.fromkeys(here for here, _ in found))
    return Path(tuple(kept), tuple(steps))


def path_of(diff: RecordDiff) -> Path | None:
    """The path on which a diff takes its record, borders respected; None where there is no step, or none is allowed."""
    lifecycle, new = diff.record.kind.lifecycle, diff.new
    start = diff.old.state if diff.old is not None else None
    if lifecycle is None or new is None or new.state is None or (diff.old is not None and start in (None, new.state)):
        return None
    if diff.old is None and is_taken_over(new.data) and new.state in lifecycle.get("takenOver", {}):
        return Path(((new.state,),), ((None, new.state),))
    data = data_on_path(lifecycle, diff)
    return None if border(lifecycle, diff) else shortest_path(lifecycle, data, start, new.state)


def data_on_path(lifecycle: Mapping[str, Any], diff: RecordDiff) -> Any:
    """The data that conditions of steps are asked of: what the record becomes, but settled fields as on the base."""
    data = diff.record.data
    if diff.old is not None and diff.new is not None:
        for pointer in (
            parse_pointer(frozen["field"]) for frozen in lifecycle.get("frozen", ()) if frozen.get("ofBase")
        ):
            data = put(data, pointer, get(diff.old.data, pointer))
    return data


def border(lifecycle: Mapping[str, Any], diff: RecordDiff) -> Mapping[str, Any] | None:
    """The border that a diff would carry its record across in one go: from before the merge that lets work begin."""
    before = diff.old.state if diff.old is not None else None
    after = diff.new.state if diff.new is not None else None
    for entry in lifecycle.get("borders", ()):
        is_before = diff.old is None or before in entry["before"]
        exempt = entry.get("unless")
        if is_before and after in entry["after"] and not (exempt and matches(exempt, data_on_path(lifecycle, diff))):
            found: Mapping[str, Any] = entry
            return found
    return None


def step_diffs(diff: RecordDiff) -> list[RecordDiff]:
    """A path of several steps, as diffs of one step each; none where the diff itself is a single step.

    The first step brings all that changes, the others the state alone.
    """
    path, new = path_of(diff), diff.new
    if path is None or new is None or len(path.layers) < 2:
        return []
    field = parse_pointer((new.kind.lifecycle or {})["field"])
    found = []
    for before, after in path.steps:
        entered = new if after == new.state else replace(new, data=put(new.data, field, after))
        if after in path.layers[0]:
            fields = tuple(diff_data(diff.old.data if diff.old else None, entered.data))
            found.append(RecordDiff(diff.id, diff.old, entered, fields))
        else:
            found.append(RecordDiff(diff.id, replace(new, data=put(new.data, field, before)), entered, (field,)))
    return found


def with_steps(diffs: Iterable[RecordDiff]) -> Iterator[RecordDiff]:
    """Diffs, each followed by the steps that it consists of where it is more than one."""
    for diff in diffs:
        yield diff
        yield from step_diffs(diff)


def put(data: Any, pointer: Pointer, value: Any) -> Any:
    """Data with another value at a pointer of keys (None: without it); what is given stays as it is."""
    if not isinstance(data, dict):
        return data
    key, rest = pointer[0], pointer[1:]
    if rest:
        return {**data, key: put(data[key], rest, value)} if key in data else data
    left = {name: held for name, held in data.items() if name != key}
    return left if value is None else {**left, key: value}
