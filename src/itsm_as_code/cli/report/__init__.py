"""itsm report: one module for each of its commands."""

from __future__ import annotations

import click

from itsm_as_code.cli.program import LazyGroup


@click.group("report", cls=LazyGroup, package=__name__)
def command() -> None:
    """Report figures for people who meet, with what they rest on.

    Each has its numerator, its denominator and the records that it rests on.
    """
