"""The two sides of a pull request by the index of its base: what did not change is read only where it is asked for.

The index is that of an earlier run over the same tree by the same program, outside the reach of any pull request, and
is only read here. What the pull request brings is read from its files. Whatever is unusual (rules that change, a record
that moves in beside one of its name, an index that lacks something) is left to whoever reads everything.
"""

from __future__ import annotations

from datetime import datetime

from itsm_as_code.errors import GitError
from itsm_as_code.gate.incoming import brings_rules
from itsm_as_code.git.objects import Revision
from itsm_as_code.git.repository import Repository
from itsm_as_code.policies.cel import take_over
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.records.entries import ChangedFiles, TreeFiles
from itsm_as_code.records.index import TreeIndex
from itsm_as_code.records.lazy import LazyCatalogue, NotIndexed
from itsm_as_code.records.own_kinds import registry_of
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.stored_findings import EXPRESSIONS, Found
from itsm_as_code.validation import RuleSet, rule_set_of


def indexed_sides(
    repository: Repository, base: str, head: str, tree: str, stored: StoredRecords, now: datetime
) -> tuple[RuleSet, ChangedCatalogue, Found]:
    """The rule set of ``base``, the records of ``tree``, and what checks found on the base.

    NotIndexed where everything has to be read for that.
    """
    snapshot, after = repository.snapshot(base), repository.snapshot(tree)
    if not isinstance(snapshot, Revision) or not isinstance(after, Revision):
        raise NotIndexed("the records lie in a sub-folder")
    index = TreeIndex(stored.cache, snapshot.tree)
    rule_set, before, files = _base(snapshot, index, stored)
    try:
        repository.differences(base, head)  # a malformed tree, which merging would tidy up, is not judged
        changes = repository.differences(base, tree)
    except GitError as error:
        raise NotIndexed(error.message) from None
    touched = [kind for path in changes if (kind := rule_set.registry.of_path(path)) is not None]
    if brings_rules((kind.name for kind in touched), changes):
        raise NotIndexed("what judges is touched")
    changed = _changed(before, after, ChangedFiles(files, changes)).seen_by(before.monitoring)
    return rule_set, changed, Found(index, now)


def _base(snapshot: Revision, index: TreeIndex, stored: StoredRecords) -> tuple[RuleSet, LazyCatalogue, TreeFiles]:
    files = TreeFiles(index)
    registry = registry_of(snapshot.excerpt(files.beside(("schemas/",))))
    if (known := index.get(EXPRESSIONS)) is not None:
        take_over(known, registry)
    catalogue = LazyCatalogue(snapshot.knowing(files), registry, index, stored)
    files.catalogue = catalogue
    return rule_set_of(catalogue), catalogue, files


def _changed(before: LazyCatalogue, after: Revision, files: ChangedFiles) -> ChangedCatalogue:
    if files.has_twins:
        raise NotIndexed("folders that differ only in case")
    present = {path: entry for path, entry in files.changes.items() if entry is not None}
    changed = load_catalogue(after.excerpt(present), before.registry)
    for item, record in changed.records.items():
        path = before.path_of(item.kind, item.name)
        if path is not None and path != record.path and path in files:
            raise NotIndexed(f"{item} stands in {path} as well")
    gone = {before.by_path[path].id for path in files.changes if path in before.by_path} - changed.records.keys()
    changed.snapshot = after.knowing(files)
    return ChangedCatalogue(before, changed, gone)
