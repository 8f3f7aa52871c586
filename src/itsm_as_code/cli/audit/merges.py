"""itsm audit, and itsm audit merges."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._times import BORDER, Said
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from datetime import datetime

    from itsm_as_code.assurance.audit import Asked, Audit
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.git.repository import Repository


@click.command("merges")
@click.option("--range", "span", metavar="A..B", help="After a commit of the default branch, up to another one.")
@click.option("--since", type=BORDER, metavar="WHEN", help="Only what was merged from then on.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Draw so many of the population.")
@click.option("--seed", default="0", show_default=True, metavar="K", help="Which sample: the same draws the same.")
@click.option(
    "--package",
    "place",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE.zip",
    help="Write there what an auditor needs to check the sample without this program.",
)
@click.option(
    "--key", type=click.Path(path_type=Path), metavar="FILE", help="Sign with it that the audit came this far."
)
@click.option(
    "--push", "remote", is_flag=False, flag_value="origin", metavar="[REMOTE]", help="And push that note (origin)."
)
@cache_options
@common_options("audit_merges")
def command(
    session: Session,
    cache: CacheOptions,
    span: str | None,
    since: Said | None,
    sample: int | None,
    seed: str,
    place: Path | None,
    key: Path | None,
    remote: str | None,
) -> int:
    """Ask whether all that landed came through the gate.

    Exit code 0: yes, all; 1: no; 2: not known.

    Each landing is judged again from its signed evidence, by the rules of its day. The notes are those of this clone:
    git fetch origin 'refs/notes/*:refs/notes/*'. With --key the last commit is noted, by which the next audit sees
    whether the branch was rewritten. With --cache only what is new is judged.

    \b
    Example:
      itsm audit
      itsm audit --since 2026-07-01 --format csv
      itsm audit --sample 25 --seed 7 --package audit-2026
    """
    from itsm_as_code.assurance.audit import audit, with_early_starts, with_rewound_deployments
    from itsm_as_code.assurance.audited import keep, with_rewritten
    from itsm_as_code.assurance.ledger import Ledger
    from itsm_as_code.cli._default_branch import branch_name, default_branch
    from itsm_as_code.errors import UsageError
    from itsm_as_code.gate.root import at_root
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.processes import cores

    if remote is not None and key is None:
        raise UsageError("--push pushes the note that --key signs", remedy="name a key")
    repository = Repository(session.directory)
    tip = repository.commit(default_branch(repository))
    ledger = Ledger(at_root(repository, tip), tip, branch_name(repository), session.instant(None))
    asked = _asked(repository, span, since.at(session) if since else None, sample, seed)
    result = with_rewritten(ledger, audit(ledger, asked, cache.opened_for(session), cores()))
    result = with_rewound_deployments(ledger, with_early_starts(ledger, result))
    if place is not None:
        _pack(ledger, result, place)
    if key is not None:
        keep(ledger, result, key.expanduser(), remote)
    session.report("audit_merges", result)
    return result.exit_code


def _pack(ledger: Ledger, result: Audit, place: Path) -> None:
    from itsm_as_code.assurance.package import package_of, write
    from itsm_as_code.assurance.people import People
    from itsm_as_code.reports import renderer

    names = {"json": "audit.json", "markdown": "audit.md", "csv": "population.csv"}
    reports = {name: renderer("audit_merges", form)(result).encode() for form, name in names.items()}
    write(package_of(ledger, result, People(ledger.repository, ledger.now), reports), place)


def _asked(repository: Repository, span: str | None, since: datetime | None, sample: int | None, seed: str) -> Asked:
    from itsm_as_code.assurance.audit import Asked
    from itsm_as_code.errors import UsageError

    after, dots, until = (span or "..").partition("..")
    if not dots:
        raise UsageError(f"--range {span} is no range", remedy="say A..B: after the commit A, up to the commit B")
    return Asked(
        repository.commit(after) if after else None,
        repository.commit(until) if until else None,
        since,
        sample or 0,
        seed,
    )
