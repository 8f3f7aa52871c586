"""itsm rename."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._records import Work
from itsm_as_code.cli._streams import held
from itsm_as_code.cli.output import Session, write_file
from itsm_as_code.wording import count

if TYPE_CHECKING:
    from itsm_as_code.records.catalogue import Record

_MOST_SHOWN = 10


@click.command("rename")
@click.argument("record_name", metavar="RECORD", shell_complete=_complete.records)
@click.argument("name", metavar="NEW-NAME")
@common_options(output=False)
def command(session: Session, record_name: str, name: str) -> int:
    """Give a record another name, wherever it is named. All of it is written, or nothing.

    What people read is the title, which is set: itsm set RECORD metadata.title=... Other places that hold the
    old name, such as expressions and texts, are listed, to be looked at. In a pull request a rename comes alone: the
    gate asks the owners, and lets also what has ended name it anew.

    \b
    Example:
      itsm rename payments-api card-payments
      itsm rename Team/team-cards team-card-payments
    """
    from itsm_as_code.git.user import tell_of
    from itsm_as_code.records.editing import edited
    from itsm_as_code.records.renaming import places_of, with_name

    work = Work.of(session)
    record = work.record(record_name)
    _refuse(work, record, name)
    _refuse_unread(work)
    places = places_of(work.catalogue, record)
    files: dict[str, bytes] = {}
    files.update(_of_deployers(work, record, name))
    target = record.path.removesuffix(f"{record.name}.yaml") + f"{name}.yaml"
    for other, pointers in places.items():
        read = work.read(other)
        files[other.path] = edited(other.path, read.source, with_name(read.data, pointers, name), other.kind.schema)
    own = next((pointers for other, pointers in places.items() if other.path == record.path), [])
    data = with_name(record.data, [*own, ("metadata", "name")], name)
    source = edited(record.path, record.source, data, record.kind.schema)
    files.pop(record.path, None)
    _write(session.directory, files, record.path, target, source)
    tell_of(session.directory, os.environ, target)
    session.write("".join(f"{path}\n" for path in sorted({*files, target})))
    session.say(f"{record.path} is {target} now; {count(len(files), 'other file')} named it")
    _say_what_is_left(work, record, name, places)
    return 0


def _of_deployers(work: Work, record: Record, name: str) -> Iterator[tuple[str, bytes]]:
    """itsm.yaml with the new name where its deployers deploy a service, or by a model."""
    from itsm_as_code.configuration import PATH
    from itsm_as_code.records.document import parse
    from itsm_as_code.records.editing import edited
    from itsm_as_code.records.renaming import NAMED_BY_DEPLOYERS

    field = NAMED_BY_DEPLOYERS.get(record.id.kind)
    if field is None or PATH not in work.snapshot.entries:
        return
    ((_, source),) = work.snapshot.read_many([PATH])
    data = parse(source) if isinstance(source, bytes) else {}
    named = [item[field] for item in work.configuration.raw.get("deployers", ()) if record.name in item.get(field, ())]
    if isinstance(source, bytes) and named:
        for item in data["spec"]["deployers"]:
            item[field] = [name if one == record.name else one for one in item.get(field, ())]
        yield PATH, edited(PATH, source, data, work.registry.bundled("configuration.schema.json"))


def _refuse(work: Work, record: Record, name: str) -> None:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import RecordId
    from itsm_as_code.records.file_names import is_device
    from itsm_as_code.records.reading import is_name

    if name == record.name:
        raise UsageError(f"{record.id} has that name already", remedy="give another one")
    if not is_name(name) or is_device(name):
        remedy = "1 to 63 lower-case letters, digits and hyphens, and no device of Windows"
        raise UsageError(f"'{name}' is no name for a record", remedy=remedy)
    taken = work.files.records.get(RecordId(record.id.kind, name))
    if taken is not None:
        raise UsageError(f"{taken.path} is there already", remedy="choose another name")
    if record.kind.lifecycle and record.state in record.kind.lifecycle.get("final", ()):
        message = f"{record.name} is {record.state}, and what has ended keeps its name"
        raise UsageError(message, remedy="set its metadata.title only while it lives; leave it as it is")


def _refuse_unread(work: Work) -> None:
    """ItsmError where a file cannot be read: whether it names the record is not known."""
    from itsm_as_code.errors import ItsmError

    read = work.catalogue.by_path
    for finding in work.catalogue.findings:
        if finding.location.path in work.files.by_path and finding.location.path not in read:
            message = f"{finding.location}: {finding.message}, so whether it names the record is not known"
            raise ItsmError(message, remedy=f"mend that first: {finding.remedy}")


def _write(top: Path, files: Mapping[str, bytes], old: str, new: str, source: bytes) -> None:
    """Write all files and move one; what was written is put back where one of them cannot be written."""
    before = {path: (top / path).read_bytes() for path in files}
    modes = {path: (top / path).stat().st_mode & 0o777 for path in (*files, old)}
    with held():
        done: list[str] = []
        try:
            write_file(top / new, source, modes[old])
            for path, content in files.items():
                write_file(top / path, content, modes[path])
                done.append(path)
            (top / old).unlink()
        except BaseException:
            for path in done:
                write_file(top / path, before[path], modes[path])
            (top / new).unlink(missing_ok=True)
            raise


def _say_what_is_left(work: Work, record: Record, name: str, places: Mapping[Record, object]) -> None:
    """Say what the gate will ask, which of the records that named it have ended, and where else the old name stands."""
    from itsm_as_code.records.renaming import KEEPS_NAME

    if record.id.kind in KEEPS_NAME:
        work.session.say(f"{KEEPS_NAME[record.id.kind]}: do this only where it is not")
    ended = [other.name for other in places if other.state in (other.kind.lifecycle or {}).get("final", ())]
    if ended:
        more = f" and {len(ended) - 3} more" if len(ended) > 3 else ""
        work.session.say(
            f"records that have ended named it, too: {', '.join(ended[:3])}{more}; they may change in that alone"
        )
    left = list(_mentions(work, record))
    for place in left[:_MOST_SHOWN]:
        work.session.say(f"look at {place}")
    if len(left) > _MOST_SHOWN:
        work.session.say(f"and at {len(left) - _MOST_SHOWN} more places that hold '{record.name}'")


def _mentions(work: Work, record: Record) -> Iterator[str]:
    """Where the old name stands still, as ``path:line: text``."""
    from itsm_as_code.snapshot import WorkTree

    word = re.compile(rf"(?<![a-z0-9-]){re.escape(record.name)}(?![a-z0-9-])".encode())
    tree = WorkTree(work.session.directory)
    paths = [path for path, entry in tree.entries.items() if entry.is_regular]
    for path, content in tree.read_many(paths):
        if isinstance(content, bytes) and b"\0" not in content and word.search(content):
            for number, line in enumerate(content.splitlines(), 1):
                if word.search(line):
                    yield f"{path}:{number}: {line.decode('utf-8', 'replace').strip()[:80]}"
