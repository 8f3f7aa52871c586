"""Who git says the user is."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from itsm_as_code.git.environment import clear


def address(folder: Path, environment: Mapping[str, str]) -> str:
    """The address that commits made in a folder would have; empty where git is missing, or nobody told it.

    One process of git and none of its library, which takes longer to load than all else that is asked for here.
    """
    variables = dict(environment)
    clear(variables)
    try:
        done = subprocess.run(
            ["git", "config", "--get", "user.email"],  # noqa: S607 - whichever git the user has on the path
            cwd=folder,
            env=variables,
            capture_output=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()
