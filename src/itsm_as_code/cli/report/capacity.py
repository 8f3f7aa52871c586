"""itsm report capacity."""

from __future__ import annotations

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("capacity")
@click.argument("service", required=False)
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@common_options("capacity")
def command(session: Session, service: str | None, rev: str | None) -> int:
    """Report when capacity runs out, by observed loads.

    For each measure of a service: what it is judged at, its growth a month with the interval in which it lies with 95
    percent certainty, and the month in which its headroom target and its limit are passed. Exit code 1 where one is
    passed already.

    \b
    Example:
      itsm report capacity
      itsm report capacity container-platform-berlin --format markdown
    """
    from itsm_as_code.errors import ItsmError, UsageError
    from itsm_as_code.findings import did_you_mean
    from itsm_as_code.measures.benchmarks import remarks
    from itsm_as_code.measures.deadlines import utc_day
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.reports.capacity import Capacity
    from itsm_as_code.service_levels.capacity import outlooks
    from itsm_as_code.validation import load_rule_set

    rule_set = load_rule_set(session.snapshot(rev))
    facts = Facts.of(rule_set.catalogue, rule_set.configuration.timezone)
    if service is not None and facts.record("Service", service) is None:
        known = rule_set.catalogue.names("Service")
        remedy = did_you_mean(service, known) or f"services: {', '.join(known[:10]) or 'none'}"
        raise UsageError(f"there is no service '{service}'", remedy=remedy)
    now = session.instant(rule_set.configuration.as_of)
    try:
        found = tuple(one for one in outlooks(facts, utc_day(now)) if service in (None, one.service))
    except ValueError as error:
        remedy = "mend the calendar; 'itsm validate' says where"
        raise ItsmError(f"a calendar of a peak cannot be read: {error}", remedy=remedy) from None
    report = Capacity(now, found, tuple(remarks(facts, capacity_headroom="percent")))
    session.report("capacity", report)
    return report.exit_code
