"""itsm authorise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli.output import Session
from itsm_as_code.cli.program import common_options

if TYPE_CHECKING:
    from itsm_as_code.cli._evidence import EvidenceOptions
    from itsm_as_code.gate.decision import Reason
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.records.catalogue import Catalogue, Record


@click.command("authorise")
@click.argument("change")
@click.option("--service", metavar="SERVICE", help="Which of its services is deployed (all of them otherwise).")
@click.option("--at", "at", metavar="INSTANT", help="When (RFC 3339); now unless said otherwise.")
@click.option("--rev", metavar="REV", help="Where the records are; the default branch of itsm.yaml otherwise.")
@click.option("--evidence", metavar="FILE|note", help="Evidence of the approval, to be judged again.")
@click.option("--require-evidence", is_flag=True, help="Without intact evidence the answer is no.")
@click.option("--allowed-signers", type=click.Path(path_type=Path), metavar="FILE", help="Who may sign the evidence.")
@click.option("--require-signature", is_flag=True, help="Refuse evidence that nobody signed.")
@common_options("text", "json", "github")
def command(
    session: Session,
    change: str,
    service: str | None,
    at: str | None,
    rev: str | None,
    evidence: str | None,
    require_evidence: bool,
    allowed_signers: Path | None,
    require_signature: bool,
) -> int:
    """May this change be deployed now: yes (exit code 0), no (1), could not tell (2).

    Yes when the change is on the default branch, authorised, inside its window, not frozen, its model in force, its
    error budget not used up, and no review of an earlier emergency overdue. A no says when it will be possible.

    \b
    Example:
      itsm authorise chg-20261201-db --service payments-api
      itsm authorise chg-20261201-db --at 2026-12-01T20:30:00Z --format json
    """
    from itsm_as_code.cli._default_branch import default_branch
    from itsm_as_code.cli.program import instant
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
    if (evidence is not None or require_evidence or require_signature) and answer.spec:
        from itsm_as_code.cli._evidence import EvidenceOptions

        options = EvidenceOptions(evidence, allowed_signers, require_signature, None, False)
        record = judges.catalogue.get("Change", change)
        reason = _without_evidence(options, session, repository, commit, record) if record is not None else None
        if reason is not None:
            answer = replace(answer, reasons=(*answer.reasons, reason), next=None, until=None)
    session.write(FORMATS[session.format](answer, revision, commit))
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


def _without_evidence(
    options: EvidenceOptions, session: Session, repository: Repository, commit: str, record: Record
) -> Reason | None:
    """Why the evidence of a change does not show its approval, or None when it does."""
    from itsm_as_code.cli._evidence import NOTE, checked, evidence_file
    from itsm_as_code.gate.decision import Reason
    from itsm_as_code.gate.replay import Damaged
    from itsm_as_code.gate.trail import noted_evidence, why_not_evidence_of

    if options.verify in (None, NOTE):
        content, signature = noted_evidence(repository, commit, record.path), None
    else:
        content, signature = evidence_file(Path(options.verify or ""))
    if content is None:
        message = f"there is no evidence of the approval of {record.name} among the git notes"
        return Reason("evidence-missing", f"{message}; fetch refs/notes/itsm, or name a file with --evidence")
    try:
        replayed, _ = checked(options, session, repository, content, signature, commit)
        return why_not_evidence_of(repository, replayed, record)
    except Damaged as damaged:
        return Reason("evidence-not-intact", f"the evidence is not intact: {damaged.message}")
