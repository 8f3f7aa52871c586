"""What git tells of records for the site: who changed them when, and what evidence shows of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itsm_as_code.cache import Cache
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.site import Past
    from itsm_as_code.validation import Validation


def past_of(
    repository: Repository | None, commit: str | None, validation: Validation, cache: Cache | None = None
) -> Past:
    """What git tells of records: nothing where there is none, or its history cannot be read."""
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.assurance.shown import shown
    from itsm_as_code.cli._default_branch import branch_name
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.findings import parse_pointer
    from itsm_as_code.gate.revisions import revisions
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.site import Past

    if repository is None or commit is None:
        return Past(shown="the records are in no git repository, so there is no evidence of merges")
    states: dict[str, tuple[str, ...] | None] = {}
    known = {}
    for record in validation.catalogue:
        if not record.pack:
            lifecycle = record.kind.lifecycle
            if record.oid is not None:
                known[record.oid] = record.data
            states[record.path] = tuple(map(str, parse_pointer(lifecycle["field"]))) if lifecycle else None
    try:
        told = revisions(repository, commit, states, cache, known)
        if not validation.configuration.evidence.keys:
            return Past(
                told, "itsm.yaml names no key for evidence, so nothing shows who approved (itsm evidence setup)"
            )
        ledger = Ledger(at_root(repository, commit), commit, branch_name(repository), validation.now)
        return Past(told, shown(ledger, validation.catalogue.of_kind("Change")))
    except ItsmError as error:
        return Past(shown=error.message)
