"""``itsm import FORMAT FILE...``: records from what other tools know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from itsm_as_code.cli._paths import located
from itsm_as_code.cli._sources import read_all
from itsm_as_code.cli._streams import held
from itsm_as_code.cli._times import BORDER, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from itsm_as_code.cli.output import Session
    from itsm_as_code.interchange import Conversion, Known, PlannedFile
    from itsm_as_code.interchange.decisions import Decision


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
            return _alerts()
        if cmd_name == "icalendar":
            from itsm_as_code.cli._import_calendar import calendar_command

            return calendar_command(_run, _How, _INTO, _DRY_RUN)
        if cmd_name == "people":
            from itsm_as_code.cli._import_people import people_command

            return people_command(_run, _How, _INTO, _DRY_RUN)
        if cmd_name in ("costs", "focus"):
            from itsm_as_code.cli._import_costs import costs_command

            return costs_command(cmd_name, title, _run, _How, _INTO, _DRY_RUN)
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
      itsm import icalendar holidays.ics --into .
      itsm import focus costs-2026-10.csv --into .
      itsm import cstate config.yml --into .
      itsm import upptime history/summary.json issues.json --into .
      itsm import people --from github:acme --into .
      itsm import csv --map servicenow-change changes.csv
    """


_INTO = click.option(
    "--into",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Repository of records to write to, made when it is not there. Default: the one that this folder lies in.",
)
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
_OWNER = click.option("--default-owner", metavar="TEAM", help="Who owns services whose owner is not known.")
_LIFECYCLE: Final = click.Choice(["design", "transition", "live", "deprecated", "retired"])
_PROPOSE = click.option(
    "--propose",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write there the itsm.yaml with which policies that imported records cannot meet yet warn until --since.",
)
_SINCE = click.option(
    "--since", type=BORDER, metavar="WHEN", help="From when on those policies block; default: in 90 days."
)
_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class _How:
    """What to do with what was converted."""

    force: bool = False
    dry_run: bool = False
    all_or_nothing: bool = False
    """Write nothing where anything is wrong."""
    made_once: bool = False
    """Leave what is to be decided to those who make the record: it is no catalogue that comes again."""
    propose: Path | None = None
    since: Said | None = None


def _command(name: str, title: str) -> click.Command:
    from itsm_as_code.cli._options import common_options

    text = f"Import {title}.\n\n\b\nExample:\n  itsm import {name} FILE --into . --dry-run"

    @click.command(name, help=text)
    @click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
    @_INTO
    @click.option("--force", is_flag=True, help="Overwrite what people have edited, too.")
    @_DRY_RUN
    @_OWNER
    @_PROPOSE
    @_SINCE
    @common_options("import_")
    def run(
        session: Session,
        files: tuple[Path, ...],
        into: Path | None,
        force: bool,
        dry_run: bool,
        default_owner: str | None,
        propose: Path | None,
        since: Said | None,
        lifecycle: tuple[tuple[str, str], ...] = (),
        mapping: str | None = None,
        timezone: str | None = None,
        planned: tuple[str, ...] = (),
    ) -> None:
        from functools import partial

        from itsm_as_code.interchange import Asked, importer

        how = _How(force=force, dry_run=dry_run, propose=propose, since=since)
        day = session.instant(None).date().isoformat()
        table = _mapping(session, mapping) if mapping is not None else None
        asked = Asked(default_owner, dict(lifecycle), table, timezone, day, planned)
        _run(session, name, files, into, partial(importer(name).convert, asked=asked), how)

    if name == "backstage":
        meanings = "What a word means, such as ga live, as itsm knows lifecycles; repeat it for each."
        click.option("--lifecycle", type=(str, _LIFECYCLE), multiple=True, metavar="WORD LIFECYCLE", help=meanings)(run)
    if name in ("cstate", "upptime"):
        words = "A word in the title of an entry that tells planned work; repeat it for each."
        click.option("--planned", multiple=True, metavar="WORD", help=words)(run)
    if name == "csv":
        known = "A mapping file, or the name of one that comes along: see docs/how-to/import-tables.md."
        click.option("--map", "mapping", required=True, metavar="FILE", help=known)(run)
        click.option("--timezone", metavar="ZONE", help="By whose clocks times are read that have no offset.")(run)
    return run


