"""The command line: one module for each command, which parses, calls, prints and exits; nothing else imports click."""

from __future__ import annotations

import sys

from itsm_as_code import __version__

PROGRAM = "itsm"


def main(arguments: list[str] | None = None) -> None:
    """Run the program and leave with its exit code: 0 yes, 1 no, 2 could not do it, 130 interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments in (["--version"], ["-V"]):  # the one question that needs nothing loaded
        sys.stdout.write(f"{PROGRAM} {__version__}\n")
        return
    try:
        from itsm_as_code.cli.program import run

        code = run(arguments)
    except KeyboardInterrupt:  # while the program was still being loaded
        code = 130
    sys.exit(code)
