"""The plain part of YAML, in which nearly all records are written, read in half the time of the whole language.

What is read here is what the parser of the whole language reads, to the letter; a source with anything else in it is
left to that one (:mod:`itsm_as_code.records.document`), which also says what is wrong with it. So nothing here refuses.

Plain are block mappings and sequences whose keys are words; texts without quotes, on one line or several; texts in
quotes on one line and without escapes; block scalars (``|``, ``>``) of lines that begin alike; ``[a, b]`` and
``{a: b}`` of words; comments on lines of their own.
"""

from __future__ import annotations

import re
from typing import Any, Final

CONSTANTS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    "true": True,
    "false": False,
}
"""What words mean that are no text."""
_MAX_NESTED: Final = 32
_LINE: Final = re.compile(
    r"^( *)(- )?(?:([A-Za-z_][A-Za-z0-9_./-]{0,99}):(?: |$))?(?:([A-Za-z/(][^:#\n]*)|(.*))$", re.MULTILINE
)
"""Indentation, dash, key, a text that is plain whatever surrounds it, or what else follows."""
_UNUSUAL: Final = re.compile(r"[^\n -~\u00a0-\u1fff\u2010-\u2027\u2030-\u205f\u2070-\ud7ff\ue000-\ufdcf\ufe10-\ufefe]")
"""Tabs, carriage returns, and whatever may not be one character of a text like any other."""
_WORD: Final = r"[A-Za-z][A-Za-z0-9_./-]*"
_WORDS: Final = re.compile(rf"\[({_WORD}(?:, {_WORD})*)\]")
_PAIR: Final = rf"{_WORD}: (?:{_WORD}|[0-9]{{1,18}})"
_PAIRS: Final = re.compile(rf"\{{({_PAIR}(?:, {_PAIR})*)\}}")
_INT: Final = re.compile(r"[0-9]{1,18}")
_FLOAT: Final = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")
_NO_NUMBER: Final = re.compile(r"[0-9]+[^0-9.exoEXO].*")
_DIGITS: Final = frozenset("0123456789")
_EMPTY: Final = ("", "", "", "", "")


class _Other(Exception):
    """The source is not of the plain part."""


def read(source: bytes) -> dict[str, Any] | None:
    """The mapping that a source says; None for one that is not of the plain part. Its characters are checked."""
    if not source.endswith(b"\n") or b" \n" in source or b"\t" in source or b"\r" in source:
        return None
    try:
        text = source.decode("utf-8")
        return None if not source.isascii() and _UNUSUAL.search(text) else _Reader(text).mapping() or None
    except (_Other, UnicodeDecodeError, IndexError):  # the last one where a line ends more than began
        return None


