"""A tree by the index of one that an earlier run judged: of the rest only what differs is read from files.

The nearest tree is that itself, or one of those judged last from which it differs in few files. Whatever is unusual
(rules that differ, a record that moves in beside one of its name, an index that lacks something) is
:class:`NotIndexed`: whoever wants to know reads everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from itsm_as_code.configuration import PATH as CONFIGURATION
from itsm_as_code.errors import GitError
from itsm_as_code.findings import Finding, RecordId, sort_findings
from itsm_as_code.policies.affected import affected, brings_rules, with_waived
from itsm_as_code.policies.cel import take_over
from itsm_as_code.policies.engine import PolicyEngine
from itsm_as_code.policies.policy import POLICY_EVALUATES, policies_of
from itsm_as_code.policies.waivers import WAIVER_UNNEEDED
from itsm_as_code.records import lifecycle, taken_over
from itsm_as_code.records.catalogue import MOST_MEANT, REFERENCE_EXISTS
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.records.entries import ChangedFiles, TreeFiles
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.index import TreeIndex, trees
from itsm_as_code.records.lazy import LazyCatalogue, NotIndexed
from itsm_as_code.records.misplaced import RECORD_FOLDER
from itsm_as_code.records.own_kinds import registry_of
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.service_levels.measurements.settings import Settings
from itsm_as_code.snapshot import TOP_OF_RECORDS, Entry, WorkTree
from itsm_as_code.validation import Focus, RuleSet, Validation, assess_catalogue, built_in_rules, rule_set_of

if TYPE_CHECKING:
    from itsm_as_code.git.objects import FolderOfRevision, Revision
    from itsm_as_code.git.root import Rooted

Committed: TypeAlias = "Revision | FolderOfRevision | WorkTree"
Readable: TypeAlias = "Committed | Rooted"

_STATES: Final = "states"
EXPRESSIONS: Final = "expressions"
"""The part for :func:`~itsm_as_code.policies.cel.take_over`."""
_MOST: Final = 200
"""Files that differ, beyond which reading everything is no more work, and leaves an index that is nearer."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A tree that was judged: its index, its rules with its records, and its files."""

    snapshot: Readable
    index: TreeIndex
    rule_set: RuleSet
    catalogue: LazyCatalogue
    files: TreeFiles

    @classmethod
    def read(
        cls,
        snapshot: Readable,
        index: TreeIndex,
        stored: StoredRecords,
        around: Mapping[str, Entry] | None = None,
    ) -> Indexed:
        """What the index of a snapshot knows; ``around`` are files that are seen beside those of its tree."""
        files = TreeFiles(index, around)
        registry = registry_of(snapshot.excerpt(files.beside(("schemas/",))))
        if (known := index.get(EXPRESSIONS)) is not None:
            take_over(known, registry)
        catalogue = LazyCatalogue(snapshot.knowing(files), registry, index, stored)
        files.catalogue = catalogue
        return cls(snapshot, index, rule_set_of(catalogue), catalogue, files)

    def rules_of(self, snapshot: Readable, changes: Mapping[str, Entry | None]) -> RuleSet:
        """The rule set of a snapshot that differs in some files, none of which sets rules."""
        if not changes:
            return self.rule_set
        return replace(self.rule_set, catalogue=self.other(snapshot, changes))

    def other(self, snapshot: Readable, changes: Mapping[str, Entry | None]) -> ChangedCatalogue:
        """The records of a snapshot that differs in some files, none of which sets rules."""
        _refuse_rules(self.rule_set, changes)
        files = ChangedFiles(self.files, changes)
        if files.has_twins(self.files.folders):
            raise NotIndexed("folders that differ only in case")
        before = self.catalogue
        present = {path: entry for path, entry in changes.items() if entry is not None}
        changed = load_catalogue(snapshot.excerpt(present), before.registry)
        for item, record in changed.records.items():
            path = before.path_of(item.kind, item.name)
            if path is not None and path != record.path and path in files:
                raise NotIndexed(f"{item} stands in {path} as well")
        gone = {before.by_path[path].id for path in changes if path in before.by_path} - changed.records.keys()
        changed.snapshot = snapshot.knowing(files)
        return ChangedCatalogue(before, changed, gone).seen_by(before.monitoring)


def states_of(snapshot: WorkTree) -> dict[str, Any]:
    """The part of an index that says in which state the files of a work tree were."""
    return {_STATES: {"place": snapshot.place.hex(), "folders": snapshot.states}}


def _nearest_state(snapshot: WorkTree, stored: StoredRecords) -> tuple[Committed, TreeIndex, dict[str, Entry | None]]:
    """An earlier state of a work tree that has an index, and the files that are others since."""
    if not any((snapshot.root / name).exists() for name in TOP_OF_RECORDS):
        raise NotIndexed("there are no records")
    for tree in trees(stored.cache, of_git=False):
        index = TreeIndex(stored.cache, tree)
        known = index.get(_STATES)
        if known is not None and known["place"] == snapshot.place.hex() and not _has_repositories(known["folders"]):
            if _has_repositories(snapshot.states):
                raise NotIndexed("there are repositories in folders")
            changes = snapshot.since(known["folders"])
            if brings_rules((), changes):
                raise NotIndexed("what judges is touched")  # nor can it be read any more as it was
            if sum(path.endswith((".yaml", ".yml")) for path in changes) <= _MOST:  # pages of a site are no work
                return snapshot.knowing({}, frozenset(changes)), index, changes
    raise NotIndexed("no state of the work tree from which it differs in few files is known")


