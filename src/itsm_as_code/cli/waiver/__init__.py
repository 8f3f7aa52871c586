"""itsm waiver: one module for each of its commands."""

from __future__ import annotations

import click

from itsm_as_code.cli.program import LazyGroup


@click.group("waiver", cls=LazyGroup, package=__name__)
def command() -> None:
    """See which exceptions are in force, end soon, or are over."""
