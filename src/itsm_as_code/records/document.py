"""Strict YAML 1.2 of one record: source bytes in, plain data out, or the reason why not.

The parser is PyYAML's C parser; what its events mean is decided here, so that a file means one thing only:
no duplicate keys, anchors, aliases, merge keys, tags, directives or second documents, and only the core types
(https://yaml.org/spec/1.2.2/#103-core-schema, with ``true`` and ``false`` as the only booleans).

Events are consumed one by one and the depth is bounded while reading: PyYAML's own composer recurses in C and
takes the process down at about 25,000 nested brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import yaml
from yaml._yaml import CParser

from itsm_as_code.findings import Finding, Location, Rule, Severity
from itsm_as_code.records import plain
from itsm_as_code.records.characters import FORBIDDEN
from itsm_as_code.records.plain import CONSTANTS
from itsm_as_code.snapshot import MAX_BYTES

MAX_DEPTH: Final = 64
MAX_KEY: Final = 1024
"""Characters of a key: what YAML allows for a key that is written without ``?`` (section 7.4.2)."""
_INT64: Final = 1 << 63

Data = dict[str, Any]


def _rule(name: str, title: str, explanation: str) -> Rule:
    return Rule(name, title, Severity.ERROR, explanation, "https://yaml.org/spec/1.2.2/")


YAML_SYNTAX = _rule(
    "yaml-syntax",
    "The file is one YAML mapping",
    "A record is one YAML document with a mapping at the top. The message names the first place that could not "
    "be read.",
)
YAML_DUPLICATE_KEY = _rule(
    "yaml-duplicate-key",
    "No key stands twice in a mapping",
    "YAML readers disagree on which of two equal keys wins, so a reviewer could approve one value and a tool use "
    "the other. Keep one of them.",
)
YAML_FEATURE = _rule(
    "yaml-feature",
    "Only plain YAML: no anchors, aliases, merge keys, tags, directives or second documents",
    "These features hide what a record says from the person who reviews it. Write the value out where it is used.",
)
YAML_CHARACTER = _rule(
    "yaml-character",
    "No control, invisible or bidirectional characters, no tab in indentation",
    "Characters that do not show, or that turn the direction of text, make a record read differently from what it "
    "says (https://www.unicode.org/reports/tr36/). Remove them; escapes of them in double quotes are refused too. The "
    "joiners U+200C and U+200D may stand where languages and emoji need them (UAX 31, UTS 51).",
)
YAML_ENCODING = _rule(
    "yaml-encoding",
    "The file is UTF-8 text without a byte order mark",
    "Records are UTF-8. Save the file as UTF-8 without a byte order mark; binary files do not belong in a record "
    "folder.",
)
YAML_LIMIT = _rule(
    "yaml-limit",
    f"The file is at most {MAX_BYTES >> 20} MiB, {MAX_DEPTH} levels deep, with keys of {MAX_KEY:,} letters and numbers "
    "of 64 bits",
    "Limits keep one file from stopping the gate for everybody. Split the record, or link to the large part.",
)
RULES = (YAML_SYNTAX, YAML_DUPLICATE_KEY, YAML_FEATURE, YAML_CHARACTER, YAML_ENCODING, YAML_LIMIT)


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file: where it is, what it says."""

    path: str
    source: bytes
    data: Data


