"""Commands of git that reach a remote, run by GitPython: it ends one that never gets its answer.

It takes a tenth of a second to load, which is nothing beside what a remote takes, and more than all else that a gate
asks of git. So nothing else of git is run by it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

_PROCESS = os.environ
SECONDS: Final = 1800.0
"""How long one command may take. A transfer over HTTP that stands still is ended long before."""
_STALLED: Final = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=120")


def reach(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], feed: bytes | None = None
) -> tuple[int, bytes, str]:
    """Exit code, standard output and standard error of ``[program, *arguments]``, with variables besides its own."""
    program, *arguments = command
    git = _library(program)(folder)
    options: dict[str, Any] = {
        "env": dict(variables),
        "with_extended_output": True,
        "with_exceptions": False,
        "stdout_as_string": False,
        "strip_newline_in_stdout": False,
        "kill_after_timeout": SECONDS if os.name != "nt" else None,  # which has no such signal
    }
    whole = [program, *_STALLED, *arguments]
    with tempfile.TemporaryFile() as stream:
        stream.write(feed or b"")
        stream.seek(0)
        code, out, err = git.execute(whole, istream=stream, **options)
    return code, out, err if isinstance(err, str) else err.decode("utf-8", "replace")


def _library(program: str) -> Any:
    """Its command layer; to load it runs the git that a variable names, or else one of the search path."""
    told = {"GIT_PYTHON_GIT_EXECUTABLE": program, "GIT_PYTHON_REFRESH": "quiet"}
    _PROCESS.update(told)
    try:
        from git import Git
    finally:
        for name in told:
            del _PROCESS[name]
    return Git
