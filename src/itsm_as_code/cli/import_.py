"""``itsm import FORMAT FILE...``: records from what other tools know."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._paths import located
from itsm_as_code.cli._streams import held

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from itsm_as_code.cli.output import Session
    from itsm_as_code.findings import Finding
    from itsm_as_code.interchange import Conversion, Known


class _Formats(click.Group):
    """One sub-command for each format, made when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from itsm_as_code.interchange import names

        return names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from itsm_as_code import interchange

        if cmd_name not in interchange.names():
            from itsm_as_code.findings import did_you_mean

            known = interchange.names()
            hint = did_you_mean(cmd_name, known) or f"known formats: {', '.join(known)}"
            ctx.fail(f"unknown format '{cmd_name}': {hint}")
        title = interchange.importer(cmd_name).TITLE
        if cmd_name == "alerts":
            return _alerts(title)
        return _typed(cmd_name, title) if cmd_name in ("issue", "request") else _command(cmd_name, title)


@click.group(cls=_Formats, name="import")
def command() -> None:
    """Make records of what another tool knows.

    Nothing is dropped in silence: what has no counterpart is kept in annotations and reported.

    \b
    Example:
      itsm import backstage catalog-info.yaml --into .
      itsm import openslo slos.yaml --into .
      itsm import request issue.json --into .
      itsm import issue issue.json --into .
      itsm import alerts payload.json --into .
    """


def _command(name: str, title: str) -> click.Command:
    from itsm_as_code.cli._options import common_options

    text = f"Import {title}.\n\n\b\nExample:\n  itsm import {name} FILE --into . --dry-run"

    @click.command(name, help=text)
    @click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
    @click.option(
        "--into",
        required=True,
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="Repository of records to write to; made when it is not there.",
    )
    @click.option("--force", is_flag=True, help="Overwrite records that are there with other content.")
    @click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
    @common_options("import_")
    def run(session: Session, files: tuple[Path, ...], into: Path, force: bool, dry_run: bool) -> None:
        from itsm_as_code.interchange import importer

        _run(session, name, files, into, importer(name).convert, force=force, dry_run=dry_run)

    return run


