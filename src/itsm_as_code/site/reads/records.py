"""Records, facts and a catalogue that note what is asked of them.

A record tells apart its title, its brief (what is short in its ``spec``: owner, tier, status), its body (all but title
and free text), and all of it: who links to a service does not depend on its plan for disasters, and what counts changes
not on what they are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any

from itsm_as_code.clock import Interval
from itsm_as_code.findings import Pointer, RecordId
from itsm_as_code.records import summary
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.facts import Data, Facts, Made
from itsm_as_code.records.graph import ServiceGraph
from itsm_as_code.records.outcomes import History, Outcome
from itsm_as_code.site.reads.differing import MARK, SHORT
from itsm_as_code.site.reads.notes import Notes, bind, by_name, remembering


class SeenSpec(dict[str, Any]):
    """A record's ``spec`` that notes whether what is short in it was asked for, free text, or more."""

    __slots__ = ("_record",)

    def __init__(self, record: SeenRecord) -> None:
        super().__init__(record.real.spec)
        self._record = record

    def __getitem__(self, key: str) -> Any:
        self._record.note_field(key, dict.get(self, key))
        return dict.__getitem__(self, key)

    def get(self, key: str, default: Any = None) -> Any:
        value = dict.get(self, key)
        self._record.note_field(key, value)
        return dict.get(self, key, default)

    def __contains__(self, key: object) -> bool:
        self._record.note("brief")
        return dict.__contains__(self, key)


def _whole(name: str) -> Any:
    method = getattr(dict, name)

    def call(self: SeenSpec, *given: Any) -> Any:
        self._record.note("whole")
        return method(self, *given)

    return call


for _name in (
    "__iter__", "__len__", "__eq__", "__ne__", "__or__", "__ror__", "__reversed__", "items", "keys", "values", "copy",
):  # fmt: skip
    setattr(SeenSpec, _name, _whole(_name))


class SeenRecord(Record):
    """A record that notes what is asked of it; by what it is called it was asked for."""

    __slots__ = ("notes", "real")
    notes: Notes
    real: Record

    def __init__(self, real: Record, notes: Notes) -> None:
        object.__setattr__(self, "real", real)
        object.__setattr__(self, "notes", notes)
        object.__setattr__(self, "id", real.id)
        object.__setattr__(self, "kind", real.kind)

    def note(self, what: str) -> None:
        self.notes.of_record(what, self.id.kind, self.id.name)

    def note_field(self, key: str, value: object) -> None:
        """Note that a field of the ``spec`` was asked for."""
        self.note("whole" if key in self.kind.prose else "brief" if isinstance(value, SHORT) else "body")

    @property
    def title(self) -> str:
        self.note("title")
        return self.real.title

    @property
    def spec(self) -> dict[str, Any]:
        return SeenSpec(self)

    @property
    def pack(self) -> str:
        self.note("brief")
        return self.real.pack

    def at(self, pointer: Pointer) -> Any:
        if pointer[:1] == ("spec",) and len(pointer) > 1:
            self.note_field(str(pointer[1]), self.real.at(pointer[:2]))
        else:
            self.note("whole")
        return self.real.at(pointer)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)


for _name in ("data", "path", "content", "oid", "valid"):

    def _ask(self: SeenRecord, name: str = _name) -> Any:
        self.note("whole")
        return getattr(self.real, name)

    setattr(SeenRecord, _name, property(_ask))

by_name(SeenRecord)


class SeenCatalogue(Catalogue):
    """A catalogue that notes what is asked of it."""

    def __init__(self, real: Catalogue, notes: Notes) -> None:
        super().__init__(real.snapshot, real.registry, _Every(self), real.findings)
        self.real, self.notes = real, notes
        notes.direct["referrers"] = lambda kind, name: _referring(real, kind, name)

    def seen(self, record: Record) -> SeenRecord:
        return record if isinstance(record, SeenRecord) else SeenRecord(record, self.notes)

    def get(self, kind: str, name: str) -> Record | None:
        found = self.real.get(kind, name)
        self.notes.of_record("title", kind, name)
        return SeenRecord(found, self.notes) if found is not None else None

    def some(self, kind: str, names: Iterable[str]) -> list[Record]:
        wanted = list(names)
        for name in wanted:
            self.notes.of_record("title", kind, name)
        return [SeenRecord(record, self.notes) for record in self.real.some(kind, wanted)]

    def of_kind(self, kind: str) -> list[Record]:
        self.notes.of_records("names", kind)
        return [SeenRecord(record, self.notes) for record in self.real.of_kind(kind)]

    def valid_names(self, kind: str) -> list[str]:
        self.notes.of_records("names", kind)
        return self.real.valid_names(kind)

    @property
    def referrers(self) -> Any:
        return _Referrers(self)


