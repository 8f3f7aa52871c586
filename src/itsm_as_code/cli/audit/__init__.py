"""itsm audit: one module for each of its commands."""

from __future__ import annotations

import click

from itsm_as_code.cli.program import LazyGroup


@click.group("audit", cls=LazyGroup, package=__name__, default="merges")
def command() -> None:
    """Look whether the rules hold. Without a command: `itsm audit merges`."""
