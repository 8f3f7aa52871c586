"""Policies at work: which records each one matches, and what it says of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from itsm_as_code.configuration import PolicySettings
from itsm_as_code.findings import Finding, Problem, RecordId, Rule, Severity
from itsm_as_code.horizon import Horizon
from itsm_as_code.policies.cel import Activation, Batches, Context, Environment, Sieve
from itsm_as_code.policies.parameters import depends_on_record
from itsm_as_code.policies.policy import POLICY_COMPILES, POLICY_EVALUATES, Policy, policies_of
from itsm_as_code.records.catalogue import Catalogue, Record, stamp
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.taken_over import is_taken_over

RiskOf = Callable[[Record], Mapping[str, Any] | None]


class Outcome(NamedTuple):
    """What a policy said of a record: ``pass``, ``fail``, ``error`` (could not be evaluated) or ``waived``.

    There is one for each policy and record, so it is a tuple: made in a fifth of the time.
    """

    policy: str
    record: RecordId
    status: str
    message: str = ""
    severity: Severity = Severity.ERROR


class _Ready(NamedTuple):
    """A policy with what is asked of it for every record."""

    policy: Policy
    name: str
    severity: Severity
    labelled: bool


class PolicyEngine:
    """All policies of a catalogue (the rule set's), as ``settings`` set them, over the records of one (the judged).

    ``only`` names policies that are known to compile: the others are left alone.
    """

    def __init__(
        self,
        rule_records: Catalogue,
        settings: PolicySettings,
        facts: Facts,
        now: datetime,
        risk_of: RiskOf = lambda record: None,
        only: Collection[str] | None = None,
    ) -> None:
        self._now = now
        self._risk_of = risk_of
        self.registry = rule_records.registry
        self._only = only
        self.all = policies_of(rule_records, settings)
        asks_records = any(depends_on_record(policy.params) for policy in self.all)
        self.environment = Environment(facts, now, Facts.of(rule_records) if asks_records else None)
        self.batches = Batches(self.environment)
        self._groups: dict[tuple[str, tuple[int, ...]], tuple[_Ready, ...]] = {}

    @cached_property
    def findings(self) -> list[Finding]:
        """What is wrong with the policies themselves."""
        return [
            stamp(rule, policy.record, problem)
            for policy in self.all
            for rule, problem in policy.problems(self.environment, self.registry)
        ]

    @cached_property
    def usable(self) -> list[Policy]:
        """The policies that compile; where it was said which do, those."""
        if self._only is not None:
            return [policy for policy in self.all if policy.name in self._only]
        broken = {finding.record for finding in self.findings if finding.rule == POLICY_COMPILES.id}
        return [policy for policy in self.all if policy.record.id not in broken]

    @cached_property
    def _by_kind(self) -> dict[str, tuple[list[_Ready], Sieve]]:
        found: dict[str, list[_Ready]] = {}
        for policy in self.usable:
            ready = _Ready(policy, policy.name, policy.severity_at(self._now), bool(policy.labels))
            for kind in policy.kinds:
                found.setdefault(kind, []).append(ready)
        return {kind: (ready, Sieve([item.policy.condition for item in ready])) for kind, ready in found.items()}

    @cached_property
    def _risky(self) -> frozenset[str]:
        return frozenset(policy.name for policy in self.usable if policy.asks_for_risk)

    def judge(
        self,
        record: Record,
        old: Record | None = None,
        change: Record | None = None,
        request: Mapping[str, Any] | None = None,
        risk: Mapping[str, Any] | None = None,
        rests: Horizon | None = None,
    ) -> Iterator[tuple[Outcome, Finding | None]]:
        """The outcome of every policy that matches a record, with the finding where it did not pass.

        ``rests`` is narrowed to the span in which what they look up stays as it is.
        """
        self.environment.note(rests)
        beside = {"old": old, "change": change, "request": request}
        policies = self._concerned(record, frozenset(name for name, value in beside.items() if value is None))
        if not policies:
            return
        if risk is None and not self._risky.isdisjoint(ready.name for ready in policies):
            risk = self._risk_of(record)
        context = Context(
            object=record.data,
            now=self._now,
            old=old.data if old else None,
            change=change.data if change else None,
            risk=risk,
            request=request,
            size=_size(record, old, change),
        )
        activation = self.environment.activation(context)
        answers = self._answers(policies, activation)
        subject, data = record.id, record.data
        for (policy, name, severity, labelled), answer in zip(policies, answers, strict=True):
            if answer == 0:  # this is run for each policy and record, so it asks for no more than it needs
                continue
            if answer == 1 and (not labelled or policy.selects(data)):
                yield tuple.__new__(Outcome, (name, subject, "pass", "", severity)), None
                continue
            status, message = policy.judge(data, self.environment, activation)
            if status != "skip":
                yield self._outcome(policy, record, status, message)

    def _concerned(self, record: Record, missing: frozenset[str]) -> tuple[_Ready, ...]:
        """The policies for a record's kind but those whose condition is false at first sight without ``missing``."""
        kind = record.id.kind
        if kind not in self._by_kind:
            return ()
        policies, sieve = self._by_kind[kind]
        places = sieve.passing(record.data, missing)
        if is_taken_over(record.data):
            places = tuple(place for place in places if policies[place].policy.selects(record.data))
        if (kind, places) not in self._groups:
            self._groups[(kind, places)] = tuple(policies[place] for place in places)
        return self._groups[(kind, places)]

    def _answers(self, policies: tuple[_Ready, ...], activation: Activation) -> list[int | None]:
        """What some policies say together; None for each that is to be asked by itself."""
        # There is one such tuple for each group, for as long as this engine lives.
        questions = lambda: [ready.policy.question for ready in policies]  # noqa: E731
        return self.batches.answers(id(policies), len(policies), questions, activation)

    def _outcome(self, policy: Policy, record: Record, status: str, message: str) -> tuple[Outcome, Finding | None]:
        severity = Severity.ERROR if status == "error" else policy.severity_at(self._now)
        if status == "fail" and severity is not policy.severity:
            message = f"{message} (blocks from {policy.since} on)"
        outcome = Outcome(policy.name, record.id, status, message, severity)
        if status == "pass":
            return outcome, None
        if status == "error":
            # Under its own rule id, which no waiver can name: a rule that gave no answer cannot be waived.
            remedy = "guard optional fields with has() in the policy, or complete the record"
            return outcome, stamp(POLICY_EVALUATES, record, Problem(message, policy.at, remedy))
        rule = Rule(policy.name, policy.record.title, severity, "")
        return outcome, stamp(rule, record, Problem(message, policy.at, policy.record.spec["remedy"]))


def _size(*records: Record | None) -> int | None:
    """How many bytes records have together; None when one of them was not read in this run."""
    contents = [record.content for record in records if record is not None]
    return None if None in contents else sum(len(content or b"") for content in contents)
