"""Records as people would write them: plain data in, YAML text out.

The text means the same to a YAML 1.1 and a YAML 1.2 reader: whatever one of them would take for a number, a
date or a boolean stands in double quotes. It is read back before it is handed out, so that nothing is written
which :func:`~itsm_as_code.records.document.parse` reads as something else.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from itsm_as_code.findings import parse_pointer
from itsm_as_code.records.characters import FORBIDDEN
from itsm_as_code.records.document import MAX_DEPTH, Refused, parse

Schema = Mapping[str, Any]

_TOP: Final = ("apiVersion", "kind", "metadata", "spec")
_METADATA: Final = ("name", "title", "description", "labels", "annotations", "links")
_FLOW_WIDTH: Final = 60
LONGEST_KEY: Final = 900
"""In bytes; beyond 1,024 characters a key must be marked with ``?`` (https://yaml.org/spec/1.2.2/#example-821)."""

# Everything that YAML 1.1 (https://yaml.org/type/) or the core schema of YAML 1.2 reads as something other
# than text, and a little more: an IP address or a version in quotes does no harm.
_OTHER_TYPE: Final = re.compile(
    r"(?:y|yes|n|no|on|off|true|false|null|~|=|<<)\Z"
    r"|[-+]?\.(?:inf|nan)\Z"
    r"|[-+]?\.?[0-9][-+0-9a-fox_:.tz \t]*\Z",
    re.IGNORECASE,
)
_INDICATORS: Final = frozenset("-?:,[]{}#&*!|>'\"%@`=<")
_ENDS_FLOW: Final = re.compile(r"[][{},]|:\Z")
_IN_FLOW: Final = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*\Z")


def dump(data: Mapping[str, Any], *, schema_comment: str | None = None, schema: Schema | None = None) -> bytes:
    """YAML of a record, UTF-8, ending in a newline.

    ``schema_comment`` is the path or address of a JSON Schema, put on top for editors. ``schema`` is the
    kind's schema: keys are written in the order of its properties; without it only the envelope is in order.
    Raises ValueError for what a record cannot hold: characters that do not show, numbers beyond 64 bits, keys
    that are not text, more than 64 levels, more than 1 MiB.
    """
    lines = []
    if schema_comment is not None:
        if not schema_comment.isprintable():
            raise ValueError("the address of the schema holds a character that does not show")
        lines.append(f"# yaml-language-server: $schema={schema_comment}")
    ordered = in_order(data, schema)
    lines.extend(_mapping(ordered, 0) if ordered else ["{}"])
    text = "\n".join(lines) + "\n"
    try:
        source = text.encode()
        same = parse(source) == data
    except (UnicodeEncodeError, Refused) as error:
        raise ValueError(f"not a record: {error}") from None
    if not same:
        raise ValueError("the text would not be read back as the same data")
    return source


def in_order(data: Mapping[str, Any], schema: Schema | None) -> dict[str, Any]:
    """A record with the keys of all its mappings in the order of the kind's schema.

    Keys that the schema does not name come last, in the order they have; without a schema only the envelope is put
    in order. Raises ValueError for more than 64 levels.
    """
    if schema is None:
        return _by_envelope(data)
    ordered: dict[str, Any] = _by_schema(data, schema, schema)
    return ordered


def _sorted(data: Mapping[str, Any], first: Iterable[str]) -> dict[str, Any]:
    return {**{key: data[key] for key in first if key in data}, **data}


def _by_envelope(data: Mapping[str, Any]) -> dict[str, Any]:
    ordered = _sorted(data, _TOP)
    if isinstance(ordered.get("metadata"), dict):
        ordered["metadata"] = _sorted(ordered["metadata"], _METADATA)
    return ordered


def _by_schema(value: Any, node: Any, root: Schema, depth: int = 0) -> Any:
    """``value`` with the keys of all its mappings in the order of the schema's properties."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    node = _resolved(node, root)
    if isinstance(value, dict):
        properties = node.get("properties", {})
        other = node.get("additionalProperties")
        return {
            key: _by_schema(item, properties.get(key, other), root, depth + 1)
            for key, item in _sorted(value, properties).items()
        }
    if isinstance(value, list):
        return [_by_schema(item, node.get("items"), root, depth + 1) for item in value]
    return value


def _resolved(node: Any, root: Schema) -> Schema:
    seen: set[str] = set()
    while isinstance(node, dict):
        reference = node.get("$ref")
        if not isinstance(reference, str) or reference in seen:
            return node
        seen.add(reference)
        node = root
        for part in parse_pointer(reference.removeprefix("#")):
            node = node.get(part) if isinstance(node, dict) else None
    return {}


def _mapping(data: Mapping[str, Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    for key, value in data.items():
        if not isinstance(key, str):
            raise ValueError(f"the key {key!r} is not text")
        written = one_line(key)
        head = f"{pad}{written}:"
        if len(written.encode()) > LONGEST_KEY:
            yield f"{pad}? {written}"
            head = f"{pad}:"
        yield from _entry(head, value, indent)


def _sequence(items: list[Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    for item in items:
        if isinstance(item, (dict, list)) and item:
            below = _collection(item, indent + 2)
            yield f"{pad}- {next(below)[indent + 2 :]}"
            yield from below
        else:
            yield from _entry(f"{pad}-", item, indent)


def _collection(value: dict[str, Any] | list[Any], indent: int) -> Iterator[str]:
    if indent > 2 * MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    return _mapping(value, indent) if isinstance(value, dict) else _sequence(value, indent)


def _entry(head: str, value: Any, indent: int) -> Iterator[str]:
    """The lines of ``head`` (a key with its colon, or a dash) and the value that belongs to it."""
    if isinstance(value, (dict, list)):
        flow = _flow(value)
        if flow is not None:
            yield f"{head} {flow}"
        else:
            yield head
            yield from _collection(value, indent + 2)
    elif isinstance(value, str) and _fits_block(value):
        yield from _block(head, value, indent + 2)
    else:
        yield f"{head} {_scalar(value)}"


def _flow(value: dict[str, Any] | list[Any]) -> str | None:
    """``[a, b]`` for a short list of short names, ``{}`` and ``[]`` for what is empty; else None."""
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, dict) or not all(isinstance(item, str) and _is_plain_name(item) for item in value):
        return None
    text = f"[{', '.join(value)}]"
    return text if len(text) <= _FLOW_WIDTH else None


def in_flow(value: Any) -> str:
    """A mapping or list in one line, ``{a: b, c: [d, e]}``."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{in_flow(str(key))}: {in_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(in_flow, value))}]"
    text = _scalar(value)
    return json.dumps(value, ensure_ascii=False) if text == value and _ENDS_FLOW.search(text) else text


def _is_plain_name(text: str) -> bool:
    return _IN_FLOW.match(text) is not None and not looks_like_other_type(text)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number that records can hold")
        mantissa, _, exponent = repr(value).partition("e")
        point = "" if "." in mantissa else ".0"  # YAML 1.1 reads 1e+20 as text
        return f"{mantissa}{point}e{exponent}" if exponent else mantissa
    raise ValueError(f"a {type(value).__name__} is not plain data")


def looks_like_other_type(text: str) -> bool:
    """True when some YAML reader takes the plain scalar ``text`` for something other than text."""
    return _OTHER_TYPE.match(text) is not None


def in_line(value: Any) -> str:
    """Any value as a person writes it behind a colon: text as :func:`one_line` has it, the rest in flow style."""
    if isinstance(value, str) and not FORBIDDEN.search(value):
        return one_line(value)
    return json.dumps(value, ensure_ascii=isinstance(value, str))


def one_line(text: str) -> str:
    """One line for ``text``: as it is where that can only be read as this text, else in quotes.

    Raises ValueError when it holds a character that records refuse.
    """
    found = FORBIDDEN.search(text)
    if found:
        raise ValueError(f"the character U+{ord(found[0]):04X} does not show or changes how text reads")
    plain = (
        text.isprintable()
        and text.strip() == text != ""
        and text[0] not in _INDICATORS
        and not text.startswith("...")
        and ": " not in text
        and " #" not in text
        and not text.endswith(":")
        and not looks_like_other_type(text)
    )
    if plain:
        return text
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    # What JSON escapes (quotes, backslashes, tabs, line ends) YAML 1.2 reads the same way.
    return json.dumps(text, ensure_ascii=False)


def _fits_block(text: str) -> bool:
    return "\n" in text.strip() and "\r" not in text and not FORBIDDEN.search(text)


def _block(head: str, text: str, indent: int) -> Iterator[str]:
    """A literal block (https://yaml.org/spec/1.2.2/#81-block-scalar-styles), line ends as they are."""
    chomping = "+" if text.endswith("\n\n") else "" if text.endswith("\n") else "-"
    # Without the digit a reader would take leading white space for indentation.
    yield f"{head} |{'2' if text[0].isspace() else ''}{chomping}"
    for line in text.removesuffix("\n").split("\n"):
        yield " " * indent + line if line else ""
