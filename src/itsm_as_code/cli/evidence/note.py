"""itsm evidence note."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._forge import ForgeOptions, connect, merge_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.assurance.noting import Noted, Source
    from itsm_as_code.git.repository import Repository


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
@common_options("text", "json")
def command(
    session: Session, forge: ForgeOptions, key: Path, remote: str | None, rev: str | None, everything: bool
) -> int:
    """Write evidence of what landed on the default branch: all approved (exit code 0), not all (1), could not (2).

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
    from itsm_as_code.assurance.noting import LATER, gaps, keep, prepare
    from itsm_as_code.cli._default_branch import branch_name, default_branch
    from itsm_as_code.git import notes
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.reports.evidence import NOTED

    repository = Repository(session.directory)
    tip = repository.commit(rev or default_branch(repository))
    if remote is not None:
        notes.fetch(repository, remote)
    ledger = Ledger(repository, tip, branch_name(repository), session.instant(None))
    missing = gaps(ledger, everything=everything)
    source, name = _source(session, repository, forge, ledger, remote)
    place = Place(name or ledger.current.repository or "", ledger.branch)
    noted = prepare(ledger, missing, source, place, key.expanduser())
    added = keep(ledger, noted, remote) if noted.statements else ()
    result = _result(repository, ledger, replace(noted, statements=added))
    session.write(NOTED[session.format](result))
    if noted.stopped is not None and noted.stopped.code != LATER:
        raise noted.stopped
    return 1 if result.findings else 0


def _result(repository: Repository, ledger: Ledger, noted: Noted) -> Noted:
    """With what the notes say once they are written."""
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.assurance.noting import doubled

    after = Ledger(repository, ledger.tip, ledger.branch, ledger.now)
    reasons = [reason for statement in noted.statements for reason in after.of(statement.commit).reasons]
    reasons += [reason for reason in doubled(after) if reason not in reasons]
    return replace(noted, findings=(*reasons, *after.rewound()))


def _source(
    session: Session, repository: Repository, forge: ForgeOptions, ledger: Ledger, remote: str | None
) -> tuple[Source, str | None]:
    """Where pull requests are read from, and the name of the repository there."""
    from functools import partial

    from itsm_as_code.assurance.merges import ForgeMerges, SignedMerges
    from itsm_as_code.forges.interface import MergeHistory, SignedStatement
    from itsm_as_code.git.statements import stored_statements

    if forge.is_local:
        signed = [SignedStatement(*pair) for pair in stored_statements(repository)]

        def local(base: str, row: Sequence[str]) -> MergeHistory:
            return SignedMerges(repository, base, row, signed)

        return local, None
    connection = connect(replace(forge, remote=remote or forge.remote or "origin"), repository)
    bring = partial(connection.fetch, repository)
    history = ForgeMerges(repository, connection.forge, bring, connection.client.wait, ledger.now)
    return lambda base, row: history, connection.repository
