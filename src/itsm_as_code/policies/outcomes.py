"""What policies said of all records: most records are told the same, so it is kept by what is said together."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Set
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Final

from itsm_as_code.findings import RecordId, Severity
from itsm_as_code.policies.engine import Outcome

Form = tuple[tuple[str, str, str, Severity], ...]
"""What is said of a record by one policy after the other: name, status, message and severity."""
_said: Final = itemgetter(0, 2, 3, 4)


class Outcomes(Collection[Outcome]):
    """Outcomes in the order in which records are judged."""

    def __init__(self, told: Iterable[tuple[RecordId, Form]]) -> None:
        numbers: dict[Form, int] = {}
        found = [(record, numbers.setdefault(form, len(numbers))) for record, form in told]
        self._forms, self._told = list(numbers), found

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Outcomes:
        """Those of records one after the other."""
        if isinstance(outcomes, cls):
            return outcomes
        by_record = groupby(outcomes, attrgetter("record"))
        return cls((record, tuple(map(_said, found))) for record, found in by_record)

    @classmethod
    def read(cls, data: Any) -> Outcomes:
        """What :attr:`plain` gave."""
        forms, kinds, numbers, of_kinds, names = data
        found = cls(())
        found._forms = [
            tuple((policy, status, message, Severity(severity)) for policy, status, message, severity in form)
            for form in forms
        ]
        rows = zip(numbers, of_kinds, names, strict=True)
        found._told = [(RecordId(kinds[kind], name), number) for number, kind, name in rows]
        return found

    @property
    def plain(self) -> list[Any]:
        """The same as plain data, which is equal where what is said is."""
        kinds: dict[str, int] = {}
        of_kinds = [kinds.setdefault(record.kind, len(kinds)) for record, _ in self._told]
        forms = [[[*said[:3], said[3].value] for said in form] for form in self._forms]
        return [forms, list(kinds), [at for _, at in self._told], of_kinds, [record.name for record, _ in self._told]]

    def __reduce__(self) -> Any:
        return Outcomes.read, (self.plain,)

    def __iter__(self) -> Iterator[Outcome]:
        new, forms = tuple.__new__, self._forms
        for record, number in self._told:
            for policy, status, message, severity in forms[number]:
                yield new(Outcome, (policy, record, status, message, severity))

    def __len__(self) -> int:
        return sum(len(self._forms[number]) for _, number in self._told)

    def __contains__(self, outcome: object) -> bool:
        return any(outcome == own for own in self)

    def without(self, records: Set[RecordId], more: Iterable[Outcome], place: Callable[[RecordId], Any]) -> Outcomes:
        """The outcomes of other records, and ``more``, in the order of places, in which these are."""
        kept = [(record, self._forms[number]) for record, number in self._told if record not in records]
        fresh = Outcomes.of(more)
        rows: list[tuple[RecordId, Form]] = []
        done = 0
        for record, number in sorted(fresh._told, key=lambda row: place(row[0])):
            at = bisect(kept, place(record), done, key=lambda row: place(row[0]))
            rows += (*kept[done:at], (record, fresh._forms[number]))
            done = at
        return Outcomes(rows + kept[done:])

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """How often a policy had a status, by both."""
        found: Counter[tuple[str, str]] = Counter()
        for number, count in Counter(number for _, number in self._told).items():
            for policy, status, _, _ in self._forms[number]:
                found[policy, status] += count
        return found
