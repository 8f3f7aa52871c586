"""The program's frame: finding commands, and what becomes of errors."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
from pathlib import Path
from typing import Any

import click

from itsm_as_code import __version__
from itsm_as_code.cli import _streams
from itsm_as_code.errors import ItsmError

PROGRAM = "itsm"
_FRAME = {"program", "output"}
_OWN = "itsm_as_code"


class LazyGroup(click.Group):
    """Commands are the modules of a package; a module is imported when its command is asked for.

    ``package`` is the package's name. A module whose name begins with an underscore is no command. Where no command is
    named, it is ``default``, if there is one.
    """

    def __init__(self, *arguments: Any, package: str, default: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._package = package
        self.default = default

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(context, self.with_default(args))

    def with_default(self, args: list[str]) -> list[str]:
        """Arguments that name a command, if these do not and are not a call for help."""
        is_named = bool(args) and (not args[0].startswith("-") or args[0] in ("-h", "--help"))
        return args if is_named or not self.default else [self.default, *args]

    def list_commands(self, context: click.Context) -> list[str]:
        names = [info.name for info in pkgutil.iter_modules(importlib.import_module(self._package).__path__)]
        return sorted({name.rstrip("_").replace("_", "-") for name in names if name[0] != "_"} - _FRAME)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        module = name.replace("-", "_")
        for candidate in (module, f"{module}_"):
            if name in self.list_commands(context) and importlib.util.find_spec(f"{self._package}.{candidate}"):
                return importlib.import_module(f"{self._package}.{candidate}").command  # type: ignore[no-any-return]
        return None

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(context, args)
        except click.UsageError as error:
            import difflib

            close = difflib.get_close_matches(args[0], self.list_commands(context), n=1)
            hint = f" Did you mean '{close[0]}'?" if close else f" Commands: {', '.join(self.list_commands(context))}."
            raise click.UsageError(f"no command '{args[0]}'.{hint}", context) from error


@click.group(
    cls=LazyGroup,
    package=__package__,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.option("-C", "directory", type=click.Path(path_type=Path), metavar="DIR", help="Work in this folder.")
@click.pass_context
def program(context: click.Context, directory: Path | None) -> None:
    """IT service management as code: validate records, judge pull requests, publish the site.

    \b
    Example:
      itsm validate
      itsm gate --base main --head my-change --reviews reviews.json
      itsm build -o site/
    """
    context.ensure_object(dict)["directory"] = directory


def run(arguments: list[str]) -> int:
    """Run the program on some arguments and give its exit code."""
    try:
        result = program.main(arguments, prog_name=PROGRAM, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write(_streams.INTERRUPTED)
        return 130
    except Exception as error:
        return _explained(error, arguments)


def _explained(error: Exception, arguments: list[str]) -> int:
    """Say what went wrong; gives the exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        sys.stderr.write(f"{error.format_message()}\n")
    elif isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        hint = f" Try '{context.command_path} --help'." if context is not None else ""
        _say(f"{error.format_message()}{hint}")
    elif isinstance(error, ItsmError):
        _say(error.message, error.remedy)
    elif isinstance(error, BrokenPipeError) and {"-h", "--help"} & set(arguments):
        return 0  # enough was read of it
    elif isinstance(error, ImportError) and (missing := (error.name or _OWN).partition(".")[0]) != _OWN:
        _say(f"{missing.replace('_', '-')}, which this needs, is not installed for this Python and system: {error}",
             _BUILDS.get(missing, "install itsm-as-code again, with all that it needs"))  # fmt: skip
    elif isinstance(error, RecursionError):
        _say("the input is nested too deeply")
    elif isinstance(error, OSError) and error.strerror:
        if error.filename is None:  # so writes to standard output fail, such as those of click
            _streams.let_go()
            _say(f"cannot write to standard output: {error.strerror}")
        else:
            _say(f"{os.fsdecode(error.filename)}: {error.strerror}", "look at it, and try again")
    else:
        _bug(error, bool({"-v", "--verbose"} & set(arguments)))
    return 2


_BUILDS = {
    "cel_expr_python": "there are builds for Linux with glibc 2.28 or newer and for macOS, on x86-64 and ARM, and for "
    "Windows on x86-64, but not for musl (Alpine) or Windows on ARM: use one of those systems, or the container"
}
"""Of what is not built for every system: for which ones it is."""


def _say(message: str, remedy: str = "") -> None:
    from itsm_as_code.reports.escape import terminal

    sys.stderr.write(f"{PROGRAM}: {terminal(message)}\n")
    if remedy:
        sys.stderr.write(f"  = {terminal(remedy)}\n")


def _bug(error: Exception, verbose: bool) -> None:
    kind = type(error).__name__
    _say(f"internal error: {kind}: {error}", "this is a bug, please report it; -v writes the details to a file")
    if verbose:
        import tempfile
        import traceback

        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="replace", prefix="itsm-", suffix=".log", delete=False
        ) as file:
            traceback.print_exc(file=file)
        sys.stderr.write(f"  = details: {file.name}\n")
