"""The options ``--cache`` and ``--no-cache``, and where the cache is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import option_group
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.cache import Cache
    from itsm_as_code.records.stored import StoredRecords


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """Where earlier runs left what they read, if they are to be believed."""

    folder: Path | None
    opened: list[tuple[Session, Cache]] = field(default_factory=list)

    def records(self, session: Session) -> StoredRecords | None:
        """The records of earlier runs, or None without a cache. UsageError for a cache that a commit could bring."""
        from itsm_as_code.records.stored import StoredRecords

        opened = self.opened_for(session)
        return StoredRecords(opened) if opened is not None else None

    def opened_for(self, session: Session) -> Cache | None:
        """The cache, opened once for each session, or None without one. UsageError as of :meth:`records`."""
        from itsm_as_code.cache import Cache
        from itsm_as_code.errors import UsageError

        if self.folder is None:
            return None
        for known, opened in self.opened:
            if known is session:
                return opened
        # The last part is not followed: a link in its place is refused by the cache itself.
        whole = Path.cwd() / self.folder.expanduser()
        places = {whole.resolve(), whole.parent.resolve() / whole.name}
        top = _top(session.directory.resolve())
        if any(place == top or top in place.parents for place in places):
            raise UsageError(
                f"the cache {self.folder} lies inside the repository, where a commit could bring it",
                remedy="name a folder outside, such as --cache ~/.cache/itsm",
            )
        opened = Cache(whole, os.environ.get("ITSM_CACHE_KEY", "").encode())
        self.opened.append((session, opened))
        return opened

    def report(self) -> None:
        """Say what became of the cache: that it was of no use, or, to those who want to hear more, was damaged."""
        for session, opened in self.opened:
            if opened.trouble:
                session.say(opened.trouble)
            elif session.verbose:
                for note in filter(None, (opened.renewed, opened.passed_over, opened.refused)):
                    session.say(note)


def _cache(folder: Path | None, no_cache: bool) -> CacheOptions:
    is_named = folder is not None and str(folder) not in ("", ".")
    cache = CacheOptions(folder if is_named and not no_cache else None)
    click.get_current_context().call_on_close(cache.report)
    return cache


cache_options = option_group(
    "cache",
    _cache,
    click.option(
        "--cache",
        "folder",
        type=click.Path(path_type=Path),
        envvar="ITSM_CACHE",
        metavar="DIR",
        help="Use and keep there what was read before: a folder of your own, outside the repository. [ITSM_CACHE]",
    ),
    click.option("--no-cache", is_flag=True, help="Read everything anew, whatever ITSM_CACHE says."),
)
"""For commands that can use what earlier runs read; they get it as ``cache``, and it reports when they are done."""


def _top(folder: Path) -> Path:
    """The work tree that a folder lies in, or the folder itself."""
    return next((parent for parent in (folder, *folder.parents) if os.path.lexists(parent / ".git")), folder)
