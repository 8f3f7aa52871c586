"""What an organisation makes of the look of its site: ``theme/theme.css`` and ``theme/templates/`` of its repository.

The style comes after the program's own, so that it sets what it wants to be otherwise. A template takes the place of
the program's one of its name, which is there as ``shipped/NAME`` to build upon. Templates run in a sandbox, and no page
goes without its Content-Security-Policy, whatever they say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from itsm_as_code.errors import ItsmError
from itsm_as_code.site import addresses
from itsm_as_code.snapshot import below

if TYPE_CHECKING:
    from itsm_as_code.validation import Validation

FOLDER: Final = "theme/"
_STYLE: Final = "theme/theme.css"
_TEMPLATES: Final = "theme/templates/"
SHIPPED: Final = "shipped/"


@dataclass(frozen=True, slots=True)
class Theme:
    """A style with its address, if there is one, and templates by their names."""

    style: tuple[str, bytes] | None = None
    templates: Mapping[str, str] = field(default_factory=dict)


def theme_of(validation: Validation) -> Theme:
    """The theme of a repository. ItsmError for a file of it that cannot be read, or is no text."""
    snapshot = validation.catalogue.snapshot
    paths = [
        path for path, entry in below(snapshot.entries, FOLDER).items()
        if entry.is_regular and (path == _STYLE or (path.startswith(_TEMPLATES) and path.endswith(".html")))
    ]  # fmt: skip
    style, templates = None, {}
    for path, content in snapshot.read_many(paths):
        if isinstance(content, OSError):
            raise ItsmError(f"{path} cannot be read: {content.strerror}", remedy="mend or remove it", code="site")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise ItsmError(f"{path} is no text in UTF-8", remedy="save it as UTF-8", code="site") from None
        if path == _STYLE:
            style = addresses.asset("theme.css", content), content
        else:
            templates[path.removeprefix(_TEMPLATES)] = text
    return Theme(style, templates)
