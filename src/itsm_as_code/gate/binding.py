"""An approval is bound to a difference: to what every record and path in its rule's scope was, and to what it becomes.

A reviewer saw ``merge-base(base, reviewed commit) -> reviewed commit``, a signer ``base -> candidate`` of their day;
what would be merged is ``base -> candidate`` of now. The two must be the same, by meaning for records and by bytes and
mode for other files: what a scope becomes must be what was seen, and where the pull request changes something, that
must have been what the reviewer saw there before. So no approval covers the undoing of what came to the base behind
the reviewer's back. What the pull request does not change has no side before.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itsm_as_code.errors import GitError
from itsm_as_code.findings import Finding, Pointer, format_pointer
from itsm_as_code.forges.interface import Review
from itsm_as_code.gate.history import History
from itsm_as_code.gate.paths import changed_paths
from itsm_as_code.gate.reviews import Void
from itsm_as_code.gate.scope import MatchedRule, PathChange, Patterns, within
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.diff import RecordDiff, diff_catalogues, diff_data
from itsm_as_code.records.document import load
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.snapshot import Entry, Snapshot

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")

RulesOf = Callable[[Sequence[RecordDiff], Sequence[PathChange]], Iterable[MatchedRule]]
"""The approval rules of the base that a difference meets."""


@dataclass(frozen=True, slots=True)
class Merge:
    """What would be merged: two commits, and the records of the base and of the candidate that comes of them."""

    history: History
    base: str
    head: str
    old: Catalogue
    new: Catalogue


@dataclass(frozen=True, slots=True)
class Seen:
    """The difference that a reviewer had before them. Where histories cross, ``before`` is each of the merge bases."""

    commit: str
    before: tuple[Snapshot, ...]
    after: Snapshot


class Binding:
    """Compares the difference that a reviewer saw with the one that would be merged."""

    def __init__(self, merge: Merge, rules_of: RulesOf) -> None:
        self._merge = merge
        self._history = merge.history
        self._rules_of = rules_of
        self._seen: dict[Review, Seen | Void] = {}
        self._rules: dict[tuple[Seen, bool], list[MatchedRule]] = {}
        self._voids: dict[tuple[str, str, tuple[str, ...], Seen], Void | None] = {}
        self._data: dict[tuple[str, str], Any] = {}

    def voided(self, rule: MatchedRule, review: Review) -> Void | None:
        """Why an approval does not cover a rule's scope as it would be merged, or None when it does."""
        if review.scopes is None:
            return self.why_void(rule, review)
        signed = dict(review.scopes).get(f"{rule.policy}/{rule.name}")
        if signed is None:
            return Void("was signed for other rules, not for this one")
        if signed == scope_digest(rule, self._merge.old.snapshot, self._merge.new.snapshot):
            return None
        return self.why_void(rule, review) or self._other_scope(rule, review, signed)

    def why_void(self, rule: MatchedRule, review: Review) -> Void | None:
        """Why the difference that a reviewer saw is not the one that would be merged in a rule's scope, or None."""
        seen = self._difference(review)
        if isinstance(seen, Void):
            return seen
        key = (rule.policy, rule.name, tuple(_parts(rule)), seen)
        if key not in self._voids:
            parts = _parts(rule)
            for then in self._then(seen, rule, others=True):
                parts = _parts(then) | parts
            voids = (void for path, name in parts.items() for void in self._compare(path, name, rule, seen))
            self._voids[key] = next(voids, None)
        return self._voids[key]

    def _other_scope(self, rule: MatchedRule, review: Review, signed: str) -> Void | None:
        """Void unless a digest is that of the rule's scope in the difference that its signer saw."""
        seen = self._difference(review)
        if isinstance(seen, Seen):
            for then in self._then(seen, rule):
                if signed == scope_digest(then, seen.before[0], seen.after):
                    return None
        return Void("what was signed differs from what would be merged now")

    # What was seen.

    def _difference(self, review: Review) -> Seen | Void:
        if review not in self._seen:
            self._seen[review] = self._look(review)
        return self._seen[review]

    def _look(self, review: Review) -> Seen | Void:
        commit, snapshot = review.commit, self._history.snapshot
        try:
            if not _COMMIT.match(commit):
                raise GitError("not a full commit id")
            self._history.commit(commit)
        except GitError:
            return Void(f"the commit it was given on ({commit[:12]}) is not in this clone")
        if review.seen is not None:
            base, tree = review.seen
            return Seen(commit, (snapshot(base),), snapshot(tree))
        try:
            stood = self._history.standing_at(self._merge.base, commit, review.at)
            before = self._history.merge_bases(stood, commit)
        except GitError as error:
            if error.code != "no-merge-base":
                raise
            return Void(f"the commit it was given on ({commit[:12]}) has no history in common with the base")
        return Seen(commit, tuple(snapshot(item) for item in before), snapshot(commit))

    def _then(self, seen: Seen, rule: MatchedRule, others: bool = False) -> Iterator[MatchedRule]:
        """What lay in a rule's scope in the difference that was seen; ``others``: of what is not merged just so."""
        key = (seen, others)
        if key not in self._rules:
            self._rules[key] = [found for before in seen.before for found in self._match(before, seen.after, others)]
        return (found for found in self._rules[key] if (found.policy, found.name) == (rule.policy, rule.name))

    def _match(self, before: Snapshot, after: Snapshot, others: bool) -> Iterable[MatchedRule]:
        paths: Mapping[str, str] = changed_paths(before.entries, after.entries)
        if others:
            sides = [(before.entries, self._merge.old.snapshot.entries)]
            sides.append((after.entries, self._merge.new.snapshot.entries))
            paths = {
                path: action
                for path, action in paths.items()
                if any(one.get(path) != other.get(path) for one, other in sides)
            }
        if not paths:
            return ()
        registry = self._merge.old.registry
        then, now = (load_catalogue(_Part(side, paths), registry) for side in (before, after))
        of_records = {record.path for side in (then, now) for record in side}
        files = [PathChange(path, action) for path, action in paths.items() if path not in of_records]
        return self._rules_of(diff_catalogues(then, now), files)

    # What differs.

    def _compare(self, path: str, name: str, rule: MatchedRule, seen: Seen) -> Iterator[Void]:
        """Why what was seen at a path is not what would be merged there; ``name`` is that of its record, if any."""
        patterns = rule.patterns if name else None
        base, merged = (self._read(side.snapshot, path, name) for side in (self._merge.old, self._merge.new))
        for field in _differing(self._read(seen.after, path, name), merged, patterns):
            yield self._changed_after(path, name, field, seen)
        changed = [_element(field) for field in _differing(base, merged, patterns)]
        for before in seen.before:
            for field in self._undone(self._read(before, path, name), base, patterns, changed):
                yield self._changed_before(path, name, field, before)

    @staticmethod
    def _undone(before: Any, base: Any, patterns: Patterns, changed: Sequence[Pointer]) -> Iterator[Pointer]:
        """The fields that would be changed, and that were something else where the reviewer saw the change begin."""
        for field in _differing(before, base, patterns):
            if any(_overlap(_element(field), other) for other in changed):
                yield field

    def _changed_after(self, path: str, name: str, field: Pointer, seen: Seen) -> Void:
        what, label = _names(path, name, field)
        short = seen.commit[:12]
        own, brought = (self._at(side, path) for side in (seen.after.label, self._merge.head))
        if name and not any(True for _ in diff_data(own, brought)):
            culprit = self._culprit(path, name, field, seen.before[0].label, self._merge.base)
            reason = f"{what} was changed on the base as well{_by(culprit)}; it was given on {short} without that"
        else:
            culprit = self._culprit(path, name, field, seen.commit, self._merge.head)
            reason = f"{what} changed after {short}, on which it was given{_by(culprit)}"
        return Void(reason, label, culprit, "after")

    def _changed_before(self, path: str, name: str, field: Pointer, before: Snapshot) -> Void:
        what, label = _names(path, name, field)
        culprit = self._culprit(path, name, field, before.label, self._merge.base)
        reason = f"{what} is on the base not what it was before the change that was seen{_by(culprit)}"
        return Void(reason, label, culprit, "before")

    def _culprit(self, path: str, name: str, field: Pointer, start: str, end: str) -> str | None:
        """The first commit of ``start..end`` that changed a field of a record, or touched a path."""
        try:
            touching = self._history.commits_touching(start, end, path)
            if not name:
                return next(iter(touching), None)
            there = self._at(start, path)
            for commit in touching:
                if any(_overlap(field, other) for other in diff_data(there, self._at(commit, path))):
                    return commit
        except GitError:
            pass
        return None

    def _at(self, treeish: str, path: str) -> Any:
        content = self._history.blob(treeish, path)
        return None if content is None else _parse(path, content)

    def _read(self, snapshot: Snapshot, path: str, name: str) -> Any:
        """What stands at a path: the data of a record file, the entry of any other; None where there is nothing."""
        entry = snapshot.entries.get(path)
        if not name or entry is None or not entry.is_regular:
            return entry
        key = (path, entry.oid or "")
        if key not in self._data:
            known = (catalogue.by_path.get(path) for catalogue in (self._merge.old, self._merge.new))
            record = next((item for item in known if item is not None and item.oid == entry.oid), None)
            if record is not None:
                self._data[key] = record.data
            else:
                content = next(iter(snapshot.read_many([path])))[1]
                self._data[key] = _parse(path, content) if isinstance(content, bytes) else entry
        return self._data[key]


