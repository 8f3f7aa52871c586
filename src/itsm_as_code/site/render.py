"""Pages from views: templates compiled once, autoescaped, one set of writers for each depth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined

from itsm_as_code.site.html import SHAPES, Html, prose
from itsm_as_code.site.views.values import Link, Moment, Page

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


def asset(path: str) -> bytes:
    """A file of the package's ``static`` or ``templates`` folder."""
    return resources.files("itsm_as_code.site").joinpath(*path.split("/")).read_bytes()


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the site: its name, where it begins, and the lists within it."""

    name: str
    link: Link
    within: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands on every page: whose site it is, where it leads, and what it shows."""

    title: str
    organisation: str
    language: str
    areas: tuple[Area, ...]
    as_of: Moment
    zone: str
    revision: str
    search_index: str


class Renderer:
    """Renders pages; holds the compiled templates."""

    def __init__(self, frame: Frame) -> None:
        self._environment = Environment(
            loader=FunctionLoader(lambda name: asset(f"templates/{name}").decode()),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            frame=frame, csp=CONTENT_SECURITY_POLICY, shapes=SHAPES, prose=prose, revision=frame.revision[:12]
        )
        self._templates: dict[str, object] = {}
        self._writers: dict[str, Html] = {}

    def page(self, page: Page) -> bytes:
        root = "../" * page.path.count("/")
        html = self._writers.get(root)
        if html is None:
            html = self._writers[root] = Html(root)
        template = self._environment.get_template(page.template)
        return template.render(page=page, root=root, show=html.show, block=html.block).encode("utf-8", "surrogatepass")

    def pages(self, pages: Mapping[str, Page]) -> dict[str, bytes]:
        return {path: self.page(page) for path, page in pages.items()}
