"""itsm approve."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import common_options, option_group
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.gate.attestation import Proposal

REFSPEC = "refs/itsm/approvals/*:refs/itsm/approvals/*"


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs with which key, what they want to say, and whether they are to be asked."""

    person: str | None
    key: str | None
    message: str | None
    yes: bool
    dry_run: bool

    def is_agreed(self, proposal: Proposal) -> bool:
        """Whether the person at the terminal says yes; without a terminal there is nobody to ask."""
        if self.dry_run or self.yes:
            return self.yes and not self.dry_run
        if not sys.stdin.isatty():
            raise click.UsageError("there is no terminal to ask on; say --yes to sign without being asked.")
        return click.confirm(f"Sign as {proposal.statement['reviewer']}?", err=True)


signing_options = option_group(
    "signing",
    Signing,
    click.option("--as", "person", metavar="PERSON", help="Who signs; whoever holds the key unless said otherwise."),
    click.option(
        "--key",
        metavar="FILE|agent",
        help="SSH key to sign with, or the ssh-agent's; git's user.signingKey by default.",
    ),
    click.option("-m", "--message", metavar="TEXT", help="What you want to say."),
    click.option("-y", "--yes", is_flag=True, help="Sign without asking."),
    click.option("--dry-run", is_flag=True, help="Show what would be signed, and sign nothing."),
)


@click.command("approve")
@click.option("--base", required=True, metavar="REV", help="What the pull request would be merged into.")
@click.option("--head", required=True, metavar="REV", help="The tip of the pull request.")
@click.option("--request-changes", "verdict", flag_value="changes-requested", help="Ask for changes instead.")
@click.option("--withdraw", "verdict", flag_value="withdrawn", help="Take back what you signed before.")
@signing_options
@common_options("approve")
def command(session: Session, base: str, head: str, verdict: str | None, signing: Signing) -> int:
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
    from itsm_as_code.forges.local import local_pull_request
    from itsm_as_code.gate.approvals import approvals_of
    from itsm_as_code.gate.attestation import hand_in, propose, signer
    from itsm_as_code.gate.candidate import read_candidate
    from itsm_as_code.gate.evaluation import decision_of
    from itsm_as_code.gate.findings import findings_of
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.gate.signed_approvals import NAMESPACE
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.reports.approve import preview
    from itsm_as_code.signing import sign
    from itsm_as_code.validation import as_of

    repository = Repository(session.directory)
    repository = at_root(repository, repository.commit(base))
    pull_request = local_pull_request(repository, base, head, None, None)
    now = session.instant(as_of(repository.snapshot(repository.commit(base))))
    candidate = read_candidate(repository, base, head, pull_request, now)
    findings = findings_of(candidate)
    approvals = approvals_of(candidate, findings, repository)
    with ExitStack() as files:
        reviewer, key_file = signer(repository, candidate, signing.person, signing.key, files)
        proposal = propose(candidate, approvals, reviewer, verdict or "approved", signing.message)
        session.say(f"{preview(proposal, decision_of(candidate, findings, approvals))}")
        if proposal.refusals:
            return 1
        if not signing.is_agreed(proposal):
            session.say("nothing was signed")
            return 0 if signing.dry_run else 1
        signature = sign(proposal.text.encode(), key_file, NAMESPACE)
    ref, after = hand_in(repository, candidate, findings, proposal, signature)
    session.report("approve", proposal, signature, ref, after)
    session.say(f"share it: git push origin '{REFSPEC}'")
    return 0
