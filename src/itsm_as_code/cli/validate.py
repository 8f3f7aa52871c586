"""itsm validate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._cache import CacheOptions, cache_options
from itsm_as_code.cli._links import LinkOptions, link_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._paths import inside, within
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.snapshot import Snapshot


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--rev", metavar="REV", help="Validate a commit, not the work tree.")
@click.option("--base", metavar="REV", help="What stands there already, and in files left alone, is no error here.")
@link_options
@cache_options
@common_options("validate")
def command(
    session: Session,
    paths: tuple[Path, ...],
    rev: str | None,
    base: str | None,
    links: LinkOptions,
    cache: CacheOptions,
) -> int:
    """Check all records: fields, references, states, policies.

    PATHs (files or folders) limit what is reported, not what is read. Exit code 0: no error; 1: errors; 2: could not
    check, be it one link.

    \b
    Example:
      itsm validate
      itsm validate changes/2026 --format json
      itsm validate --rev HEAD~1
      itsm validate --base HEAD
      itsm validate --links --allow-host wiki.intra.example
    """
    from itsm_as_code.findings import sort_findings, with_known
    from itsm_as_code.reports.validate import ValidateResult
    from itsm_as_code.snapshot import changed_files
    from itsm_as_code.stored_findings import find
    from itsm_as_code.validation import built_in_rules

    snapshot = session.snapshot(rev)
    answer = find(snapshot, cache.records(session), session.instant)
    prefixes = _prefixes(session, paths, snapshot)
    findings = [finding for finding in answer.findings if inside(finding.location.path, prefixes)]
    before = _before(session, base) if base is not None and findings else None
    if before is not None:
        stood = find(before, cache.records(session), lambda _: answer.now)
        touched = changed_files(snapshot, before, {finding.location.path for finding in findings})
        findings = with_known(findings, stood.findings, lambda finding: finding.location.path in touched)
    if not answer.records and not findings:
        raise session.no_records()
    dead = links.findings(snapshot, cache.records(session), lambda path: inside(path, prefixes))
    findings = sort_findings([*findings, *dead]) if dead else findings
    result = ValidateResult(
        findings=findings,
        records=sum(inside(path, prefixes) for path in answer.paths()) if any(prefixes) else answer.files,
        now=answer.now,
        revision=snapshot.label if rev is not None else None,
        sources=answer.sources,
        rules=built_in_rules() | links.rules() if findings else None,  # which loads every check there is
    )
    session.report("validate", result, colour=session.colour)
    return 1 if any(finding.blocks for finding in findings) else 2 if links.are_unchecked(dead) else 0


def _prefixes(session: Session, paths: tuple[Path, ...], snapshot: Snapshot) -> list[str]:
    """The paths from the top of the records; UsageError for one where nothing is."""
    from itsm_as_code.errors import UsageError

    prefixes = within(session, paths) or [""]
    for prefix in filter(None, prefixes):
        if prefix not in snapshot.entries and not any(path.startswith(prefix + "/") for path in snapshot.entries):
            raise UsageError(f"there is no file or folder '{prefix}'", remedy="name a path inside the repository")
    return prefixes


def _before(session: Session, base: str) -> Snapshot | None:
    """The records of the base; None before the first commit, when nothing stands anywhere yet."""
    from itsm_as_code.errors import GitError

    try:
        return session.snapshot(base)
    except GitError as error:
        if error.code != "empty-repository":
            raise
        return None
