"""What a validation found and what its records say, by what controls ask for; each question is answered once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any, Final, TypeVar

import orjson

from itsm_as_code.cache import Cache
from itsm_as_code.clock import Interval
from itsm_as_code.compliance.known import Known
from itsm_as_code.compliance.population import BEGAN, IN_PRODUCTION, Population, population, when
from itsm_as_code.compliance.told import Answer, Rests, Told
from itsm_as_code.findings import Finding, RecordId, Severity
from itsm_as_code.horizon import Horizon
from itsm_as_code.policies import Outcome, PolicyEngine
from itsm_as_code.policies.cel import (
    Activation,
    CompileError,
    Context,
    Environment,
    EvaluationError,
    Question,
    Sieve,
    mentions,
    rests_on_time,
)
from itsm_as_code.policies.policy import POLICY_COMPILES, Policy
from itsm_as_code.processes import cores, streamed
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.taken_over import is_taken_over
from itsm_as_code.validation import Validation, risk_data, waived_in

T = TypeVar("T")
Verdict = tuple[str, str]
"""Status and message of an outcome."""
Verdicts = dict[str, Verdict]
"""Verdicts by the names of the policies that they are of."""

_AT_WORK: Final = "implementing"
"""The state in which a change is while it is carried out; every change that has begun was in it."""
_WORK: Final = "Change at work"
"""The name under which it is kept what policies said of that."""
_WORTH_PROCESSES: Final = 1_000
"""Changes from which on it is worth while to start processes that ask policies of them."""
_CHUNK: Final = 250
_KNOWN: Final = {0: ("skip", ""), 1: ("pass", "")}
"""What answers mean that policies give together."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A control that is judged: its spec, the period, its population if it has one, and the names of the members."""

    spec: Mapping[str, Any]
    period: Interval
    population: Population | None
    names: frozenset[str] = frozenset()

    def is_about(self, kind: str) -> bool:
        return self.population is not None and self.spec["population"]["kind"] == kind


