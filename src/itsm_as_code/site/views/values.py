"""The vocabulary of the pages: what a view can say, without a word of HTML.

A view is made of these plain frozen values; :mod:`itsm_as_code.site.html` is the only place that turns them into
markup. Addresses are paths from the top of the site (``services/payments-api.html#help``) unless ``external``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from itsm_as_code.site.views.pictures import (
    Bar as Bar,
)
from itsm_as_code.site.views.pictures import (
    BurnDown as BurnDown,
)
from itsm_as_code.site.views.pictures import (
    Chart as Chart,
)
from itsm_as_code.site.views.pictures import (
    Day as Day,
)
from itsm_as_code.site.views.pictures import (
    Key as Key,
)
from itsm_as_code.site.views.pictures import (
    Meter as Meter,
)
from itsm_as_code.site.views.pictures import (
    Node as Node,
)
from itsm_as_code.site.views.pictures import (
    Picture as Picture,
)
from itsm_as_code.site.views.pictures import (
    Strip as Strip,
)

Say = Callable[[str], str]
"""Says an English text in the language of the site."""
Content = bytes | Callable[[Say], bytes]
"""A file beside a page, or what makes it in the language of the site."""
Tone = Literal["good", "warn", "bad", "info", "none"]
"""How a status weighs; each tone has a colour and a shape of its own, the word says the rest."""


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Said(Text):
    """What a record says, in whatever language: it is never translated."""


@dataclass(frozen=True, slots=True)
class English:
    """What checks find, and policies that packs of the program bring: English in every language but where the catalogue
    has all of it."""

    said: Value


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Prose:
    """CommonMark."""

    source: str


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    href: str
    external: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A point or span of time in words, and its machine form."""

    text: str
    machine: str


@dataclass(frozen=True, slots=True)
class Status:
    word: str
    tone: Tone = "none"


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing is recorded: a state of its own, never a zero and never a pass."""

    text: str = "Not stated"


@dataclass(frozen=True, slots=True)
class Inline:
    """Several values on one line."""

    parts: tuple[Value, ...]
    separator: str = ", "


@dataclass(frozen=True, slots=True)
class Items:
    """A list, one value a line."""

    items: tuple[Value, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """Terms and what is said of them."""

    rows: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; the first cell names it. ``facets`` serve the filter in the browser."""

    cells: tuple[Value, ...]
    facets: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, *cells: Value, facets: tuple[tuple[str, str], ...] = ()) -> Row:
        return cls(cells, facets)


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    empty: str = "None"
    compact: bool = False
    board: bool = False
    """A few rows that are looked at every day, with a strip in each."""


@dataclass(frozen=True, slots=True)
class Step:
    """A state; ``when`` is the instant at which it was come to, where the history tells."""

    word: str
    state: Literal["done", "current", "ahead"]
    when: Moment | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The states that a record goes through."""

    label: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Strong:
    """A few words that carry the line."""

    text: str


@dataclass(frozen=True, slots=True)
class Stack:
    """Values below one another in one place, the first of them the one that counts."""

    parts: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """Something that deserves attention: what, how it stands, and a line about it."""

    title: Link
    status: Status | None
    line: Value
    meter: Meter | None = None


@dataclass(frozen=True, slots=True)
class Cards:
    cards: tuple[Card, ...]
    empty: str = "Nothing"


@dataclass(frozen=True, slots=True)
class Tabs:
    """Other ways to look at the same list."""

    label: str
    tabs: tuple[tuple[Link, bool], ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Facets that the browser may filter the tables of the page by.

    A list of several pages names where its rows lie in script files: ``rows`` is the address without number and end.
    """

    facets: tuple[tuple[str, str, tuple[str, ...]], ...]
    rows: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What whoever reads the page must know first."""

    said: Value


@dataclass(frozen=True, slots=True)
class Cell:
    """Something on a day of a month: at what time, what, and how it weighs: ``noticed``, ``plain`` or ``quiet``."""

    time: str
    link: Link
    weight: str


@dataclass(frozen=True, slots=True)
class Square:
    """A day of a month: what begins on it, and which freezes hold."""

    day: date
    cells: tuple[Cell, ...]
    frozen: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """Whole weeks, from a Monday on."""

    title: str
    squares: tuple[Square, ...]
    today: date


@dataclass(frozen=True, slots=True)
class Decision:
    """Something to decide: by when, what it is, what there is to know, and who has to agree."""

    by: Value
    title: Link
    about: Value
    summary: str
    fields: tuple[tuple[str, Value], ...]
    missing: Value


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions, the first due first; on paper each has boxes to tick."""

    items: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Button:
    """The one thing to do on a page, at another place: what the link is called, and where it leads."""

    label: str
    href: str


Value = (
    Text
    | English
    | Code
    | Prose
    | Link
    | Moment
    | Status
    | Missing
    | Inline
    | Items
    | Fields
    | Table
    | Progress
    | Picture
    | Strip
    | Meter
    | Strong
    | Stack
    | Key
    | BurnDown
    | Chart
    | Cards
    | Tabs
    | Filter
    | Notice
    | Month
    | Decisions
    | Button
)


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a page. ``level`` 2 or 3 is the heading's."""

    id: str
    title: str
    body: tuple[Value, ...]
    level: int = 2
    tab: str = ""
    """The id of the tab of the page that it stands in, if the page has tabs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question that everybody asks, the answer in a few words or a figure, and what there is to say of it."""

    question: str
    big: Value
    details: tuple[Value, ...] = ()
    is_figure: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it lies, what it is called, and what stands on it."""

    path: str
    title: str
    sections: tuple[Section, ...]
    kicker: str = ""
    is_record: bool = False
    """Whether title and lead are what a record says."""
    lead: str = ""
    statuses: tuple[Status, ...] = ()
    facts: tuple[tuple[str, Value], ...] = ()
    top: tuple[Value, ...] = ()
    crumbs: tuple[Link, ...] = ()
    area: str = ""
    contents: bool = False
    pager: tuple[tuple[Link, bool], ...] = field(default=())
    note: str = ""
    answers: tuple[Answer, ...] = ()
    tabs: tuple[tuple[str, str], ...] = ()
    """Ids and titles of the tabs; their sections stand in them, and on paper one after the other."""
    template: str = "page.html"
    notices: tuple[Notice, ...] = ()
    files: tuple[tuple[str, Content], ...] = ()
    """What lies beside the page: paths with their content."""


def inline(values: list[Value], missing: str = "Not stated") -> Value:
    """The values on one line, or that there is none."""
    if not values:
        return Missing(missing)
    return values[0] if len(values) == 1 else Inline(tuple(values))


def badges(statuses: list[Status], missing: str) -> Value:
    """Statuses side by side, or that there is none."""
    return Inline(tuple(statuses), " ") if statuses else Missing(missing)


def text(value: object, missing: str = "Not stated") -> Value:
    """Plain text of anything, or that there is none."""
    return Missing(missing) if value is None or value == "" else Text(str(value))