def _mapping(session: Session, said: str) -> tuple[str, bytes]:
    """A mapping file, or one that comes along, by name; UsageError where there is none such."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean
    from itsm_as_code.interchange.csv import shipped

    try:
        return said, shipped().get(said) or located(session, Path(said)).read_bytes()
    except OSError as error:
        names = list(shipped())
        remedy = did_you_mean(said, names) or f"name a file, or one of {', '.join(names)}"
        raise UsageError(f"--map {said}: {error.strerror}", remedy=remedy) from None


def _typed(name: str, title: str) -> click.Command:
    """``itsm import request`` and ``issue``: imports of what people typed, nothing of which is written by halves."""
    from itsm_as_code.cli._options import common_options
    from itsm_as_code.cli._times import INSTANT

    text = (
        f"Import {title.partition(' (')[0]}. It is of GitHub or GitLab, as their API gives it (JSON), or "
        "its Markdown body alone.\n\n"
        "The answers must fit the form; when anything is wrong nothing is written.\n\n\b\n"
        f"Example:\n  gh api repos/OWNER/NAME/issues/42 > issue.json && itsm import {name} issue.json --into .\n"
        f"  itsm import {name} body.md --requester ann --at 2026-11-22T08:00:00Z --into ."
    )

    @click.command(name, help=text)
    @click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
    @_INTO
    @click.option("--requester", metavar="PERSON", help="Who submitted it, for a body alone.")
    @click.option("--at", type=INSTANT, metavar="INSTANT", help="When it was submitted, for a body alone.")
    @click.option(
        "--name", "record", metavar="NAME", help="The name of the record; made of day and issue if not given."
    )
    @_DRY_RUN
    @common_options("import_")
    def run(
        session: Session,
        file: Path,
        into: Path | None,
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
        root = _root(session, into)
        submitted = format_instant(at.at(replace(session, directory=root))) if at else None
        said = request.Said(offering, requester, submitted, record)
        how = _How(dry_run=dry_run, all_or_nothing=True, made_once=True)
        _run(session, name, (file,), into, partial(convert, said=said), how)

    if name == "request":
        click.option("--offering", metavar="NAME", help="What is ordered, where the form does not say so.")(run)
    return run


_ALERTS = """Import alerts (Alertmanager, Grafana, PagerDuty).

FILE holds payloads of webhooks; - reads them from standard input. An alert makes one incident a day, with its outage,
its priority by the tier of the service, who is on call and which changes may have caused it. Events may come late,
twice and in any order. A field that somebody edited since is left alone.

\b
Example:
  itsm import alerts payload.json --into .
  curl -s http://alertmanager:9093/api/v2/alerts | itsm import alerts - --into ."""


def _alerts() -> click.Command:
    """``itsm import alerts``: what monitoring sends."""
    from itsm_as_code.cli._options import common_options
    from itsm_as_code.interchange.alerts import FORMS, LABELS

    @click.command("alerts", help=_ALERTS)
    @click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path, allow_dash=True))
    @click.option("--from-alertmanager", "address", metavar="URL", help="Ask an Alertmanager which alerts fire.")
    @_INTO
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
    @click.option(
        "--all", "is_all", is_flag=True, help="They are all that fire: name the incidents whose alert does not."
    )
    @click.option("--force", is_flag=True, help="Overwrite fields that somebody edited.")
    @_DRY_RUN
    @common_options("import_")
    def run(
        session: Session,
        files: tuple[Path, ...],
        address: str | None,
        into: Path | None,
        tool: str | None,
        labels: tuple[str, ...],
        is_all: bool,
        force: bool,
        dry_run: bool,
    ) -> None:
        from functools import partial

        from itsm_as_code.cli._alertmanager import fired
        from itsm_as_code.interchange.alerts import Asked, convert

        told = fired(address, files)
        asked = Asked(tool, labels or LABELS, is_all or bool(told))
        how = _How(force=force, dry_run=dry_run, made_once=True)
        _run(session, "alerts", files, into, partial(convert, asked=asked), how, told)

    return run


