"""What `itsm policy test` prints: text, json and junit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import orjson

from itsm_as_code.findings import format_pointer
from itsm_as_code.measures.numbers import percent_floor
from itsm_as_code.policies.examples import ExampleResult
from itsm_as_code.policies.policy import Policy
from itsm_as_code.policies.strength import Strength, Survivor, share
from itsm_as_code.records.positions import locate, locate_inside
from itsm_as_code.reports import escape
from itsm_as_code.reports.junit import Case, junit

SCHEMA: Final = "itsm/policy-test/v1"


@dataclass(frozen=True)
class PolicyTest:
    """The results of the examples of some policies, and how strong they are if that was asked (else None).

    ``least`` is the share of mutants, in percent, that has to be killed; None when any will do.
    """

    results: Sequence[tuple[Policy, Sequence[ExampleResult]]]
    verbose: bool = False
    strengths: Sequence[Strength] | None = None
    least: Fraction | None = None

    @property
    def share(self) -> Fraction | None:
        """The share of mutants that are killed."""
        return share(self.strengths or ())

    @property
    def is_too_weak(self) -> bool:
        """True when less is killed than was asked for. Without a mutant there is nothing to be weak."""
        return self.least is not None and self.share is not None and self.share * 100 < self.least

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
            lines.append(
                f"{_mark(not bad, colour)} {policy.name}: {len(found) - len(bad)} of {len(found)} examples hold"
            )
        places = _places(policy, found)
        for result, (line, column) in zip(found, places, strict=True):
            if not result.ok:
                lines.append(f"    {policy.record.path}:{line}:{column} {escape.terminal(result.name)}")
                lines.append(f"      {escape.terminal(_why(result))}")
            elif test.verbose:
                lines.append(f"    {result.actual}: {escape.terminal(result.name)}")
    policies = "1 policy" if len(test.results) == 1 else f"{len(test.results)} policies"
    lines.append(f"{policies}, {test.total} examples: {test.failed or 'none'} failed")
    if test.strengths is not None:
        lines += _strength_lines(test, colour)
    return "\n".join(lines) + "\n"


def _strength_lines(test: PolicyTest, colour: bool) -> Iterator[str]:
    for strength in test.strengths or ():
        if strength.survivors or test.verbose:
            yield (
                f"{_mark(not strength.survivors, colour)} {strength.policy.name}: "
                f"{strength.killed} of {strength.total} mutants killed"
            )
        for survivor, (line, column) in _survivors(strength):
            yield f"    {strength.policy.record.path}:{line}:{column} {_change(survivor)}"
            if test.verbose:
                yield f"      {escape.terminal(' '.join(survivor.mutant.expression.split()))}"
    yield _strength_summary(test)


def _strength_summary(test: PolicyTest) -> str:
    total = sum(strength.total for strength in test.strengths or ())
    killed = sum(strength.killed for strength in test.strengths or ())
    if test.share is None:
        return "no mutants: nothing in these policies can be changed"
    least = f", at least {percent_floor(test.least / 100, 3)} % was asked for" if test.least is not None else ""
    return f"{killed} of {total} mutants killed ({percent_floor(test.share, 1)} %){least}"


def _survivors(strength: Strength) -> list[tuple[Survivor, tuple[int, int]]]:
    """The survivors with line and column of the changed place in the file."""
    offsets = [(item.pointer, item.mutant.first) for item in strength.survivors]
    return list(zip(strength.survivors, locate_inside(strength.policy.record.source, offsets), strict=True))


def _change(survivor: Survivor) -> str:
    before, after = _short(survivor.mutant.before), _short(survivor.mutant.after)
    return (
        f"{survivor.pointer[-1]}: {before} -> {after}" if after != "''" else f"{survivor.pointer[-1]}: without {before}"
    )


def _short(text: str) -> str:
    """A piece of an expression on one line; the middle of a long one is left out."""
    line = escape.terminal(" ".join(text.split()))
    return f"'{line}'" if len(line) <= 80 else f"'{line[:50]} ... {line[-25:]}'"


def _mark(good: bool, colour: bool) -> str:
    sign = "✔" if good else "✘"
    return f"\x1b[1;{32 if good else 31}m{sign}\x1b[0m" if colour else sign


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
        "strength": _strength_data(test) if test.strengths is not None else None,
    }


def _strength_data(test: PolicyTest) -> dict[str, Any]:
    strengths = test.strengths or ()
    return {
        "mutants": sum(strength.total for strength in strengths),
        "killed": sum(strength.killed for strength in strengths),
        "least": float(test.least) if test.least is not None else None,
        "policies": [
            {
                "policy": strength.policy.name,
                "path": strength.policy.record.path,
                "mutants": strength.total,
                "killed": strength.killed,
                "survivors": [
                    {
                        "pointer": format_pointer(survivor.pointer),
                        "line": line,
                        "column": column,
                        "before": survivor.mutant.before,
                        "after": survivor.mutant.after,
                        "expression": survivor.mutant.expression,
                    }
                    for survivor, (line, column) in _survivors(strength)
                ],
            }
            for strength in strengths
        ],
    }


def json(test: PolicyTest, colour: bool = False) -> str:
    """For programs."""
    return escape.json(orjson.dumps(as_data(test), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


def junit_xml(test: PolicyTest, colour: bool = False) -> str:
    """For CI servers: a suite for each policy, a case for each example."""
    suites = [(policy.name, _cases(policy, found)) for policy, found in test.results]
    if test.strengths is not None:
        suites.append(("strength", _strength_cases(test)))
    return junit("itsm policy test", suites)


def _strength_cases(test: PolicyTest) -> list[Case]:
    """A case for each policy, which only tells; the whole fails when it is weaker than was asked for."""
    cases = []
    for strength in test.strengths or ():
        said = [f"{line}:{column} {_change(survivor)}" for survivor, (line, column) in _survivors(strength)]
        title = f"{strength.killed} of {strength.total} mutants killed"
        cases.append(Case(title, strength.policy.name, strength.policy.record.path, 1, said=tuple(said)))
    summary = _strength_summary(test)
    return [*cases, Case("all policies", "strength", "policies", 1, summary if test.is_too_weak else None)]


def _cases(policy: Policy, found: Sequence[ExampleResult]) -> list[Case]:
    cases = []
    for result, (line, _) in zip(found, _places(policy, found), strict=True):
        why = None if result.ok else _why(result)
        broke = result.actual == "error"
        name = policy.name
        cases.append(Case(result.name, name, policy.record.path, line, None if broke else why, why if broke else None))
    return cases


FORMATS: Final[dict[str, Callable[..., str]]] = {"text": text, "json": json, "junit": junit_xml}
