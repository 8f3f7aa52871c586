"""How git is run: with everything that a repository could set against us shut off.

Objects replaced with ``git replace``, grafts, hooks, file system monitors, external diffs, attributes of the work
tree, and variables of the environment that lead to another repository have no effect here.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from itsm_as_code.errors import GitError
from itsm_as_code.git.environment import clear
from itsm_as_code.programs import program

_PROCESS = os.environ
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


_REMOTE = frozenset({"fetch", "push"})
_MOST_STARTED = 64
"""Conversations at once: repositories that nobody needs any more may wait long for the collector of cycles."""
_STARTED: list[weakref.ref[Conversation]] = []
_PLACES = (("--absolute-git-dir",), ("--show-prefix",), ("--git-path", "objects"), ("--git-path", "shallow"))


@dataclass(eq=False)
class Conversation:
    """A git process that answers as long as it is asked: to start one costs more than to read most objects."""

    process: Any
    environment: Mapping[str, str]
    owner: int
    """The process that started it; one that was forked off must start its own."""
    is_over: bool = False
    """Whether it was ended; who asks again starts another."""
    complaints: IO[bytes] = field(kw_only=True)
    """A file that it writes them to: in a pipe nobody would read them while it answers, and a full one stops it."""

    def said(self) -> str:
        """What it has complained of since this was last called; it does so before it answers."""
        self.complaints.seek(0)
        said = self.complaints.read()
        self.complaints.seek(0)  # for both, who share one position
        self.complaints.truncate()
        return said.decode("utf-8", "replace")

    def end(self) -> str:
        """End it, and give what it complained of; what was asked and not read is lost."""
        self.is_over = True
        if os.getpid() != self.owner or self.complaints.closed:
            return ""
        self.process.terminate()
        self.process.communicate()
        with self.complaints:
            return self.said().strip()


def _file() -> IO[bytes]:
    """A file without a name, in memory where the system has such."""
    in_memory = getattr(os, "memfd_create", None)  # on Linux
    return os.fdopen(in_memory("itsm"), "r+b", 0) if in_memory else tempfile.TemporaryFile(buffering=0)


class Commands:
    """Runs git in a repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise GitError(f"{folder} is not a folder", code="not-a-repository", remedy="name a git repository with -C")
        self._environment = {
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_GRAFT_FILE": os.devnull,
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "LC_ALL": "C",
        }
        try:
            found = self.text("rev-parse", *(word for asked in _PLACES for word in asked)).split("\n")
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
        if len(found) != len(_PLACES) + 1:  # a folder with a line feed in its name
            found = [self.text("rev-parse", *asked).removesuffix("\n") for asked in _PLACES]
        self.git_dir = Path(found[0])
        self.prefix = found[1]
        """The way from git's top to the folder, with a ``/`` at its end; empty at the top, and in a bare repository."""
        self._objects_folder, self._shallow_file = folder / found[2], folder / found[3]

    def run(
        self, *arguments: str, feed: bytes | None = None, accept: tuple[int, ...] = (0,), folder: Path | None = None
    ) -> tuple[int, bytes]:
        """Exit code and standard output of a git command; GitError unless the code is one of ``accept``."""
        code, out, reason = self._execute(arguments, feed, folder)
        if code not in accept:
            raise GitError(f"git {arguments[0]} failed: {(reason.strip() or f'exit code {code}').splitlines()[0]}")
        return code, out

    def converse(self, *arguments: str) -> Conversation:
        """A git command that is asked on its standard input for as long as the repository is in use."""
        complaints = _file()
        process = self._start(arguments, self.folder, subprocess.PIPE, complaints)
        started = Conversation(process, dict(self._environment), os.getpid(), complaints=complaints)
        _STARTED.append(weakref.ref(started))
        while len(_STARTED) > _MOST_STARTED:
            oldest = _STARTED.pop(0)()
            if oldest is not None:
                oldest.end()
        return started

    def _execute(
        self, arguments: tuple[str, ...], feed: bytes | None = None, folder: Path | None = None
    ) -> tuple[int, bytes, str]:
        """Exit code, standard output and standard error of a git command, run in ``folder``."""
        if arguments[0] in _REMOTE:
            from itsm_as_code.git.remotes import reach

            clear(_PROCESS)  # the library gives git all of it
            return reach(self._command(arguments), folder or self.folder, self._environment, feed)
        stdin = subprocess.DEVNULL if feed is None else subprocess.PIPE
        with self._start(arguments, folder or self.folder, stdin) as process:
            out, err = process.communicate(feed)
        return process.returncode, out, err.decode("utf-8", "replace")

    def _start(
        self, arguments: tuple[str, ...], folder: Path, stdin: int, stderr: int | IO[bytes] = subprocess.PIPE
    ) -> subprocess.Popen[bytes]:
        given = dict(_PROCESS)
        clear(given)
        environment = {**given, "LANGUAGE": "C", **self._environment}
        command, pipe = self._command(arguments), subprocess.PIPE
        try:
            return subprocess.Popen(command, cwd=folder, env=environment, stdin=stdin, stdout=pipe, stderr=stderr)
        except OSError as error:
            raise GitError(f"git cannot be run in {folder}: {error.strerror}", remedy="see who may enter it") from None

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        git = program("git", _PROCESS)
        if git is None:
            raise GitError("git is not installed", code="git-missing", remedy="install git 2.38 or newer")
        return [git, *_OPTIONS, *arguments]

    def text(self, *arguments: str) -> str:
        """Standard output of a git command that must succeed."""
        return self.run(*arguments)[1].decode("utf-8", "surrogateescape")

    def setting(self, name: str) -> str | None:
        """A setting of git's configuration, the user's own included; None where it is not set."""
        code, out = self.run("config", "--get", name, accept=(0, 1))
        return out.decode("utf-8", "surrogateescape").strip() or None if code == 0 else None

    @property
    def is_shallow(self) -> bool:
        return self.text("rev-parse", "--is-shallow-repository").strip() == "true"
