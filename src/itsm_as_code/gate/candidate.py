"""The candidate: what merging a pull request would give, what judges it, and at which instant.

What judges (policies, approval policies, waivers, people, teams, calendars, models, schemas, itsm.yaml) is read from
the base commit; what is judged is the tree that merging head into base gives. Only git objects are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from itsm_as_code.cache import Memory
from itsm_as_code.errors import ForgeError
from itsm_as_code.findings import Finding, RecordId
from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.gate.conflicts import planned_window
from itsm_as_code.gate.guard import guarded_facts
from itsm_as_code.gate.identities import Directory
from itsm_as_code.gate.indexed import indexed_sides
from itsm_as_code.gate.lane import Situation
from itsm_as_code.gate.open_changes import OpenChanges, open_changes
from itsm_as_code.gate.paths import changed_paths
from itsm_as_code.gate.renames import Existed, Rename, hindrances, rename_of
from itsm_as_code.gate.scope import PathChange
from itsm_as_code.git.commits import Commit
from itsm_as_code.git.repository import Repository
from itsm_as_code.index_parts import Found
from itsm_as_code.policies.affected import JUDGING_KINDS, brings_rules
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.diff import RecordDiff, diff_catalogues
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.sources import Sources
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.snapshot import Snapshot
from itsm_as_code.validation import RuleSet, load_judged, load_rule_set


@dataclass(frozen=True)
class Candidate:
    """What is judged and by what: ``tree`` is what merging the commits ``base`` and ``head`` gives.

    ``rule_set`` is that of the base, with its records, ``catalogue`` has those of the tree. ``changed_paths`` gives
    ``added``, ``modified`` or ``deleted`` for each path that differs; ``diffs`` are the records that do, those of
    which only the text changed included. ``commits`` are those of the pull request, oldest first; ``others`` is what
    other open pull requests bring, as far as a change of this one could collide with it. ``rename`` is that of a
    record, which is one of ``diffs`` then, and its ``carried`` are none of them; ``not_renamed`` says why what looks
    like a rename is none. ``found`` gives what a check found on the base, where that is known.
    """

    base: str
    head: str
    tree: str
    rule_set: RuleSet
    catalogue: Catalogue
    changed_paths: Mapping[str, str]
    diffs: tuple[RecordDiff, ...]
    commits: tuple[Commit, ...]
    others: OpenChanges
    pull_request: PullRequest
    now: datetime
    rename: Rename | None = None
    not_renamed: tuple[str, ...] = ()
    found: Callable[[str], list[Finding] | None] = lambda check: None

    @property
    def carried(self) -> tuple[RecordDiff, ...]:
        """The records that differ in naming the renamed one anew alone."""
        return self.rename.carried if self.rename is not None else ()

    @property
    def approved_by_rules(self) -> tuple[RecordDiff, ...]:
        """What approval rules look at: of the carried records those that judge; the others follow from the rename."""
        return (*self.diffs, *(diff for diff in self.carried if diff.id.kind in JUDGING_KINDS))

    @cached_property
    def other_paths(self) -> list[PathChange]:
        """Changed paths that no record diff stands for."""
        of_records = {path for diff in (*self.diffs, *self.carried) for path in diff.paths}
        return [
            PathChange(path, action) for path, action in sorted(self.changed_paths.items()) if path not in of_records
        ]

    @cached_property
    def touched(self) -> frozenset[RecordId]:
        """The records that the pull request changes, under both names where they have two."""
        renamed = [self.rename.old.id] if self.rename is not None else []
        return frozenset([*(diff.id for diff in (*self.diffs, *self.carried)), *renamed])

    @property
    def subjects(self) -> frozenset[str]:
        """The records and paths that the pull request changes."""
        return frozenset([*map(str, self.touched), *self.changed_paths])

    @cached_property
    def changes(self) -> list[Record]:
        """The Change records that the pull request adds or modifies."""
        return _changes(self.diffs)

    @cached_property
    def brings_rules(self) -> bool:
        """True when the pull request touches what judges."""
        return brings_rules((item.kind for item in self.touched), self.changed_paths)

    @cached_property
    def facts(self) -> Facts:
        return Facts.of(self.catalogue, self.rule_set.configuration.timezone)

    @cached_property
    def base_facts(self) -> Facts:
        return Facts.of(self.rule_set.catalogue, self.rule_set.configuration.timezone)

    @cached_property
    def guarded_facts(self) -> Facts:
        """What changes are judged by."""
        return self._guarded(strict=True)

    @cached_property
    def other_facts(self) -> Facts:
        """What other records are judged by."""
        return self._guarded(strict=False)

    def _guarded(self, *, strict: bool) -> Facts:
        rules = self.rule_set
        return guarded_facts(rules.catalogue, self.catalogue, strict=strict, timezone=rules.configuration.timezone)

    @cached_property
    def lane(self) -> Situation:
        return Situation(self.guarded_facts, self.base_facts, self.now, self.rule_set.configuration)

    @cached_property
    def directory(self) -> Directory:
        return Directory(self.base_facts, self.now, self.pull_request.forge, self.pull_request.accounts)

    @cached_property
    def author(self) -> str | None:
        """The Person who opened the pull request, where that is one whom the base knows."""
        return self.directory.by_author(self.pull_request.author or "")

    @cached_property
    def sources(self) -> Sources:
        return self.rule_set.catalogue.sources() | self.catalogue.sources()


def candidate_of(
    ids: tuple[str, str, str],
    rule_set: RuleSet,
    catalogue: Catalogue,
    pull_request: PullRequest,
    now: datetime,
    commits: Iterable[Commit] = (),
    others: Callable[[], OpenChanges] = OpenChanges,
    existed: Existed = lambda folder, name: False,
) -> Candidate:
    """A candidate of the two sides alone; ``ids`` are base, head and tree. ``others``, and whether a name ``existed``
    on the base, is asked where it can matter."""
    base = rule_set.catalogue
    paths = changed_paths(base.snapshot.entries, catalogue.snapshot.entries)
    standing = (side.by_path.get(path) for side in (base, catalogue) for path in paths)
    among = [record.id for record in standing if record is not None]
    found = {diff.id: diff for diff in diff_catalogues(base, catalogue, among)}
    for path in paths:
        record = catalogue.by_path.get(path)
        if record is not None and record.id not in found:
            found[record.id] = RecordDiff(record.id, base.records.get(record.id), record, ())
    diffs = tuple(sorted(found.values(), key=lambda diff: (diff.id.kind, diff.id.name)))
    rename = rename_of(base, catalogue, diffs, existed)
    not_renamed = tuple(hindrances(rename)) if rename is not None else ()
    if rename is not None and not not_renamed:
        diffs = rename.judged
    collide = any(planned_window(record.data) for record in _changes(diffs))
    return Candidate(
        *ids,
        rule_set=rule_set,
        catalogue=catalogue,
        changed_paths=paths,
        diffs=diffs,
        commits=tuple(commits),
        others=others() if collide else OpenChanges(),
        pull_request=pull_request,
        now=now,
        rename=rename if not not_renamed else None,
        not_renamed=not_renamed,
    )


def _changes(diffs: Iterable[RecordDiff]) -> list[Record]:
    return [diff.new for diff in diffs if diff.id.kind == "Change" and diff.new is not None and diff.new.valid]


class InARow(StoredRecords):
    """Records of bases that are judged one after another: what stands as in the one before is not read again."""

    def __init__(self) -> None:
        super().__init__(Memory())
        self.last: RuleSet | None = None

    def rule_set(self, snapshot: Snapshot) -> RuleSet:
        """The rule set of the next one."""
        self.last = load_rule_set(snapshot, self, self.last)
        return self.last


def read_candidate(
    repository: Repository,
    base: str,
    head: str,
    pull_request: PullRequest,
    now: datetime,
    stored: StoredRecords | None = None,
    *,
    by_index: bool = False,
) -> Candidate:
    """The candidate of two revisions. ``stored`` are records of the base that earlier runs read.

    ``by_index``: what their index knows is not read; NotIndexed, now or when it is asked for, where it lacks something.
    ItsmError when judging is not possible (an unknown revision, a shallow clone); MergeConflict where there is one.
    """
    base, head = repository.commit(base), repository.commit(head)
    _check_agreement(repository, base, head, pull_request)
    commits = repository.commits(base, head)
    catalogue: Catalogue
    found: Found | None = None
    if by_index and stored is not None:
        tree = repository.merge_tree(base, head)
        rule_set, catalogue, found = indexed_sides(repository, base, head, tree, stored, now)
    else:
        _ = len(repository.snapshot(head).entries)  # a malformed tree, which merging would tidy up, is not judged
        tree = repository.merge_tree(base, head)
        # Of the base alone: what a pull request brings is always read from its files, and never remembered.
        before = repository.snapshot(base)
        rule_set = stored.rule_set(before) if isinstance(stored, InARow) else load_rule_set(before, stored)
        catalogue = load_judged(repository.snapshot(tree), rule_set)

    def others() -> OpenChanges:
        return open_changes(repository, base, head, pull_request.open_pull_requests, rule_set.registry["Change"])

    def existed(folder: str, name: str) -> bool:
        return repository.ever_held(base, folder, name)

    ids = base, head, tree
    candidate = candidate_of(ids, rule_set, catalogue, pull_request, now, commits, others, existed)
    return candidate if found is None else replace(candidate, found=found)


def _check_agreement(repository: Repository, base: str, head: str, pull_request: PullRequest) -> None:
    """ForgeError unless what is judged is what the forge told of; where it told nothing, nothing can differ.

    Commits that the forge lists and ``base..head`` lacks are on the base already. One that it does not list was made or
    pushed by nobody knows whom.
    """
    if pull_request.head is not None and pull_request.head != head:
        raise ForgeError(
            f"the head is {pull_request.head[:12]} at the forge, and {head[:12]} is to be judged",
            code="head-moved",
            remedy="fetch the pull request again, or let the run for its new head judge it",
        )
    if pull_request.base is not None and pull_request.base != base:
        raise ForgeError(
            f"the base is {pull_request.base[:12]} at the forge, and {base[:12]} is to be judged against",
            code="base-moved",
            remedy="fetch the base again",
        )
    if pull_request.head is None or (pull_request.forge == "local" and not pull_request.commits):
        return
    listed = {commit.sha for commit in pull_request.commits}
    missing = [commit.sha for commit in repository.commits(base, head) if commit.sha not in listed]
    if missing:
        raise ForgeError(
            f"the forge does not list commit {missing[0][:12]} of the pull request",
            code="commits-differ",
            remedy="run the gate again; a base that was rewritten needs the pull request rebased",
        )
