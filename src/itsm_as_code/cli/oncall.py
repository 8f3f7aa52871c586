"""itsm oncall."""

from __future__ import annotations

from datetime import timedelta

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli._times import INSTANT, Said
from itsm_as_code.cli.output import Session


@click.command("oncall")
@click.argument("rota", required=False)
@click.option("--at", type=INSTANT, metavar="INSTANT", help="Who is on call then. Default: now.")
@click.option("--person", metavar="NAME", help="Only the shifts of this person.")
@click.option("--rev", metavar="REV", help="Read a commit, not the work tree.")
@common_options("oncall")
def command(session: Session, rota: str | None, at: Said | None, person: str | None, rev: str | None) -> int:
    """Show who is on call, until when, and who is next.

    ROTA is a calendar of kind on-call, or a team that has one; all of them are shown without it. The forms json and ics
    have the shifts of the next half a year; ics can be subscribed to, of one person with --person. Exit code 0 when
    somebody is on call for each rota that is shown, 1 when nobody is for one.

    \b
    Example:
      itsm oncall
      itsm oncall team-payments --at "2026-12-24 22:00"
      itsm oncall --person elif-yildirim --format ics --output on-call.ics
    """
    from itsm_as_code.clock import Interval
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.measures.on_call import rotas, shifts
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.reports.oncall import OnCall, Rota
    from itsm_as_code.validation import load_rule_set

    rule_set = load_rule_set(session.snapshot(rev))
    facts = Facts.of(rule_set.catalogue, rule_set.configuration.timezone)
    moment = at.at(session, rule_set.configuration) if at else session.instant(rule_set.configuration.as_of)
    named = facts.spec("Team", rota or "").get("onCall", rota)
    known = rotas(facts)
    _must_be(rota, named, [data["metadata"]["name"] for data in known], "rota or team with one")
    _must_be(person, person, [data["metadata"]["name"] for data in facts.records("Person")], "person")
    found = []
    for calendar in known:
        if named in (None, calendar["metadata"]["name"]):
            try:
                ahead = shifts(facts, calendar, Interval(moment, moment + timedelta(days=190)))
            except ValueError as error:
                message = f"the calendar {calendar['metadata']['name']} cannot be read: {error}"
                raise ItsmError(message, remedy="mend it; 'itsm validate' says where") from None
            mine = [shift for shift in ahead if person is None or person in shift.people]
            if person is None or mine:
                found.append(Rota(calendar, tuple(mine)))
    report = OnCall(moment, rule_set.configuration.organisation_name, person, tuple(found))
    session.report("oncall", report)
    return report.exit_code


def _must_be(asked: str | None, name: str | None, known: list[str], what: str) -> None:
    from itsm_as_code.errors import UsageError
    from itsm_as_code.findings import did_you_mean

    if asked is not None and name not in known:
        remedy = did_you_mean(asked, known) or f"known: {', '.join(sorted(known)[:10]) or 'none'}"
        raise UsageError(f"there is no {what} '{asked}'", remedy=remedy)
