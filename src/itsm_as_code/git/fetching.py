"""Bringing the commits of a pull request into a clone: as objects under names of our own, nothing is checked out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from itsm_as_code.errors import GitError
from itsm_as_code.git.repository import Repository

_OPTIONS = (
    "--quiet",
    "--no-tags",
    "--no-recurse-submodules",
    "--no-write-fetch-head",
    "--force",
    "--no-auto-maintenance",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to fetch: the branch that is merged into, references of heads by number, and commits that were reviewed.

    ``group`` is the reference of a merge queue's commit.
    """

    branch: str
    heads: tuple[tuple[int, str], ...]
    commits: tuple[str, ...] = ()
    group: str | None = None

    @property
    def refspecs(self) -> list[str]:
        """What ``git fetch`` is asked for; whatever is there under these names is replaced."""
        return [
            f"+refs/heads/{self.branch}:refs/itsm/base/{self.branch}",
            *(f"+{reference}:refs/itsm/pull/{number}" for number, reference in self.heads),
            *([f"+{self.group}:refs/itsm/group"] if self.group else []),
        ]


def fetch(repository: Repository, remote: str, wanted: Wanted) -> None:
    """Fetch, with the credentials that git is set up with; GitError when a head cannot be had.

    A commit that was reviewed before a force-push may be gone for good: its review is then bound to nothing.
    """
    if remote.startswith("-") or not remote:
        raise GitError(f"'{remote}' is not a remote", remedy="name one, such as origin")
    options = _OPTIONS if not repository.is_shallow else (*_OPTIONS, "--unshallow")
    repository.run("fetch", *options, "--end-of-options", remote, *wanted.refspecs)
    for commit in _missing(repository, wanted.commits):
        repository.run("fetch", *_OPTIONS, "--end-of-options", remote, commit, accept=(0, 1, 128))


def _missing(repository: Repository, commits: Iterable[str]) -> list[str]:
    wanted = sorted(set(commits))
    if not wanted:
        return []
    feed = "".join(f"{commit}\n" for commit in wanted).encode()
    lines = repository.run("cat-file", "--batch-check", feed=feed)[1].decode().splitlines()
    return [commit for commit, line in zip(wanted, lines, strict=True) if line.endswith(" missing")]
