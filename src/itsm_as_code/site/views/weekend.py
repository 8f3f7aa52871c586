"""What is planned this weekend, and whether customers will notice it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from itsm_as_code.clock import Interval
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import news, state, words
from itsm_as_code.site.views.context import Context

_SATURDAY = 5


def weekend(now: datetime, tz: ZoneInfo) -> Interval:
    """The rest of the weekend that it is, or the next one: Saturday and Sunday on clocks in the zone."""
    today = now.astimezone(tz).date()
    first = today - timedelta(days=today.weekday() - _SATURDAY)  # of this week, before or behind today
    return Interval(max(now, _midnight(first, tz)), _midnight(first + timedelta(days=2), tz))


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return words.start_of(day, tz)


def expects_outage(change: Record) -> bool:
    """True for a change of which somebody will notice something."""
    return change.spec.get("outage", {}).get("expected") in ("degraded", "full")


def noticed_by(context: Context, change: Record, customers: Sequence[Record]) -> list[Record]:
    """The customer services whose users notice a change: it expects an outage of them or of what they need to work."""
    if not expects_outage(change):
        return []
    changed = change.spec["services"]
    reached = {*changed, *context.validation.facts.graph.dependents(*changed)}
    return [service for service in customers if service.name in reached]


def changed(context: Context, change: Record) -> list[Record]:
    """The services of a change that expects an outage of them, whoever uses them."""
    if not expects_outage(change):
        return []
    found = (context.catalogue.get("Service", name) for name in change.spec["services"])
    return [service for service in found if service is not None]


def within(context: Context, now: state.Now, span: Interval) -> list[Record]:
    """Changes that are planned or under way within a span, the earliest first."""
    found = []
    for change in (*now.to_come["now"], *now.to_come["next"]):
        window = state.schedule(change)
        if window is not None and window.start < span.end and span.start < window.end:
            found.append(change)
    return found


def sentence(context: Context, now: state.Now) -> str:
    """``Nothing planned this weekend will be noticed.``, or what will be, first come."""
    customers = news.customer_services(context)
    planned = within(context, now, weekend(context.now, context.tz))
    if not planned:
        return "Nothing is planned this weekend."
    felt = [(change, services) for change in planned if (services := noticed_by(context, change, customers))]
    if not felt:
        return "Nothing planned this weekend will be noticed."
    change, services = felt[0]
    window = state.schedule(change)
    when = f" on {words.span(window.start, window.end, context.tz).text}" if window else ""
    more = f" {words.count(len(felt) - 1, 'more change')} will be noticed." if len(felt) > 1 else ""
    return f"{effect(change, services)}{when}.{more}"


def effect(change: Record, services: Sequence[Record]) -> str:
    """What customers will notice of a change: ``Online banking is degraded, up to 20 minutes``."""
    outage = change.spec.get("outage", {})
    named = words.join([service.title for service in services[:2]])
    if len(services) > 2:
        named = f"{services[0].title} and {words.count(len(services) - 1, 'more service')}"
    verb = ("is" if len(services) == 1 else "are") + (" out" if outage.get("expected") == "full" else " degraded")
    minutes = outage.get("minutes")
    return f"{named} {verb}" + (f", up to {words.count(minutes, 'minute')}" if minutes else "")
