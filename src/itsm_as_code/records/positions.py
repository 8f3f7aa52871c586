"""Line and column of a JSON pointer, worked out from the source when a finding is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml
from yaml._yaml import CParser

from itsm_as_code.findings import Finding, Pointer

Place = tuple[int, int]


def locate(source: bytes, pointers: Iterable[Pointer]) -> dict[Pointer, Place]:
    """The place (line and column from 1) of each pointer in a source that parses.

    A scalar is shown where its value stands, a mapping or sequence where its key stands. A pointer to
    something that is not there (a missing field) is shown at its nearest existing parent.
    """
    places = _all_places(source)
    found: dict[Pointer, Place] = {}
    for pointer in pointers:
        parent = tuple(pointer)
        while parent and parent not in places:
            parent = parent[:-1]
        found[pointer] = places.get(parent, (1, 1))
    return found


def place_findings(findings: Iterable[Finding], sources: dict[str, bytes]) -> list[Finding]:
    """The findings with line and column filled in wherever they point into a source."""
    findings = list(findings)
    wanted: dict[str, set[Pointer]] = {}
    for finding in findings:
        where = finding.location
        if where.line is None and where.pointer is not None and where.path in sources:
            wanted.setdefault(where.path, set()).add(where.pointer)
    places = {path: locate(sources[path], pointers) for path, pointers in wanted.items()}
    return [
        finding.at(*places[finding.location.path][finding.location.pointer])
        if finding.location.pointer in places.get(finding.location.path, {})
        else finding
        for finding in findings
    ]


def _all_places(source: bytes) -> dict[Pointer, Place]:
    places: dict[Pointer, Place] = {}
    parser = CParser(source)
    stack: list[_Frame] = []
    event: Any = None
    while type(event) is not yaml.StreamEndEvent:
        event = parser.get_event()
        kind = type(event)
        if kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            stack.pop()
        elif kind in (yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent):
            place = (event.start_mark.line + 1, event.start_mark.column + 1)
            frame = stack[-1] if stack else None
            if frame is not None and frame.is_mapping and frame.key is None:
                frame.key, frame.key_place = event.value, place
                continue
            pointer: Pointer = ()
            if frame is not None:
                pointer = (*frame.pointer, frame.next_part())
                is_scalar = kind is yaml.ScalarEvent and event.value
                places[pointer] = place if is_scalar or not frame.is_mapping else frame.key_place
                frame.key = None
            else:
                places[()] = place
            if kind is not yaml.ScalarEvent:
                stack.append(_Frame(pointer, kind is yaml.MappingStartEvent))
    return places


class _Frame:
    __slots__ = ("index", "is_mapping", "key", "key_place", "pointer")

    def __init__(self, pointer: Pointer, is_mapping: bool) -> None:
        self.pointer = pointer
        self.is_mapping = is_mapping
        self.index = 0
        self.key: str | None = None
        self.key_place: Place = (1, 1)

    def next_part(self) -> str | int:
        if self.key is not None:
            return self.key
        self.index += 1
        return self.index - 1
