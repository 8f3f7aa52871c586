"""What the tab key completes on a command line: kinds, records, states, and what can be explained."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import split_arg_string

if TYPE_CHECKING:
    from itsm_as_code.cli._records import Work

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def _offering(offer: Callable[[Work, click.Context], Iterable[str]]) -> Complete:
    """A completion by words of the repository that the command line is about; none where it cannot be read."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        from itsm_as_code.errors import ItsmError

        try:
            return [word for word in offer(_work(context), context) if word.startswith(incomplete)]
        except (ItsmError, OSError, StopIteration):  # nobody reads a message in the middle of a line
            return []

    return complete


def _work(context: click.Context) -> Work:
    from itsm_as_code.cli._paths import top_of
    from itsm_as_code.cli._records import Work
    from itsm_as_code.cli.output import Session

    named = context.params.get("directory") or context.find_root().params.get("directory")
    folder = Path(named or Path.cwd())
    return Work.of(Session(top_of(folder), None, quiet=True, verbose=False, called_in=folder))


def _records(work: Work, only: str = "") -> Iterator[str]:
    """Names, and ``Kind/name`` for all: a name alone does not do where several kinds have it."""
    found = [record.id for record in work.files if not only or record.id.kind == only]
    yield from sorted({record.name for record in found})
    if not only:
        yield from sorted(f"{record.kind}/{record.name}" for record in found)


def _states(work: Work, context: click.Context) -> list[str]:
    """The states that the record of the command line can reach, the nearest first."""
    from itsm_as_code.records.lifecycle import way

    record = work.record(next(_words_behind("advance")))
    states = (record.kind.lifecycle or {}).get("transitions", ())
    ways = {state: way(record.kind, record.data, state) for state in states}
    return sorted((state for state, steps in ways.items() if steps), key=lambda state: len(ways[state] or ()))


def _words_behind(name: str) -> Iterator[str]:
    """The words of the line behind a command that are no options, as the shell's script gives them.

    click has them not: it reads no arguments where an option at the end of the line has no value yet.
    """
    words = split_arg_string(os.environ.get("COMP_WORDS", ""))
    behind = words[words.index(name) + 1 :] if name in words else []
    yield from (word for word in behind if not word.startswith("-"))


def _subjects(work: Work, context: click.Context) -> Iterator[str]:
    from itsm_as_code.cli._rules import all_rules
    from itsm_as_code.records.kind_schema import resolve

    yield from all_rules()
    for kind in work.registry:
        yield kind.name
        spec = resolve(kind.schema, kind.schema.get("properties", {}).get("spec", {}))
        yield from (f"{kind.name}.{field}" for field in spec.get("properties", {}))
    yield from _records(work)


def _rules(work: Work, context: click.Context) -> list[str]:
    return work.names(["Policy"])


kinds = _offering(lambda work, context: [*work.registry.kinds])
records = _offering(lambda work, context: _records(work))
changes = _offering(lambda work, context: _records(work, "Change"))
services = _offering(lambda work, context: _records(work, "Service"))
states = _offering(_states)
subjects = _offering(_subjects)
policies = _offering(_rules)


def commands(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The commands below those that stand on the line already."""
    from itsm_as_code.cli.program import program

    group: Any = program
    for word in context.params.get(parameter.name or "") or ():
        group = group.get_command(context, word) if isinstance(group, click.Group) else None
    names = group.list_commands(context) if isinstance(group, click.Group) else ()
    return [name for name in names if name.startswith(incomplete)]
