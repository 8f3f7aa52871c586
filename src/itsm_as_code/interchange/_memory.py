"""What the last import wrote, kept in the record itself, so that the next one tells what people have changed since.

It stands in one annotation: for each field eight characters, four of a digest of its path and four of its value. A
file of its own beside the records would need an approval rule, grow stale with every rename, and conflict whenever two
pull requests import; the annotation goes where its record goes and is approved by whoever approves that.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

MEMORY: Final = "itsm/imported"
Field = tuple[str, ...]
"""What is compared as a whole: a field of ``metadata`` or ``spec``, or one of its labels and annotations."""

_APART: Final = ("labels", "annotations")
_OF_PATH, _OF_VALUE = 4, 4
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Merge:
    """A record as it will be, and its fields by what becomes of them, dotted."""

    data: dict[str, Any]
    taken: list[str]
    """Written as the source has them."""
    kept: list[str]
    """Edited by people, while the source says what it said."""
    clashing: list[str]
    """Edited by people and changed in the source: left as people have them."""


def with_memory(data: Mapping[str, Any]) -> dict[str, Any]:
    """A record that remembers what was imported."""
    return _remembering(dict(data), {_path(field): _value(value) for field, value in _fields(data).items()})


def without_memory(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says but for that."""
    return _remembering(dict(data), {})


def remembers(data: Mapping[str, Any]) -> bool:
    """True for a record that an import wrote."""
    return MEMORY in _annotations(data)


def merged(there: Mapping[str, Any], wanted: Mapping[str, Any], *, force: bool) -> Merge:
    """A record that is there and what the source makes of it now.

    Fields that nobody edited become what the source says, edited ones stay unless ``force``; what people added and the
    source knows nothing of stays in any case. Of a record that no import wrote all counts as edited.
    """
    memory, mine, theirs = _read(there), _fields(there), _fields(wanted)
    result = deepcopy(without_memory(there))
    taken: list[str] = []
    kept: list[str] = []
    clashing: list[str] = []
    for field in dict.fromkeys((*theirs, *mine)):
        now, new, was = mine.get(field, _MISSING), theirs.get(field, _MISSING), memory.get(_path(field), "")
        if now == new or (not was and new is _MISSING):
            continue
        name = ".".join(field)
        if force or (_value(now) == was and remembers(there)):
            _put(result, field, new)
            taken.append(name)
        else:
            (kept if _value(new) == was and remembers(there) else clashing).append(name)
    if not remembers(there) and not taken:
        return Merge(dict(there), taken, kept, clashing)
    if annotations := _annotations(result):  # in one order, whichever import brought which
        first = {key: annotations[key] for key in _annotations(wanted) if key in annotations}
        result["metadata"]["annotations"] = {**first, **annotations}
    return Merge(
        _remembering(result, {_path(field): _value(value) for field, value in theirs.items()}), taken, kept, clashing
    )


def annotated(data: Mapping[str, Any]) -> list[str]:
    """The annotations of a record in which something is kept."""
    return [key for key in _annotations(data) if key != MEMORY]


def _annotations(data: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = data.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def _fields(data: Mapping[str, Any]) -> dict[Field, Any]:
    found: dict[Field, Any] = {}
    for section in ("metadata", "spec"):
        for key, value in data.get(section, {}).items():
            if section == "metadata" and key in _APART and isinstance(value, dict):
                found |= {(section, key, name): item for name, item in value.items() if name != MEMORY}
            elif (section, key) != ("metadata", "name"):
                found[section, key] = value
    return found


def _put(data: dict[str, Any], field: Field, value: Any) -> None:
    *above, last = field
    place = data
    for key in above:
        place = place.setdefault(key, {})
    if value is _MISSING:
        place.pop(last, None)
    else:
        place[last] = deepcopy(value)


def _remembering(data: dict[str, Any], memory: Mapping[str, str]) -> dict[str, Any]:
    metadata = dict(data["metadata"])
    annotations = {key: text for key, text in metadata.get("annotations", {}).items() if key != MEMORY}
    if memory:
        annotations[MEMORY] = " ".join(f"{path}{value}" for path, value in sorted(memory.items()))
    metadata.pop("annotations", None) if not annotations else metadata.update(annotations=annotations)
    return {**data, "metadata": metadata}


def _read(data: Mapping[str, Any]) -> dict[str, str]:
    text = _annotations(data).get(MEMORY, "")
    return {item[:_OF_PATH]: item[_OF_PATH:] for item in text.split()} if isinstance(text, str) else {}


def _path(field: Field) -> str:
    return _digest("\0".join(field), _OF_PATH)


def _value(value: Any) -> str:
    """Empty for a field that is missing."""
    if value is _MISSING:
        return ""
    return _digest(json.dumps(value, sort_keys=True, ensure_ascii=False), _OF_VALUE)


def _digest(text: str, length: int) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()).decode()[:length]
