"""What an agenda is made from, beside the records: that all of them can be read, and how often each was revised."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from itsm_as_code.records.catalogue import Catalogue
    from itsm_as_code.records.kinds import KindRegistry


def all_readable(catalogue: Catalogue) -> None:
    """An agenda without a change or freeze that could not be read would show its time as free."""
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.records.positions import place_findings

    folders = tuple(catalogue.registry[kind].folder + "/" for kind in ("Change", "Calendar"))
    for finding in place_findings(catalogue.findings, catalogue.sources()):
        if finding.blocks and finding.location.path.startswith(folders):
            message = f"{finding.location} cannot be used, and may be of this time: {finding.message}"
            raise ItsmError(message, remedy=finding.remedy or "mend it; 'itsm validate' says more")


def revisions_of_changes(directory: Path, rev: str | None, registry: KindRegistry) -> Mapping[str, int]:
    """Path -> how often it was changed up to now; nothing for records that are in no git repository.

    GitError where the history is not all there.
    """
    from itsm_as_code.errors import GitError
    from itsm_as_code.git.paths import revisions
    from itsm_as_code.git.repository import Repository

    try:
        repository = Repository(directory)
        commit = repository.commit(rev or "HEAD")
    except GitError as error:
        if error.code in ("not-a-repository", "empty-repository", "unknown-revision") and rev is None:
            return {}
        raise
    if repository.is_shallow:
        raise GitError(
            "this clone is shallow, so how often a change was revised cannot be told",
            code="shallow-clone",
            remedy="run 'git fetch --unshallow', or check out with fetch-depth: 0",
        )
    return revisions(repository, commit, registry["Change"].folder)
