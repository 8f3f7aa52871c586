"""itsm build."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli.output import Session
from itsm_as_code.cli.program import common_options

if TYPE_CHECKING:
    from itsm_as_code.git.repository import Repository


@click.command("build")
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path),
    default=Path("site"),
    show_default=True,
    metavar="DIR",
    help="Where the site goes.",
)
@click.option("--rev", metavar="REV", help="Build from a commit, not from the work tree.")
@cache_options
@common_options(output=False)
def command(session: Session, out: Path, rev: str | None, cache: CacheOptions) -> int:
    """Build the static site: catalogue, changes, compliance, teams. It opens from any folder, also offline.

    The same records and the same --now give the same bytes. Findings do not stop the build: the site shows them.

    \b
    Example:
      itsm build -o site/
    """
    from itsm_as_code import site
    from itsm_as_code.errors import UsageError
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.snapshot import Snapshot, WorkTree
    from itsm_as_code.validation import assess_catalogue, load_judges

    snapshot: Snapshot
    if rev is not None:
        repository = Repository(session.directory)
        revision = repository.commit(rev)
        snapshot = repository.snapshot(revision)
    else:
        snapshot = WorkTree(session.directory)
        revision = _revision(session.directory)
    judges = load_judges(snapshot, cache.records(session))
    if not judges.catalogue.records:
        raise UsageError(f"{session.directory} holds no records", remedy="make a repository with 'itsm init'")
    now = session.instant(judges.configuration.as_of)
    validation = assess_catalogue(judges.catalogue, judges, now)
    pages = site.build(validation, revision)
    site.write(pages, out)
    count = sum(path.endswith(".html") for path in pages)
    session.say(f"{count} pages from {len(validation.catalogue)} records: open {out / 'index.html'}")
    return 0


def _revision(folder: Path) -> str:
    """How the site names what it shows: the commit, and whether the work tree differs from it."""
    from itsm_as_code.errors import GitError
    from itsm_as_code.git.repository import Repository

    try:
        repository: Repository = Repository(folder)
        commit = repository.commit("HEAD")
        changed = repository.text("status", "--porcelain", "--untracked-files=normal", "--", ".")
    except GitError:
        return "work tree"
    return f"{commit} with uncommitted changes" if changed else commit
