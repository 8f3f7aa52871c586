"""The guards of the doors by which people without git come in."""

from __future__ import annotations

from typing import Any, Final

from itsm_as_code.gate import approvals, doors
from itsm_as_code.gate.doors import came_in
from tests.attacks.guards import Guard, patched


def nobody_came_in(*arguments: Any) -> tuple[frozenset[str], tuple[Any, ...]]:
    return frozenset(), came_in(*arguments)[1]


def vouched_for(*_: Any) -> bool:
    return True


DOOR_GUARDS: Final = (
    Guard(
        "who came in by a door contributed",
        patched(approvals, "came_in", nobody_came_in),
        ("approves-an-issue-of-their-own",),
    ),
    Guard(
        "a door signs whose account it was",
        patched(doors, "is_vouched_for", vouched_for),
        ("commits-as-the-door-in-the-name-of-another",),
    ),
)
"""What each keeps out, how it is taken away, and the scenarios that only it stops."""
