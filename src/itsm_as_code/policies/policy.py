"""A policy: the rule that a Policy record holds, as itsm.yaml sets it, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.configuration import Override, PolicySettings
from itsm_as_code.findings import Pointer, Problem, Rule, Severity, did_you_mean, parse_pointer
from itsm_as_code.policies.cel import (
    Activation,
    Environment,
    EvaluationError,
    Question,
    Schemas,
    calls,
    mentions,
    problems_of,
    rests_on_time,
)
from itsm_as_code.policies.parameters import depends_on_record, parameter_sets
from itsm_as_code.records.catalogue import Catalogue, Record, get
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.taken_over import is_taken_over

POLICY_COMPILES = Rule(
    "policy-compiles",
    "The expressions of a policy make sense",
    Severity.ERROR,
    "A policy that does not compile judges nothing, so nothing can be approved until it is mended. The finding points "
    "to the word that is wrong: a variable, function or parameter that there is not, types that do not go together.",
    "https://github.com/google/cel-spec/blob/master/doc/langdef.md",
)
POLICY_FIELDS = Rule(
    "policy-fields",
    "A policy reads fields that there are",
    Severity.ERROR,
    "An expression reads only fields that the schema of some kind it is for has, and compares them with values that "
    "they can have. A misspelt field could not be evaluated, or would never be noticed in a branch that is seldom "
    "taken. Fields that has() asks about in the same policy are let through.",
)
POLICY_GUARDS = Rule(
    "policy-guards",
    "A policy asks with has() about fields that there are",
    Severity.WARNING,
    "has() of a field that no schema has is false for every record. That is well where the kinds of some other "
    "repository have the field; where one of these has a field of nearly the same name, it is a typing error.",
)
POLICY_EVALUATES = Rule(
    "policy-evaluates",
    "A policy gives an answer for every record that it matches",
    Severity.ERROR,
    "A policy that fails half-way (a missing field, a division by zero, too much work) has not passed. Guard optional "
    "fields with has(), or narrow its `where`.",
)
POLICY_KINDS = Rule(
    "policy-kinds",
    "A policy matches kinds that exist",
    Severity.ERROR,
    "A policy for a kind that nobody has would never say anything.",
)
POLICY_EXAMPLES = Rule(
    "policy-examples",
    "A policy has an example that passes and one that fails, and they hold",
    Severity.ERROR,
    "The examples show an auditor what the rule means. `itsm policy test` runs them; the gate runs those of the "
    "policies that a pull request touches, by themselves or by a folder that is their fixture. A policy that does not "
    "do what its examples say is not merged.",
)
RULES = (POLICY_COMPILES, POLICY_FIELDS, POLICY_GUARDS, POLICY_EVALUATES, POLICY_KINDS, POLICY_EXAMPLES)


@dataclass(frozen=True, slots=True)
class Policy:
    """A Policy record made ready to judge, as itsm.yaml sets it."""

    record: Record
    override: Override | None = None

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def severity(self) -> Severity:
        overridden = self.override.severity if self.override else None
        return overridden or Severity(self.record.spec["severity"])

    @property
    def since(self) -> str | None:
        """The day (from 00:00 UTC) or moment from which an error of the policy blocks; None for always."""
        overridden = self.override.since if self.override else None
        return overridden or self.record.spec.get("since")

    def severity_at(self, now: datetime) -> Severity:
        """What a finding of the policy weighs at an instant: before ``since`` an error is a warning."""
        begins = self.begins
        return self.severity if begins is None or now >= begins else Severity.WARNING

    @property
    def begins(self) -> datetime | None:
        """The instant from which an error of the policy blocks, where it has not always done so."""
        if self.since is None or self.severity is not Severity.ERROR:
            return None
        return clock.parse_instant(self.since if "T" in self.since else f"{self.since}T00:00:00Z")

    @property
    def params(self) -> Mapping[str, Mapping[str, Any]]:
        """The parameters that the policy declares."""
        declared: Mapping[str, Mapping[str, Any]] = self.record.spec.get("params", {})
        return declared

    @property
    def given(self) -> Mapping[str, Any]:
        """The values that itsm.yaml sets for parameters."""
        return self.override.params if self.override else {}

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self.record.spec["match"]["kinds"])

    @property
    def at(self) -> Pointer:
        return parse_pointer(self.record.spec.get("at", ""))

    def expressions(self) -> Iterator[tuple[Pointer, str]]:
        """Each expression with its place in the record."""
        spec = self.record.spec
        if "where" in spec["match"]:
            yield ("spec", "match", "where"), spec["match"]["where"]
        yield ("spec", "require"), spec["require"]
        yield ("spec", "message"), spec["message"]

    def problems(self, environment: Environment, registry: KindRegistry) -> Iterator[tuple[Rule, Problem]]:
        """What is wrong with the policy itself."""
        for index, kind in enumerate(self.kinds):
            yield from _kind_problems(kind, ("spec", "match", "kinds", index), registry)
        wanted: dict[Pointer, str] = {("spec", "message"): "string"}
        expressions = [(pointer, text, wanted.get(pointer, "bool")) for pointer, text in self.expressions()]
        for found in problems_of(expressions, environment, Schemas(registry, self.kinds), self.params):
            rule = POLICY_GUARDS if found.is_doubt else POLICY_FIELDS
            yield rule if found.compiles else POLICY_COMPILES, found.problem
        for name, parameter in self.params.items():
            kind = parameter.get("from", {}).get("record", {}).get("kind")
            if kind is not None:
                yield from _kind_problems(kind, ("spec", "params", name, "from", "record", "kind"), registry)
        expected = {example["expect"] for example in self.record.spec["examples"]}
        for missing in sorted({"pass", "fail"} - expected):
            message = f"no example that is expected to {missing}"
            yield POLICY_EXAMPLES, Problem(message, ("spec", "examples"), f"add an example with expect: {missing}")

    @property
    def question(self) -> Question:
        """What the policy asks, to be asked together with others."""
        constant: dict[str, Any] | None = None if depends_on_record(self.params) else {}
        if constant is not None and self.params:
            try:
                (constant,) = parameter_sets(self.params, self.given, {}, Facts({}))
            except EvaluationError:
                constant = None
        return Question(self.where, self.record.spec["require"], constant)

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels that a record has to carry."""
        labels: Mapping[str, str] = self.record.spec["match"].get("labels", {})
        return labels

    @property
    def condition(self) -> str:
        """The ``where``, where it can be asked before the parameters are known; else what rules out no record."""
        return "true" if "params" in self.where else self.where

    @property
    def where(self) -> str:
        """The condition as it is written."""
        where: str = self.record.spec["match"].get("where", "true")
        return where

    @property
    def asks_for_risk(self) -> bool:
        """False when no expression of the policy names the risk, which is much work to derive."""
        return self.mentions("risk")

    def mentions(self, variable: str) -> bool:
        """True when an expression of the policy names a variable, or when that cannot be told."""
        return any(mentions(text, variable) for _, text in self.expressions())

    def calls(self, function: str) -> bool:
        """True when an expression of the policy calls a function, or when that cannot be told."""
        return any(calls(text, function) for _, text in self.expressions())

    @property
    def reads_clock(self) -> bool:
        """True when an expression of the policy compares with the instant itself."""
        return any(mentions(text, "now") for _, text in self.expressions())

    @property
    def in_time(self) -> bool:
        """True when time alone may change what the policy says of a record."""
        return any(rests_on_time(text) for _, text in self.expressions())

    def selects(self, data: Mapping[str, Any]) -> bool:
        """True for a record of the kinds and labels of the policy, history only by its word; its ``where`` is apart."""
        match = self.record.spec["match"]
        if data.get("kind") not in match["kinds"] or (is_taken_over(data) and not match.get("takenOver", False)):
            return False
        labels = get(data, ("metadata", "labels")) or {}
        return all(labels.get(key) == value for key, value in self.labels.items())

    def matches(self, data: Mapping[str, Any], environment: Environment, activation: Activation) -> bool:
        """True when the policy judges this record; EvaluationError when that cannot be told."""
        where = self.record.spec["match"].get("where")
        return self.selects(data) and (where is None or environment.holds(where, activation))

    def prepared(
        self, data: Mapping[str, Any], environment: Environment, activation: Activation
    ) -> tuple[Activation, ...]:
        """The activation with the parameters for a record: one, or one for each set of them; EvaluationError."""
        if not self.params:
            return (activation,)
        given = {**self.given, **activation.context.params}
        sets = parameter_sets(self.params, given, data, environment.rule_facts)
        return tuple(activation.with_params(values) for values in sets)

    def judge(self, data: Mapping[str, Any], environment: Environment, activation: Activation) -> tuple[str, str]:
        """Status (``skip``, ``pass``, ``fail``, ``error``) and message for one record's data.

        With several sets of parameters the gravest status counts.
        """
        try:
            if self.params and "params" not in self.where:
                if not self.matches(data, environment, activation):
                    return "skip", ""  # whatever its parameters are
            elif not self.selects(data):
                return "skip", ""
            results = [self._judge(data, environment, one) for one in self.prepared(data, environment, activation)]
        except EvaluationError as error:
            return "error", f"policy {self.name} could not be evaluated: {error}"
        return max(results, key=lambda result: _GRAVITY.index(result[0]))

    def _judge(self, data: Mapping[str, Any], environment: Environment, activation: Activation) -> tuple[str, str]:
        if not self.matches(data, environment, activation):
            return "skip", ""
        if environment.holds(self.record.spec["require"], activation):
            return "pass", ""
        try:
            message = environment.evaluate(self.record.spec["message"], activation)
        except EvaluationError:
            message = None
        said = message if isinstance(message, str) and message.strip() else self.record.title
        return "fail", said if len(said) <= _MOST_LETTERS else f"{said[: _MOST_LETTERS - 1]}…"


_MOST_LETTERS: Final = 1000
"""Of a message, which may repeat what a record says."""
_GRAVITY = ("skip", "pass", "fail", "error")


def _kind_problems(kind: str, place: Pointer, registry: KindRegistry) -> Iterator[tuple[Rule, Problem]]:
    if kind not in registry.kinds:
        remedy = did_you_mean(kind, registry.kinds) or "name a kind that exists"
        yield POLICY_KINDS, Problem(f"there is no kind '{kind}'", place, remedy)


def policies_of(rule_records: Catalogue, settings: PolicySettings) -> list[Policy]:
    """The policies that apply, by name: those that itsm.yaml excludes are left out, the others set as it says."""
    return [
        Policy(record, settings.override(record.name))
        for record in rule_records.of_kind("Policy")
        if settings.exclusion(record.name) is None
    ]
