"""Error budgets in words: what was lost over what was allowed, and which records say so."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from itsm_as_code.measures.numbers import quantity, rounded
from itsm_as_code.records.catalogue import Record
from itsm_as_code.service_levels import BudgetPolicy, ErrorBudget, error_budgets, recovers
from itsm_as_code.service_levels.projection import projection
from itsm_as_code.site.views import promises, words
from itsm_as_code.site.views.context import Context, remembered
from itsm_as_code.site.views.values import Card, Inline, Link, Meter, Missing, Row, Status, Strong, Table, Text, Value

_LITTLE = Fraction(1, 4)
_HEADERS = ("Objective", "Left of the budget", "Lost", "Allowed", "Window", "Source")


def shown(context: Context, service: Record) -> tuple[Value | None, ...]:
    """What is stopped, how fast each budget burns, and numerator, denominator and source of every one of a service."""
    try:
        found = budgets(context, service)
    except ValueError as error:
        return (Missing(f"Unknown: {error}"),)
    rows = tuple(_row(context, item) for item in found)
    burning = (burns(context, item, len(found) > 1) for item in found)
    return stopped(context, found), *burning, Table("Error budgets", _HEADERS, rows) if rows else None


def budgets(context: Context, service: Record) -> tuple[ErrorBudget, ...]:
    """The budgets of a service; ValueError where what they rest on cannot be read."""
    return _budgets(context, service.name)


@remembered
def _budgets(context: Context, name: str) -> tuple[ErrorBudget, ...]:
    """The budgets of a service, by its name."""
    return error_budgets(context.validation.facts, name, context.now)


def stopped(context: Context, budgets: Iterable[ErrorBudget]) -> Value | None:
    """Which changes the error budget policy stops by these budgets, if any, and until when the figures say so."""
    policy = BudgetPolicy.of(context.validation.configuration.raw)
    found: dict[str, list[ErrorBudget]] = {}
    for budget in budgets:
        for level in policy.levels:
            for kind in sorted(level.changes) if budget.is_used_up(level.used) else ():
                found.setdefault(kind, []).append(budget)
    if not found:
        return None
    kinds = " and ".join(sorted(found))
    facts = context.validation.facts
    used = min(level.used for level in policy.levels)
    ends = [recovers(facts, item, used, context.now, context.now) for group in found.values() for item in group]
    last = max((end for end in ends if end is not None), default=None)
    text = f"Stops {kinds} changes that mend nothing and are not exempt"
    if last is None or None in ends:
        return Text(f"{text}.")
    return Inline((Text(f"{text}, until the budget has recovered:"), words.moment(last, context.tz)), " ")


def burns(context: Context, budget: ErrorBudget, named: bool = False) -> Value | None:
    """The burn rate of a budget and when it may be exhausted, in a sentence; None where nothing was lost of it."""
    rate, ahead = budget.burn_rate_text, projection(budget)
    if not rate:
        return None
    said = f"{objective(context, budget)}: burn rate {rate}" if named else f"Burn rate {rate}"
    if ahead is None:
        return Text(f"{said}; the error budget is exhausted." if budget.is_used_up() else f"{said}.")
    said += f"; from {words.count(ahead.outages, 'outage')}, the error budget"
    earliest, likely, latest = (
        words.day(item.astimezone(context.tz).date()) if item else ""
        for item in (ahead.earliest, ahead.likely, ahead.latest)
    )
    if not earliest:
        return Text(f"{said} is not exhausted within its window.")
    when = f"between {earliest} and {latest}" if latest else f"on {earliest} at the earliest, or not within its window"
    return Text(f"{said} is exhausted {when}{f'; most likely on {likely}' if likely else ''}.")


def standing(budget: ErrorBudget) -> Status:
    """What is left: ``41.0 % left``, or ``Overspent by 192.0 %``."""
    left = rounded(budget.remaining * 100, 1)
    if budget.remaining < 0:
        return Status(f"Overspent by {-left} %", "bad")
    if budget.remaining == 0:
        return Status("Used up", "bad")
    return Status(f"{left} % left", "warn" if budget.remaining < _LITTLE else "good")


def kept(context: Context, service: Record) -> tuple[Value, Value]:
    """Whether the worst promise of availability of a service is kept, and what of its budget is used."""
    try:
        found = budgets(context, service)
    except ValueError:
        return Missing("Unknown"), Missing("Unknown")
    if not found:
        return Missing("Not promised"), Missing("None allowed")
    return verdict(found[0]), used(found[0])


def verdict(budget: ErrorBudget) -> Status:
    """``Kept``, ``At risk`` with less than a quarter of the budget left, ``Broken`` once it is overspent."""
    if budget.remaining < 0:
        return Status("Broken", "bad")
    return Status("At risk", "warn") if budget.lost and budget.remaining < _LITTLE else Status("Kept", "good")


def used(budget: ErrorBudget) -> Value:
    """``27 of 39.4 min``."""
    lost, allowed = (f"{rounded(seconds / 60, 1).normalize():,f}" for seconds in (budget.lost, budget.allowed))
    return Inline((Strong(lost), Text(f"of {allowed} min")), " ")


def at_risk(context: Context) -> list[Card]:
    """Promises that are broken or at risk in their windows: of services for customers first, what burnt most first."""
    facts = context.validation.facts
    found: list[tuple[bool, Fraction, Record, ErrorBudget]] = []
    for name in sorted(facts.agreements_by_service):
        service = context.catalogue.get("Service", name)
        if service is None or not (name in facts.outages_by_service or _is_measured(context, name)):
            continue
        try:
            worst_first = budgets(context, service)
        except ValueError:
            continue  # and there is a finding about it
        for budget in worst_first[:1]:
            if verdict(budget).tone != "good":
                found.append((service.spec["type"] != "business", -budget.consumed, service, budget))
    return [
        _risk(context, service, budget)
        for _, _, service, budget in sorted(found, key=lambda item: (*item[:2], item[2].name))
    ]


def _is_measured(context: Context, service: str) -> bool:
    facts = context.validation.facts
    return any(
        facts.measured(service, objective["name"])
        for agreement in facts.agreements_by_service[service]
        for objective in agreement["spec"]["objectives"]
    )


def _risk(context: Context, service: Record, budget: ErrorBudget) -> Card:
    found = promises.objective_of(context.catalogue.get("ServiceLevelAgreement", budget.agreement), budget.objective)
    window = promises.window(found) if found else ""
    said: list[Value] = [used(budget), Text(f"used, {window}")]
    if budget.remaining < 0:
        end = recovers(context.validation.facts, budget, Fraction(1), context.now, context.now)
        if end is not None:
            said += [Text("· kept again from"), words.moment(end, context.tz)]
    if service.spec["type"] != "business":
        said.append(Text("· internal"))
    link = Link(service.title, f"{context.page('Service', service.name) or ''}#promises")
    return Card(link, verdict(budget), Inline(tuple(said), " "), Meter(float(budget.consumed)))


def objective(context: Context, budget: ErrorBudget) -> str:
    """The objective as its agreement names it."""
    found = promises.objective_of(context.catalogue.get("ServiceLevelAgreement", budget.agreement), budget.objective)
    return promises.name(found) if found else words.human(budget.objective)


def _row(context: Context, budget: ErrorBudget) -> Row:
    agreement = context.reference("ServiceLevelAgreement", budget.agreement)
    found = promises.objective_of(context.catalogue.get("ServiceLevelAgreement", budget.agreement), budget.objective)
    by = [_source(context, *source.split("/", 1)) for source in budget.sources]
    return Row.of(
        Text(objective(context, budget)),
        standing(budget),
        Text(f"{minutes(budget.lost)} of {minutes(budget.served)}"),
        Text(f"{minutes(budget.allowed)} (100 - {budget.target_text} %)"),
        Text(promises.window(found)) if found else Missing(),
        Inline((*by, agreement)),
    )


def _source(context: Context, kind: str, name: str) -> Value:
    return context.reference(kind, name) if kind == "Incident" else Text(f"measured by {name}")


def minutes(seconds: Fraction) -> str:
    """``20.04 min``, ``40,320 min``."""
    return f"{quantity(seconds / 60, 2)} min"
