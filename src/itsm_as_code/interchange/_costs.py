"""Costs on their way into cost statements: a table of any length, read line by line, added up exactly.

What is kept is a sum for each month, provider, currency and service; so memory is bounded by those, never by the file.
A line that cannot be read is reported by its number and left out, and each statement says how many there were.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact
from typing import IO, Any, Final

import orjson

from itsm_as_code.errors import UsageError
from itsm_as_code.findings import Location, RecordId, Rule, Severity, did_you_mean
from itsm_as_code.interchange._notes import Notes, listed
from itsm_as_code.interchange._store import Conversion, Known, NewRecord
from itsm_as_code.records.kinds import API_VERSION

COSTS_COLUMNS: Final = Rule(
    "costs-columns",
    "A table of costs has the columns that it is read by",
    Severity.ERROR,
    "Each line says month, provider, currency and amount, and where it is known the service. A table of costs that "
    "lacks one of these columns is not read at all; name the column with --map.",
)
COSTS_LINE: Final = Rule(
    "costs-line",
    "Every line of a table of costs can be read",
    Severity.ERROR,
    "A line whose amount is no decimal number, whose month or currency is none, or that is no line of the table, is "
    "left out; the others are added up, and the cost statement says how many were left out.",
)
COSTS_SERVICE: Final = Rule(
    "costs-service",
    "What costs name as their service is one",
    Severity.WARNING,
    "What names no service is kept apart as untagged, with what it says. Map it with --map service:THEIRS=OURS, or "
    "correct the tag where it is made.",
)
RULES: Final = (COSTS_COLUMNS, COSTS_LINE, COSTS_SERVICE)
FIELDS: Final = ("month", "provider", "currency", "amount", "service")
_EXACT: Final = Context(prec=256, traps=[Inexact])
_NUMBER: Final = re.compile(r"-?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][-+]?\d{1,2})?\Z", re.ASCII)
_COMMA: Final = re.compile(r"-?(?:\d{1,3}(?:\.\d{3})+|\d{1,18})(?:,\d{1,18})?\Z", re.ASCII)
"""What stands there where decimals stand after a comma: a point parts thousands, and nothing else."""
_MONTH: Final = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2]))(?:-\d\d(?:[T ].{0,30})?)?\Z", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z")
_MOST_SHOWN: Final = 20
_MOST_KEYS: Final = 1 << 16
_MOST_TAGS: Final = 1_000
"""So many tags that name no service are kept apart in a statement; the others are one line."""
_PLACES: Final = 9
_OTHERS: Final = "(other tags)"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a table is read: the column of each field (the first that there is), constants, and names of services.

    ``tag`` is the key of the service within a column of JSON; ``comma``: decimals stand after a comma.
    """

    form: str
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    tag: str | None = None
    encoding: str = "utf-8-sig"
    comma: bool = False

    def mapped(self, given: Iterable[str]) -> Reading:
        """With ``FIELD=COLUMN``, ``FIELD==TEXT`` and ``service:THEIRS=OURS``; UsageError for anything else."""
        columns, constants, services, tag = dict(self.columns), dict(self.constants), dict(self.services), self.tag
        for item in given:
            name, sign, value = item.partition("=")
            if name.startswith("service:") and value:
                services[name.removeprefix("service:").casefold()] = value
            elif name in FIELDS and value.startswith("=") and value != "=":
                constants[name] = value[1:]
            elif name in FIELDS and value and not value.startswith("="):
                columns[name] = (value,)
                tag = None if name == "service" else tag
            else:
                remedy = did_you_mean(name, FIELDS) or "say FIELD=COLUMN, FIELD==TEXT or service:THEIRS=OURS"
                raise UsageError(f"--map {item} maps nothing", remedy=remedy if sign else "say FIELD=COLUMN")
        return Reading(self.form, columns, constants, services, tag, self.encoding, self.comma)


_Key = tuple[str, str, str, str, bool]
"""Month, provider, currency, and a service or (True) a tag that is none; both empty where nothing is said."""


