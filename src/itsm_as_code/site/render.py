"""Pages from views: templates compiled once, autoescaped, one set of writers for each depth."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Final

from jinja2 import Environment, FunctionLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from itsm_as_code.errors import ItsmError
from itsm_as_code.site import addresses
from itsm_as_code.site.escaping import escape, script_json
from itsm_as_code.site.html import SHAPES, Html, prose
from itsm_as_code.site.languages import OWN, language, primary
from itsm_as_code.site.theme import SHIPPED
from itsm_as_code.site.views.values import Link, Moment, Page, Say, Value
from itsm_as_code.site.views.words import plain

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)

STATIC: Final = ("style.css", "site.js", "search.js")
_ASKED: Final = re.compile(rb'say\("([^"]+)"')


def asset(path: str) -> bytes:
    """A file of the package's ``static`` or ``templates`` folder."""
    return resources.files("itsm_as_code.site").joinpath(*path.split("/")).read_bytes()


def assets() -> Iterator[tuple[str, bytes]]:
    """All files of those folders and the catalogues of languages, by path."""
    for folder in ("static", "templates", "catalogues"):
        for file in sorted(resources.files("itsm_as_code.site").joinpath(folder).iterdir(), key=lambda file: file.name):
            yield f"{folder}/{file.name}", file.read_bytes()


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the site: its name, where it begins, and the lists within it."""

    name: str
    link: Link
    within: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands on every page: whose site it is and where it leads; ``as_of`` on the first page alone."""

    title: str
    organisation: str
    language: str
    areas: tuple[Area, ...]
    as_of: Moment
    zone: str
    about: str
    search_index: str
    organisation_url: str | None = None
    url: str | None = None
    logo: str | None = None
    unreadable: tuple[Value, ...] = ()
    theme: str | None = None
    templates: Mapping[str, str] = field(default_factory=dict)


class Renderer:
    """Renders pages; holds the compiled templates."""

    def __init__(self, frame: Frame) -> None:
        self._url = frame.url
        self._tag, self._language = frame.language, language(frame.language)
        self._own = OWN if self._language is not None else ("", "")
        self.say: Say = self._language.say if self._language is not None else str
        self.static: Mapping[str, bytes] = {name: self._in_language(asset(f"static/{name}")) for name in STATIC}
        """The program's own style and scripts, which say what they say in the language of the site."""
        style, script, search = (addresses.asset(name, content) for name, content in self.static.items())
        self._own_templates = frame.templates
        # The program's own templates need no sandbox, in which each look at an attribute takes ten times as long.
        self._environment = (SandboxedEnvironment if frame.templates else Environment)(
            loader=FunctionLoader(self._template),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            frame=frame,
            csp=CONTENT_SECURITY_POLICY,
            shapes=SHAPES,
            prose=prose,
            plain=plain,
            own=lambda text: Markup(self._own[0]) + text + Markup(self._own[1]),  # noqa: S704 - text is escaped
            style=style,
            script=script,
            search=search,
        )
        self._lists = {link.href for area in frame.areas for link in (area.link, *area.within)}
        self._headers: dict[tuple[str, str, str], Markup] = {}
        self._depths: dict[str, tuple[Html, Markup]] = {}

    def _in_language(self, content: bytes) -> bytes:
        """A script with the texts that it asks for, by ``say("...")``."""
        if self._language is None:
            return content
        asked = {text.decode(): self.say(text.decode()) for text in _ASKED.findall(content)}
        said = f"texts = {script_json(asked)}, tongue = {script_json(primary(self._tag))};"
        return content.replace(b'texts = {}, tongue = "en";', said.encode())

    def files(self, page: Page) -> Iterator[tuple[str, bytes]]:
        """A page and what lies beside it, each with its path."""
        yield page.path, self.page(page)
        for path, content in page.files:
            yield path, content if isinstance(content, bytes) else content(self.say)

    def _template(self, name: str) -> str | None:
        """The organisation's own template, else the program's, which ``shipped/NAME`` always is."""
        if name in self._own_templates:
            return self._own_templates[name]
        try:
            return asset(f"templates/{name.removeprefix(SHIPPED)}").decode()
        except (OSError, ValueError):
            return None

    def page(self, page: Page) -> bytes:
        """A page as bytes. ItsmError where a template of the organisation's own cannot be used."""
        if not self._own_templates:
            return self._page(page)
        try:
            found = self._page(page)
        except TemplateError as error:
            where = f"theme/templates/{getattr(error, 'name', None) or page.template}"
            line = f":{error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
            raise ItsmError(f"{where}{line}: {error}", remedy="mend the template", code="site") from None
        if escape(CONTENT_SECURITY_POLICY).encode() not in found:
            raise ItsmError(
                f"{page.path} would have no Content-Security-Policy",
                remedy="keep its meta element as in shipped/base.html",
                code="site",
            )
        return found

    def _page(self, page: Page) -> bytes:
        root = "../" * page.path.count("/")
        if root not in self._depths:
            said = self._environment.get_template("footer.html").render(root=root)
            self._depths[root] = Html(root, self._own), Markup(said)  # noqa: S704 - rendered with autoescape
        html, footer = self._depths[root]
        template = self._environment.get_template(page.template)
        canonical = addresses.absolute(self._url, page.path) if self._url else ""
        text = template.render(
            page=page,
            canonical=canonical,
            root=root,
            show=html.show,
            block=html.block,
            header=self._header,
            footer=footer,
        )
        if self._language is not None:
            text = self._language.page(text)
        return text.encode("utf-8", "surrogatepass")

    def _header(self, page: Page) -> Markup:
        """The header is the same on all pages of an area but its lists, so it is rendered once for them."""
        root = "../" * page.path.count("/")
        path = page.path if page.path in self._lists else ""
        key = (root, page.area, path)
        if key not in self._headers:
            template = self._environment.get_template("header.html")
            said = template.render(root=root, area_name=page.area, path=path)
            self._headers[key] = Markup(said)  # noqa: S704 - rendered with autoescape
        return self._headers[key]
