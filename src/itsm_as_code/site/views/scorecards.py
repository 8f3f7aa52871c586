"""Which level a service or team has reached, and what is missing for the next one."""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.configuration import Level
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.policies.scorecards import Scorecard
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import verdicts, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import OUTCOME_WORDS
from itsm_as_code.site.views.values import (
    Fields,
    Inline,
    Items,
    Link,
    Missing,
    Row,
    Stack,
    Status,
    Strong,
    Table,
    Text,
    Value,
)

LINK = Link("Scorecards", "scorecards/index.html")


def name(level: Level | None) -> str:
    """What a level is called."""
    return words.human(level.name) if level else "None yet"


def following(context: Context, card: Scorecard) -> tuple[Value, Value]:
    """The next level, and the day by which it is to be reached; late where that is over."""
    if card.next is None:
        return Missing("Nothing higher is asked"), Missing("No day")
    by = words.date_value(card.next.by) if card.next.by else Missing("No day")
    late = card.is_late(utc_day(context.now))
    return Text(name(card.next)), Stack((by, Status("Late", "warn"))) if late else by


def fulfilled(card: Scorecard) -> Text:
    """How much of what the next level asks for is there; where there is none, of what the reached one asks for."""
    return Text(f"{card.asked - len(card.missing):,} of {card.asked:,}")


def lacks(context: Context, card: Scorecard, most: int) -> Value:
    """What is missing, each policy once with the records that it is missing of."""
    found: dict[str, list[Value]] = {}
    for lack in card.missing:
        found.setdefault(lack.policy, []).append(context.title_of(lack.record))
    lines = [
        Inline((context.reference("Policy", policy), Inline(tuple(records[:most]))), ": ")
        for policy, records in [*found.items()][:most]
    ]
    return Items(tuple(lines)) if lines else Missing("Nothing")


def section(context: Context, record: Record) -> Iterator[Value]:
    """What the page of a service or team says of its level, if any level asks something of it."""
    card = context.scorecard(record)
    if card is None:
        return
    what = "Fulfilled for the next level" if card.next else "Fulfilled"
    yield Strong(name(card.reached))
    level, by = following(context, card)
    until: tuple[tuple[str, Value], ...] = (("By", by),) if card.next else ()
    yield Fields((("Next level", level), *until, (what, fulfilled(card))))
    rows = [
        Row.of(
            context.reference("Policy", lack.policy),
            context.title_of(lack.record),
            context.status(lack.status, OUTCOME_WORDS.get(lack.status, "")),
            verdicts.of_outcome(context, lack) if lack.message else Missing("None"),
        )
        for lack in card.missing
    ]
    if rows:
        yield Table("Missing for the next level", ("Policy", "Of", "Result", "Why"), tuple(rows))
    yield LINK
