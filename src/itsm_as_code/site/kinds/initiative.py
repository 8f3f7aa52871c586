"""The page of an initiative: whether people work in the new way yet, what comes next, and whom it touches."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from itsm_as_code.clock import format_date
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.numbers import percent_floor
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import effects, figures, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import Inline, Missing, Page, Prose, Row, Said, Status, Table, Text, Tone, Value

TONES: Mapping[str, Tone] = {"embedded": "good", "supports": "good", "resists": "warn", "running": "info"}


def page(context: Context, record: Record, now: state.Now) -> Page:
    spec = record.spec
    sections: tuple[tuple[str, str, tuple[Value, ...]], ...] = (
        ("purpose", "Why it is done", (Prose(spec["purpose"]),)),
        ("adoption", "Do people work in the new way", (_adoption(context, spec),)),
        ("milestones", "Milestones", (_milestones(context, spec),)),
        ("stakeholders", "Whom it touches", (_stakeholders(context, spec),)),
        ("communication", "What is told to whom", (_communication(context, spec),)),
    )
    return described(context, record, sections=sections, skip=(*(id_ for id_, _, _ in sections), "status"))


def _adoption(context: Context, spec: Mapping[str, Any]) -> Table:
    rows = tuple(_computed(context, item) if "figure" in item else _measure(item) for item in spec.get("adoption", ()))
    headers = ("What is measured", "Before", "Target", "Latest", "Measured on", "Way to the target", "Earlier values")
    return Table("Adoption", headers, rows, "Nothing is measured.")


def _computed(context: Context, item: Mapping[str, Any]) -> Row:
    """A measure that names a figure: worked out, with what became of it."""
    target = Text(words.grouped(item["target"]))
    found = effects.worked_out(context, item["figure"], None)
    if isinstance(found, str):
        return Row.of(Text(item["metric"]), figures.NO_DATA, target, Text(found), *(figures.NO_DATA,) * 3)
    figure, before = found.figure, Text(found.figure.shown(found.before))
    after = effects.with_others(context, Text(figure.shown(found.after)), figure.name, figure.unit)
    end = words.day_value(format_date(utc_day(min(found.spans[1].end, context.now))))
    return Row.of(Text(item["metric"]), before, target, after, end, effects.verdict(found), Missing("Worked out"))


def _measure(item: Mapping[str, Any]) -> Row:
    before, target = Fraction(item["baseline"]), Fraction(item["target"])
    values = sorted(item.get("measured", ()), key=lambda value: value["on"])
    start = (Text(item["metric"]), Text(words.grouped(item["baseline"])), Text(words.grouped(item["target"])))
    if not values:
        return Row.of(*start, figures.NO_DATA, figures.NO_DATA, figures.NO_DATA, figures.NO_DATA)
    latest = values[-1]
    earlier = "; ".join(f"{words.grouped(v['value'])} on {_short(v['on'])}" for v in values[:-1])
    return Row.of(
        *start,
        Text(words.grouped(latest["value"])),
        words.day_value(latest["on"]),
        way(before, target, Fraction(latest["value"])),
        Text(earlier) if earlier else Missing("None"),
    )


def way(before: Fraction, target: Fraction, latest: Fraction) -> Status:
    """How much of the way from the baseline to the target is behind, whichever direction that is."""
    if latest >= target if target >= before else latest <= target:
        return Status("Reached", "good")
    done = (latest - before) / (target - before) if target != before else Fraction(0)
    if done < 0:
        return Status("Worse than before", "bad")
    return Status(f"{percent_floor(done, 0)} % of the way", "info")


def _short(text: str) -> str:
    found = words.as_date(text)
    return words.day(found).split(" ", 1)[1] if found else text


def _milestones(context: Context, spec: Mapping[str, Any]) -> Table:
    rows = []
    for item in spec.get("milestones", ()):
        due, done = words.as_date(item["due"]), words.as_date(item.get("doneOn"))
        standing: Value = Missing("Unknown")
        if due:
            standing = state.against(due, done) if done else _open(context, spec, item["due"])
        done_on = words.day_value(item.get("doneOn"), "Not yet")
        rows.append(Row.of(Text(item["title"]), words.day_value(item["due"]), done_on, standing))
    return Table("Milestones", ("Milestone", "Due", "Done on", "Against the plan"), tuple(rows), "None is recorded.")


def _open(context: Context, spec: Mapping[str, Any], day: str) -> Status:
    """How something stands that is not done: given up with the initiative, or so far away."""
    by = words.as_date(day)
    if spec["status"] == "stopped":
        return Status("Given up")
    return state.ahead(by, context.today) if by else Status("Unknown")


def _stakeholders(context: Context, spec: Mapping[str, Any]) -> Table:
    rows = tuple(
        Row.of(
            Text(item["group"]),
            Text(words.human(item["impact"])),
            context.status(item["stance"]),
            Prose(item["needs"]) if "needs" in item else Missing(),
        )
        for item in spec.get("stakeholders", ())
    )
    headers = ("Who", "How much their work changes", "How they see it", "What they need")
    return Table("Stakeholders", headers, rows, "Nobody is recorded.")


def _communication(context: Context, spec: Mapping[str, Any]) -> Table:
    rows = tuple(
        Row.of(
            Text(item["audience"]),
            Prose(item["message"]),
            Text(item["channel"]),
            words.day_value(item["on"]),
            Status("Told", "good") if item.get("done") else _open(context, spec, item["on"]),
        )
        for item in sorted(spec.get("communication", ()), key=lambda item: item["on"])
    )
    return Table("Messages", ("To whom", "Message", "How", "On", "State"), rows, "None is planned.")


HEADERS = ("Initiative", "Status", "Sponsor", "Owner", "Next milestone")


def row(context: Context, record: Record) -> Row:
    """An initiative in a list."""
    spec = record.spec
    ahead = sorted((item["due"], item["title"]) for item in spec.get("milestones", ()) if "doneOn" not in item)
    following: Value = Missing("None")
    if ahead and spec["status"] in ("planned", "running"):
        following = Inline((Said(ahead[0][1]), words.day_value(ahead[0][0])), ", ")
    return Row.of(
        context.link(record),
        context.status(spec["status"]),
        context.reference("Person", spec["sponsor"]),
        context.reference("Team", spec["owner"]),
        following,
    )