def _has_repositories(states: Mapping[str, list[str]]) -> bool:
    """True where a folder below the top is one of git, of whose files nothing is seen."""
    return any(part.startswith((".git/", ".git ")) for folder, parts in states.items() if folder for part in parts)


def nearest(snapshot: Committed, stored: StoredRecords) -> tuple[Committed, TreeIndex, dict[str, Entry | None]]:
    """The tree from which a snapshot differs least among those that have an index, and the files that differ."""
    if isinstance(snapshot, WorkTree):
        return _nearest_state(snapshot, stored)
    if snapshot.tree is None:
        raise NotIndexed("there are no records")
    known = trees(stored.cache)
    if snapshot.tree in known:
        return snapshot, TreeIndex(stored.cache, snapshot.tree), {}
    found: list[tuple[str, dict[str, Entry | None]]] = []
    for tree in known:
        try:
            found.append((tree, snapshot.since(tree)))
        except GitError:  # it is not of this repository, or a tree is malformed
            continue
    near = min(found, key=lambda item: len(item[1]), default=None)
    if near is None or len(near[1]) > _MOST:
        raise NotIndexed("it does not know the base, nor one that differs in few files")
    return snapshot.of(near[0]), TreeIndex(stored.cache, near[0]), near[1]


def judged_again(
    indexed: Indexed,
    snapshot: Committed,
    changes: Mapping[str, Entry | None],
    before: Sequence[Finding],
    found: Callable[[str], list[Finding] | None],
    now: datetime,
) -> tuple[Validation, Set[RecordId]]:
    """What is known of a snapshot that differs in some files, with all findings on it, and the records in focus.

    Of outcomes and waivers it has what was judged again. ``before`` are the findings on the indexed tree at that
    instant, and ``found`` what each check found there.
    """
    catalogue, settings = indexed.other(snapshot, changes), indexed.rule_set.configuration
    engine = PolicyEngine(indexed.catalogue, settings.policies, Facts.of(indexed.catalogue, settings.timezone), now)
    policies = {policy.name for policy in engine.all}
    if not policies.isdisjoint(built_in_rules()):
        raise NotIndexed("a policy has the name of a rule")
    records = affected(indexed.catalogue, catalogue, catalogue.touched, engine)
    if any(indexed.catalogue.has(item.kind, item.name) != catalogue.has(item.kind, item.name) for item in records):
        # Whoever names what is not there is told of the nearest name, and where a record of another kind has it.
        records |= {item.record for item in before if item.rule == REFERENCE_EXISTS.id and item.record is not None}
    read = {source.place for source in Settings.of(settings.raw).sources}  # they name services, others now perhaps
    records = with_waived(catalogue, records, all_checks=True)
    focus = Focus(records, None, changes.keys() | read, catalogue.touched, found)
    rule_set = replace(indexed.rule_set, catalogue=catalogue)
    validation = assess_catalogue(catalogue, rule_set, now, focus=focus)
    if len({*indexed.catalogue.part("kinds")["meant"], *map(str, catalogue.meant)}) >= MOST_MEANT:
        raise NotIndexed("more references to nothing than have hints: which of them have, the others say")
    kept = (finding for finding in before if _is_left(finding, focus, policies, validation))
    return replace(validation, findings=tuple(sort_findings([*validation.findings, *kept]))), focus.records


def _is_left(finding: Finding, focus: Focus, policies: Set[str], validation: Validation) -> bool:
    """True for what is said of something out of focus, and was not worked out whatever is in focus."""
    if finding.rule in policies or finding.rule in _OF_RECORDS:
        return finding.record not in focus.records
    if finding.rule == RECORD_FOLDER.id:
        return finding.location.path not in focus.paths
    if finding.rule != WAIVER_UNNEEDED.id:
        return False
    waiver = next(state for state in validation.waivers if state.record.id == finding.record)
    return focus.records.isdisjoint(waiver.subjects)


_OF_RECORDS: Final = frozenset(
    rule.id for rule in (REFERENCE_EXISTS, lifecycle.LIFECYCLE_REQUIRED, taken_over.TAKEN_OVER, POLICY_EVALUATES)
)
"""Rules about a record that are asked of those in focus alone, as policies are."""


def _refuse_rules(rule_set: RuleSet, changes: Mapping[str, Entry | None]) -> None:
    """NotIndexed where something else than records differs that has a say in what is said of others."""
    kinds = {kind.name for path in changes if (kind := rule_set.registry.of_path(path)) is not None}
    settings = rule_set.configuration
    read = {source.place for source in Settings.of(settings.raw).sources} | {settings.site_logo or ""}
    named = any(path.rpartition("/")[2] == CONFIGURATION for path in changes)
    if named or brings_rules(kinds, changes) or not read.isdisjoint(changes):
        raise NotIndexed("what judges is touched")
    for policy in policies_of(rule_set.catalogue, settings.policies):
        for parameter in policy.params.values():
            if parameter.get("from", {}).get("record", {}).get("kind") in kinds:
                raise NotIndexed(f"{policy.name} has parameters of records that differ")
