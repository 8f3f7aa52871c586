"""Where in the navigation a kind stands: by the practice and the folder that its schema names, never by its name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from itsm_as_code import shipped
from itsm_as_code.records.kinds import SUFFIX, Kind

ALL = "data"
"""The area of all records; kinds of one's own stand here alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """An area of the site: its practice, or the folders that it takes out of one; ``first`` orders its lists."""

    name: str
    label: str
    practice: str
    folders: tuple[str, ...] = ()
    first: tuple[str, ...] = ()


PLACES = (
    Place("services", "Services", "service design", first=("services",)),
    Place("requests", "Requests", "service operation", ("operations/offerings", "operations/requests")),
    Place("changes", "Changes", "service transition", first=("changes", "changes/releases", "changes/models")),
    Place("operations", "Operations", "service operation", first=("operations/incidents", "operations/problems")),
    Place("improvement", "Improvement", "continual improvement", first=("improvement/register",)),
    Place("portfolio", "Portfolio", "service strategy", first=("portfolio/cases",)),
    Place(
        "compliance", "Compliance", "governance and compliance",
        first=("policies/controls", "policies", "policies/risks", "policies/waivers"),
    ),
    Place("people", "People", "organisational change", first=("people/teams", "people")),
)  # fmt: skip


@cache
def _shipped() -> frozenset[str]:
    return frozenset(shipped.files("schemas", SUFFIX))


def area(kind: Kind) -> str:
    """The area of a kind: the one that takes its folder, else the one of its practice."""
    if kind.path.removeprefix("schemas/") not in _shipped():
        return ALL
    taken = next((place.name for place in PLACES if kind.folder in place.folders), "")
    return taken or next((place.name for place in PLACES if place.practice == kind.practice and not place.folders), ALL)


def order(place: Place, kind: Kind) -> tuple[int, str]:
    """The lists of an area: what people come for first, the others by title."""
    first = (*place.folders, *place.first)
    return (first.index(kind.folder) if kind.folder in first else len(first), kind.title_plural)