class Basis:
    """A validation, what is known beside it, and the records as they stood when work on them began.

    With ``among``, populations are of those records alone; ``rules`` has the policies and waivers, where the catalogue
    that was validated has others. With a ``cache``, what an earlier run was told stands where it holds.
    """

    def __init__(
        self,
        validation: Validation,
        known: Known,
        among: Collection[RecordId] | None = None,
        rules: Catalogue | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.validation, self.known, self.now = validation, known, validation.now
        self._among, self._rules = among, rules or validation.catalogue
        self._cache = cache
        self._outcomes: dict[str, list[Outcome]] = {}
        for outcome in validation.outcomes:
            self._outcomes.setdefault(outcome.policy, []).append(outcome)
        self.findings: dict[str, list[Finding]] = {}
        for finding in validation.findings:
            if finding.severity is not Severity.INFO:
                self.findings.setdefault(finding.rule, []).append(finding)
        self._told: dict[str, dict[str, tuple[int | None, ...]]] = {}
        self._then: dict[str, Verdicts] = {}
        self._own: dict[str, list[Record]] = {}
        self._ready: tuple[Record, Activation] | None = None
        self._sieves: dict[tuple[str, ...], Sieve] = {}
        self._populations: dict[tuple[str, Interval], Population] = {}
        self._once: dict[Any, Any] = {}

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """What several controls ask for, worked out once for a key."""
        if key not in self._once:
            self._once[key] = make()
        made: T = self._once[key]
        return made

    def population(self, entry: Mapping[str, Any], period: Interval) -> Population:
        """The population that a definition gives; what another tool closed says nothing of what is done here."""
        key = repr(sorted(entry.items())), period
        if key not in self._populations:
            records = [*self.broken(entry["kind"]), *self.own(entry["kind"])]
            times = self._facts.times if self._among is None else None  # where all of them are asked for
            found = population(entry, records, period, self.now, self.known.started, times)
            self._populations[key] = self._narrowed(found, entry.get("where"))
        return self._populations[key]

    def _narrowed(self, found: Population, where: str | None) -> Population:
        """Those of a population that meet a condition, and those of which that cannot be told."""
        members, undated = (tuple(self.meeting(items, where)) for items in (found.members, found.undated))
        unclear = tuple(row for row in found.unclear if not row[0].valid or [*self.meeting(row[:1], where)])
        return replace(found, members=members, undated=undated, unclear=unclear)

    @cached_property
    def _facts(self) -> Facts:
        return Facts.of(self.validation.catalogue, self.validation.configuration.timezone)

    def own(self, kind: str) -> list[Record]:
        """The valid records of a kind that were not taken over."""
        if kind not in self._own:
            catalogue = self.validation.catalogue
            if self._among is None:
                taken_over = self._facts.names_taken_over(kind)
                self._own[kind] = [item for item in catalogue.of_kind(kind) if item.name not in taken_over]
            else:
                among = catalogue.some(kind, sorted(item.name for item in self._among if item.kind == kind))
                self._own[kind] = [item for item in among if not is_taken_over(item.data)]
        return self._own[kind]

    def broken(self, kind: str) -> list[Record]:
        """The records of a kind that break its schema: what they would say is not known."""
        if self._among is None:
            return self.validation.catalogue.broken(kind)
        records = filter(None, map(self.validation.catalogue.records.get, self._among))
        return [item for item in records if item.id.kind == kind and not item.valid]

    def meeting(self, records: Iterable[Record], where: str | None) -> list[Record]:
        """Those that meet a condition, and those of which that cannot be told."""
        return [item for item in records if where is None or self.holds(where, item) is not False]

    def holds(self, expression: str, record: Record) -> bool | None:
        """What a condition says of a record; None where it says nothing."""
        try:
            asks_for_risk = mentions(expression, "risk")
            if self._ready is None or self._ready[0] is not record or asks_for_risk:
                risk = self._risk(record, self.now) if asks_for_risk else None
                self._ready = record, self._environment.activation(Context(record.data, self.now, risk=risk))
            return self._environment.holds(expression, self._ready[1])
        except (EvaluationError, CompileError):
            return None

    @cached_property
    def _environment(self) -> Environment:
        return self._engine.environment

    @cached_property
    def _engine(self) -> PolicyEngine:
        validation = self.validation
        settings = validation.configuration.policies
        broken = {finding.record for finding in self.findings.get(POLICY_COMPILES.id, ())}
        whole = frozenset(item.name for item in self._rules.of_kind("Policy") if item.id not in broken)
        return PolicyEngine(self._rules, settings, validation.facts, self.now, only=whole)

    @cached_property
    def usable(self) -> dict[str, Policy]:
        """The policies that can be asked, by name."""
        return {policy.name: policy for policy in self._engine.usable}

    def _risk(self, record: Record, at: datetime) -> Mapping[str, Any] | None:
        return risk_data(record, self.validation.facts, at, self.validation.configuration)

    def _concerned(self, data: Mapping[str, Any], policies: tuple[Policy, ...]) -> list[Policy]:
        """Those of some policies that are about a record, as far as can be told at first sight."""
        names = tuple([policy.name for policy in policies])
        if names not in self._sieves:
            self._sieves[names] = Sieve([policy.condition for policy in policies])
        return [policies[place] for place in self._sieves[names].passing(data) if policies[place].selects(data)]

    # What was true when the work began.

    def judged(self, policy: str, period: Interval) -> dict[RecordId, Verdict]:
        """What a policy says of records as they stand, and of the changes of a period as they stood at work.

        Most policies on changes look at those that are still to come; what is over would be looked at by none.
        """
        said = {item.record: (item.status, item.message) for item in self._outcomes.get(policy, ())}
        known = self.usable.get(policy)
        if known is None or "Change" not in known.kinds:
            return said
        members = self.population(IN_PRODUCTION, period).members
        if policy in self._together:
            return said | self.once(period, lambda: self._by_policy(members)).get(policy, {})
        return said | {item.id: told for item in members if (told := self._at_work(item, {policy: known}).get(policy))}

    def _by_policy(self, members: Sequence[Record]) -> dict[str, dict[RecordId, Verdict]]:
        self._ask(members)
        found: dict[str, dict[RecordId, Verdict]] = {}
        for item in members:
            for policy, told in self._then[item.name].items():
                found.setdefault(policy, {})[item.id] = told
        return found

    @cached_property
    def _together(self) -> dict[str, Policy]:
        """The policies on changes that controls rest on: a change is made ready for them once."""
        named = {
            entry.get("policy")
            for control in self._rules.of_kind("Control")
            for entry in control.spec.get("evidence", ())
        }
        return {name: policy for name, policy in self.usable.items() if name in named and "Change" in policy.kinds}

    def _ask(self, records: Sequence[Record]) -> None:
        """Ask of those of which nobody asked yet; on all cores where they are many."""
        left = {record.name: record for record in records if record.name not in self._then}
        seen: dict[Answer, Verdicts] = {}  # most changes are told the same
        if self.earlier is not None:
            rests = [Rests.of(policy) for policy in self._together.values()]
            for name, told in self.earlier.held(_WORK, [*left.values()], rests, _put_to_work, _AT_WORK).items():
                if told not in seen:
                    seen[told] = {policy: (status, message) for policy, status, message in told}
                self._then[name] = seen[told]
                del left[name]
        if len(left) >= _WORTH_PROCESSES:
            _ = self._waived  # for all processes
        for name, (found, lasts) in _spread([*left.values()], lambda chunk: [(r.name, self._noted(r)) for r in chunk]):
            told = tuple((policy, *verdict) for policy, verdict in found.items())
            self._then[name] = seen.setdefault(told, found)
            if lasts and self.earlier is not None:
                self.earlier.add(_WORK, left[name], told)

    def _noted(self, record: Record) -> tuple[Verdicts, bool]:
        """What policies say of a change as it stood at work, and whether no clock moves that."""
        if self.earlier is None:
            return self._at_work(record, self._together), False
        rests = Horizon(self.now)
        self._environment.note(rests)
        found = self._at_work(record, self._together)
        self._environment.note(None)
        is_dated = when(record, BEGAN, self.known.started) is not None
        is_told = all(status != "error" for status, _ in found.values())  # which may come of too little time
        return found, is_dated and is_told and rests.is_endless and not self._in_time.passing(_put_to_work(record))

    @cached_property
    def _in_time(self) -> Sieve:
        """Tells of which changes policies ask for what is left at the instant of judgement, whenever the change was."""
        return Sieve([policy.where for policy in self._together.values() if policy.calls("budget")])

    def _at_work(self, record: Record, policies: Mapping[str, Policy]) -> Verdicts:
        """What policies say of a change as it stood at work, by their names."""
        if record.state == _AT_WORK:
            return {}  # as it stands
        at = when(record, BEGAN, self.known.started) or self.now
        return self.says(record, _put_to_work(record), at, policies)

    def says(self, record: Record, data: dict[str, Any], at: datetime, policies: Mapping[str, Policy]) -> Verdicts:
        """What policies say of a record with some data, as of an instant, by the names of those that are about it."""
        asked = self._concerned(data, tuple(policies.values()))
        if not asked:
            return {}
        risk = self._risk(record, at) if any(policy.asks_for_risk for policy in asked) else None
        activation, found = self._environment.activation(Context(data, at, risk=risk)), {}
        questions = lambda: [policy.question for policy in asked]  # noqa: E731
        answers = self._engine.batches.answers(tuple(item.name for item in asked), len(asked), questions, activation)
        for policy, answer in zip(asked, answers, strict=True):
            status, message = _KNOWN[answer] if answer in _KNOWN else policy.judge(data, self._environment, activation)
            if status != "skip":
                is_waived = status != "pass" and at in self._waived(policy.name, record.id)
                found[policy.name] = "waived" if is_waived else status, message
        return found

    @cached_property
    def _waived(self) -> Any:
        return waived_in(self._rules)

    # What evidence requires of records.

    def answers(self, entry: Mapping[str, Any], records: Sequence[Record]) -> Iterator[tuple[Record, int | None]]:
        """Of records 0 where a piece of evidence is not about them, 1 where it is met, 2 where not; None where that
        cannot be told."""
        condition, require = _requirement(entry)
        kind = records[0].id.kind if records else ""
        numbers = self._required.get(kind, {})
        place = numbers.get((condition, require))
        if place is not None:
            self._ask_together(kind, records)
        told = self._told.get(kind, {})
        for record in records:
            answer = told[record.name][place] if place is not None else None
            if answer is None:
                holds = self.holds(condition, record)
                meets = self.holds(require, record) if holds else None
                answer = 0 if holds is False else None if meets is None else 1 if meets else 2
                if place is not None and answer is not None:
                    told[record.name] = (*told[record.name][:place], answer, *told[record.name][place + 1 :])
                    self._keep_told(kind, record, told[record.name])
            yield record, answer

    @cached_property
    def _required(self) -> dict[str, dict[tuple[str, str], int]]:
        """The conditions and requirements that evidence has of records of each kind, numbered."""
        found: dict[str, dict[tuple[str, str], int]] = {}
        for control in self._rules.of_kind("Control"):
            for entry in control.spec.get("evidence", ()):
                if entry["type"] == "records" and not any(mentions(text, "risk") for text in _requirement(entry)):
                    numbers = found.setdefault((control.spec.get("population") or entry).get("kind", ""), {})
                    numbers.setdefault(_requirement(entry), len(numbers))
        return found

    def _ask_together(self, kind: str, records: Sequence[Record]) -> None:
        """All that is required of a kind of those records of which nobody asked yet."""
        told, pairs = self._told.setdefault(kind, {}), list(self._required[kind])
        left = {record.name: record for record in records if record.name not in told}
        if self.earlier is not None and kind in self._lasting:
            rests = [Rests(pair[0], pair) for pair in pairs]
            for name, answers in self.earlier.held(kind, [*left.values()], rests).items():
                told[name] = answers
                del left[name]
        questions = lambda: [Question(where, require, {}) for where, require in pairs]  # noqa: E731

        def work(chunk: Sequence[Record]) -> list[tuple[str, tuple[int | None, ...]]]:
            ready = ((item, self._environment.activation(Context(item.data, self.now))) for item in chunk)
            key, ask = ("required", kind), self._engine.batches.answers
            return [(item.name, tuple(ask(key, len(pairs), questions, activation))) for item, activation in ready]

        for name, answers in _spread([*left.values()], work):
            told[name] = answers
            self._keep_told(kind, left[name], answers)

    @cached_property
    def _lasting(self) -> frozenset[str]:
        """The kinds of whose records nothing is required that rests on time."""
        required = self._required.items()
        return frozenset(kind for kind, pairs in required if not any(map(rests_on_time, chain.from_iterable(pairs))))

    def _keep_told(self, kind: str, record: Record, answers: tuple[int | None, ...]) -> None:
        if self.earlier is not None and kind in self._lasting:
            self.earlier.add(kind, record, answers)

    # What an earlier run was told.

    @cached_property
    def earlier(self) -> Told | None:
        """What was said of records before, by these rules; None without a cache."""
        if self._cache is None or self._rules is not self.validation.catalogue:
            return None
        validation = self.validation
        rules = hashlib.blake2b(orjson.dumps(self.rules()), digest_size=16).digest()
        catalogue = validation.catalogue if validation.facts is self._facts else None
        return Told(self._cache, validation.registry, validation.facts, self.known.started, rules, catalogue)

    def rules(self) -> dict[str, Any]:
        """All that answers rest on beside records: what is asked, policies, waivers, settings and schemas."""
        files = {id(kind.files): dict(kind.files) for kind in self.validation.registry}
        return {
            "asked": [*self._together],
            "required": [[kind, *pair] for kind, pairs in self._required.items() for pair in pairs],
            **{kind: [item.data for item in self._rules.of_kind(kind)] for kind in ("Policy", "Waiver")},
            "settings": self.validation.configuration.raw,
            "schemas": [*files.values(), [[kind.name, kind.file] for kind in self.validation.registry]],
        }

    def keep(self) -> None:
        """Let a later run know what was said."""
        if self.earlier is not None:
            self.earlier.save(with_history=any(policy.asks_for_risk for policy in self._together.values()))


def _put_to_work(record: Record) -> dict[str, Any]:
    """The data of a change as it stood while it was carried out."""
    return {**record.data, "spec": {**record.spec, "status": _AT_WORK}}


def _requirement(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry.get("where") or "true", entry["require"]


def _spread(records: list[Record], work: Callable[[Sequence[Record]], list[tuple[str, T]]]) -> Iterator[tuple[str, T]]:
    """What is worked out of records by their names; on all cores where they are many."""
    if len(records) >= _WORTH_PROCESSES:
        chunks = [records[start : start + _CHUNK] for start in range(0, len(records), _CHUNK)]
        first, done = work(chunks[0]), set()  # what is compiled and looked up for those is there for all processes
        for found in chain([first], streamed(chunks[1:], work, cores())):
            yield from found
            done |= {name for name, _ in found}
        records = [record for record in records if record.name not in done]  # of processes that died
    yield from work(records)
