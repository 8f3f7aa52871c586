"""The calendar of changes and what the board has to decide: what is planned when, what is noticed, what collides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from itsm_as_code.clock import Interval
from itsm_as_code.gate.board import Case
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import approval, feed, hours, outlook, state, verdicts, weekend, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.ordering import is_gitlab
from itsm_as_code.site.views.values import (
    Cell,
    Decision,
    Decisions,
    Inline,
    Items,
    Link,
    Missing,
    Month,
    Page,
    Row,
    Section,
    Square,
    Stack,
    Status,
    Table,
    Text,
    Value,
    inline,
)

FOLDER = "calendar"
CALENDAR = Link("Calendar", f"{FOLDER}/index.html")
BOARD = Link("Decisions", f"{FOLDER}/decisions.html")
_WEEKS = 5
_ROWS = 200
_LEVELS = ("very-high", "high", "medium", "low")
_NOTICE = timedelta(days=2)
"""Between a decision and the start: so much time those need who carry it out."""
_BACK = timedelta(days=30)


def pages(context: Context, now: state.Now) -> Iterator[Page]:
    """The calendar, and the agenda of the board."""
    if context.has("Change"):
        yield calendar(context, now)
        yield board(context, now)


# The calendar.


def calendar(context: Context, now: state.Now) -> Page:
    ahead = [*now.to_come["now"], *now.to_come["overdue"], *now.to_come["next"]]
    first = context.today - timedelta(days=context.today.weekday())
    rows = tuple(_row(context, change) for change in ahead[:_ROWS])
    headers = ("Change", "State", "When", "What is noticed", "Risk")
    table = Table("Planned changes in order", headers, rows, "No change is planned.")
    more = Link(f"All {len(ahead):,} planned changes", context.list_page("Change")) if len(ahead) > _ROWS else None
    sections = [
        Section("order", "In order", tuple(value for value in (table, more) if value is not None)),
        Section("conflicts", "Conflicts and free slots", (_conflicts(context, ahead),)),
        Section("windows", "Freezes and maintenance", (_windows(context),)),
    ]
    offer = feed.offers(context)
    if offer is not None:
        sections.append(Section("subscribe", "Subscribe", (offer,)))
    span = f"{words.day(first)} to {words.day(first + timedelta(days=7 * _WEEKS - 1))}"
    return Page(
        CALENDAR.href,
        " ".join(filter(None, (weekend.sentence(context, now), _first_interruption(context, now)))),
        tuple(sections),
        kicker="Calendar",
        facts=tuple(_facts(context, now)),
        top=(month(context, now, first, span),),
        area="changes",
    )


def _first_interruption(context: Context, now: state.Now) -> str:
    """When the first interruption comes that is planned after this weekend."""
    ends = weekend.weekend(context.now, context.tz).end
    for change in now.to_come["next"]:
        window = state.schedule(change)
        if window and window.start >= ends and weekend.changed(context, change):
            return f"The first interruption after it is on {words.moment(window.start, context.tz).text}."
    return ""


def _facts(context: Context, now: state.Now) -> Iterator[tuple[str, Value]]:
    this = weekend.weekend(context.now, context.tz)
    following = weekend.weekend(this.end + timedelta(hours=12), context.tz)
    for title, span in (("This weekend", this), ("Next weekend", following)):
        found = weekend.within(context, now, span)
        yield title, inline([context.link(change) for change in found[:6]], "Nothing planned")
    frozen = [Inline((context.link(r), words.span(s.start, s.end, context.tz)), ": ") for s, r in context.freezes[:3]]
    yield "Stands still", Items(tuple(frozen)) if frozen else Missing("No freeze ahead")
    count = sum(1 for change in now.to_come["next"] if (case := context.case(change.name)) and case.conflicts)
    said: Value = Status(words.count(count, "change collides", "changes collide"), "warn") if count else Text("None")
    yield "Conflicts", Inline((said, Link("see below", f"{CALENDAR.href}#conflicts")), " ") if count else said


def noticed(context: Context, change: Record) -> Value:
    """What of a change is noticed, and for how long at most."""
    outage = change.spec.get("outage") or {}
    expected = {"none": "Nothing", "degraded": "Slow or degraded", "full": "No service"}
    word = expected.get(str(outage.get("expected")))
    if word is None:
        return Missing("Not stated")
    minutes = outage.get("minutes")
    text = f"{word}, up to {words.count(minutes, 'minute')}" if minutes and word != "Nothing" else word
    return Text(text) if word == "Nothing" else Status(text, "warn")


def _row(context: Context, change: Record) -> Row:
    window = state.schedule(change)
    when: Value = words.span(window.start, window.end, context.tz) if window else Missing("No window")
    cells = (context.link(change), context.status(change.spec["status"]), when)
    return Row.of(*cells, noticed(context, change), outlook.risk(context, change))


def _conflicts(context: Context, changes: list[Record]) -> Value:
    rows = []
    for change in changes:
        case = context.case(change.name)
        if case is None or not case.conflicts:
            continue
        slot: Value = Missing("None in sight")
        if case.slot is not None:
            slot = words.span(case.slot.start, case.slot.end, context.tz)
        told = verdicts.all_of(conflict.message for conflict in case.conflicts)
        rows.append(Row.of(context.link(change), told, slot))
        if len(rows) == _ROWS:
            break
    headers = ("Change", "What speaks against its window", "Next free slot of its length")
    return Table("Changes that collide", headers, tuple(rows), "No planned change collides with anything.")


def _windows(context: Context) -> Value:
    rows = []
    for span, freeze in context.freezes[:_ROWS]:
        when = words.span(span.start, span.end, context.tz)
        rows.append(Row.of(context.link(freeze), Text("Freeze"), when))
    for record in context.catalogue.of_kind("Calendar"):
        if record.spec["kind"] == "maintenance" and len(rows) < _ROWS:
            found = hours.upcoming(context, record.name)
            following: Value = Missing("Cannot be read" if found is None else "Nothing ahead")
            if found:
                following = words.span(found[0].start, found[0].end, context.tz)
            rows.append(Row.of(context.link(record), Text("Maintenance, next"), following))
    return Table("Freezes and maintenance", ("Calendar", "What", "When"), tuple(rows), "None is recorded.")


def month(context: Context, now: state.Now, first: date, title: str) -> Month:
    """Five weeks from a Monday on: changes on the day on which they begin, freezes on each of their days."""
    everything = [change for phase in ("now", "overdue", "next", "past") for change in now.changes[phase]]
    begins: dict[date, list[tuple[object, Cell]]] = {}
    for change in everything:
        window = state.occupied(change)
        if window is None or change.spec["status"] in ("cancelled", "rejected"):
            continue
        local = window.start.astimezone(context.tz)
        if first <= local.date() < first + timedelta(days=7 * _WEEKS):
            cell = Cell(f"{local:%H:%M}", context.link(change), _weight(context, change, now))
            begins.setdefault(local.date(), []).append(((window.start, change.name), cell))
    squares = []
    for number in range(7 * _WEEKS):
        at = first + timedelta(days=number)
        cells = tuple(cell for _, cell in sorted(begins.get(at, ()), key=lambda item: str(item[0])))
        frozen = tuple(
            dict.fromkeys(context.link(freeze) for span, freeze in context.freezes if _covers(context, span, at))
        )
        squares.append(Square(at, cells, frozen))
    return Month(title, tuple(squares), context.today)


def _weight(context: Context, change: Record, now: state.Now) -> str:
    if now.phase(change) == "past" or change.spec["status"] in ("draft", "proposed"):
        return "quiet"
    return "noticed" if weekend.changed(context, change) else "plain"


def _covers(context: Context, span: Interval, day: date) -> bool:
    start = words.start_of(day, context.tz)
    return span.start < start + timedelta(days=1) and start < span.end


# The agenda of the board.


def decide_by(context: Context, change: Record) -> date | None:
    """The last weekday at least two days before a change begins."""
    window = state.schedule(change)
    if window is None:
        return None
    day = (window.start - _NOTICE).astimezone(context.tz).date()
    return day - timedelta(days=max(0, day.weekday() - 4))


def board(context: Context, now: state.Now) -> Page:
    proposed = [change for change in context.catalogue.of_kind("Change") if change.spec["status"] == "proposed"]
    far = date.max
    level = {change.name: context.validation.risk_of(change).level for change in proposed}
    order = lambda change: (decide_by(context, change) or far, change.name)  # noqa: E731
    sections = []
    for risk in _LEVELS:
        found = sorted((change for change in proposed if level[change.name] == risk), key=order)
        if found:
            items = tuple(_decision(context, change) for change in found[:_ROWS])
            sections.append(Section(f"risk-{risk}", f"{words.human(risk)} risk", (Decisions(items),)))
    if not proposed:
        sections.append(Section("none", "To decide", (Missing("No change waits for a decision."),)))
    sections.append(Section("look-back", "To look back on", (_look_back(context, now),)))
    sections.append(Section("know", "To know", (_to_know(context, now),)))
    first = min(proposed, key=order, default=None)
    return Page(
        BOARD.href,
        _headline(context, len(proposed), first),
        tuple(sections),
        kicker=f"Agenda of the change advisory board, {words.day(context.today)}",
        lead=_lead(context),
        area="changes",
    )


def _headline(context: Context, count: int, first: Record | None) -> str:
    if first is None:
        return "Nothing to decide."
    by = decide_by(context, first)
    how = words.count(count, "change") + " to decide"
    if by is None:
        return f"{how}, none with a window yet."
    late = by < context.today
    return f"{how}. The first {'was due' if late else 'is due'} by {words.day(by)}: {first.title}."


def _lead(context: Context) -> str:
    said = (
        "A change is to be decided on the last weekday at least two days before it begins. Who asks does not approve."
    )
    url = (context.validation.configuration.forge_url or "").rstrip("/")
    if url and is_gitlab(context):
        said += f" What is still in [open merge requests]({url}/-/merge_requests) the forge knows."
    elif url:
        said += f" What is still in [open pull requests]({url}/pulls) the forge knows."
    return said


def _decision(context: Context, change: Record) -> Decision:
    spec, window, by = change.spec, state.schedule(change), decide_by(context, change)
    case = context.case(change.name)
    services = context.references("Service", spec["services"])
    about = [services, *([Inline((Text("asked for by"), context.reference("Person", spec["requester"])), " ")]
                         if "requester" in spec else [])]  # fmt: skip
    fields: list[tuple[str, Value]] = [
        ("When", words.span(window.start, window.end, context.tz) if window else Missing("No window")),
        ("Noticed", noticed(context, change)),
        ("Way back", _way_back(spec.get("backout"))),
    ]
    if case is not None and case.conflicts:
        fields.append(("Against it", verdicts.all_of(item.message for item in case.conflicts)))
        if case.slot is not None:
            fields.append(("Free slot", words.span(case.slot.start, case.slot.end, context.tz)))
    when: Value = Missing("No window")
    if by is not None:
        late = by < context.today
        when = Stack((words.date_value(by), Status("Overdue", "warn"))) if late else words.date_value(by)
    line, summary = Inline(tuple(about), " \u00b7 "), spec.get("summary", "")
    return Decision(when, context.link(change), line, summary, tuple(fields), _missing(context, case))


def _way_back(backout: object) -> Value:
    if not isinstance(backout, dict):
        return Missing("None is recorded")
    said = [words.count(backout["minutes"], "minute")] if "minutes" in backout else []
    rehearsed = words.as_date(backout.get("rehearsedOn"))
    said.append(f"rehearsed on {words.day(rehearsed)}" if rehearsed else "not rehearsed")
    return Text(", ".join(said))


def _missing(context: Context, case: Case | None) -> Value:
    if case is None or case.asked is None:
        return Missing("No rule says who approves it.")
    if not case.asked:
        return Text("Nobody has to approve it.")
    return Stack((Text("Needs"), Items(tuple(approval.asked_of(context, asked) for asked in case.asked))))


def _look_back(context: Context, now: state.Now) -> Value:
    rows = []
    for change in now.changes["past"]:
        ended, window = change.spec.get("result", change.spec["status"]), state.occupied(change)
        if ended in ("failed", "backed-out", "rejected") and window and window.end >= context.now - _BACK:
            review: Value = Text("Reviewed") if "review" in change.spec else Missing("Not reviewed yet")
            if ended == "rejected":
                review = Text("Not carried out")
            when = words.span(window.start, window.end, context.tz)
            rows.append(Row.of(context.link(change), context.status(ended), when, review))
    headers = ("Change", "Result", "When", "Review")
    return Table("Changes of the last 30 days that did not go well", headers, tuple(rows[:_ROWS]), "None in 30 days.")


def _to_know(context: Context, now: state.Now) -> Value:
    said: list[Value] = []
    for change in now.to_come["now"][:_ROWS]:
        said.append(Inline((Text("Under way:"), context.link(change)), " "))
    for span, freeze in context.freezes[:6]:
        when = words.span(span.start, span.end, context.tz)
        said.append(Inline((Text("Stands still:"), context.link(freeze), when), " "))
    for change in now.to_come["overdue"][:6]:
        said.append(Inline((Text("Window has passed:"), context.link(change)), " "))
    said.append(Inline((Text("All that is planned:"), Link("Calendar", CALENDAR.href)), " "))
    return Items(tuple(said))
