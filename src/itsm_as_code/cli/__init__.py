"""The command line: one module for each command, which parses, calls, prints and exits; nothing else imports click."""

from __future__ import annotations

import gc
import sys

from itsm_as_code import __version__

_ALLOCATED = 50_000
"""Objects after which the collector looks for cycles: after 700, as Python has it, that is a tenth of most commands."""


def main(arguments: list[str] | None = None) -> None:
    """Run the program and leave with its exit code: 0 yes, 1 no, 2 could not do it, 130 interrupted.

    Whoever gives ``arguments`` gets SystemExit.
    """
    if arguments is None:
        gc.set_threshold(_ALLOCATED)
    try:
        from itsm_as_code.cli import _streams

        _streams.prepare()
        code = _run(sys.argv[1:] if arguments is None else arguments)
        problem = _streams.finish()
    except KeyboardInterrupt:  # while the program was still being loaded, or had ended
        code, problem = 130, ""
    except OSError as error:
        code, problem = 2, error.strerror or str(error)
    if problem and code != 130:
        sys.stderr.write(f"itsm: cannot write to standard output: {problem}\n")
        code = 2
    if arguments is None:
        from itsm_as_code.cli import _streams  # whose loading may have been interrupted

        _streams.leave(code)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    if arguments in (["--version"], ["-V"]):  # the one question that needs nothing loaded
        from itsm_as_code.cli import _streams

        _streams.show(f"itsm {__version__}\n", is_data=False)
        return 0
    from itsm_as_code.cli.program import run

    return run(arguments)
