"""The line that offers a calendar to subscribe to."""

from __future__ import annotations

from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Inline, Link, Text, Value

SHOWN = "changes, freezes and maintenance"


def offer(context: Context, of: str = "", kind: str = "", name: str = "", shown: str = SHOWN) -> Value | None:
    """A link to the calendar of a record, or of everything; None when the site has none."""
    address = context.feed(kind, name)
    if address is None:
        return None
    what = f"of {of}" if of else "of everything that is planned"
    link = Link(f"Calendar {what} (iCalendar file)", address)
    return Inline((link, Text(f"Add its address to your calendar program to see {shown}.")), ". ")


def offers(context: Context) -> Value | None:
    """The calendar of everything, and the one of changes alone."""
    everything, changes = offer(context), context.feed("", "changes")
    if everything is None or changes is None:
        return everything
    link = Link("Calendar of changes alone (iCalendar file)", changes)
    return Inline((everything, Text("Without freezes and maintenance:"), link), " ")