@dataclass(slots=True)
class _Sums:
    """What was added up of one file."""

    path: str
    digest: str = ""
    amounts: dict[_Key, Decimal] = field(default_factory=dict)
    rows: dict[_Key, int] = field(default_factory=dict)
    left_out: int = 0
    tags: set[str] = field(default_factory=set)


class _Bad(ValueError):
    pass


def convert(sources: Mapping[str, bytes | IO[bytes]], known: Known, reading: Reading) -> Conversion:
    """Cost statements of what files hold: one for each month, provider and currency of a file."""
    notes, records, refused = Notes(), list[NewRecord](), 0
    services = {id_.name for id_ in known.records if id_.kind == "Service"}
    suppliers = {
        record.data["metadata"]["title"].casefold(): id_.name
        for id_, record in known.records.items()
        if id_.kind == "Supplier" and record.valid
    }
    for path, content in sources.items():
        sums = _Sums(path)
        stream = _Hashed(io.BytesIO(content) if isinstance(content, bytes) else content)
        _read(stream, reading, services, sums, notes)
        sums.digest = stream.digest()
        _tell_untagged(sums, notes)
        refused += sums.left_out
        for record in _statements(sums, reading.form, suppliers):
            if any(other.id == record.id for other in records):
                message = f"{record.id.name} is told of by another file too; join the files, or import one of them"
                notes.add(COSTS_LINE, message, record.origin, remedy="one file for each month and provider")
            else:
                records.append(record)
    return Conversion(records, notes.findings(), refused, remember=False)


