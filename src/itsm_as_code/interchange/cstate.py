"""cState: the status page that Hugo makes of ``config.yml`` and of a Markdown file for each entry.

https://github.com/cstate/cstate/wiki/Usage says what the front matter of an entry holds. Its times are UTC unless they
name an offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Final

from itsm_as_code.findings import Finding, Location
from itsm_as_code.interchange._notes import Notes
from itsm_as_code.interchange._status_page import RULES, STATUS_EVENT, Entry, Page, System, instant
from itsm_as_code.interchange._store import Asked, Conversion, Known
from itsm_as_code.interchange._yaml import ForeignDocument, read_documents
from itsm_as_code.records.formats import is_url

TITLE: Final = "a status page of cState (config.yml, its issues)"
_FRONT: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?---[ \t]*\r?\n(.*?\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_UPDATE: Final = re.compile(r"\{\{<\s*track\s+\"([^\"]*)\"\s*>\}\}")
_SHORTCODE: Final = re.compile(r"(?<![ \t])[ \t]*\{\{[<%](?:(?!\{\{).)*?[%>]\}\}")
_IMPACTS: Final = {"down": "full", "disrupted": "degraded", "notice": "none"}
_NOTHING_ASKED: Final = Asked()
_REMEDY: Final = "mend the entry as the page's documentation has it, and import it again"


def follow(name: str, place: Path, source: bytes) -> tuple[dict[str, Path], list[Finding]]:
    """The entries of the page whose configuration a file is."""
    if PurePath(name).suffix == ".md":
        return {}, []
    found = [*place.parent.glob("content/issues/*.md"), *place.parent.glob("issues/*.md")]
    here = PurePath(name).parent
    return {str(here / item.relative_to(place.parent)): item for item in sorted(found) if item.name[0] != "_"}, []


def convert(sources: Mapping[str, bytes], known: Known, asked: Asked = _NOTHING_ASKED) -> Conversion:
    """Services for systems, and for each entry an Incident, a Change or a Calendar."""
    notes = Notes()
    systems: list[System] = []
    entries: list[Entry] = []
    for path, source in sources.items():
        if PurePath(path).suffix == ".md":
            entries += _entry(path, source, notes)
        else:
            systems += _systems(path, source, notes)
    records = Page("cstate", known, asked, notes).records(systems, entries)
    return Conversion(records, notes.findings(), notes.refused)


def _document(path: str, source: bytes, notes: Notes) -> ForeignDocument | None:
    document = next(iter(read_documents(path, source)), None)
    problem = "" if document is None else document.problem
    if document is None or problem or not isinstance(document.data, dict):
        _refuse(notes, problem or "it holds no fields", document.at() if document else Location(path, 1, 1))
        return None
    return document


def _refuse(notes: Notes, why: str, at: Location) -> None:
    notes.add(STATUS_EVENT, f"not imported: {why}", at, remedy=_REMEDY, refused=True)


def _systems(path: str, source: bytes, notes: Notes) -> Iterator[System]:
    document = _document(path, source, notes)
    if document is None:
        return
    params = document.data.get("params")
    listed = params.get("systems") if isinstance(params, dict) else None
    if not isinstance(listed, list):
        _refuse(notes, "it lists no systems under params", document.at("params"))
        return
    for number, item in enumerate(listed):
        at = document.at("params", "systems", number)
        if not (isinstance(item, dict) and str(item.get("name") or "").strip()):
            _refuse(notes, "a system has no name", at)
            continue
        name, link = str(item["name"]).strip(), str(item.get("link", ""))
        text = str(item.get("description") or "").strip()
        yield System(name, (name,), at, text, link if is_url(link) else "")


def _entry(path: str, source: bytes, notes: Notes) -> Iterator[Entry]:
    front = _FRONT.match(source)
    if front is None:
        _refuse(notes, "it has no front matter between two lines of ---", Location(path, 1, 1))
        return
    document = _document(path, source[: front.end(1)], notes)
    if document is None:
        return
    field = {str(key).casefold(): value for key, value in document.data.items()}
    places = {str(key).casefold(): document.at(key) for key in document.data}
    times = {}
    for name in ("date", "resolvedwhen"):
        said = field.get(name)
        times[name] = instant(said) if said else None
        if times[name] is None and (said or name == "date"):
            _refuse(notes, f"{name}: {str(said)[:60]!r} is no time" if said else "it has no date",
                    places.get(name, document.at()))  # fmt: skip
            return
    start, severity = times["date"], str(field.get("severity") or "notice").casefold()
    if start is None or severity not in _IMPACTS:
        _refuse(notes, f"its severity '{severity[:60]}' is none of {', '.join(_IMPACTS)}", places["severity"])
        return
    affected, notice = field.get("affected") or (), bool(field.get("informational"))
    text = source[front.end() :].decode("utf-8", "replace")
    parts = _UPDATE.split(text)  # what was said, then when
    updates = ((instant(at), said.strip(" \t\r\n-")) for said, at in zip(parts[::2], parts[1::2], strict=False))
    yield Entry(
        PurePath(path).stem,
        str(field.get("title") or ""),
        _SHORTCODE.sub("", text).strip(),
        "none" if notice else _IMPACTS[severity],
        field.get("resolved") is True,
        start,
        times["resolvedwhen"],
        tuple(map(str, affected if isinstance(affected, list) else [affected])),
        places["date"],
        told=tuple(sorted((at, said) for at, said in updates if at and said)),
    )


__all__ = ["RULES", "TITLE", "convert", "follow"]
