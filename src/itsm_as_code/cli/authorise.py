"""itsm authorise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.records.catalogue import Catalogue


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
@common_options("text", "json", "github")
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
    from itsm_as_code.assurance.authority import Trail, not_asked, trail_of
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.cli._default_branch import branch_name, default_branch
    from itsm_as_code.cli.output import instant
    from itsm_as_code.gate.authorise import Question, authorise
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.reports.authorise import FORMATS
    from itsm_as_code.validation import load_judges

    repository = Repository(session.directory)
    revision = rev or default_branch(repository)
    commit = repository.commit(revision)
    judges = load_judges(repository.snapshot(commit))
    moment = instant(at) if at is not None else session.instant(judges.configuration.as_of)
    question = Question(change, service, moment)
    _readable(judges.catalogue, change)
    facts = Facts.of(judges.catalogue)
    elsewhere = _elsewhere(repository, change) if facts.record("Change", change) is None else []
    answer = authorise(question, judges, elsewhere)
    ledger = Ledger(repository, commit, branch_name(repository), moment, _keys(allowed_signers))
    trail = not_asked(ledger, insist=require_evidence or evidence is not None)
    record = judges.catalogue.get("Change", change)
    if trail is None and record is not None:
        _bring(ledger, evidence, fetch=not no_fetch)
        trail = trail_of(ledger, record, judges.catalogue)
    trail = trail or Trail(True, "asked for")
    if trail.reasons:
        answer = replace(answer, reasons=(*answer.reasons, *trail.reasons), next=None, until=None)
    session.write(FORMATS[session.format](answer, revision, commit, trail))
    return 0 if answer.authorised else 1


def _readable(catalogue: Catalogue, change: str) -> None:
    """ItsmError when the change, or what it is judged by, is there and cannot be read: that is no answer."""
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.gate.authorise import JUDGED_BY

    folders = tuple(f"{catalogue.registry[kind].folder}/" for kind in JUDGED_BY if kind in catalogue.registry.kinds)
    for finding in catalogue.findings:
        path = finding.location.path
        if finding.blocks and (path.endswith(f"/{change}.yaml") or path.startswith(folders)):
            message = f"{finding.location} cannot be read: {finding.message}"
            raise ItsmError(message, code="record-invalid", remedy="run itsm validate, and mend the record")


def _elsewhere(repository: Repository, change: str) -> list[str]:
    """The branches that hold a change of that name; of a great many, the first fifty are looked at."""
    names = repository.text("for-each-ref", "--format=%(refname)", "refs/heads/", "refs/remotes/").split("\n")[:-1]
    found = []
    for name in names[:50]:
        paths = repository.text("ls-tree", "-r", "-z", "--name-only", "--full-tree", name, "--", "changes").split("\0")
        if any(path.endswith(f"/{change}.yaml") for path in paths):
            found.append(name.removeprefix("refs/heads/").removeprefix("refs/remotes/"))
    return found


def _keys(file: Path | None) -> list[str]:
    from itsm_as_code.gate.endorsement import allowed_signers
    from itsm_as_code.signing import bare_key

    return [bare_key(key) for _, key in allowed_signers(file)] if file is not None else []


def _bring(ledger: Ledger, file: Path | None, *, fetch: bool) -> None:
    """Have the notes of origin in this clone, and evidence from a file; ItsmError when that cannot be done."""
    from itsm_as_code.errors import GitError, ItsmError
    from itsm_as_code.gate.endorsement import evidence_file
    from itsm_as_code.git import notes

    command = f"git fetch origin +{notes.REF}:{notes.REF}"
    repository = ledger.repository
    if fetch and repository.setting("remote.origin.url") is not None:
        try:
            notes.fetch(repository, "origin")
        except GitError as error:
            message = f"the evidence could not be fetched: {error.message}"
            raise GitError(message, code="evidence-not-fetched", remedy=f"{command}, and ask with --no-fetch") from None
    elif not fetch and file is None and not notes.references(repository):
        raise GitError("this clone has no evidence", code="evidence-not-fetched", remedy=command)
    if file is not None and not ledger.add(evidence_file(file).content):
        remedy = "write it with 'itsm evidence show COMMIT --export -o FILE'"
        raise ItsmError(f"{file} holds no evidence of a merge", code="evidence-unreadable", remedy=remedy)
