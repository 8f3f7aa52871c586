"""itsm report: one module for each of its commands."""

from __future__ import annotations

import click

from itsm_as_code.cli.program import LazyGroup


@click.group("report", cls=LazyGroup, package=__name__)
def command() -> None:
    """Figures for people who meet: each with its numerator, its denominator and the records that it rests on."""
