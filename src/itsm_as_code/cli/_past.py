"""What git tells of records for the site: who changed them when, and what evidence shows of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from itsm_as_code.assurance.deployment_audit import Judged
    from itsm_as_code.cache import Cache
    from itsm_as_code.findings import RecordId
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.site import Past
    from itsm_as_code.validation import Validation

_FEW: Final = 100
"""Blobs that are read from git sooner than all records are looked through for them."""


def past_of(
    repository: Repository | None, commit: str | None, validation: Validation, cache: Cache | None = None
) -> Past:
    """What git tells of records: nothing where there is none, or its history cannot be read."""
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.assurance.shown import shown
    from itsm_as_code.cli._default_branch import branch_name
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.gate.histories import histories
    from itsm_as_code.gate.revisions import Records
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.site import Past

    if repository is None or commit is None:
        return Past(shown="the records are in no git repository, so there is no evidence of merges")
    registry, states = validation.registry, _states(validation)

    def state(path: str) -> tuple[str, ...] | None:
        kind = registry.of_path(path)
        return states[kind.name] if kind is not None and path.endswith(".yaml") else None

    places = repr(sorted((kind.folder, states[kind.name]) for kind in registry))
    try:
        told = histories(repository, commit, Records(state, _said(validation)), places, cache)
    except ItsmError as error:
        return Past(shown=error.message)
    try:
        ran = _deployed(repository, validation, cache)
        if not validation.configuration.evidence.keys:
            why = "itsm.yaml names no key for evidence, so nothing shows who approved (itsm evidence setup)"
            return Past(told, why, ran)
        ledger = Ledger(at_root(repository, commit), commit, branch_name(repository), validation.now)
        return Past(told, shown(ledger, validation.catalogue.of_kind("Change")), ran)
    except ItsmError as error:
        return Past(told, error.message)


def _states(validation: Validation) -> dict[str, tuple[str, ...]]:
    """Where records of each kind have their state."""
    from itsm_as_code.findings import parse_pointer

    found = {kind.name: kind.lifecycle for kind in validation.registry}
    return {name: tuple(map(str, parse_pointer(said["field"]))) if said else () for name, said in found.items()}


def _said(validation: Validation) -> Callable[[Collection[str]], dict[str, Any]]:
    """Gives the data of those of many blobs that are records now; a few are read sooner than looked for."""
    catalogue = validation.catalogue
    ids: dict[str, RecordId] = {}

    def said(blobs: Collection[str]) -> dict[str, Any]:
        if len(blobs) < _FEW:
            return {}
        if not ids:
            ids.update((oid, item) for item, _, oid in catalogue.files() if oid is not None)
        wanted = {ids[blob]: blob for blob in blobs if blob in ids}
        names: dict[str, list[str]] = {}
        for item in wanted:
            names.setdefault(item.kind, []).append(item.name)
        found = (record for kind, some in names.items() for record in catalogue.some(kind, some))
        return {wanted[record.id]: record.data for record in found}

    return said


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
