"""How a record is laid out: its blocks and entries as text, with the comments that belong to them.

The parser's events say where keys and values stand; what lies between them can only be white space, the indicators
``-`` and ``:``, and comments. So every comment is found, and nothing within a value is taken for one.

A comment of its own line belongs to the entry below it, or ends the block that it is indented to; a comment at the
end of a line belongs to the entry of that line. Flow collections and block scalars are kept as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml._yaml import CParser

_MAPPING, _SEQUENCE, _SCALAR = yaml.MappingStartEvent, yaml.SequenceStartEvent, yaml.ScalarEvent
_STARTS: Final = (_MAPPING, _SEQUENCE)
_ENDS: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_HEADER: Final = re.compile(r"[|>](?:([1-9])|[-+])*")


class Unusual(Exception):
    """A layout that is not taken apart; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Scalar:
    """A key or value within a line or a few: its text in the source, and how it is written (``'``, ``"``, "" )."""

    text: str
    value: str
    style: str


@dataclass(frozen=True, slots=True)
class BlockScalar:
    """A literal or folded block, with its header. ``parent`` and ``indent`` are the columns it was written for."""

    text: str
    parent: int
    indent: int
    digit: bool

    @property
    def keeps_line_ends(self) -> bool:
        """Whether blank lines behind it are part of the text (chomping ``+``)."""
        header = _HEADER.match(self.text)
        return header is not None and "+" in header[0]


@dataclass(frozen=True, slots=True)
class Flow:
    """``[...]`` or ``{...}``: text, the scalars in it by offset, and the column that its lines are relative to."""

    text: str
    base: int
    is_on_own_line: bool
    scalars: tuple[tuple[int, Scalar], ...]


_NOTHING: Final = Scalar("", "", "")


@dataclass(slots=True)
class BlockEntry:
    """A key with its value, or an item of a sequence (without key)."""

    key: Scalar | None
    leading: list[str]
    """The comments above it, without indentation; the empty string is a blank line."""
    value: Scalar | BlockScalar | Flow | Block
    comment: str = ""
    """The comment at the end of its line, with the white space before it."""


@dataclass(slots=True)
class Block:
    """A mapping or sequence with an entry a line."""

    column: int
    is_mapping: bool
    entries: list[BlockEntry] = field(default_factory=list)
    trailing: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole record; ``comments`` are all there are, in the order of the source."""

    root: Block
    comments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What stands between two tokens: a comment (``#``), a blank line (empty text), or an indicator."""

    text: str
    column: int = 0
    line: int = 0
    is_on_own_line: bool = True
    space: str = ""

    @property
    def is_comment(self) -> bool:
        return self.text.startswith("#")


