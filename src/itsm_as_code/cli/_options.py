"""Groups of options: each reaches a command as one value, those that every command has as its session."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from itsm_as_code.cli._paths import top_of
from itsm_as_code.cli._progress import shown_on
from itsm_as_code.cli.output import Session
from itsm_as_code.progress import listening
from itsm_as_code.reports import formats

Function = TypeVar("Function", bound=Callable[..., Any])


_SURROGATE = re.compile("[\ud800-\udfff]")


class ForgeChoice(click.Choice[str]):
    """A choice of forges; ``forgejo`` is read as ``gitea``, whose API and workflows it has."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(forge_named(value), param, ctx)


def forge_named(said: str) -> str:
    """``gitea`` for ``forgejo``; any other name as it is."""
    return "gitea" if said == "forgejo" else said


def option_group(name: str, make: Callable[..., Any], *options: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """Adds options to a command, which gets as ``name`` what ``make`` makes of their values (given by name)."""

    def decorate(function: Function) -> Function:
        @wraps(function)
        def wrapped(**given: Any) -> Any:
            values = {key: given.pop(key) for key in own}
            return function(**given, **{name: make(**values)})

        parameters: list[click.Parameter] = vars(wrapped).setdefault("__click_params__", [])
        others = len(parameters)
        for option in reversed(options):
            option(wrapped)
        own = [parameter.name for parameter in parameters[others:]]
        return wrapped  # type: ignore[return-value]

    return decorate


def common_options(report: str = "", *, output: bool = True) -> Callable[[Function], Function]:
    """The options that every command has, ``--format`` with the formats of a report; it gets them as ``session``."""
    path = click.Path(path_type=Path)
    options = [
        click.option("-C", "directory", type=path, metavar="DIR", help="Work in this folder."),
        click.option("--now", metavar="INSTANT", help="Judge as of exactly this instant (RFC 3339)."),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but the result."),
        click.option("-v", "--verbose", is_flag=True, help="Say more."),
    ]
    if output:
        options.append(click.option("-o", "--output", type=path, metavar="FILE", help="Write there."))
    if report:
        known = click.Choice(formats(report))
        options.append(
            click.option("--format", type=known, default="text", show_default=True, help="Form of the output.")
        )
    return option_group("session", _session, *options)


def check_text(values: Iterable[Any], remedy: str = "write it in a terminal whose encoding is UTF-8") -> None:
    """UsageError for text that is not UTF-8: no record, rule or workflow can hold it. A Path may be of any bytes."""
    for value in values:
        if isinstance(value, (tuple, list)):
            check_text(value)
        elif isinstance(value, str) and not value.isprintable() and _SURROGATE.search(value):
            from itsm_as_code.errors import UsageError
            from itsm_as_code.reports.escape import terminal

            raise UsageError(f"'{terminal(value)[:80]}' is not UTF-8", remedy=remedy)


def _session(directory: Path | None, **others: Any) -> Session:
    context = click.get_current_context()
    check_text(context.params.values())
    called_in = directory or (context.obj or {}).get("directory") or Path.cwd()
    context.with_resource(shown_on(sys.stderr, quiet=others["quiet"]))
    session = Session(top_of(called_in), called_in=called_in, **others)
    context.with_resource(listening(lambda note, matters: session.say(note) if matters or session.verbose else None))
    return session
