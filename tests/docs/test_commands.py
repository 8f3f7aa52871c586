"""Every itsm command that a page shows exists, with the options that it is shown with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from itsm_as_code.cli.program import LazyGroup, program
from tests.docs.pages import PAGES, ROOT, blocks, name, prose

# Templates that `itsm init` writes, and the examples in the help texts (which the generated reference repeats).
TEXTS = [*PAGES, ROOT / "src/itsm_as_code/starter/README.md"]
_INLINE = re.compile(r"`(itsm [^`\n]+)`")
_START = re.compile(r"(?:^|[\s(|;&])itsm (?=[^\s])")


@pytest.mark.parametrize("page", TEXTS, ids=name)
def test_commands_exist(page: Path) -> None:
    wrong = {command: problem for command in _commands(page) if (problem := _problem(command))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("itsm validate --format json", ""),
        ("itsm -C shop validate services | tail -1", ""),
        ("itsm policy test change-lead-time -v", ""),
        ("itsm vlidate", "no such command"),
        ("itsm validate --formats json", "No such option"),
        ("itsm validate --format xml", "'xml' is not one of"),
    ],
)
def test_a_wrong_command_is_found(command: str, problem: str) -> None:
    assert problem in _problem(command) if problem else _problem(command) == ""


def _commands(page: Path) -> Iterator[str]:
    for language, body in blocks(page):
        if language in ("sh", "yaml"):
            joined = body.replace("\\\n", " ")
            for line in joined.splitlines():
                match = _START.search(line.partition(" #")[0])
                if match and not line.lstrip().startswith(("#", "- id:", "name:")):
                    yield line[match.end() - len("itsm ") :]
    yield from _INLINE.findall(prose(page))
    for line in prose(page).splitlines():  # code blocks by indentation
        if line.startswith("    itsm "):
            yield line.strip()


def _problem(line: str) -> str:
    """What is wrong with a command line; empty when it parses."""
    words = _words(line)
    command: click.Command = program
    context = click.Context(program, info_name="itsm")
    words = words[1:]
    while isinstance(command, click.Group):
        while words and words[0] in ("-C",):
            words = words[2:]
        words = command.with_default(words) if isinstance(command, LazyGroup) else words
        if not words or words[0] in ("--version", "--help", "-V", "-h"):
            return ""
        below = command.get_command(context, words[0])
        if below is None:
            return f"no such command: {words[0]}"
        command, words = below, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    try:
        options, _, _ = command.make_parser(context).parse_args(words)
        for parameter in command.params:
            value = options.get(parameter.name or "")
            if isinstance(parameter.type, click.Choice) and isinstance(value, str):
                parameter.type.convert(value, parameter, context)
    except click.UsageError as error:
        return error.format_message()
    return ""


def _words(line: str) -> list[str]:
    """The words of the first command of a line, up to a pipe, a redirection, a comment or another command."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    reader.whitespace_split = True
    words: list[str] = []
    for word in reader:
        if set(word) <= set("|&;<>()"):
            break
        words.append(word)
    return words
