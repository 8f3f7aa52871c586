"""itsm approve."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.gate.attestation import Proposal
    from itsm_as_code.gate.candidate import Candidate
    from itsm_as_code.git.repository import Repository

REFSPEC = "refs/itsm/approvals/*:refs/itsm/approvals/*"


@click.command("approve")
@click.option("--base", required=True, metavar="REV", help="What the pull request would be merged into.")
@click.option("--head", required=True, metavar="REV", help="The tip of the pull request.")
@click.option("--request-changes", "verdict", flag_value="changes-requested", help="Ask for changes instead.")
@click.option("--withdraw", "verdict", flag_value="withdrawn", help="Take back what you signed before.")
@click.option("--as", "person", metavar="PERSON", help="Who signs; whoever holds the key unless said otherwise.")
@click.option(
    "--key", metavar="FILE|agent", help="SSH key to sign with, or the ssh-agent's; git's user.signingKey by default."
)
@click.option("-m", "--message", metavar="TEXT", help="What you want to say.")
@click.option("-y", "--yes", is_flag=True, help="Sign without asking.")
@click.option("--dry-run", is_flag=True, help="Show what would be signed, and sign nothing.")
@common_options("text", "json")
def command(
    session: Session,
    base: str,
    head: str,
    verdict: str | None,
    person: str | None,
    key: str | None,
    message: str | None,
    yes: bool,
    dry_run: bool,
) -> int:
    """Approve a pull request that lives on no forge, by a signature.

    Shows what would be signed and, once you agree, writes a statement signed by your SSH key under
    refs/itsm/approvals/, where `itsm gate` finds it. The key has to stand in your Person record on the base.

    \b
    Share it, and get those of others:
      git push origin 'refs/itsm/approvals/*:refs/itsm/approvals/*'
      git fetch origin 'refs/itsm/approvals/*:refs/itsm/approvals/*'

    \b
    Example:
      itsm approve --base main --head my-change --key ~/.ssh/id_ed25519
    """
    from itsm_as_code.configuration import load_configuration
    from itsm_as_code.forges.interface import SignedStatement
    from itsm_as_code.forges.local import local_pull_request
    from itsm_as_code.gate.approvals import approvals_of
    from itsm_as_code.gate.attestation import propose
    from itsm_as_code.gate.candidate import read_candidate
    from itsm_as_code.gate.findings import findings_of
    from itsm_as_code.gate.judge import decision_of
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.git.statements import store_statement
    from itsm_as_code.reports import approve as report
    from itsm_as_code.signing import sign
    from itsm_as_code.validation import registry_of

    repository = Repository(session.directory)
    pull_request = local_pull_request(repository, base, head, None, None)
    snapshot = repository.snapshot(repository.commit(base))
    as_of = load_configuration(snapshot, registry_of(snapshot))[0].as_of
    candidate = read_candidate(repository, base, head, pull_request, session.instant(as_of))
    findings = findings_of(candidate)
    approvals = approvals_of(candidate, findings, repository)
    with ExitStack() as files:
        reviewer, key_file = _reviewer(repository, candidate, person, key, files)
        proposal = propose(candidate, approvals, reviewer, verdict or "approved", message)
        session.say(f"{report.preview(proposal, decision_of(candidate, findings, approvals))}")
        if proposal.refusals:
            return 1
        if dry_run or not (yes or _agrees(proposal)):
            session.say("nothing was signed")
            return 0 if dry_run else 1
        from itsm_as_code.gate.statements import NAMESPACE

        signature = sign(proposal.text.encode(), key_file, NAMESPACE)
    ref = store_statement(repository, candidate.head, reviewer, proposal.text, signature, candidate.now)
    signed = SignedStatement(proposal.text, signature)
    pull_request = replace(pull_request, statements=(*pull_request.statements, signed))
    candidate = replace(candidate, pull_request=pull_request)
    after = decision_of(candidate, findings, approvals_of(candidate, findings, repository))
    session.write(report.FORMATS[session.format](proposal, signature, ref, after))
    session.say(f"share it: git push origin '{REFSPEC}'")
    return 0


def _agrees(proposal: Proposal) -> bool:
    """Whether the person at the terminal says yes; without a terminal there is nobody to ask."""
    import sys

    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on; say --yes to sign without being asked.")
    return click.confirm(f"Sign as {proposal.statement['reviewer']}?", err=True)


def _reviewer(
    repository: Repository, candidate: Candidate, person: str | None, key: str | None, files: ExitStack
) -> tuple[str, Path]:
    """Who signs, and the file of their key: a private one, or a public one whose private half the agent holds."""
    from itsm_as_code import signing
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean
    from itsm_as_code.gate.statements import why_key_is_not

    people = candidate.base_facts
    known = {data["metadata"]["name"]: data["spec"].get("signingKeys", ()) for data in people.records("Person")}
    if person is not None and person not in known:
        remedy = did_you_mean(person, known) or "add them to people/ in a pull request of its own"
        raise UsageError(f"nobody named '{person}' is in people/ of the base", remedy=remedy)
    key = key or repository.setting("user.signingKey")
    if key is None:
        raise UsageError(
            "no key to sign with", remedy="name your private SSH key with --key, or git config user.signingKey"
        )
    key = key.removeprefix("key::")
    if key == "agent":
        mine = known[person] if person else [item for items in known.values() for item in items]
        wanted = {signing.bare_key(item["key"]) for item in mine}
        held = next((item for item in signing.agent_keys() if item in wanted), None)
        if held is None:
            raise UsageError("the ssh-agent holds no key of a Person of the base", remedy="run ssh-add, or name a file")
        key = held
    if key.startswith(("ssh-", "ecdsa-", "sk-")):
        public, file = signing.bare_key(key), _public_file(key, files)
    else:
        file = Path(key).expanduser()
        public = signing.public_key(file)
    owners = [name for name, items in known.items() if any(signing.bare_key(item["key"]) == public for item in items)]
    reviewer = person or (owners[0] if len(owners) == 1 else None)
    if reviewer is None:
        remedy = f"add '{public}' to spec.signingKeys of your Person record, in a pull request of its own"
        if owners:
            remedy = "leave it to one of them, in a pull request of its own, or sign with another key"
        whose = f"more than one person: {', '.join(sorted(owners))}" if owners else "nobody in people/ of the base"
        raise UsageError(f"the key is that of {whose}", remedy=remedy)
    refusal = why_key_is_not(people, reviewer, public, (candidate.now,))
    if refusal is not None:
        remedy = f"add '{public}' to spec.signingKeys of {reviewer}, in a pull request of its own"
        raise UsageError(refusal[0], remedy=remedy)
    return reviewer, file


def _public_file(key: str, files: ExitStack) -> Path:
    """A file that names a key of the agent's to ssh-keygen."""
    import tempfile

    folder = files.enter_context(tempfile.TemporaryDirectory(prefix="itsm-key-"))
    path = Path(folder) / "key.pub"
    path.write_text(f"{key}\n", "utf-8")
    return path
