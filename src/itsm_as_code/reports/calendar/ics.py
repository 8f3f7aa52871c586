"""iCalendar (RFC 5545), to subscribe to: an event keeps its identity when its change is moved."""

from __future__ import annotations

from itsm_as_code.interchange.feeds import event, written
from itsm_as_code.reports.calendar import Planned


def render(planned: Planned) -> str:
    organisation, revised = planned.organisation, planned.revisions()
    events = [event(entry, organisation, planned.catalogue, revised) for entry in planned.entries]
    return written(organisation, planned.subject, events).decode()
