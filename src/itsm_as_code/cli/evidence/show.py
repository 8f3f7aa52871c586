"""itsm evidence show."""

from __future__ import annotations

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("show")
@click.argument("commit", default="", metavar="[COMMIT]")
@click.option("--rev", metavar="REV", help="The default branch (default: as origin has it).")
@click.option("--export", is_flag=True, help="Print the evidence itself, for `itsm authorise --evidence FILE`.")
@common_options("evidence_show")
def command(session: Session, commit: str, rev: str | None, export: bool) -> int:
    """Ask whether a commit was approved, by its evidence. The commit is one of the default branch. Exit code 0: yes;
    1: no; 2: unknown.

    Without a commit: the last one. The notes are those of this clone: git fetch origin refs/notes/itsm:refs/notes/itsm

    \b
    Example:
      itsm evidence show
      itsm evidence show 1a2b3c4d --format json
    """
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.cli._default_branch import branch_name, default_branch
    from itsm_as_code.errors import UsageError
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git.repository import Repository

    repository = Repository(session.directory)
    tip = repository.commit(rev or default_branch(repository))
    ledger = Ledger(at_root(repository, tip), tip, branch_name(repository), session.instant(None))
    wanted = repository.commit(commit) if commit else ledger.tip
    if wanted not in ledger.place:
        remedy = "name a commit that the default branch had as its tip"
        raise UsageError(f"{wanted[:12]} is not one of the first parents of the default branch", remedy=remedy)
    evidence = ledger.covering(wanted)
    if export and evidence.statement is not None:
        session.write(evidence.statement.line.decode() + evidence.statement.signature)
    else:
        session.report("evidence_show", evidence)
    return 0 if evidence.approved else 1
