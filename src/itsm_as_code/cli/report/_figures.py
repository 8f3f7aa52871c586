"""What reports of figures are made from: the records, the instant, the period, and what statements and history add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli._options import option_group
from itsm_as_code.cli._times import BORDER, Said
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from datetime import datetime

    from itsm_as_code.clock import Interval
    from itsm_as_code.measures.kpi import Population
    from itsm_as_code.measures.stages import Stages
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import RuleSet


@dataclass(frozen=True, slots=True)
class Figures:
    """The options: a period, and a commit of which the records are read."""

    begins: Said | None
    ends: Said | None
    rev: str | None


period_options = option_group(
    "figures",
    Figures,
    click.option("--from", "begins", type=BORDER, metavar="WHEN", help="From then on (twelve months before the end)."),
    click.option("--to", "ends", type=BORDER, metavar="WHEN", help="And before then (now)."),
    click.option("--rev", metavar="REV", help="Read a commit, not the work tree."),
)


@dataclass(frozen=True, slots=True)
class Known:
    """Rules, facts, the instant and the period that is asked for."""

    rule_set: RuleSet
    facts: Facts
    now: datetime
    period: Interval
    rev: str | None = None


def known(session: Session, figures: Figures) -> Known:
    """What the options ask for; UsageError where there are no records, or the period is none."""
    from itsm_as_code.clock import Interval
    from itsm_as_code.durations import months_before
    from itsm_as_code.errors import UsageError
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import load_rule_set

    rule_set = load_rule_set(session.snapshot(figures.rev))
    if not rule_set.catalogue.records:
        raise session.no_records()
    configuration = rule_set.configuration
    now = session.instant(configuration.as_of)
    end = figures.ends.at(session, configuration) if figures.ends else now
    start = figures.begins.at(session, configuration) if figures.begins else months_before(end, 12)
    if start >= end:
        raise UsageError("the period ends before it begins", remedy="give --from an earlier day than --to")
    return Known(rule_set, Facts.of(rule_set.catalogue, configuration.timezone), now, Interval(start, end), figures.rev)


def is_period(name: str) -> bool:
    """True for such a name as 2026-Q3."""
    from itsm_as_code.service_levels.overview import named_period

    try:
        named_period(name)
    except ValueError:
        return False
    return True


def spans(names: Iterable[str], found: Known) -> list[Interval]:
    """The periods of such names as 2026-Q3, of which some is over; UsageError for one that is none."""
    from itsm_as_code.clock import zone
    from itsm_as_code.errors import UsageError
    from itsm_as_code.service_levels.overview import span_of

    tz = zone(found.rule_set.configuration.timezone)
    try:
        return [span_of(name, found.now, tz).span for name in names]
    except ValueError as error:
        raise UsageError(str(error), remedy="name a quarter, month or year, such as 2026-Q3, 2026-07 or 2025") from None


def population(session: Session, found: Known) -> Population:
    """All that is known at the end of the period, with what statements and the history of this clone say."""
    from itsm_as_code.measures.kpi import Population

    told = _deployments(session, found.rule_set)
    return Population(found.facts, min(found.now, found.period.end), told, stages(session, found))


def stages(session: Session, found: Known) -> Mapping[str, Stages] | None:
    """When changes were committed, proposed and authorised by the history that leads to what is read; None without."""
    from itsm_as_code.compliance.stages import stages_of
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git.repository import Repository

    try:
        repository = Repository(session.directory)
        commit = repository.commit(found.rev or "HEAD")
        return stages_of(at_root(repository, commit), commit, found.rule_set.registry["Change"].folder)
    except ItsmError:
        return None


def _deployments(session: Session, rule_set: RuleSet) -> Any:
    """The rows of statements; None where nobody may make any."""
    import os

    from itsm_as_code.assurance.deployments import deployers, read_lines
    from itsm_as_code.assurance.ran import Ran, of_lines
    from itsm_as_code.git.user import deployments
    from itsm_as_code.measures.metric import Row

    raw = rule_set.configuration.raw
    if "deployers" not in raw:
        return None
    told = of_lines(read_lines(deployments(session.directory, os.environ), deployers(raw)))
    return [
        Row(f"{ran.service} {ran.environment} {ran.artifact}", ran.start, (ran.service,), model=ran.model or "")
        for ran in told
        if isinstance(ran, Ran)
    ]


def at(figures: Figures, rev: str) -> Figures:
    """The same, of a commit."""
    return replace(figures, rev=rev)
