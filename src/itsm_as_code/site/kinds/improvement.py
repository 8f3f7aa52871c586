"""The improvement register in the order of weighted shortest job first."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from itsm_as_code.figures import Effect
from itsm_as_code.measures.numbers import rounded
from itsm_as_code.measures.prioritisation import ranked, wsjf
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site.views import effects, figures, listing, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import Inline, Items, Missing, Page, Row, Stack, Strong, Text, Value

_LATEST = 3
_PARTS = ("businessValue", "timeCriticality", "riskReduction", "size")


def score(record: Record) -> Fraction | None:
    """The figure that orders improvements; None unless all four parts are recorded."""
    spec = record.spec
    if any(part not in spec for part in _PARTS) or spec["size"] <= 0:
        return None
    return wsjf(*(spec[part] for part in _PARTS))


def worked_out(record: Record) -> Value:
    """The figure with what it comes from: ``6.80 = (13 + 13 + 8) / 5``."""
    found = score(record)
    if found is None:
        return figures.NO_DATA
    value, time, risk, size = (record.spec[part] for part in _PARTS)
    return Text(f"{rounded(found)} = ({value} + {time} + {risk}) / {size}")


def page(context: Context, record: Record, now: state.Now) -> Page:
    known: tuple[tuple[str, Value], ...] = (("WSJF (value + time + risk) / size", worked_out(record)),)
    if "figure" in record.spec:
        known = (*known, *effects.facts(context, effect_of(context, record)))
    return described(context, record, known, skip=("figure",))


def effect_of(context: Context, record: Record) -> Effect | str:
    """What an improvement that names a figure brought its services."""
    services = frozenset(record.spec["services"]) if "services" in record.spec else None
    return effects.worked_out(context, record.spec["figure"], services)


def brought(context: Context, record: Record) -> Value:
    """Before and after: worked out where the improvement names a figure, else as somebody typed it, which it says."""
    spec = record.spec
    if "figure" in spec:
        return effects.verdict(effect_of(context, record))
    if not spec.get("measured"):
        return Missing("Not measured")
    latest = max(spec["measured"], key=lambda item: str(item["on"]))
    before = words.grouped(spec["baseline"]) if "baseline" in spec else "?"
    return Text(f"{before} \N{RIGHTWARDS ARROW} {words.grouped(latest['value'])} {spec.get('unit', '')} (typed)")


HEADERS = ("Improvement", "WSJF", "Status", "What it brought", "Owner", "Due")


def row(context: Context, record: Record) -> Row:
    spec = record.spec
    owner = context.reference(("Team", "Person"), spec["owner"])
    due: Value = words.day_value(spec["due"]) if "due" in spec else Missing()
    status = context.status(spec["status"])
    return Row.of(context.link(record), worked_out(record), status, brought(context, record), owner, due)


def lists(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """The register: what is open first, each part by its figure."""
    by_name = {record.name: record for record in context.catalogue.of_kind(kind.name)}
    order = [by_name[name] for name in ranked({name: score(record) for name, record in by_name.items()})]
    parts = listing.parted(order, listing.final(kind, "done"), "Open, by weighted shortest job first", "Settled")
    return listing.listed(context, kind, HEADERS, row, parts, top=_worked(context, order))


def _worked(context: Context, records: list[Record]) -> Value | None:
    """What was done and measured, the latest first: what improved, and did it work."""
    measured = [
        r for r in records if r.spec["status"] in ("done", "measured") and not isinstance(brought(context, r), Missing)
    ]
    measured.sort(key=lambda r: (max((str(item["on"]) for item in r.spec.get("measured", ())), default=""), r.name))
    found = tuple(Inline((context.link(r), brought(context, r)), ": ") for r in measured[: -_LATEST - 1 : -1])
    if not found:
        return None
    told = words.count(len(measured), "improvement")
    return Stack((Strong(f"What came of it: {told} done and measured, the latest:"), Items(found)))
