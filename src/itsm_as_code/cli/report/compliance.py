"""itsm report compliance."""

from __future__ import annotations

import click

from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._times import BORDER, Said
from itsm_as_code.cli.output import Session


@click.command("compliance")
@click.option("--from", "begins", type=BORDER, metavar="WHEN", help="From then on (each control's own period).")
@click.option("--to", "ends", type=BORDER, metavar="WHEN", help="And before then (now).")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Draw so many of each population.")
@click.option("--seed", default="0", show_default=True, metavar="S", help="Which sample: the same draws the same.")
@click.option("--by", type=click.Choice(["framework", "team"]), default="framework", show_default=True)
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@cache_options
@common_options("compliance")
def command(
    session: Session,
    begins: Said | None,
    ends: Said | None,
    sample: int | None,
    seed: str,
    by: str,
    rev: str | None,
    cache: CacheOptions,
) -> int:
    """Report how controls stand over a period.

    Exit code 0: all are satisfied; 1: not all are; 2: not all could be assessed.

    Each has its population with its size, its exceptions, and what is missing; what fails comes first. Approvals are
    those of signed evidence, judged again as `itsm audit` does. Clauses without a control are named.

    \b
    Example:
      itsm report compliance --by team
      itsm report compliance --from 2026-01-01 --to 2026-07-01 --sample 25 --seed 7 --format csv
    """
    from itsm_as_code.cli._controls import compliance

    report = compliance(session, cache, (begins, ends), (sample or 0, seed), by, rev)
    session.report("compliance", report)
    return report.exit_code
