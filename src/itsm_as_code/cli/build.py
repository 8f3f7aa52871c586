"""itsm build."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli._deployed import as_told
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session
from itsm_as_code.processes import cores
from itsm_as_code.wording import count

if TYPE_CHECKING:
    from itsm_as_code.cache import Cache
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.gate.earlier import Unreadable
    from itsm_as_code.git.history import Walk
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.interchange.feeds import Feeds
    from itsm_as_code.site import Built
    from itsm_as_code.validation import Validation

_WEEKS, _LARGE = 8, 5_000
"""How far trends go back unless told otherwise, and above how many records they are left out: a week of 500 records
takes about 0.6 s on two cores, of which most is judging."""


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
@click.option(
    "--history",
    type=click.IntRange(0, 520),
    metavar="WEEKS",
    help="How far trends go back; each week is judged anew.  [default: 8, in a large repository 0]",
)
@cache_options
@common_options(output=False)
def command(session: Session, out: Path, rev: str | None, history: int | None, cache: CacheOptions) -> int:
    """Build the static site: catalogue, changes, compliance, teams. It opens from any folder, also offline.

    The same records and the same --now give the same bytes. Findings do not stop the build: the site shows them.
    With --cache, only pages that would read differently are made anew.

    \b
    Example:
      itsm build -o site/
    """
    from itsm_as_code.processes import no_collection

    with no_collection():
        validation, built = made(session, out, rev, history, cache)
    own = len(validation.catalogue) - len(validation.catalogue.packed)
    if built is not None:
        session.say(
            f"{count(built.pages, 'page')} from {count(own, 'record')}{_told(built)}: open {out / 'index.html'}"
        )
    return 0


def made(
    session: Session,
    out: Path,
    rev: str | None,
    history: int | None,
    cache: CacheOptions,
    is_wanted: Callable[[Validation], bool] = lambda _: True,
) -> tuple[Validation, Built | None]:
    """Build the site in ``out``; what was judged, and what became of the site: nothing where that is not wanted.

    ItsmError where it cannot be built; the one that is there stays then.
    """
    from itsm_as_code import site
    from itsm_as_code.records.lazy import NOT_ENOUGH

    with suppress(OSError):  # whoever writes there in the end says what is wrong with the folder
        site.clean(out)
    opened = cache.opened_for(session)
    if opened is not None:
        try:
            return _made(session, out, rev, history, cache, is_wanted)
        except NOT_ENOUGH as why:  # what is wrong elsewhere comes up again
            opened.passed_over = f"all records are read, for the index does not say enough: {why}"
    return _made(session, out, rev, history, cache, is_wanted, anew=True)


def _made(
    session: Session,
    out: Path,
    rev: str | None,
    history: int | None,
    cache: CacheOptions,
    is_wanted: Callable[[Validation], bool],
    *,
    anew: bool = False,
) -> tuple[Validation, Built | None]:
    """The same once: by an index, which may turn out to lack something, or ``anew``."""
    from itsm_as_code import site
    from itsm_as_code.cli._controls import known_of
    from itsm_as_code.cli._past import past_of
    from itsm_as_code.compliance import trend
    from itsm_as_code.gate.earlier import as_last_readable, unreadable
    from itsm_as_code.stored_validation import standing

    repository, revision = _revision(session.directory, rev)
    opened = cache.opened_for(session)
    snapshot = session.snapshot(rev, without=out if site.is_for_sites(out) else None)
    found = standing(snapshot, cache.records(session), session.instant, anew=anew)
    if not found.catalogue.records:
        raise session.no_records()
    judged = as_told(session.directory, found, opened)
    if not is_wanted(judged):
        return judged, None
    history = _weeks(session, len(found.catalogue)) if history is None else history
    known, failed = _history(session.directory, rev, opened)
    commit = revision.split(" ")[0] if repository else None
    past = trend(repository, commit, judged, history, known.line if known else None)
    broken = unreadable(judged, repository, commit)
    validation = as_last_readable(judged, broken)
    built = site.publish(
        validation,
        revision,
        out,
        trend=past,
        feeds=_feeds(session, known, failed, validation, broken, repository, commit),
        changed={path: found.last.date() for path, found in known.revised.items()} if known else {},
        remembered=site.memory(opened) if opened is not None else None,
        processes=cores(),
        unreadable=broken,
        past=past_of(repository, commit, validation, opened),
        beside=known_of(session.directory, rev, validation, known, opened),
    )
    return validation, built


def _weeks(session: Session, count: int) -> int:
    """How far trends go back where nobody says it."""
    if count <= _LARGE:
        return _WEEKS
    session.say(f"no trends, for there are {count:,} records; ask for them with --history {_WEEKS}")
    return 0


def _told(built: Built) -> str:
    """What became of the pages of the site that was there, if one was known."""
    if not built.kept and not built.removed:
        return ""
    return f" ({built.rendered} rendered, {built.kept} kept, {built.removed} removed)"


def _history(folder: Path, rev: str | None, cache: Cache | None) -> tuple[Walk | None, ItsmError | None]:
    """The history of the records, if there is one, and why it cannot be read."""
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.gate.agenda import history_of

    try:
        return history_of(folder, rev, cache), None
    except ItsmError as error:
        return None, error


def _feeds(
    session: Session,
    history: Walk | None,
    failed: ItsmError | None,
    validation: Validation,
    broken: list[Unreadable],
    repository: Repository | None,
    commit: str | None,
) -> Feeds:
    """The calendars to subscribe to; none where the history is not known, for the site is built all the same.

    Subscribers then keep what they have, which is better than events that seem never to have been revised.
    """
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.gate.agenda import revised
    from itsm_as_code.gate.earlier import gone
    from itsm_as_code.interchange.feeds import AHEAD, BACK, feeds
    from itsm_as_code.site import address_of

    try:
        if failed is not None:
            raise failed
        revisions = revised(history, session.directory)
        away = gone(validation, repository, commit, validation.now - BACK - AHEAD) if repository and commit else []
        unread = [Path(item.finding.location.path).stem for item in broken if item.last is None]
        return feeds(validation, revisions, away, unread, address_of(validation.configuration))
    except ItsmError as error:
        session.say(f"no calendars to subscribe to: {error}" + (f"; {error.remedy}" if error.remedy else ""))
        return {}


def _revision(folder: Path, rev: str | None) -> tuple[Repository | None, str]:
    """The repository, if there is one with a commit, and how the site names what it shows.

    That is the commit, and whether the work tree differs from it.
    """
    from itsm_as_code.errors import GitError
    from itsm_as_code.git.repository import Repository

    if rev is not None:
        repository = Repository(folder)
        return repository, repository.commit(rev)
    try:
        repository = Repository(folder)
        commit = repository.commit("HEAD")
        changed = repository.text("status", "--porcelain", "--untracked-files=normal", "--", ".")
    except GitError:
        return None, "work tree"
    return repository, f"{commit} with uncommitted changes" if changed else commit
