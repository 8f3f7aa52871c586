"""The only user of GitPython: its command layer, with everything that a repository could set against us shut off.

Objects replaced with ``git replace``, grafts, hooks, file system monitors, external diffs, attributes of the work
tree, and variables of the environment that lead to another repository have no effect here, and nothing is written into
the repository: the tree of a merge that has not happened yet goes to a temporary object folder.
"""

from __future__ import annotations

import os
import re
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from itsm_as_code.errors import GitError
from itsm_as_code.git.commits import Commit, parse_commit
from itsm_as_code.git.environment import clear
from itsm_as_code.git.partial import fetch_missing, promisor
from itsm_as_code.snapshot import MAX_BYTES, REGULAR, Entry, TooLarge

_PROCESS = os.environ
clear(_PROCESS)  # GIT_PYTHON_GIT_EXECUTABLE is run when GitPython is imported
_PROCESS["GIT_PYTHON_REFRESH"] = "quiet"

from git import Git  # noqa: E402
from git.exc import GitCommandError, GitCommandNotFound  # noqa: E402

_OPTIONS = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.quotePath=false"),
    *("-c", "core.attributesFile=/dev/null"),
    *("-c", "attr.tree="),
    *("-c", "core.commitGraph=false"),
    *("-c", "diff.external="),
    *("-c", "protocol.ext.allow=never"),
    *("-c", "diff.algorithm=histogram"),
    *("-c", "merge.renames=true"),
    *("-c", "merge.renameLimit=7000"),
    *("-c", "merge.directoryRenames=conflict"),
    *("-c", "merge.renormalize=false"),
    *("-c", "merge.default=text"),
    *("-c", "core.warnAmbiguousRefs=true"),
    *("-c", "log.showSignature=false"),
    *("-c", "fetch.negotiationAlgorithm=noop"),  # what a partial clone fetches are single blobs
)
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
MAX_COMMITS = 5_000
"""A pull request with more commits is not judged: nobody could review it, and it would stop the gate for everybody."""


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
        self._revisions: dict[str, Revision] = {}
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

    def run(
        self, *arguments: str, feed: bytes | None = None, accept: tuple[int, ...] = (0,), folder: Path | None = None
    ) -> tuple[int, bytes]:
        """Exit code and standard output of a git command; GitError unless the code is one of ``accept``."""
        code, out, reason = self._execute(arguments, feed, folder)
        if code not in accept:
            raise GitError(f"git {arguments[0]} failed: {(reason.strip() or f'exit code {code}').splitlines()[0]}")
        return code, out

    def _execute(
        self, arguments: tuple[str, ...], feed: bytes | None = None, folder: Path | None = None
    ) -> tuple[int, bytes, str]:
        """Exit code, standard output and standard error of a git command, run in ``folder``."""
        clear(_PROCESS)  # GitPython gives git all of it
        git = self._git if folder is None else Git(folder)
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
                code, out, err = git.execute(command, **options)
            else:
                with tempfile.TemporaryFile() as stream:
                    stream.write(feed)
                    stream.seek(0)
                    code, out, err = git.execute(command, istream=stream, **options)
        except GitCommandNotFound:
            raise GitError("git is not installed", code="git-missing", remedy="install git 2.38 or newer") from None
        except GitCommandError as error:
            raise GitError(f"git {arguments[0]} failed: {error.stderr.strip()}") from None
        return code, out, err if isinstance(err, str) else err.decode("utf-8", "replace")

    def text(self, *arguments: str) -> str:
        """Standard output of a git command that must succeed."""
        return self.run(*arguments)[1].decode("utf-8", "surrogateescape")

    def commit(self, revision: str) -> str:
        """The full id of the commit that a revision names."""
        if not revision or revision.startswith("-") or "\x00" in revision:
            raise GitError(f"'{revision}' is not a revision", code="unknown-revision", remedy="name a branch or commit")
        code, out, said = self._execute(("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"))
        if "is ambiguous" in said and not _ID.match(revision):
            # A tag of the same name goes before a branch, so whoever may push tags could choose the base.
            raise GitError(
                f"'{revision}' is the name of more than one thing",
                code="ambiguous-revision",
                remedy="name it in full (refs/heads/..., refs/remotes/...), or by its commit id",
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

    @cached_property
    def promisor(self) -> str | None:
        """The remote that a partial clone fetches from when it needs an object, or None."""
        return promisor(self)

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

    def merge_bases(self, base: str, head: str) -> list[str]:
        """Every best common ancestor: more than one where histories cross (git-merge-base(1)). GitError without any."""
        code, out = self.run("merge-base", "--all", base, head, accept=(0, 1))
        return out.decode().split() if code == 0 else [self.merge_base(base, head)]

    def standing_at(self, branch: str, head: str, at: datetime) -> str:
        """The commit that a branch stood at when somebody looked at ``head``, at the latest.

        It is the newest one of its first-parent line made by then, and never one before the last that ``head`` holds.
        So what came of a head to the branch later is no part of what it was compared with.
        """
        line = self.text("rev-list", "--first-parent", "--parents", "--timestamp", branch, f"^{head}").splitlines()
        rows = [row.split() for row in line]
        for stamp, commit, *_ in rows:
            if int(stamp) <= at.timestamp():
                return commit
        return rows[-1][2] if rows and len(rows[-1]) > 2 else branch

    def setting(self, name: str) -> str | None:
        """A setting of git's configuration, the user's own included; None where it is not set."""
        code, out = self.run("config", "--get", name, accept=(0, 1))
        return out.decode("utf-8", "surrogateescape").strip() or None if code == 0 else None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """True when the history of ``newer`` holds ``older``, or when they are the same."""
        return self.run("merge-base", "--is-ancestor", older, newer, accept=(0, 1))[0] == 0

    def merge_tree(self, base: str, head: str) -> str:
        """The tree that merging ``head`` into ``base`` gives; MergeConflict when it needs a person.

        git merge-tree --write-tree needs git 2.38 (https://git-scm.com/docs/git-merge-tree).
        """
        self.merge_base(base, head)
        scratch = self._scratch
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
        self._environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = _quoted((self.folder / objects).resolve())
        return path

    def snapshot(self, treeish: str) -> Revision:
        """The files of a commit or tree, listed once for each id."""
        if not _ID.match(treeish):
            return Revision(self, treeish)
        return self._revisions.setdefault(treeish, Revision(self, treeish))

    def commits(self, base: str, head: str) -> list[Commit]:
        """The commits of ``head`` that ``base`` does not have, oldest first.

        They are read raw: no encoding, mailmap, graft or shallow boundary has a say in who made them. GitError when
        there are more than MAX_COMMITS, or when the clone does not hold all of them.
        """
        limit = f"--max-count={MAX_COMMITS + 1}"
        ids = self.text("rev-list", "--topo-order", "--reverse", limit, "--end-of-options", f"{base}..{head}").split()
        if len(ids) > MAX_COMMITS:
            raise GitError(
                f"there are more than {MAX_COMMITS:,} commits between base and head",
                code="too-many-commits",
                remedy="split the pull request, or squash its commits",
            )
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
        file = self.folder / self.text("rev-parse", "--git-path", "shallow").strip()
        return frozenset(file.read_text().split()) if file.is_file() else frozenset()

    def commits_touching(self, base: str, head: str, path: str) -> list[str]:
        """Ids of the commits of ``base..head`` that touch a path, oldest first; all of a file's history counts."""
        options = ("--topo-order", "--reverse", "--full-history", f"--max-count={MAX_COMMITS}")
        return self.text("rev-list", *options, "--end-of-options", f"{base}..{head}", "--", path).split()

    def blob(self, treeish: str, path: str) -> bytes | None:
        """The content of one regular file of a commit or tree, or None when there is none of that path."""
        out = self.run("ls-tree", "-z", "--full-tree", "--end-of-options", treeish, "--", path)[1]
        about, _, found = out.rstrip(b"\0").partition(b"\t")
        fields = about.decode().split()
        if found.decode("utf-8", "surrogateescape") != path or len(fields) != 3 or fields[0] not in REGULAR:
            return None
        return next(iter(self.objects([fields[2]], "blob")))

    def sizes(self, ids: Sequence[str]) -> list[int]:
        """The sizes of blobs in bytes, in order; GitError when one is not in this clone and cannot be fetched."""
        if not ids:
            return []
        fetch_missing(self, ids)
        asked = "".join(f"{oid}\n" for oid in ids).encode()
        found = []
        lines = self.run("cat-file", "--batch-check=%(objecttype) %(objectsize)", feed=asked)[1].decode().splitlines()
        for oid, line in zip(ids, lines, strict=True):
            kind, _, size = line.partition(" ")
            if kind != "blob":
                raise _missing("blob", oid)
            found.append(int(size))
        return found

    def objects(self, ids: Sequence[str], kind: str) -> Iterator[bytes]:
        """The content of objects of one type, in order; GitError when one is not in this clone."""
        if not ids:
            return
        if kind == "blob":
            fetch_missing(self, ids)
        out = memoryview(self.run("cat-file", "--batch", feed="".join(f"{oid}\n" for oid in ids).encode())[1])
        at = 0
        for oid in ids:
            end = bytes(out[at : at + 200]).index(b"\n") + at
            header = bytes(out[at:end]).split()
            if len(header) != 3 or header[1] != kind.encode():
                raise _missing(kind, oid)
            size = int(header[2])
            yield bytes(out[end + 1 : end + 1 + size])
            at = end + 1 + size + 1


def _missing(kind: str, oid: str) -> GitError:
    return GitError(f"the {kind} {oid} is not in this clone", code="missing-object", remedy="run 'git fetch --refetch'")


def _quoted(path: Path) -> str:
    """A path for a list that git splits at colons (environment variables of git(1))."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


class Revision:
    """The files of a commit or tree, read from git objects; the work tree is never looked at."""

    def __init__(self, repository: Repository, treeish: str) -> None:
        self._repository = repository
        self.label = treeish

    @cached_property
    def entries(self) -> dict[str, Entry]:
        # Without -l, which asks for the size of every blob: a partial clone would have to fetch all of them.
        options = ("-r", "-t", "-z", "--full-tree", "--end-of-options")
        out = self._repository.run("ls-tree", *options, self.label)[1]
        found: dict[str, Entry] = {}
        folders: set[str] = set()
        for line in out.split(b"\0")[:-1]:
            about, _, raw = line.partition(b"\t")
            mode, kind, oid = about.decode().split()
            path = raw.decode("utf-8", "surrogateescape")
            if path in found or path in folders:
                # A crafted tree can hold two entries of one name, and programs differ in which of them they take.
                raise GitError(
                    f"a tree holds more than one entry named {path}", code="malformed-tree", remedy="run 'git fsck'"
                )
            if kind == "tree":
                folders.add(path)
            else:
                found[path] = Entry(mode, oid)
        return found

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        wanted = [(path, self.entries[path].oid or "") for path in paths]
        sizes = self._repository.sizes([oid for _, oid in wanted])
        small = [oid for (_, oid), size in zip(wanted, sizes, strict=True) if size <= MAX_BYTES]
        contents = self._repository.objects(small, "blob")
        for (path, _), size in zip(wanted, sizes, strict=True):
            yield path, next(contents) if size <= MAX_BYTES else TooLarge(size)
