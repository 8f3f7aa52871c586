"""A session of the command line: where to work, what time it is, where output goes."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli import _streams
from itsm_as_code.errors import ItsmError

if TYPE_CHECKING:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Session:
    """The common options of a command; ``directory`` is the top of the records, ``called_in`` the folder named."""

    directory: Path
    now: str | None
    quiet: bool
    verbose: bool
    output: Path | None = None
    format: str = "text"
    called_in: Path = Path()

    def instant(self, as_of: datetime | None) -> datetime:
        """The instant to judge at: ``--now``, else the repository's ``asOf`` (said on standard error), else now."""
        from itsm_as_code.clock import format_instant

        if self.now is not None:
            return _instant(self.now)
        if as_of is not None:
            self.say(f"as of {format_instant(as_of)}, which itsm.yaml names")
            return as_of
        return datetime.now(UTC).replace(microsecond=0)

    def snapshot(self, rev: str | None = None, *, without: Path | None = None) -> Snapshot:
        """The records to read: those of a commit, or of the work tree ``without`` a folder."""
        if rev is None:
            from itsm_as_code.snapshot import WorkTree

            return WorkTree(self.directory, at_once=False, without=without)
        from itsm_as_code.git.repository import Repository

        repository = Repository(self.directory)
        return repository.records(repository.commit(rev))

    def no_records(self) -> UsageError:
        """What to raise where there is nothing to work on: an answer about nothing would pass for a good one."""
        from itsm_as_code.errors import UsageError

        remedy = "go to the top of a repository of records, or make one with 'itsm init'"
        return UsageError(f"{self.directory} holds no records", remedy=remedy)

    def say(self, message: str) -> None:
        """Talk goes to standard error, and only to people who want it."""
        if not self.quiet:
            sys.stderr.write(f"itsm: {message}\n")

    @property
    def colour(self) -> bool:
        """Whether to paint: only a terminal is painted; NO_COLOR and FORCE_COLOR are respected."""
        if self.output is not None or os.environ.get("NO_COLOR"):
            return False
        return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()

    def write(self, text: str) -> None:
        """The result, to standard output or whole to the file of ``--output``."""
        if self.output is None:
            self.show(text, is_data=self.format != "text")
        else:
            write_file(self.output, text.encode("utf-8"))

    def report(self, what: str, *values: Any, **style: Any) -> None:
        """Write a report, the one of that name, in the format that was asked for; ``style`` is for people's alone."""
        from itsm_as_code.reports import renderer

        self.write(renderer(what, self.format)(*values, **(style if self.format == "text" else {})))

    def show(self, text: str, *, is_data: bool) -> None:
        """Write to standard output; ItsmError. The exit code stays what it is where the reader has seen enough."""
        try:
            _streams.show(text, is_data=is_data)
        except OSError as error:
            message = f"cannot write to standard output: {error.strerror or error}"
            raise ItsmError(message, remedy=f"{_streams.way_out(error)}, or name a file with --output") from None


def _instant(text: str) -> datetime:
    """The instant of ``--now``, which is exact; a usage error when it is none."""
    from itsm_as_code.clock import parse_instant

    try:
        return parse_instant(text)
    except ValueError as error:
        raise click.UsageError(f"--now: {error}, with its offset.") from None


def write_file(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file at once or not at all, with the permissions ``mode`` or those of a new file.

    What is there and is no file (a pipe, /dev/null) is written to.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        with _streams.held():
            _replace(path.resolve(), content, mode)  # a symbolic link keeps pointing to the file
    except OSError as error:
        raise ItsmError(
            f"cannot write {path}: {error.strerror}", remedy="name a file in a folder that exists"
        ) from None


def _replace(path: Path, content: bytes, mode: int | None) -> None:
    import tempfile

    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        fresh = Path(name)
        fresh.chmod(0o666 & ~_umask() if mode is None else mode)
        fresh.replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
