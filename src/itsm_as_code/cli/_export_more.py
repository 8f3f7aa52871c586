"""Exports of `itsm export`: schedules, a status summary, the answer to a deployment, and all as tables."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli._options import check_text, common_options
from itsm_as_code.cli._paths import located

if TYPE_CHECKING:
    from itsm_as_code.cli.output import Session
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import RuleSet


def _known(session: Session) -> tuple[RuleSet, Facts]:
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import load_rule_set

    rule_set = load_rule_set(session.snapshot())
    if not rule_set.catalogue.records:
        raise session.no_records()
    return rule_set, Facts.of(rule_set.catalogue, rule_set.configuration.timezone)


@click.command("schedules")
@click.option(
    "--format", "tool", type=click.Choice(["pagerduty", "opsgenie"]), required=True, help="Whose API it is for."
)
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How far single shifts go.")
@common_options("")
def schedules(session: Session, tool: str, days: int) -> int:
    """Write rotas for PagerDuty or Opsgenie.

    A list of the bodies that create them over the API, one for each rota and place in it. Weekly hours recur there as
    well; other rules, and rotas with holidays, are written as their shifts of the next days. People are named by their
    first address, at PagerDuty by the annotation pagerduty.com/user-id.

    \b
    Example:
      itsm export schedules --format pagerduty --output schedules.json
    """
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.interchange.on_call_schedules import USER_ID, schedules
    from itsm_as_code.reports import escape

    rule_set, facts = _known(session)
    now = session.instant(rule_set.configuration.as_of)
    try:
        found = schedules(facts, tool, now, now + timedelta(days=days))
    except ValueError as error:
        raise ItsmError(f"a rota cannot be read: {error}", remedy="mend it; 'itsm validate' says where") from None
    if found.unknown:
        what = f"the annotation {USER_ID}" if tool == "pagerduty" else "an address"
        raise ItsmError(f"not known at {tool}: {', '.join(found.unknown)}", remedy=f"give each of them {what}")
    if found.rounded:
        session.say(f"Opsgenie knows whole and half hours alone, and rounds the times of {', '.join(found.rounded)}")
    session.write(escape.dumped(found.bodies))
    return 0


@click.command("summary")
@common_options("")
def summary(session: Session) -> int:
    """Write how services stand, as status pages do.

    The text is that of Statuspage's summary.json: services that are live are its components, open incidents its
    incidents, and changes with a window to come its scheduled maintenances.

    \b
    Example:
      itsm export summary --output site/summary.json
    """
    from itsm_as_code.interchange.status_summary import summary
    from itsm_as_code.reports import escape

    rule_set, facts = _known(session)
    settings = rule_set.configuration
    now = session.instant(settings.as_of)
    url = settings.site_url or settings.organisation_url or ""
    session.write(escape.dumped(summary(facts, now, settings.organisation_name, url, settings.timezone)))
    return 0


@click.command("deployment-protection")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--environment", required=True, metavar="NAME", help="Of GitHub, as the event names it.")
@common_options("")
def deployment_protection(session: Session, file: Path, environment: str) -> int:
    """Write GitHub's answer to a deployment that waits.

    FILE is what 'itsm authorise CHANGE --format json' printed; - reads standard input. The text is the body to send to
    the deployment_callback_url of the event deployment_protection_rule. Exit code 0: approved; 1: rejected.

    \b
    Example:
      itsm authorise chg-20261201-db --format json | itsm export deployment-protection - --environment production
    """
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.interchange.deployment_protection import protection
    from itsm_as_code.reports import escape

    try:
        said = sys.stdin.buffer.read() if str(file) == "-" else located(session, file).read_bytes()
    except OSError as error:
        raise ItsmError(f"cannot read {file}: {error.strerror}", remedy="name a file that can be read") from None
    answer = protection(said, environment)
    session.write(escape.dumped(answer | {"comment": escape.markdown(answer["comment"])}))
    return 0 if answer["state"] == "approved" else 1


@click.command("duckdb")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Overwrite the file.")
@common_options("", output=False)
def duckdb(session: Session, file: Path, force: bool) -> int:
    """Write all records and figures to a DuckDB file.

    Its tables are records (each with its data as JSON), fields (each value by its pointer) and figures (the key figures
    of the last twelve months, as a whole and by service, team, model and quarter).

    \b
    Example:
      itsm export duckdb records.duckdb
    """
    from itsm_as_code.interchange.database import write_database

    target = located(session, file)
    _refuse([target], force)
    write_database(_tables(session), target)
    session.write(f"{file}\n")
    return 0


@click.command("parquet")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--force", is_flag=True, help="Overwrite the files.")
@common_options("", output=False)
def parquet(session: Session, folder: Path, force: bool) -> int:
    """Write all records and figures as Parquet files.

    There is one for each table of 'itsm export duckdb'.

    \b
    Example:
      itsm export parquet tables
    """
    from itsm_as_code.interchange.database import TABLES, write_parquet

    target = located(session, folder)
    _refuse([target / f"{name}.parquet" for name in TABLES], force)
    for written in write_parquet(_tables(session), target):
        session.write(f"{folder / written.name}\n")
    return 0


def _refuse(targets: list[Path], force: bool) -> None:
    from itsm_as_code.errors import UsageError

    check_text(map(str, targets), "name another folder: DuckDB writes to none whose name is not")
    there = [target for target in targets if target.exists() or target.is_symlink()]
    if there and not force:
        raise UsageError(f"{there[0]} is there already", remedy="use --force to overwrite it")


def _tables(session: Session) -> Any:
    from itsm_as_code.cli.report._figures import Figures, known, population
    from itsm_as_code.interchange.database import rows
    from itsm_as_code.measures.kpi import PARTS, metrics
    from itsm_as_code.reports.kpi import row

    found = known(session, Figures(None, None, None))
    people = population(session, found)
    figures = [
        {**row(metric, found.period), "by": by} for by in (None, *PARTS) for metric in metrics(people, found.period, by)
    ]
    return rows(found.rule_set.catalogue.records.values(), figures)
