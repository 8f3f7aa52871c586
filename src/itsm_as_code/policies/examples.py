"""Examples are a policy's tests: what it should say of a record is run and compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from itsm_as_code import clock
from itsm_as_code.findings import Pointer
from itsm_as_code.policies.engine import Policy
from itsm_as_code.policies.environment import CompileError, Context, Environment
from itsm_as_code.records.facts import Facts

DEFAULT_NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant of examples that name none; fixed, so that an example means the same for ever."""


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example: what was expected, what the policy said."""

    policy: Policy
    name: str
    pointer: Pointer
    expected: str
    actual: str
    message: str

    @property
    def ok(self) -> bool:
        return self.expected == self.actual


def run_examples(policy: Policy) -> Iterator[ExampleResult]:
    """Run the examples of a policy, each with the facts that it brings along."""
    for index, example in enumerate(policy.record.spec["examples"]):
        context = example.get("context", {})
        facts = Facts.from_records(context.get("records", ()))
        data = example["object"]
        now = clock.parse_instant(context["now"]) if "now" in context else DEFAULT_NOW
        environment = Environment(facts, now)
        values = Context(
            data, now, example.get("old"), context.get("change"), context.get("risk"), context.get("request")
        )
        try:
            status, message = policy.judge(data, environment, environment.activation(values))
        except CompileError as error:
            status, message = "error", f"does not compile: {error.message}"
        yield ExampleResult(policy, example["name"], ("spec", "examples", index), example["expect"], status, message)
