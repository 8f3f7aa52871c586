"""The guards of audits: what is looked at again, and what is compared."""

from __future__ import annotations

from typing import Any, Final

from itsm_as_code.assurance import audit, audited, landings
from itsm_as_code.assurance.deployment_audit import Joiner
from itsm_as_code.assurance.landings import Judge
from itsm_as_code.assurance.replaying import Replayed
from tests.attacks.guards import Guard, nothing, patched


def as_it_was(_: Any, found: Any) -> Any:
    return found


AUDIT_GUARDS: Final = (
    Guard(
        "merges are judged again",
        patched(landings, "replayed", lambda *_: Replayed(True)),
        ("has-it-noted-that-who-did-not-agree-approved",),
    ),
    Guard("what evidence says against its merge", patched(Judge, "_wrong", nothing), ("merges-against-the-verdict",)),
    Guard(
        "approvers are compared with who they are now",
        patched(audit, "_approved_by_an_alias", lambda unit, _: unit),
        ("approves-under-another-name",),
    ),
    Guard(
        "audits say how far they came",
        patched(audited, "with_rewritten", as_it_was),
        ("rewinds-the-branch-past-an-audit",),
    ),
    Guard(
        "work is dated against its authorisation",
        patched(audit, "with_early_starts", as_it_was),
        ("works-before-it-was-authorised",),
    ),
    Guard(
        "evidence names the statements that it saw",
        patched(audit, "with_rewound_deployments", as_it_was),
        ("begins-the-statements-anew",),
    ),
    Guard(
        "deployments are in their windows", patched(Joiner, "_outside", lambda *_: None), ("deploys-after-its-window",)
    ),
    Guard("what was released is what runs", patched(Joiner, "_releases", {}), ("deploys-something-else",)),
    Guard("changes were deployed", patched(Joiner, "never_deployed", nothing), ("says-nothing-of-a-change",)),
)
