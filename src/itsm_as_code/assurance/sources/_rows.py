"""What the forms have in common: a row, JSON that may be broken, and a way into it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from itsm_as_code.assurance.ran import Skipped

_DIGEST: Final = re.compile(r"(?:sha256|sha1):([0-9a-f]{40,64})\Z")


@dataclass(frozen=True, slots=True)
class Row:
    """What stands at a place: texts by name."""

    place: str
    fields: Mapping[str, str]


def objects(content: bytes, *lists: str) -> Iterator[tuple[str, Mapping[str, Any]] | Skipped]:
    """The objects of a JSON text: those of its list, or of one of ``lists`` in it, or itself; each with its place."""
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        yield Skipped("1", f"it is no JSON: {error}")
        return
    for name in lists:
        data = data[name] if isinstance(data, dict) and isinstance(data.get(name), list) else data
    for number, item in enumerate(data if isinstance(data, list) else [data], 1):
        if isinstance(item, dict):
            yield str(number), item
        else:
            yield Skipped(str(number), "it is no object")


def at(data: Any, *path: str) -> str:
    """The text at a path of keys; empty where there is none."""
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return str(data) if isinstance(data, (str, int)) and not isinstance(data, bool) else ""


def listed(data: Any, *path: str) -> list[Mapping[str, Any]]:
    """The objects of the list at a path of keys."""
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def digest(revision: str) -> str:
    """A commit or digest from what tools put before it (``main@sha1:...``, ``registry/name@sha256:...``)."""
    last = revision.rpartition("@")[2]
    found = _DIGEST.match(last)
    return revision if found is None else last if last.startswith("sha256:") else found[1]
