"""What changed in a record, by meaning: order of keys, quoting, comments and layout do not count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from itsm_as_code.findings import Pointer, RecordId, format_pointer
from itsm_as_code.records.catalogue import Catalogue, Record


class Action(StrEnum):
    """What happened to a record or path."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class RecordDiff:
    """A record before and after. ``fields`` are the deepest pointers at which the two differ, sorted.

    ``by_name``: they differ by another name alone, of the record itself (that of ``old`` is another one than ``id``) or
    of one that it names.
    """

    id: RecordId
    old: Record | None
    new: Record | None
    fields: tuple[Pointer, ...]
    by_name: bool = False

    @property
    def action(self) -> Action:
        if self.old is None:
            return Action.ADDED
        return Action.DELETED if self.new is None else Action.MODIFIED

    @property
    def record(self) -> Record:
        """The record as it is after, or as it was when it is gone."""
        record = self.new or self.old
        if record is None:
            raise AssertionError("a diff has at least one side")
        return record

    @property
    def paths(self) -> tuple[str, ...]:
        """The file it stood in and the file it stands in."""
        return tuple(dict.fromkeys(record.path for record in (self.old, self.new) if record is not None))


def diff_catalogues(old: Catalogue, new: Catalogue, among: Iterable[RecordId] | None = None) -> list[RecordDiff]:
    """Every record that was added, deleted, moved or changed in meaning, in order of kind and name.

    ``among`` are those that may have, if that is known: all that stand at a path which differs.
    Records of the program's policy packs are left out: no file changes when itsm.yaml switches a pack on or off.
    """
    found = []
    ids = old.records.keys() | new.records.keys() if among is None else set(among)
    for record_id in sorted(ids, key=lambda item: (item.kind, item.name)):
        before, after = _with_file(old, record_id), _with_file(new, record_id)
        if before is after:
            continue
        fields = tuple(diff_data(before.data if before else None, after.data if after else None))
        moved = before is not None and after is not None and before.path != after.path
        if fields or moved:
            found.append(RecordDiff(record_id, before, after, fields))
    return found


def _with_file(catalogue: Catalogue, record_id: RecordId) -> Record | None:
    record = catalogue.records.get(record_id)
    return None if record is None or record.pack else record


def diff_data(old: Any, new: Any, at: Pointer = ()) -> Iterator[Pointer]:
    """The deepest pointers at which two values differ.

    Mappings are compared key by key and lists of equal length item by item; a list that grew or shrank is one
    changed field. ``1``, ``1.0`` and ``true`` are three different values.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if key not in old or key not in new:
                present = new[key] if key in new else old[key]
                yield from _leaves(present, (*at, key))
            else:
                yield from diff_data(old[key], new[key], (*at, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from diff_data(before, after, (*at, index))
    elif old is None and isinstance(new, dict) and not at:
        yield from _leaves(new, at)
    elif new is None and isinstance(old, dict) and not at:
        yield from _leaves(old, at)
    elif type(old) is not type(new) or old != new:
        yield at


def _leaves(value: Any, at: Pointer) -> Iterator[Pointer]:
    """A mapping that appears or goes is told field by field, so that rules per field see each of them."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from _leaves(value[key], (*at, key))
    else:
        yield at


def covers(pattern: Pointer, field: Pointer) -> bool:
    """True when a rule's pointer (``*`` is any one key or index) names the field or something it lies in."""
    return len(pattern) <= len(field) and all(
        part == "*" or str(part) == str(actual) for part, actual in zip(pattern, field, strict=False)
    )


MOST_SHOWN: Final = 1000
"""Fields of one record that are shown, each with its first letters."""
_MOST_LETTERS: Final = 300


def show_fields(fields: tuple[Pointer, ...]) -> list[str]:
    """The fields as RFC 6901 text; of very many the first, and a last entry that says how many more there are."""
    shown = [_shown(field) for field in fields[:MOST_SHOWN]]
    return shown if len(fields) <= MOST_SHOWN else [*shown, f"and {len(fields) - MOST_SHOWN:,} more"]


def count_shown(shown: Sequence[str]) -> int:
    """How many fields there were."""
    if not shown or shown[-1].startswith("/"):
        return len(shown)
    return len(shown) - 1 + int(shown[-1].split()[1].replace(",", ""))


def _shown(field: Pointer) -> str:
    text = format_pointer([part if isinstance(part, int) else part[:_MOST_LETTERS] for part in field]) or "/"
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}..."
