"""Examples are a policy's tests: what it should say of a record is run and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.errors import ConfigurationError
from itsm_as_code.findings import Pointer, Problem
from itsm_as_code.policies.cel import TOO_MUCH, CompileError, Context, Environment
from itsm_as_code.policies.fixtures import Fixtures, no_fixtures
from itsm_as_code.policies.policy import Policy
from itsm_as_code.records.facts import Facts

DEFAULT_NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant of examples that name none; fixed, so that an example means the same for ever."""


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example: what was expected, what the policy said (``pass``, ``fail``, ``skip``, ``error``)."""

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
    facts = ""
    environment: Environment | None = None
    for index, example in enumerate(policy.record.spec["examples"]):
        try:
            context = example.get("context", {})
            brought = repr([context.get(key) for key in ("fixture", "records", "now")])  # as text 1 is not true
            if environment is None or facts != brought:  # it takes longer to make than to ask
                facts, environment = brought, environment_of(example, fixtures)
            activation = environment.activation(context_of(example))
            status, message = policy.judge(example["object"], environment, activation)
        except CompileError as error:
            status, message = "error", f"does not compile: {error.message}"
        except ConfigurationError as error:
            status, message = "error", f"its fixture cannot be used: {error.message}"
        yield ExampleResult(example["name"], ("spec", "examples", index), example["expect"], status, message)


MOST_EXAMPLES: Final = 2_000
MOST_RECORDS: Final = 200_000
"""What the gate runs of a pull request: so many examples, with so many records in their contexts together."""


def example_problems(policies: Iterable[Policy], fixtures: Fixtures) -> Iterator[tuple[Policy, Problem]]:
    """A problem for each policy whose examples do not all hold, or could not all be run within bounds.

    A policy that does not compile is left to the rule for that.
    """
    examples, records, stopped = 0, 0, ""
    for policy in policies:
        if not _compiles(policy):
            continue
        results: list[ExampleResult] = []
        for result in () if stopped else run_examples(policy, fixtures):
            examples += 1
            records += _records_of(policy.record.spec["examples"][len(results)], fixtures)
            results.append(result)
            if TOO_MUCH in result.message:
                stopped = f"'{result.name}' of {policy.name} takes too much time or memory"
            elif examples >= MOST_EXAMPLES or records >= MOST_RECORDS:
                stopped = f"more than {MOST_EXAMPLES:,} examples, or {MOST_RECORDS:,} records in their contexts"
            if stopped:
                break
        failed = [result for result in results if not result.ok]
        if failed:
            yield policy, _failure(policy, failed, len(results))
        elif len(results) < len(policy.record.spec["examples"]):
            message = f"its examples were not all run: {stopped}"
            yield policy, Problem(message, ("spec", "examples"), "make them smaller, or split the pull request")


def _failure(policy: Policy, failed: list[ExampleResult], run: int) -> Problem:
    first = failed[0]
    said = {"pass": "passes", "skip": f"is passed over, for the policy is for {', '.join(policy.kinds)}"}
    if first.actual == "skip" and policy.record.spec["examples"][first.pointer[-1]]["object"]["kind"] in policy.kinds:
        said["skip"] = "is passed over by `match`"
    says = said.get(first.actual) or f"{'fails' if first.actual == 'fail' else 'gives no answer'}: {first.message}"
    message = f"{len(failed)} of {run} examples do not hold: '{first.name}' is to {first.expected}, and {says}"
    return Problem(message, first.pointer, f"run 'itsm policy test {policy.name}', and mend the policy or its examples")


def _compiles(policy: Policy) -> bool:
    environment = Environment(Facts({}))
    try:
        for _, text in policy.expressions():
            environment.compile(text)
    except CompileError:
        return False
    return True


def _records_of(example: Mapping[str, Any], fixtures: Fixtures) -> int:
    """How many records an example can look up."""
    context = example.get("context", {})
    try:
        shared = len(fixtures(context["fixture"])) if "fixture" in context else 0
    except ConfigurationError:
        shared = 0
    return shared + len(context.get("records", ()))


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
