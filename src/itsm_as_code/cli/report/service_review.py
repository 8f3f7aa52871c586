"""itsm report service-review."""

from __future__ import annotations

import click

from itsm_as_code.cli._options import common_options
from itsm_as_code.cli.output import Session


@click.command("service-review")
@click.argument("service", required=False)
@click.option("--service", "named", metavar="NAME", help="The service, where it is not the argument.")
@click.option("--period", required=True, metavar="PERIOD", help="A quarter, month or year that is over: 2026-Q3.")
@common_options("")
def command(session: Session, service: str | None, named: str | None, period: str) -> int:
    """Write the draft of a service review.

    It has what was attained of each objective by the records, and the key figures of the service in the period. Figures
    are computed and never typed; feedback,
    decisions and actions are for those who meet. What records do not measure has no data, which whoever has a figure
    may write in.

    \b
    Example:
      itsm report service-review payments-api --period 2026-Q3
      itsm report service-review payments-api --period 2026-Q3 -o improvement/reviews/payments-api-2026-q3.yaml
    """
    from itsm_as_code.errors import UsageError
    from itsm_as_code.figures import Seen, reviewed
    from itsm_as_code.findings import did_you_mean
    from itsm_as_code.records.facts import Facts
    from itsm_as_code.records.writer import dump
    from itsm_as_code.service_levels.review_draft import draft
    from itsm_as_code.validation import load_rule_set

    if (service is None) is (named is None):
        raise UsageError("name one service", remedy="itsm report service-review SERVICE --period 2026-Q3")
    service = service or named or ""
    rule_set = load_rule_set(session.snapshot())
    if not rule_set.catalogue.records:
        raise session.no_records()
    facts = Facts.of(rule_set.catalogue, rule_set.configuration.timezone)
    if facts.record("Service", service) is None:
        known = rule_set.catalogue.names("Service")
        remedy = did_you_mean(service, known) or f"services: {', '.join(known[:10]) or 'none'}"
        raise UsageError(f"there is no service '{service}'", remedy=remedy)
    now = session.instant(rule_set.configuration.as_of)
    try:
        data = draft(facts, service, period, now)
    except ValueError as error:
        raise UsageError(str(error), remedy="name a period that is over, such as 2026-Q3, 2026-07 or 2025") from None
    spec = data["spec"]
    figures = [{"figure": name, "value": told} for name, told in reviewed(Seen(facts, now), spec["period"], service)]
    spec |= {"figures": figures} if figures else {}
    if not spec["performance"]:
        session.say(f"no agreement about {service} is in force in {period}, so its performance is empty")
    session.write(dump(data, schema=rule_set.registry["ServiceReview"].schema).decode())
    return 0
