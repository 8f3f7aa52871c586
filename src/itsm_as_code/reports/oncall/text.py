"""For people: for each rota who is on call, until when, and who is next."""

from __future__ import annotations

from itsm_as_code.clock import format_span, zone
from itsm_as_code.measures.on_call import Shift
from itsm_as_code.reports import escape
from itsm_as_code.reports.oncall import OnCall, Rota


def render(report: OnCall) -> str:
    lines = []
    for rota in report.rotas:
        lines.append(f"{rota.title} ({rota.name})")
        if report.person is not None:
            lines += [f"  {_when(shift, rota)}  {_who(shift)}" for shift in rota.shifts]
            continue
        on = rota.now(report.at)
        lines += [f"  {_who(shift)}, until {shift.span.end.astimezone(zone(rota.timezone)):%a %Y-%m-%d %H:%M}"
                  for shift in on] or ["  nobody"]  # fmt: skip
        following = rota.following(report.at)
        lines.append(f"  next: {_who(following)}, {_when(following, rota)}" if following else "  next: nobody")
    return "\n".join([*map(escape.terminal, lines or ["there is no rota"]), ""])


def _who(shift: Shift) -> str:
    return ", then ".join(shift.people) + (f" ({shift.reason})" if shift.reason else "")


def _when(shift: Shift, rota: Rota) -> str:
    return format_span(shift.span.start, shift.span.end, rota.timezone)
