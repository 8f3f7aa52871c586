"""What `itsm policy test` prints: text, json and junit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from itsm_as_code.findings import format_pointer
from itsm_as_code.policies.engine import Policy
from itsm_as_code.policies.examples import ExampleResult
from itsm_as_code.records.positions import locate
from itsm_as_code.reports import escape
from itsm_as_code.reports.junit import Case, junit

SCHEMA: Final = "itsm/policy-test/v1"


@dataclass(frozen=True)
class PolicyTest:
    """The results of the examples of some policies."""

    results: Sequence[tuple[Policy, Sequence[ExampleResult]]]
    verbose: bool = False

    @property
    def failed(self) -> int:
        return sum(not result.ok for _, found in self.results for result in found)

    @property
    def total(self) -> int:
        return sum(len(found) for _, found in self.results)


def text(test: PolicyTest, colour: bool = False) -> str:
    """For people: each example that does not hold, with its place; all of them when asked to say more."""
    lines = []
    for policy, found in test.results:
        bad = [result for result in found if not result.ok]
        if test.verbose or bad:
            mark = f"\x1b[1;{31 if bad else 32}m{'✘' if bad else '✔'}\x1b[0m" if colour else "✘" if bad else "✔"
            lines.append(f"{mark} {policy.name}: {len(found) - len(bad)} of {len(found)} examples hold")
        places = _places(policy, found)
        for result, (line, column) in zip(found, places, strict=True):
            if not result.ok:
                lines.append(f"    {policy.record.path}:{line}:{column} {escape.terminal(result.name)}")
                lines.append(f"      {escape.terminal(_why(result))}")
            elif test.verbose:
                lines.append(f"    {result.actual}: {escape.terminal(result.name)}")
    policies = "1 policy" if len(test.results) == 1 else f"{len(test.results)} policies"
    lines.append(f"{policies}, {test.total} examples: {test.failed or 'none'} failed")
    return "\n".join(lines) + "\n"


def _why(result: ExampleResult) -> str:
    message = f": {result.message}" if result.message else ""
    return f"expected {result.expected}, got {result.actual}{message}"


def _places(policy: Policy, results: Sequence[ExampleResult]) -> list[tuple[int, int]]:
    places = locate(policy.record.source, [result.pointer for result in results])
    return [places[result.pointer] for result in results]


def as_data(test: PolicyTest) -> dict[str, Any]:
    """In the form of schemas/reports/policy-test-report.schema.json."""
    return {
        "schema": SCHEMA,
        "passed": test.total - test.failed,
        "failed": test.failed,
        "examples": [
            {
                "policy": policy.name,
                "example": result.name,
                "path": policy.record.path,
                "line": line,
                "column": column,
                "pointer": format_pointer(result.pointer),
                "expected": result.expected,
                "actual": result.actual,
                "message": result.message or None,
            }
            for policy, found in test.results
            for result, (line, column) in zip(found, _places(policy, found), strict=True)
        ],
    }


def json(test: PolicyTest, colour: bool = False) -> str:
    """For programs."""
    return escape.json(orjson.dumps(as_data(test), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


def junit_xml(test: PolicyTest, colour: bool = False) -> str:
    """For CI servers: a suite for each policy, a case for each example."""
    return junit("itsm policy test", [(policy.name, _cases(policy, found)) for policy, found in test.results])


def _cases(policy: Policy, found: Sequence[ExampleResult]) -> list[Case]:
    cases = []
    for result, (line, _) in zip(found, _places(policy, found), strict=True):
        why = None if result.ok else _why(result)
        broke = result.actual == "error"
        name = policy.name
        cases.append(Case(result.name, name, policy.record.path, line, None if broke else why, why if broke else None))
    return cases


FORMATS: Final[dict[str, Callable[..., str]]] = {"text": text, "json": json, "junit": junit_xml}
