"""How to order: what it takes in days and money, for whom it is, and the form of the forge to do it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from urllib.parse import urlencode

from itsm_as_code.clock import Interval
from itsm_as_code.durations import parse_duration
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Button, Inline, Items, Link, Missing, Text, Value, inline

_WEEK = Interval(datetime(2026, 2, 2, tzinfo=UTC), datetime(2026, 2, 9, tzinfo=UTC))
"""A week like any other, from Monday to Monday."""


def facts(context: Context, record: Record, target: Value, cost: Value) -> tuple[tuple[str, Value], ...]:
    """What somebody who wants it has to know."""
    spec = record.spec
    audience = tuple(Text(str(who)) for who in spec.get("audience", ()))
    asked = [_asked(context, item) for item in spec.get("approvals") or ()]
    return (
        ("Who may order it", Items(audience) if audience else Text("Everybody")),
        ("It costs", cost),
        ("It takes at most", _days(context, record, target)),
        ("It usually takes", usual(context, record)),
        ("Has to be approved by", inline(asked) if asked else Text("Nobody")),
    )


def _asked(context: Context, approval: Mapping[str, Any]) -> Value:
    """``1 of the owners``, ``2 of Payments``."""
    kind, value = next(iter(approval["from"].items()))
    whom: Value = Text(words.human(str(value)).lower())
    if kind in ("team", "people"):
        names = [value] if isinstance(value, str) else value
        whom = context.references("Team" if kind == "team" else "Person", names)
    elif kind in ("anyone", "owners"):
        whom = Text("anybody else" if kind == "anyone" else "the owners")
    return Inline((Text(f"{approval.get('count', 1)} of"), whom), " ")


def _days(context: Context, record: Record, target: Value) -> Value:
    """The target time, where it counts in hours of service also in days on which there is service."""
    hours = context.catalogue.get("Calendar", str(record.spec.get("hours", "")))
    if hours is None or "target" not in record.spec:
        return target
    covered = context.intervals(hours.spec, _WEEK)
    days = {span.start.date() for span in covered or ()}
    try:
        wanted = parse_duration(record.spec["target"]).fixed
    except ValueError:
        return target
    if not covered or not days:
        return target
    count = wanted / (covered.total / len(days))
    whole = max(1, int(-(-count // 1)))
    about = Text(f"({words.count(whole, 'working day')})" if len(days) < 7 else f"({words.count(whole, 'day')})")
    return Inline((target, about), " ")


def usual(context: Context, record: Record) -> Value:
    """How long earlier orders took, from the order to its fulfilment, in time of the calendar."""
    took = []
    for request in context.requests_of.get(record.name, ()):
        start, end = (
            words.as_instant(request.spec.get("submittedAt")),
            words.as_instant(request.spec.get("fulfilledAt")),
        )
        if start and end and start <= end:
            took.append(end - start)
    if not took:
        return Missing("Nobody has ordered it yet")
    middle = timedelta(seconds=median(span.total_seconds() for span in took))
    said = f"{words.length(middle)} ({words.count(len(took), 'earlier order')}"
    return Text(said + (f", {words.length(max(took))} at most)" if len(took) > 1 else ")"))


def button(context: Context, record: Record) -> Value:
    """The form of the forge, filled in as far as it can be; else whom to ask."""
    configuration = context.validation.configuration
    if record.spec["active"] is not True:
        return Missing("It is not offered now.")
    if configuration.forge_url:
        url, title = configuration.forge_url.rstrip("/"), f"{record.title}: "
        if is_gitlab(context):
            asked = urlencode({"issuable_template": record.name, "issue[title]": title})
            return Button("Order it", f"{url}/-/issues/new?{asked}")
        return Button("Order it", f"{url}/issues/new?{urlencode({'template': f'{record.name}.yml', 'title': title})}")
    service = context.catalogue.get("Service", record.spec["service"])
    support = service.spec.get("support") if service is not None else None
    if not support:
        return Missing("Nothing is recorded of how to order it.")
    address = support.get("url") or (f"mailto:{support['email']}" if support.get("email") else "")
    channel = str(support["channel"])
    return Inline((Text("Ask for it at"), Link(channel, address, True) if address else Text(channel)), " ")


def is_gitlab(context: Context) -> bool:
    """Whether the forge of itsm.yaml is a GitLab."""
    forge = context.validation.configuration.raw.get("forge", {})
    return "gitlab" in f"{forge.get('type', '')} {forge.get('url', '')}".lower()
