"""itsm list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._records import Work
from itsm_as_code.cli.output import Session
from itsm_as_code.wording import count

if TYPE_CHECKING:
    from itsm_as_code.records.catalogue import Record
    from itsm_as_code.records.kinds import Column, Kind


@click.command("list")
@click.argument("kind_name", metavar="KIND", required=False, shell_complete=_complete.kinds)
@click.option("--where", metavar="CEL", help="Only those of which this is true; a record is called object.")
@click.option("--columns", metavar="PATH,...", help="What to show, instead of the kind's own columns.")
@cache_options
@common_options("record_list")
def command(
    session: Session, kind_name: str | None, where: str | None, columns: str | None, cache: CacheOptions
) -> int:
    """List the records of a kind, or all kinds. Without KIND it says how many records there are of each.

    A condition is an expression as in policies. A column is a dotted path (owner is spec.owner; metadata.title), with a
    * for the items of a list.

    \b
    Example:
      itsm list Service
      itsm list changes --where "object.spec.status == 'scheduled'" --columns schedule.start,services
      itsm list Incident --where "has(object.spec.priority) && object.spec.priority <= 2" --format csv
    """
    from itsm_as_code.errors import UsageError
    from itsm_as_code.reports.record_list import RecordList

    work = Work.of(session, cache)
    if kind_name is None:
        if where or columns:
            raise UsageError("--where and --columns are for the records of a kind", remedy="name it: itsm list KIND")
        counts = [(kind.name, len(work.files.names(kind.name))) for kind in work.registry]
        session.report("record_list", RecordList(None, counts=counts))
        return 0
    kind = work.kind(kind_name)
    records = sorted((record for record in work.told if record.id.kind == kind.name), key=lambda item: item.name)
    unread = [path for path in work.files.by_path if work.registry.of_path(path) == kind]
    unread = [path for path in unread if path not in work.catalogue.by_path]
    shown = _columns(kind, columns) if columns else kind.columns
    found = _matching(work, kind, records, where) if where else records
    session.report("record_list", RecordList(kind.name, found, shown))
    if unread:
        files = count(len(unread), "file")
        session.say(f"left out {files} that cannot be read; 'itsm validate' says why: {', '.join(unread[:3])}")
    if not found:
        session.say(f"no {kind.title_plural.lower()}" + (" of which that is true" if where and records else ""))
    return 0


def _columns(kind: Kind, said: str) -> list[Column]:
    """The columns that somebody asks for. UsageError for a field that records of the kind cannot have."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.records.blank import pointer_of
    from itsm_as_code.records.kinds import Column

    titles = {column.title.casefold(): column for column in kind.columns}
    found = []
    for name in filter(None, map(str.strip, said.split(","))):
        if name.casefold() in titles:
            found.append(Column(name, titles[name.casefold()].pointer))
            continue
        pointer_of(kind, name.replace("*", "0"))
        if name in ("metadata", "spec"):
            raise UsageError(f"'{name}' is a mapping of fields", remedy=f"name one of them: {name}.FIELD")
        path = name if name.startswith(("metadata.", "spec.")) else f"spec.{name}"
        found.append(Column(name, tuple(path.split("."))))
    if not found:
        raise UsageError("--columns names none", remedy="write, for example, --columns metadata.title,owner")
    return found


def _matching(work: Work, kind: Kind, records: Sequence[Record], where: str) -> list[Record]:
    """The records for which a condition is true; those that cannot be asked are said."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.policies.cel import Context, Environment, EvaluationError, Schemas, problems_of
    from itsm_as_code.records.facts import Facts

    environment = Environment(Facts.of(work.catalogue), work.times.now)
    for diagnosis in problems_of([((), where, "bool")], environment, Schemas(work.registry, (kind.name,))):
        if not diagnosis.is_doubt:
            remedy = diagnosis.problem.remedy
            if "there is no variable" in diagnosis.problem.message:
                remedy += "; a field is written object.spec.FIELD"
            raise UsageError(f"--where: {diagnosis.problem.message}", remedy=remedy)
    found, unanswered = [], []
    for record in records:
        try:
            activation = environment.activation(Context(object=record.data, now=work.times.now))
            if environment.holds(where, activation):
                found.append(record)
        except EvaluationError as error:
            unanswered.append(f"{record.name} ({error})")
    if unanswered:
        more = f" and {len(unanswered) - 1} more" if len(unanswered) > 1 else ""
        hint = "compare it: object.spec.tier == 2"
        if "Key not found" in unanswered[0]:
            hint = "has(object.spec.x) asks whether there is such a field"
        work.session.say(f"could not ask {unanswered[0]}{more}; {hint}")
    return found
