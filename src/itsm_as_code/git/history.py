"""The line of commits that a branch took: what stood there, and since when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from itsm_as_code.clock import FOREVER
from itsm_as_code.git.repository import Repository

_LAST: Final = int(FOREVER.timestamp())
"""Commits may claim any second at all; those beyond are taken for this one."""


def first_parents(repository: Repository, revision: str) -> list[tuple[str, datetime]]:
    """The first-parent line that leads to a revision, newest first, with the time (UTC) of each commit.

    It ends where a shallow clone ends. The times are those that committers' clocks gave.
    """
    lines = repository.text("rev-list", "--first-parent", "--timestamp", "--end-of-options", revision).split("\n")
    rows = [line.split() for line in lines if line]
    return [(commit, datetime.fromtimestamp(min(int(stamp), _LAST), UTC)) for stamp, commit in rows]


def merge_bases(repository: Repository, base: str, head: str) -> list[str]:
    """Every best common ancestor: more than one where histories cross (git-merge-base(1)). GitError without any."""
    code, out = repository.run("merge-base", "--all", base, head, accept=(0, 1))
    return out.decode().split() if code == 0 else [repository.merge_base(base, head)]


def standing_at(repository: Repository, branch: str, head: str, at: datetime) -> str:
    """The commit that a branch stood at when somebody looked at ``head``, at the latest.

    It is the newest one of its first-parent line made by then, and never one before the last that ``head`` holds. So
    what came of a head to the branch later is no part of what it was compared with.
    """
    line = repository.text("rev-list", "--first-parent", "--parents", "--timestamp", branch, f"^{head}").splitlines()
    rows = [row.split() for row in line]
    for stamp, commit, *_ in rows:
        if int(stamp) <= at.timestamp():
            return commit
    return rows[-1][2] if rows and len(rows[-1]) > 2 else branch
