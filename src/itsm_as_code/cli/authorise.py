"""itsm authorise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("authorise")
@click.argument("change")
@click.option("--service", metavar="SERVICE", help="Which of its services is deployed (all of them otherwise).")
@click.option("--at", "at", metavar="INSTANT", help="When (RFC 3339); now unless said otherwise.")
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
    change: str,
    service: str | None,
    at: str | None,
    rev: str | None,
    evidence: Path | None,
    require_evidence: bool,
    no_fetch: bool,
    allowed_signers: Path | None,
) -> int:
    """May this change be deployed now: yes (exit code 0), no (1), could not tell (2).

    Yes when the change is on the default branch, authorised, inside its window, not frozen, its model in force, its
    error budget not used up, no review of an earlier emergency overdue, and signed evidence shows that it was approved
    (see `itsm evidence`). A no says when it will be possible.

    \b
    Example:
      itsm authorise chg-20261201-db --service payments-api
      itsm authorise chg-20261201-db --at 2026-12-01T20:30:00Z --format json
    """
    from itsm_as_code.assurance.authority import look_up
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.cli._default_branch import branch_name, default_branch
    from itsm_as_code.cli.output import instant
    from itsm_as_code.gate.authorise import Question, authorise, branches_with, check_readable
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import load_rule_set

    given = None if at is None else instant(at, "--at")
    repository = Repository(session.directory)
    revision = rev or default_branch(repository)
    commit = repository.commit(revision)
    branch, repository = branch_name(repository), at_root(repository, commit)
    rule_set = load_rule_set(repository.snapshot(commit))
    moment = given or session.instant(rule_set.configuration.as_of)
    question = Question(change, service, moment)
    check_readable(rule_set.catalogue, change)
    facts = Facts.of(rule_set.catalogue, rule_set.configuration.timezone)
    elsewhere = branches_with(repository, change) if facts.record("Change", change) is None else []
    answer = authorise(question, rule_set, elsewhere)
    ledger = Ledger(repository, commit, branch, moment, _keys(allowed_signers))
    trail = look_up(ledger, rule_set.catalogue, change, evidence, fetch=not no_fetch, insist=require_evidence)
    if trail.reasons:
        answer = replace(answer, reasons=(*answer.reasons, *trail.reasons), next=None, until=None)
    session.report("authorise", answer, revision, commit, trail)
    return 0 if answer.authorised else 1


def _keys(file: Path | None) -> list[str]:
    from itsm_as_code.gate.endorsement import allowed_signers
    from itsm_as_code.signing import bare_key

    return [bare_key(key) for _, key in allowed_signers(file)] if file is not None else []