def _run(
    session: Session,
    name: str,
    files: tuple[Path, ...],
    into: Path | None,
    convert: Callable[[Mapping[str, bytes], Known], Conversion],
    how: _How,
    told: Mapping[str, bytes] | None = None,
) -> None:
    from dataclasses import replace

    from itsm_as_code.findings import Severity, sort_findings
    from itsm_as_code.interchange import IMPORT_READABLE, Known, completed, importer, plan, write
    from itsm_as_code.reports.import_ import Imported

    root = _root(session, into)
    there = replace(session, directory=root) if root.is_dir() else session
    since = how.since.at(there) if how.since else None
    follow = getattr(importer(name), "follow", None)
    sources, unread = (dict(told), []) if told else read_all(session, files, follow)
    known = Known.read(root)
    conversion = convert(sources, known)
    if conversion.remember:
        conversion = completed(conversion, known)
    planned, said = plan(conversion, known, force=how.force)
    findings = sort_findings([*unread, *conversion.findings, *said])
    if how.all_or_nothing and any(found.severity is Severity.ERROR for found in findings):
        planned = []
    left = [] if how.made_once else _decisions(session, known, planned)
    if not how.dry_run:
        with held():
            write(root, planned)
    if how.propose is not None:
        _propose(session, known, left, how.propose, since)
    refused = conversion.refused + sum(found.rule == IMPORT_READABLE.id for found in unread)
    result = Imported(name, into or Path(), how.dry_run, planned, findings, refused, left)
    session.report("import_", result, each=session.verbose)
    click.get_current_context().exit(1 if left or any(found.severity is Severity.ERROR for found in findings) else 0)


def _root(session: Session, into: Path | None) -> Path:
    """The repository that is written to; UsageError where none is named and this is none."""
    import os

    from itsm_as_code.errors import UsageError

    if into is not None:
        return session.directory / into
    if not os.path.lexists(session.directory / "itsm.yaml"):
        message = f"{session.directory} is no repository of records, and --into names none"
        raise UsageError(message, remedy="name one with --into DIR; it is made when it is not there")
    return session.directory


def _decisions(session: Session, known: Known, planned: list[PlannedFile]) -> list[Decision]:
    from dataclasses import replace

    from itsm_as_code.configuration import load_configuration
    from itsm_as_code.interchange.decisions import decisions
    from itsm_as_code.snapshot import WorkTree

    tree = WorkTree(known.root) if known.root.is_dir() else None
    as_of = load_configuration(tree, known.registry)[0].as_of if tree else None
    return decisions(tree, planned, replace(session, quiet=True).instant(as_of))


def _propose(session: Session, known: Known, left: list[Decision], place: Path, since: datetime | None) -> None:
    """Write the itsm.yaml that governance is to approve, where any policy is in the way."""
    from datetime import timedelta

    from itsm_as_code.cli.output import write_file
    from itsm_as_code.errors import UsageError
    from itsm_as_code.interchange import CONFIGURATION
    from itsm_as_code.interchange.decisions import more_time

    if not any(decision.policy for decision in left):
        session.say("no policy is in the way; nothing is proposed")
        return
    try:
        begin = since or session.instant(None) + timedelta(days=_DAYS)
        day = (begin + timedelta(hours=24, microseconds=-1)).date()  # one that is not before it
        content = more_time((known.root / CONFIGURATION).read_bytes(), left, day.isoformat(), known.registry)
    except (OSError, ValueError) as error:
        raise UsageError(f"no {CONFIGURATION} can be proposed: {error}", remedy="mend what it names") from None
    folder = session.directory / place
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / CONFIGURATION, content)
    session.say(f"{folder / CONFIGURATION} is for a pull request of its own, which governance approves")
