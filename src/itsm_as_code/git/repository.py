"""The only user of GitPython: its command layer, with everything that a repository could set against us shut off.

Objects replaced with ``git replace``, grafts, hooks, file system monitors, external diffs and attributes of the
work tree have no effect here, and nothing is written into the repository: the tree of a merge that has not
happened yet goes to a temporary object folder.
"""

from __future__ import annotations

import os
import re
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from itsm_as_code.errors import GitError
from itsm_as_code.snapshot import Entry

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

from git import Git  # noqa: E402  (GitPython looks for git when imported; the line above keeps it quiet)
from git.exc import GitCommandError, GitCommandNotFound  # noqa: E402

_OPTIONS = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.quotePath=false"),
    *("-c", "core.attributesFile=/dev/null"),
    *("-c", "core.commitGraph=false"),
    *("-c", "diff.external="),
    *("-c", "protocol.ext.allow=never"),
    *("-c", "merge.renames=true"),
    *("-c", "merge.directoryRenames=conflict"),
    *("-c", "merge.renormalize=false"),
    *("-c", "log.showSignature=false"),
)
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


class MergeConflict(GitError):
    """Base and head cannot be merged without a person."""

    code = "merge-conflict"

    def __init__(self, paths: tuple[str, ...]) -> None:
        listed = ", ".join(paths[:5]) + (" and more" if len(paths) > 5 else "")
        super().__init__(f"base and head conflict in {listed}", remedy="merge the base into the pull request")
        self.paths = paths


