"""A git repository, read only: commits, where they part, and what merging them would give.

Nothing is written into the repository: the tree of a merge that has not happened yet goes to a temporary object folder.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from itsm_as_code.errors import GitError
from itsm_as_code.git.commits import Commit, parse_commit
from itsm_as_code.git.objects import ID, Objects
from itsm_as_code.git.scratch import scratch

MAX_COMMITS = 5_000
"""A pull request with more commits is not judged: nobody could review it, and it would stop the gate for everybody."""


_LATEST = 253_402_300_799
"""The last second of the year 9999."""


class MergeConflict(GitError):
    """Base and head cannot be merged without a person."""

    code = "merge-conflict"

    def __init__(self, paths: tuple[str, ...]) -> None:
        listed = ", ".join(paths[:5]) + (" and more" if len(paths) > 5 else "")
        super().__init__(f"base and head conflict in {listed}", remedy="merge the base into the pull request")
        self.paths = paths


class Repository(Objects):
    """A git repository, read only."""

    def commit(self, revision: str) -> str:
        """The full id of the commit that a revision names."""
        if not revision or revision.startswith("-") or "\x00" in revision:
            raise GitError(f"'{revision}' is not a revision", code="unknown-revision", remedy="name a branch or commit")
        if revision in self._seen:
            return revision
        commit, said = self.said_of(f"{revision}^{{commit}}")
        if "is ambiguous" in said and not ID.match(revision):
            # A tag of the same name goes before a branch, so whoever may push tags could choose the base.
            raise GitError(
                f"'{revision}' is the name of more than one thing",
                code="ambiguous-revision",
                remedy="name it in full (refs/heads/..., refs/remotes/...), or by its commit id",
            )
        if not ID.match(commit):
            if self._is_empty():
                raise GitError(
                    "the repository has no commit yet", code="empty-repository", remedy="commit the records first"
                )
            remedy = "fetch it first: this clone is shallow" if self.is_shallow else "fetch it, or mend its name"
            raise GitError(f"unknown revision '{revision}'", code="unknown-revision", remedy=remedy)
        self._seen.add(commit)
        return commit

    @cached_property
    def _seen(self) -> set[str]:
        """Full ids of commits that this clone was found to hold."""
        return set()

    def _is_empty(self) -> bool:
        return (
            not self.text("for-each-ref", "--count=1")
            and self.run("rev-parse", "-q", "--verify", "HEAD", accept=(0, 1, 128))[0] != 0
        )

    def dates(self, commits: Iterable[str]) -> dict[str, datetime]:
        """When commits were made, as whoever made them says; those that this clone does not hold are left out."""
        named = "".join(f"{commit}\n" for commit in commits if ID.match(commit))
        options = ("--no-walk=unsorted", "--ignore-missing", "--no-show-signature", "--format=%H %ct", "--stdin")
        rows = self.run("log", *options, feed=named.encode())[1].decode().split() if named else []
        pairs = zip(rows[::2], rows[1::2], strict=True)
        return {commit: datetime.fromtimestamp(max(0, min(int(at), _LATEST)), UTC) for commit, at in pairs}

    def merge_base(self, base: str, head: str) -> str:
        """The best common ancestor; GitError when the clone does not hold one."""
        if self._was_seen_to_hold(head, base):
            return base
        code, out = self.run("merge-base", base, head, accept=(0, 1))
        if code == 0:
            return out.decode().split()[0]
        if self.is_shallow:
            raise GitError(
                "this clone is shallow and does not hold the point where base and head part",
                code="shallow-clone",
                remedy="run 'git fetch --unshallow', or check out with fetch-depth: 0",
            )
        raise GitError(
            f"{base[:12]} and {head[:12]} have no common history",
            code="no-merge-base",
            remedy="start the branch from the base",
        )

    def merge_bases(self, base: str, head: str) -> list[str]:
        """Every best common ancestor: more than one where histories cross (git-merge-base(1)). GitError without any."""
        if self._was_seen_to_hold(head, base):
            return [base]
        code, out = self.run("merge-base", "--all", base, head, accept=(0, 1))
        return out.decode().split() if code == 0 else [self.merge_base(base, head)]

    def standing_at(self, branch: str, head: str, at: datetime) -> str:
        """The commit that a branch stood at when somebody looked at ``head``, at the latest.

        It is the newest one of its first-parent line made by then, and never one before the last that ``head`` holds.
        So what came of a head to the branch later is no part of what it was compared with.
        """
        if self._was_seen_to_hold(head, branch):
            return branch
        line = self.text("rev-list", "--first-parent", "--parents", "--timestamp", branch, f"^{head}").splitlines()
        rows = [row.split() for row in line]
        for stamp, commit, *_ in rows:
            if int(stamp) <= at.timestamp():
                return commit
        return rows[-1][2] if rows and len(rows[-1]) > 2 else branch

    def is_ancestor(self, older: str, newer: str) -> bool:
        """True when the history of ``newer`` holds ``older``, or when they are the same."""
        if self._was_seen_to_hold(newer, older):
            return True
        return self.run("merge-base", "--is-ancestor", older, newer, accept=(0, 1))[0] == 0

    def _was_seen_to_hold(self, newer: str, older: str) -> bool:
        """True when commits that were walked lead from ``newer`` to ``older``; False tells nothing."""
        for (base, _), commits in self._between.items():
            if base == older:
                parents = {commit.sha: commit.parents for commit in commits}
                reached, seen = [newer], set[str]()
                while reached:
                    commit = reached.pop()
                    if commit == older:
                        return newer in parents
                    if commit not in seen:
                        seen.add(commit)
                        reached.extend(parents.get(commit, ()))
        return False

    def merge_tree(self, base: str, head: str) -> str:
        """The tree that merging ``head`` into ``base`` gives; MergeConflict when it needs a person.

        git merge-tree --write-tree needs git 2.38 (https://git-scm.com/docs/git-merge-tree).
        """
        scratch = self._scratch
        if self.merge_base(base, head) == base:
            return self.tree_of(head)
        environment = dict(self._environment)
        # An empty work tree, in which git runs, and no index: no .gitattributes of anybody picks a merge driver.
        self._environment = environment | {
            "GIT_DIR": str(self.git_dir),
            "GIT_WORK_TREE": str(scratch / "work"),
            "GIT_INDEX_FILE": str(scratch / "index"),
        }
        try:
            options = ("--write-tree", "-z", "--name-only", "--no-messages")
            code, out = self.run("merge-tree", *options, base, head, accept=(0, 1), folder=scratch / "work")
        except GitError as error:
            if "usage:" in error.message or "unknown option" in error.message:
                raise GitError("this git is too old", code="git-too-old", remedy="install git 2.38 or newer") from None
            raise
        finally:
            self._environment = environment
        fields = out.decode("utf-8", "surrogateescape").split("\0")
        if code == 1:
            raise MergeConflict(tuple(sorted({path for path in fields[1:] if path})))
        return fields[0]

    def expect_merge(self) -> None:
        """Have the objects of a merge at hand from here on, so that one process of git reads both."""
        _ = self._scratch

    @cached_property
    def _scratch(self) -> Path:
        """A temporary folder that takes the objects of the merge; the repository's own are its alternates."""
        held = ExitStack()
        path = held.enter_context(scratch())
        weakref.finalize(self, held.close)
        (path / "work").mkdir()
        (path / "objects").mkdir()
        self._environment["GIT_OBJECT_DIRECTORY"] = str(path / "objects")
        self._environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = _quoted(self._objects_folder.resolve())
        return path

    def commits(self, base: str, head: str) -> list[Commit]:
        """The commits of ``head`` that ``base`` does not have, oldest first.

        They are read raw: no encoding, mailmap, graft or shallow boundary has a say in who made them. GitError when
        there are more than MAX_COMMITS, or when the clone does not hold all of them.
        """
        found = self._between.get((base, head))
        if found is None:
            found = self._between[base, head] = self._walk(base, head)
        return list(found)

    @cached_property
    def _between(self) -> dict[tuple[str, str], list[Commit]]:
        """What was walked, by the ids of both ends, until it is forgotten."""
        return {}

    def forget(self) -> None:
        super().forget()
        self._between.clear()

    def know(self, commits: Iterable[str]) -> None:
        """Full ids of commits that git itself listed here, so that it need not be asked for each."""
        self._seen.update(commits)

    def _walk(self, base: str, head: str) -> list[Commit]:
        limit = f"--max-count={MAX_COMMITS + 1}"
        ids = self.text("rev-list", "--topo-order", "--reverse", limit, "--end-of-options", f"{base}..{head}").split()
        if len(ids) > MAX_COMMITS:
            raise GitError(
                f"there are more than {MAX_COMMITS:,} commits between base and head",
                code="too-many-commits",
                remedy="split the pull request, or squash its commits",
            )
        self._seen.update(ids)
        commits = [parse_commit(sha, content) for sha, content in zip(ids, self.objects(ids, "commit"), strict=True)]
        if self._boundary & {commit.sha for commit in commits if commit.parents}:
            raise GitError(
                "this clone is shallow and does not hold all commits of the pull request",
                code="shallow-clone",
                remedy="run 'git fetch --unshallow', or check out with fetch-depth: 0",
            )
        return commits

    @cached_property
    def _boundary(self) -> frozenset[str]:
        """The commits whose parents a shallow clone leaves out."""
        file = self._shallow_file
        return frozenset(file.read_text().split()) if file.is_file() else frozenset()

    def commits_touching(self, base: str, head: str, path: str) -> list[str]:
        """Ids of the commits of ``base..head`` that touch a path, oldest first; all of a file's history counts."""
        options = ("--topo-order", "--reverse", "--full-history", f"--max-count={MAX_COMMITS}")
        return self.text("rev-list", *options, "--end-of-options", f"{base}..{head}", "--", path).split()

    def ever_held(self, revision: str, folder: str, name: str) -> bool:
        """Whether a file that a revision lacks, ``name.yaml`` in a folder or below it, ever stood on its branch.

        GitError where a shallow clone cannot tell.
        """
        if self.is_shallow:
            raise GitError(
                f"this clone is shallow, so whether the name {name} is new is not known",
                code="shallow-clone",
                remedy="run 'git fetch --unshallow', or check out with fetch-depth: 0",
            )
        shown = ("--format=", "--name-only", "-z", "--no-renames", "--diff-filter=D")
        options = ("--first-parent", "--diff-merges=first-parent", *shown)
        gone = self.text("log", *options, "--end-of-options", revision, "--", self.outward(folder)).split("\0")
        return any(path.strip("\n").endswith(f"/{name}.yaml") for path in gone)


def _quoted(path: Path) -> str:
    """A path for a list that git splits at colons (environment variables of git(1))."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
