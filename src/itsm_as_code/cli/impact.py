"""itsm impact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from itsm_as_code.cli import _complete
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from datetime import datetime

    from itsm_as_code.records.facts import Facts


@click.command("impact")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=_complete.services)
@click.option("--base", metavar="REV", help="What a pull request would be merged into: take the services it touches.")
@click.option("--head", metavar="REV", help="The tip of the pull request.")
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@common_options("impact")
def command(session: Session, services: tuple[str, ...], base: str | None, head: str | None, rev: str | None) -> int:
    """Show whom a failure of some services reaches. By distance, with owners, tiers and agreements.

    Hard dependencies pass a failure on, soft ones a degradation. With --base and --head the services are those that the
    changed records of a pull request name.

    \b
    Example:
      itsm impact payments-api
      itsm impact payments-api orders-db --format mermaid
      itsm impact --base main --head my-change
    """
    from itsm_as_code.errors import UsageError
    from itsm_as_code.measures.blast_radius import blast_radius

    if (base is None) != (head is None):
        raise UsageError("--base and --head belong together", remedy="name both, or name services")
    if bool(services) == (base is not None):
        what = "services and a pull request, which is one too many" if services else "nothing to look at"
        raise UsageError(f"the command line names {what}", remedy="name services, or --base and --head")
    if base is not None and head is not None:
        if rev is not None:
            raise UsageError("--rev says nothing beside --base and --head", remedy="leave it out")
        services, facts, now = _of_pull_request(session, base, head)
        if not services:
            session.say("the pull request touches no record that names a service")
    else:
        facts, now = _of_records(session, rev)
        _must_exist(services, facts)
    session.report("impact", blast_radius(services, facts, now))
    return 0


def _must_exist(services: tuple[str, ...], facts: Facts) -> None:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean

    known = [service["metadata"]["name"] for service in facts.records("Service")]
    for name in services:
        if name not in known:
            remedy = did_you_mean(name, known) or (f"services: {', '.join(known[:10])}" if known else "there are none")
            raise UsageError(f"there is no service '{name}'", remedy=remedy)


def _of_records(session: Session, rev: str | None) -> tuple[Facts, datetime]:
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.validation import load_rule_set

    rule_set = load_rule_set(session.snapshot(rev))
    return Facts.of(rule_set.catalogue), session.instant(rule_set.configuration.as_of)


def _of_pull_request(session: Session, base: str, head: str) -> tuple[tuple[str, ...], Facts, datetime]:
    """The services that a pull request touches, in what merging it would give."""
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.measures.blast_radius import touched_services
    from itsm_as_code.records.diff import diff_catalogues
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.records.reading import load_catalogue
    from itsm_as_code.validation import load_rule_set

    repository = Repository(session.directory)
    base_commit, head_commit = repository.commit(base), repository.commit(head)
    rule_set = load_rule_set(repository.records(base_commit))
    tree = repository.merge_tree(base_commit, head_commit)
    catalogue = load_catalogue(repository.records(tree), rule_set.registry, rule_set.catalogue)
    facts = Facts.of(catalogue)
    sides = (
        side.data
        for diff in diff_catalogues(rule_set.catalogue, catalogue)
        for side in (diff.old, diff.new)
        if side is not None and side.valid
    )
    return touched_services(sides, facts), facts, session.instant(rule_set.configuration.as_of)
