"""itsm report scorecards."""

from __future__ import annotations

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("scorecards")
@click.option("--by", type=click.Choice(["service", "team"]), help="Only services, or only teams.")
@click.option("--check", is_flag=True, help="Exit with 1 where the day of a level has passed unreached.")
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@common_options("scorecards")
def command(session: Session, by: str | None, check: bool, rev: str | None) -> int:
    """Report which level services and teams have reached.

    Levels stand in itsm.yaml (spec.policies.levels), each with its policies and the day by which it is to be reached.
    Each service and team has the highest level of which it fulfils all that is asked, here and below, and what is
    missing for the next one. What is waived is missing, for a waiver is no achievement. Exit code 0.

    \b
    Example:
      itsm report scorecards --by team
      itsm report scorecards --format markdown
    """
    from itsm_as_code.policies.scorecards import scorecards
    from itsm_as_code.reports.scorecards import Scorecards
    from itsm_as_code.validation import assess_catalogue, load_rule_set

    rule_set = load_rule_set(session.snapshot(rev))
    if not rule_set.catalogue.records:
        raise session.no_records()
    validation = assess_catalogue(rule_set.catalogue, rule_set, session.instant(rule_set.configuration.as_of))
    levels = rule_set.configuration.policies.levels
    found = scorecards(levels, validation.catalogue, validation.outcomes)
    kept = tuple(card for card in found if by in (None, card.subject.kind.lower()))
    report = Scorecards(validation.now, levels, kept)
    session.report("scorecards", report)
    return int(check and report.is_late)
