"""Reads pages the way a browser would, as far as the tests need it."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

VOID = frozenset({"meta", "link", "input", "br", "hr", "img", "use", "path", "circle", "rect"})


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    said: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.said)


@dataclass
class Document(HTMLParser):
    """Elements of a page in their order, each with its text."""

    elements: list[Element] = field(default_factory=list)
    unclosed: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        assert len(element.attributes) == len(attrs), f"an attribute twice in {tag} {attrs}"
        self.elements.append(element)
        if tag not in VOID:
            self.unclosed.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed, f"</{tag}> closes nothing"
        opened = self.unclosed.pop()
        assert opened.tag == tag, f"</{tag}> closes <{opened.tag}>"

    def handle_data(self, data: str) -> None:
        for element in self.unclosed:
            element.said.append(data)

    @property
    def ids(self) -> list[str]:
        return [element.attributes["id"] for element in self.elements if "id" in element.attributes]

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]


def read(content: bytes) -> Document:
    document = Document()
    document.feed(content.decode())
    document.close()
    assert not document.unclosed, f"never closed: {[element.tag for element in document.unclosed]}"
    return document


def internal(page: str, href: str) -> tuple[str, str] | None:
    """Path and fragment that a link of a page leads to within the site; None when it leaves the site."""
    target = _internal(posixpath.dirname(page), href)
    return target and (target[0] or page, target[1])


@lru_cache(maxsize=1 << 16)
def _internal(folder: str, href: str) -> tuple[str, str] | None:
    """The same for all pages of a folder; of the page itself an empty path."""
    parts = urlsplit(href)
    if parts.scheme or parts.netloc:
        return None
    assert not parts.path.startswith("/"), f"{folder}: {href} is not relative"
    path = posixpath.normpath(posixpath.join(folder, unquote(parts.path))) if parts.path else ""
    return path, parts.fragment
