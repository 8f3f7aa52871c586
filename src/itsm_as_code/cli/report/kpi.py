"""itsm report kpi."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session
from itsm_as_code.cli.report._figures import Figures, period_options

if TYPE_CHECKING:
    from itsm_as_code.cli.report._figures import Known
    from itsm_as_code.measures.kpi import Population
    from itsm_as_code.reports.kpi import Compared


@click.command("kpi")
@period_options
@click.option("--by", type=click.Choice(["service", "team", "model", "quarter"]), help="Tell the figures of each.")
@click.option("--compare", nargs=2, metavar="A B", help="Two periods (2026-Q2 2026-Q3), or two commits.")
@common_options("kpi")
def command(session: Session, figures: Figures, by: str | None, compare: tuple[str, str] | None) -> int:
    """Report key figures of changes, incidents and requests.

    Each with its numerator, its denominator, the names of the records that it counts, those that were left out, and its
    quarters. Shares of fewer than twenty are told as counts. What is compared is better or worse only where the
    interval of the difference says so.

    \b
    Example:
      itsm report kpi --from 2026-07-01 --to 2026-10-01 --by team
      itsm report kpi --compare 2026-Q2 2026-Q3
    """
    from itsm_as_code.cli.report._figures import known, population
    from itsm_as_code.measures.benchmarks import benchmarks_of
    from itsm_as_code.measures.kpi import DEFINITIONS, metrics, trend
    from itsm_as_code.reports.kpi import Kpi

    found = known(session, figures)
    people = population(session, found)
    session.report(
        "kpi",
        Kpi(
            found.now,
            found.period,
            by,
            tuple(metrics(people, found.period, by)),
            trend(people, found.period) if by is None else {},
            compare,
            _compared(session, figures, found, people, compare) if compare else (),
            benchmarks_of(found.facts, DEFINITIONS.values()),
        ),
    )
    return 0


def _compared(
    session: Session, figures: Figures, found: Known, people: Population, sides: tuple[str, str]
) -> tuple[Compared, ...]:
    """Two periods of what is known now, with what can be said of the difference; or the records of two commits."""
    from itsm_as_code.cli.report._figures import at, is_period, known, population, spans
    from itsm_as_code.measures.comparison import change
    from itsm_as_code.measures.kpi import metrics
    from itsm_as_code.reports.kpi import Compared

    if not all(map(is_period, sides)):
        told = []
        for side in sides:
            of_commit = known(session, at(figures, side))
            told.append(list(metrics(population(session, of_commit), of_commit.period)))
        pairs = zip(*told, strict=True)
        return tuple(Compared(old, new, None) for old, new in pairs if old != new)
    before, after = spans(sides, found)
    both = zip(metrics(people, before), metrics(people, after), strict=True)
    return tuple(
        Compared(old, new, change(old.over(before), new.over(after), old.definition.better)) for old, new in both
    )
