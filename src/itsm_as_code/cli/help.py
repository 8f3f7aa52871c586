"""itsm help."""

from __future__ import annotations

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("help")
@click.argument("words", metavar="[COMMAND]...", nargs=-1, shell_complete=_complete.commands)
@common_options()
def command(session: Session, words: tuple[str, ...]) -> int:
    """Show the help of a command, as its --help does.

    \b
    Example:
      itsm help
      itsm help advance
      itsm help policy test
    """
    from itsm_as_code.cli.program import PROGRAM, program
    from itsm_as_code.errors import UsageError

    context = click.Context(program, info_name=PROGRAM, **program.context_settings)
    found: click.Command = program
    for word in words:
        if not isinstance(found, click.Group):
            message = f"'{context.command_path}' has no commands below it"
            raise UsageError(message, remedy=f"{context.command_path} --help")
        name, below, _ = found.resolve_command(context, [word])
        if below is None:  # click says that of no word here
            raise UsageError(f"there is no command '{word}'", remedy=f"{context.command_path} --help")
        found, context = below, click.Context(below, context, info_name=name)
    session.write(f"{found.get_help(context)}\n")
    return 0
