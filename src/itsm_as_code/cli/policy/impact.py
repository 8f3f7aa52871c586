"""itsm policy impact."""

from __future__ import annotations

from pathlib import Path

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("impact")
@click.option("--base", required=True, metavar="REV", help="What holds now.")
@click.option("--head", required=True, metavar="REV", help="The branch that changes rules.")
@click.option(
    "--reviews",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Open pull requests to look at as well (the file of `itsm gate --reviews FILE`, with openPullRequests).",
)
@common_options("policy_impact")
def command(session: Session, base: str, head: str, reviews: Path | None) -> int:
    """Show what changed rules would newly reject or let through. All records and open pull requests are looked at.

    Rules are policies and packs, their severity and parameters, checks' configuration, schemas and waivers. Only git
    objects are read. Exit code 0 when nothing would be newly rejected, 1 when something would.

    \b
    Example:
      itsm policy impact --base main --head stricter-rules
      itsm policy impact --base main --head stricter-rules --reviews open.json --format markdown
    """
    from itsm_as_code.forges.local import LocalForge
    from itsm_as_code.gate.impact import policy_impact
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.validation import load_rule_set

    repository = Repository(session.directory)
    base_commit = repository.commit(base)
    open_pull_requests = LocalForge(reviews).pull_request().open_pull_requests
    as_of = load_rule_set(repository.records(base_commit)).configuration.as_of if session.now is None else None
    found = policy_impact(repository, base_commit, head, session.instant(as_of), open_pull_requests)
    session.report("policy_impact", found, colour=session.colour)
    return 1 if any(shift.effect == "rejects" for shift in found.shifts) else 0