@dataclass(frozen=True, slots=True)
class _Part:
    """Some files of a revision."""

    whole: Snapshot
    paths: Collection[str]

    @property
    def label(self) -> str:
        return self.whole.label

    @property
    def entries(self) -> Mapping[str, Entry]:
        return {path: entry for path, entry in self.whole.entries.items() if path in self.paths}

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        return self.whole.read_many(paths)


def scope_digest(rule: MatchedRule, old: Snapshot, new: Snapshot) -> str:
    """SHA-256 over both sides of what lies in a rule's scope: before (in ``old``) and after (in ``new``), the meaning
    of every record, and the mode and blob of every other path."""
    records = [
        [str(diff.id), *([side.path, side.data] if side else None for side in (diff.old, diff.new))]
        for diff in rule.records
    ]
    entries = [(path, (side.entries.get(path) for side in (old, new))) for path in rule.paths]
    paths = [[path, *([entry.mode, entry.oid] if entry else None for entry in sides)] for path, sides in entries]
    text = json.dumps({"records": records, "paths": paths}, sort_keys=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _parts(rule: MatchedRule) -> dict[str, str]:
    """The paths in a rule's scope, with the name of the record that one holds."""
    return {path: str(diff.id) for diff in rule.records for path in diff.paths} | dict.fromkeys(rule.paths, "")


def _parse(path: str, content: bytes) -> Any:
    """Data of a record file; one that cannot be parsed equals only the very same bytes."""
    document = load(path, content)
    return {"unreadable": content.hex()} if isinstance(document, Finding) else document.data


def _differing(old: Any, new: Any, patterns: Patterns) -> Iterator[Pointer]:
    return (field for field in diff_data(old, new) if within(patterns, field))


def _element(field: Pointer) -> Pointer:
    """A field, or the item of a list that it lies in: an item has no name but its place, so all of it is one."""
    end = next((index for index, part in enumerate(field) if isinstance(part, int)), len(field))
    return field[: end + 1]


def _overlap(one: Pointer, other: Pointer) -> bool:
    """True when one of two fields lies in the other."""
    return all(left == right for left, right in zip(one, other, strict=False))


def _names(path: str, name: str, field: Pointer) -> tuple[str, str]:
    """What differs, for a sentence, and as the report names it."""
    if not name:
        return path, path
    pointer = format_pointer(field)
    return f"{pointer or 'the whole record'} of {name}", f"{name} {pointer}".rstrip()


def _by(culprit: str | None) -> str:
    return f" (by commit {culprit[:12]})" if culprit else ""
