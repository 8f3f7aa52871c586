"""itsm fmt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._paths import located
from itsm_as_code.cli._streams import held
from itsm_as_code.cli.output import Session, write_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from itsm_as_code.records.formatting import Formatted
    from itsm_as_code.records.kinds import KindRegistry


@click.command("fmt")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file would change.")
@click.option("--diff", "shows_diff", is_flag=True, help="Write nothing; print what would change, and exit as --check.")
@click.option("--records", "is_hook", is_flag=True, help="Of PATHs, leave alone what is no record of the repository.")
@common_options("fmt")
def command(session: Session, paths: tuple[Path, ...], check: bool, shows_diff: bool, is_hook: bool) -> int:
    """Bring records into one form: keys, quotes, indentation. Keys are put in order, and blank lines are single.

    Comments stay with what they are about, and no data changes: that is proven for each file, and a file for which
    it cannot be is left as it is. PATHs are files or folders; without them all records of the repository. When a file
    cannot be read, nothing is written at all.

    \b
    Example:
      itsm fmt
      itsm fmt --check
      itsm fmt changes/2026 --diff
    """
    from itsm_as_code.findings import Severity
    from itsm_as_code.records.formatting import format_files
    from itsm_as_code.records.own_kinds import registry_of
    from itsm_as_code.reports.fmt import FormatResult

    tree = session.snapshot()
    registry = registry_of(tree)
    if is_hook:
        paths = tuple(path for path in paths if _is_record(session, path, registry))
    named = _named(session, paths, set(tree.entries))
    files = list(format_files(tree, registry, named)) if named or not is_hook else []
    if not files and not paths and not is_hook:
        raise session.no_records()
    has_error = any(found.severity is Severity.ERROR for file in files for found in file.findings)
    would_write = not (check or shows_diff)
    if would_write and not has_error:
        with held():
            _write(session.directory, files)
    result = FormatResult(files, is_written=would_write and not has_error, shows_diff=shows_diff)
    session.report("fmt", result, colour=session.colour)
    would_change = any(file.is_changed for file in files)
    return 1 if has_error or (would_change and not would_write) else 0


def _is_record(session: Session, path: Path, registry: KindRegistry) -> bool:
    """Whether a file lies where records do."""
    from itsm_as_code.records.formatting import is_formatted

    place = located(session, path).absolute()
    try:
        relative = (place.parent.resolve() / place.name).relative_to(session.directory.resolve()).as_posix()
    except ValueError:
        return False
    return is_formatted(relative, registry)


def _write(top: Path, files: Sequence[Formatted]) -> None:
    for file in files:
        if file.is_changed:
            path = top / file.path
            write_file(path, file.after, path.lstat().st_mode & 0o777)


def _named(session: Session, paths: tuple[Path, ...], known: set[str]) -> list[str]:
    """PATHs relative to the top, whether given from there or from where the command was called; links not followed."""
    from itsm_as_code.errors import UsageError

    found = []
    for path in paths:
        whole = located(session, path).absolute()
        # The folder is resolved, a link at the end of the path is not: it is to be left alone, not followed.
        place = whole.resolve() if whole.is_dir() else whole.parent.resolve() / whole.name
        try:
            relative = place.relative_to(session.directory.resolve()).as_posix()
        except ValueError:
            message = f"{path} lies outside {session.directory}"
            raise UsageError(message, remedy="name a path inside the repository") from None
        is_known = relative in known or any(entry.startswith(f"{relative}/") for entry in known)
        if relative != "." and not is_known:
            raise UsageError(f"there is no file or folder '{path}'", remedy="name a path inside the repository")
        found.append("" if relative == "." else relative)
    return found
