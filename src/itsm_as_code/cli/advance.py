"""itsm advance."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli import _complete, _prompts
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._records import Work
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.records.blank import Question
    from itsm_as_code.records.catalogue import Record


@click.command("advance")
@click.argument("record_name", metavar="RECORD", shell_complete=_complete.records)
@click.option(
    "--to",
    "target",
    metavar="STATE",
    shell_complete=_complete.states,
    help="The state to reach; where one alone comes next, it needs no name.",
)
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE", help="A value, such as actual.start=now.")
@common_options(output=False)
def command(session: Session, record_name: str, target: str | None, assignments: tuple[str, ...]) -> int:
    """Take a record along its lifecycle, by the shortest way.

    In a terminal it asks for what the states on the way need; elsewhere give it with --set. Comments and order of the
    file stay, and nothing is written unless the record has all that each state on the way needs.

    \b
    Example:
      itsm advance chg-20261201-db --to scheduled
      itsm advance chg-20261201-db --to closed --set "actual.start=2026-12-01 20:02" --set result=successful
    """
    work = Work.of(session)
    record = work.record(record_name)
    data = copy.deepcopy(record.data)
    work.assign(record.kind, data, assignments)
    asks = _prompts.can_ask(session)
    way = _way(record, data, target, asks)
    if _fill_in(work, record, data, way) or _decide(work, record, data, way, asks):
        way = _way(record, data, way[-1], asks)  # what became of it says by which way
    _hold(work, record, data, way, asks)
    if len(way) > 1:
        session.say(f"by way of {' -> '.join(way[:-1])}")
    return 0 if work.save(record, _entering(record, data, way[-1]).data) else 1


def _field(record: Record) -> tuple[str, ...]:
    from itsm_as_code.findings import parse_pointer

    return parse_pointer((record.kind.lifecycle or {})["field"])


def _way(record: Record, data: dict[str, Any], target: str | None, asks: bool) -> list[str]:
    """The states to pass, the last of which is meant. UsageError where there is no way, or it is not clear which."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean, with_article
    from itsm_as_code.records.catalogue import get
    from itsm_as_code.records.diff import RecordDiff
    from itsm_as_code.records.lifecycle import next_states, way
    from itsm_as_code.records.lifecycle_path import border

    kind, what = record.kind, with_article(record.kind.title.lower())
    if kind.lifecycle is None:
        raise UsageError(f"{what} has no states", remedy=f"itsm set {record.name} PATH=VALUE")
    field, states = ".".join(_field(record)), list(kind.lifecycle["transitions"])
    if get(data, _field(record)) != record.state:
        raise UsageError(f"--set {field}: the state is no value to be set", remedy="name it with --to STATE")
    if record.state not in states:
        raise UsageError(
            f"{field} is {record.state!r}, which is no state of {what}", remedy=f"states: {', '.join(states)}"
        )
    following = next_states(kind, data, record.state)
    if not following:
        raise UsageError(f"{record.name} is {record.state}, where its life ends", remedy="raise a new record instead")
    if target is None and len(following) > 1 and not asks:
        remedy = f"say which: --to {following[0]}, or a state further on"
        raise UsageError(f"from {record.state} {what} goes to {' or '.join(following)}", remedy=remedy)
    if target is None:
        target = following[0] if len(following) == 1 else _prompts.choice("to", following)
    if target == record.state:
        raise UsageError(f"{record.name} is {target} already", remedy=f"from there it goes to: {', '.join(following)}")
    if target not in states:
        remedy = did_you_mean(target, states) or f"states: {', '.join(states)}"
        raise UsageError(f"there is no state '{target}'", remedy=remedy)
    found = way(kind, data, target)
    if found is None:
        message = f"no way leads from {record.state} to {target} for {record.name}"
        raise UsageError(message, remedy=f"from {record.state} it goes to: {', '.join(following)}")
    crossed = border(kind.lifecycle, RecordDiff(record.id, record, _entering(record, data, target), ()))
    if crossed is not None:
        message = f"{record.name} cannot go from {record.state} to {target} in one pull request"
        raise UsageError(message, remedy=crossed["message"])
    return found


def _entering(record: Record, data: dict[str, Any], state: str) -> Record:
    """The record with other data, in a state."""
    entered: Any = copy.deepcopy(data)
    place = entered
    *above, last = _field(record)
    for part in above:
        place = place[part]
    place[last] = state
    return replace(record, data=entered)


