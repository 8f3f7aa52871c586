"""itsm set."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._records import Work
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.records.catalogue import Record


@click.command("set")
@click.argument("record_name", metavar="RECORD", shell_complete=_complete.records)
@click.argument("assignments", metavar="PATH=VALUE...", nargs=-1)
@click.option("--unset", "removed", multiple=True, metavar="PATH", help="Take a field out; repeat it for each.")
@common_options(output=False)
def command(session: Session, record_name: str, assignments: tuple[str, ...], removed: tuple[str, ...]) -> int:
    """Set fields of a record; its comments and order stay.

    RECORD is a name, Kind/name where several kinds have the name, or a file. PATH is dotted (owner is spec.owner), a
    number is an index in a list, and a list may be written a,b. Times may be local: "tomorrow 20:00". Nothing is
    written unless the record fits its schema afterwards and names only what there is.

    \b
    Example:
      itsm set orders tier=2 support.channel="#orders"
      itsm set chg-20261201-db "schedule.start=2026-12-01 20:00" "schedule.end=2026-12-01 22:00"
      itsm set Team/team-shop members=alice,bob --unset purpose
    """
    from itsm_as_code.errors import UsageError

    work = Work.of(session)
    record = work.record(record_name)
    if not assignments and not removed:
        raise UsageError("there is nothing to set", remedy=f"itsm set {record_name} PATH=VALUE, or --unset PATH")
    data = copy.deepcopy(record.data)
    for path in removed:
        _remove(record, data, path)
    work.assign(record.kind, data, assignments)
    _refuse_identity(record, data, record_name)
    if data == record.data:
        session.say(f"{record.path} says so already")
        return 0
    lifecycle = record.kind.lifecycle
    if lifecycle and record.state in lifecycle.get("final", ()):
        opened = ", ".join(pointer.strip("/").replace("/", ".") for pointer in lifecycle.get("openInFinal", ()))
        session.say(f"the record is {record.state}: on the default branch nothing of it changes but {opened}")
    return 0 if work.save(record, data) else 1


def _remove(record: Record, data: dict[str, Any], path: str) -> None:
    """Take a field out of data. UsageError where the schema has no such field, or the record does not."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.records.blank import pointer_of
    from itsm_as_code.records.catalogue import get

    *above, last = pointer_of(record.kind, path)
    if not above:
        raise UsageError(f"'{path}' is a mapping of fields", remedy=f"take out one of them: --unset {path}.FIELD")
    place = get(data, tuple(above))
    if get(data, (*above, last)) is None:
        raise UsageError(f"{record.id} has no {path}", remedy=f"'itsm show {record.name}' shows what it has")
    del place[last]


def _refuse_identity(record: Record, data: dict[str, Any], said: str) -> None:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import parse_pointer
    from itsm_as_code.records.catalogue import get

    if get(data, ("metadata", "name")) not in (get(record.data, ("metadata", "name")), record.name):
        remedy = f"itsm rename {said} NEW-NAME, which changes whoever refers to it"
        raise UsageError("the name of a record is no field to be set", remedy=remedy)
    if record.kind.lifecycle:
        field = parse_pointer(record.kind.lifecycle["field"])
        if get(data, field) != record.state:
            wanted = get(data, field)
            to = f" --to {wanted}" if isinstance(wanted, str) else ""
            message = f"{'.'.join(field)} is the state of the record, which goes along its lifecycle"
            raise UsageError(message, remedy=f"itsm advance {said}{to}, which asks for what is needed on the way")
