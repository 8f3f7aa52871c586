"""An approval is bound to content: to the meaning of every record and the bytes of every path in its rule's scope."""

from __future__ import annotations

import re
from typing import Any

from itsm_as_code.errors import GitError
from itsm_as_code.findings import Finding, format_pointer
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

    def why_void(self, rule: MatchedRule, commit: str) -> str | None:
        """Why an approval given on ``commit`` does not cover a rule's scope as it would be merged, or None."""
        seen = self._snapshot(commit)
        if seen is None:
            return f"the commit it was given on ({commit[:12]}) is not in this clone"
        for diff in rule.records:
            reason = self._record_changed(diff, seen, commit)
            if reason is not None:
                return reason
        for path in rule.paths:
            before, after = seen.entries.get(path), self._candidate.snapshot.entries.get(path)
            if (before and (before.mode, before.oid)) != (after and (after.mode, after.oid)):
                return f"{path} changed after {commit[:12]}, on which it was given"
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

    def _record_changed(self, diff: RecordDiff, seen: Revision, commit: str) -> str | None:
        merged = diff.new
        path = merged.path if merged is not None else diff.paths[0]
        before = self._read(seen, path)
        after = merged.data if merged is not None else None
        fields = list(diff_data(before, after))
        if not fields:
            return None
        field = format_pointer(fields[0]) or "the whole record"
        at_head = self._parse(path, self._repository.blob(self._head, path))
        if not any(True for _ in diff_data(before, at_head)):
            return f"{field} of {diff.id} was changed on the base as well; it was given on {commit[:12]} without that"
        culprit = self._culprit(path, before, commit)
        return f"{field} of {diff.id} changed after {commit[:12]}, on which it was given{culprit}"

    def _culprit(self, path: str, before: Any, commit: str) -> str:
        """The first later commit of the pull request in which the record differs from what was reviewed."""
        try:
            later = self._repository.commits_touching(commit, self._head, path)
        except GitError:
            return ""
        for item in later:
            if any(True for _ in diff_data(before, self._parse(path, self._repository.blob(item, path)))):
                return f" (by commit {item[:12]})"
        return ""

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
