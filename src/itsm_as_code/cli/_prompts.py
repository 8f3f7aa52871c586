"""Questions in a terminal: lines that can be edited, names completed, asked again until the answer fits."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli._records import Work
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.records.blank import Question
    from itsm_as_code.records.kinds import Kind

Data = dict[str, Any]
_MOST_OFFERED = 12


def can_ask(session: Session) -> bool:
    """Whether somebody sits before a terminal who can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty() and not session.quiet


def line(prompt: str, default: str = "", offered: Iterable[str] = ()) -> str:
    """What somebody says to a prompt; on an empty line the default, and without one it is asked again.

    The line can be edited, and the tab key completes what is offered, where Python has readline. click.Abort at the
    end of input.
    """
    _completing(sorted(offered))
    shown = f"{prompt} [{default}]: " if default else f"{prompt}: "
    while True:
        try:
            said = input(shown).strip() or default
        except EOFError:
            raise click.Abort from None
        if said:
            return said


def _completing(words: Sequence[str]) -> None:
    try:
        import readline
    except ImportError:  # Windows has none
        return

    def complete(text: str, number: int) -> str | None:
        found = [word for word in words if word.startswith(text)]
        return found[number] if number < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" ,")
    readline.set_auto_history(False)
    is_libedit = "libedit" in (readline.__doc__ or "")  # as on macOS
    readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")


def choice(prompt: str, words: Sequence[str]) -> str:
    """One of several words; the first of them on an empty line."""
    while True:
        said = line(prompt, words[0], words)
        if said in words:
            return said
        click.echo(f"  '{said}' is none of: {', '.join(words)}", err=True)


@dataclass(frozen=True)
class Interview:
    """Asks for what a record lacks. ``suggest`` gives the answer that is taken for an empty line, or nothing."""

    work: Work
    kind: Kind
    data: Data
    suggest: Callable[[Question], str]

    def hold(self, questions: Callable[[], Sequence[Question]]) -> None:
        """Ask the first of the questions until there is none: an answer can make another question necessary."""
        while found := questions():
            self._answer(found[0])

    def _answer(self, question: Question) -> None:
        from itsm_as_code.errors import UsageError
        from itsm_as_code.records.blank import assign

        if question.alternatives:
            click.echo(f"\n{question.title}: {question.description}", err=True)
            ways = {item.path[-1]: item for item in question.alternatives}
            question = ways[choice("one of", list(ways))]
        while True:
            try:
                assign(self.kind, self.data, question.dotted, self._ask(question), self.work.times)
            except UsageError as error:
                click.echo(f"  {error.message}; {error.remedy}", err=True)
                continue
            wrong = next(self._wrong(question), None)
            if wrong is None:
                return
            click.echo(f"  {wrong}", err=True)

    def _ask(self, question: Question) -> str:
        click.echo(f"\n{question.title}: {question.description}", err=True)
        offered = list(question.choices) or self.work.names(question.references)
        if offered:
            more = len(offered) - _MOST_OFFERED
            shown = ", ".join(offered[:_MOST_OFFERED]) + (f" and {more} more" if more > 0 else "")
            click.echo(f"  one{' or more, with commas,' if question.is_list else ''} of: {shown}", err=True)
        elif question.example:
            click.echo(f"  for example: {question.example}", err=True)
        return line(question.dotted, self.suggest(question), offered)

    def _wrong(self, question: Question) -> Iterator[str]:
        """What speaks against the answer to a question."""
        from itsm_as_code.findings import RecordId
        from itsm_as_code.records.catalogue import Record

        for problem in self.kind.validator.problems(self.data):
            if tuple(map(str, problem.pointer))[: len(question.path)] == question.path:
                yield f"{problem.message}; {problem.remedy}"
        record = Record(RecordId(self.kind.name, ""), self.kind, self.data, "", b"")
        for finding in self.work.dangling(record):
            if tuple(map(str, finding.location.pointer or ()))[: len(question.path)] == question.path:
                yield f"{finding.message}; {finding.remedy}"


def missing(work: Work, questions: Iterable[Question], suggest: Callable[[Question], str]) -> str:
    """What to add to the command line for questions that nobody can be asked: assignments that would do."""
    used: set[str] = set()
    found = []
    for question in questions:
        question = question.alternatives[0] if question.alternatives else question
        names = work.names(question.references)
        fresh = [name for name in names if name not in used] or names
        used.update(fresh[:1])
        examples = [question.example] if question.example in (question.choices or (question.example,)) else []
        value = next(filter(None, (suggest(question), *fresh, *examples, *question.choices)), "...")
        found.append(f"--set {shlex.quote(f'{question.dotted}={value}')}")
    return "  ".join(found)
