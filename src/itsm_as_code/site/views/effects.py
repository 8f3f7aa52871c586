"""What a figure came to before and after, and whether that is better: as values of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from itsm_as_code.figures import Effect, Seen, Services, effect
from itsm_as_code.measures.benchmarks import beside
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Stack, Status, Text, Tone, Value

_TONES: Final[Mapping[str, Tone]] = {"better": "good", "worse": "bad", "no evidence": "none"}


def worked_out(context: Context, figure: Mapping[str, Any], services: Services) -> Effect | str:
    """The effect that a record's figure tells of; or why it cannot be told."""
    try:
        return effect(Seen(context.validation.facts, context.now), dict(figure), services)
    except KeyError:
        return f"there is no figure {figure['name']}"
    except ValueError as error:
        return str(error)


def facts(context: Context, found: Effect | str) -> tuple[tuple[str, Value], ...]:
    """Before, after with what others reach, and what became of it, each with its label."""
    if isinstance(found, str):
        return (("Effect", Status(f"Cannot be told: {found}", "warn")),)
    figure = found.figure
    after = with_others(context, Text(figure.shown(found.after)), figure.name, figure.unit)
    return (
        (f"{figure.title}, before", Text(figure.shown(found.before))),
        (f"{figure.title}, after", after),
        ("Did it help", verdict(found)),
    )


def with_others(context: Context, shown: Value, figure: str, unit: str) -> Value:
    """A computed figure with what others reach below it, where a benchmark says that."""
    others = beside(context.validation.facts, figure, unit)
    return Stack((shown, Text(others))) if others else shown


def verdict(found: Effect | str) -> Value:
    """``better: -12.1 hours, between -20 hours and -4 hours``."""
    if isinstance(found, str):
        return Status("Cannot be told", "warn")
    return Status(found.told()[0].upper() + found.told()[1:], _TONES[found.change.word])
