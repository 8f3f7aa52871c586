"""What has to be decided, renewed or looked at again, in the order of the days by which it is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from itsm_as_code.compliance.deadlines import WHAT, Deadline, Matter
from itsm_as_code.measures.deadlines import Due, utc_day
from itsm_as_code.site.views import state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.listing import browsable
from itsm_as_code.site.views.values import Card, Inline, Link, Page, Row, Status, Text

FOLDER = "deadlines"
LINK = Link("Deadlines", f"{FOLDER}/index.html")
_ELSEWHERE = (Matter.CONTRACT, Matter.WAIVER, Matter.ARTICLE_REVIEW)
"""What the first page shows as a risk already, or what is too small for it."""
_GROUPS = {Due.OVERDUE: "Overdue", Due.SOON: "Within 30 days", Due.CURRENT: "Later"}


def cards(context: Context, days: int) -> Iterator[tuple[Deadline, Card]]:
    """What is due today or within so many days, for the first page."""
    today = utc_day(context.now)
    for item in context.deadlines:
        if today <= item.by <= today + timedelta(days=days) and item.matter not in _ELSEWHERE:
            line = Inline((words.date_value(item.by), Text(_standing(context, item).word.lower())), " · ")
            yield item, Card(_link(context, item), Status(WHAT[item.matter], "warn"), line)


def _standing(context: Context, item: Deadline) -> Status:
    return state.day(item.by, item.state, utc_day(context.now))


def pages(context: Context) -> Iterator[Page]:
    """All of them."""
    order = {state: number for number, state in enumerate(_GROUPS)}
    found = sorted(context.deadlines, key=lambda item: order[item.state])
    rows = [(_GROUPS[item.state], _row(context, item)) for item in found]
    blank = Page(
        "",
        "Deadlines",
        (),
        lead="What has to be decided, renewed or looked at again, and the last day on which that is in time.",
        area="compliance",
    )
    headers, facets = ("By", "From now", "What", "Of"), {"what": "What"} if found else {}
    yield from browsable(_address, blank, rows, headers, "Deadlines", "No record names a day.", facets)


def _address(number: int) -> str:
    return f"{FOLDER}/{'index' if number == 1 else f'page-{number}'}.html"


def _link(context: Context, item: Deadline) -> Link:
    return context.link(context.catalogue.records[item.record])


def _row(context: Context, item: Deadline) -> Row:
    what = WHAT[item.matter]
    cells = (words.date_value(item.by), _standing(context, item), Text(what), _link(context, item))
    return Row(cells, (("what", what),))
