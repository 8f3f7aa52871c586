"""The improvement register in the order of weighted shortest job first."""

from __future__ import annotations

from fractions import Fraction

from itsm_as_code.measures.numbers import rounded
from itsm_as_code.measures.prioritisation import ranked, wsjf
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import figures, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import Extra, described
from itsm_as_code.site.views.values import Missing, Page, Row, Text, Value

_PARTS = ("businessValue", "timeCriticality", "riskReduction", "size")
_SETTLED = frozenset({"done", "measured", "closed", "rejected", "cancelled"})


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
    return described(context, record, Extra((("WSJF (value + time + risk) / size", worked_out(record)),)))


HEADERS = ("Improvement", "WSJF", "Status", "Owner", "Due")


def rows(context: Context, records: list[Record]) -> list[tuple[str, Row]]:
    """The register: what is open first, each part by its figure."""
    by_name = {record.name: record for record in records}
    order = [by_name[name] for name in ranked({record.name: score(record) for record in records})]
    open_ = [("Open, by weighted shortest job first", r) for r in order if r.spec["status"] not in _SETTLED]
    settled = [("Settled", r) for r in order if r.spec["status"] in _SETTLED]
    return [(group, _row(context, record)) for group, record in (*open_, *settled)]


def _row(context: Context, record: Record) -> Row:
    spec = record.spec
    owner = context.reference(("Team", "Person"), spec["owner"])
    due: Value = words.day_value(spec["due"]) if "due" in spec else Missing()
    return Row((context.link(record), worked_out(record), state.status(spec["status"]), owner, due))