def _typed(name: str, title: str) -> click.Command:
    """``itsm import request`` and ``issue``: imports of what people typed, nothing of which is written by halves."""
    from itsm_as_code.cli._options import common_options
    from itsm_as_code.cli._times import INSTANT, Said

    text = (
        f"Import {title.partition(' (')[0]}. It is of GitHub or GitLab, as their API gives it (JSON), or "
        "its Markdown body alone.\n\n"
        "The answers must fit the form; when anything is wrong nothing is written.\n\n\b\n"
        f"Example:\n  gh api repos/OWNER/NAME/issues/42 > issue.json && itsm import {name} issue.json --into .\n"
        f"  itsm import {name} body.md --requester ann --at 2026-11-22T08:00:00Z --into ."
    )

    @click.command(name, help=text)
    @click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
    @click.option("--into", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The repository.")
    @click.option("--requester", metavar="PERSON", help="Who submitted it, for a body alone.")
    @click.option("--at", type=INSTANT, metavar="INSTANT", help="When it was submitted, for a body alone.")
    @click.option(
        "--name", "record", metavar="NAME", help="The name of the record; made of day and issue if not given."
    )
    @click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
    @common_options("import_")
    def run(
        session: Session,
        file: Path,
        into: Path,
        requester: str | None,
        at: Said | None,
        record: str | None,
        dry_run: bool,
        offering: str | None = None,
    ) -> None:
        from dataclasses import replace
        from functools import partial

        from itsm_as_code.clock import format_instant
        from itsm_as_code.interchange import issue, request

        convert = request.convert if name == "request" else issue.convert
        submitted = format_instant(at.at(replace(session, directory=session.directory / into))) if at else None
        said = request.Said(offering, requester, submitted, record)
        _run(session, name, (file,), into, partial(convert, said=said), dry_run=dry_run, all_or_nothing=True)

    if name == "request":
        click.option("--offering", metavar="NAME", help="What is ordered, where the form does not say so.")(run)
    return run


def _alerts(title: str) -> click.Command:
    """``itsm import alerts``: what monitoring sends."""
    from itsm_as_code.cli._options import common_options
    from itsm_as_code.interchange.alerts import FORMS, LABELS

    text = (
        f"Import {title}.\n\n"
        "FILE holds payloads of webhooks; - reads them from standard input. An alert makes one incident a day, with "
        "its outage, its priority by the tier of the service, who is on call and which changes may have caused it. "
        "Events may come late, twice and in any order. A field that somebody edited since is left alone.\n\n\b\n"
        "Example:\n  itsm import alerts payload.json --into .\n"
        "  curl -s http://alertmanager:9093/api/v2/alerts | itsm import alerts - --into ."
    )

    @click.command("alerts", help=text)
    @click.argument(
        "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path, allow_dash=True)
    )
    @click.option("--into", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The repository.")
    @click.option(
        "--tool", type=click.Choice(sorted(FORMS)), help="Whose payloads they are; told by their fields if not given."
    )
    @click.option(
        "--label",
        "labels",
        multiple=True,
        metavar="NAME",
        help=f"A label that names the service. Default: {', '.join(LABELS)}.",
    )
    @click.option("--force", is_flag=True, help="Overwrite fields that somebody edited.")
    @click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
    @common_options("import_")
    def run(
        session: Session,
        files: tuple[Path, ...],
        into: Path,
        tool: str | None,
        labels: tuple[str, ...],
        force: bool,
        dry_run: bool,
    ) -> None:
        from functools import partial

        from itsm_as_code.interchange.alerts import Asked, convert

        asked = Asked(tool, labels or LABELS, force)
        _run(session, "alerts", files, into, partial(convert, asked=asked), force=force, dry_run=dry_run)

    return run


def _run(
    session: Session,
    name: str,
    files: tuple[Path, ...],
    into: Path,
    convert: Callable[[Mapping[str, bytes], Known], Conversion],
    *,
    force: bool = False,
    dry_run: bool,
    all_or_nothing: bool = False,
) -> None:
    from itsm_as_code.findings import Severity, sort_findings
    from itsm_as_code.interchange import Known, plan, write
    from itsm_as_code.reports.import_ import Imported

    root = session.directory / into
    sources, unread = _read_all(session, files)
    known = Known.read(root)
    conversion = convert(sources, known)
    planned, said = plan(conversion, known, force=force)
    findings = sort_findings([*unread, *conversion.findings, *said])
    if all_or_nothing and any(found.severity is Severity.ERROR for found in findings):
        planned = []
    if not dry_run:
        with held():
            write(root, planned)
    session.report("import_", Imported(name, into, dry_run, conversion.entities, planned, findings))
    click.get_current_context().exit(1 if any(found.severity is Severity.ERROR for found in findings) else 0)


def _read_all(session: Session, paths: tuple[Path, ...]) -> tuple[dict[str, bytes], list[Finding]]:
    """The bytes of each file, at most one more than an importer takes, and a finding for each that cannot be read.

    ItsmError where none can be read: then there is nothing to import.
    """
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.findings import Finding, Location
    from itsm_as_code.interchange import IMPORT_READABLE, MAX_BYTES

    sources, unread, remedy = {}, [], "name a file that can be read"
    for path in paths:
        try:
            if str(path) == "-":
                sources["-"] = sys.stdin.buffer.read(MAX_BYTES + 1)
                continue
            with located(session, path).open("rb") as file:
                sources[str(path)] = file.read(MAX_BYTES + 1)
        except OSError as error:
            message = f"cannot read {path}: {error.strerror}"
            rule = IMPORT_READABLE
            unread.append(Finding(rule.id, rule.severity, Location(str(path)), message, remedy))
    if not sources:
        raise ItsmError(unread[0].message, remedy=remedy, code="unreadable")
    return sources, unread
