"""itsm completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
@common_options()
def command(session: Session, shell: str) -> int:
    """Print the script by which a shell completes commands.

    The tab key then completes commands, options, kinds, records, states and rules, those of the repository around you.

    \b
    Example:
      eval "$(itsm completion bash)"        # in ~/.bashrc
      eval "$(itsm completion zsh)"         # in ~/.zshrc, behind compinit
      itsm completion fish | source         # in ~/.config/fish/config.fish
    """
    from itsm_as_code.cli.program import PROGRAM, program
    from itsm_as_code.errors import ItsmError

    found = get_completion_class(shell)
    if found is None:
        raise ItsmError(f"click has no completion for {shell}", remedy=f"ask for one of: {', '.join(_SHELLS)}")
    variable = f"_{PROGRAM.upper()}_COMPLETE"  # as click calls it
    session.write(found(program, {}, PROGRAM, variable).source())
    return 0
