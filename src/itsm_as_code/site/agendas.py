"""Markup of a month and of an agenda."""

from __future__ import annotations

from typing import Protocol

from markupsafe import Markup

from itsm_as_code.site.escaping import escape
from itsm_as_code.site.views import values as v
from itsm_as_code.site.views import words

_KEY = (
    '<p class="key"><span class="noticed">Noticed</span> <span class="plain">Nothing is noticed</span> '
    '<span class="quiet">Done, or not decided yet</span></p>'
)


class Writer(Protocol):
    """Writes the values that stand within."""

    def write(self, value: v.Value) -> str:
        """Within a line or a cell."""
        ...

    def block(self, value: v.Value) -> Markup:
        """On its own."""
        ...

    def link(self, value: v.Link) -> str:
        """A link."""
        ...


def month(value: v.Month, html: Writer) -> str:
    """Whole weeks: a grid, on phones a list of the days on which there is something."""
    days = "".join([f"<span>{name}</span>" for name in words.DAYS])
    squares, before = [], frozenset[v.Link]()
    for square in value.squares:
        new = [link for link in square.frozen if link not in before or square.day.weekday() == 0]
        goes_on = bool(square.frozen) and before >= set(square.frozen)
        before = frozenset(square.frozen)
        kinds = [
            *(["today"] if square.day == value.today else []), *(["over"] if square.day < value.today else []),
            *(["goes-on"] if goes_on and not square.cells else []),
            *(["empty"] if not square.cells and not square.frozen else []),
        ]  # fmt: skip
        here = ' aria-current="date"' if square.day == value.today else ""
        said = f'<span class="weekday">{words.DAYS[square.day.weekday()]} </span>{words.day_of_month(square.day)}'
        held = "".join([f'<p class="freeze">Freeze: {html.link(link)}</p>' for link in new])
        held = held or ('<p class="freeze"><span class="hidden">Freeze goes on</span></p>' if square.frozen else "")
        begin = "".join([
            f'<li class="{cell.weight}"><span class="at">{escape(cell.time)}</span> {html.link(cell.link)}</li>'
            for cell in square.cells
        ])  # fmt: skip
        squares.append(
            f'<li class="{" ".join(kinds)}"{here}><p class="date">'
            f'<time datetime="{square.day.isoformat()}">{said}</time></p>'
            f"{held}{f'<ul>{begin}</ul>' if begin else ''}</li>"
        )
    title = escape(value.title)
    return (
        f'<section class="month" aria-label="{title}"><div class="weekdays" aria-hidden="true">{days}</div>'
        f"<ol>{''.join(squares)}</ol>{_KEY}</section>"
    )


def decisions(value: v.Decisions, html: Writer) -> str:
    """What there is to decide, by when, and who has to agree."""
    made = []
    for item in value.items:
        fields = [f"<div><dt>{escape(term)}</dt><dd>{html.write(said)}</dd></div>" for term, said in item.fields]
        summary = html.block(v.Prose(item.summary)) if item.summary else ""
        made.append(
            f'<li class="case"><div class="by"><p>Decide by</p>{html.block(item.by)}</div><div><h3>'
            f'{html.link(item.title)}</h3><p class="about">{html.write(item.about)}</p>'
            f'{summary}<dl class="fields">{"".join(fields)}</dl>'
            f'</div><div class="missing-approvals">{html.block(item.missing)}'
            '<p class="ballot" aria-hidden="true">\u2610 yes \u2610 no \u2610 later</p></div></li>'
        )
    return f'<ol class="cases">{"".join(made)}</ol>'
