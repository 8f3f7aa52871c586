"""itsm report value."""

from __future__ import annotations

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._times import BORDER, Said
from itsm_as_code.cli.output import Session


@click.command("value")
@click.option("--to", "ends", type=BORDER, metavar="WHEN", help="End of the half-year that is looked at (now).")
@click.option("--baseline", metavar="PERIOD", help="What to compare with, such as 2025-Q4 (the half-year before).")
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@common_options("kpi")
def command(session: Session, ends: Said | None, baseline: str | None, rev: str | None) -> int:
    """Report downtime by tier, and whether it got better.

    The last six months are compared with the six before, or with a period that is named: minutes of downtime as the sum
    over services and as the time in which any was down, and compliance-related incidents. Better or worse is said only
    where the interval of the difference says so; an outage is one event, however long: one is no proof.

    \b
    Example:
      itsm report value
      itsm report value --baseline 2026-Q1 --format markdown
    """
    from itsm_as_code.cli.report._figures import Figures, known, population, spans
    from itsm_as_code.clock import Interval, format_instant
    from itsm_as_code.durations import months_before
    from itsm_as_code.measures.benchmarks import benchmarks_of
    from itsm_as_code.measures.comparison import change
    from itsm_as_code.measures.value import value
    from itsm_as_code.reports.kpi import Compared, Kpi

    found = known(session, Figures(None, ends, rev))
    middle = months_before(found.period.end, 6)
    now = Interval(middle, found.period.end)
    then = spans([baseline], found)[0] if baseline else Interval(months_before(middle, 6), middle)
    people = population(session, found)
    old, new = (tuple(value(people, span)) for span in (then, now))
    pairs = tuple(
        Compared(was, is_, change(was.over(then), is_.over(now), was.definition.better))
        for was, is_ in zip(old, new, strict=True)
    )
    others = benchmarks_of(found.facts, (metric.definition for metric in new))
    sides = (baseline or f"from {format_instant(then.start)}", f"from {format_instant(now.start)}")
    session.report("kpi", Kpi(found.now, now, None, new, sides=sides, compared=pairs, benchmarks=others))
    return 0
