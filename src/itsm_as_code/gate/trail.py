"""The evidence of a change that is merged: where it is kept, and whether it is that of what is merged now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsm_as_code.errors import GitError
from itsm_as_code.findings import format_pointer
from itsm_as_code.gate.decision import Reason
from itsm_as_code.gate.replay import Replay
from itsm_as_code.git.notes import read_note
from itsm_as_code.git.repository import Repository, parse_commit
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.diff import diff_data
from itsm_as_code.records.document import Document, load


def noted_evidence(repository: Repository, revision: str, path: str) -> bytes | None:
    """The note on the merge that brought a file to where it is, or on the head that was merged; None without one."""
    options = ("--first-parent", "--max-count=1", "--end-of-options")
    merge = repository.text("rev-list", *options, revision, "--", path).strip()
    if not merge:
        return None
    parents = parse_commit(merge, next(iter(repository.objects([merge], "commit")))).parents
    for commit in (merge, *parents[1:]):
        found = read_note(repository, commit)
        if found is not None:
            return found
    return None


def why_not_evidence_of(repository: Repository, replayed: Replay, change: Record) -> Reason | None:
    """Why evidence, judged again, does not show that a change was approved as it is now; None when it does."""
    evidence = replayed.evidence
    if not replayed.holds:
        where = replayed.differences[0].pointer
        return Reason("evidence-differs", f"the evidence does not hold: judged again, {where} is different")
    if evidence["verdict"] != "approved":
        return Reason("evidence-not-approved", f"the evidence says {evidence['verdict']}, not approved")
    if not any((row["kind"], row["name"]) == ("Change", change.name) for row in evidence["records"]):
        return Reason("evidence-of-another", f"the evidence is of a pull request that did not touch {change.name}")
    approved = _data(repository, evidence, change.path)
    field = next(iter(diff_data(approved, change.data)), None)
    if field is not None:
        where = format_pointer(field) or "the record"
        return Reason("evidence-outdated", f"{where} of {change.name} is not what was approved")
    return None


def _data(repository: Repository, evidence: Mapping[str, Any], path: str) -> Any:
    try:
        content = repository.blob(evidence["candidate"], path)
    except GitError:
        return None
    document = load(path, content) if content is not None else None
    return document.data if isinstance(document, Document) else None
