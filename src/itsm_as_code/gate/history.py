"""What the gate asks of the commits around a pull request: a git repository answers it, and so may values in memory."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from itsm_as_code.snapshot import Snapshot


class History(Protocol):
    """Commits and their trees, by full id; a commit's id names its tree as well. Errors: GitError."""

    def commit(self, revision: str) -> str:
        """The full id of the commit that a revision names; GitError where there is none."""

    def snapshot(self, treeish: str) -> Snapshot:
        """The files of a commit or tree; its label is that id."""

    def is_ancestor(self, older: str, newer: str) -> bool:
        """True when the history of ``newer`` holds ``older``, or when they are the same."""

    def merge_bases(self, base: str, head: str) -> list[str]:
        """Every best common ancestor: more than one where histories cross. GitError (no-merge-base) without any."""

    def merge_tree(self, base: str, head: str) -> str:
        """The tree that merging ``head`` into ``base`` gives; MergeConflict when it needs a person."""

    def standing_at(self, branch: str, head: str, at: datetime) -> str:
        """The commit that a branch stood at when somebody looked at ``head``, at the latest."""

    def commits_touching(self, base: str, head: str, path: str) -> list[str]:
        """Ids of the commits of ``base..head`` that touch a path, oldest first."""

    def blob(self, treeish: str, path: str) -> bytes | None:
        """The content of one regular file of a commit or tree, or None when there is none of that path."""