class Repository:
    """A git repository, read only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise GitError(f"{folder} is not a folder", code="not-a-repository", remedy="name a git repository with -C")
        self._git = Git(folder)
        self._environment = {
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_GRAFT_FILE": os.devnull,
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "LC_ALL": "C",
        }
        try:
            found = self.text("rev-parse", "--absolute-git-dir").strip()
        except GitError as error:
            if error.code == "git-missing":
                raise
            if "dubious ownership" in error.message:
                raise GitError(
                    f"git refuses {folder}: it belongs to somebody else",
                    code="dubious-ownership",
                    remedy=f"if you trust it: git config --global --add safe.directory {folder}",
                ) from None
            raise GitError(
                f"{folder} is not a git repository",
                code="not-a-repository",
                remedy="run 'git init', or name one with -C",
            ) from None
        self.git_dir = Path(found)

    def run(self, *arguments: str, feed: bytes | None = None, accept: tuple[int, ...] = (0,)) -> tuple[int, bytes]:
        """Exit code and standard output of a git command; GitError unless the code is one of ``accept``."""
        options: dict[str, Any] = {
            "with_extended_output": True,
            "with_exceptions": False,
            "stdout_as_string": False,
            "strip_newline_in_stdout": False,
            "env": self._environment,
        }
        command = ["git", *_OPTIONS, *arguments]
        try:
            if feed is None:
                code, out, err = self._git.execute(command, **options)
            else:
                with tempfile.TemporaryFile() as stream:
                    stream.write(feed)
                    stream.seek(0)
                    code, out, err = self._git.execute(command, istream=stream, **options)
        except GitCommandNotFound:
            raise GitError("git is not installed", code="git-missing", remedy="install git 2.38 or newer") from None
        except GitCommandError as error:
            raise GitError(f"git {arguments[0]} failed: {error.stderr.strip()}") from None
        if code not in accept:
            reason = (err if isinstance(err, str) else err.decode("utf-8", "replace")).strip() or f"exit code {code}"
            raise GitError(f"git {arguments[0]} failed: {reason.splitlines()[0]}")
        return code, out

    def text(self, *arguments: str) -> str:
        """Standard output of a git command that must succeed."""
        return self.run(*arguments)[1].decode("utf-8", "surrogateescape")

    def commit(self, revision: str) -> str:
        """The full id of the commit that a revision names."""
        if not revision or revision.startswith("-") or "\x00" in revision:
            raise GitError(f"'{revision}' is not a revision", code="unknown-revision", remedy="name a branch or commit")
        code, out = self.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", accept=(0, 1, 128)
        )
        commit = out.decode().strip()
        if code != 0 or not _ID.match(commit):
            if self._is_empty():
                raise GitError(
                    "the repository has no commit yet", code="empty-repository", remedy="commit the records first"
                )
            remedy = "fetch it first: this clone is shallow" if self.is_shallow else "fetch it, or mend its name"
            raise GitError(f"unknown revision '{revision}'", code="unknown-revision", remedy=remedy)
        return commit

    def _is_empty(self) -> bool:
        return (
            not self.text("for-each-ref", "--count=1")
            and self.run("rev-parse", "-q", "--verify", "HEAD", accept=(0, 1, 128))[0] != 0
        )

    @property
    def is_shallow(self) -> bool:
        return self.text("rev-parse", "--is-shallow-repository").strip() == "true"

    def merge_base(self, base: str, head: str) -> str:
        """The best common ancestor; GitError when the clone does not hold one."""
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

    def merge_tree(self, base: str, head: str) -> str:
        """The tree that merging ``head`` into ``base`` gives; MergeConflict when it needs a person.

        git merge-tree --write-tree needs git 2.38 (https://git-scm.com/docs/git-merge-tree).
        """
        self.merge_base(base, head)
        scratch = self._scratch
        environment = dict(self._environment)
        # An empty work tree and index: no .gitattributes of anybody picks a merge driver.
        self._environment = environment | {
            "GIT_DIR": str(self.git_dir),
            "GIT_WORK_TREE": str(scratch / "work"),
            "GIT_INDEX_FILE": str(scratch / "index"),
        }
        try:
            code, out = self.run(
                "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", base, head, accept=(0, 1)
            )
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

    @cached_property
    def _scratch(self) -> Path:
        """A temporary folder that takes the objects of the merge; the repository's own are its alternates."""
        folder = tempfile.TemporaryDirectory(prefix="itsm-merge-")
        weakref.finalize(self, folder.cleanup)
        path = Path(folder.name)
        (path / "work").mkdir()
        (path / "objects").mkdir()
        objects = self.text("rev-parse", "--git-path", "objects").strip()
        self._environment["GIT_OBJECT_DIRECTORY"] = str(path / "objects")
        self._environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str((self.folder / objects).resolve())
        return path

    def snapshot(self, treeish: str) -> Revision:
        """The files of a commit or tree."""
        return Revision(self, treeish)

    def commits(self, base: str, head: str) -> list[Commit]:
        """The commits of ``head`` that ``base`` does not have, oldest first."""
        form = (
            "%H%x00%an%x00%ae%x00%cn%x00%ce%x00%P%x00%cI%x00%(trailers:key=Co-authored-by,valueonly,separator=%x1f)%x00"
        )
        out = self.text(
            "log", "--reverse", "--topo-order", "-z", f"--format=tformat:{form}", "--end-of-options", f"{base}..{head}"
        )
        fields = out.split("\0")
        commits = []
        for start in range(0, len(fields) - 8, 9):
            sha, name, email, committer, committer_email, parents, when, together = fields[start : start + 8]
            commits.append(
                Commit(
                    sha.strip(),
                    (name, email),
                    (committer, committer_email),
                    tuple(parents.split()),
                    when,
                    tuple(line.strip() for line in together.split("\x1f") if line.strip()),
                )
            )
        return commits

    def changed_paths(self, old: str, new: str) -> dict[str, str]:
        """Path -> ``added``, ``modified`` or ``deleted`` between two trees; a rename is a deletion and an addition."""
        out = self.text(
            "diff-tree", "-r", "-z", "--no-renames", "--name-status", "--no-ext-diff", "--end-of-options", old, new
        )
        fields = out.split("\0")
        names = {"A": "added", "D": "deleted", "M": "modified", "T": "modified"}
        return {path: names[status[0]] for status, path in zip(fields[0:-1:2], fields[1::2], strict=False)}


class Commit:
    """Who made a commit; identities are (name, e-mail) pairs as git recorded them, which proves nothing by itself."""

    __slots__ = ("author", "co_authors", "committed_at", "committer", "parents", "sha")

    def __init__(
        self,
        sha: str,
        author: tuple[str, str],
        committer: tuple[str, str],
        parents: tuple[str, ...],
        committed_at: str,
        co_authors: tuple[str, ...],
    ) -> None:
        self.sha = sha
        self.author = author
        self.committer = committer
        self.parents = parents
        self.committed_at = committed_at
        self.co_authors = co_authors


class Revision:
    """The files of a commit or tree, read from git objects; the work tree is never looked at."""

    def __init__(self, repository: Repository, treeish: str) -> None:
        self._repository = repository
        self.label = treeish

    @cached_property
    def entries(self) -> dict[str, Entry]:
        out = self._repository.run("ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", self.label)[1]
        found: dict[str, Entry] = {}
        for line in out.split(b"\0"):
            if line:
                about, _, path = line.partition(b"\t")
                mode, _kind, oid, size = about.split()
                number = int(size) if size != b"-" else 0
                found[path.decode("utf-8", "surrogateescape")] = Entry(mode.decode(), number, oid.decode())
        return found

    @property
    def tree(self) -> str:
        """The id of the tree."""
        return self._repository.text("rev-parse", "--verify", "--end-of-options", f"{self.label}^{{tree}}").strip()

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        wanted = [(path, self.entries[path].oid or "") for path in paths]
        if not wanted:
            return
        feed = "".join(f"{oid}\n" for _, oid in wanted).encode()
        out = memoryview(self._repository.run("cat-file", "--batch", feed=feed)[1])
        at = 0
        for path, oid in wanted:
            end = bytes(out[at : at + 200]).index(b"\n") + at
            header = bytes(out[at:end]).split()
            if len(header) != 3 or header[1] != b"blob":
                raise GitError(
                    f"the content of {path} ({oid}) is not in this clone",
                    code="missing-object",
                    remedy="fetch it: git fetch --refetch",
                )
            size = int(header[2])
            yield path, bytes(out[end + 1 : end + 1 + size])
            at = end + 1 + size + 1