class _Every(Mapping[RecordId, Record]):
    """All records by what they are called, valid or not."""

    def __init__(self, catalogue: SeenCatalogue) -> None:
        self._catalogue = catalogue

    def __getitem__(self, record: RecordId) -> Record:
        self._catalogue.notes.of_record("whole", record.kind, record.name)
        return self._catalogue.seen(self._catalogue.real.records[record])

    def __iter__(self) -> Iterator[RecordId]:
        self._catalogue.notes.of_records("everything")
        return iter(self._catalogue.real.records)

    def __len__(self) -> int:
        self._catalogue.notes.of_records("everything")
        return len(self._catalogue.real.records)


class _Referrers:
    def __init__(self, catalogue: SeenCatalogue) -> None:
        self._catalogue = catalogue

    def get(self, record: RecordId, default: Any = ()) -> Any:
        found: list[tuple[Record, Pointer]] = self._catalogue.real.referrers.get(record, default)
        self._catalogue.notes.note(MARK.join(("referrers", record.kind, record.name)))
        return [(self._catalogue.seen(referrer), pointer) for referrer, pointer in found]


def _referring(catalogue: Catalogue, kind: str, name: str) -> str:
    found = catalogue.referrers.get(RecordId(kind, name), ())
    return "\n".join(f"{record.id.kind}/{record.id.name} {'/'.join(map(str, pointer))}" for record, pointer in found)


class _Kinds:
    """The records of all kinds as facts look them up, who read no title and no free text."""

    def __init__(self, real: Mapping[str, Mapping[str, Data]], notes: Notes) -> None:
        self._kinds = {kind: _Names(kind, records, notes) for kind, records in real.items()}
        self._notes = notes

    def get(self, kind: str, default: Any = None) -> Any:
        return self._kinds.get(kind, default)

    def values(self) -> Iterator[Mapping[str, Data]]:
        self._notes.of_records("everything")
        return (names.real for names in self._kinds.values())


class _Names:
    def __init__(self, kind: str, real: Mapping[str, Data], notes: Notes) -> None:
        self._kind, self.real, self._notes = kind, real, notes

    def get(self, name: str, default: Any = None) -> Any:
        self._notes.of_record("body", self._kind, str(name))
        return self.real.get(name, default)

    def _all(self) -> Mapping[str, Data]:
        self._notes.of_records("bodies", self._kind)
        return self.real

    def values(self) -> Any:
        return self._all().values()

    def items(self) -> Any:
        return self._all().items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __getitem__(self, name: str) -> Data:
        return self._all()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._all()


class _Facts(Facts):
    """Facts that note what is asked of them."""

    notes: Notes

    def __init__(self, real: Facts, notes: Notes) -> None:
        kinds: Any = _Kinds(real._by_kind, notes)
        super().__init__(kinds, timezone=real.timezone, monitoring=real.monitoring)
        self.notes, self._real = notes, real
        self._made_of: dict[tuple[Any, ...], set[int]] = {}
        bind(self)

    def covered(self, calendar: Data, window: Interval) -> timedelta:
        """What is remembered of a calendar may be made of any, so that whoever asks depends on all of them."""
        self.records("Calendar")
        return super().covered(calendar, window)

    def remember(self, key: tuple[Any, ...], kinds: Iterable[str], make: Callable[[], Made]) -> Made:
        """Whoever asks depends on what the answer was made of, also where it was made for others."""
        if key not in self._made_of:
            with self.notes.frame() as trace:
                super().remember(key, kinds, make)
            self._made_of[key] = trace
        self.notes.share(self._made_of[key])
        return super().remember(key, kinds, make)

    @cached_property
    def needs(self) -> dict[str, Data]:
        """What services depend on, which is all that the graph is made of."""
        found = {}
        for service in self.records("Service"):
            needed = service.get("spec", {}).get("dependsOn", ())
            found[service["metadata"]["name"]] = {"spec": {"dependsOn": needed}}
        return found

    @cached_property
    def graph(self) -> ServiceGraph:
        return ServiceGraph(dict(self.needs.items()))

    def _ends(self, name: str) -> Any:
        """What is known of how all changes ended, which an index may know without reading them."""
        for kind in ("Change", "Incident"):
            self.notes.of_records("bodies", kind)
        return getattr(self._real, name)

    def _ended_by(self, name: str) -> Mapping[str, dict[str, Outcome]]:
        known = self._ends(name)
        return summary.Made(lambda key: dict(sorted(known.get(key, {}).items())))  # an index has an order of its own

    @cached_property
    def outcomes_by_service(self) -> Mapping[str, dict[str, Outcome]]:
        return self._ended_by("outcomes_by_service")

    @cached_property
    def outcomes_by_model(self) -> Mapping[str, dict[str, Outcome]]:
        return self._ended_by("outcomes_by_model")

    @cached_property
    def names_to_come(self) -> list[str]:
        return sorted(self._ends("names_to_come"))

    @cached_property
    def change_history(self) -> History:
        known: History = self._ends("change_history")
        return known

    @cached_property
    def model_history(self) -> History:
        known: History = self._ends("model_history")
        return known


SeenFacts = remembering(_Facts, "facts")
