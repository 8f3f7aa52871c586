"""itsm report agreements."""

from __future__ import annotations

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("agreements")
@click.argument("service", required=False)
@click.option("--window", metavar="WINDOW", help="Of which time credits are told: month, 2026-Q3, 2026-10 and so on.")
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@common_options("agreements")
def command(session: Session, service: str | None, window: str | None, rev: str | None) -> int:
    """Report what agreements rest on, and which credits are due.

    Each agreement in force has those between teams and with suppliers that support it, and the last day of the contract
    below. Credits follow from what was attained in the window of each objective, or in one that is named. Exit code 1
    where something is owed or has to be judged, 2 where a figure could not be computed.

    \b
    Example:
      itsm report agreements card-network-link --window 2026-10
      itsm report agreements --format csv
    """
    from itsm_as_code.cli.sla import measured, must_be
    from itsm_as_code.measures.deadlines import utc_day
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.reports.agreements import Agreements
    from itsm_as_code.service_levels.chains import Chains
    from itsm_as_code.service_levels.credits import credits_of
    from itsm_as_code.service_levels.overview import overview
    from itsm_as_code.validation import load_rule_set

    snapshot = session.snapshot(rev)
    rule_set = load_rule_set(snapshot)
    facts = Facts.of(rule_set.catalogue, rule_set.configuration.timezone)
    now = session.instant(rule_set.configuration.as_of)
    if service is not None:
        must_be(service, (item["metadata"]["name"] for item in facts.records("Service")), "service")
    seen, notes = measured(snapshot, rule_set, facts, now, window)
    attained = overview(seen, now, service, window, notes)
    chains = Chains(facts, utc_day(now))
    names = sorted(facts.agreements_by_service) if service is None else [service]
    links = tuple(link for name in names for link in chains.of(name))
    report = Agreements(links, tuple(credits_of(seen, attained)), attained)
    session.report("agreements", report)
    return report.exit_code
