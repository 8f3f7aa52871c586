"""Where pages lie. Record names have no underscore, so whatever the site adds of its own has one."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from itsm_as_code.records.file_names import is_device
from itsm_as_code.records.kinds import Kind

_SAFE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z", re.ASCII)
_OWN_FOLDERS = frozenset({"static", "data", "compliance", "findings", "deadlines", "calendar"})


def safe(name: str) -> str:
    """A file name for any text: itself when it is a record name, else spelt out in hexadecimal."""
    if not _SAFE.match(name):
        return "x_" + name.encode("utf-8", "surrogateescape").hex()[:120]
    return name + "_" if name == "index" or is_device(name) else name


def folder(kind: Kind) -> str:
    """The folder of a kind's pages."""
    name = safe(kind.plural)
    return name + "_" if name in _OWN_FOLDERS else name


def record_page(kind: Kind, name: str) -> str:
    return f"{folder(kind)}/{safe(name)}.html"


def record_data(kind: Kind, name: str) -> str:
    return f"data/{folder(kind)}/{safe(name)}.json"


def data_part(kind: Kind, number: int) -> str:
    """A part of the records of a large kind, within ``data``."""
    return f"{folder(kind)}/part_{number}.json"


def asset(name: str, content: bytes) -> str:
    """A file that pages load, named by its content, to be cached for ever: ``static/style.3f9c2ab1.css``."""
    stem, _, suffix = name.rpartition(".")
    return f"static/{stem}.{hashlib.blake2b(content, digest_size=6).hexdigest()}.{suffix}"


def list_page(kind: Kind, view: str = "", number: int = 1) -> str:
    """The list of a kind, another view of it (``by_tier``), or a further page of either."""
    stem = view or "index"
    return f"{folder(kind)}/{stem}{f'_{number}' if number > 1 else ''}.html"


def feed(kind: Kind | None, name: str) -> str:
    """The calendar to subscribe to of a record, or of everything."""
    return f"{folder(kind)}/{safe(name)}.ics" if kind else f"{name or 'calendar'}.ics"


def absolute(url: str, path: str) -> str:
    """The address of a page of a site that is published at ``url``; the home page is the address itself."""
    return f"{url.rstrip('/')}/{quote(path.removesuffix('index.html'))}"
