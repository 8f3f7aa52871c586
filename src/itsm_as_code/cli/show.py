"""itsm show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._records import Work
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from itsm_as_code.records.catalogue import Catalogue, Record
    from itsm_as_code.reports.record_show import Link


@click.command("show")
@click.argument("record_name", metavar="RECORD", shell_complete=_complete.records)
@cache_options
@common_options("record_show")
def command(session: Session, record_name: str, cache: CacheOptions) -> int:
    """Show a record: its fields, its state, and who names it. Said as well is what may follow, and what it names.

    RECORD is a name, Kind/name where several kinds have the name, or a file.

    \b
    Example:
      itsm show payments-api
      itsm show Team/team-payments --format json
    """
    from itsm_as_code.records.lifecycle import next_states
    from itsm_as_code.reports.record_show import Shown

    work = Work.of(session, cache)
    written = work.record(record_name)
    record = work.told.get(written.id.kind, written.name) or written
    if record.state != written.state:
        session.say(f"{written.path} says {written.state}; it reads as {record.state} by what was deployed")
    following = next_states(record.kind, record.data, record.state)
    catalogue = work.told
    shown = Shown(record, following, list(_outgoing(record, catalogue)), list(_incoming(record, catalogue)))
    session.report("record_show", shown)
    return 0


def _outgoing(record: Record, catalogue: Catalogue) -> Iterator[Link]:
    from itsm_as_code.findings import RecordId
    from itsm_as_code.reports.record_show import Link

    for reference in record.references():
        found = (catalogue.records.get(RecordId(kind, reference.name)) for kind in reference.kinds)
        yield Link(reference.pointer, next(filter(None, found), None), reference.name)


def _incoming(record: Record, catalogue: Catalogue) -> Iterator[Link]:
    from itsm_as_code.reports.record_show import Link

    for other, pointer in catalogue.referrers.get(record.id, ()):
        yield Link(pointer, other, other.name)
