"""itsm report calibration."""

from __future__ import annotations

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session
from itsm_as_code.cli.report._figures import Figures, period_options


@click.command("calibration")
@period_options
@common_options("kpi")
def command(session: Session, figures: Figures) -> int:
    """Report how often changes of each level of risk failed.

    Each change that ended is assessed again as it is recorded, with the history as it was when it began. A change
    failed by its own result, or because an incident names it as its cause. It is the likelihood that says how often
    changes fail; a level joins it with the impact.

    \b
    Example:
      itsm report calibration
      itsm report calibration --from 2026-01-01 --format markdown
    """
    from itsm_as_code.cli.report._figures import known, population
    from itsm_as_code.measures.benchmarks import benchmarks_of
    from itsm_as_code.measures.calibration import calibration
    from itsm_as_code.reports.kpi import Kpi

    found = known(session, figures)
    levels = tuple(calibration(population(session, found), found.period, found.rule_set.configuration.risk_table))
    others = benchmarks_of(found.facts, (metric.definition for metric in levels))
    session.report("kpi", Kpi(found.now, found.period, "level", levels, benchmarks=others))
    return 0
