"""Questions about history: the line that a branch took, which paths differ between two trees, how often they did."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Final

from itsm_as_code.clock import FOREVER
from itsm_as_code.git.repository import Repository


def changed_between(repository: Repository, old: str, new: str, folder: str) -> list[str]:
    """The paths below a folder that differ between two commits or trees, sorted; a rename is two of them."""
    options = ("-r", "-z", "--no-renames", "--name-only")
    return sorted(filter(None, repository.text("diff-tree", *options, old, new, "--", folder).split("\0")))


def revisions(repository: Repository, commit: str, folder: str) -> dict[str, int]:
    """For each path below a folder, how many commits up to ``commit`` changed it; one pass over the history."""
    out = repository.text("log", "--format=", "--name-only", "-z", "--no-renames", "--relative", commit, "--", folder)
    return dict(Counter(filter(None, out.split("\0"))))


_LAST: Final = int(FOREVER.timestamp())
"""Commits may claim any second at all; those beyond are taken for this one."""


def first_parents(repository: Repository, revision: str) -> list[tuple[str, datetime]]:
    """The first-parent line that leads to a revision, newest first, with the time (UTC) of each commit.

    It ends where a shallow clone ends. The times are those that committers' clocks gave.
    """
    lines = repository.text("rev-list", "--first-parent", "--timestamp", "--end-of-options", revision).split("\n")
    rows = [line.split() for line in lines if line]
    return [(commit, datetime.fromtimestamp(min(int(stamp), _LAST), UTC)) for stamp, commit in rows]
