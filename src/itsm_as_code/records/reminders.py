"""What the next state of a new record will need, as comments that keep a place for it in the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from itsm_as_code.findings import parse_pointer
from itsm_as_code.records.blank import form_of, on_the_way
from itsm_as_code.records.bundles import Schema
from itsm_as_code.records.catalogue import get
from itsm_as_code.records.kind_schema import resolve
from itsm_as_code.records.kinds import Kind
from itsm_as_code.records.lifecycle import next_states
from itsm_as_code.records.writer import in_flow

_WIDEST: Final = 72
_SENTENCE: Final = re.compile(r"[.;:] ")


def reminders(kind: Kind, data: Mapping[str, Any], suggest: Callable[[str], Any]) -> Iterator[str]:
    """A line for each field of ``spec`` that the next state needs and the record lacks: ``# key: example  # meaning``.

    ``suggest`` gives a value for a field, or None where the example of the schema has to do.
    :func:`~itsm_as_code.records.editing.edited` puts the field in the place of the comment.
    """
    if kind.lifecycle is None:
        return
    final = kind.lifecycle.get("final", ())
    state = get(data, parse_pointer(kind.lifecycle["field"]))
    following = [step for step in next_states(kind, data, state) if step not in final]
    lacking = on_the_way(kind, data, following[:1])
    for key in dict.fromkeys(question.path[1] for question in lacking if question.path[0] == "spec"):
        form = form_of(kind, ["spec", key])
        value = suggest(key)
        example = in_flow(_example(kind.schema, form) if value is None else value)
        shown = example if len(example) <= _WIDEST and "\n" not in example else "..."
        meaning = _SENTENCE.split(form.get("description", ""))[0].rstrip(".")
        yield f"# {key}: {shown}  # {meaning if 0 < len(meaning) <= _WIDEST else form.get('title', key)}."


def _example(root: Schema, form: Schema) -> Any:
    """The example of a field; of a mapping, what it has to have."""
    form = resolve(root, form)
    value = next(iter(form.get("examples", ())), None)
    needed = form.get("required", ())
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key in needed} or value
    properties = form.get("properties", {})
    if value is None and properties:
        return {key: _example(root, properties[key]) for key in needed}
    return "..." if value is None else value
