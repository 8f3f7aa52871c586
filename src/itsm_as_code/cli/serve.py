"""itsm serve."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli import _streams
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from itsm_as_code.findings import Finding
    from itsm_as_code.site.preview import Preview
    from itsm_as_code.validation import Validation

_POLL_SECONDS, _SETTLED_SECONDS = 0.25, 0.05
_SHARE = 4
"""How much longer a pause is than looking through the files took: large work trees are looked at less often."""


@click.command("serve")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Serve at this port, 0 for any that is free.  [default: 8765, or the next that is free]",
)
@click.option("--for", "seconds", type=click.IntRange(0), metavar="SECONDS", help="End by itself after so long.")
@common_options(output=False)
def command(session: Session, port: int | None, seconds: int | None) -> int:
    """Show the site on this machine while you write.

    The site is built in a temporary folder, without trends of earlier weeks, and served to this machine alone. Pages
    load anew after a save, and show the findings. A file that can no longer be read, or a site that cannot be built,
    leaves the last good site. Ctrl-C ends it, with exit code 0. Exit code 2: the port is in use, or there is no site
    to begin with.

    \b
    Example:
      itsm serve
      itsm serve --port 9000
    """
    import tempfile

    from itsm_as_code.site import preview

    with tempfile.TemporaryDirectory(prefix="itsm-serve-", ignore_cleanup_errors=True) as folder:
        news = preview.Preview(Path(folder, "site"))
        with closing(preview.listen(news, port)) as server:
            builder = _Builder(session, Path(folder), news)
            seen = _states(session)
            builder.first()
            end = time.monotonic() + seconds if seconds is not None else None
            with _streams.asked_to_end() as is_asked:
                server.start()
                session.say(f"the site is at {server.url}; Ctrl-C ends it")
                _follow(
                    session, seen, builder.again, lambda: is_asked() or (end is not None and time.monotonic() > end)
                )
    return 0


class _Builder:
    """Builds the site again and again, each time making only the pages that would read differently."""

    def __init__(self, session: Session, folder: Path, news: Preview) -> None:
        from itsm_as_code.cli._cache import CacheOptions

        self._session, self._quiet, self._news = session, replace(session, quiet=True), news
        self._cache = CacheOptions(folder / "cache")
        self._broken: frozenset[str] | None = None

    def first(self) -> None:
        """ItsmError where there is no site to begin with."""
        self._build()

    def again(self) -> None:
        """After a save; what is wrong with it is told, and the last good site stays."""
        from itsm_as_code.errors import ItsmError

        started = time.monotonic()
        try:
            done = self._build()
        except (ItsmError, OSError) as error:  # half-way through an edit
            trouble = str(error) + (f"; {error.remedy}" if isinstance(error, ItsmError) and error.remedy else "")
            self._news.stayed([], trouble)
            self._session.say(f"not built: {trouble}")
        else:
            self._session.say(f"{done} ({time.monotonic() - started:.1f} s)")

    def _build(self) -> str:
        """What became of the site."""
        from itsm_as_code.cli.build import made
        from itsm_as_code.processes import no_collection

        with no_collection():
            validation, built = made(self._quiet, self._news.root, None, 0, self._cache, self._is_no_worse)
        findings = _placed(validation)
        if built is None:
            worse = _unreadable(validation) - (self._broken or frozenset())
            self._news.stayed(sorted(findings, key=lambda finding: finding.location.path not in worse))  # causes first
            return f"kept the last good site, for {min(worse)} cannot be read"
        self._broken = _unreadable(validation)
        self._news.built(findings)
        return (
            f"built: {built.rendered} pages anew, {built.kept} kept, {built.removed} removed; findings: {len(findings)}"
        )

    def _is_no_worse(self, validation: Validation) -> bool:
        """False where pages would go away because files can no longer be read; those of the first build cannot."""
        return self._broken is None or _unreadable(validation) <= self._broken


def _unreadable(validation: Validation) -> frozenset[str]:
    """The files that are no record."""
    return frozenset(item.location.path for item in validation.catalogue.findings if item.blocks)


def _placed(validation: Validation) -> list[Finding]:
    """The findings with their lines and columns, the gravest first."""
    from itsm_as_code.findings import sort_findings
    from itsm_as_code.records.positions import place_findings

    return sort_findings(place_findings(validation.findings, validation.catalogue.sources()))


def _follow(
    session: Session, seen: dict[str, list[str]] | None, build: Callable[[], None], is_over: Callable[[], bool]
) -> None:
    """Build after each change of the work tree, once no more is being written."""
    while not is_over():
        started = time.monotonic()
        now = _states(session)
        looked = time.monotonic() - started
        if now is not None and now != seen:
            while not is_over() and (later := _settled(session)) != now:
                now = later
            seen = now
            build()
        time.sleep(max(_POLL_SECONDS, _SHARE * looked))


def _settled(session: Session) -> dict[str, list[str]] | None:
    time.sleep(_SETTLED_SECONDS)
    return _states(session)


def _states(session: Session) -> dict[str, list[str]] | None:
    """What the file system says of each file of the work tree; None where one went away meanwhile."""
    from itsm_as_code.snapshot import WorkTree

    try:
        return WorkTree(session.directory, at_once=False).states
    except OSError:
        return None
