"""Exports of `itsm export` for auditors: controls as OSCAL, the statement of applicability, gaps in a register."""

from __future__ import annotations

import click

from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._times import BORDER, Said
from itsm_as_code.cli.output import Session

_REV = click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
_MODELS = ("assessment-results", "component-definition")


@click.command("oscal")
@click.option("--model", type=click.Choice(_MODELS), required=True, help="Which document to write.")
@click.option("--from", "begins", type=BORDER, metavar="WHEN", help="From then on (each control's own period).")
@click.option("--to", "ends", type=BORDER, metavar="WHEN", help="And before then (now).")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Draw so many of each population.")
@click.option("--seed", default="0", show_default=True, metavar="S", help="Which sample: the same draws the same.")
@_REV
@cache_options
@common_options("")
def oscal(
    session: Session,
    model: str,
    begins: Said | None,
    ends: Said | None,
    sample: int | None,
    seed: str,
    rev: str | None,
    cache: CacheOptions,
) -> int:
    """Write how controls stand as OSCAL of NIST.

    assessment-results says what 'itsm report compliance' says: population, exceptions, sample. Only what is satisfied
    or not satisfied becomes a finding; what is stale or not assessed has observations alone. component-definition says
    which policies are there for which control. The same records and instant give the same bytes.

    \b
    Example:
      itsm export oscal --model assessment-results --output results.json
      itsm export oscal --model component-definition
    """
    from itsm_as_code.cli._controls import compliance
    from itsm_as_code.reports.compliance import _oscal_components, _oscal_results

    report = compliance(session, cache, (begins, ends), (sample or 0, seed), "framework", rev)
    _refuse_none(report.rows)
    session.write((_oscal_results if model == _MODELS[0] else _oscal_components).render(report))
    return 0


@click.command("soa")
@click.option("--format", "form", type=click.Choice(["markdown", "csv"]), default="markdown", show_default=True)
@_REV
@cache_options
@common_options("")
def soa(session: Session, form: str, rev: str | None, cache: CacheOptions) -> int:
    """Write the statement of applicability.

    Every control and every clause without one: whether it applies, why, how it stands, on which evidence, and who
    approved that it does not apply.

    \b
    Example:
      itsm export soa --output applicability.md
      itsm export soa --format csv
    """
    from itsm_as_code.cli._controls import compliance
    from itsm_as_code.reports.compliance import _applicability

    report = compliance(session, cache, (None, None), (0, ""), "framework", rev)
    _refuse_none(report.rows)
    session.write(getattr(_applicability, form)(report))
    return 0


@click.command("dora-gaps")
@click.option("--format", "form", type=click.Choice(["markdown", "csv"]), default="markdown", show_default=True)
@_REV
@cache_options
@common_options("")
def dora_gaps(session: Session, form: str, rev: str | None, cache: CacheOptions) -> int:
    """Write the gaps in DORA's register of information.

    Every field of the templates B_01.01 to B_07.01 of Implementing Regulation (EU) 2024/2956: where records say it,
    how many do, which do not, and what has no place in records and has to come from elsewhere.

    \b
    Example:
      itsm export dora-gaps
      itsm export dora-gaps --format csv --output gaps.csv
    """
    from itsm_as_code.compliance.register import dora_register
    from itsm_as_code.reports.compliance import _register
    from itsm_as_code.validation import load_rule_set

    rule_set = load_rule_set(session.snapshot(rev), cache.records(session))
    if not rule_set.catalogue.records:
        raise session.no_records()
    session.write(getattr(_register, form)(dora_register(rule_set.catalogue, rule_set.configuration.organisation_name)))
    return 0


def _refuse_none(rows: tuple[object, ...]) -> None:
    """A document about no control would pass for one in which all is well."""
    from itsm_as_code.errors import UsageError

    if not rows:
        raise UsageError("no control is recorded", remedy="switch a policy pack on in itsm.yaml, or write a Control")
