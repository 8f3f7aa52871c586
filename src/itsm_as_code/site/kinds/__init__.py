"""How single kinds are shown: one module each, named like its kind (``service_level_agreement.py``), found by listing.

All of this is optional; what a module lacks, and a kind without a module, is worked out from the schema:

- ``page(context, record, now)``: the page of a record.
- ``HEADERS`` and ``row(context, record)``: the table of all records, by title.
- ``lists(context, kind, now)``: every page of the kind's lists, where that table is not enough.
- ``TONES``: how states that only this kind has weigh.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from itsm_as_code.errors import ItsmError
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind, KindRegistry
from itsm_as_code.site.views import listing, record, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.state import Now
from itsm_as_code.site.views.values import Page, Tone


@dataclass(frozen=True, slots=True)
class View:
    """How a kind is shown: the page of a record, all pages of its lists, and how its own words weigh."""

    page: Callable[[Context, Record, Now], Page]
    lists: Callable[[Context, Kind, Now], Iterator[Page]]
    tones: Mapping[str, Tone]


@lru_cache(maxsize=1)
def views() -> Mapping[str, View]:
    """The views of the shipped kinds that have a module, by kind. ItsmError as of :func:`found`."""
    return found(__name__, __path__, (kind.name for kind in KindRegistry.load()))


def found(package: str, path: Iterable[str], kinds: Iterable[str]) -> dict[str, View]:
    """The views that a package has, by kind; ItsmError for a module that does not have the name of just one kind."""
    named: dict[str, list[str]] = {}
    for kind in kinds:
        named.setdefault(words.human(kind).replace(" ", "_").lower(), []).append(kind)
    views: dict[str, View] = {}
    for info in pkgutil.iter_modules(path):
        module, owners = f"{package}.{info.name}", named.get(info.name, [])
        if info.ispkg or len(owners) != 1:
            why = "is a folder" if info.ispkg else f"is the name of {' and '.join(owners) or 'no kind'}"
            raise ItsmError(f"{module} {why}", remedy="name a module like one kind: service_review.py", code="site")
        views[owners[0]] = view(importlib.import_module(module))
    return views


def view(module: Any = None) -> View:
    """What a module says of its kind, and for the rest what the schema says."""
    page = getattr(module, "page", None) or (lambda context, item, now: record.described(context, item))
    lists = getattr(module, "lists", None)
    if lists is None and hasattr(module, "row"):
        lists = lambda context, kind, now: listing.listed(context, kind, module.HEADERS, module.row)  # noqa: E731
    return View(page, lists or listing.by_columns, getattr(module, "TONES", {}))


def tones(views: Mapping[str, View]) -> dict[str, Tone]:
    """How the words of all kinds weigh; ItsmError where two do not agree, for a word looks the same on every page."""
    weighed: dict[str, Tone] = {}
    for kind, shown in views.items():
        for word, tone in shown.tones.items():
            if weighed.setdefault(word, tone) != tone:
                raise ItsmError(
                    f"'{word}' of {kind} is '{tone}', of another kind '{weighed[word]}'",
                    remedy="let a word weigh the same everywhere",
                    code="site",
                )
    return weighed
