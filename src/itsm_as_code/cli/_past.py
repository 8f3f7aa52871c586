"""What git tells of records for the site: who changed them when, and what evidence shows of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from itsm_as_code.assurance.deployment_audit import Judged
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
    from itsm_as_code.records.summary import Made
    from itsm_as_code.site import Past

    if repository is None or commit is None:
        return Past(shown="the records are in no git repository, so there is no evidence of merges")
    states: dict[str, tuple[str, ...] | None] = {}
    ids, kinds, records = {}, validation.registry, validation.catalogue.records
    for item, path, oid in validation.catalogue.files():
        lifecycle = kinds[item.kind].lifecycle
        if oid is not None:
            ids[oid] = item
        states[path] = tuple(map(str, parse_pointer(lifecycle["field"]))) if lifecycle else None
    try:
        known = Made(lambda oid: records[ids[oid]].data, ids)
        told, ran = revisions(repository, commit, states, cache, known), _deployed(repository, validation, cache)
        if not validation.configuration.evidence.keys:
            why = "itsm.yaml names no key for evidence, so nothing shows who approved (itsm evidence setup)"
            return Past(told, why, ran)
        ledger = Ledger(at_root(repository, commit), commit, branch_name(repository), validation.now)
        return Past(told, shown(ledger, validation.catalogue.of_kind("Change")), ran)
    except ItsmError as error:
        return Past(shown=error.message)


def _deployed(
    repository: Repository, validation: Validation, cache: Cache | None
) -> Mapping[str, tuple[Judged, ...]] | str:
    """The deployments that signed statements of this clone tell of, by the change that they name; or why none are."""
    from itsm_as_code.assurance.deployment_audit import join
    from itsm_as_code.assurance.ran import of_lines
    from itsm_as_code.cli._controls import lines_of

    lines = lines_of(repository, validation, cache, is_whole=True)
    if isinstance(lines, str):
        return lines
    found: dict[str, tuple[Judged, ...]] = {}
    for one in join(of_lines(lines), validation.facts, (None, validation.now)).deployments:
        if one.ran.change is not None:
            found[one.ran.change] = (*found.get(one.ran.change, ()), one)
    return found