class _Stack(list[tuple[int, Any, bool]]):
    """What is filled around what is being filled: the column it begins in, itself, and whether it is a mapping."""

    def push(self, *around: Any) -> None:
        if len(self) > _MAX_NESTED:
            raise _Other
        self.append(around)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.rows: list[tuple[str, str, str, str, str]] = _LINE.findall(text)
        self.columns = [len(row[0]) for row in self.rows]
        self.lines: list[str] = []

    def mapping(self) -> dict[str, Any]:
        rows, columns, count = self.rows, self.columns, len(self.rows)
        container: Any = {}
        top, stack = container, _Stack()
        column, is_mapping = 0, True
        key, opened, at = "", False, 0  # whether the value of the last key begins on the next line
        while at < count:
            _, dash, name, text, other = rows[at]
            here = columns[at]
            at += 1
            if not (name or text or dash):
                if not other or other[0] == "#":
                    continue  # an empty line, or a comment
                raise _Other
            if opened:
                opened = False
                if here > column or (dash and here == column):
                    inner: Any = [] if dash else {}
                    container[key] = inner
                    stack.push(column, container, is_mapping)
                    column, container, is_mapping = here, inner, not dash
            while here < column or (here == column and not (is_mapping or dash)):
                column, container, is_mapping = stack.pop()
            if here != column or is_mapping is bool(dash) or not (dash or name):
                raise _Other
            if dash:
                if not name:
                    if text and (at >= count or (columns[at] <= here and rows[at] != _EMPTY)):
                        container.append(CONSTANTS.get(text, text))
                    else:
                        said, at = self._value(text or other, here, at)
                        container.append(said)
                    continue
                item: dict[str, Any] = {}
                container.append(item)
                stack.push(column, container, is_mapping)
                column, container, is_mapping = here + 2, item, True
            if name in container or name in CONSTANTS:
                raise _Other
            if text and (at >= count or (columns[at] <= column and rows[at] != _EMPTY)):
                container[name] = CONSTANTS.get(text, text)
            elif text or other:
                container[name], at = self._value(text or other, column, at)
            else:
                container[name], key, opened = None, name, True
        return top  # type: ignore[no-any-return]

    def _value(self, value: str, column: int, at: int) -> tuple[Any, int]:
        """A value that begins on a line, of what begins in a column; and the next line that is not of it."""
        first = value[0]
        if first.isalnum() or first in "/(":
            return self._text(value, column, at)
        if first == "'":
            inner = value[1:-1]
            if len(value) < 2 or value[-1] != "'" or ("'" in inner and "'" in (inner := inner.replace("''", ""))):
                raise _Other
            return value[1:-1].replace("''", "'"), at
        if first == '"':
            inner = value[1:-1]
            if len(value) < 2 or value[-1] != '"' or '"' in inner or "\\" in inner:
                raise _Other
            return inner, at
        if first == "[":
            return _words(value), at
        if first == "{":
            return _pairs(value), at
        if value in ("|", "|-", ">", ">-"):
            return self._block(value, column, at)
        raise _Other

    def _text(self, value: str, column: int, at: int) -> tuple[Any, int]:
        """What is written without quotes, which may go on on the next lines."""
        rows, columns, parts = self.rows, self.columns, [_checked(value)]
        while at < len(rows) and columns[at] > column:
            _, dash, key, text, rest = rows[at]
            at += 1
            if dash or key or not (text or (rest and rest[0].isalnum())):
                raise _Other
            parts.append(_checked(text or rest))
        after = at
        while after < len(rows) and rows[after] == _EMPTY:
            after += 1
        if after > at and after < len(rows) and columns[after] > column:
            raise _Other  # a text of several paragraphs
        if len(parts) > 1:
            return " ".join(parts), at
        return (_number(value) if value[0] in _DIGITS else CONSTANTS.get(value, value)), at

    def _block(self, style: str, column: int, at: int) -> tuple[str, int]:
        """The text of a block scalar."""
        rows = self.rows
        self.lines = self.lines or self.text.split("\n")
        columns = self.columns
        inner = columns[at] if at < len(rows) else 0
        if inner <= column or len(self.lines) != len(rows):
            raise _Other
        parts: list[str] = []
        while at < len(rows) and (columns[at] == inner or rows[at] == _EMPTY):
            parts.append(self.lines[at][inner:])
            at += 1
        if at < len(rows) and columns[at] > column:
            raise _Other
        while parts and not parts[-1]:
            parts.pop()
        end = "" if style.endswith("-") else "\n"
        if style[0] == "|":
            return "\n".join(parts) + end, at
        return re.sub(r"\n(\n*)", lambda found: found[1] or " ", "\n".join(parts)) + end, at


def _checked(text: str) -> str:
    """A text in which nothing ends it but the end of the line."""
    if ": " in text or " #" in text or text.endswith(":"):
        raise _Other
    return text


def _number(value: str) -> Any:
    if _INT.fullmatch(value):
        return int(value)
    if _FLOAT.fullmatch(value):
        return float(value)
    if _NO_NUMBER.fullmatch(value):
        return value
    raise _Other


def _words(value: str) -> list[Any]:
    if value == "[]":
        return []
    found = _WORDS.fullmatch(value)
    if found is None:
        raise _Other
    return [CONSTANTS.get(word, word) for word in found[1].split(", ")]


def _pairs(value: str) -> dict[str, Any]:
    if value == "{}":
        return {}
    found = _PAIRS.fullmatch(value)
    if found is None:
        raise _Other
    said: dict[str, Any] = {}
    for pair in found[1].split(", "):
        key, _, word = pair.partition(": ")
        if key in said or key in CONSTANTS:
            raise _Other
        said[key] = int(word) if word[0] in _DIGITS else CONSTANTS.get(word, word)
    return said
