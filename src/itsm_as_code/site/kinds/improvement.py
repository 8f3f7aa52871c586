"""The improvement register in the order of weighted shortest job first."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from itsm_as_code.measures.numbers import rounded
from itsm_as_code.measures.prioritisation import ranked, wsjf
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site.views import figures, listing, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import Missing, Page, Row, Text, Value

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
    return described(context, record, (("WSJF (value + time + risk) / size", worked_out(record)),))


HEADERS = ("Improvement", "WSJF", "Status", "Owner", "Due")


def row(context: Context, record: Record) -> Row:
    spec = record.spec
    owner = context.reference(("Team", "Person"), spec["owner"])
    due: Value = words.day_value(spec["due"]) if "due" in spec else Missing()
    return Row.of(context.link(record), worked_out(record), context.status(spec["status"]), owner, due)


def lists(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """The register: what is open first, each part by its figure."""
    by_name = {record.name: record for record in context.catalogue.of_kind(kind.name)}
    order = [by_name[name] for name in ranked({name: score(record) for name, record in by_name.items()})]
    parts = listing.parted(order, listing.final(kind, "done"), "Open, by weighted shortest job first", "Settled")
    return listing.listed(context, kind, HEADERS, row, parts)
