"""What commands ask of git, or tell it, of whatever folder: none of it decides anything, so nothing of it may fail."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from itsm_as_code.git.environment import clear
from itsm_as_code.programs import program


def address(folder: Path, environment: Mapping[str, str]) -> str:
    """The address that commits made in a folder would have; empty where git is missing, or nobody told it."""
    return _said(folder, environment, "config", "--get", "user.email").strip()


def tell_of(folder: Path, environment: Mapping[str, str], path: str) -> None:
    """Let git know a new file (``git add --intent-to-add``), so that ``git commit -a`` takes it along.

    Its content is not staged. Nothing happens where git is missing, or wants none of it.
    """
    _said(folder, environment, "--literal-pathspecs", "add", "--intent-to-add", "--", path)


def deployments(folder: Path, environment: Mapping[str, str]) -> bytes:
    """The lines of deployment statements that a clone has (refs/itsm/deployments); empty where there are none."""
    return _output(folder, environment, "cat-file", "blob", "refs/itsm/deployments:deployments.jsonl")


def _said(folder: Path, environment: Mapping[str, str], *arguments: str) -> str:
    return _output(folder, environment, *arguments).decode("utf-8", "replace")


def _output(folder: Path, environment: Mapping[str, str], *arguments: str) -> bytes:
    variables = dict(environment)
    clear(variables)
    git = program("git", variables)
    if git is None:
        return b""
    try:
        done = subprocess.run(
            [git, *arguments],
            cwd=folder,
            env=variables,
            capture_output=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return b""
    return done.stdout
