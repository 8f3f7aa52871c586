"""itsm sla --what-if: what promises could be kept if services were available so much."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import click

from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.records.facts import Facts

what_if_option = click.option(
    "--what-if",
    "suppositions",
    multiple=True,
    metavar="SERVICE=PERCENT",
    help="What could be kept if SERVICE were available so much? May be given again.",
)
_PERCENT: Final = re.compile(r"\d{1,3}(?:\.\d{1,12})?\Z", re.ASCII)


def supposing(session: Session, facts: Facts, now: datetime, texts: Sequence[str], service: str | None) -> int:
    """Shows what follows from ``db=99.5`` and the like; the exit code."""
    from itsm_as_code.service_levels.what_if import what_if

    found = what_if(facts, now, dict(_supposed(text, facts) for text in texts), service)
    session.report("what_if", found)
    return found.exit_code


def _supposed(text: str, facts: Facts) -> tuple[str, Fraction]:
    """A service and its availability as a share of one."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean
    from itsm_as_code.measures.numbers import share

    name, _, figure = text.partition("=")
    if not _PERCENT.match(figure) or not 0 <= share(figure) <= 1:
        message = f"--what-if: '{text}' is no service with a percentage"
        raise UsageError(message, remedy="write a number from 0 to 100, such as orders-db=99.5")
    if facts.record("Service", name) is None:
        known = sorted(item["metadata"]["name"] for item in facts.records("Service"))
        remedy = did_you_mean(name, known) or f"known: {', '.join(known[:10]) or 'none'}"
        raise UsageError(f"there is no service '{name}'", remedy=remedy)
    return name, share(figure)
