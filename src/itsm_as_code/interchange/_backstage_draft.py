"""A record in the making: takes fields of an entity one by one and knows in the end what nobody took."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from itsm_as_code.findings import Pointer, RecordId, Rule, Severity
from itsm_as_code.interchange._backstage_entities import ENTITY_REF, Entity
from itsm_as_code.interchange._notes import Notes
from itsm_as_code.interchange._store import NewRecord
from itsm_as_code.records.formats import is_url

FIELD = Rule(
    "backstage-field",
    "What a record has no field for is kept as an annotation",
    Severity.INFO,
    "A field of an entity that has no counterpart is kept under backstage.io/<path> in the record's "
    "annotations, as text or JSON, so that nothing is lost. Only what is too long for an annotation is left "
    "out, with a warning.",
)
TEXT = Rule(
    "backstage-text",
    "Characters that do not show are taken out",
    Severity.WARNING,
    "Records hold no control, invisible or bidirectional characters; the rest of the text is imported.",
)
RULES = (FIELD, TEXT)

_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?\Z")
_MOST_LABELS, _LONGEST_LABEL = 64, 253
_MOST_ANNOTATIONS, _LONGEST_TEXT = 256, 20_000
_MOST_LINKS, _LONGEST_TITLE, _LONGEST_URL = 100, 200, 2_000
_ENVELOPE: Final = ("apiVersion", "kind", "metadata", "spec")
_INNER: Final = ("metadata", "spec", "spec.profile")
"""Sections whose fields are taken one by one."""


class Draft:
    """One record, filled from one entity."""

    def __init__(self, entity: Entity, record: RecordId, notes: Notes) -> None:
        self.entity = entity
        self.record = record
        self.notes = notes
        self.spec: dict[str, Any] = {}
        self.labels: dict[str, str] = {}
        self.annotations: dict[str, str] = {}
        self._taken: set[str] = {*_INNER, "metadata.name", "metadata.namespace"}

    def note(
        self,
        rule: Rule,
        message: str,
        path: str | Pointer = "",
        *,
        remedy: str = "",
        severity: Severity | None = None,
    ) -> None:
        """Say something of this entity, at a dotted path or a pointer into it."""
        at = self.entity.at(*(path.split(".") if isinstance(path, str) else path))
        name, record = self.entity.name, self.record
        self.notes.add(rule, message, at, subject=name, remedy=remedy, severity=severity, record=record)

    def text(self, path: str) -> str | None:
        """Take a field that is text (or a number, which people write without quotes); None when it is not."""
        section, _, key = path.rpartition(".")
        value = self.entity.section(*section.split(".")).get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            return None
        self._taken.add(path)
        return value.strip()

    def texts(self, path: str) -> list[str]:
        """Take a field that is a list of texts; empty when it is not."""
        section, _, key = path.rpartition(".")
        value = self.entity.section(*section.split(".")).get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            return []
        self._taken.add(path)
        return list(dict.fromkeys(value))

    def keep(self, path: str, value: Any) -> bool:
        """Keep a value that was taken, or has no field, as an annotation; False when it does not fit."""
        return self._annotate(f"backstage.io/{path}", value)

    def _annotate(self, key: str, value: Any) -> bool:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if len(text) > _LONGEST_TEXT or len(self.annotations) >= _MOST_ANNOTATIONS:
            most = f"{_LONGEST_TEXT:,} characters, a record {_MOST_ANNOTATIONS} annotations"
            message = f"{key} is not kept: an annotation holds {most}"
            self.note(FIELD, message, remedy="keep it where it is and link to it", severity=Severity.WARNING)
            return False
        if self.annotations.setdefault(key, text) != text:
            message = f"the annotation {key} is taken: {text[:200]!r} is not kept"
            self.note(FIELD, message, remedy="add it by hand", severity=Severity.WARNING)
            return False
        return True

    def label(self, key: str, value: str) -> bool:
        """Set a label when key and value have the form of one."""
        fits = _LABEL.match(key) and len(value) <= _LONGEST_LABEL and len(self.labels) < _MOST_LABELS
        if fits:
            self.labels[key] = value
        return bool(fits)

    def finish(self) -> NewRecord:
        """The record, with all that nobody took in its annotations."""
        entity = self.entity
        if entity.document.removed:
            message = f"characters that do not show were taken out: {', '.join(entity.document.removed)}"
            self.note(TEXT, message, remedy="nothing to do, or mend the source")
        title = self._title()
        description = self._description()
        self._annotations()
        self._labels()
        links = self._links()
        for path, value in self._left():
            message = f"{path} ({entity.kind}) has no counterpart; kept in the annotation backstage.io/{path}"
            if self.keep(path, value):
                self.note(FIELD, message, path)
        metadata: dict[str, Any] = {"name": self.record.name, "title": title}
        parts = {
            "description": description,
            "labels": self.labels,
            "annotations": self.annotations,
            "links": links,
        }
        metadata.update({key: value for key, value in parts.items() if value})
        data = {"apiVersion": "itsm/v1", "kind": self.record.kind, "metadata": metadata, "spec": self.spec}
        return NewRecord(self.record, data, entity.at())

    def _title(self) -> str:
        """The display name of a person or team, else the title, else the name; one line."""
        shown, given = self.text("spec.profile.displayName"), self.text("metadata.title")
        full = shown or given or self.entity.name
        if given and given != full:
            self.keep("metadata.title", given)
        title = " ".join(full.split())
        if len(title) > _LONGEST_TITLE:
            self.keep("full-title", full)
            self.note(FIELD, f"the title is cut to {_LONGEST_TITLE} characters; kept in backstage.io/full-title")
            title = title[: _LONGEST_TITLE - 1].rstrip() + "…"
        return title

    def _description(self) -> str | None:
        text = self.text("metadata.description")
        if text is None or len(text) <= _LONGEST_TEXT:
            return text
        message = f"the description is cut to {_LONGEST_TEXT:,} characters"
        self.note(FIELD, message, "metadata.description", remedy="shorten it", severity=Severity.WARNING)
        return text[: _LONGEST_TEXT - 1] + "…"

    def _annotations(self) -> None:
        self._annotate(ENTITY_REF, str(self.entity.ref))  # first: an entity cannot pass for another one
        self._taken.add("metadata.annotations")
        given = self.entity.data["metadata"].get("annotations")
        if given is not None and not isinstance(given, dict):
            self.keep("metadata.annotations", given)
        for key, value in self.entity.section("metadata", "annotations").items():
            self._annotate(key, value)

    def _labels(self) -> None:
        """Kind, type, labels and tags become labels; what has not the form of one becomes an annotation."""
        self.label("backstage.io/kind", self.entity.kind)
        kind = self.text("spec.type")
        if kind and not self.label("backstage.io/type", kind):
            self.keep("spec.type", kind)
        refused: dict[str, Any] = {}
        self._taken.add("metadata.labels")
        given = self.entity.data["metadata"].get("labels")
        if given is not None and not isinstance(given, dict):
            self.keep("metadata.labels", given)
        for key, value in self.entity.section("metadata", "labels").items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            if not self.label(key, text):
                refused[key] = value
        tags = [tag for tag in self.texts("metadata.tags") if not self.label(f"backstage.io/tag.{tag}", "true")]
        for path, rest in (("metadata.labels", refused), ("metadata.tags", tags)):
            if rest and self.keep(path, rest):
                message = f"{path} do not all have the form of a label; kept in the annotation backstage.io/{path}"
                self.note(FIELD, message, path)

    def _links(self) -> list[dict[str, str]]:
        """The links with a web address; the whole list is kept when a link says more or something else."""
        given = self.entity.data["metadata"].get("links")
        if not isinstance(given, list):
            return []
        self._taken.add("metadata.links")
        links: list[dict[str, str]] = []
        says_more = False
        for index, item in enumerate(given):
            url = item.get("url") if isinstance(item, dict) else None
            if not (isinstance(url, str) and len(url) <= _LONGEST_URL and is_url(url)) or len(links) >= _MOST_LINKS:
                message = "a link without a usable web address; kept in the annotation backstage.io/metadata.links"
                self.note(FIELD, message, ("metadata", "links", index), severity=Severity.WARNING)
                continue
            title = item.get("title")
            title = title.strip() if isinstance(title, str) and title.strip() else url
            links.append({"title": title[:_LONGEST_TITLE], "url": url})
            says_more = says_more or bool(item.keys() - {"title", "url"}) or len(title) > _LONGEST_TITLE
        if len(links) < len(given):
            self.keep("metadata.links", given)
        elif says_more and self.keep("metadata.links", given):
            message = "icons and types of links have no counterpart; kept in backstage.io/metadata.links"
            self.note(FIELD, message, "metadata.links")
        return links

    def _left(self) -> Iterator[tuple[str, Any]]:
        """Dotted path and value of every field that nobody took; empty ones say nothing."""
        for key, value in self.entity.data.items():
            if key not in _ENVELOPE:
                yield key, value
        for section in _INNER:
            for key, value in self.entity.section(*section.split(".")).items():
                path = f"{section}.{key}"
                if path not in self._taken and value not in (None, "", [], {}):
                    yield path, value
        for path in ("spec", "spec.profile"):
            section, _, key = path.rpartition(".")
            whole = self.entity.section(section).get(key) if section else self.entity.data.get(key)
            if whole is not None and not isinstance(whole, dict):
                yield path, whole
