"""itsm gate."""

from __future__ import annotations

from pathlib import Path

import click

from itsm_as_code.cli.output import Session
from itsm_as_code.cli.program import common_options


@click.command("gate")
@click.option("--base", required=True, metavar="REV", help="What the pull request would be merged into.")
@click.option("--head", required=True, metavar="REV", help="The tip of the pull request.")
@click.option(
    "--forge",
    "forge_name",
    type=click.Choice(["local"]),
    default="local",
    show_default=True,
    help="Where the pull request lives.",
)
@click.option("--reviews", type=click.Path(path_type=Path), metavar="FILE", help="Author and reviews, as JSON.")
@click.option(
    "--approvals",
    metavar="refs|none|FILE",
    help="Approvals signed with `itsm approve`: of refs/itsm/approvals/ (so without --reviews), or of a file.",
)
@common_options("text", "json", "markdown", "github")
def command(
    session: Session, base: str, head: str, forge_name: str, reviews: Path | None, approvals: str | None
) -> int:
    """Judge a pull request: approved (exit code 0), pending or rejected (1), could not judge (2).

    The rules are read from the base, the records from the merge of both; the work tree is never looked at. The same
    arguments with the same --now give the same bytes.

    \b
    Example:
      itsm gate --base main --head my-change --reviews reviews.json
    """
    from datetime import UTC, datetime

    from itsm_as_code.cli._pull_request import local_pull_request
    from itsm_as_code.clock import format_instant
    from itsm_as_code.configuration import load_configuration
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.gate.decision import error_decision
    from itsm_as_code.gate.judge import judge
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.reports.gate import FORMATS
    from itsm_as_code.validation import registry_of

    now = None
    try:
        repository = Repository(session.directory)
        base_commit = repository.commit(base)
        pull_request = local_pull_request(repository, base_commit, head, reviews, approvals)
        as_of = None
        if session.now is None:
            snapshot = repository.snapshot(base_commit)
            as_of = load_configuration(snapshot, registry_of(snapshot))[0].as_of
        now = session.instant(as_of)
        decision = judge(repository, base_commit, head, pull_request, now)
    except ItsmError as error:
        if session.format == "text":
            raise
        moment = now or datetime.now(UTC).replace(microsecond=0)
        decision = error_decision(error.code, f"{error.message}; {error.remedy}", format_instant(moment))
    session.write(FORMATS[session.format](decision, decision.sources, colour=session.colour))
    return decision.exit_code