def read_layout(text: str) -> Layout:
    """The layout of a record that parses, its lines ending in LF. Raises Unusual."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self._parser: Any = CParser(text.encode())
        self._at = 0
        self._line = 0
        self._last: BlockEntry | None = None
        self._closed: list[Block] = []
        """The blocks that ended since the last value, the inner ones first."""
        self._comments: list[str] = []

    def document(self) -> Layout:
        self._parser.get_event()  # stream start
        self._parser.get_event()  # document start
        event = self._parser.get_event()
        if event.flow_style:
            raise _unusual("the record is one flow mapping", event)
        leading = self._above(self._between(event.start_mark), event.start_mark.column)
        root = self._block(event, leading)
        event = self._parser.get_event()
        while type(event) is not yaml.StreamEndEvent:
            event = self._parser.get_event()
        rest = self._above(self._between(None), -1)
        root.trailing += rest
        return Layout(root, tuple(self._comments))

    def _between(self, mark: Any) -> list[_Piece]:
        """The pieces from the last token up to a mark, or to the end of the file."""
        start, end = self._at, len(self.text) if mark is None else mark.index
        self._at = end
        return list(self._pieces(start, end))

    def _pieces(self, start: int, end: int) -> Iterator[_Piece]:
        fragments = self.text[start:end].split("\n")
        at = start
        for number, fragment in enumerate(fragments):
            begin = self.text.rfind("\n", 0, at) + 1
            is_last = number == len(fragments) - 1
            code, hash_mark, said = fragment.partition("#")
            if not fragment.strip() and at == begin and not is_last:
                yield _Piece("")
            for word in code.split():
                yield _Piece(word, at - begin + code.index(word), self._line)
            if hash_mark:
                before = self.text[begin : at + len(code)]
                text = (hash_mark + said).rstrip()
                self._comments.append(text)
                space = " " * (len(before) - len(before.rstrip())) or " "
                yield _Piece(text, len(before), self._line, not before.strip(), space)
            at += len(fragment) + 1
            self._line += not is_last

    def _block(self, event: Any, leading: list[str]) -> Block:
        """The block whose start event was just read; ``leading`` stands above its first entry."""
        block = Block(event.start_mark.column, type(event) is _MAPPING)
        while type(event := self._parser.get_event()) not in _ENDS:
            if block.is_mapping:
                entry = self._mapping_entry(event, block, leading)
            else:
                entry = self._item(event, block, leading)
            block.entries.append(entry)
            leading = []
        self._closed.append(block)
        return block

    def _mapping_entry(self, event: Any, block: Block, leading: list[str]) -> BlockEntry:
        leading = leading + self._above(self._between(event.start_mark), block.column)
        if event.start_mark.line != event.end_mark.line or event.style in ("|", ">"):
            raise _unusual("a key that is more than a line", event)
        entry = BlockEntry(self._scalar(event), leading, _NOTHING)
        value = self._parser.get_event()
        key_line, pieces = event.end_mark.line, self._between(value.start_mark)
        if not pieces or pieces[0].text != ":":
            raise _unusual("a key without a colon behind it", event)
        self._value(entry, value, pieces[1:], block.column, key_line)
        return entry

    def _item(self, event: Any, block: Block, leading: list[str]) -> BlockEntry:
        pieces = self._between(event.start_mark)
        dash = next((number for number, piece in enumerate(pieces) if piece.text == "-"), None)
        if dash is None:
            raise _unusual("an item without a dash", event)
        entry = BlockEntry(None, leading + self._above(pieces[:dash], block.column), _NOTHING)
        self._value(entry, event, pieces[dash + 1 :], block.column, pieces[dash].line)
        return entry

    def _value(self, entry: BlockEntry, event: Any, pieces: list[_Piece], parent: int, line: int) -> None:
        """Read the value of ``entry``; ``pieces`` stand between its colon or dash and the value."""
        self._last = entry
        if type(event) in _STARTS and not event.flow_style:
            entry.value = self._block(event, self._above(pieces, event.start_mark.column))
            return
        if any(piece.text for piece in pieces):
            raise _unusual("a comment between a key and its value", event)
        if type(event) in _STARTS:
            entry.value = self._flow(event, parent, line)
        elif event.style in ("|", ">"):
            entry.value = self._block_scalar(event, parent)
        else:
            entry.value = self._scalar(event)

    def _scalar(self, event: Any) -> Scalar:
        self._at, self._line = event.end_mark.index, event.end_mark.line
        text = self.text[event.start_mark.index : event.end_mark.index]
        return Scalar(text, event.value, event.style or "")

    def _block_scalar(self, event: Any, parent: int) -> BlockScalar:
        start, end = event.start_mark.index, event.end_mark.index
        header, _, content = self.text[start:end].partition("\n")
        match = _HEADER.match(header)
        digit = match[1] if match else None
        lines = content.split("\n")
        filled = (line for line in lines if line.strip(" "))
        first = next(filled, "")
        indent = parent + int(digit) if digit else len(first) - len(first.lstrip(" ")) if first else parent + 2
        scalar = BlockScalar(self.text[start:end], parent, indent, digit is not None)
        if scalar.keeps_line_ends:
            self._at = end
        else:  # blank lines behind it are layout
            while lines and not lines[-1].strip(" ") and len(lines[-1]) <= indent:
                lines.pop()
            scalar = BlockScalar("\n".join([header, *lines]), parent, indent, digit is not None)
            self._at = start + len(scalar.text)
        self._line = event.start_mark.line + self.text.count("\n", start, self._at)
        if "#" in header:
            self._comments.append(header[header.index("#") :].rstrip())
        return scalar

    def _flow(self, event: Any, parent: int, line: int) -> Flow:
        start: Any = event.start_mark
        depth = 1
        self._at, self._line = start.index, start.line
        scalars: list[tuple[int, Scalar]] = []
        while depth:
            event = self._parser.get_event()
            for _ in self._pieces(self._at, event.start_mark.index):
                pass  # the comments among them are gathered
            offset = event.start_mark.index - start.index
            self._line = event.end_mark.line
            self._at = event.end_mark.index
            if type(event) is _SCALAR:
                scalars.append((offset, self._scalar(event)))
            else:
                depth += 1 if type(event) in _STARTS else -1
        is_on_own_line = start.line != line
        base = start.column if is_on_own_line else parent
        return Flow(self.text[start.index : self._at], base, is_on_own_line, tuple(scalars))

    def _above(self, pieces: list[_Piece], column: int) -> list[str]:
        """The comments and blank lines of ``pieces`` that belong to the entry below, which stands at ``column``.

        A comment that is indented more ends a block which closed before it; one at the end of a line goes to the
        entry of that line.
        """
        leading: list[str] = []
        blanks: list[str] = []
        for piece in pieces:
            if piece.text in ("---", "..."):
                self._last = None  # a comment behind it belongs to no entry
            elif not piece.text:
                blanks.append("")
            elif not piece.is_comment:
                raise Unusual(f"the indicator '{piece.text}'", piece.line + 1, piece.column + 1)
            elif not piece.is_on_own_line:
                if self._last is None or self._last.comment:
                    raise Unusual("a comment in this place", piece.line + 1, piece.column + 1)
                self._last.comment = piece.space + piece.text
            else:
                block = None if leading else self._ended_by(piece, column)
                (leading if block is None else block.trailing).extend([*blanks, piece.text])
                blanks = []
        self._closed = []
        return leading + blanks

    def _ended_by(self, comment: _Piece, column: int) -> Block | None:
        """The innermost closed block that a comment is indented to, if it is deeper than ``column``."""
        fitting = [number for number, block in enumerate(self._closed) if column < block.column <= comment.column]
        if not fitting:
            return None
        # A sequence may stand at the column of its key; the comment then belongs to the mapping around it.
        deepest = max(self._closed[number].column for number in fitting)
        number = max(number for number in fitting if self._closed[number].column == deepest)
        self._closed = self._closed[number:]
        return self._closed[0]


def _unusual(message: str, event: Any) -> Unusual:
    return Unusual(message, event.start_mark.line + 1, event.start_mark.column + 1)
