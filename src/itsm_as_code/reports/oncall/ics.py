"""iCalendar (RFC 5545), to subscribe to: the shifts of the next half a year, of one person or of all."""

from __future__ import annotations

from itsm_as_code.interchange.feeds import on_call
from itsm_as_code.interchange.icalendar import calendar
from itsm_as_code.reports.oncall import OnCall


def render(report: OnCall) -> str:
    about = report.person or "everybody"
    events = [
        on_call(shift, rota.title, report.organisation, report.person) for rota in report.rotas for shift in rota.shifts
    ]
    return calendar(f"{report.organisation}: on call, {about}", events).decode()