class Refused(Exception):
    """The source is not a record; carried to the top of :func:`load`, where it becomes a finding."""

    def __init__(
        self, rule: Rule, message: str, line: int | None = None, column: int | None = None, remedy: str = ""
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.line = line
        self.column = column
        self.remedy = remedy


def load(path: str, source: bytes) -> Document | Finding:
    """The document in ``source``, or the finding that says why there is none."""
    try:
        return Document(path, source, parse(source))
    except Refused as refused:
        location = Location(path, refused.line, refused.column)
        return Finding(refused.rule.id, Severity.ERROR, location, refused.message, refused.remedy)


def parse(source: bytes) -> Data:
    """The mapping that ``source`` (UTF-8 YAML) holds; raises :class:`Refused`."""
    check_text(source)
    return plain.read(source) or parse_whole(source)


def parse_whole(source: bytes) -> Data:
    """The same by the parser of the whole language, for a source whose characters are checked."""
    try:
        data = _Builder(CParser(source)).document()
        if b"\t" in source and _TAB_INDENT.search(source):
            _check_tabs(source)
        return data
    except yaml.YAMLError as error:
        shallow = before_nesting_limit(source, error)
        if shallow is not None:
            return parse_whole(shallow)  # refused at the level too many, as every version of the parser has it
        raise _syntax(error) from None


def before_nesting_limit(source: bytes, error: yaml.YAMLError) -> bytes | None:
    """The source up to where the parser stopped because of nesting, or None where it stopped for another reason.

    libyaml 0.2.6 stops at 1,000 levels while it looks ahead, before it hands out the event that is one too many for
    us; 0.2.5 has no such limit. What it read until then holds that event.
    """
    mark: Any = getattr(error, "problem_mark", None)
    if mark is None or "maximum nesting" not in str(getattr(error, "problem", "")):
        return None
    shallow = source.decode()[: mark.index].encode()
    return shallow if len(shallow) < len(source) else None


def _check_tabs(source: bytes) -> None:
    """Refuse a tab that stands where a reader sees indentation; inside a block scalar it is text."""
    parser: Any = CParser(source)
    event: Any = None
    text_lines: set[int] = set()
    while type(event) is not yaml.StreamEndEvent:
        event = parser.get_event()
        kind = type(event)
        if kind is yaml.ScalarEvent and event.style in ("|", ">"):
            text_lines.update(range(event.start_mark.line + 1, event.end_mark.line + 1))
    line = at = 0
    for match in _TAB_INDENT.finditer(source):
        line += source.count(b"\n", at, match.start())
        at = match.start()
        if line not in text_lines:
            column = match.end() - match.start()
            raise Refused(YAML_CHARACTER, "a tab in indentation", line + 1, column, "indent with spaces")


def _syntax(error: yaml.YAMLError) -> Refused:
    mark: Any = getattr(error, "problem_mark", None)  # of the scanner and parser; the reader's errors have none
    problem = getattr(error, "problem", None) or "not YAML"
    context = getattr(error, "context", None)
    message = ", ".join(filter(None, (context, problem)))
    remedy = "check indentation, colons and quotes at this place"
    if "cannot start any token" in message:
        remedy = "put the value in quotes, and indent with spaces"
    if mark is None:
        return Refused(YAML_SYNTAX, message, remedy=remedy)
    return Refused(YAML_SYNTAX, message, mark.line + 1, mark.column + 1, remedy)


_FORBIDDEN_ASCII: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_SUSPECT_ASCII: Final = bytes((*range(9), *range(11, 32), 127))
_TAB_INDENT: Final = re.compile(rb"^ *\t", re.MULTILINE)


def check_text(source: bytes) -> None:
    """Refuse what is too large, not UTF-8, or has characters that people cannot see."""
    if len(source) > MAX_BYTES:
        raise Refused(
            YAML_LIMIT,
            f"the file has {len(source):,} bytes; a record has at most {MAX_BYTES:,}",
            remedy="split the record, or link to the large part",
        )
    if source.isascii():
        if len(source.translate(None, _SUSPECT_ASCII)) == len(source):
            return  # a table look-up is much faster than the search below
        match = _FORBIDDEN_ASCII.search(source)
        if match is None:
            return
        if match[0] == b"\x00":
            raise Refused(YAML_ENCODING, "the file is binary, not text", remedy="move it out of the record folders")
        raise _bad_character(source.decode(), match.start())
    if b"\x00" in source:
        raise Refused(YAML_ENCODING, "the file is binary, not UTF-8", remedy="move it out of the record folders")
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        before = source[source.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8")
        remedy = "save it as UTF-8 without a byte order mark"
        raise Refused(YAML_ENCODING, "the file is not UTF-8", line, len(before) + 1, remedy) from None
    if text.startswith("\ufeff"):
        raise Refused(
            YAML_ENCODING, "the file starts with a byte order mark", 1, 1, "save it as UTF-8 without a byte order mark"
        )
    found = FORBIDDEN.search(text)
    if found:
        raise _bad_character(text, found.start())


def _bad_character(text: str, index: int) -> Refused:
    line = text.count("\n", 0, index) + 1
    column = index - (text.rfind("\n", 0, index) + 1) + 1
    return Refused(
        YAML_CHARACTER,
        f"the character U+{ord(text[index]):04X} does not show or changes how text reads",
        line,
        column,
        "remove it",
    )


_NUMBER_START: Final = frozenset("+-.0123456789")
_KEY_START: Final = _NUMBER_START | {"<"}
_INT: Final = re.compile(r"[-+]?[0-9]+\Z")
_BASED: Final = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_JSON: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")


class _Builder:
    """Builds plain data from the parser's events, with an explicit stack (no recursion)."""

    __slots__ = ("_next",)

    def __init__(self, parser: CParser) -> None:
        self._next: Callable[[], Any] = parser.get_event

    def document(self) -> Data:
        self._next()  # stream start
        event = self._next()
        if type(event) is yaml.StreamEndEvent:
            raise Refused(YAML_SYNTAX, "the file is empty", 1, 1, "write a record, or delete the file")
        if event.version or event.tags:
            raise _feature(event, "a directive (%)")
        event = self._next()
        if type(event) is not yaml.MappingStartEvent:
            raise Refused(
                YAML_SYNTAX, "the file does not hold a mapping", *place(event), "start with apiVersion and kind"
            )
        data = self._mapping(event)
        self._next()  # document end
        event = self._next()
        if type(event) is not yaml.StreamEndEvent:
            raise _feature(event, "a second document (---)", "keep one record in a file")
        return data

    def _mapping(self, event: Any) -> Data:
        """Read the top mapping with all that is in it."""
        next_event, scalar_event, mapping_start = self._next, yaml.ScalarEvent, yaml.MappingStartEvent
        container: Any = _opened(event, 0, in_key=False)  # the mapping or sequence being filled
        is_mapping = True
        key: str | None = None  # the key whose value comes next
        stack: list[tuple[Any, bool]] = []
        while True:
            event = next_event()
            kind = type(event)
            if kind is scalar_event:
                if event.anchor is not None or event.tag is not None:
                    raise _properties(event)
                value: Any = event.value
                style = event.style
                if is_mapping and key is None:
                    # A plain word that is new here, as nearly every key is; anything else is looked at closely.
                    plain = not style and value not in CONSTANTS and value[0] not in _KEY_START
                    is_new = plain and value not in container and len(value) <= MAX_KEY
                    key = value if is_new else _key(event, container)
                    continue
                if not style:
                    if value in CONSTANTS:
                        value = CONSTANTS[value]
                    elif value[0] in _NUMBER_START:
                        value = _number(value, event)
                elif style == '"' and _may_hide(value) and FORBIDDEN.search(value):
                    raise _escaped(value, event)
            elif kind in _ENDS:
                if not stack:
                    return container  # type: ignore[no-any-return]
                container, is_mapping = stack.pop()
                continue
            else:
                value = _opened(event, len(stack) + 1, in_key=is_mapping and key is None)
            if is_mapping:
                container[key] = value
                key = None
            else:
                container.append(value)
            if kind is not scalar_event:
                stack.append((container, is_mapping))
                container, is_mapping = value, kind is mapping_start


_ENDS: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def _opened(event: Any, depth: int, *, in_key: bool) -> Any:
    """The empty mapping or sequence that an event begins, so many levels deep."""
    if type(event) is yaml.AliasEvent:
        raise _feature(event, "an alias (*)")
    if event.anchor is not None or event.tag is not None:
        raise _properties(event)
    if in_key:
        raise Refused(YAML_SYNTAX, "a key is not text", *place(event), "write the key as one word")
    if depth >= MAX_DEPTH:
        raise Refused(YAML_LIMIT, f"nested more than {MAX_DEPTH} levels deep", *place(event), "flatten the record")
    return {} if type(event) is yaml.MappingStartEvent else []


def place(event: Any) -> tuple[int, int]:
    """Line and column, from 1, at which an event of the parser begins."""
    return event.start_mark.line + 1, event.start_mark.column + 1


def _feature(event: Any, what: str, remedy: str = "write the value out where it is used") -> Refused:
    return Refused(YAML_FEATURE, f"{what} is not allowed in a record", *place(event), remedy)


def _properties(event: Any) -> Refused:
    what = f"an anchor (&{event.anchor[:80]})" if event.anchor is not None else f"a tag ({event.tag[:80]})"
    return _feature(event, what)


def _key(event: Any, container: Data) -> str:
    key: str = event.value
    if len(key) > MAX_KEY:
        message = f"a key of {len(key):,} characters; it has at most {MAX_KEY:,}"
        raise Refused(YAML_LIMIT, message, *place(event), "write a short key, and the text as its value")
    if not event.style:
        if key == "<<":
            raise _feature(event, "a merge key (<<)")
        if key in CONSTANTS or (key[0] in _NUMBER_START and not isinstance(_number(key, event), str)):
            raise Refused(YAML_SYNTAX, f"the key {key or '(empty)'} is not text", *place(event), "put it in quotes")
    elif _may_hide(key) and FORBIDDEN.search(key):
        raise _escaped(key, event)
    if key in container:
        raise Refused(YAML_DUPLICATE_KEY, f"the key '{key}' stands twice", *place(event), "keep one of them")
    return key


def _may_hide(text: str) -> bool:
    """The cheap question before the search: most text is printable ASCII."""
    return not (text.isascii() and text.isprintable())


def _escaped(value: str, event: Any) -> Refused:
    match = FORBIDDEN.search(value)
    code = ord(match[0]) if match else 0
    return Refused(
        YAML_CHARACTER,
        f"an escape stands for the character U+{code:04X}, which does not show",
        *place(event),
        "remove it",
    )


def _number(text: str, event: Any) -> Any:
    """The number that a plain scalar is, or the text itself (``2026-01-01``, ``24:00`` and ``+`` are text)."""
    based = _BASED.match(text)
    if based or _INT.match(text):
        if len(text) > (24 if based else 20) or not -_INT64 <= (number := int(text, 0 if based else 10)) < _INT64:
            message = f"the number {text[:30]} does not fit 64 bits"
            raise Refused(YAML_LIMIT, message, *place(event), "put it in quotes")
        return number
    if _FLOAT.match(text):
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise Refused(YAML_LIMIT, f"the number {text[:30]} is too large", *place(event), "put it in quotes")
        return value
    if _NOT_JSON.match(text):
        raise Refused(YAML_LIMIT, f"{text} is not a number that records can hold", *place(event), "put it in quotes")
    return text
