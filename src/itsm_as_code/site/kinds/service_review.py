"""The page of a service review: what was promised, reached and computed, and what follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from itsm_as_code.figures import Seen, all_figures, reviewed
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind
from itsm_as_code.service_levels import review_figure
from itsm_as_code.site.views import listing, promises, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.effects import with_others
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import Inline, Items, Missing, Page, Prose, Row, Status, Table, Text, Value, badges

_VERDICTS = {"missed": "missed", "met": "met", "no-data": "without data"}


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    made.add("performance", "Promised and reached", _performance(context, record))
    made.add("figures", "Key figures", _figures(context, spec) if "figures" in spec else None)
    made.add("feedback", "What users and customers said", Prose(spec["feedback"]) if "feedback" in spec else None)
    decisions = spec.get("decisions", ())
    said = Items(tuple(Prose(text) for text in decisions)) if decisions else Missing("Nothing was decided.")
    made.add("decisions", "Decisions", said)
    made.add("actions", "Actions", _actions(context, spec))
    facts: list[tuple[str, Value]] = [
        ("Service", made.field("service")),
        ("Period", period(spec)),
        ("Held on", made.field("heldOn")),
        ("Next review", _next(context, record)),
        ("Attendees", made.field("attendees")),
    ]
    facts += made.stated(guests="Guests")
    return made.finish(statuses=tuple(tally(context, spec)), facts=tuple(facts))


def period(spec: Mapping[str, Any]) -> Value:
    """The days that were looked back on, the last one included."""
    first, end = words.as_date(spec["period"]["from"]), words.as_date(spec["period"]["until"])
    if first is None or end is None:
        return Missing()
    return Inline((words.date_value(first), words.last_day_value(spec["period"]["until"])), " to ")


def tally(context: Context, spec: Mapping[str, Any]) -> list[Status]:
    """The verdicts, counted: ``1 missed``, ``4 met``, ``1 without data``."""
    counts = Counter(line["verdict"] for line in spec.get("performance", ()))
    return [context.status(verdict, f"{counts[verdict]:,} {word}") for verdict, word in _VERDICTS.items()
            if counts[verdict]]  # fmt: skip


def _performance(context: Context, record: Record) -> Table:
    rows = []
    for line in record.spec.get("performance", ()):
        agreement = context.catalogue.get("ServiceLevelAgreement", line["agreement"])
        objective = promises.objective_of(agreement, line["objective"])
        promised, attained = line["target"], line.get("attained")
        rows.append(
            Row.of(
                Text(promises.name(objective) if objective else words.human(line["objective"])),
                Text(promises.promise({**objective, "target": promised}) if objective else promised),
                Text(promises.quantity(attained, objective)) if attained else Missing("No data"),
                _computed(context, record, line),
                context.status(line["verdict"]),
                Prose(line["note"]) if "note" in line else Missing("None"),
                context.reference("ServiceLevelAgreement", line["agreement"]),
            )
        )
    headers = ("Objective", "Promised", "Reached", "Computed", "Verdict", "Note", "Agreement")
    return Table("Performance against the objectives", headers, tuple(rows), "No objective was looked at.")


def _figures(context: Context, spec: Mapping[str, Any]) -> Table:
    """What the review recorded of each figure, and what the records say of the same period now."""
    seen, rows = Seen(context.validation.facts, context.now), []
    for item in spec["figures"]:
        figure = all_figures().get(item["figure"])
        told: Value = Missing("No data")
        for _, computed in reviewed(seen, spec["period"], spec["service"], [item["figure"]]):
            told = Text(computed)
        if figure is not None:
            told = with_others(context, told, figure.name, figure.unit)
        rows.append(Row.of(Text(figure.title if figure else item["figure"]), Text(item["value"]), told))
    return Table("Key figures of the period", ("Figure", "As recorded", "Computed"), tuple(rows))


def _computed(context: Context, record: Record, line: Mapping[str, Any]) -> Value:
    """What the records say of the same objective in the same period."""
    try:
        found = review_figure(context.validation.facts, record.data, dict(line), context.now)
    except ValueError as error:
        return Missing(f"Unknown: {error}")
    return promises.attained(context, found)


def _actions(context: Context, spec: Mapping[str, Any]) -> Table:
    rows = []
    for name in spec.get("actions", ()):
        found = context.catalogue.get("Improvement", name)
        if found is None:
            rows.append(Row.of(Text(name), Missing("Unknown"), Missing(), Missing()))
            continue
        owner = context.reference(("Team", "Person"), found.spec["owner"])
        due = words.day_value(found.spec.get("due"))
        rows.append(Row.of(context.link(found), context.status(found.spec["status"]), owner, due))
    empty = "No action follows from it."
    return Table("Actions", ("Improvement", "Status", "Owner", "Due"), tuple(rows), empty)


def _next(context: Context, record: Record) -> Value:
    """The day of the next review; whether it is near only counts while no later one was held."""
    by = words.as_date(record.spec.get("nextReview"))
    if by is None:
        return Missing()
    latest = context.validation.facts.latest_reviews.get(record.spec["service"])
    if latest is None or latest["metadata"]["name"] != record.name:
        return words.date_value(by)
    return Inline((words.date_value(by), state.ahead(by, context.today)), " ")


HEADERS = ("Review", "Service", "Period", "Held on", "Objectives", "Next review")


def row(context: Context, record: Record) -> Row:
    """A review in a list."""
    return Row.of(
        context.link(record),
        context.reference("Service", record.spec["service"]),
        period(record.spec),
        words.day_value(record.spec["heldOn"]),
        badges(tally(context, record.spec), "None looked at"),
        _next(context, record),
    )


def lists(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """The review that was held last comes first."""
    records = sorted(context.catalogue.of_kind(kind.name), key=lambda r: (r.spec["heldOn"], r.name), reverse=True)
    return listing.listed(context, kind, HEADERS, row, [(None, record) for record in records])
