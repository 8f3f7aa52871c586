"""Pages in another language than English: what the program says is looked up in a catalogue, what records say stays.

Views speak English. ``catalogues/de.json`` maps each of their texts to German; ``{}``, and ``{n}`` for
a figure alone, stand for what changes in it, which is looked up in turn. Days and figures are written as the language
writes them.
"""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Final

OWN: Final = ("\x02", "\x03")
"""Marks around what a record says, between who writes a page and who translates it."""
ENGLISH: Final = '<span lang="en">'
"""Before what stays English unless the catalogue has all of it, and as such is marked for who reads aloud."""
_PIECES: Final = re.compile("(<[^>]*>|\x02[^\x03]*\x03)")
_SAID: Final = re.compile(
    r'(\b(?:aria-label|data-l|data-dark|data-light|placeholder|title)|og:(?:title|description)" content)="([^"]*)"'
)
_KEPT: Final = re.compile(r"<(code|pre|script|style)\b|<div class=\"(?:lead )?(prose)\"")
_TO_RECORD: Final = re.compile(r'<a href="(?!#)(?![^"]*(?:index|by_\w+|matrix|about)\.html)[^"]*"')
"""A link to something that is called what it is called, and to no list."""
_SENTENCES: Final = re.compile(r"(?<=[.!?]) (?=\S)")
_FIGURE: Final = re.compile(r"(-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?)( ?(?:%|[A-Z]{3}|min))?")
_PLACES: Final = {
    "{}": ".+?",
    "{n}": r"-?\d[\d.,]*(?: ?%)?",
    "{q}": r"-?\d[\d.,]*(?: ?%| [a-z]+(?: per [a-z]+)?)?",
    "{t}": r"\d+ (?:day|hour|minute|second)s?(?: \d+ (?:hour|minute|second)s?)?",
}
"""What may stand in a place of a text: anything, a figure, a quantity, a length of time."""
_PLACE: Final = re.compile(r"\{[nqt]?\}")
_LETTERS: Final = re.compile(r"[^\W\d_]")
_WORDS: Final = re.compile("[a-z]{2}")
_KEPT_SPACE: Final = "\N{NO-BREAK SPACE}"
_LISTED: Final = (re.compile("(; )"), re.compile("(, | and )"))
"""What stands between the items of a list."""


def primary(tag: str) -> str:
    """The language of a BCP 47 tag: ``de`` of ``de-AT``."""
    return tag.partition("-")[0].lower()


@lru_cache(maxsize=8)
def language(tag: str) -> Language | None:
    """The language of a tag, if the site speaks it beside English."""
    file = resources.files("itsm_as_code.site").joinpath("catalogues", f"{primary(tag)}.json")
    return Language(json.loads(file.read_text("utf-8"))) if file.is_file() else None


