"""What a kind of record holds, and what one of its fields means: from the schema, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from itsm_as_code.cli._records import Work
    from itsm_as_code.records.kinds import Kind

Schema = Any
_MOST_NAMES = 12
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
}


def wrapped(text: str) -> str:
    """Paragraphs of at most 100 columns."""
    return "\n\n".join(textwrap.fill(" ".join(part.split()), 100) for part in text.split("\n\n"))


def explain_kind(kind: Kind) -> str:
    """A kind: its fields with type and title, and its lifecycle."""
    from itsm_as_code.records.kind_schema import resolve

    parts = [f"{kind.name} ({kind.folder}/)" + (f": {kind.description}" if kind.description else ""), ""]
    parts += _fields(kind.schema, resolve(kind.schema, kind.schema.get("properties", {}).get("spec", {})))
    parts += ["  (* required)", "", f"'itsm explain {kind.name}.FIELD' says more of a field."]
    lifecycle = kind.lifecycle
    if lifecycle:
        parts += ["", f"Lifecycle ({lifecycle['field'].removeprefix('/').replace('/', '.')}):"]
        for state, following in lifecycle["transitions"].items():
            steps = [step if isinstance(step, str) else f"{step['to']} (only {_where(step)})" for step in following]
            is_final = state in lifecycle.get("final", ())
            parts.append(f"  {state} -> {', '.join(steps) or 'nothing'}{': the record is final' if is_final else ''}")
    return "\n".join([*parts, ""])


def explain_field(work: Work, kind: Kind, path: str) -> str:
    """A field: type, meaning, when it is required, values or names, example. UsageError where there is none such."""
    from itsm_as_code.records.blank import form_of, names_of
    from itsm_as_code.records.kind_schema import resolve

    names = [name for name in names_of(path.replace("[]", "")) if name != "*"]
    place = _place(kind, names)
    form, above = form_of(kind, place), resolve(kind.schema, form_of(kind, place[:-1]))
    items = resolve(kind.schema, form.get("items", {}))
    dotted = ".".join(names).removeprefix("spec.")
    parts = [f"{kind.name}.{dotted}: {form.get('title', names[-1])} ({type_words(kind.schema, form)})", ""]
    parts += [wrapped(form["description"]), ""] if form.get("description") else []
    parts += [f"Required: {_required(kind, names, above)}"]
    for node in (form, items):
        if "enum" in node:
            parts.append(f"Values: {', '.join(map(str, node['enum']))}")
        if "x-ref" in node:
            kinds = [node["x-ref"]] if isinstance(node["x-ref"], str) else node["x-ref"]
            known = work.names(kinds)
            more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
            parts.append(f"Names here: {', '.join(known[:_MOST_NAMES]) or 'none yet'}{more}")
    for node in (form, items):
        if node.get("properties"):
            parts += [
                "Fields:" if node is form else "Fields of an item:",
                *_fields(kind.schema, node),
                "  (* required)",
            ]
    return "\n".join([*parts, *_example(form, names[-1]), ""])


def _place(kind: Kind, names: Sequence[str]) -> list[str]:
    """Where a field stands, with an index for each list on the way. UsageError where there is no such field."""
    from itsm_as_code.errors import UsageError
    from itsm_as_code.records.blank import form_of

    walked: list[str] = []
    for name in names:
        if walked and form_of(kind, walked).get("type") == "array" and not name.isdecimal():
            walked.append("0")
        walked.append(name)
    try:
        form_of(kind, walked)
    except UsageError as error:
        raise UsageError(error.message, remedy=f"{error.remedy}; 'itsm explain {kind.name}' lists its fields") from None
    return walked


def _required(kind: Kind, names: Sequence[str], above: Schema) -> str:
    """When a field is required, as the end of a sentence."""
    from itsm_as_code.records.kind_schema import required

    if names[-1] in required(above):
        return "always" if len(names) < 3 else f"where there is {'.'.join(names[:-1]).removeprefix('spec.')}"
    pointer = f"/{'/'.join(names)}"
    states: dict[str, list[str]] = {}
    for state, entries in (kind.lifecycle or {}).get("required", {}).items():
        for entry in entries:
            if pointer == (entry if isinstance(entry, str) else entry["field"]):
                unless = {} if isinstance(entry, str) else entry.get("unless", {})
                states.setdefault(f", unless {_condition(unless)}" if unless else "", []).append(state)
    parts = [f"when it is {' or '.join(filter(None, (', '.join(group[:-1]), group[-1])))}{unless}"
             for unless, group in states.items()]  # fmt: skip
    return "; ".join(parts) or "no"


def _condition(condition: dict[str, Any]) -> str:
    return " and ".join(
        f"{pointer.rsplit('/', 1)[-1]} is {' or '.join(map(str, value)) if isinstance(value, list) else value}"
        for pointer, value in condition.items()
    )


def _fields(root: Schema, node: Schema) -> Iterator[str]:
    from itsm_as_code.records.kind_schema import required, resolve

    needed, rows = required(node), []
    for name, schema in node.get("properties", {}).items():
        form = resolve(root, schema)
        rows.append(("*" if name in needed else " ", name, type_words(root, form), form.get("title", "")))
    widths = [max((len(row[column]) for row in rows), default=0) for column in (1, 2)]
    for mark, name, kind, title in rows:
        yield f"  {mark} {name:<{widths[0]}}  {kind:<{widths[1]}}  {title}".rstrip()


def type_words(root: Schema, form: Schema) -> str:
    """The type of a field in a word or a few: ``text``, ``instant``, ``name of a Team``, ``list of ...``."""
    from itsm_as_code.findings import with_article
    from itsm_as_code.records.kind_schema import resolve

    form = resolve(root, form)
    if "x-ref" in form:
        kinds = [form["x-ref"]] if isinstance(form["x-ref"], str) else form["x-ref"]
        return f"name of {' or '.join(map(with_article, kinds))}"
    if "enum" in form:
        return "one of a few values"
    if "format" in form:
        return str(form["format"]).removeprefix("itsm-")
    if form.get("type") == "array":
        return f"list: {type_words(root, form.get('items', {}))}"
    ways = form.get("oneOf") or form.get("anyOf") or ()
    if ways and "type" not in form:
        return " or ".join(dict.fromkeys(type_words(root, way) for way in ways))
    return _TYPES.get(str(form.get("type")), "anything")


def _example(form: Schema, name: str) -> Iterator[str]:
    from itsm_as_code.records.writer import dump

    for value in form.get("examples", ())[:1]:
        yield "Example:"
        yield from (f"  {line}" for line in dump({name: value}).decode().splitlines())


def _where(step: dict[str, dict[str, Any]]) -> str:
    return ", ".join(f"{pointer.rsplit('/', 1)[-1]} {_one_of(value)}" for pointer, value in step["where"].items())


def _one_of(value: Any) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)
