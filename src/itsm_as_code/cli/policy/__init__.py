"""itsm policy: one module for each of its commands."""

from __future__ import annotations

import click

from itsm_as_code.cli.program import LazyGroup


@click.group("policy", cls=LazyGroup, package=__name__)
def command() -> None:
    """Test policies, list them, and see what they cover. See also what a change to them would do."""
