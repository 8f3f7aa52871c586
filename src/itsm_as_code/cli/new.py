"""itsm new."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session, write_file

if TYPE_CHECKING:
    from itsm_as_code.records.blank import Question
    from itsm_as_code.records.catalogue import Catalogue
    from itsm_as_code.records.kinds import Kind


@click.command("new")
@click.argument("kind_name", metavar="KIND")
@click.argument("name", required=False)
@click.option("--title", help="What people call it; the name is made of it when you give none.")
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE", help="A value, such as owner=team-payments.")
@common_options(output=False)
def command(session: Session, kind_name: str, name: str | None, title: str | None, assignments: tuple[str, ...]) -> int:
    """Write a new record. In a terminal it asks for what is required; elsewhere give it with --set.

    A Change gets the name chg-YYYYMMDD-<title> and lies in the folder of its day.

    \b
    Example:
      itsm new Change --title "Rotate the ledger's certificates"
      itsm new Team team-billing --title Billing --set members=alice,bob --set lead=alice
    """
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean, with_article
    from itsm_as_code.records.blank import assign, place, questions, skeleton
    from itsm_as_code.validation import load_rule_set

    rule_set = load_rule_set(session.snapshot())
    catalogue, registry = rule_set.catalogue, rule_set.registry
    if not catalogue.records and not (session.directory / "itsm.yaml").exists():
        raise session.no_records()
    kind = next((kind for kind in registry if kind.name.casefold() == kind_name.casefold()), None)
    if kind is None:
        remedy = did_you_mean(kind_name, registry.kinds) or f"kinds: {', '.join(registry.kinds)}"
        raise UsageError(f"there is no kind '{kind_name}'", remedy=remedy)
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not session.quiet
    now = session.instant(rule_set.configuration.as_of)
    name, title = _named(kind, name, title, asks, now)
    data = skeleton(kind, name, title)
    for item in assignments:
        path, equals, value = item.partition("=")
        if not equals:
            raise UsageError(f"--set {item}: there is no '='", remedy="write --set path=value")
        assign(kind, data, path, value)
    if data["metadata"].get("name") != name:
        raise UsageError("the name stands in 'metadata' and in the name of the file", remedy="give it as NAME")
    open_questions = list(questions(kind, data))
    if open_questions and not asks:
        needed = "  ".join(f"--set {shlex.quote(item)}" for item in _suggestions(open_questions, catalogue))
        values = "value" if len(open_questions) == 1 else "values"
        raise UsageError(f"{with_article(kind.title.lower())} needs {len(open_questions)} more {values}", remedy=needed)
    while open_questions:  # one at a time, for an answer can make another question necessary
        _answer(open_questions[0], kind, data, catalogue)
        open_questions = list(questions(kind, data))
    return _save(session, kind, data, place(kind, name, now.date()), catalogue)


def _suggestions(open_questions: Iterable[Question], catalogue: Catalogue) -> Iterator[str]:
    """Assignments that would do: records that exist, another one for each question, the schema's example, a choice."""
    used: set[str] = set()
    for question in open_questions:
        question = question.alternatives[0] if question.alternatives else question
        names = sorted(name for kind in question.references for name in catalogue.names(kind))
        fresh = [name for name in names if name not in used] or names
        used.update(fresh[:1])
        examples = [question.example] if question.example in (question.choices or (question.example,)) else []
        yield f"{question.dotted}={next(filter(None, (*fresh, *examples, *question.choices)), '...')}"


def _named(kind: Kind, name: str | None, title: str | None, asks: bool, now: datetime) -> tuple[str, str]:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.records.blank import slug

    if name is None and title is None:
        if not asks:
            raise UsageError("the record has neither name nor title", remedy="give NAME, or --title")
        title = click.prompt("Title (one line, as people would say it)")
    if name is None:
        title = title or ""
        name = slug(f"chg-{now:%Y%m%d}-{title}" if kind.name == "Change" else title)
        if not name:
            raise UsageError(f"'{title}' leaves no name of ASCII letters and digits", remedy="give a NAME as well")
    return name, title or name.replace("-", " ").capitalize()


def _answer(question: Question, kind: Kind, data: dict[str, Any], catalogue: Catalogue) -> None:
    """Ask until the answer fits the schema."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.records.blank import assign

    if question.alternatives:
        click.echo(f"\n{question.title}: {question.description}", err=True)
        ways = {choice.path[-1]: choice for choice in question.alternatives}
        question = ways[click.prompt("one of", type=click.Choice(list(ways)), default=next(iter(ways)), err=True)]
    while True:
        try:
            assign(kind, data, question.dotted, _ask(question, catalogue))
        except UsageError as error:
            click.echo(f"  {error.message}; {error.remedy}", err=True)
            continue
        problems = kind.validator.problems(data)
        wrong = [p for p in problems if tuple(map(str, p.pointer))[: len(question.path)] == question.path]
        if not wrong:
            return
        click.echo(f"  {wrong[0].message}; {wrong[0].remedy}", err=True)


def _ask(question: Question, catalogue: Catalogue) -> str:
    click.echo(f"\n{question.title}: {question.description}", err=True)
    offered = list(question.choices) or [name for kind in question.references for name in catalogue.names(kind)]
    if offered:
        shown = ", ".join(sorted(offered)[:12]) + (f" and {len(offered) - 12} more" if len(offered) > 12 else "")
        click.echo(f"  one{' or more, with commas,' if question.is_list else ''} of: {shown}", err=True)
    elif question.example:
        click.echo(f"  for example: {question.example}", err=True)
    return str(click.prompt(question.dotted, err=True))


def _save(session: Session, kind: Kind, data: dict[str, Any], file: str, catalogue: Catalogue) -> int:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import Finding, RecordId
    from itsm_as_code.records.catalogue import Record, stamp
    from itsm_as_code.records.positions import place_findings
    from itsm_as_code.records.reading import RECORD_SCHEMA
    from itsm_as_code.records.writer import dump
    from itsm_as_code.reports.findings import finding_text

    name = data["metadata"]["name"]
    taken = catalogue.records.get(RecordId(kind.name, name))
    path = session.directory / file
    if taken is not None or path.exists():
        raise UsageError(f"{taken.path if taken else file} is there already", remedy="choose another name")
    own = Path("schemas") / Path(kind.path).name
    depth = file.count("/")
    comment = "../" * depth + own.as_posix() if (session.directory / own).is_file() else None
    source = dump(data, schema_comment=comment, schema=kind.schema)
    record = Record(RecordId(kind.name, name), kind, data, file, source)
    findings: list[Finding] = [stamp(RECORD_SCHEMA, record, problem) for problem in kind.validator.problems(data)]
    fits = not findings
    if fits:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, source)
        session.write(f"{file}\n")
        findings = list(catalogue.dangling(record))  # said at once; the record may name one that is yet to be written
    for finding in place_findings(findings, {file: source}):
        click.echo(finding_text(finding, {file: source}), err=True)
    if not fits:
        session.say("nothing was written")
    return 0 if fits else 1
