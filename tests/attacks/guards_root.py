"""The guards of where the records lie, and of the program that judges them."""

from __future__ import annotations

from typing import Any, Final

from itsm_as_code.gate import approvals, evaluation
from itsm_as_code.git import root
from tests.attacks.guards import Guard, nothing, patched


def unguarded(_: Any) -> bool:
    return False


ROOT_GUARDS: Final = (
    Guard(
        "the program is for governance",
        patched(approvals, "tool_rules", nothing),
        ("changes-the-tool-with-a-colleague",),
    ),
    Guard(
        "what judges counts wherever it lies",
        patched(root, "is_guarded", unguarded),
        ("changes-a-workflow-outside-of-the-records",),
    ),
    Guard("one place of records", patched(evaluation, "root_reasons", nothing), ("brings-a-second-place-of-records",)),
)
"""What each keeps out, how it is taken away, and the scenarios that only it stops."""
