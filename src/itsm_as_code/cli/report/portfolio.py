"""itsm report portfolio."""

from __future__ import annotations

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("portfolio")
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@common_options("portfolio")
def command(session: Session, rev: str | None) -> int:
    """Report what services cost and are worth.

    Each service with its cost a year, as it states it and as cost statements of the last twelve months say, both with
    its shares of what it depends on; its value, and the quadrant (tolerate, invest, migrate, eliminate) with reasons.
    Budgets with their outlook, and business cases with the benefit planned by now and realised. Currencies are never
    added up. Exit code 0; costs stop nothing.

    \b
    Example:
      itsm report portfolio
      itsm report portfolio --format csv -o portfolio.csv
    """
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.portfolio import Portfolio
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import load_rule_set

    rule_set = load_rule_set(session.snapshot(rev))
    facts = Facts.of(rule_set.catalogue, rule_set.configuration.timezone)
    try:
        session.report("portfolio", Portfolio(facts, session.instant(rule_set.configuration.as_of)))
    except ValueError as error:
        remedy = "mend the calendar; 'itsm validate' says where"
        raise ItsmError(f"a calendar of a peak cannot be read: {error}", remedy=remedy) from None
    return 0
