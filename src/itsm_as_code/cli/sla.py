"""itsm sla."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._supposing import supposing, what_if_option
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from itsm_as_code.clock import Interval
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.service_levels.measurements.load import Reader, Reading
    from itsm_as_code.service_levels.measurements.samples import Note
    from itsm_as_code.service_levels.measurements.settings import Source
    from itsm_as_code.snapshot import Snapshot
    from itsm_as_code.validation import RuleSet


@click.command("sla")
@click.argument("service", required=False)
@click.option(
    "--window",
    metavar="WINDOW",
    help="Look at P28D, month, quarter, year, 2026-Q3, 2026-07 or 2026 instead of the window of each objective.",
)
@click.option(
    "--explain",
    nargs=2,
    metavar="SERVICE OBJECTIVE",
    help="Show one objective with each interval or case that counts, and the record that says so.",
)
@click.option("--daily", is_flag=True, help="Show each day of the window too, on clocks of the agreement.")
@what_if_option
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@common_options("sla")
def command(
    session: Session,
    service: str | None,
    window: str | None,
    explain: tuple[str, str] | None,
    daily: bool,
    suppositions: tuple[str, ...],
    rev: str | None,
) -> int:
    """Show what was attained of each objective in force.

    What is left of error budgets is shown too. Availability is worked out from the outages of incidents and from the
    sources of measurements that itsm.yaml names, times from incidents and requests; what nothing measures, such as
    latency, has no data. Exit code 0 when what is measured is met, 1 when an objective is missed, 2 when one could not
    be computed or something of the measurements not be used; the rest is shown all the same.

    With --what-if it tells what promises could be kept, and which dependencies are the cheapest to improve where one
    could not; exit code 1 then.

    \b
    Example:
      itsm sla
      itsm sla payments-api --window 2026-Q3
      itsm sla payments-api --daily --window 2026-11
      itsm sla --explain payments-api availability
      itsm sla --what-if message-broker=99.75
    """
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.service_levels.overview import overview
    from itsm_as_code.validation import load_rule_set

    _must_agree(service, window, explain, daily, suppositions)
    snapshot = session.snapshot(rev)
    rule_set = load_rule_set(snapshot)
    if not rule_set.catalogue.records and not rule_set.catalogue.findings:
        raise session.no_records()
    facts = Facts.of(rule_set.catalogue, rule_set.configuration.timezone)
    now = session.instant(rule_set.configuration.as_of)
    wanted = explain[0] if explain else service
    if wanted is not None:
        must_be(wanted, (item["metadata"]["name"] for item in facts.records("Service")), "service")
    if suppositions:
        return supposing(session, facts, now, suppositions, service)
    seen, notes = measured(snapshot, rule_set, facts, now, window)
    found = replace(overview(seen, now, wanted, window, notes, daily), others=_others(facts))
    if explain:
        must_be(explain[1], {line.objective["name"] for line in found.lines}, f"objective of {explain[0]} in force")
        found = found.only(explain[1])
    session.report("sla", found)
    return found.exit_code


def _others(facts: Facts) -> tuple[str, ...]:
    """What others reach, a line for each figure of the report."""
    from itsm_as_code.measures.benchmarks import remarks

    return tuple(remarks(facts, availability="percent", objectives_met="percent"))


def measured(
    snapshot: Snapshot, rule_set: RuleSet, facts: Facts, now: datetime, window: str | None
) -> tuple[Facts, tuple[Note, ...]]:
    """The facts with what measured sources saw in a window, and what is odd about it; UsageError for no window."""
    from itsm_as_code.service_levels.measurements.load import of_all
    from itsm_as_code.service_levels.overview import asked

    must_be_window(window, now)
    spans = asked(facts, now, window)
    readers: dict[str, Reader] = {
        "prometheus": lambda source: _prometheus(source, spans),
        "parquet": lambda source: _parquet(source, snapshot),
    }
    monitoring, notes = of_all(snapshot, rule_set.configuration.raw, facts, now, readers)
    return facts.seen_by(monitoring), notes


def _prometheus(source: Source, spans: Mapping[tuple[str, str], Interval]) -> Reading:
    from itsm_as_code.service_levels.measurements.prometheus import read

    return read(source, spans, time.monotonic)


def _parquet(source: Source, snapshot: Snapshot) -> Reading:
    from itsm_as_code.service_levels.measurements.load import unread
    from itsm_as_code.snapshot import WorkTree

    if not isinstance(snapshot, WorkTree):
        return unread(source, "Parquet files are read from the work tree alone, without --rev")
    from itsm_as_code.service_levels.measurements.tables import read

    return read(source, snapshot.root)


def _must_agree(
    service: str | None, window: str | None, explain: object, daily: bool, suppositions: tuple[str, ...]
) -> None:
    from itsm_as_code.errors import UsageError

    if suppositions and (explain is not None or window is not None or daily):
        raise UsageError("--what-if is about no window", remedy="leave out --window, --daily and --explain")
    if daily and explain is not None:
        raise UsageError("--explain shows intervals and --daily days", remedy="leave one of them out")
    if explain is not None and service is not None:
        raise UsageError("--explain names its service itself", remedy="leave the other one out")


def must_be_window(window: str | None, now: datetime) -> None:
    """UsageError for a window that is none, or has not begun."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.service_levels.overview import check_window

    try:
        check_window(window, now)
    except ValueError as error:
        remedy = "write P28D, month, quarter, year, 2026-Q3, 2026-07 or 2026"
        raise UsageError(f"--window: {error}", remedy=remedy) from None


def must_be(name: str, known: Iterable[str], what: str) -> None:
    """UsageError for a name that nobody knows, with the nearest."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean

    names = sorted(known)
    if name not in names:
        remedy = did_you_mean(name, names) or f"known: {', '.join(names[:10]) or 'none'}"
        raise UsageError(f"there is no {what} '{name}'", remedy=remedy)
