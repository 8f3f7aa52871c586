"""What is known of the changes and incidents of a catalogue without reading them: from the index of its tree.

It holds what :class:`~itsm_as_code.records.facts.Facts` would work out of all of them, in parts that are asked for one
by one: what is still to come, how changes ended by service and model, and which of them incidents name. What differs in
a few records is worked out of those records, before and after.
"""

from __future__ import annotations

import zlib
from bisect import insort
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeVar

from itsm_as_code.clock import parse_instant
from itsm_as_code.records.outcomes import OVER, History, Outcome, blamed_at, outcome
from itsm_as_code.records.times import Times, number, numbered

Data = dict[str, Any]
Key = TypeVar("Key")
Read = Callable[[Iterable[str]], list[Data]]
"""Gives the data of those changes of some names that there are."""
Part = Callable[[str], Any]
"""Gives a part of the index by its name; an exception where there is none."""
_SIZE: Final = 128
"""Entries that a part has, more or less: what is asked for by name is read so many at a time."""


def buckets(count: int) -> int:
    """Into how many parts so many entries go."""
    return max(1, count // _SIZE)


def bucket(name: str, of: int) -> int:
    """In which of so many parts an entry stands."""
    return zlib.crc32(name.encode("utf-8", "surrogateescape")) % of


def divided(title: str, entries: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that hold some entries, and one that says how many there are, by name."""
    count = buckets(len(entries))
    parts: dict[str, Any] = {f"{title} {place}": {} for place in range(count)}
    for name, entry in entries.items():
        parts[f"{title} {bucket(name, count)}"][name] = entry
    return {**parts, title: [len(entries), count]}


class Divided(Mapping[str, Any]):
    """The entries of :func:`divided`, in the order of their names, read part by part when they are asked for."""

    def __init__(self, title: str, part: Part) -> None:
        self._title, self._part = title, part
        self._size, self._count = part(title)
        self._parts: dict[int, dict[str, Any]] = {}

    def _of(self, place: int) -> dict[str, Any]:
        if place not in self._parts:
            self._parts[place] = self._part(f"{self._title} {place}")
        return self._parts[place]

    def __getitem__(self, name: str) -> Any:
        return self._of(bucket(name, self._count))[name]

    @cached_property
    def whole(self) -> dict[str, Any]:
        """All of them."""
        found = [item for place in range(self._count) for item in self._of(place).items()]
        return dict(sorted(found, key=lambda item: item[0]))

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole)

    def __len__(self) -> int:
        return int(self._size)


def _outcome(numbers: list[int]) -> Outcome:
    known, failed = map(numbered, numbers)
    return Outcome(known, failed)


class _Counted(History):
    """A history by the numbers of its instants."""

    def __init__(self, known: list[int], failed: list[int]) -> None:
        self.known, self.failed = known, failed

    def at(self, moment: datetime) -> tuple[int, int]:
        return self.counted(self.known, self.failed, number(moment))

    def other(self, gone: Iterable[Outcome], more: Iterable[Outcome]) -> _Counted:
        """The history without some outcomes, and with others."""
        known, failed = list(self.known), list(self.failed)
        for item in gone:
            known.remove(number(item.known))
            if item.has_failed:
                failed.remove(number(item.failed))
        for item in more:
            insort(known, number(item.known))
            if item.has_failed:
                insort(failed, number(item.failed))
        return _Counted(known, failed)


class Summary:
    """What the index of a tree says of its changes; ``read`` gives those that are asked for by name."""

    def __init__(self, read: Read, part: Part) -> None:
        self.read, self._part = read, part

    @cached_property
    def _changes(self) -> Any:
        return self._part("changes")

    @cached_property
    def _histories(self) -> Any:
        return self._part("history")

    @property
    def names_to_come(self) -> list[str]:
        """The names of changes that are not over."""
        found: list[str] = self._changes["toCome"]
        return found

    @property
    def names_of_releases(self) -> list[str]:
        """The names of changes that name a release."""
        found: list[str] = self._changes["released"]
        return found

    @property
    def names_by_model(self) -> Mapping[str, list[str]]:
        """The names of the standard changes of each model."""
        found: dict[str, list[str]] = self._changes["models"]
        return found

    @property
    def changes_to_come(self) -> list[Data]:
        """As of facts, like all that follows."""
        return self.read(self.names_to_come)

    @property
    def changes_of_releases(self) -> list[Data]:
        return self.read(self.names_of_releases)

    @property
    def changes_by_model(self) -> Mapping[str, list[Data]]:
        return Made(lambda model: self.read(self.names_by_model.get(model, ())))

    @cached_property
    def blamed(self) -> Mapping[str, list[datetime]]:
        return {name: sorted(map(parse_instant, texts)) for name, texts in self._changes["blamed"].items()}

    @cached_property
    def times(self) -> Times:
        return Times(self._part("times")["rows"])

    @property
    def change_history(self) -> _Counted:
        return _Counted(*self._histories[0])

    @property
    def model_history(self) -> _Counted:
        return _Counted(*self._histories[1])

    @cached_property
    def outcomes_by_service(self) -> Mapping[str, dict[str, Outcome]]:
        return self._ended("outcomes of services")

    @cached_property
    def outcomes_by_model(self) -> Mapping[str, dict[str, Outcome]]:
        return self._ended("outcomes of models")

    def _ended(self, title: str) -> Mapping[str, dict[str, Outcome]]:
        stored = Divided(title, self._part)
        return Made(lambda key: {name: _outcome(item) for name, item in stored.get(key, {}).items()})


class Made(Mapping[Key, Any]):
    """Answers by key, worked out when they are asked for; of some it is known which ``keys`` there are."""

    def __init__(self, make: Callable[[Key], Any], keys: Collection[Key] | None = None) -> None:
        self._make, self._keys = make, keys
        self._known: dict[Key, Any] = {}

    def __getitem__(self, key: Key) -> Any:
        if key not in self._known:
            self._known[key] = self._make(key)
        return self._known[key]

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) if self._keys is None else key in self._keys

    def __iter__(self) -> Iterator[Key]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def _all(self) -> Collection[Key]:
        if self._keys is None:
            raise NotImplementedError
        return self._keys


class Changed(Summary):
    """What is known of a catalogue that differs from another one in some records."""

    def __init__(self, read: Read, before: Summary, old: Iterable[Data], new: Iterable[Data]) -> None:
        """``old`` and ``new`` are the data of valid records before and after: of changes and incidents."""
        self.read, self._before = read, before
        (self._old, was), (self._new, now) = _sorted_out(old), _sorted_out(new)
        self._was, self._now = blamed_at(was), blamed_at(now)
        self._names = self._old.keys() | self._new.keys()

    @cached_property
    def blamed(self) -> Mapping[str, list[datetime]]:
        found = dict(self._before.blamed)
        for name in self._was.keys() | self._now.keys():
            times = list(found.pop(name, ()))
            for time in self._was.get(name, ()):
                times.remove(time)
            times = sorted([*times, *self._now.get(name, ())])
            if times:
                found[name] = times
        return found

    @cached_property
    def _outcomes(self) -> dict[str, tuple[Data | None, Outcome | None, Data | None, Outcome | None]]:
        """The changes that may have ended otherwise: data and outcome before and after."""
        found = {}
        for name in sorted(self._names | self._was.keys() | self._now.keys()):
            old = self._old.get(name) if name in self._names else next(iter(self._before.read([name])), None)
            new = self._new.get(name) if name in self._names else old
            before = outcome(old, self._before.blamed) if old is not None else None
            found[name] = old, before, new, outcome(new, self.blamed) if new is not None else None
        return found

    @cached_property
    def names_to_come(self) -> list[str]:
        return self._renewed(self._before.names_to_come, lambda data: data["spec"]["status"] not in OVER)

    @cached_property
    def names_of_releases(self) -> list[str]:
        return self._renewed(self._before.names_of_releases, lambda data: "release" in data["spec"])

    def _renewed(self, before: Iterable[str], counts: Callable[[Data], bool]) -> list[str]:
        """The names of changes that count, by those that did before."""
        kept = (name for name in before if name not in self._names)
        return sorted([*kept, *(name for name, data in self._new.items() if counts(data))])

    @cached_property
    def names_by_model(self) -> Mapping[str, list[str]]:
        before = self._before.names_by_model
        return Made(lambda model: self._renewed(before.get(model, ()), lambda data: model_of(data) == model))

    @cached_property
    def times(self) -> Times:
        return self._before.times.renewed(self._names, self._new.values())

    @cached_property
    def change_history(self) -> _Counted:
        return self._before.change_history.other(*self._differing(lambda data: True))

    @cached_property
    def model_history(self) -> _Counted:
        return self._before.model_history.other(*self._differing(lambda data: model_of(data) is not None))

    def _differing(self, counts: Callable[[Data], bool]) -> tuple[list[Outcome], list[Outcome]]:
        """The outcomes of changes that count which are not what they were, before and after."""
        rows = self._outcomes.values()
        old = [before for data, before, _, _ in rows if data is not None and before is not None and counts(data)]
        return old, [after for _, _, data, after in rows if data is not None and after is not None and counts(data)]

    @cached_property
    def outcomes_by_service(self) -> Mapping[str, dict[str, Outcome]]:
        return self._of(self._before.outcomes_by_service, lambda data: data["spec"].get("services", ()))

    @cached_property
    def outcomes_by_model(self) -> Mapping[str, dict[str, Outcome]]:
        return self._of(self._before.outcomes_by_model, lambda data: [model_of(data)])

    def _of(
        self, before: Mapping[str, dict[str, Outcome]], keys: Callable[[Data], Collection[str | None]]
    ) -> Mapping[str, dict[str, Outcome]]:
        def made(key: str) -> dict[str, Outcome]:
            found = {name: item for name, item in before[key].items() if name not in self._outcomes}
            for name, (_, _, data, after) in self._outcomes.items():
                if data is not None and after is not None and key in keys(data):
                    found[name] = after
            return found

        return Made(made)


def _sorted_out(records: Iterable[Data]) -> tuple[dict[str, Data], list[Data]]:
    """Changes by name, and incidents."""
    changes, incidents = {}, []
    for data in records:
        if data["kind"] == "Change":
            changes[data["metadata"]["name"]] = data
        elif data["kind"] == "Incident":
            incidents.append(data)
    return changes, incidents


def model_of(data: Data) -> str | None:
    spec = data["spec"]
    return spec.get("model") if spec.get("type") == "standard" else None
