"""The page of scorecards: the levels with what they ask for, and how every team and service stands to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from itsm_as_code.configuration import Level
from itsm_as_code.policies.scorecards import Scorecard
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.listing import browsable
from itsm_as_code.site.views.scorecards import LINK as LINK
from itsm_as_code.site.views.scorecards import following, fulfilled, lacks, name
from itsm_as_code.site.views.values import Items, Missing, Page, Row, Section, Table, Text

_GROUPS = {"Team": "Teams", "Service": "Services"}
_HEADERS = ("Of", "Level", "Next level", "By", "Missing for it", "Fulfilled")
_MOST = 3
"""So many policies, and records of each, stand in a list; its own page has them all."""


def is_made(context: Context) -> bool:
    """Whether there are levels, and so such a page."""
    return bool(context.validation.configuration.policies.levels)


def pages(context: Context) -> Iterator[Page]:
    """The list of all scorecards, the lowest level first, where itsm.yaml has levels."""
    if not is_made(context):
        return
    levels = context.validation.configuration.policies.levels
    order = [None, *levels]
    cards = sorted(context.scorecards.values(), key=lambda card: (
        [*_GROUPS].index(card.subject.kind), order.index(card.reached), card.next is None, card.subject.name
    ))  # fmt: skip
    rows = [(_GROUPS[card.subject.kind], _row(context, card)) for card in cards]
    table = Table("Levels, and how many have reached them", ("Level", "By", *_GROUPS.values(), "Asks for"), tuple(
        _level(context, level, [card for card in cards if card.reached in levels[number:]])
        for number, level in enumerate(levels)
    ))  # fmt: skip
    lead = (
        "A service or team has the highest level of which it fulfils all that is asked of it, here and below. "
        "A waiver lifts a rule and fulfils nothing. A level that asks for nothing is not awarded."
    )
    blank = Page("", LINK.label, (), lead=lead, area="compliance")
    address = lambda number: f"scorecards/{'index' if number == 1 else f'page-{number}'}.html"  # noqa: E731
    empty, facets = "The levels ask nothing of any service or team.", {"level": "Level", "team": "Team"}
    first, *more = browsable(address, blank, rows, _HEADERS, LINK.label, empty, facets if rows else {})
    yield replace(first, sections=(*first.sections, Section("levels", "Levels", (table,))))
    yield from more


def _level(context: Context, level: Level, reached: list[Scorecard]) -> Row:
    kinds = [card.subject.kind for card in reached]
    counts = (Text(f"{kinds.count(kind):,}") for kind in _GROUPS)
    by = words.date_value(level.by) if level.by else Missing("No day")
    asked = Items(tuple(context.reference("Policy", policy) for policy in level.policies))
    return Row.of(Text(name(level)), by, *counts, asked)


def _row(context: Context, card: Scorecard) -> Row:
    team = context.catalogue.get("Team", card.owner)
    facets = (("level", name(card.reached)), ("team", team.title if team else card.owner))
    return Row.of(
        context.title_of(card.subject),
        Text(name(card.reached)),
        *following(context, card),
        lacks(context, card, _MOST),
        fulfilled(card),
        facets=facets,
    )
