"""The two sides of a pull request by the index of its base, or of a tree near it: the rest is read when asked for.

The index is that of an earlier run by the same program, outside the reach of any pull request, and is only read here.
What the pull request brings, and what came to the base since, is read from files.
"""

from __future__ import annotations

from datetime import datetime

from itsm_as_code.by_index import Indexed, nearest
from itsm_as_code.errors import GitError
from itsm_as_code.git.objects import Revision
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.records.lazy import NotIndexed
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.stored_findings import Found
from itsm_as_code.validation import RuleSet


def indexed_sides(
    repository: Repository, base: str, head: str, tree: str, stored: StoredRecords, now: datetime
) -> tuple[RuleSet, ChangedCatalogue, Found]:
    """The rule set of ``base``, the records of ``tree``, and what checks found on the tree that is indexed.

    NotIndexed where everything has to be read for that.
    """
    before, after = repository.snapshot(base), repository.snapshot(tree)
    if not isinstance(before, Revision) or not isinstance(after, Revision):
        raise NotIndexed("the records lie in a sub-folder")
    near, index, drift = nearest(before, stored)
    indexed = Indexed.read(near, index, stored)
    try:
        repository.differences(base, head)  # a malformed tree, which merging would tidy up, is not judged
        changes = repository.differences(index.tree if drift else base, tree)
    except GitError as error:
        raise NotIndexed(error.message) from None
    return indexed.rules_of(before, drift), indexed.other(after, changes), Found(index, now)
