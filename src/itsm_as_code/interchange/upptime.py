"""Upptime: a status page in a repository of GitHub, whose issues are its entries.

An outage is an issue with the label ``status`` and the slug of its site, open from when the site failed until it was up
again; maintenance has the label ``maintenance`` and its times in a comment. Sites stand in ``history/summary.json`` or
``.upptimerc.yml`` (https://upptime.js.org/docs/configuration).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from itsm_as_code.findings import Location
from itsm_as_code.interchange._notes import Notes
from itsm_as_code.interchange._status_page import RULES, STATUS_EVENT, Entry, Page, System, instant
from itsm_as_code.interchange._store import Asked, Conversion, Known
from itsm_as_code.interchange._tables import UnreadableError, json_objects
from itsm_as_code.interchange._yaml import read_documents
from itsm_as_code.records.formats import is_url

TITLE: Final = "a status page of Upptime (sites, issues of GitHub)"
_COMMENT: Final = re.compile(r"<!--((?:(?!<!--).)*?)-->", re.DOTALL)
_FIELD: Final = re.compile(r"^[ \t]*(\w+)[ \t]*:[ \t]*(\S.*)", re.MULTILINE)
_NOTHING_ASKED: Final = Asked()
_HOW: Final = "gh api --paginate 'repos/OWNER/NAME/issues?state=all&labels=status' gives the issues"


def convert(sources: Mapping[str, bytes], known: Known, asked: Asked = _NOTHING_ASKED) -> Conversion:
    """Services for sites, and for each issue an Incident, a Change or a Calendar."""
    notes = Notes()
    systems: list[System] = []
    entries: list[Entry] = []
    for path, source in sources.items():
        for item, at in _items(path, source, notes):
            found = _site(item, at) or _issue(item, at)
            if isinstance(found, System):
                systems.append(found)
            elif isinstance(found, Entry):
                entries.append(found)
            else:
                _refuse(notes, found, at)
    records = Page("upptime", known, asked, notes).records(systems, entries)
    return Conversion(records, notes.findings(), notes.refused)


def _refuse(notes: Notes, why: str, at: Location) -> None:
    notes.add(STATUS_EVENT, f"not imported: {why}", at, remedy=_HOW, refused=True)


def _items(path: str, source: bytes, notes: Notes) -> Iterator[tuple[Any, Location]]:
    """The sites of a configuration (YAML), or whatever a list holds (JSON)."""
    if source.lstrip()[:1] in (b"[", b"{"):
        try:
            yield from json_objects(path, source)
        except UnreadableError as error:
            _refuse(notes, str(error), Location(path, error.line, 1))
        return
    for document in read_documents(path, source):
        sites = document.data.get("sites") if isinstance(document.data, dict) else None
        if isinstance(sites, list):
            yield from ((item, document.at("sites", number)) for number, item in enumerate(sites))
        else:
            _refuse(notes, document.problem or "it lists no sites", document.at())


def _site(item: Any, at: Location) -> System | None:
    if not (isinstance(item, dict) and isinstance(item.get("name"), str) and "url" in item and "labels" not in item):
        return None
    name, url = item["name"].strip(), str(item["url"])
    slug = str(item.get("slug") or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"))
    return System(name or slug, (slug,), at, url=url if is_url(url) else "")


def _issue(item: Any, at: Location) -> Entry | str:
    """The entry that an issue is, or why it is none."""
    if not isinstance(item, dict) or "number" not in item or not isinstance(item.get("labels"), list):
        return "it is neither a site nor an issue"
    named = [label.get("name") if isinstance(label, dict) else label for label in item["labels"]]
    labels = [str(label) for label in named if label]
    planned, body = "maintenance" in labels, str(item.get("body") or "")
    if not planned and "status" not in labels:
        return f"issue {item['number']} has neither the label status nor maintenance"
    start, end = instant(item.get("created_at")), instant(item.get("closed_at"))
    down, degraded = labels[:0], labels[:0]
    if planned and (comment := _COMMENT.search(body)):
        said = dict(_FIELD.findall(comment[1]))
        start, end = instant(said.get("start")), instant(said.get("end"))
        down, degraded = (_listed(said.get(key, "")) for key in ("expectedDown", "expectedDegraded"))
    elif planned:
        start = None
    if start is None:
        return f"issue {item['number']} does not say when it began"
    title = str(item.get("title") or "")
    worst = ("full" if down else "degraded" if degraded else "none") if planned else "full"
    return Entry(
        str(item["number"]),
        re.sub(r"^[^\w\[(]+", "", title),
        _COMMENT.sub("", body).strip(),
        "degraded" if not planned and "degraded" in title else worst,
        item.get("state") == "closed",
        start,
        end,
        tuple((*down, *degraded) if planned else labels[labels.index("status") + 1 :][:1]),
        at,
        planned,
        str(item["html_url"]) if is_url(str(item.get("html_url", ""))) else "",
    )


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


__all__ = ["RULES", "TITLE", "convert"]
