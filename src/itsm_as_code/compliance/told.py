"""What was said of records in an earlier run, and still holds: policies on changes at work, and what evidence requires.

Such an answer rests on the rules, on the record that was asked about, and on what the rules look up of others; what is
asked of a change is asked as of when its work began, so no clock moves it. The rules stand in the name under which
answers are kept. Of each record there is a digest beside them, and what differs tells which answers may be others:
those are asked for again, as are those of which anything is not known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import orjson

from itsm_as_code.cache import Cache
from itsm_as_code.compliance.population import BEGAN, when
from itsm_as_code.findings import RecordId
from itsm_as_code.policies.affected import JUDGING_KINDS
from itsm_as_code.policies.cel import Sieve, asks_by_own_names, asks_for_graph, mentions, reads
from itsm_as_code.policies.looks import names_in, naming
from itsm_as_code.policies.policy import Policy
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.index import TreeIndex
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.outcomes import outcome
from itsm_as_code.records.summary import model_of
from itsm_as_code.records.times import number

Answer = tuple[Any, ...]
"""What was said of a record: made of tuples, texts and numbers, as JSON can carry them."""
_PART: Final = "answers"
_FEW: Final = 16
_LITTLE: Final = 500
"""How many times as much has to be known as differs, for what differs not to be written."""
_NO_RECORD: Final[frozenset[RecordId]] = frozenset()


@dataclass(frozen=True, slots=True)
class Rests:
    """What the answer to a question may rest on: it is asked of those that meet ``where``; ``fixed`` are records that
    it looks up whatever it is asked of."""

    where: str
    texts: tuple[str, ...]
    fixed: frozenset[RecordId] = _NO_RECORD

    @classmethod
    def of(cls, policy: Policy) -> Rests:
        """What a policy rests on; records that its parameters are taken from by name stand in the one it judges."""
        sources = [parameter.get("from", {}).get("record") for parameter in policy.params.values()]
        fixed = frozenset(RecordId(source["kind"], source["name"]) for source in sources if source is not None)
        return cls(policy.where, tuple(text for _, text in policy.expressions()), fixed)

    @property
    def asks_for_risk(self) -> bool:
        return any(mentions(text, "risk") for text in self.texts)

    def looks_around(self, kinds: Set[str], *, same_graph: bool) -> bool:
        """True when records of these kinds may have a say, the risk aside, whose names do not stand in the record."""
        found = [reads(text, risk=False) for text in self.texts]
        read = kinds if None in found else kinds & frozenset().union(*(item or () for item in found))
        if not read:
            return False
        if not read.isdisjoint(JUDGING_KINDS):  # which a name may lead to by way of another record
            return True
        is_own = all(asks_by_own_names(text, risk=False) for text in self.texts)
        return not is_own or (not same_graph and any(map(asks_for_graph, self.texts)))


class _Kept(TreeIndex):
    """What is kept for some rules: for the last few of them."""

    directory = "told"
    kept = 3


@dataclass(frozen=True, slots=True)
class _State:
    """Answers by part and record, and what they were given of: digests by kind and name, when work on changes began by
    statements, what services need, which changes incidents name and when, and how changes ended."""

    answers: dict[str, dict[str, Answer]]
    records: dict[str, dict[str, str]]
    started: dict[str, int]
    graph: dict[str, list[str]]
    blamed: dict[str, list[int]]
    ended: dict[str, list[Any]]

    def written(self) -> str:
        """As one text, which is compared with what was meant in no time."""
        data = {
            "answers": {part: _packed(answers) for part, answers in self.answers.items()},
            "records": {kind: ["\n".join(found), "\n".join(found.values())] for kind, found in self.records.items()},
            "started": self.started,
            "graph": self.graph,
            "blamed": self.blamed,
            "ended": self.ended,
        }
        return orjson.dumps(data).decode()

    @classmethod
    def read(cls, text: Any) -> _State:
        """The state that was written so; an exception where none was."""
        data = orjson.loads(text)
        answers = {part: _unpacked(*packed) for part, packed in data["answers"].items()}
        records = {}
        for kind, (names, digests) in data["records"].items():
            records[kind] = dict(zip(*(text.split("\n") if text else () for text in (names, digests)), strict=True))
        return cls(
            answers, records, dict(data["started"]), dict(data["graph"]), dict(data["blamed"]), dict(data["ended"])
        )


def _packed(answers: Mapping[str, Answer]) -> list[Any]:
    """Names, for each the number of its answer, and all answers that there are."""
    numbers: dict[Answer, int] = {}
    each = [numbers.setdefault(answer, len(numbers)) for answer in answers.values()]
    return ["\n".join(answers), each, [_plain(answer) for answer in numbers]]


def _unpacked(names: str, each: list[int], answers: list[Any]) -> dict[str, Answer]:
    known = [_frozen(answer) for answer in answers]
    return dict(zip(names.split("\n") if names else (), [known[place] for place in each], strict=True))


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


class Told:
    """Answers of an earlier run by the same rules, those that hold, and those of this one, which it keeps.

    ``facts`` are what rules look up, ``started`` says when work on changes began by statements of deployments, and
    ``rules`` are a digest of all that answers rest on beside that. ``catalogue`` is that of the facts, where records
    that are asked about are all of it.
    """

    def __init__(
        self,
        cache: Cache,
        registry: KindRegistry,
        facts: Facts,
        started: Mapping[str, datetime],
        rules: bytes,
        catalogue: Catalogue | None = None,
    ) -> None:
        self._index = _Kept(cache, rules.hex())
        self._registry, self._facts, self._times = registry, facts, started
        self._catalogue = catalogue
        self._answers: dict[str, dict[str, Answer]] = {}
        self._new = 0
        try:
            text = self._index.get(_PART)
            self._before = None if text is None else _State.read(text)
        except (LookupError, TypeError, ValueError, AttributeError):  # it is none of this program
            self._before = None

    def held(
        self,
        part: str,
        records: Sequence[Record],
        rests: Sequence[Rests],
        judged: Callable[[Record], dict[str, Any]] = lambda record: record.data,
        added: str = "",
    ) -> dict[str, Answer]:
        """The answers that still hold of some records of a kind, by name.

        ``judged`` is what questions see of a record, ``added`` a text that stands in no more than that.
        """
        before = self._before
        if before is None:
            return {}
        known = before.answers.get(part, {})
        kept = [record for record in records if record.name in known and self._is_same(record)]
        others = self._others(kept, rests, judged, added) if kept and self._touched else set()
        found = {record.name: known[record.name] for record in kept if record.name not in others}
        self._answers.setdefault(part, {}).update(found)
        return found

    def add(self, part: str, record: Record, answer: Answer) -> None:
        """Keep an answer that no clock moves."""
        if self._is_known(record):
            self._answers.setdefault(part, {})[record.name] = answer
            self._new += 1

    def save(self, *, with_history: bool) -> None:
        """Write what holds now; ``with_history`` where answers rest on how other changes ended.

        What is little beside all that is known is asked again the next time, which takes less than to write all.
        """
        before, answers = self._before, self._answers
        if before is not None and before.started == self._started:
            known = sum(map(len, before.records.values()))
            if (len(self._touched) + self._new) * _LITTLE <= known:
                return
            if not self._touched:
                answers = {
                    part: {**before.answers.get(part, {}), **answers.get(part, {})}
                    for part in before.answers.keys() | answers.keys()
                }
        history = (self._blamed, self._ended) if with_history else ({}, {})
        state = _State(answers, self._records, self._started, self._graph, *history)
        self._index.put({_PART: state.written()})

    # What is there now.

    @cached_property
    def _records(self) -> dict[str, dict[str, str]]:
        if self._catalogue is None:
            return {
                kind.name: {data["metadata"]["name"]: _digest(data) for data in self._facts.records(kind.name)}
                for kind in self._registry
            }
        found: dict[str, dict[str, str]] = {kind.name: {} for kind in self._registry}
        for item, (content, _, _, is_valid) in self._catalogue.versions():
            if is_valid and item.kind in found:  # the same content says the same
                found[item.kind][item.name] = content if isinstance(content, str) else _digest(content)
        return found

    @cached_property
    def _started(self) -> dict[str, int]:
        return {name: number(at) for name, at in self._times.items()}

    @cached_property
    def _graph(self) -> dict[str, list[str]]:
        graph = self._facts.graph
        return {name: list(graph.needs(name) or ()) for name in self._records.get("Service", ())}

    @cached_property
    def _blamed(self) -> dict[str, list[int]]:
        return {name: [number(at) for at in times] for name, times in self._facts.blamed.items()}

    @cached_property
    def _ended(self) -> dict[str, list[Any]]:
        """By that of before, and by the changes that differ or of which incidents say something else."""
        before, names = self._before, set(self._records.get("Change", ()))
        if before is not None:
            names = {item.name for item in self._touched if item.kind == "Change"}
            names.update(_differing(before.blamed, self._blamed))
        found = dict(before.ended) if before is not None else {}
        for name in names:
            change = self._facts.record("Change", name)
            ended = outcome(change, self._facts.blamed) if change is not None else None
            if change is not None and ended is not None:
                counts = orjson.dumps([model_of(change), change["spec"].get("services", [])]).decode()
                found[name] = [number(ended.known), number(ended.failed), counts]
            else:
                found.pop(name, None)
        return found

    # What differs.

    @cached_property
    def _touched(self) -> frozenset[RecordId]:
        """The records that are not what they were."""
        before = self._before.records if self._before is not None else {}
        return frozenset(
            RecordId(kind, name)
            for kind in before.keys() | self._records.keys()
            for name in _differing(before.get(kind, {}), self._records.get(kind, {}))
        )

    @cached_property
    def _moved(self) -> frozenset[str]:
        """The changes of which statements say something else of when they began."""
        return frozenset(_differing(self._before.started, self._started) if self._before is not None else ())

    @cached_property
    def _same_graph(self) -> bool:
        is_touched = any(item.kind == "Service" for item in self._touched)
        return self._before is not None and (not is_touched or self._before.graph == self._graph)

    @cached_property
    def _since(self) -> int | None:
        """The first instant by which something else is known of how changes ended; None where nothing is."""
        if self._before is None or not any(item.kind in ("Change", "Incident") for item in self._touched):
            return None
        before, now = self._before.ended, self._ended
        return min((_first(before.get(name), now.get(name)) for name in _differing(before, now)), default=None)

    def _is_known(self, record: Record) -> bool:
        """True for a record that is what others find when they look it up."""
        return self._catalogue is not None or self._facts.record(record.id.kind, record.name) is record.data

    def _is_same(self, record: Record) -> bool:
        is_moved = record.id.kind == "Change" and record.name in self._moved
        return record.id not in self._touched and not is_moved and self._is_known(record)

    def _others(
        self, records: Sequence[Record], rests: Sequence[Rests], judged: Callable[[Record], dict[str, Any]], added: str
    ) -> set[str]:
        """Of records that are what they were those of which something else may be said, for others are not."""
        touched, kinds = self._touched, {item.kind for item in self._touched}
        if any(not touched.isdisjoint(item.fixed) for item in rests):
            return {record.name for record in records}
        around = [item.where for item in rests if item.looks_around(kinds, same_graph=self._same_graph)]
        risky = [item.where for item in rests if item.asks_for_risk]
        since = self._since if risky else None
        if not self._same_graph:
            around += risky
        by_anything, by_history = Sieve(around), Sieve(risky if since is not None else [])
        is_named = self._naming(records[0].id.kind, {item.name for item in touched}, judged, added)
        found = set()
        for record in records:
            if is_named(record) or (around and by_anything.passing(judged(record))):
                found.add(record.name)
            elif since is not None and by_history.passing(judged(record)):
                at = when(record, BEGAN, self._times)
                if at is None or number(at) >= since:  # of what was known when its work began
                    found.add(record.name)
        return found

    def _naming(
        self, kind: str, names: Set[str], judged: Callable[[Record], dict[str, Any]], added: str
    ) -> Callable[[Record], bool]:
        """Whether one of some names stands in a record of a kind, by an index where that knows it."""
        is_named, catalogue = _naming(names), self._catalogue
        known = naming(catalogue, kind, names) if catalogue is not None and added not in names else None
        if catalogue is None or known is None:
            return lambda record: is_named(judged(record))
        touched = catalogue.touched
        return lambda record: is_named(judged(record)) if record.id in touched else record.name in known


def _digest(data: object) -> str:
    return hashlib.blake2b(orjson.dumps(data), digest_size=16).hexdigest()


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """The names under which something else stands."""
    if before != now:
        yield from (name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def _first(before: list[Any] | None, now: list[Any] | None) -> int:
    """The first instant at which two ends of a change count differently; one of them may be missing."""
    there = [item for item in (before, now) if item is not None]
    is_failure_alone = len(there) == 2 and there[0][0] == there[1][0] and there[0][2] == there[1][2]
    return min(int(item[1 if is_failure_alone else 0]) for item in there)


def _naming(names: Set[str]) -> Callable[[Mapping[str, Any]], bool]:
    """Whether one of some names stands in a record."""
    if len(names) > _FEW:
        return lambda data: not names.isdisjoint(names_in(data))
    texts = [orjson.dumps(name) for name in names]

    def is_named(data: Mapping[str, Any]) -> bool:
        whole = orjson.dumps(data)
        return any(text in whole for text in texts)

    return is_named
