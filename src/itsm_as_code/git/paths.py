"""Questions about paths: which differ between two trees, and how often each was revised."""

from __future__ import annotations

from collections import Counter

from itsm_as_code.git.repository import Repository


def changed_between(repository: Repository, old: str, new: str, folder: str) -> list[str]:
    """The paths below a folder that differ between two commits or trees, sorted; a rename is two of them."""
    options = ("-r", "-z", "--no-renames", "--name-only")
    return sorted(filter(None, repository.text("diff-tree", *options, old, new, "--", folder).split("\0")))


def revisions(repository: Repository, commit: str, folder: str) -> dict[str, int]:
    """For each path below a folder, how many commits up to ``commit`` changed it; one pass over the history."""
    out = repository.text("log", "--format=", "--name-only", "-z", "--no-renames", commit, "--", folder)
    return dict(Counter(filter(None, out.split("\0"))))
