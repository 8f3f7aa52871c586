"""The page of a request: what was asked for, in the words of the form, and how long it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from itsm_as_code.measures import requests
from itsm_as_code.measures.requests import Course
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site.kinds import request_offering
from itsm_as_code.site.views import listing, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import Fields, Inline, Missing, Page, Prose, Row, Status, Text, Tone, Value, inline

_CONTENT = {1: "not at all content", 2: "not very content", 3: "fairly content", 4: "content", 5: "entirely content"}
_MOMENTS = (("decidedAt", "Decided"), ("fulfilledAt", "Fulfilled"), ("closedAt", "Closed"))
_SETTLED = frozenset({"fulfilled", "closed", "declined"})
TONES: Mapping[str, Tone] = {"fulfilled": "good", "submitted": "info"}


def course(context: Context, request: Record) -> Course | None:
    """How a request stands to its target time; None where no target runs."""
    return requests.course(context.validation.facts, request.data, context.now)


def _in_words(found: Course, time: timedelta) -> str:
    return words.service_time(time) if found.in_service_hours else words.length(time)


def standing(context: Context, request: Record) -> Value:
    """``In time``, ``Late``, or how it goes for one that is not fulfilled yet."""
    found = course(context, request)
    if found is None:
        status = request.spec["status"]
        return Missing({"declined": "Declined", "submitted": "Waits for approval"}.get(status, "No data"))
    if found.is_over:
        return Status("In time", "good") if found.in_time else Status("Late", "bad")
    left = found.target - found.taken
    return Status(f"{_in_words(found, left)} left", "info") if found.in_time else Status("Target time is over", "bad")


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec, offering = record.spec, context.catalogue.get("RequestOffering", record.spec["offering"])
    made.add("values", "What was asked for", _values(made, offering))
    made.add("reason", "Why it was decided so", Prose(spec["reason"]) if "reason" in spec else None)
    made.add("times", "Times", _times(made, offering))
    made.add("comment", "What the user said", Prose(spec["comment"]) if "comment" in spec else None)
    facts: list[tuple[str, Value]] = [("Offering", made.field("offering"))]
    if offering is not None:
        facts.append(("Service", context.reference("Service", offering.spec["service"])))
    facts += [("Requester", made.field("requester")), *made.stated(onBehalfOf="On behalf of")]
    word = "Declined by" if spec["status"] == "declined" else "Approved by"
    facts += [
        (word, made.field("approvedBy", missing=_no_approval(spec, offering))),
        ("Fulfilled by", made.field("fulfiller", missing="Nobody yet")),
        ("Against the target time", standing(context, record)),
        ("Satisfaction", satisfaction(spec)),
    ]
    return made.finish(statuses=(context.status(spec["status"]),), facts=tuple(facts), progress=True)


def _no_approval(spec: Mapping[str, Any], offering: Record | None) -> str:
    if offering is not None and not offering.spec.get("approvals"):
        return "No approval is needed"
    return "Nobody yet" if spec["status"] == "submitted" else "Not stated"


def satisfaction(spec: Mapping[str, Any]) -> Value:
    """``5 of 5, entirely content``; nothing while the user said nothing."""
    found = spec.get("satisfaction")
    return Text(f"{found} of 5, {_CONTENT.get(found, '')}") if found else Missing("Not asked or not answered")


def _values(made: RecordPage, offering: Record | None) -> Value:
    """The answers under the questions of the form, in its order; then what the form does not ask any more."""
    values = made.spec.get("values", {})
    form = offering.spec.get("form", {}).get("fields", ()) if offering is not None else ()
    rows: list[tuple[str, Value]] = []
    for item in form:
        if item["name"] in values:
            rows.append((item["title"], _answer(made.context, item["type"], values[item["name"]])))
        else:
            rows.append((item["title"], Missing("Not answered")))
    asked = {item["name"] for item in form}
    for name, value in values.items():
        if name not in asked:
            rows.append((f"{words.human(name)} (not on the form now)", _answer(made.context, "text", value)))
    return Fields(tuple(rows)) if rows else Missing("The form asks nothing.")


def _answer(context: Context, type_: str, value: Any) -> Value:
    if isinstance(value, bool):
        return Text("Yes" if value else "No")
    if isinstance(value, list):
        return inline([Text(str(item)) for item in value], "None")
    if type_ in ("person", "service"):
        return context.reference((type_.capitalize(),), value)
    if type_ == "date":
        return words.day_value(value)
    return Prose(value) if type_ == "longtext" and isinstance(value, str) else Text(str(value))


def _times(made: RecordPage, offering: Record | None) -> Fields:
    context, spec = made.context, made.spec
    submitted = words.as_instant(spec["submittedAt"])
    rows: list[tuple[str, Value]] = [("Ordered", words.instant_value(spec["submittedAt"], context.tz))]
    for key, title in _MOMENTS:
        instant = words.as_instant(spec.get(key))
        if instant and submitted:
            after = Text(f"{words.length(instant - submitted)} after the order")
            rows.append((title, Inline((words.moment(instant, context.tz), after), " · ")))
        elif not (key == "fulfilledAt" and spec["status"] == "declined"):
            rows.append((title, Missing("Not yet" if spec["status"] not in _SETTLED else "Not stated")))
    rows.append(("Target time", _target(context, offering)))
    found = course(context, made.record)
    if found is not None:
        said = _in_words(found, found.taken) + ("" if found.is_over else " so far")
        rows.append(("Time that counts", Inline((Text(said), standing(context, made.record)), " ")))
    return Fields(tuple(rows))


def _target(context: Context, offering: Record | None) -> Value:
    if offering is None or "target" not in offering.spec:
        return Missing("None promised")
    begin = "the approval" if offering.spec.get("approvals") else "the order"
    said = Text(f"{request_offering.time_taken(offering.spec['target'], 'hours' in offering.spec)} from {begin}")
    if "hours" not in offering.spec:
        return said
    return Inline((said, Text("by"), context.reference("Calendar", offering.spec["hours"])), " ")


HEADERS = ("Request", "Offering", "Requester", "Ordered", "Status", "Against the target time", "Satisfaction")


def row(context: Context, record: Record) -> Row:
    spec = record.spec
    given = spec.get("satisfaction")
    return Row.of(
        context.link(record),
        context.reference("RequestOffering", spec["offering"]),
        context.reference("Person", spec["requester"]),
        words.instant_value(spec["submittedAt"], context.tz),
        context.status(spec["status"]),
        standing(context, record),
        Text(f"{given} of 5") if given else Missing("Not given"),
    )


def lists(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """What is open first, in each part the latest order first."""
    ordered = state.newest(context.catalogue.of_kind(kind.name), "submittedAt")
    return listing.listed(context, kind, HEADERS, row, listing.parted(ordered, _SETTLED, "Open", "Settled"))
