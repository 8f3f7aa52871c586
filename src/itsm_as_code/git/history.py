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
