"""Examples are a policy's tests: what it should say of a record is run and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from itsm_as_code import clock
from itsm_as_code.errors import ConfigurationError
from itsm_as_code.findings import Pointer
from itsm_as_code.policies.engine import Policy
from itsm_as_code.policies.environment import CompileError, Context, Environment
from itsm_as_code.policies.fixtures import Fixtures, no_fixtures
from itsm_as_code.records.facts import Facts

DEFAULT_NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant of examples that name none; fixed, so that an example means the same for ever."""


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example: what was expected, what the policy said (``pass``, ``fail``, ``skip``, ``error``)."""

    policy: Policy
    name: str
    pointer: Pointer
    expected: str
    actual: str
    message: str

    @property
    def ok(self) -> bool:
        return self.expected == self.actual


def run_examples(policy: Policy, fixtures: Fixtures = no_fixtures) -> Iterator[ExampleResult]:
    """Run the examples of a policy, each with the facts that it brings along."""
    for index, example in enumerate(policy.record.spec["examples"]):
        try:
            environment = environment_of(example, fixtures)
            activation = environment.activation(context_of(example))
            status, message = policy.judge(example["object"], environment, activation)
        except CompileError as error:
            status, message = "error", f"does not compile: {error.message}"
        except ConfigurationError as error:
            status, message = "error", f"its fixture cannot be used: {error.message}"
        yield ExampleResult(policy, example["name"], ("spec", "examples", index), example["expect"], status, message)


def environment_of(example: Mapping[str, Any], fixtures: Fixtures) -> Environment:
    """What the look-up functions see: the records of the fixture, and over them those of the example itself."""
    context = example.get("context", {})
    shared = fixtures(context["fixture"]) if "fixture" in context else ()
    return Environment(Facts.from_records([*map(dict, shared), *context.get("records", ())]), now_of(example))


def now_of(example: Mapping[str, Any]) -> datetime:
    """The instant of an example."""
    context = example.get("context", {})
    return clock.parse_instant(context["now"]) if "now" in context else DEFAULT_NOW


def context_of(example: Mapping[str, Any]) -> Context:
    """What the variables of the expressions hold."""
    context = example.get("context", {})
    return Context(
        example["object"],
        now_of(example),
        example.get("old"),
        context.get("change"),
        context.get("risk"),
        context.get("request"),
        context.get("params", {}),
    )
