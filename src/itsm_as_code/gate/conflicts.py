"""What a planned change collides with: freezes, and other planned changes of the same services or people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from itsm_as_code.clock import Interval
from itsm_as_code.records.facts import Facts

PLANNED = ("proposed", "authorised", "scheduled", "implementing")


@dataclass(frozen=True, slots=True)
class Conflict:
    """A collision of a change with something, over a span of time."""

    kind: str
    change: str
    other: str
    start: datetime
    end: datetime
    message: str


def conflicts_of(change: dict[str, Any], facts: Facts, freezes_from: Facts) -> list[Conflict]:
    """All collisions of a planned change; freeze calendars are those of ``freezes_from`` (the base)."""
    spec = change["spec"]
    if spec["status"] not in PLANNED or "schedule" not in spec:
        return []
    try:
        window = Interval.parse(spec["schedule"])
    except ValueError:
        return []
    name = change["metadata"]["name"]
    found = [*_freezes(name, spec, window, freezes_from), *_overlaps(name, spec, window, facts)]
    return sorted(dict.fromkeys(found), key=lambda item: (item.start, item.kind, item.other))


def _freezes(name: str, spec: dict[str, Any], window: Interval, facts: Facts) -> Iterator[Conflict]:
    for service in spec["services"]:
        try:
            freezes = facts.freezes(service, window)
        except (ValueError, OverflowError):
            continue  # change-in-freeze reports that it could not tell
        for calendar, covered in freezes:
            if spec["type"] not in calendar["spec"].get("exempt", ()):
                title = calendar["metadata"].get("title", calendar["metadata"]["name"])
                other = f"Calendar/{calendar['metadata']['name']}"
                for span in covered:
                    yield Conflict("freeze", name, other, span.start, span.end, f"{service} is frozen: {title}")


def _overlaps(name: str, spec: dict[str, Any], window: Interval, facts: Facts) -> Iterator[Conflict]:
    services = set(spec["services"])
    related = set(facts.graph.dependencies(*services))
    implementers = set(spec.get("implementers", ()))
    for other in facts.records("Change"):
        theirs = other["spec"]
        if other["metadata"]["name"] == name or theirs["status"] not in PLANNED or "schedule" not in theirs:
            continue
        try:
            span = Interval.parse(theirs["schedule"])
        except ValueError:
            continue
        if not window.overlaps(span):
            continue
        shared = Interval(max(window.start, span.start), min(window.end, span.end))
        label = f"Change/{other['metadata']['name']}"
        title = other["metadata"].get("title", other["metadata"]["name"])
        both = sorted(services & set(theirs["services"]))
        if both:
            message = f"'{title}' changes {', '.join(both)} at the same time"
            yield Conflict("overlap", name, label, shared.start, shared.end, message)
        under = sorted(related & set(theirs["services"]))
        if under:
            message = f"'{title}' changes {', '.join(under)}, on which it depends, at the same time"
            yield Conflict("dependency", name, label, shared.start, shared.end, message)
        people = sorted(implementers & set(theirs.get("implementers", ())))
        if people:
            message = f"{', '.join(people)} implement '{title}' at the same time"
            yield Conflict("implementer", name, label, shared.start, shared.end, message)
