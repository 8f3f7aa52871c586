"""Knowledge with how fresh it is."""

from __future__ import annotations

from collections.abc import Mapping

from itsm_as_code.measures.deadlines import Due, freshness, utc_day
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import Inline, Missing, Page, Row, Status, Tone, Value

_FRESHNESS = {
    Due.CURRENT: Status("Current", "good"),
    Due.SOON: Status("Review is due soon", "warn"),
    Due.OVERDUE: Status("Review is overdue", "bad"),
}
TONES: Mapping[str, Tone] = {"published": "good"}


def fresh(context: Context, article: Record) -> Value:
    """How fresh an article is, with the day that it follows from."""
    by = words.as_date(article.spec.get("reviewBy"))
    said: Value = words.date_value(by) if by else Missing("no day of review is recorded")
    return Inline((_FRESHNESS[freshness(by, utc_day(context.now))], said), " ")


def page(context: Context, record: Record, now: state.Now) -> Page:
    return described(context, record, (("Freshness, by day of review", fresh(context, record)),), skip=("reviewBy",))


HEADERS = ("Article", "Status", "Freshness, by day of review", "Owner")


def row(context: Context, record: Record) -> Row:
    """An article in a list."""
    owner = context.reference(("Team", "Person"), record.spec["owner"])
    return Row.of(context.link(record), context.status(record.spec["status"]), fresh(context, record), owner)
