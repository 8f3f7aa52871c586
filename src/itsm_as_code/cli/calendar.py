"""itsm calendar."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli._deployed import as_told
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._times import BORDER, Said
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.records.facts import Facts

_DAYS = 30


@click.command("calendar")
@click.option("--from", "start", type=BORDER, metavar="WHEN", help="First day or instant. Default: now.")
@click.option(
    "--to", "end", type=BORDER, metavar="WHEN", help="First day or instant that is not shown. Default: 30 days later."
)
@click.option("--service", "services", multiple=True, metavar="NAME", help="Only what concerns this service.")
@click.option("--team", "teams", multiple=True, metavar="NAME", help="Only what concerns the services of this team.")
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@cache_options
@common_options("calendar")
def command(
    session: Session,
    start: Said | None,
    end: Said | None,
    services: tuple[str, ...],
    teams: tuple[str, ...],
    rev: str | None,
    cache: CacheOptions,
) -> int:
    """Show what is planned: changes, freezes and maintenance. Changes come with their conflicts.

    A day begins in the time zone of itsm.yaml. The form ics can be subscribed to: an event keeps its identity when its
    change is moved, and is marked as cancelled when it is called off.

    \b
    Example:
      itsm calendar
      itsm calendar --service payments-api --from 2026-12-01 --to 2027-01-01
      itsm calendar --team team-payments --format ics --output payments.ics
    """
    from itsm_as_code.clock import Interval, zone
    from itsm_as_code.errors import UsageError
    from itsm_as_code.gate.agenda import agenda, all_readable, history_of, revised
    from itsm_as_code.gate.conflicts import World
    from itsm_as_code.reports.calendar import Planned
    from itsm_as_code.validation import load_rule_set

    rule_set = load_rule_set(session.snapshot(rev), cache.records(session))
    rule_set = as_told(session.directory, rule_set, cache.opened_for(session))
    configuration = rule_set.configuration
    all_readable(rule_set.catalogue)
    now, tz = session.instant(configuration.as_of), zone(configuration.timezone)
    begin = start.at(session, configuration) if start else now
    until = end.at(session, configuration) if end else begin + timedelta(days=_DAYS)
    if until <= begin:
        raise UsageError("--to is not after --from", remedy="name a later day")
    world = World.of(rule_set.catalogue, configuration, now)
    period = Interval(begin, until)
    planned = Planned(
        entries=agenda(world, period, _selected(world.facts, services, teams)),
        period=period,
        tz=tz,
        now=now,
        organisation=configuration.organisation_name,
        subject=", ".join((*services, *teams)) or "all services",
        catalogue=rule_set.catalogue,
        revisions=lambda: revised(history_of(session.directory, rev), session.directory),
    )
    session.report("calendar", planned)
    return 0


def _selected(facts: Facts, services: tuple[str, ...], teams: tuple[str, ...]) -> frozenset[str] | None:
    """The services that are asked for; None for all of them."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean

    if not services and not teams:
        return None
    for kind, names in (("Service", services), ("Team", teams)):
        known = [record["metadata"]["name"] for record in facts.records(kind)]
        for name in names:
            if name not in known:
                remedy = did_you_mean(name, known) or f"known: {', '.join(known[:10]) or 'none'}"
                raise UsageError(f"there is no {kind.lower()} '{name}'", remedy=remedy)
    owned = {s["metadata"]["name"] for s in facts.records("Service") if s["spec"].get("owner") in teams}
    return frozenset({*services, *owned})
