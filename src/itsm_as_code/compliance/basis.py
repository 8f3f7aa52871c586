"""What a validation found and what its records say, by what controls ask for; each question is answered once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from itsm_as_code.clock import Interval
from itsm_as_code.compliance.known import Known
from itsm_as_code.compliance.population import IN_PRODUCTION, Population, population, when
from itsm_as_code.findings import Finding, RecordId, Severity
from itsm_as_code.policies import Outcome, PolicyEngine
from itsm_as_code.policies.cel import CompileError, Context, Environment, EvaluationError, Sieve
from itsm_as_code.policies.policy import POLICY_COMPILES, Policy
from itsm_as_code.processes import cores, streamed
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.taken_over import is_taken_over
from itsm_as_code.validation import Validation, risk_data, waived_in

_AT_WORK: Final = "implementing"
"""The state in which a change is while it is carried out; every change that has begun was in it."""
_WORTH_PROCESSES: Final = 1_000
"""Changes from which on it is worth while to start processes that ask policies of them."""
_CHUNK: Final = 250


@dataclass(frozen=True, slots=True)
class Asked:
    """A control that is judged: its spec, the period, its population if it has one, and the names of the members."""

    spec: Mapping[str, Any]
    period: Interval
    population: Population | None
    names: frozenset[str] = frozenset()

    def is_about(self, kind: str) -> bool:
        return self.population is not None and self.spec["population"]["kind"] == kind

    def has(self, record: RecordId) -> bool:
        """Whether a record is looked at: any, where the control has no population of its kind."""
        return not self.is_about(record.kind) or str(record) in self.names


class Basis:
    """A validation, what is known beside it, and the records as they stood when work on them began.

    With ``among``, populations are of those records alone; ``rules`` has the policies and waivers, where the catalogue
    that was validated has others.
    """

    def __init__(
        self,
        validation: Validation,
        known: Known,
        among: Collection[RecordId] | None = None,
        rules: Catalogue | None = None,
    ) -> None:
        self.validation, self.known, self.now = validation, known, validation.now
        self._among, self._rules = among, rules or validation.catalogue
        self.outcomes: dict[str, dict[RecordId, Outcome]] = {}
        for outcome in validation.outcomes:
            self.outcomes.setdefault(outcome.policy, {})[outcome.record] = outcome
        self.findings: dict[str, list[Finding]] = {}
        for finding in validation.findings:
            if finding.severity is not Severity.INFO:
                self.findings.setdefault(finding.rule, []).append(finding)
        self._then: dict[RecordId, dict[str, Outcome]] = {}
        self._sieves: dict[str, Sieve] = {}
        self._populations: dict[tuple[str, Interval], Population] = {}

    def population(self, entry: Mapping[str, Any], period: Interval) -> Population:
        """The population that a definition gives; what another tool closed says nothing of what is done here."""
        key = repr(sorted(entry.items())), period
        if key not in self._populations:
            records = [*self.broken(entry["kind"]), *self.meeting(self.own(entry["kind"]), entry.get("where"))]
            self._populations[key] = population(entry, records, period, self.now, self.known.started)
        return self._populations[key]

    def own(self, kind: str) -> list[Record]:
        """The valid records of a kind that were not taken over."""
        if kind not in self.validation.registry.kinds:
            return []
        catalogue = self.validation.catalogue
        if self._among is None:
            records = catalogue.of_kind(kind)
        else:
            records = catalogue.some(kind, sorted(item.name for item in self._among if item.kind == kind))
        return [item for item in records if not is_taken_over(item.data)]

    def broken(self, kind: str) -> list[Record]:
        """The records of a kind that break its schema: what they would say is not known."""
        records: Iterable[Record] = self.validation.catalogue
        if self._among is not None:
            records = filter(None, map(self.validation.catalogue.records.get, self._among))
        return [item for item in records if item.id.kind == kind and not item.valid]

    def meeting(self, records: Iterable[Record], where: str | None) -> list[Record]:
        """Those that meet a condition, and those of which that cannot be told."""
        return [item for item in records if where is None or self.holds(where, item) is not False]

    def holds(self, expression: str, record: Record) -> bool | None:
        """What a condition says of a record; None where it says nothing."""
        try:
            activation = self._environment.activation(
                Context(record.data, self.now, risk=self._risk(record, self.now) if "risk" in expression else None)
            )
            return self._environment.holds(expression, activation)
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

    def _sieve(self, policy: Policy) -> Sieve:
        if policy.name not in self._sieves:
            self._sieves[policy.name] = Sieve([policy.condition])
        return self._sieves[policy.name]

    # What was true when the work began.

    def judged(self, policy: str, period: Interval) -> dict[RecordId, Outcome]:
        """What a policy says of records as they stand, and of the changes of a period as they stood at work.

        Most policies on changes look at those that are still to come; what is over would be looked at by none.
        """
        said = dict(self.outcomes.get(policy, {}))
        known = self.usable.get(policy)
        if known is not None and "Change" in known.kinds:
            members = self.population(IN_PRODUCTION, period).members
            self._ask(members)
            for record in members:
                outcome = self._at_work(known, record)
                if outcome is not None:
                    said[record.id] = outcome
        return said

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
        left = [record for record in records if record.id not in self._then]
        if len(left) < _WORTH_PROCESSES:
            return
        _ = self._waived  # for all processes
        chunks = [left[start : start + _CHUNK] for start in range(0, len(left), _CHUNK)]
        work = lambda chunk: [(item.id, self._outcomes(item, self._together)) for item in chunk]  # noqa: E731
        for found in streamed(chunks, work, cores()):
            self._then |= found

    def _at_work(self, policy: Policy, record: Record) -> Outcome | None:
        if policy.name not in self._together:
            return self._outcomes(record, {policy.name: policy}).get(policy.name)
        if record.id not in self._then:
            self._then[record.id] = self._outcomes(record, self._together)
        return self._then[record.id].get(policy.name)

    def _outcomes(self, record: Record, policies: Mapping[str, Policy]) -> dict[str, Outcome]:
        """What policies say of a change as it stood at work, by their names."""
        if record.state == _AT_WORK:
            return {}  # as it stands
        data = {**record.data, "spec": {**record.spec, "status": _AT_WORK}}
        at = when(record, IN_PRODUCTION["at"], self.known.started) or self.now
        return self.says(record, data, at, policies)

    def says(
        self, record: Record, data: dict[str, Any], at: datetime, policies: Mapping[str, Policy]
    ) -> dict[str, Outcome]:
        """What policies say of a record with some data, as of an instant, by the names of those that are about it."""
        # Told at first sight, for there are as many questions as changes times policies.
        asked = [item for item in policies.values() if item.selects(data) and self._sieve(item).passing(data)]
        if not asked:
            return {}
        risk = self._risk(record, at) if any(policy.asks_for_risk for policy in asked) else None
        activation, found = self._environment.activation(Context(data, at, risk=risk)), {}
        for policy in asked:
            status, message = policy.judge(data, self._environment, activation)
            if status != "skip":
                is_waived = status != "pass" and at in self._waived(policy.name, record.id)
                found[policy.name] = Outcome(policy.name, record.id, "waived" if is_waived else status, message)
        return found

    @cached_property
    def _waived(self) -> Any:
        return waived_in(self._rules)

    def over(self, records: Iterable[Record], require: str) -> Iterator[tuple[Record, bool | None]]:
        """Records, and whether each meets a requirement (None: that cannot be told)."""
        for record in records:
            yield record, self.holds(require, record)
