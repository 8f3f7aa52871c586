"""itsm new."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli import _complete, _prompts
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._records import Work
from itsm_as_code.cli.output import Session, write_file

if TYPE_CHECKING:
    from datetime import datetime

    from itsm_as_code.records.blank import Question
    from itsm_as_code.records.catalogue import Record
    from itsm_as_code.records.kinds import Kind

Data = dict[str, Any]


@click.command("new")
@click.argument("kind_name", metavar="KIND", shell_complete=_complete.kinds)
@click.argument("name", required=False)
@click.option("--title", help="What people call it; the name is made of it when you give none.")
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE", help="A value, such as owner=team-payments.")
@common_options(output=False)
def command(session: Session, kind_name: str, name: str | None, title: str | None, assignments: tuple[str, ...]) -> int:
    """Write a new record. In a terminal it asks for what is required; elsewhere give it with --set.

    A Change gets the name chg-YYYYMMDD-<title> and lies in the folder of its day. The requester is whom git says you
    are. Times may be local: "tomorrow 20:00". What the next state will need is written as comments, a Change's window
    with the next free slot. A name that no record has is refused.

    \b
    Example:
      itsm new Change --title "Rotate the ledger's certificates"
      itsm new Team team-billing --title Billing --set members=alice,bob --set lead=alice
    """
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import with_article
    from itsm_as_code.records.blank import place, questions, skeleton

    work = Work.of(session)
    kind = work.kind(kind_name)
    asks = _prompts.can_ask(session)
    name, title = _named(kind, name, title, asks, work.times.now)
    data, file = skeleton(kind, name, title), place(kind, name, work.times.now.date())
    _refuse_taken(work, kind, name, file)
    work.assign(kind, data, assignments)
    if data["metadata"].get("name") != name:
        raise UsageError("the name stands in 'metadata' and in the name of the file", remedy="give it as NAME")
    suggestions = _Suggestions(work, kind, data, asks)
    if not asks:
        suggestions.fill_in()
        if lacking := list(questions(kind, data)):
            record = _record(work, kind, data, file)
            work.tell(record, work.about_given(record))
            values = "value" if len(lacking) == 1 else "values"
            message = f"{with_article(kind.title.lower())} needs {len(lacking)} more {values}"
            raise UsageError(message, remedy=_prompts.missing(work, lacking, suggestions.answer))
    _prompts.Interview(work, kind, data, suggestions.answer).hold(lambda: list(questions(kind, data)))
    return _save(work, kind, data, file, suggestions.value)


class _Suggestions:
    """What stands to reason for a field of a new record."""

    def __init__(self, work: Work, kind: Kind, data: Data, asks: bool) -> None:
        self._work, self._kind, self._data, self._asks = work, kind, data, asks

    def fill_in(self) -> None:
        """Put in who asks, where somebody has to and nobody is named."""
        has_requester = "requester" in self._kind.schema["properties"]["spec"].get("properties", {})
        if has_requester and "requester" not in self._data["spec"] and (person := self._user()):
            self._data["spec"]["requester"] = person
            self._work.session.say(f"spec.requester: {person}, who you are by git's user.email")

    def answer(self, question: Question) -> str:
        """A suggestion for the answer to a question; empty where there is none."""
        if question.path == ("spec", "requester"):
            return self._user()
        if question.path[:2] == ("spec", "schedule") and len(question.path) == 3:
            return str((self.value("schedule") or {}).get(question.path[2], ""))
        is_moment = self._asks and question.path[-1].endswith("At")
        return self._work.times.written(self._work.times.now) if is_moment else ""

    def value(self, field: str) -> Any:
        """A value for a field of ``spec``, or None."""
        if self._kind.name == "Change" and field == "schedule":
            return self._work.free_window(self._data)
        return None

    def _user(self) -> str:
        """The person whose address git gives commits here; empty where that is nobody, or not one alone."""
        from itsm_as_code.git.user import address
        from itsm_as_code.records.identities import address_key

        wanted = address_key(address(self._work.session.directory, os.environ))
        if not wanted:
            return ""
        people = map(self._work.read, (record for record in self._work.files if record.id.kind == "Person"))
        found = [item.name for item in people if wanted in map(address_key, map(str, item.spec.get("emails", ())))]
        return found[0] if len(found) == 1 else ""


def _named(kind: Kind, name: str | None, title: str | None, asks: bool, now: datetime) -> tuple[str, str]:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.records.blank import slug

    if name is None and title is None:
        if not asks:
            raise UsageError("the record has neither name nor title", remedy="give NAME, or --title")
        title = _prompts.line("Title (one line, as people would say it)")
    if name is None:
        title = title or ""
        name = slug(f"chg-{now:%Y%m%d}-{title}" if kind.name == "Change" else title)
        if not name:
            raise UsageError(f"'{title}' leaves no name of ASCII letters and digits", remedy="give a NAME as well")
    return name, title or name.replace("-", " ").capitalize()


def _refuse_taken(work: Work, kind: Kind, name: str, file: str) -> None:
    """UsageError where the name is taken: said before anything is asked."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import RecordId

    taken = work.files.records.get(RecordId(kind.name, name))
    if taken is not None or (work.session.directory / file).exists():
        raise UsageError(f"{taken.path if taken else file} is there already", remedy="choose another name")


def _record(work: Work, kind: Kind, data: Data, file: str) -> Record:
    """The record as its file will hold it."""
    from itsm_as_code.findings import RecordId
    from itsm_as_code.records.catalogue import Record
    from itsm_as_code.records.writer import dump

    own = Path("schemas") / Path(kind.path).name
    comment = "../" * file.count("/") + own.as_posix() if own.as_posix() in work.snapshot.entries else None
    source = dump(data, schema_comment=comment, schema=kind.schema)
    return Record(RecordId(kind.name, data["metadata"]["name"]), kind, data, file, source)


def _save(work: Work, kind: Kind, data: Data, file: str, suggest: Callable[[str], Any]) -> int:
    from itsm_as_code.git.user import tell_of
    from itsm_as_code.records.reminders import reminders

    record = _record(work, kind, data, file)
    if work.refused(record):
        return 1
    lines = list(reminders(kind, data, suggest))
    path = work.session.directory / file
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, record.source + "".join(f"  {line}\n" for line in lines).encode())
    tell_of(work.session.directory, os.environ, file)
    work.session.write(f"{file}\n")
    if lines:
        work.session.say(f"then 'itsm advance {record.name}' asks for what stands there as comments")
    return 0