class Language:
    """A catalogue: ``texts`` from English; ``days``, ``months`` and ``zones`` by their short names.

    ``date`` has the parts of a day, ``figures`` are the marks between thousands and before decimals.
    """

    def __init__(self, catalogue: Mapping[str, Any]) -> None:
        self.texts: Mapping[str, str] = {k: v for k, v in catalogue["texts"].items() if not _PLACE.search(k)}
        self._names: Mapping[str, str] = {**catalogue["days"], **catalogue["months"]}
        self._written: str = catalogue["date"]
        self._words: Mapping[str, str] = catalogue["spans"]
        self._zones: Mapping[str, str] = catalogue["zones"]
        self._figures: tuple[str, str] = tuple(catalogue["figures"])
        named = [key for key in catalogue["texts"] if _PLACE.search(key)]
        # What says most by itself is tried first.
        self._patterns = [
            (max(_PLACE.split(key), key=len), _pattern(key), catalogue["texts"][key])
            for key in sorted(named, key=lambda key: (-len(key), key))
        ]
        days, months = "|".join(catalogue["days"]), "|".join(catalogue["months"])
        self._day = re.compile(rf"\b({days}) (\d{{1,2}}) ({months}) (\d{{4}})\b")
        self._date = re.compile(rf"(\d{{1,2}}) ({months})(?: (\d{{4}}))?|({days})")
        self._span = re.compile(rf"(\d\d:\d\d| \d{{4}}) to (?=\d\d:\d\d|(?:{days}) \d)")
        self._since = re.compile(rf"^since (?=(?:{days}) \d)")
        self._time = re.compile(rf"\b(\d\d:\d\d) ({'|'.join(self._zones)})\b")
        self.say = lru_cache(maxsize=16_384)(self._say)

    def page(self, text: str) -> str:
        """A page in this language."""
        return "".join(self._pieces(text))

    def _pieces(self, text: str) -> Iterator[str]:
        until, pieces = "", iter(_PIECES.split(text))
        for piece in pieces:
            if piece == ENGLISH and not until:
                yield self._marked(pieces)
            elif piece.startswith(OWN[0]):
                yield piece[1:-1]
            elif piece.startswith("<"):
                yield _SAID.sub(self._attribute, piece) if '="' in piece else piece
                if until and piece == until:
                    until = ""
                elif not until:
                    found = _KEPT.match(piece)
                    if found:
                        until = "</div>" if found[2] else f"</{found[1]}>"
                    elif _TO_RECORD.match(piece):
                        until = "</a>"
            elif until or (not _LETTERS.search(piece) and not piece.strip()):
                yield piece
            else:
                yield self._escaped(piece)

    def _marked(self, pieces: Iterator[str]) -> str:
        """What follows the mark of English, to the end of it: in this language where all of it is known."""
        within = list(itertools.takewhile(lambda piece: piece != "</span>", pieces))
        said = "".join(within)
        sentences = _SENTENCES.split(html.unescape(said.strip()))
        known = [self.known(one) for one in sentences] if len(within) == 1 else [None]
        found = [one for one in known if one is not None]
        return html.escape(" ".join(found)) if len(found) == len(known) else f"{ENGLISH}{said}</span>"

    def _attribute(self, match: re.Match[str]) -> str:
        said = match[2]
        said = said[1:-1] if said.startswith(OWN[0]) else self._escaped(said)
        return f'{match[1]}="{said}"'

    def _escaped(self, text: str) -> str:
        core = text.strip()
        said = self.say(html.unescape(core))
        return text.replace(core, html.escape(said), 1) if said != html.unescape(core) else text

    def _say(self, text: str) -> str:
        found = self.known(text)
        if found is not None:
            return found
        parts = _SENTENCES.split(text)
        if len(parts) > 1:
            return " ".join([self.say(part) for part in parts])
        figure = _FIGURE.fullmatch(text)
        if figure is not None:
            # A bare decimal may be a version; who knows that it is a figure asks for it.
            return self.figure(text) if figure[2] or "," in text else text
        text = self._span.sub(lambda match: f"{match[1]} {self._words['to']} ", text)
        text = self._since.sub(f"{self._words['since']} ", text)
        text = self._day.sub(lambda match: self._as_day(*match.groups()), text)
        return self._time.sub(lambda match: f"{match[1]} {self._zones[match[2]]}", text)

    def figure(self, text: str) -> str:
        """A figure with the marks of the language; what is none is said as any text."""
        if _FIGURE.fullmatch(text) is None:
            return self.say(text)
        group, point = self._figures
        return text.translate({ord(","): group, ord("."): point})

    def known(self, text: str) -> str | None:
        """What the catalogue has for a text, whole, by a pattern or item by item; None for what it lacks."""
        if text in self.texts:
            return self.texts[text]
        date = self._date.fullmatch(text)
        if date is not None:
            return self._as_day(date[4] or "", *date.group(1, 2, 3))
        if _KEPT_SPACE in text:
            said = [self.known(part.replace(_KEPT_SPACE, " ")) for part in text.split("; ")]
            return "; ".join([part.replace(" ", _KEPT_SPACE) for part in said if part]) if all(said) else None
        for least, pattern, template in self._patterns:
            match = pattern.fullmatch(text) if least in text else None
            if match is not None:
                pieces = template.split("{}")
                return "".join(
                    [pieces[0], *map("".join, zip(map(self.figure, match.groups()), pieces[1:], strict=True))]
                )
        between = next((between for between in _LISTED if between.search(text)), None)
        parts = between.split(text) if between is not None else []
        if parts and all(at % 2 or self._is_plain(part) for at, part in enumerate(parts)):
            return "".join([self._between(part) if at % 2 else self.say(part) for at, part in enumerate(parts)])
        return None

    def _between(self, mark: str) -> str:
        return mark.replace("and", self._words["and"])

    def _is_plain(self, text: str) -> bool:
        """True for an item of a list that can be said: figures, times, and what the catalogue has."""
        return not _WORDS.search(text) or self.say(text) != text or self.texts.get(text) == text

    def _as_day(self, day: str, number: str | None, month: str | None, year: str | None) -> str:
        """A day of whatever there is of it."""
        if number is None or month is None:
            return self._names[day]
        named = self._names.get(day, "")
        return self._written.format(day=named, number=number, month=self._names[month], year=year or "").strip()


def _pattern(key: str) -> re.Pattern[str]:
    places = iter([f"({_PLACES[place]})" for place in _PLACE.findall(key)])
    return re.compile(
        "".join([re.escape(part) + next(places, "") for part in _PLACE.sub("\0", key).split("\0")]), re.DOTALL
    )
