"""itsm evidence note."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from itsm_as_code.cli._forge import ForgeOptions, connect, merge_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("note")
@merge_options
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The private SSH key that signs; itsm.yaml names its public half.",
)
@click.option(
    "--push",
    "remote",
    is_flag=False,
    flag_value="origin",
    metavar="[REMOTE]",
    help="Read the notes of a remote, and push them there (origin).",
)
@click.option("--rev", metavar="REV", help="The default branch (default: as origin has it).")
@click.option("--all", "everything", is_flag=True, help="Look at the whole history, not from the last evidence on.")
@common_options("evidence_note")
def command(
    session: Session, forge: ForgeOptions, key: Path, remote: str | None, rev: str | None, everything: bool
) -> int:
    """Write evidence of what landed on the default branch. Exit code 0: all approved; 1: not all; 2: could not.

    For every commit without evidence the forge is asked for its pull request, as that was at the merge; it is judged
    with the commit before as base, signed, and noted on the commit, whatever the verdict. What an earlier run left out
    is made up for. Nothing that is noted is ever replaced. A job of the default branch runs this after each merge.

    \b
    Example:
      itsm evidence note --forge github --key evidence-key --push
      itsm evidence note --key ~/.ssh/evidence-key
    """
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.assurance.merges import Place
    from itsm_as_code.assurance.noting import LATER, gaps, keep, prepare, source_of, with_findings
    from itsm_as_code.cli._default_branch import branch_name, default_branch
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git import notes
    from itsm_as_code.git.repository import Repository

    repository = Repository(session.directory)
    tip = repository.commit(rev or default_branch(repository))
    if remote is not None:
        notes.fetch(repository, remote)
    ledger = Ledger(at_root(repository, tip), tip, branch_name(repository), session.instant(None))
    missing = gaps(ledger, everything=everything)
    connection = None
    if not forge.is_local:
        connection = connect(replace(forge, remote=remote or forge.remote or "origin"), repository)
    name = connection.repository if connection is not None else ledger.current.repository
    place = Place(name or "", ledger.branch)
    noted = prepare(ledger, missing, source_of(ledger, connection), place, key.expanduser())
    added = keep(ledger, noted, remote) if noted.statements else ()
    result = with_findings(ledger, replace(noted, statements=added))
    session.report("evidence_note", result)
    if noted.stopped is not None and noted.stopped.code != LATER:
        raise noted.stopped
    return 1 if result.findings else 0
