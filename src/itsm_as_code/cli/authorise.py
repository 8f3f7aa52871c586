"""itsm authorise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._times import INSTANT, Said
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from datetime import datetime

    from itsm_as_code.git.repository import Repository
    from itsm_as_code.validation import RuleSet


@click.command("authorise")
@click.argument("change", required=False, shell_complete=_complete.changes)
@click.option("--model", metavar="MODEL", help="A standard change without a record, by its model; with --service.")
@click.option("--minutes", type=click.IntRange(1, 10080), default=60, help="How long that may take (60 otherwise).")
@click.option("--service", metavar="SERVICE", help="Which of its services is deployed (all of them otherwise).")
@click.option("--at", "at", type=INSTANT, metavar="INSTANT", help="When; now unless said otherwise.")
@click.option("--rev", metavar="REV", help="Where the records are; the default branch of itsm.yaml otherwise.")
@click.option(
    "--evidence",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Evidence of the approval, as `itsm evidence show --export` writes it, besides the notes.",
)
@click.option("--require-evidence", is_flag=True, help="Ask for evidence, whatever itsm.yaml says.")
@click.option("--no-fetch", is_flag=True, help="Use the notes that are in this clone; do not fetch them from origin.")
@click.option(
    "--allowed-signers",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Who may sign the evidence besides the keys of itsm.yaml.",
)
@common_options("authorise")
def command(
    session: Session,
    change: str | None,
    model: str | None,
    minutes: int,
    service: str | None,
    at: Said | None,
    rev: str | None,
    evidence: Path | None,
    require_evidence: bool,
    no_fetch: bool,
    allowed_signers: Path | None,
) -> int:
    """Ask whether a change may be deployed now. Exit code 0: yes; 1: no; 2: could not tell.

    Yes when the change is on the default branch, authorised, inside its window, not frozen, its model in force, its
    error budget not used up, no review of an earlier emergency overdue, and signed evidence shows that it was approved
    (see `itsm evidence`). A no says when it will be possible. With --model the same is asked for a standard change that
    has no record: its model is in force, covers the service and the time, and was approved.

    \b
    Example:
      itsm authorise chg-20261201-db --service payments-api
      itsm authorise --model renew-certificates --service payments-api --minutes 20
    """
    from itsm_as_code.assurance.authority import look_up
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.cli._default_branch import branch_name, default_branch
    from itsm_as_code.gate.authorise import Question, authorise, check_readable
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.validation import load_rule_set

    repository = Repository(session.directory)
    revision = rev or default_branch(repository)
    commit = repository.commit(revision)
    branch, repository = branch_name(repository), at_root(repository, commit)
    rule_set = load_rule_set(repository.snapshot(commit))
    configuration = rule_set.configuration
    moment = at.at(session, configuration) if at else session.instant(configuration.as_of)
    check_readable(rule_set.catalogue, change or model or "")
    rule_set, name = _asked(rule_set, change, model, service, moment, minutes)
    answer = authorise(Question(name, service, moment), rule_set, _elsewhere(repository, rule_set, name))
    ledger = Ledger(repository, commit, branch, moment, _keys(allowed_signers))
    trail = look_up(ledger, rule_set.catalogue, name, evidence, fetch=not no_fetch, insist=require_evidence)
    if trail.reasons:
        answer = replace(answer, reasons=(*answer.reasons, *trail.reasons), next=None, until=None)
    session.report("authorise", answer, revision, commit, trail)
    return 0 if answer.authorised else 1


def _asked(
    rule_set: RuleSet, change: str | None, model: str | None, service: str | None, at: datetime, minutes: int
) -> tuple[RuleSet, str]:
    """The rule set, and the name of the change in it that is asked about."""
    from datetime import timedelta

    from itsm_as_code.errors import UsageError
    from itsm_as_code.gate.by_model import with_change

    if (change is None) == (model is None):
        raise UsageError("name a CHANGE, or a --model", remedy="a change has a record, a model pre-authorises without")
    if model is None:
        return rule_set, change or ""
    if service is None:
        raise UsageError("--model needs --service", remedy="name the service that is deployed")
    rule_set, record = with_change(rule_set, model, service, at, timedelta(minutes=minutes))
    return rule_set, record.name


def _elsewhere(repository: Repository, rule_set: RuleSet, change: str) -> list[str]:
    """The branches that hold a change which the default one lacks."""
    from itsm_as_code.gate.authorise import branches_with
    from itsm_as_code.records.facts import Facts

    known = Facts.of(rule_set.catalogue).record("Change", change) is not None
    return [] if known else branches_with(repository, change)


def _keys(file: Path | None) -> list[str]:
    from itsm_as_code.gate.endorsement import allowed_signers
    from itsm_as_code.signing import bare_key

    return [bare_key(key) for _, key in allowed_signers(file)] if file is not None else []
