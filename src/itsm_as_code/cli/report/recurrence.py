"""itsm report recurrence."""

from __future__ import annotations

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("recurrence")
@click.option("--check", is_flag=True, help="Exit with 1 where there is any.")
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@common_options("recurrence")
def command(session: Session, check: bool, rev: str | None) -> int:
    """Report incidents that recur and have no problem.

    Three incidents of one service, or that name one change as their cause, within 90 days, of which none names a
    problem and none is named by one.

    \b
    Example:
      itsm report recurrence
      itsm report recurrence --check
    """
    from itsm_as_code.cli.report._figures import Figures, known
    from itsm_as_code.measures.repeated import repeated
    from itsm_as_code.reports.recurrence import Recurrence

    found = known(session, Figures(None, None, rev))
    report = Recurrence(found.now, tuple(repeated(found.facts, found.now)))
    session.report("recurrence", report)
    return int(check and bool(report.groups))
