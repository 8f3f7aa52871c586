"""The one place that turns values into markup. Every text is escaped; only safe link schemes become links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from itsm_as_code.site import agendas, charts, graph
from itsm_as_code.site.escaping import escape
from itsm_as_code.site.languages import ENGLISH
from itsm_as_code.site.views import values as v

_SCHEME = re.compile(r"(?:https?://|mailto:|tel:)[^\s\x00-\x1f]+\Z", re.IGNORECASE)
_REL = 'rel="noopener noreferrer"'
# Text that CommonMark leaves as it is: most descriptions, which then need no parser.
_FIGURE = re.compile(r"[-\u2212]?[\d,]+(?:\.\d+)?(?: ?(?:%|[A-Z]{3}|min))?\Z")
_PLAIN = re.compile(r"[^\W\d_][^\W_]*(?:[ ,.;:'()/%?€\u2013-]+[^\W_]+)*[.!?)]?\Z")
SHAPES: Mapping[str, str] = {
    "good": '<circle cx="8" cy="8" r="7"/><path class="m" d="M4.8 8.3l2.2 2.2 4.2-4.7"/>',
    "warn": '<path d="M8 1l7.4 13.5H.6z"/><path class="m" d="M8 6v4M8 12v.6"/>',
    "bad": '<path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z"/><path class="m" d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2"/>',
    "info": '<rect x="1" y="1" width="14" height="14" rx="2.5"/><path class="m" d="M8 7.2v4.6M8 4.2v.6"/>',
    "none": '<circle class="o" cx="8" cy="8" r="6"/>',
}
"""One shape for each tone, so that colour is never the only difference."""


def is_safe(href: str) -> bool:
    """True for the link schemes that may leave the site."""
    return bool(_SCHEME.match(href))


def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False})
    parser.disable(["image", "html_block", "html_inline"])
    parser.validateLink = is_safe  # type: ignore[assignment, method-assign]

    def link_open(self: Any, tokens: list[Token], index: int, options: Any, env: Any) -> str:
        tokens[index].attrSet("rel", "noopener noreferrer")
        return str(self.renderToken(tokens, index, options, env))

    def heading(self: Any, tokens: list[Token], index: int, options: Any, env: Any) -> str:
        # A record's headings must not break the order of those of the page.
        return '<p class="heading">' if tokens[index].nesting == 1 else "</p>\n"

    parser.add_render_rule("link_open", link_open)
    parser.add_render_rule("heading_open", heading)
    parser.add_render_rule("heading_close", heading)
    return parser


_PARSER = _markdown()


@lru_cache(maxsize=4096)
def prose(source: str) -> Markup:
    """CommonMark as markup: raw HTML shown as text, images dropped, unsafe links left as text."""
    if _PLAIN.match(source):
        return Markup(f"<p>{source}</p>")  # noqa: S704 - the pattern lets no mark of HTML through
    return Markup(_PARSER.render(source))  # noqa: S704 - html is off and link schemes are checked


def status(value: v.Status) -> str:
    return (
        f'<span class="s s-{value.tone}"><svg class="i" aria-hidden="true"><use href="#i-{value.tone}"/></svg>'
        f"{escape(value.word)}</span>"
    )


_WORDS = (v.Text, v.Said, v.English, v.Strong, v.Code, v.Link, v.Moment, v.Status, v.Missing, v.Inline)


class Html:
    """Markup of values on pages at one depth; ``root`` leads from there to the top of the site.

    ``own`` are the marks around what records say, for who translates the page.
    """

    def __init__(self, root: str, own: tuple[str, str] = ("", "")) -> None:
        self.root = root
        before, after = own
        self._writers: dict[type, Callable[[Any], str]] = {
            v.Text: lambda value: escape(value.text),
            v.Said: lambda value: f"{before}{escape(value.text)}{after}",
            v.English: lambda value: f"{ENGLISH}{self.write(value.said)}</span>" if before else self.write(value.said),
            v.Code: lambda value: f"<code>{escape(value.text)}</code>",
            v.Prose: lambda value: f'<div class="prose">{prose(value.source)}</div>',
            v.Link: self.link,
            v.Moment: lambda value: f'<time datetime="{escape(value.machine)}">{escape(value.text)}</time>',
            v.Status: status,
            v.Missing: lambda value: f'<span class="missing">{escape(value.text)}</span>',
            v.Inline: lambda value: escape(value.separator).join([self.write(part) for part in value.parts]),
            v.Items: self._items,
            v.Fields: self._fields,
            v.Table: self._table,
            v.Progress: _progress,
            v.Chart: charts.svg,
            v.Strong: lambda value: f"<strong>{escape(value.text)}</strong>",
            v.Strip: charts.strip,
            v.Meter: charts.meter,
            v.Key: charts.key,
            v.BurnDown: charts.burn_down,
            v.Stack: self._stack,
            v.Picture: lambda value: graph.svg(value, self.root),
            v.Cards: self._cards,
            v.Tabs: self._tabs,
            v.Filter: self._filter,
            v.Button: lambda value: (
                f'<p><a class="button" href="{escape(value.href)}" {_REL}>{escape(value.label)}</a></p>'
                if is_safe(value.href)
                else f"<p>{escape(value.label)}</p>"
            ),
            v.Month: lambda value: agendas.month(value, self),
            v.Decisions: lambda value: agendas.decisions(value, self),
            v.Notice: lambda value: f'<div class="notice" role="note"><p>{self.write(value.said)}</p></div>',
        }

    def show(self, value: v.Value) -> Markup:
        """Within a line or a cell, for templates."""
        return Markup(self.write(value))  # noqa: S704 - every writer escapes what it is given

    def block(self, value: v.Value) -> Markup:
        """On its own, for templates: what is only words becomes a paragraph."""
        written = self.write(value)
        return Markup(f"<p>{written}</p>" if isinstance(value, _WORDS) else written)  # noqa: S704 - as above

    def write(self, value: v.Value) -> str:
        return self._writers[type(value)](value)

    def link(self, value: v.Link) -> str:
        label = escape(value.label)
        if not value.external:
            return f'<a href="{escape(self.root + value.href)}">{label}</a>'
        return f'<a href="{escape(value.href)}" {_REL}>{label}</a>' if is_safe(value.href) else label

    def _items(self, value: v.Items) -> str:
        tag = "ol" if value.ordered else "ul"
        return f"<{tag}>{''.join([f'<li>{self.write(item)}</li>' for item in value.items])}</{tag}>"

    def _fields(self, value: v.Fields) -> str:
        rows = [f"<div><dt>{escape(term)}</dt><dd>{self.write(said)}</dd></div>" for term, said in value.rows]
        return f'<dl class="fields">{"".join(rows)}</dl>'

    def _table(self, value: v.Table) -> str:
        caption = escape(value.caption)
        if not value.rows:
            return f'<p class="missing">{escape(value.empty)}</p>'
        write = self.write
        figures = [_is_figures(row.cells[at] for row in value.rows) for at in range(len(value.headers))]
        head = "".join([
            f'<th role="columnheader" scope="col"{_classes(n=is_figure)}>{escape(title)}</th>'
            for title, is_figure in zip(value.headers, figures, strict=True)
        ])  # fmt: skip
        labels = [f' data-l="{escape(title)}"' if title else "" for title in value.headers]
        opened = [
            [f'<td role="cell"{label}{_classes(n=is_figure, up=up)}>' for up in (False, True)]
            for label, is_figure in zip(labels, figures, strict=True)
        ]
        rows = []
        for row in value.rows:
            facets = "".join([f' data-{key}="{escape(said)}"' for key, said in row.facets])
            decisive = 0
            if not value.compact:
                decisive = next((at for at, cell in enumerate(row.cells) if at and _is_status(cell)), 0)
            cells = "".join([
                f"{opened[at][at == decisive]}{write(row.cells[at])}</td>" for at in range(1, len(row.cells))
            ])  # fmt: skip
            rows.append(
                f'<tr role="row"{facets}><th role="rowheader" scope="row">{write(row.cells[0])}</th>{cells}</tr>'
            )
        kind = _classes(compact=value.compact, board=value.board)
        return (
            f'<div class="scroll" role="group" aria-label="{caption}" tabindex="0"><table role="table"{kind}>'
            f'<caption>{caption}</caption><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
            f'<tbody role="rowgroup">{"".join(rows)}</tbody></table></div>'
        )

    def _stack(self, value: v.Stack) -> str:
        first, *others = [self.write(part) for part in value.parts]
        return first + "".join([f'<span class="of">{other}</span>' for other in others])

    def _cards(self, value: v.Cards) -> str:
        if not value.cards:
            return f'<p class="missing">{escape(value.empty)}</p>'
        cards = []
        for card in value.cards:
            word = status(card.status) if card.status else ""
            word += charts.meter(card.meter) if card.meter else ""
            cards.append(
                f'<li><p class="card-title">{self.link(card.title)}</p>{word}<p>{self.write(card.line)}</p></li>'
            )
        return f'<ul class="cards">{"".join(cards)}</ul>'

    def _tabs(self, value: v.Tabs) -> str:
        tabs = []
        for link, current in value.tabs:
            here = ' aria-current="page"' if current else ""
            tabs.append(f'<li><a href="{escape(self.root + link.href)}"{here}>{escape(link.label)}</a></li>')
        return f'<nav class="tabs" aria-label="{escape(value.label)}"><ul>{"".join(tabs)}</ul></nav>'

    def _filter(self, value: v.Filter) -> str:
        """Hidden until the script shows it: without scripts it would do nothing."""
        fields = ['<label>Words <input type="search" data-words autocomplete="off"></label>']
        for key, title, choices in value.facets:
            options = "".join([f'<option value="{escape(choice)}">{escape(choice)}</option>' for choice in choices])
            fields.append(
                f'<label>{escape(title)} <select data-facet="{escape(key)}"><option value="">All</option>{options}'
                "</select></label>"
            )
        rows = f' data-rows="{escape(self.root + value.rows)}" data-root="{self.root}"' if value.rows else ""
        return (
            f'<form class="filter" hidden{rows} aria-label="Filter this list">{"".join(fields)}'
            '<output class="filter-count" aria-live="polite"></output></form>'
        )


def _is_status(cell: v.Value) -> bool:
    """True for a cell that begins with how something stands."""
    return isinstance(cell, v.Status) or (isinstance(cell, v.Inline | v.Stack) and isinstance(cell.parts[0], v.Status))


def _is_figures(cells: Iterable[v.Value]) -> bool:
    """True for a column of nothing but figures, which are compared by their last digits."""
    said = [cell for cell in cells if not isinstance(cell, v.Missing)]
    return bool(said) and all(_is_figure(cell) for cell in said)


def _is_figure(cell: v.Value) -> bool:
    if isinstance(cell, v.Inline):
        return isinstance(cell.parts[0], v.Strong) and _FIGURE.match(cell.parts[0].text) is not None
    return isinstance(cell, v.Text) and _FIGURE.match(cell.text) is not None


def _classes(**wanted: bool) -> str:
    found = " ".join([name for name, is_wanted in wanted.items() if is_wanted])
    return f' class="{found}"' if found else ""


def _progress(value: v.Progress) -> str:
    words = {"done": "done", "current": "now", "ahead": "still to come"}
    steps = []
    for step in value.steps:
        here = ' aria-current="step"' if step.state == "current" else ""
        said = f'<span class="hidden"> ({words[step.state]})</span>'
        when = f' <time datetime="{escape(step.when.machine)}">{escape(step.when.text)}</time>' if step.when else ""
        steps.append(f'<li class="{step.state}"{here}>{escape(step.word)}{said}{when}</li>')
    return f'<ol class="progress" aria-label="{escape(value.label)}">{"".join(steps)}</ol>'
