"""The guards of paths: what a record passes on its way in one pull request, and what it may not pass at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from itsm_as_code.gate import approvals, context, findings, guard
from itsm_as_code.records import lifecycle, lifecycle_path
from itsm_as_code.records.diff import RecordDiff
from tests.attacks.guards import Guard, nothing, patched, without_check


def whole(diffs: Iterable[RecordDiff]) -> Iterator[RecordDiff]:
    """What a record becomes, whatever it passes."""
    yield from diffs


def first_way(*arguments: Any, _real: Any = lifecycle_path._shortest) -> Any:
    """The first of ways that are as short as each other."""
    path = _real(*arguments)
    if path is None:
        return None
    layers = tuple(layer[:1] for layer in path.layers)
    kept = {arguments[2], *(state for layer in layers for state in layer)}
    return lifecycle_path.Path(layers, tuple(step for step in path.steps if kept.issuperset(step)))


PATH_GUARDS: Final = (
    Guard(
        "every step asks for its approvals",
        patched(context, "with_steps", whole),
        ("is-scheduled-past-the-board-that-authorises",),
    ),
    Guard(
        "every state is judged by its policies",
        patched(findings, "step_diffs", nothing),
        ("is-scheduled-past-the-policy-for-proposals",),
    ),
    Guard(
        "every state has what it needs",
        patched(lifecycle, "passing_problems", nothing),
        ("closes-a-risk-that-nobody-treated",),
    ),
    Guard(
        "every step keeps its lane",
        patched(findings, "with_steps", whole),
        ("ends-under-a-model-that-was-suspended-before-it-began",),
    ),
    Guard(
        "the merge before the work",
        patched(lifecycle_path, "border", lambda *_: None),
        ("comes-as-done-with-a-window-to-come",),
    ),
    Guard(
        "the type of the base",
        patched(lifecycle_path, "data_on_path", lambda _, diff: diff.record.data),
        ("becomes-standard-on-its-way-out-of-draft",),
    ),
    Guard(
        "fields that are settled on the way",
        patched(lifecycle_path.Path, "passed", property(nothing)),
        ("ends-under-another-model-than-it-began-under",),
    ),
    Guard(
        "the risk that was authorised",
        patched(context, "authorised_risk", nothing),
        ("ends-as-less-of-a-risk-than-it-was-authorised-as",),
    ),
    Guard(
        "all of the ways that may be meant",
        patched(lifecycle_path, "_shortest", first_way),
        ("goes-one-of-two-ways-and-says-not-which",),
    ),
    Guard(
        "every step is somebody else's word",
        patched(approvals, "with_steps", whole),
        ("takes-up-a-link-on-its-way-to-the-end",),
    ),
    Guard(
        "reviews that an incident asked for",
        patched(guard, "late_review_findings", nothing),
        ("gives-itself-a-review-after-it-was-closed",),
    ),
    Guard(
        "what is cancelled was none",
        without_check("incident-cancelled"),
        ("calls-off-an-incident-that-broke-something",),
    ),
)
