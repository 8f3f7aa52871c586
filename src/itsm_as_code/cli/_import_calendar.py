"""`itsm import icalendar`: calendars of other tools."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session
from itsm_as_code.interchange._icalendar_import import KINDS, Asked, convert

_HELP = """Import a calendar as iCalendar.

Holidays, freezes and maintenance windows become a Calendar record: days, spans and recurrence rules with their
exceptions, in the zone that the calendar names. Days that are worked instead of a holiday are named, not taken.

\b
Example:
  itsm import icalendar holidays.ics --name holidays-berlin
  itsm import icalendar freezes.ics --kind freeze --name freezes-2027"""


def calendar_command(
    run: Callable[..., None], how: Callable[..., Any], into: Callable[..., Any], dry_run: Callable[..., Any]
) -> click.Command:
    """The command, which ends as the other imports do: by ``run``, with ``how`` and their options."""

    @click.command("icalendar", help=_HELP)
    @click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
    @into
    @click.option("--name", metavar="NAME", help="Name of the record; made of the name of the calendar if not given.")
    @click.option("--kind", type=click.Choice(KINDS), default="holidays", show_default=True, help="What it says.")
    @click.option("--force", is_flag=True, help="Overwrite what people have edited, too.")
    @dry_run
    @common_options("import_")
    def command(
        session: Session,
        files: tuple[Path, ...],
        into: Path | None,
        name: str | None,
        kind: str,
        force: bool,
        dry_run: bool,
    ) -> None:
        asked = Asked(name, kind)
        run(session, "icalendar", files, into, partial(convert, asked=asked), how(force=force, dry_run=dry_run))

    return command
