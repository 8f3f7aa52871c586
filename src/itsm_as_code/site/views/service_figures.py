"""Figures of a service: whether its promise can be kept, what stays free at peak, and what it costs in all."""

from __future__ import annotations

from fractions import Fraction

from itsm_as_code.measures.availability import Composition
from itsm_as_code.measures.capacity import headroom
from itsm_as_code.measures.numbers import percent_floor, quantity
from itsm_as_code.records.catalogue import Record
from itsm_as_code.service_levels import Promise
from itsm_as_code.service_levels.redundancy import PEAK, Redundancy, groups_of
from itsm_as_code.site.views import figures
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.effects import with_others
from itsm_as_code.site.views.values import Inline, Row, Status, Table, Text, Value

_WEAKEST = 3
_PLACES = 4
"""Decimals of an availability that is composed; cut, never rounded up."""


def feasibility(context: Context, service: Record) -> Table | None:
    """What is below each promise of availability composes to this; None without a promise."""
    rows = tuple(_feasible(context, *found) for found in context.promises.get(service.name, ()))
    below = ("What is below it composes to", "At peak")
    headers = ("Agreement", "Promised", *below, "Weakest contributors", "Without a promise")
    return Table("Whether the promised availability can be kept", headers, rows) if rows else None


def redundancy(context: Context, service: Record) -> Table | None:
    """For each member of a redundancy group, what the others are asked at peak when it is lost."""
    known = context.validation.facts
    rows = []
    for group, members in groups_of(service.data).items():
        for loss in Redundancy(known, PEAK).losses(members):
            carried = loss.load <= loss.limit
            amount = f"{quantity(loss.load)} of {quantity(loss.limit)} {loss.unit}"
            judged = Status("Carried", "good") if carried else Status("Not redundant at peak", "warn")
            share = figures.percentage(loss.share, f"{quantity(loss.load)} / {quantity(loss.limit)}")
            lost = context.reference("Service", loss.lost)
            rows.append(Row.of(Text(group), lost, Text(loss.measure), Text(amount), share, judged))
    headers = ("Group", "When this is lost", "Measure", "The others carry at peak", "Share", "Result")
    return Table("Whether redundancy groups carry the peak without one member", headers, tuple(rows)) if rows else None


def _feasible(context: Context, promise: Promise, result: Composition, peak: Composition) -> Row:
    agreement = context.reference("ServiceLevelAgreement", promise.agreement)
    kept = promise.availability is not None and promise.availability <= result.bound
    judged = Status("Can be kept", "good") if kept else Status("Cannot be kept", "bad")
    if not kept and not result.exact:
        judged = Status("May not be kept", "warn")
    bound = Inline((judged, _composed(result)), " ")
    if not result.contributions:
        nothing = (figures.NO_DATA, figures.NO_DATA, Text("Needs nothing"), Text("None"))
        return Row.of(agreement, Text(f"{promise.text} %"), *nothing)
    weakest = [
        f"{' or '.join(part.names)} ({percent_floor(part.availability, _PLACES)} %)"
        for part in result.contributions[:_WEAKEST]
    ]
    unknown = Text(", ".join(result.unknown) or "None")
    known = len(result.unknown) < sum(len(c.names) for c in result.contributions)
    shown: tuple[Value, Value] = (bound, _composed(peak)) if known else (figures.NO_DATA, figures.NO_DATA)
    return Row.of(agreement, Text(f"{promise.text} %"), *shown, Text("; ".join(weakest)), unknown)


def _composed(result: Composition) -> Text:
    return Text(f"{percent_floor(result.bound, _PLACES)} %" + ("" if result.exact else " or more"))


def capacity(context: Context, service: Record) -> Value | None:
    """What stays free of each limit; None when no measure is recorded."""
    headers = ("Measure", "Free at peak", "Free normally", "Target", "Result")
    rows = []
    for measure in service.spec.get("capacity", ()):
        normal, peak, limit, wanted = (measure.get(key) for key in ("normal", "peak", "limit", "headroomTarget"))
        name = Text(measure["measure"])
        if limit is None or Fraction(limit) <= 0:
            rows.append(Row.of(name, *(figures.NO_DATA,) * 4))
            continue
        free = headroom(limit, peak, normal, wanted)
        judged: Value = figures.NO_DATA
        if free.met is not None:
            judged = Status("Reached", "good") if free.met else Status("Missed", "warn")
        at_peak = figures.percentage(free.at_peak, f"({limit} - {peak}) / {limit}")
        at_normal = figures.percentage(free.at_normal, f"({limit} - {normal}) / {limit}")
        rows.append(Row.of(name, at_peak, at_normal, figures.percentage(free.target), judged))
    table = Table("Headroom: the share of the limit that stays free", headers, tuple(rows))
    return with_others(context, table, "capacity-headroom", "percent") if rows else None


def cost(context: Context, service: Record) -> Table | None:
    """The total cost of a year with its parts; None when nothing of it is recorded."""
    found = context.costs[service.name]
    if not found.total:
        return None
    rows = [Row.of(Text("Its own fixed cost"), figures.amounts(found.own))]
    for name, share in sorted(found.shares.items()):
        rows.append(Row.of(Inline((Text("Share of"), context.reference("Service", name)), " "), figures.amounts(share)))
    rows.append(Row.of(Text("Total, without cost by use"), figures.amounts(found.total)))
    return Table("Total cost of a year", ("Part", "Amount"), tuple(rows))
