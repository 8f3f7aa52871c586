"""``itsm export FORMAT``: what others can use of the records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli._export_controls import dora_gaps, oscal, soa
from itsm_as_code.cli._export_more import deployment_protection, duckdb, parquet, schedules, summary
from itsm_as_code.cli._export_records import backstage, codeowners, csv
from itsm_as_code.cli._options import ForgeChoice, common_options
from itsm_as_code.cli._streams import held

if TYPE_CHECKING:
    from itsm_as_code.cli.output import Session
    from itsm_as_code.findings import Finding
    from itsm_as_code.interchange._request_form import Forge
    from itsm_as_code.interchange.request_forms import Forms
    from itsm_as_code.records.catalogue import Catalogue
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import RuleSet

_FORGE = click.option(
    "--forge",
    type=ForgeChoice(["github", "gitlab", "gitea"]),
    help="Default: the one that itsm.yaml names, or github; forgejo is read as gitea.",
)
_INTO = click.option(
    "--into", required=True, metavar="DIR", type=click.Path(path_type=Path), help="Folder to write to."
)
_FORCE = click.option("--force", is_flag=True, help="Overwrite forms that were not made by this command.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")


@click.group("export")
def command() -> None:
    """Write records in the forms that other tools read.

    \b
    Example:
      itsm export request-forms --into .
    """


@command.command("request-forms")
@click.argument("names", nargs=-1, metavar="[OFFERING]...")
@_FORGE
@_INTO
@_FORCE
@_DRY_RUN
@common_options("export")
def request_forms(
    session: Session, names: tuple[str, ...], forge: str | None, into: Path, force: bool, dry_run: bool
) -> int:
    """Make the forms with which users order. There is one for each active RequestOffering.

    GitHub gets issue forms in .github/ISSUE_TEMPLATE, Gitea in .gitea/ISSUE_TEMPLATE, GitLab description templates in
    .gitlab/issue_templates. An issue submitted with one becomes a record with 'itsm import request'.

    \b
    Example:
      itsm export request-forms --forge github --into .
    """
    from itsm_as_code.interchange.request_forms import export
    from itsm_as_code.validation import load_rule_set

    rule_set = load_rule_set(session.snapshot())
    chosen = _chosen(forge, rule_set)
    offerings = [
        rule_set.catalogue.get("RequestOffering", name) or _unknown(name, rule_set.catalogue) for name in names
    ]
    if not rule_set.catalogue.records:
        raise session.no_records()
    forms = export(offerings or rule_set.catalogue.of_kind("RequestOffering"), chosen)
    unusable = [] if names else _unusable(rule_set.catalogue)
    return _write(session, forms, session.directory / into, unusable, force=force, dry_run=dry_run)


@command.command("issue-forms")
@_FORGE
@_INTO
@_FORCE
@_DRY_RUN
@common_options("export")
def issue_forms(session: Session, forge: str | None, into: Path, force: bool, dry_run: bool) -> int:
    """Make forms for what people without git report.

    They are for changes, incidents, improvements and risks, and lie where
    those of 'itsm export request-forms' do. An issue submitted with one becomes a record with 'itsm import issue';
    a workflow or job that does so and opens the pull request is written too, and says on top what it needs. Make the
    forms anew when teams come or go: they are offered to choose from.

    \b
    Example:
      itsm export issue-forms --forge github --into .
    """
    from itsm_as_code.cli._workflows import of_issues, prefix_of
    from itsm_as_code.interchange.issue_forms import export
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import load_rule_set

    rule_set = load_rule_set(session.snapshot())
    if not rule_set.catalogue.records:
        raise session.no_records()
    chosen = _chosen(forge, rule_set)
    forms = export(Facts.of(rule_set.catalogue), chosen)
    forms.files.update(of_issues(chosen, prefix_of(session.directory)))
    return _write(session, forms, session.directory / into, [], force=force, dry_run=dry_run)


def _chosen(forge: str | None, rule_set: RuleSet) -> Forge:
    """The forge that was named, else that of itsm.yaml."""
    from itsm_as_code.interchange._request_form import Forge

    configured = _configured(rule_set)
    return Forge(forge or (configured if configured in ("gitlab", "gitea") else "github"))


def _configured(rule_set: RuleSet) -> str | None:
    """The forge of itsm.yaml."""
    found: str | None = rule_set.configuration.raw.get("forge", {}).get("type")
    return found


def _write(session: Session, forms: Forms, into: Path, found: list[Finding], *, force: bool, dry_run: bool) -> int:
    from dataclasses import replace

    from itsm_as_code.cli._workflows import prefix_of
    from itsm_as_code.findings import Severity
    from itsm_as_code.interchange import write
    from itsm_as_code.interchange.request_forms import plan
    from itsm_as_code.reports.export import Exported

    if into.resolve() == session.directory.resolve():  # forges look at git's top, wherever below it the records lie
        top = "../" * prefix_of(into).count("/")
        files = {f"{top}{path}" if path.startswith(".git") else path: text for path, text in forms.files.items()}
        forms = replace(forms, files=files)
    planned, said = plan(forms, into, force=force)
    findings = [*found, *forms.findings, *said]
    has_error = any(finding.severity is Severity.ERROR for finding in findings)
    is_written = not has_error and not dry_run
    if is_written:
        with held():
            write(into, planned)
    session.report("export", Exported(planned, findings, is_written))
    return 1 if has_error else 0


def _unusable(catalogue: Catalogue) -> list[Finding]:
    """What is wrong with the files of offerings: one that cannot be read would lose its form in silence."""
    from itsm_as_code.findings import Severity

    offerings = catalogue.registry["RequestOffering"]
    return [
        found
        for found in catalogue.findings
        if found.severity is Severity.ERROR and catalogue.registry.of_path(found.location.path) == offerings
    ]


def _unknown(name: str, catalogue: Catalogue) -> Any:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean

    known = catalogue.names("RequestOffering")
    remedy = did_you_mean(name, known) or f"offerings: {', '.join(known) or 'none'}"
    raise UsageError(f"there is no valid RequestOffering '{name}'", remedy=remedy)


_SERVICES = click.argument("services", nargs=-1, metavar="[SERVICE]...")
_GOOD = click.option("--good", default="itsm_sli_good_total", show_default=True, metavar="SERIES", help="Good events.")
_TOTAL = click.option(
    "--total", default="itsm_sli_events_total", show_default=True, metavar="SERIES", help="All events."
)


@command.command("openslo")
@_SERVICES
@_GOOD
@_TOTAL
@common_options("")
def openslo(session: Session, services: tuple[str, ...], good: str, total: str) -> int:
    """Write services and their objectives as OpenSLO.

    What was imported with 'itsm import openslo' comes back with all that it said, and what was changed since. Of other
    agreements each share and each percentile becomes an SLO in version 1; what OpenSLO has no place for is named.

    \b
    Example:
      itsm export openslo --output slos.yaml
      itsm export openslo payments-api
    """
    from itsm_as_code.interchange._openslo_export import export, text

    _, facts = _facts(session, services, good, total)
    found = export(facts, services, good, total)
    for sentence in found.left_out:
        session.say(sentence)
    session.write(text(found.objects))
    return 0


@command.command("prometheus-rules")
@_SERVICES
@_GOOD
@_TOTAL
@common_options("")
def prometheus_rules(session: Session, services: tuple[str, ...], good: str, total: str) -> int:
    """Write Prometheus rules on burning error budgets.

    For each availability that the organisation promises: the share of failures over several windows, and alerts where
    the budget burns too fast in a long and a short one (Site Reliability Workbook, chapter 5). Both series are
    counters with the labels service and objective.

    \b
    Example:
      itsm export prometheus-rules --output rules.yaml
      itsm export prometheus-rules payments-api --total http_requests_total --good http_requests_good_total
    """
    from itsm_as_code.interchange.prometheus_rules import rules, warnings
    from itsm_as_code.service_levels.alerts import alerts

    rule_set, facts = _facts(session, services, good, total)
    found = list(alerts(facts, session.instant(rule_set.configuration.as_of), frozenset(services)))
    for warning in warnings(found):
        session.say(warning)
    session.write(rules(found, good, total))
    return 0


def _facts(session: Session, services: tuple[str, ...], good: str, total: str) -> tuple[RuleSet, Facts]:
    """The records, in which every service that was named is there; the names of series are such."""
    import re

    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import load_rule_set

    for option, series in (("--good", good), ("--total", total)):
        if not re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", series):
            raise UsageError(f"{option}: '{series}' is not the name of a series", remedy="write letters, digits and _")
    rule_set = load_rule_set(session.snapshot())
    if not rule_set.catalogue.records:
        raise session.no_records()
    facts = Facts.of(rule_set.catalogue, rule_set.configuration.timezone)
    for name in services:
        if facts.record("Service", name) is None:
            known = rule_set.catalogue.names("Service")
            remedy = did_you_mean(name, known) or f"services: {', '.join(known[:10]) or 'none'}"
            raise UsageError(f"there is no service '{name}'", remedy=remedy)
    return rule_set, facts


for _more in (
    *(backstage, codeowners, csv, deployment_protection, dora_gaps, duckdb),
    *(oscal, parquet, schedules, soa, summary),
):
    command.add_command(_more)
