"""An approval is bound to content: to the meaning of every record and the bytes of every path in its rule's scope."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from itsm_as_code.errors import GitError
from itsm_as_code.findings import Finding, format_pointer
from itsm_as_code.forges.interface import Review
from itsm_as_code.gate.approvals import Void
from itsm_as_code.gate.scope import MatchedRule
from itsm_as_code.git.repository import Repository, Revision
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.diff import RecordDiff, diff_data
from itsm_as_code.records.document import load

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


class Binding:
    """Compares what a reviewer saw at a commit with what would be merged."""

    def __init__(self, repository: Repository, head: str, candidate: Catalogue) -> None:
        self._repository = repository
        self._head = head
        self._candidate = candidate
        self._snapshots: dict[str, Revision | None] = {}
        self._data: dict[tuple[str, str], Any] = {}

    def voided(self, rule: MatchedRule, review: Review) -> Void | None:
        """Why an approval does not cover a rule's scope as it would be merged, or None when it does."""
        if review.scopes is None:
            return self.why_void(rule, review.commit)
        signed = dict(review.scopes).get(f"{rule.policy}/{rule.name}")
        if signed is None:
            return Void("was signed for other rules, not for this one")
        if signed == scope_digest(rule, self._candidate):
            return None
        return self.why_void(rule, review.commit) or Void("what was signed differs from what would be merged now")

    def why_void(self, rule: MatchedRule, commit: str) -> Void | None:
        """Why an approval given on ``commit`` does not cover a rule's scope as it would be merged, or None."""
        seen = self._snapshot(commit)
        if seen is None:
            return Void(f"the commit it was given on ({commit[:12]}) is not in this clone")
        for diff in rule.records:
            void = self._record_changed(diff, seen, commit)
            if void is not None:
                return void
        for path in rule.paths:
            before, after = seen.entries.get(path), self._candidate.snapshot.entries.get(path)
            if (before and (before.mode, before.oid)) != (after and (after.mode, after.oid)):
                culprit = next(iter(self._later(path, commit)), None)
                return Void(f"{path} changed after {commit[:12]}, on which it was given{_by(culprit)}", path, culprit)
        return None

    def _snapshot(self, commit: str) -> Revision | None:
        if commit not in self._snapshots:
            try:
                if not _COMMIT.match(commit):
                    raise GitError("not a full commit id")
                self._snapshots[commit] = self._repository.snapshot(self._repository.commit(commit))
            except GitError:
                self._snapshots[commit] = None
        return self._snapshots[commit]

    def _record_changed(self, diff: RecordDiff, seen: Revision, commit: str) -> Void | None:
        merged = diff.new
        path = merged.path if merged is not None else diff.paths[0]
        before = self._read(seen, path)
        after = merged.data if merged is not None else None
        fields = list(diff_data(before, after))
        if not fields:
            return None
        pointer = format_pointer(fields[0])
        what = f"{pointer or 'the whole record'} of {diff.id}"
        field = f"{diff.id} {pointer}".rstrip()
        at_head = self._parse(path, self._repository.blob(self._head, path))
        if not any(True for _ in diff_data(before, at_head)):
            reason = f"{what} was changed on the base as well; it was given on {commit[:12]} without that"
            return Void(reason, field)
        culprit = self._culprit(path, before, commit)
        return Void(f"{what} changed after {commit[:12]}, on which it was given{_by(culprit)}", field, culprit)

    def _culprit(self, path: str, before: Any, commit: str) -> str | None:
        """The first later commit of the pull request in which the record differs from what was reviewed."""
        for item in self._later(path, commit):
            if any(True for _ in diff_data(before, self._parse(path, self._repository.blob(item, path)))):
                return item
        return None

    def _later(self, path: str, commit: str) -> list[str]:
        """The commits of the pull request after ``commit`` that touch a path, oldest first."""
        try:
            return self._repository.commits_touching(commit, self._head, path)
        except GitError:
            return []

    def _read(self, snapshot: Revision, path: str) -> Any:
        """The data of a record file of a snapshot, or None where there is none."""
        entry = snapshot.entries.get(path)
        if entry is None or not entry.is_regular:
            return None
        key = (path, entry.oid or "")
        if key not in self._data:
            content = next(iter(snapshot.read_many([path])))[1]
            self._data[key] = self._parse(path, content if isinstance(content, bytes) else None)
        return self._data[key]

    @staticmethod
    def _parse(path: str, content: bytes | None) -> Any:
        """Data of a record file; one that cannot be parsed equals only the very same bytes."""
        if content is None:
            return None
        document = load(path, content)
        return {"unreadable": content.hex()} if isinstance(document, Finding) else document.data


def scope_digest(rule: MatchedRule, candidate: Catalogue) -> str:
    """SHA-256 over the meaning of every record, and the mode and blob of every path, in a rule's scope once merged."""
    records = [[str(diff.id), diff.new.path, diff.new.data] if diff.new else [str(diff.id)] for diff in rule.records]
    entries = [(path, candidate.snapshot.entries.get(path)) for path in rule.paths]
    paths = [[path, entry.mode, entry.oid] if entry else [path] for path, entry in entries]
    text = json.dumps({"records": records, "paths": paths}, sort_keys=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _by(culprit: str | None) -> str:
    return f" (by commit {culprit[:12]})" if culprit else ""