class _Hashed(io.RawIOBase):
    """A stream whose digest is known at its end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._hash = stream, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._stream.read(len(buffer))
        self._hash.update(found)
        buffer[: len(found)] = found
        return len(found)

    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def _read(stream: _Hashed, reading: Reading, services: set[str], sums: _Sums, notes: Notes) -> None:
    buffered = io.BufferedReader(stream, 1 << 16)
    text = io.TextIOWrapper(buffered, encoding=reading.encoding, errors="surrogateescape", newline="")
    head = text.readline(1 << 16)
    names = next(csv.reader([head], delimiter=(delimiter := max(",;\t", key=head.count))), [])
    picked = _columns([name.strip() for name in names], reading, sums.path, notes)
    if picked is not None:
        _Adder(reading, services, picked, len(names), sums, notes).add_all(csv.reader(text, delimiter=delimiter))
    while text.read(1 << 20):
        pass  # for the digest
    text.detach()


def _columns(names: list[str], reading: Reading, path: str, notes: Notes) -> dict[str, int] | None:
    """The place of the column of each field that a column gives; None where one lacks."""
    found, lacking = {}, []
    for name in FIELDS:
        wanted = reading.columns.get(name, (name,))
        place = next((names.index(column) for column in wanted if column in names), None)
        if name in reading.constants:
            continue
        if place is not None:
            found[name] = place
        elif name != "service" or "service" in reading.columns:
            lacking.append(name)
    for name in lacking:
        wanted = reading.columns.get(name, (name,))
        remedy = did_you_mean(wanted[0], names) or f"say which it is: --map {name}=COLUMN, or --map {name}==TEXT"
        message = f"there is no column {' or '.join(wanted)}, by which '{name}' is read"
        if any("\udc80" <= letter <= "\udcff" for column in names for letter in column):
            remedy = "save the file as UTF-8, or say --encoding cp1252"
        if name == "service":
            notes.add(COSTS_SERVICE, message, Location(path, 1, 1), remedy=remedy)
        else:
            notes.add(COSTS_COLUMNS, message, Location(path, 1, 1), remedy=remedy)
    return None if set(lacking) - {"service"} else found


class _Adder:
    """Adds the lines of one table up."""

    def __init__(
        self, reading: Reading, services: set[str], picked: Mapping[str, int], width: int, sums: _Sums, notes: Notes
    ) -> None:
        self._reading, self._services, self._sums, self._notes = reading, services, sums, notes
        self._amount, self._width = picked.get("amount"), width
        self._told = [picked.get(name) for name in ("month", "provider", "currency", "service")]
        self._keys: dict[tuple[str, ...], _Key] = {}

    def add_all(self, rows: Any) -> None:
        """All lines; one that cannot be read is said, and counted as left out."""
        amounts, counts, exact, width = self._sums.amounts, self._sums.rows, _EXACT.add, self._width
        zero, before = Decimal(0), 0
        while True:
            before = rows.line_num
            try:
                cells = next(rows)
                if len(cells) != width:
                    if not cells:
                        continue
                    raise _Bad(f"it has {len(cells)} cells, and the table {width} columns")
                key = self._key(cells)
                amount = self._number(cells)
                amounts[key] = exact(amounts.get(key, zero), amount)
                counts[key] = counts.get(key, 0) + 1
            except StopIteration:
                return
            except (csv.Error, _Bad) as error:
                self._leave_out(str(error), before + 2, rows.line_num + 1)

    def _leave_out(self, why: str, first: int, last: int) -> None:
        self._sums.left_out += max(last - first + 1, 1)
        if self._sums.left_out <= _MOST_SHOWN:
            lines = f"lines {first} to {last} are" if last > first else "the line is"
            remedy = "mend it where it is made, and import the file again"
            where = Location(self._sums.path, max(first, 1), 1)
            self._notes.add(COSTS_LINE, f"line {first}: {why}; {lines} left out", where, remedy=remedy)

    def _number(self, cells: list[str]) -> Decimal:
        text = self._reading.constants["amount"] if self._amount is None else cells[self._amount]
        if not _NUMBER.match(text) or self._reading.comma:
            text = text.strip()
            if not (_COMMA if self._reading.comma else _NUMBER).match(text):
                comma = "," in text and not self._reading.comma
                hint = "; decimals stand after a point, or say --decimal comma" if comma else ""
                raise _Bad(f"its amount '{_shown(text)}' is no decimal number{hint}")
            text = text.replace(".", "").replace(",", ".") if self._reading.comma else text
        return Decimal(text)

    def _key(self, cells: list[str]) -> _Key:
        raw = tuple("" if place is None else cells[place] for place in self._told)
        found = self._keys.get(raw)
        if found is None:
            found = self._made(raw)
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            self._keys[raw] = found
        return found

    def _made(self, raw: tuple[str, ...]) -> _Key:
        if any("\udc80" <= letter <= "\udcff" for text in raw if not text.isascii() for letter in text):
            raise _Bad("it is not UTF-8; save the file as UTF-8, or say --encoding cp1252")
        constants = self._reading.constants
        month, provider, currency, service = (
            constants.get(name, value).strip()
            for name, value in zip(("month", "provider", "currency", "service"), raw, strict=True)
        )
        match = _MONTH.match(month)
        if match is None:
            raise _Bad(f"'{_shown(month)}' is no month such as 2026-10")
        if not _CURRENCY.match(currency):
            raise _Bad(f"'{_shown(currency)}' is no currency such as EUR")
        if not provider or not provider.isprintable() or len(provider) > 200:
            raise _Bad(f"'{_shown(provider)}' is no provider")
        if self._reading.tag is not None and "service" not in constants:
            service = _tag(service, self._reading.tag)
        return (match[1], provider, currency, *self._service(service))

    def _service(self, text: str) -> tuple[str, bool]:
        """The service that a text names, else a tag that is none: what is odd, or one too many, under one name."""
        name = self._reading.services.get(text.casefold(), text)
        if name in self._services or not name:
            return name, False
        if name.casefold() in self._services:
            return name.casefold(), False
        if not name.isprintable() or len(name) > 200 or len(self._sums.tags) >= _MOST_TAGS:
            name = name if name in self._sums.tags else _OTHERS
        self._sums.tags.add(name)
        return name, True


def _tag(text: str, key: str) -> str:
    """The value of a key of a JSON object of tags (FOCUS, attribute "key-value format"); its case does not matter."""
    if not text or text == "{}":
        return ""
    try:
        tags = orjson.loads(text.encode("utf-8", "surrogateescape"))
    except orjson.JSONDecodeError:
        raise _Bad(f"its tags '{_shown(text)}' are no JSON") from None
    for name, value in tags.items() if isinstance(tags, dict) else ():
        if name.casefold() == key.casefold():
            return value.strip() if isinstance(value, str) else ""
    return ""


def _shown(text: str) -> str:
    return text[:40].encode("utf-8", "backslashreplace").decode() + ("…" if len(text) > 40 else "")


def _tell_untagged(sums: _Sums, notes: Notes) -> None:
    """Of what names no service; and how many lines were left out that were not told one by one."""
    where = Location(sums.path, 1, 1)
    if sums.left_out:
        message = f"{sums.left_out:,} of {sum(sums.rows.values()) + sums.left_out:,} lines are left out in all"
        notes.add(COSTS_LINE, message, where, remedy="mend them where they are made, and import the file again")
    if sums.tags:
        message = f"these are no services: {listed(sorted(sums.tags))}; their costs are kept as untagged"
        notes.add(COSTS_SERVICE, message, where, remedy="say --map service:THEIRS=OURS, or correct the tags")
    bare = sum(count for key, count in sums.rows.items() if not key[3])
    if bare:
        message = f"{bare:,} of {sum(sums.rows.values()):,} lines name no service; their costs are kept as untagged"
        notes.add(COSTS_SERVICE, message, where, severity=Severity.INFO, remedy="tag what they bill with its service")


def _statements(sums: _Sums, form: str, suppliers: Mapping[str, str]) -> Iterator[NewRecord]:
    groups: dict[tuple[str, str, str], list[_Key]] = {}
    for key in sums.amounts:
        groups.setdefault(key[:3], []).append(key)
    for (month, provider, currency), keys in sorted(groups.items()):
        keys.sort(key=lambda key: (key[4] or not key[3], key[3]))
        total, lines = _rounded([sums.amounts[key] for key in keys])
        name = f"{_slug(provider)}-{month}-{currency.casefold()}"
        spec: dict[str, Any] = {"month": month, "provider": provider}
        if provider.casefold() in suppliers:
            spec["supplier"] = suppliers[provider.casefold()]
        source = {"form": form, "file": sums.path.replace("\\", "/").rpartition("/")[2], "digest": sums.digest}
        counts = {"rows": sum(sums.rows[key] for key in keys), "leftOut": sums.left_out}
        told = [
            ({("tag" if key[4] else "service"): key[3]} if key[3] else {}) | {"amount": amount}
            for key, amount in zip(keys, lines, strict=True)
        ]
        spec |= {"currency": currency, "source": source | counts, "total": total, "lines": told}
        head = {"name": name, "title": f"{provider}, {month}, {currency}"}
        data = {"apiVersion": API_VERSION, "kind": "CostStatement", "metadata": head, "spec": spec}
        yield NewRecord(RecordId("CostStatement", name), data, Location(sums.path, 1, 1))


def _rounded(amounts: list[Decimal]) -> tuple[str, list[str]]:
    """The total and the amounts to nine decimals, so that they still add up: each is what its sum so far grew by."""
    step, so_far, before, found = Decimal(1).scaleb(-_PLACES), Decimal(0), Decimal(0), []
    rounding = Context(prec=256)
    for amount in amounts:
        so_far = _EXACT.add(so_far, amount)
        now = rounding.quantize(so_far, step)
        found.append(_plain(_EXACT.subtract(now, before)))
        before = now
    return _plain(before), found


def _plain(amount: Decimal) -> str:
    """Without zeros at its end, but for those of cents."""
    text = f"{amount:f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    whole = "0" if whole in ("-0", "-", "") and not decimals else whole
    return f"{whole}.{decimals.ljust(2, '0')}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:40].strip("-") or "provider"
