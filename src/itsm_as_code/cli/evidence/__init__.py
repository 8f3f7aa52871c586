"""itsm evidence: one module for each of its commands."""

from __future__ import annotations

import click

from itsm_as_code.cli.program import LazyGroup


@click.group("evidence", cls=LazyGroup, package=__name__)
def command() -> None:
    """Keep signed evidence of every merge, and look at it. It lies beside the history."""
