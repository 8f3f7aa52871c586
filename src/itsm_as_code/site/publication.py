"""What itsm.yaml says of where and how a site is published: its sitemap and its logo.

Sitemaps: https://www.sitemaps.org/protocol.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final
from xml.sax.saxutils import escape

from itsm_as_code.site import addresses

SITEMAP: Final = "sitemap.xml"
MOST: Final = 50_000
"""Addresses in one sitemap, by its protocol."""
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_VIEW_BOX: Final = re.compile(rb"""viewBox\s*=\s*["']\s*\S+?[\s,]+\S+?[\s,]+([0-9.]{1,9})[\s,]+([0-9.]{1,9})\s*["']""")


def sitemap(url: str, pages: Iterable[str], changed: Mapping[str, date]) -> Iterator[tuple[str, bytes]]:
    """The sitemap of a site published at ``url``: one file, or parts and their index.

    ``changed`` says of pages when what they are about was changed last; of others that is not known.
    """
    paths = sorted(pages)
    parts = [paths[at : at + MOST] for at in range(0, len(paths), MOST)] or [[]]
    names = [SITEMAP] if len(parts) == 1 else [f"sitemap-{number}.xml" for number in range(1, len(parts) + 1)]
    for name, part in zip(names, parts, strict=True):
        yield name, _listing("urlset", "url", ((addresses.absolute(url, path), changed.get(path)) for path in part))
    if len(parts) > 1:
        yield SITEMAP, _listing("sitemapindex", "sitemap", ((addresses.absolute(url, name), None) for name in names))


def _listing(top: str, item: str, places: Iterable[tuple[str, date | None]]) -> bytes:
    said = ((escape(place), f"<lastmod>{day.isoformat()}</lastmod>" if day else "") for place, day in places)
    body = "".join(f"<{item}><loc>{place}</loc>{changed}</{item}>\n" for place, changed in said)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{top} xmlns="{_NAMESPACE}">\n{body}</{top}>\n'.encode()


def logo_style(path: str, content: bytes) -> bytes:
    """The style that shows a logo (SVG or PNG) in the header.

    The picture stands in the style itself: a browser runs no script of it there, which it would if it were opened as a
    page of its own.
    """
    kind = "svg+xml" if path.endswith(".svg") else "png"
    width = min(8.0, max(0.5, _aspect(content)))
    data = base64.b64encode(content).decode("ascii")
    picture = f'url("data:image/{kind};base64,{data}")'
    return (
        f'.site a::before {{ content: ""; display: inline-block; height: 1.6em; width: {1.6 * width:.2f}em; '
        f"margin-right: .5em; vertical-align: middle; background: {picture} no-repeat center / contain; }}\n"
    ).encode()


def _aspect(content: bytes) -> float:
    """Width through height of a picture, as far as it says so; else 1."""
    if content.startswith(b"\x89PNG") and len(content) >= 24:
        size = (int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big"))
        return size[0] / size[1] if size[1] else 1.0
    found = _VIEW_BOX.search(content[:4096])
    try:
        return float(found[1]) / float(found[2]) if found else 1.0
    except (ValueError, ZeroDivisionError):
        return 1.0
