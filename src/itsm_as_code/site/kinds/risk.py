"""Risks: before and after treatment, one by one and as a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from itsm_as_code.measures.exposure import IMPACTS, LIKELIHOODS, Band, Exposure
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site import addresses
from itsm_as_code.site.views import figures, listing, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import Inline, Link, Page, Row, Section, Status, Table, Text, Tone, Value

_TONES: Mapping[Band, Tone] = {
    Band.LOW: "good", Band.MEDIUM: "info", Band.HIGH: "warn", Band.VERY_HIGH: "bad",
}  # fmt: skip
_MOST_LINKS: Final = 20
"""Risks that a place of a matrix names; the list by level has the others."""


def level(exposure: Exposure) -> Status:
    """How grave a risk is, as word, shape and colour."""
    return Status(words.human(exposure.band), _TONES[exposure.band])


def exposure(grades: Mapping[str, Any]) -> Exposure | None:
    """The likelihood and impact of a risk, or of what is left of it; None before it is assessed."""
    likelihood, impact = grades.get("likelihood"), grades.get("impact")
    return None if likelihood is None or impact is None else Exposure(likelihood, impact)


def assessed(grades: Mapping[str, Any]) -> Value:
    """A risk's level with its inputs: ``High 4 x 3 = 12``."""
    found = exposure(grades)
    if found is None:
        return figures.NO_DATA
    said = Text(f"likelihood {found.likelihood} * impact {found.impact} = {found.score}")
    return Inline((level(found), said), " ")


def page(context: Context, record: Record, now: state.Now) -> Page:
    spec = record.spec
    facts = (("Before treatment", assessed(spec)), ("After treatment", assessed(spec.get("residual", {}))))
    return described(context, record, facts, skip=("likelihood", "impact", "residual"))


def matrix(context: Context, records: Sequence[Record], after: bool) -> Section:
    """The open risks by likelihood and impact, and how many could not be placed."""
    places: dict[Exposure, list[Value]] = {}
    others = _list(records, after)
    open_ = [record for record in records if record.spec["status"] != "closed"]
    for record in open_:
        found = exposure(record.spec.get("residual", {}) if after else record.spec)
        if found is not None:
            places.setdefault(found, []).append(context.link(record))

    def cell(place: Exposure) -> Value:
        return _cell(level(place), places.get(place, []), others)

    rows = tuple(
        Row.of(
            Text(f"{likelihood} {LIKELIHOODS[likelihood - 1]}"),
            *(cell(Exposure(likelihood, impact)) for impact in range(1, 6)),
        )
        for likelihood in range(5, 0, -1)
    )
    when = "after treatment" if after else "before treatment"
    headers = ("Likelihood", *(f"Impact {number} {word}" for number, word in enumerate(IMPACTS, 1)))
    known = sum(map(len, places.values()))
    told = Text(f"{known} of {len(open_)} open risks have an assessment {when}" + (_rest(len(open_) - known)))
    title = f"Risks {when}"
    return Section(title.lower().replace(" ", "-"), title, (told, Table(title, headers, rows, compact=True)))


def _list(records: Sequence[Record], after: bool) -> str:
    """Where all risks of a level stand: in a view of a long list, or below."""
    kind = records[0].kind
    if len(records) > listing.PAGE_SIZE:
        return addresses.list_page(kind, "by_after" if after else "by_before")
    return f"{addresses.list_page(kind)}#{listing.anchor(kind.title_plural)}"


def _cell(grave: Status, risks: list[Value], others: str) -> Value:
    if len(risks) > _MOST_LINKS:
        risks = [*risks[:_MOST_LINKS], Link(f"and {len(risks) - _MOST_LINKS:,} more", others)]
    return Inline((grave, Inline(tuple(risks), "; ")), " ") if risks else grave


def _rest(number: int) -> str:
    return f"; no data for {number}." if number else "."


HEADERS = ("Risk", "Status", "Before treatment", "After treatment", "Treatment", "Owner")
_FACETS: Final = {"before": "Level before treatment", "after": "Level after treatment"}


def row(context: Context, record: Record) -> Row:
    """A risk in a list."""
    spec = record.spec
    treatment = Text(spec["treatment"].capitalize()) if "treatment" in spec else figures.NO_DATA
    owner = context.reference(("Team", "Person"), spec["owner"])
    before, after = assessed(spec), assessed(spec.get("residual", {}))
    grades = {"before": exposure(spec), "after": exposure(spec.get("residual", {}))}
    facets = tuple((key, level(found).word if found else "Not assessed") for key, found in grades.items())
    return Row.of(context.link(record), context.status(spec["status"]), before, after, treatment, owner, facets=facets)


def ordered(records: Sequence[Record]) -> list[Record]:
    """The gravest first, those that are closed and those not assessed last."""

    def key(record: Record) -> tuple[bool, int, str]:
        spec = record.spec
        found = exposure(spec)
        return (spec["status"] == "closed", -found.score if found else 0, record.name)

    return sorted(records, key=key)


def lists(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """The matrices stand on the first page, before the list."""
    records = ordered(context.catalogue.of_kind(kind.name))
    first, *more = listing.listed(context, kind, HEADERS, row, [(None, record) for record in records], _FACETS)
    matrices = tuple(matrix(context, records, after) for after in (False, True)) if records else ()
    yield replace(first, sections=(*matrices, *first.sections))
    yield from more
