"""itsm policy coverage."""

from __future__ import annotations

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session
from itsm_as_code.cli.policy import _select


@click.command("coverage")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit code 1 when policies judge a smaller share of the records.",
)
@common_options("policy_coverage")
def command(session: Session, fail_under: float | None) -> int:
    """See which records no policy judges. See, too, which policies judge none, and how policies and controls meet.

    A policy that looks at pull requests only (at `old`, `request` or `change`) judges no record here. Policies,
    approval policies, waivers and controls are not counted as records. -v lists all names.

    \b
    Example:
      itsm policy coverage
      itsm policy coverage --fail-under 80 --format json
    """
    from fractions import Fraction

    from itsm_as_code.policies.coverage import coverage
    from itsm_as_code.validation import assess_catalogue, load_rule_set

    rule_set = load_rule_set(session.snapshot())
    _select.readable(rule_set)
    validation = assess_catalogue(rule_set.catalogue, rule_set, session.instant(rule_set.configuration.as_of))
    found = coverage(rule_set.catalogue, rule_set.catalogue, validation.outcomes)
    session.report("policy_coverage", found, colour=session.colour, verbose=session.verbose)
    if fail_under is None:
        return 0
    return 1 if found.share is None or found.share * 100 < Fraction(str(fail_under)) else 0
