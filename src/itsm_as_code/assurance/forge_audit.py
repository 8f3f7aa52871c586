"""Whether the gate can be walked round at the forge: what its settings leave open, and what the approval rules do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from itsm_as_code.forges.settings import Hole
from itsm_as_code.gate.path_pattern import path_pattern
from itsm_as_code.git.root import is_guarded
from itsm_as_code.records.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class ForgeAudit:
    """What was found of a branch, graver things first, at an instant; ``commit`` is whose rules were looked at."""

    forge: str
    repository: str
    branch: str
    commit: str
    at: datetime
    holes: tuple[Hole, ...]

    @property
    def passed(self) -> bool:
        return not any(hole.is_grave for hole in self.holes)


def audit(forge: str, repository: str, branch: str, commit: str, at: datetime, found: list[Hole],
          catalogue: Catalogue) -> ForgeAudit:  # fmt: skip
    """The audit of a branch: ``found`` at its forge, and in the approval rules of its records."""
    notes = Hole(
        "notes-unprotected",
        "no forge protects refs/notes/itsm: evidence is signed, and a note that was replaced is told by evidence show",
        "keep the key of the evidence where only jobs of the default branch get it",
        is_grave=False,
    )
    holes = sorted([*found, *_ungoverned(catalogue), notes], key=lambda hole: not hole.is_grave)
    return ForgeAudit(forge, repository, branch, commit, at, tuple(holes))


def _ungoverned(catalogue: Catalogue) -> Iterator[Hole]:
    """What starts the gate, and can be changed without governance."""
    rules = [rule for policy in catalogue.of_kind("ApprovalPolicy") for rule in policy.spec["rules"]]
    for path in catalogue.snapshot.entries:
        inside = path
        while inside.startswith("../"):
            inside = inside.removeprefix("../")
        if not is_guarded(inside):
            continue
        matching = [
            rule
            for rule in rules
            if any(path_pattern(pattern).matches(path) for pattern in rule["match"].get("paths", ()))
            and not {"kinds", "where", "fields", "actions"} & rule["match"].keys()
        ]
        asked = [item["from"].get("role") for rule in matching for item in rule["approvals"]]
        if matching and "governance" not in asked:
            message = f"{path} can be changed without governance (rule {matching[0]['name']})"
            yield Hole("workflow-ungoverned", message, "have an approval rule ask governance for it")