def _fill_in(work: Work, record: Record, data: dict[str, Any], way: list[str]) -> bool:
    """Put in what deployment statements say of a change, where the states on the way need it and nobody said it.

    Whether they say anything.
    """
    from itsm_as_code.cli._deployed import lines_about
    from itsm_as_code.records.blank import on_the_way

    wanted = {question.path[1] for question in on_the_way(record.kind, data, way)}
    if record.id.kind != "Change" or wanted.isdisjoint(("actual", "result")):
        return False
    lines = lines_about(work.session.directory, work.configuration, [record])
    if not lines:
        return False
    from itsm_as_code.assurance.deployed import deployed_of

    found = deployed_of(replace(record, data=data), lines)
    if found is not None:
        data["spec"].update({key: value for key, value in found.fields.items() if key in wanted})
        work.session.say(f"as was stated when it was deployed: {', '.join(found.lines)}")
    return found is not None


def _deciding(record: Record, data: dict[str, Any], way: list[str]) -> list[Question]:
    """What is lacking that says by which of several ways a record goes, such as how a change ended."""
    from itsm_as_code.findings import parse_pointer
    from itsm_as_code.records.blank import on_the_way

    outcomes = (record.kind.lifecycle or {}).get("outcomes", {})
    fields = {parse_pointer(pointer) for condition in outcomes.values() for pointer in condition}
    return [question for question in on_the_way(record.kind, data, way) if question.path in fields]


def _decide(work: Work, record: Record, data: dict[str, Any], way: list[str], asks: bool) -> bool:
    """Ask first for what decides the way, so that nobody is asked for what another one needs. Whether it was asked."""
    if not asks or not _deciding(record, data, way):
        return False
    interview = _prompts.Interview(work, record.kind, data, partial(_suggested, work, record))
    interview.hold(lambda: _deciding(record, data, way))
    return True


def _likely(work: Work, record: Record, data: dict[str, Any], way: list[str]) -> list[Question]:
    """What is lacking where it went as is suggested: only then do all suggestions go together."""
    from itsm_as_code.records.blank import assign, on_the_way

    decisive, supposed = _deciding(record, data, way), copy.deepcopy(data)
    for question in decisive:
        text = _suggested(work, record, question) or question.example or ""
        assign(record.kind, supposed, question.dotted, text)
    lacking = on_the_way(record.kind, supposed, _way(record, supposed, way[-1], asks=False))
    wanted = {question.path for question in (*decisive, *lacking)}
    return [question for question in on_the_way(record.kind, data, way) if question.path in wanted]


def _hold(work: Work, record: Record, data: dict[str, Any], way: list[str], asks: bool) -> None:
    """Ask for what the states on the way need. UsageError where nobody can be asked."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.records.blank import on_the_way
    from itsm_as_code.records.editing import edited

    def suggest(question: Question) -> str:
        return _suggested(work, record, question)

    def lacking() -> list[Question]:
        return on_the_way(record.kind, data, way)

    if not asks and (found := _likely(work, record, data, way)):
        fresh = replace(record, data=data, content=edited(record.path, record.source, data, record.kind.schema))
        work.tell(fresh, work.about_given(fresh))
        values = "value" if len(found) == 1 else "values"
        message = f"to be {way[-1]}, {record.name} needs {len(found)} more {values}"
        raise UsageError(message, remedy=_prompts.missing(work, found, suggest))
    _prompts.Interview(work, record.kind, data, suggest).hold(lacking)


def _suggested(work: Work, record: Record, question: Question) -> str:
    """Work was done as planned, until somebody says otherwise; other times of a step are those at which it is told."""
    from itsm_as_code.records.blank import form_of
    from itsm_as_code.records.catalogue import get

    now = work.times.written(work.times.now)
    if question.path[1:-1] == ("actual",):
        planned = get(record.data, ("spec", "schedule", question.path[-1]), now)
        return planned if _is_past(planned, work) else now
    if question.path[1:-1] == ("schedule",) and record.id.kind == "Change":
        return str((work.free_window(record.data) or {}).get(question.path[-1], ""))
    form = form_of(record.kind, question.path).get("format")
    if form == "itsm-instant":
        return now if question.path[-1].endswith("At") else ""
    return work.times.day("today") if form == "itsm-date" else ""


def _is_past(text: str, work: Work) -> bool:
    from itsm_as_code.clock import parse_instant

    try:
        return parse_instant(text) <= work.times.now
    except ValueError:
        return False
