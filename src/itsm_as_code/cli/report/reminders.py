"""itsm report reminders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._forge import ForgeOptions, connect, merge_options
from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session

if TYPE_CHECKING:
    from itsm_as_code.compliance.reminders import Waiting
    from itsm_as_code.git.repository import Repository


@click.command("reminders")
@merge_options
@click.option("--publish", is_flag=True, help="Keep one issue at the forge up to date with it, as Markdown.")
@common_options("reminders")
def command(session: Session, forge: ForgeOptions, publish: bool) -> int:
    """List what people should be reminded of.

    These are days that are over or within 30 days (reviews of services, agreements and articles, notices of contracts,
    acceptances, waivers), reviews of emergency changes, and, with a forge, pull requests that wait for people and are
    open for over a day, by what the gate says of each. Nothing of it is a verdict: the exit code is 0.

    \b
    Example:
      itsm report reminders
      itsm report reminders --forge github --publish
    """
    from itsm_as_code.compliance.reminders import reminders
    from itsm_as_code.errors import UsageError
    from itsm_as_code.git.repository import Repository
    from itsm_as_code.reports.reminders import markdown
    from itsm_as_code.validation import assess_catalogue, load_rule_set

    if publish and forge.is_local:
        raise UsageError("--publish needs a forge", remedy="name it: --forge github, gitlab or gitea")
    rule_set = load_rule_set(session.snapshot())
    if not rule_set.catalogue.records:
        raise session.no_records()
    now = session.instant(rule_set.configuration.as_of)
    waiting = () if forge.is_local else tuple(_waiting(Repository(session.directory), forge, now))
    validation = assess_catalogue(rule_set.catalogue, rule_set, now)
    found = reminders(validation, rule_set.configuration.timezone, waiting)
    if publish:
        connect(forge, Repository(session.directory)).remind(None if found.is_empty else markdown.render(found))
    session.report("reminders", found)
    return 0


def _waiting(repository: Repository, forge: ForgeOptions, now: datetime) -> Iterator[Waiting]:
    """The pull requests that are open for too long and that the gate says wait, or that it could not judge."""
    from dataclasses import replace

    from itsm_as_code.cli._default_branch import branch_name
    from itsm_as_code.compliance.reminders import PATIENCE, Waiting
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.gate.run import Asked, evaluate_at_forge

    opened = connect(forge, repository).opened(forge.into or branch_name(repository))
    for number, since in opened.items():
        if now - since <= PATIENCE:
            continue
        connection = connect(replace(forge, number=number, remote="origin"), repository)
        shown = f"{'!' if forge.name == 'gitlab' else '#'}{number}"
        asked = Asked(None, None, lambda _: now)
        try:
            decision = evaluate_at_forge(repository, asked, connection, lambda _: None, lambda _: None)
        except ItsmError as error:
            yield Waiting(shown, since, (f"could not be judged: {error.message}",))
            continue
        if decision.verdict == "pending":
            yield Waiting(shown, since, tuple(reason.message for reason in decision.reasons))
