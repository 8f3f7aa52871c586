"""A record's file with other data in it: what stays the same stays as it is written, with its comments and order.

The file is taken apart as :mod:`~itsm_as_code.records.formatting` does, so what is written has the one form of
records; a file that is in form stays in form. Nothing is handed out that does not read back as the data that was meant,
or that lacks a comment about something that is still there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

from itsm_as_code.errors import UsageError
from itsm_as_code.records.bundles import Schema
from itsm_as_code.records.document import Data, parse
from itsm_as_code.records.formatting import exactly, read_back, render
from itsm_as_code.records.layout import Block, BlockEntry, BlockScalar, Flow, Scalar, Unusual, read_layout
from itsm_as_code.records.writer import dump, in_flow, in_order

_FLOW_WIDTH: Final = 100
Value = Scalar | BlockScalar | Flow | Block


def edited(path: str, source: bytes, data: Data, schema: Schema | None) -> bytes:
    """The file ``path``, which holds ``source``, with ``data`` in the place of what it says.

    Keys that are new stand where the schema has them if the others do, else behind the others. UsageError for a file
    of a layout that is not understood, and where a comment would be lost.
    """
    before, wanted = parse(source), in_order(data, schema)
    is_crlf = 0 < source.count(b"\n") == source.count(b"\r\n")
    text = source.decode().replace("\r\n", "\n")
    try:
        # Blocks alone have an order that matters: mappings in one line keep theirs.
        if render(read_layout(text), before) != render(read_layout(text), in_order(before, schema)):
            wanted = _as_before(before, wanted)
        text = _rewritten(text, before, wanted)
    except Unusual as reason:
        message = f"{path}:{reason.line}:{reason.column}: {reason.message} cannot be kept by an edit"
        raise UsageError(message, remedy="write it as other records do, or edit the file by hand") from None
    except ValueError as reason:
        raise UsageError(f"{path} is left as it is: {reason}", remedy="edit the file by hand") from None
    return (text.replace("\n", "\r\n") if is_crlf else text).encode()


def _as_before(before: Any, wanted: Any) -> Any:
    """``wanted`` with the keys of all its mappings as ``before`` has them; new ones come behind."""
    if isinstance(before, dict) and isinstance(wanted, dict):
        kept = {key: _as_before(value, wanted[key]) for key, value in before.items() if key in wanted}
        return {**kept, **{key: value for key, value in wanted.items() if key not in kept}}
    if isinstance(before, list) and isinstance(wanted, list) and len(before) == len(wanted):
        return [_as_before(*pair) for pair in zip(before, wanted, strict=True)]
    return wanted


def _rewritten(text: str, before: Data, wanted: Data) -> str:
    """``text`` with other data. Raises Unusual or ValueError when it cannot be shown that it says just that."""
    layout = read_layout(text)
    edit = _Edit()
    edit.mapping(layout.root, before, wanted)
    result = render(layout, wanted)
    again = read_back(result, wanted, Counter(layout.comments) - Counter(edit.gone), "afterwards")
    if render(again, wanted) != result:
        raise ValueError("afterwards it would have no one form")
    return result


@dataclass(slots=True)
class _Edit:
    """Brings a layout to other data. ``gone`` are the comments of what is taken out, and of places now filled in."""

    gone: list[str] = field(default_factory=list)

    def mapping(self, block: Block, old: Data, new: Data) -> None:
        for entry in [entry for entry in block.entries if entry.key and entry.key.value not in new]:
            self._remove(block, entry)
        kept = {entry.key.value: entry for entry in block.entries if entry.key}
        for key, value in new.items():
            if key in kept:
                self._put(kept[key], old[key], value)
            else:
                self._fill_in(block, key)
                block.entries.append(_written({key: value}))

    def _sequence(self, block: Block, old: list[Any], new: list[Any]) -> None:
        """The items that differ, between those that are the same at the beginning and at the end."""
        shorter = min(len(old), len(new))
        first = sum(1 for _ in takewhile(_are_same, zip(old, new, strict=False)))
        pairs = zip(reversed(old[first:shorter] + old[shorter:]), reversed(new[first:]), strict=False)
        last = sum(1 for _ in takewhile(_are_same, pairs))
        before, after = old[first : len(old) - last], new[first : len(new) - last]
        entries = block.entries[first : first + len(before)]
        for entry, was, becomes in zip(entries, before, after, strict=False):
            self._put(entry, was, becomes)
        for entry in entries[len(after) :]:
            self._remove(block, entry)
        place = first + len(before)
        block.entries[place:place] = [_written([value]) for value in after[len(before) :]]

    def _put(self, entry: BlockEntry, old: Any, new: Any) -> None:
        if _are_same((old, new)):
            return
        if isinstance(entry.value, Block) and isinstance(old, dict) and isinstance(new, dict) and new:
            self.mapping(entry.value, old, new)
        elif isinstance(entry.value, Block) and isinstance(old, list) and isinstance(new, list) and new:
            self._sequence(entry.value, old, new)
        else:
            flow = _one_line_flow(entry.value, new)
            entry.value = flow or _written({"_": new}).value
            if entry.comment and isinstance(entry.value, BlockScalar):
                entry.leading.append(entry.comment.strip())
                entry.comment = ""

    def _remove(self, block: Block, entry: BlockEntry) -> None:
        """Take an entry out with its comments; a blank line above it stays where it parts others."""
        block.entries.remove(entry)
        self.gone += filter(None, _comments(entry))

    def _fill_in(self, block: Block, key: str) -> None:
        """Take out the comment that keeps the place of a key, as `itsm new` writes it."""
        holds_place = re.compile(rf"# {re.escape(key)}:.*  # ")
        for comments in (*(entry.leading for entry in block.entries), block.trailing):
            for text in [text for text in comments if holds_place.match(text)]:
                comments.remove(text)
                self.gone.append(text)


def _are_same(pair: tuple[Any, Any]) -> bool:
    return exactly(pair[0]) == exactly(pair[1])


def _written(value: dict[str, Any] | list[Any]) -> BlockEntry:
    """The entry of a mapping or list of one, as the writer of records has it."""
    if isinstance(value, dict):
        return read_layout(dump(value).decode()).root.entries[0]
    outer: Any = read_layout(dump({"_": [*value, {}]}).decode()).root.entries[0].value  # no list of names in one line
    entry: BlockEntry = outer.entries[0]
    return entry


def _one_line_flow(old: Value, new: Any) -> Flow | None:
    """What is written as ``{...}`` or ``[...]`` in one line stays so while it fits."""
    if not isinstance(old, Flow) or "\n" in old.text or not isinstance(new, (dict, list)):
        return None
    text = in_flow(new)
    return Flow(text, old.base, False, ()) if len(text) <= _FLOW_WIDTH else None


def _comments(entry: BlockEntry) -> Iterator[str]:
    yield from entry.leading
    yield entry.comment.strip()
    if isinstance(entry.value, Block):
        for inner in entry.value.entries:
            yield from _comments(inner)
        yield from entry.value.trailing
    elif not isinstance(entry.value, Scalar):
        yield from read_layout("a: " + entry.value.text.lstrip() + "\n").comments
