"""itsm report compliance."""

from __future__ import annotations

import click

from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._times import BORDER, Said
from itsm_as_code.cli.output import Session


@click.command("compliance")
@click.option("--from", "begins", type=BORDER, metavar="WHEN", help="From then on (each control's own period).")
@click.option("--to", "ends", type=BORDER, metavar="WHEN", help="And before then (now).")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Draw so many of each population.")
@click.option("--seed", default="0", show_default=True, metavar="S", help="Which sample: the same draws the same.")
@click.option("--by", type=click.Choice(["framework", "team"]), default="framework", show_default=True)
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@cache_options
@common_options("compliance")
def command(
    session: Session,
    begins: Said | None,
    ends: Said | None,
    sample: int | None,
    seed: str,
    by: str,
    rev: str | None,
    cache: CacheOptions,
) -> int:
    """Report how controls stand over a period.

    Exit code 0: all are satisfied; 1: not all are; 2: not all could be assessed.

    Each has its population with its size, its exceptions, and what is missing; what fails comes first. Approvals are
    those of signed evidence, judged again as `itsm audit` does. Clauses without a control are named.

    \b
    Example:
      itsm report compliance --by team
      itsm report compliance --from 2026-01-01 --to 2026-07-01 --sample 25 --seed 7 --format csv
    """
    from itsm_as_code.cli._controls import known_of
    from itsm_as_code.compliance import Sample, assess_controls
    from itsm_as_code.compliance.clauses import coverage
    from itsm_as_code.gate.agenda import history_of
    from itsm_as_code.reports.compliance import Compliance, Row
    from itsm_as_code.validation import assess_catalogue, load_rule_set

    rule_set = load_rule_set(session.snapshot(rev), cache.records(session))
    if not rule_set.catalogue.records:
        raise session.no_records()
    configuration = rule_set.configuration
    between = tuple(said.at(session, configuration) if said else None for said in (begins, ends))
    opened, now = cache.opened_for(session), session.instant(configuration.as_of)
    validation = assess_catalogue(rule_set.catalogue, rule_set, now)
    known = known_of(session.directory, rev, validation, history_of(session.directory, rev, opened), opened)
    found = assess_controls(validation, known, (between[0], between[1]), Sample(sample or 0, seed))
    rows = tuple(
        Row(item.name, item.title, item.spec["framework"], item.spec["clause"], item.spec.get("owner", ""),
            found[item.name])
        for item in validation.catalogue.of_kind("Control")
    )  # fmt: skip
    told = coverage((item.name, item.spec, found[item.name].status) for item in validation.catalogue.of_kind("Control"))
    rule = f"the {sample} names of each population whose SHA-256 of '{seed}:NAME' is least" if sample else ""
    report = Compliance(now, by, rows, told, rule)
    session.report("compliance", report)
    return report.exit_code
