"""How the availability of a service was worked out: in the window of its promise, and in the last quarter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from itsm_as_code.clock import Intervals
from itsm_as_code.measures.numbers import rounded
from itsm_as_code.records.catalogue import Record
from itsm_as_code.service_levels import Attainment, ErrorBudget, attained_text, figure, is_met
from itsm_as_code.service_levels.attainment import RECORDS, Part, in_force, zone_of
from itsm_as_code.service_levels.overview import span_of
from itsm_as_code.site.views import error_budget, promises, words
from itsm_as_code.site.views.context import Context, remembered
from itsm_as_code.site.views.values import (
    BurnDown,
    Fields,
    Inline,
    Items,
    Missing,
    Status,
    Strong,
    Text,
    Value,
)

_MOST = 10
SECTION = "arithmetic"


def last_quarter(context: Context) -> str:
    """The quarter before the one that it is: ``2026-Q3``."""
    year, quarter = context.today.year, (context.today.month - 1) // 3
    return f"{year}-Q{quarter}" if quarter else f"{year - 1}-Q4"


def quarter_in_words(quarter: str) -> str:
    """``third quarter of 2026``."""
    year, _, number = quarter.partition("-Q")
    return f"{('first', 'second', 'third', 'fourth')[int(number) - 1]} quarter of {year}"


@remembered
def now_and_before(context: Context, name: str) -> tuple[Attainment | None, Attainment | None]:
    """What was attained of the worst promise of a service, by its name, in its window and in the last quarter.

    ValueError where what it rests on cannot be read.
    """
    service = context.catalogue.get("Service", name)
    budgets = error_budget.budgets(context, service) if service is not None else ()
    if not budgets:
        return None, None
    return attained(context, budgets[0]), attained(context, budgets[0], last_quarter(context))


def attained(context: Context, budget: ErrorBudget, window: str | None = None) -> Attainment | None:
    """The availability behind a budget in its own window, or in one that is named; None where there was no promise."""
    facts = context.validation.facts
    agreement = context.catalogue.get("ServiceLevelAgreement", budget.agreement)
    objective = promises.objective_of(agreement, budget.objective)
    if agreement is None or objective is None:
        return None
    chosen = None
    if window is not None:
        tz = zone_of(facts, agreement.data)
        chosen = span_of(window, context.now, tz)
        if not in_force(agreement.data, tz) & Intervals([chosen.span]):
            return None
    found = figure(facts, agreement.data, dict(objective), context.now, chosen)
    return found if isinstance(found, Attainment) else None


def percent(found: Attainment) -> str:
    """``99.931 %``, cut after three decimals and never rounded up."""
    return f"{attained_text(found)} %" if found.attained is not None else "No data"


def met(found: Attainment) -> Status:
    """Whether what was promised was attained."""
    said = is_met(found)
    if said is None:
        return Status("No data")
    return Status("Kept", "good") if said else Status("Broken", "bad")


def shown(context: Context, service: Record) -> list[Value]:
    """Each step of the reckoning, for the window of the promise and for the last quarter."""
    try:
        budgets = error_budget.budgets(context, service)
        if not budgets:
            return []
        now, before = now_and_before(context, service.name)
    except ValueError as error:
        return [Missing(f"Unknown: {error}")]
    said: list[Value] = [_burn_down(context, budgets[0])]
    for title, found in (("Now", now), (f"In the {quarter_in_words(last_quarter(context))}", before)):
        if found is not None:
            said += [Strong(title), _steps(context, found)]
    return said


def _steps(context: Context, found: Attainment) -> Fields:
    span = found.window.span
    whole = found.served + sum((part.seconds for part in (*found.left_out, *found.unknown)), Fraction(0))
    # A window that moves with the clock is not told by the minute, or the page would be another one in every build.
    when: Value = words.span(span.start, span.end, context.tz)
    if found.window.rolls:
        when = Text(f"The last {words.duration(found.objective['window']['rolling'])}")
    rows: list[tuple[str, Value]] = [
        ("Window", Inline((when, Text(_minutes(whole))), ": ")),
        ("Left out", _left_out(context, found.left_out)),
    ]
    if found.unknown:
        rows.append(("Nothing is known of", Text(_minutes(sum((p.seconds for p in found.unknown), Fraction(0))))))
    rows.append(("Service time", Text(_minutes(found.served))))
    rows.append(("Down or degraded", _lost(context, found.counted)))
    if found.attained is not None:
        fraction = f"{_number(found.served - found.lost)} of {_minutes(found.served)} = {percent(found)}"
        promised = f"{found.objective['target']} % is promised"
        rows.append(("Attained", Inline((Text(f"{fraction}, cut, never rounded up; {promised}"), met(found)), " ")))
    else:
        rows.append(("Attained", Missing("No data")))
    sources = ["Incident records" if source == RECORDS else source for source in found.rests_on]
    rows.append(("Rests on", Text(words.join(sources))))
    return Fields(tuple(rows))


def _left_out(context: Context, parts: Sequence[Part]) -> Value:
    totals: dict[tuple[str, str], Fraction] = {}
    for part in parts:
        totals[part.why, part.source] = totals.get((part.why, part.source), Fraction(0)) + part.seconds
    said: list[Value] = []
    for (why, source), total in totals.items():
        kind, _, name = source.partition("/")
        about = context.reference(kind, name) if name else Text(why)
        said.append(Inline((about, Text(_minutes(total))), ": "))
    return Inline(tuple(said), "; ") if said else Missing("Nothing")


def _lost(context: Context, parts: Sequence[Part]) -> Value:
    if not parts:
        return Text(_minutes(Fraction(0)))
    said: list[Value] = []
    for part in sorted(parts, key=lambda part: -part.lost)[:_MOST]:
        kind, _, name = part.source.partition("/")
        about = context.reference(kind, name) if kind == "Incident" else Text(f"measured by {name}")
        when = words.span(part.span.start, part.span.end, context.tz)
        weight = "" if part.weight == 1 else f", counted at {rounded(part.weight * 100, 1).normalize():f} %"
        said.append(Inline((Text(f"{_minutes(part.lost)}{weight}"), when, about), " · "))
    if len(parts) > _MOST:
        rest = sum((part.lost for part in sorted(parts, key=lambda part: -part.lost)[_MOST:]), Fraction(0))
        said.append(
            Text(f"{words.count(len(parts) - _MOST, 'further stretch', 'further stretches')}: {_minutes(rest)}")
        )
    return Items(tuple(said)) if len(said) > 1 else said[0]


def _burn_down(context: Context, budget: ErrorBudget) -> BurnDown:
    """What was left of the budget from the beginning of its window to now."""
    # Whole days, so that the picture moves once a day.
    days = [moment.astimezone(context.tz).date() for moment in (budget.window.start, budget.window.end)]
    start, end = (words.start_of(days[0], context.tz), words.start_of(days[1] + timedelta(days=1), context.tz))
    length = (end - start).total_seconds() or 1
    points = [(0.0, 1.0)]
    lost = Fraction(0)
    for part in sorted(budget.counted, key=lambda part: part.span):
        points.append(((part.span.start - start).total_seconds() / length, _left(budget, lost)))
        lost += part.lost
        points.append(((part.span.end - start).total_seconds() / length, _left(budget, lost)))
    points.append((1.0, _left(budget, lost)))
    left = error_budget.standing(budget).word
    about = error_budget.objective(context, budget)
    first, last = (words.day(day) for day in days)
    return BurnDown(f"Error budget of {about.lower()}", f"{left} on {last}", first, last, tuple(points))


def _left(budget: ErrorBudget, lost: Fraction) -> float:
    return round(float(1 - lost / budget.allowed), 4) if budget.allowed else 0.0


def _minutes(seconds: Fraction) -> str:
    return f"{_number(seconds)} min"


def _number(seconds: Fraction) -> str:
    return f"{rounded(seconds / 60).normalize():,f}"
