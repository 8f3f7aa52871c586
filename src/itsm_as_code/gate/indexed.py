"""The two sides of a pull request by the index of its base, or of a tree near it: the rest is read when asked for.

The index is that of an earlier run by the same program, outside the reach of any pull request, and is only read here.
What the pull request brings, and what came to the base since, is read from files.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from itsm_as_code.by_index import Indexed, nearest
from itsm_as_code.errors import GitError
from itsm_as_code.git.objects import FolderOfRevision, Revision
from itsm_as_code.git.repository import Repository
from itsm_as_code.git.root import Rooted
from itsm_as_code.index_parts import Found
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.records.entries import ChangedFiles
from itsm_as_code.records.lazy import NotIndexed
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.snapshot import Entry, PartlyListed
from itsm_as_code.validation import RuleSet


def indexed_sides(
    repository: Repository, base: str, head: str, tree: str, stored: StoredRecords, now: datetime
) -> tuple[RuleSet, ChangedCatalogue, Found]:
    """The rule set of ``base``, the records of ``tree``, and what checks found on the tree that is indexed.

    NotIndexed where everything has to be read for that.
    """
    before, after = repository.snapshot(base), repository.snapshot(tree)
    if isinstance(before, Rooted) and isinstance(after, Rooted):
        return _in_folder(repository, before, after, head, stored, now)
    if not isinstance(before, Revision) or not isinstance(after, Revision):
        raise NotIndexed("the records lie elsewhere")
    near, index, drift = nearest(before, stored)
    indexed = Indexed.read(near, index, stored)
    _differences(repository, base, head)  # a malformed tree, which merging would tidy up, is not judged
    changes = _differences(repository, index.tree if drift else base, tree)
    return indexed.rules_of(before, drift), indexed.other(after, changes), Found(index, now)


def _in_folder(
    repository: Repository, before: Rooted, after: Rooted, head: str, stored: StoredRecords, now: datetime
) -> tuple[RuleSet, ChangedCatalogue, Found]:
    """The same where the records lie in a sub-folder: of what is seen outside of it the index knows nothing."""
    whole = before.whole
    if not isinstance(whole, Revision) or not isinstance(after.whole, Revision):
        raise NotIndexed("the records lie elsewhere")
    own, files = FolderOfRevision(after.whole, after.prefix), whole.entries
    if own.tree is None or not isinstance(files, PartlyListed):
        raise NotIndexed("the records are gone")
    near, index, drift = nearest(FolderOfRevision(whole, before.prefix), stored)
    indexed = Indexed.read(near if drift else before, index, stored, before.seen(whole.around(before.prefix)))
    _differences(repository, before.label, head)
    _differences(repository, after.label, before.label)  # nobody looked yet whether the base is well formed around it
    differing = _differences(repository, before.label, after.label)
    outside = {path: entry for path, entry in before.seen(differing).items() if path.startswith(before.outer)}
    judged = replace(after, whole=after.whole.knowing(ChangedFiles(files, differing)))
    changes = {**outside, **_differences(repository, index.tree, own.tree)}
    return indexed.rules_of(before, drift), indexed.other(judged, changes), Found(index, now)


def _differences(repository: Repository, old: str, new: str) -> dict[str, Entry | None]:
    """What stands in a tree where it differs from another one; NotIndexed for a malformed one."""
    try:
        return repository.differences(old, new)
    except GitError as error:
        raise NotIndexed(error.message) from None
