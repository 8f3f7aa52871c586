"""How large a value is that an expression is given: told in no more time than it takes to see that it is too large."""

from __future__ import annotations

from typing import Any, Final

import orjson

from itsm_as_code.policies.cel.look_ups import LOOKED_UP

MOST_HANDED_OUT: Final = 600_000
"""Values (of records, their fields and items) that look-ups may hand out in one evaluation: half a second's work."""


def weight_of(value: Any) -> int:
    """How many values there are in a value, counted no further than matters."""
    count, todo = 0, [value]
    while todo and count <= MOST_HANDED_OUT:
        item = todo.pop()
        count += 1
        if isinstance(item, dict):
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return count


def is_large(value: Any) -> bool:
    """True for more letters than what is looked up may have.

    Written as JSON a value has as many bytes as it has letters, or one less (where a list has numbers of one digit: a
    comma stands behind all but the last). So most values need no counting.
    """
    try:
        if len(orjson.dumps(value)) < LOOKED_UP:
            return False
    except TypeError:
        pass
    return letters_of(value) > LOOKED_UP


def letters_of(value: Any) -> int:
    """About how many characters a value has when it is written down, counted no further than matters."""
    count, todo = 0, [value]
    while todo and count <= LOOKED_UP:
        item = todo.pop()
        count += 2  # a number or an empty text takes its place too
        if isinstance(item, str):
            count += len(item)
        elif isinstance(item, dict):
            todo.extend(item.keys())
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return count


def measured(parts: list[Any]) -> int:
    """About as many bytes as some values have in a record."""
    try:
        return len(orjson.dumps(parts))
    except TypeError:  # an example may hold what no record can, such as a number of more than 64 bits
        return len(repr(parts))
