"""Key figures of the last twelve months: each with its quarters, how it is worked out, and the records it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from itsm_as_code.clock import Interval
from itsm_as_code.durations import months_before
from itsm_as_code.measures.benchmarks import unit_of
from itsm_as_code.measures.comparison import change
from itsm_as_code.measures.kpi import Population, metrics, trend
from itsm_as_code.measures.metric import Metric, shown
from itsm_as_code.measures.repeated import repeated
from itsm_as_code.measures.value import value
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.effects import with_others
from itsm_as_code.site.views.values import (
    Bar,
    Chart,
    Inline,
    Link,
    Missing,
    Page,
    Row,
    Section,
    Status,
    Strong,
    Table,
    Text,
    Tone,
    Value,
)

PATH: Final = "kpi/index.html"
LINK: Final = Link("Key figures", PATH)
_MOST: Final = {"share": 15}
_FEW: Final = 5
"""Records of a figure that are named, of a share and of any other."""
KINDS: Final = ("Change", "Incident", "ServiceRequest")
"""Kinds whose records are counted."""
_PARTS: Final = (
    ("delivery", "Changes", ("change", "standard", "emergency", "lead", "recovery")),
    ("operation", "Incidents", ("incidents", "time", "recurrence")),
    ("requests", "Requests", ("request", "requests")),
)
"""Id and title of a section, and how the names of its figures begin."""
_DRAWN: Final = {
    "change-fail-rate": "Changes that failed, by quarter",
    "incidents": "Incidents, by quarter",
    "request-hours": "Hours to fulfil a request, median by quarter",
}
_KEPT: Final = "\N{NO-BREAK SPACE}"
_TONES: Final[dict[str, Tone]] = {"better": "good", "worse": "bad", "no evidence": "none"}
_HEADERS: Final = ("Figure", "Twelve months", "By quarter", "How it is counted", "Records")


def pages(context: Context) -> Iterator[Page]:
    """The page, where there are records to count."""
    if not any(context.has(kind) for kind in KINDS):
        return
    now = context.now + timedelta(0)  # all of it holds for this instant alone
    known, period = Population(context.validation.facts, now), Interval(months_before(now, 12), now)
    found = [metric for metric in metrics(known, period) if metric.is_known]
    quarters = trend(known, period, [metric.definition.name for metric in found])
    sections = [_section(context, part, found, quarters) for part in _PARTS]
    lead = (
        "What the records of the last twelve months come to. A percentage is told from twenty records on; the range "
        "beside it is where the rate lies with 95 percent certainty."
    )
    yield Page(
        PATH,
        "Key figures",
        (*sections, _value(context, known), _recurring(context, known)),
        lead=lead,
        area="improvement",
        contents=True,
    )


def _section(
    context: Context,
    part: tuple[str, str, tuple[str, ...]],
    found: Iterable[Metric],
    quarters: dict[str, tuple[Metric, ...]],
) -> Section:
    anchor, title, begins = part
    rows: list[Row] = []
    charts: list[Value] = []
    for metric in found:
        name = metric.definition.name
        if name.split("-")[0] not in begins:
            continue
        rows.append(_row(context, metric, quarters[name]))
        if name in _DRAWN and quarters[name]:
            charts += [Strong(_DRAWN[name]), _chart(_DRAWN[name], quarters[name])]
    return Section(anchor, title, (*charts, Table(f"{title}: figures", _HEADERS, tuple(rows))))


def _row(context: Context, metric: Metric, quarters: Sequence[Metric]) -> Row:
    definition = metric.definition
    told: Value = Missing("No data") if str(metric) == "no data" else Text(str(metric))
    told_by = (f"{one.part}: {_short(one)}".replace(" ", _KEPT) for one in quarters)
    by_quarter: Value = Text("; ".join(told_by)) if quarters else Missing("None")
    told = with_others(context, told, definition.name, unit_of(definition))
    formula = Text(f"{definition.formula[0].upper()}{definition.formula[1:]}.")
    return Row.of(
        Text(definition.title),
        told,
        by_quarter,
        formula,
        _records(context, metric.counted, _MOST.get(definition.form, _FEW)),
    )


def _short(metric: Metric) -> str:
    """The counts of a quarter, or its median."""
    if metric.definition.form == "share":
        return f"{metric.numerator:,} of {metric.denominator:,}"
    return f"{metric.numerator:,}" if metric.median is None else shown(metric.median, metric.definition.unit)


def _chart(title: str, quarters: Sequence[Metric]) -> Chart:
    bars = tuple(Bar(one.part, one.numerator if one.median is None else round(one.median)) for one in quarters)
    return Chart(title, "; ".join(f"{one.part}: {_short(one)}" for one in quarters), bars)


def _records(context: Context, names: Sequence[str], most: int = _FEW) -> Value:
    """Links to the records that are counted, at most so many, the latest first."""
    found: list[Value] = []
    for name in list(reversed(names))[:most]:
        records = (context.catalogue.get(kind, name) for kind in KINDS if context.has(kind))
        record = next((record for record in records if record is not None), None)
        found.append(Link(name, context.link(record).href) if record is not None else Text(name))
    if len(names) > most:
        found.append(Text(f"and {len(names) - most:,} more"))
    return Inline(tuple(found)) if found else Missing("None")


def _value(context: Context, known: Population) -> Section:
    """The half-year to now against the one before."""
    middle = months_before(known.now, 6)
    then, now = Interval(months_before(middle, 6), middle), Interval(middle, known.now)
    rows = []
    for old, new in zip(value(known, then), value(known, now), strict=True):
        found = change(old.over(then), new.over(now), new.definition.better)
        word = Status(words.human(found.word), _TONES[found.word])
        records = _records(context, new.counted)
        rows.append(Row.of(Text(new.definition.title), Text(str(old)), Text(str(new)), word, records))
    headers = ("Figure", "Half-year before", "Last six months", "Did it get better", "Records")
    told = Text("It is better or worse only where the interval of the difference says so: one long outage is no proof.")
    return Section("value", "Downtime and value", (told, Table("Half-year on half-year", headers, tuple(rows))))


def _recurring(context: Context, known: Population) -> Section:
    rows = []
    for group in repeated(known.facts, known.now):
        subject: Value = context.reference(group.kind, group.name)
        rows.append(Row.of(subject, Text(f"{len(group.incidents):,}"), _records(context, group.incidents)))
    empty = "No three incidents of one service or cause within 90 days are without a problem."
    table = Table("Three incidents in 90 days without a problem", ("Of", "Incidents", "Records"), tuple(rows), empty)
    return Section("recurrence", "What recurs", (table,))
