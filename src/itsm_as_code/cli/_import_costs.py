"""``itsm import focus`` and ``itsm import costs``: tables of any length, which are never held as a whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from itsm_as_code.cli._options import common_options

if TYPE_CHECKING:
    from itsm_as_code.cli.output import Session

Option = Callable[[Any], Any]
"""What adds an option to a command."""
_EXAMPLES: Final = {
    "focus": "itsm import focus costs-2026-10.csv --into . --tag app",
    "costs": "itsm import costs bill.csv --into . --map month=Monat --map amount=Betrag --decimal comma \\\n"
    "    --map currency==EUR --map provider=='Halo Cloud' --map service=Dienst --encoding cp1252",
}


def _conversion(name: str, mapped: tuple[str, ...], decimal: str, encoding: str, tag: str, cost: str) -> Any:
    """How the tables are read, as the options say."""
    from dataclasses import replace
    from functools import partial

    from itsm_as_code.interchange import costs, focus

    reading = replace(focus.READING if name == "focus" else costs.READING, comma=decimal == "comma")
    if name == "focus":
        reading = replace(reading, tag=tag, columns={**reading.columns, **focus.COSTS[cost]})
    reading = replace(reading.mapped(mapped), encoding="cp1252" if encoding == "cp1252" else "utf-8-sig")
    return partial(costs.convert, reading=reading)


def _opened(session: Session, files: tuple[Path, ...], stack: ExitStack) -> dict[str, Any]:
    """The files, open, for they may be of any length; ItsmError where one cannot be read."""
    from itsm_as_code.cli._paths import located
    from itsm_as_code.errors import ItsmError

    found: dict[str, Any] = {}
    for path in files:
        try:
            found[str(path)] = stack.enter_context(located(session, path).open("rb"))
            if not found[str(path)].peek(2).strip():
                raise OSError("there is nothing in it")
        except OSError as error:
            message, remedy = f"cannot read {path}: {error.strerror or error}", "name a file that can be read"
            raise ItsmError(message, remedy=remedy, code="unreadable") from None
    return found


def costs_command(
    name: str,
    title: str,
    begin: Callable[..., None],
    how: Callable[..., Any],
    into_option: Option,
    dry_run_option: Option,
) -> click.Command:
    """The command of one of the two formats; ``begin`` writes what a conversion makes, ``how`` says how."""
    text = (
        f"Import {title}.\n\nA cost statement is made for each month, provider and currency, exact to the last digit. "
        "What names no service is kept as untagged; a line that cannot be read is reported and left out, and the "
        "statements say how many were. Fields: month, provider, currency, amount, service.\n\n\b\n"
        f"Example:\n  {_EXAMPLES[name]}"
    )

    @click.command(name, help=text)
    @click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
    @into_option
    @click.option("--map", "mapped", multiple=True, metavar="FIELD=COLUMN", help="FIELD==TEXT; service:THEIRS=OURS.")
    @click.option("--decimal", type=click.Choice(["point", "comma"]), default="point", show_default=True)
    @click.option("--encoding", type=click.Choice(["utf-8", "cp1252"]), default="utf-8", show_default=True)
    @click.option("--force", is_flag=True, help="Overwrite statements that are there with other content.")
    @dry_run_option
    @common_options("import_")
    def run(
        session: Session,
        files: tuple[Path, ...],
        into: Path | None,
        mapped: tuple[str, ...],
        decimal: str,
        encoding: str,
        force: bool,
        dry_run: bool,
        tag: str = "",
        cost: str = "",
    ) -> None:
        convert = _conversion(name, mapped, decimal, encoding, tag, cost)
        with ExitStack() as stack:
            settled = how(force=force, dry_run=dry_run, made_once=True)
            begin(session, name, files, into, convert, settled, _opened(session, files, stack))

    if name == "focus":
        of = "What a cost is: as invoiced, or amortised."
        click.option("--tag", default="service", show_default=True, metavar="KEY", help="The tag of the service.")(run)
        click.option("--cost", type=click.Choice(["billed", "effective"]), default="billed", help=of)(run)
    return run
