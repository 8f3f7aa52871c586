"""How the results of policies went: a chart of what fails, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from itsm_as_code.compliance.trend import Point, Tally
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Bar, Chart, Code, Missing, Row, Table, Text, Value

_HEADERS = ("When", "Fail", "Waived", "Not evaluated", "Judged", "Commit")


def of_policy(context: Context, policy: str) -> list[Value]:
    """The trend of one policy."""
    return _trend(context, "Records that fail", "record", lambda point: point.of(policy))


def of_all(context: Context) -> list[Value]:
    """The trend of all policies together; a record counts once for each policy that judges it."""
    return _trend(context, "Results that fail, all policies", "result", lambda point: point.total)


def _trend(context: Context, title: str, what: str, tally_of: Callable[[Point], Tally | None]) -> list[Value]:
    points = context.trend.points if context.trend else ()
    if context.trend is None or not context.trend.has_past:
        why = next((point.why for point in points if point.why), "the site was built without looking at the history")
        return [Missing(f"No trend: {why}.")]
    tallies = [tally_of(point) for point in points]
    bars = tuple(
        Bar(_short_day(context, point), tally.failed if tally else None)
        for point, tally in zip(points, tallies, strict=True)
    )
    rows = tuple(_row(context, point, tally) for point, tally in zip(points, tallies, strict=True))
    return [
        Text(
            "Each moment is judged by the rules of its own day, so a new rule shows as well as a new mistake. "
            "Where nothing could be judged there is no data, which is not zero."
        ),
        Chart(title, _summary(context, points, tallies, what), bars),
        Table(f"{title}: numbers", _HEADERS, rows),
    ]


def _summary(context: Context, points: Sequence[Point], tallies: Sequence[Tally | None], what: str) -> str:
    """``200 of 204 records fail now, 200 of 204 on Sun 25 Oct 2026``."""
    known = [(point, tally) for point, tally in zip(points, tallies, strict=True) if tally is not None]
    if not known:
        return "No data."
    (first, before), (_, last) = known[0], known[-1]
    text = f"{last.failed:,} of {words.count(last.judged, what)} {'fails' if last.failed == 1 else 'fail'} now"
    if len(known) > 1:
        text += f", {before.failed:,} of {before.judged:,} on {words.day(first.at.astimezone(context.tz))}"
    return f"{text}."


def _short_day(context: Context, point: Point) -> str:
    local = point.at.astimezone(context.tz)
    return words.day(local).split(" ", 1)[1].rsplit(" ", 1)[0]


def _row(context: Context, point: Point, tally: Tally | None) -> Row:
    when = words.moment(point.at, context.tz)
    commit: Value = Code(point.commit[:12]) if point.commit else Missing("None")
    if tally is None:
        why = f"No data: {point.why}" if point.why else "No data: there was no such policy"
        return Row.of(when, Missing(why), Missing("No data"), Missing("No data"), Missing("No data"), commit)
    numbers = (f"{tally.failed:,} of {tally.judged:,}", f"{tally.waived:,}", f"{tally.unknown:,}", f"{tally.judged:,}")
    return Row.of(when, *map(Text, numbers), commit)
