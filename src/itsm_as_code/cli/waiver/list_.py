"""itsm waiver list."""

from __future__ import annotations

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session
from itsm_as_code.durations import parse_duration
from itsm_as_code.policies.register import STANDINGS


@click.command("list")
@click.option(
    "--within", default="P30D", show_default=True, metavar="DURATION", help="Which ends are near (ISO 8601 duration)."
)
@click.option(
    "--state", "standings", multiple=True, type=click.Choice(STANDINGS), help="Only these; may be given repeatedly."
)
@common_options("waiver_list")
def command(session: Session, within: str, standings: tuple[str, ...]) -> int:
    """List the waivers: what they lift, for which records, until when. Also who asked, and who approved.

    active: in force; expiring: in force, and its end is near; expired: lifts nothing any more; unneeded: nothing it
    names breaks the rule; orphaned: what it names is gone; not-yet: begins later; invalid: lifts nothing. Exit code 0
    whatever is listed: `itsm validate` judges.

    \b
    Example:
      itsm waiver list
      itsm waiver list --within P7D --state expiring --state expired
      itsm waiver list --format csv -o waivers.csv
    """
    from itsm_as_code.errors import UsageError
    from itsm_as_code.policies.register import register
    from itsm_as_code.reports.waiver_list import WaiverList
    from itsm_as_code.validation import assess_catalogue, load_rule_set

    try:
        soon = parse_duration(within).fixed
    except ValueError as error:
        raise UsageError(f"--within: {error}", remedy="write a duration such as P30D or P2W") from None
    rule_set = load_rule_set(session.snapshot())
    if not rule_set.catalogue.records and not rule_set.catalogue.findings:
        raise session.no_records()
    now = session.instant(rule_set.configuration.as_of)
    validation = assess_catalogue(rule_set.catalogue, rule_set, now)
    entries = register(validation.waivers, validation.findings, rule_set.catalogue, now, soon)
    shown = [entry for entry in entries if not standings or entry.standing in standings]
    session.report("waiver_list", WaiverList(shown, now, within), colour=session.colour)
    return 0
