"""The guards of renames: what lets no record gain anything by another name."""

from __future__ import annotations

from typing import Any, Final

from itsm_as_code.assurance import authority
from itsm_as_code.gate import approvals, renames
from itsm_as_code.records.diff import RecordDiff
from tests.attacks.guards import Guard, nothing, patched


def whatever_it_brings(rename: renames.Rename) -> tuple[RecordDiff, ...]:
    """All that changes with it comes along, as if it were the name alone."""
    return tuple(diff for diff in rename._others if diff.new is not None)


def without(name: str) -> Any:
    return patched(renames, name, nothing)


RENAME_GUARDS: Final = (
    Guard(
        "a rename is somebody else's word, too",
        patched(approvals, "rename_rules", nothing),
        ("names-itself-anew-without-anybody",),
    ),
    Guard(
        "what has ended names it anew, and no more",
        patched(renames.Rename, "carried", property(whatever_it_brings)),
        ("edits-what-is-closed-under-cover-of-a-name",),
    ),
    Guard("a name that nobody had", without("had_before"), ("takes-the-name-that-another-had",)),
    Guard(
        "evidence follows a name back",
        patched(authority, "former_paths", lambda *_: []),
        ("launders-a-push-by-another-name",),
    ),
    Guard("a rename moves nothing", without("elsewhere"), ("moves-to-where-rules-are-others",)),
    Guard("a rename comes alone", without("brings_more"), ("plans-a-change-by-a-name-without-promises",)),
    Guard("nobody is left behind", without("left_behind"), ("leaves-a-reference-to-whoever-has-the-name-too",)),
    Guard("nobody is taken over", without("meant_another"), ("takes-over-what-names-somebody-else",)),
    Guard(
        "rules that spell names out",
        without("spelt_out"),
        ("slips-out-of-a-rule-that-spells-its-name", "slips-into-what-a-key-may-deploy"),
    ),
    Guard(
        "changes and rules keep their names",
        without("keeps_its_name"),
        ("is-another-change-than-the-one-that-was-authorised",),
    ),
)
