"""What lies ahead of a service: when it may be changed next, and how risky the next change is."""

from __future__ import annotations

from itsm_as_code.clock import Interval, Intervals
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.facts import Data
from itsm_as_code.site.views import state, words
from itsm_as_code.site.views.context import Context, remembered
from itsm_as_code.site.views.values import Inline, Missing, Value

AHEAD = 90
"""Days within which a free window is looked for."""


def free_window(context: Context, service: Record, now: state.Now) -> Value:
    """The next maintenance window that no freeze and no planned change of the service touches.

    A calendar that cannot be read covers nothing known, so that with one there is no answer.
    """
    facts = context.validation.facts
    calendars = facts.maintenance_calendars(service.name)
    if not calendars:
        return Missing("No maintenance window is agreed")
    windows = _spans(context, calendars)
    frozen = _spans(context, facts.calendars_for(service.name, "freeze"))
    if windows is None or frozen is None:
        return Missing("Unknown: a calendar cannot be read")
    planned = [state.schedule(change) for change in now.next_changes(service.name)]
    taken = Intervals([*frozen, *(span for span in planned if span is not None)])
    for span in windows:
        if span.start > context.now and not taken & Intervals([span]):
            return words.span(span.start, span.end, context.tz)
    return Missing(f"None within {AHEAD} days")


def _spans(context: Context, calendars: list[Data]) -> list[Interval] | None:
    """What calendars cover in the days ahead, by start; None when one of them cannot be read."""
    found: list[Interval] = []
    for calendar in calendars:
        spans = covered(context, calendar["metadata"]["name"])
        if spans is None:
            return None
        found.extend(spans)
    return sorted(found)


@remembered
def covered(context: Context, name: str) -> Intervals | None:
    """What a calendar covers in the days ahead; None when it cannot be read."""
    calendar = context.catalogue.get("Calendar", name)
    return None if calendar is None else context.intervals(calendar.spec, context.ahead(AHEAD))


def next_change(context: Context, service: Record, now: state.Now) -> Value:
    """When, which and how risky."""
    changes = now.next_changes(service.name)
    if not changes:
        return Missing("None planned")
    change, window = changes[0], state.schedule(changes[0])
    said: list[Value] = [words.span(window.start, window.end, context.tz)] if window else []
    return Inline((*said, context.link(change), risk(context, change)), " · ")


def risk(context: Context, change: Record) -> Value:
    """How risky a change is, in words that stand on their own."""
    level = context.validation.risk_of(change).level
    return context.status(level, f"{words.human(level)} risk")
