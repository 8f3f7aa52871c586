"""Calendars: what they cover in words, whether they are on, and when they come next."""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site.views import feed, hours, listing, people, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import Items, Missing, Page, Prose, Row, Status, Table, Text, Value, inline


def standing(context: Context, record: Record) -> Status:
    """Whether a calendar is on now."""
    found = hours.upcoming(context, record.name)
    if found is None:
        return Status("Cannot be read", "bad")
    if found and context.now in found[0]:
        return Status("On now", "warn" if record.spec["kind"] == "freeze" else "info")
    return Status("Not now") if found else Status("Nothing ahead")


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    made.add("entries", "When", _entries(context, record))
    made.add("next", "Next", _next_table(context, record))
    if spec["kind"] in ("freeze", "maintenance", "peak"):
        made.add("subscribe", "Subscribe", feed.offer(context))
    made.add("reason", "Reason", Prose(spec["reason"]) if "reason" in spec else None)
    made.part("applies", "Applies to", "appliesTo")
    facts: list[tuple[str, Value]] = [("Kind", made.field("kind")), ("Time zone", made.field("timezone"))]
    if "exempt" in spec:
        exempt = inline([Text(words.human(kind)) for kind in spec["exempt"]])
        facts.append(("Changes still allowed", exempt))
    if spec["kind"] == "on-call":
        facts.append(("On call now", inline(people.on_duty(context, spec), "Nobody")))
    facts += made.stated(holidays="Without")
    return made.finish(statuses=(standing(context, record),), facts=tuple(facts))


def _entries(context: Context, record: Record) -> Value | None:
    """What the calendar covers, with the people on duty where it names them."""
    entries = list(zip(record.spec["entries"], hours.in_words(context, record.spec), strict=True))
    if not any("people" in entry for entry, _ in entries):
        return Items(tuple(Text(sentence) for _, sentence in entries)) if entries else None
    rows = tuple(
        Row.of(
            inline([context.reference("Person", name) for name in entry.get("people", ())], "Nobody"), Text(sentence)
        )
        for entry, sentence in entries
    )
    return Table("Who is on duty when", ("Who", "When"), rows)


def _next_table(context: Context, record: Record) -> Value:
    found = hours.upcoming(context, record.name)
    if found is None:
        return Missing("The calendar cannot be read; see the checks below.")
    rows = []
    for span in found:
        if (span.end - span.start).days > 390:
            return Text("Without interruption.")
        starts = "on now" if context.now in span else words.relative(span.start, context.now)
        rows.append(
            Row.of(
                words.span(span.start, span.end, context.tz), Text(words.length(span.end - span.start)), Text(starts)
            )
        )
    empty = "Nothing in the next 400 days."
    return Table("Next occurrences", ("When", "For", "From now"), tuple(rows), empty)


HEADERS = ("Calendar", "Kind", "Next", "Now", "Time zone")


def row(context: Context, record: Record) -> Row:
    """A calendar in a list."""
    found = hours.upcoming(context, record.name)
    following: Value = Missing("Nothing ahead")
    if found and (found[0].end - found[0].start).days > 390:
        following = Text("Without interruption")
    elif found:
        following = words.span(found[0].start, found[0].end, context.tz)
    kind = words.human(record.spec["kind"])
    cells = (context.link(record), Text(kind), following, standing(context, record), Text(record.spec["timezone"]))
    return Row(cells, (("kind", kind),))


def lists(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    return listing.listed(context, kind, HEADERS, row, top=feed.offer(context))
