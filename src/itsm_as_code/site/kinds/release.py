"""The page of a release: what it brings, where it is, whether it is accepted, and how it goes in and out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site.kinds import change
from itsm_as_code.site.views import listing, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import (
    Inline,
    Link,
    Missing,
    Page,
    Prose,
    Row,
    Said,
    Status,
    Table,
    Text,
    Tone,
    Value,
    badges,
    inline,
)

_OVER = ("closed", "rolled-back")
_RESULTS = ("failed", "open", "passed")
TONES: Mapping[str, Tone] = {"verified": "good", "rolled-back": "bad", "built": "info", "deployed": "info"}


def page(context: Context, record: Record, now: state.Now) -> Page:
    spec = record.spec
    sections: tuple[tuple[str, str, tuple[Value, ...]], ...] = (
        ("changes", "Changes that bring it", (_changes(context, record),)),
        ("environments", "Environments", (_environments(context, record),)),
        ("acceptance", "Acceptance", _acceptance(context, spec)),
        ("rollout", "How it goes in", (_plan(spec, "rollout"),)),
        ("backout", "How it comes out again", (_plan(spec, "backout"),)),
    )
    facts: tuple[tuple[str, Value], ...] = (
        ("Version", Text(spec["version"])),
        ("Services", _services(context, spec)),
        ("Support after it went in", _early_life(context, spec)),
    )
    skip = (*(id_ for id_, _, _ in sections), "version", "services", "earlyLife", "status")
    return described(context, record, facts, sections, skip)


def _services(context: Context, spec: Mapping[str, Any]) -> Value:
    return context.references("Service", spec["services"])


def _changes(context: Context, record: Record) -> Table:
    rows = []
    for name in record.spec["changes"]:
        found = context.catalogue.get("Change", name)
        if found is None:
            rows.append(Row.of(Text(name), *(Missing("Unknown"),) * 4))
            continue
        link, when, services, _, status = change.row(context, found).cells
        level = context.status(context.validation.risk_of(found).level)
        rows.append(Row.of(link, when, services, status, level))
    headers = ("Change", "When", "Services", "Status", "Risk")
    return Table("Changes of the release", headers, tuple(rows), "No change is raised for it yet.")


def _environments(context: Context, record: Record) -> Table:
    rows = tuple(
        Row.of(
            Said(item["name"]),
            words.day_value(item["plannedFor"]),
            words.day_value(item.get("deployedOn"), "Not yet"),
            _punctual(context.today, item, record.spec["status"]),
        )
        for item in record.spec.get("environments", ())
    )
    return Table("Environments", ("Environment", "Planned for", "Deployed on", "Against the plan"), rows, "Not stated")


def _punctual(today: date, item: Mapping[str, Any], status: str) -> Status:
    planned, deployed = words.as_date(item["plannedFor"]), words.as_date(item.get("deployedOn"))
    if planned is None:
        return Status("Unknown")
    if deployed is None:
        if status in _OVER:
            return Status("Not deployed")
        return state.ahead(planned, today)
    return state.against(planned, deployed)


def _acceptance(context: Context, spec: Mapping[str, Any]) -> tuple[Value, ...]:
    criteria = spec.get("acceptance", ())
    if not criteria:
        return (Missing("No criterion of acceptance is recorded."),)
    rows = tuple(
        Row.of(
            Text(item["criterion"]),
            context.status(item["result"]),
            inline([Link(str(link["title"]), str(link["url"]), True) for link in item.get("evidence", ())], "None"),
        )
        for item in criteria
    )
    table = Table("Criteria of acceptance", ("Criterion", "Result", "Where it can be read"), rows)
    return (badges(tally(context, spec), ""), table)


def tally(context: Context, spec: Mapping[str, Any]) -> list[Status]:
    """The results of acceptance, counted: ``1 failed``, ``3 passed``; what speaks against it first."""
    counts = Counter(item["result"] for item in spec.get("acceptance", ()))
    return [context.status(result, f"{counts[result]:,} {result}") for result in _RESULTS if counts[result]]


def _plan(spec: Mapping[str, Any], key: str) -> Value:
    return Prose(spec[key]) if key in spec else Missing("No plan is recorded.")


def _early_life(context: Context, spec: Mapping[str, Any]) -> Value:
    support = spec.get("earlyLife")
    if not support:
        return Missing("None recorded")
    who = context.reference(("Team", "Person"), support["contact"])
    return Inline((who, Text("until"), words.day_value(support["until"])), " ")


HEADERS = ("Release", "Version", "Status", "Services", "Acceptance", "Latest environment")


def _last_day(record: Record) -> str:
    return max((str(item["plannedFor"]) for item in record.spec.get("environments", ())), default="")


def row(context: Context, record: Record) -> Row:
    spec = record.spec
    reached = [item for item in spec.get("environments", ()) if "deployedOn" in item]
    where: Value = Missing("None yet")
    if reached:
        where = Inline((Said(reached[-1]["name"]), words.day_value(reached[-1]["deployedOn"])), ", ")
    return Row.of(
        context.link(record),
        Text(spec["version"]),
        context.status(spec["status"]),
        _services(context, spec),
        badges(tally(context, spec), "No criterion"),
        where,
    )


def lists(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """What is under way first, then what is over; in each the latest planned first."""
    ordered = sorted(context.catalogue.of_kind(kind.name), key=lambda r: (_last_day(r), r.name), reverse=True)
    return listing.listed(context, kind, HEADERS, row, listing.parted(ordered, _OVER, "Under way", "Over"))
