"""What `itsm policy test` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from itsm_as_code.measures.numbers import percent_floor
from itsm_as_code.policies.examples import ExampleResult
from itsm_as_code.policies.policy import Policy
from itsm_as_code.policies.strength import Strength, Survivor, share
from itsm_as_code.records.positions import locate, locate_inside
from itsm_as_code.reports import escape


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


def strength_summary(test: PolicyTest) -> str:
    """How many mutants are killed, and how many had to be."""
    total = sum(strength.total for strength in test.strengths or ())
    killed = sum(strength.killed for strength in test.strengths or ())
    if test.share is None:
        return "no mutants: nothing in these policies can be changed"
    least = f", at least {percent_floor(test.least / 100, 3)} % was asked for" if test.least is not None else ""
    return f"{killed} of {total} mutants killed ({percent_floor(test.share, 1)} %){least}"


def survivors(strength: Strength) -> list[tuple[Survivor, tuple[int, int]]]:
    """The survivors with line and column of the changed place in the file."""
    offsets = [(item.pointer, item.mutant.first) for item in strength.survivors]
    return list(zip(strength.survivors, locate_inside(strength.policy.record.source, offsets), strict=True))


def change(survivor: Survivor) -> str:
    """What a mutant changes."""
    before, after = _short(survivor.mutant.before), _short(survivor.mutant.after)
    return (
        f"{survivor.pointer[-1]}: {before} -> {after}" if after != "''" else f"{survivor.pointer[-1]}: without {before}"
    )


def _short(text: str) -> str:
    """A piece of an expression on one line; the middle of a long one is left out."""
    line = escape.terminal(" ".join(text.split()))
    return f"'{line}'" if len(line) <= 80 else f"'{line[:50]} ... {line[-25:]}'"


def why(result: ExampleResult) -> str:
    """Why an example does not hold."""
    message = f": {result.message}" if result.message else ""
    return f"expected {result.expected}, got {result.actual}{message}"


def places(policy: Policy, results: Sequence[ExampleResult]) -> list[tuple[int, int]]:
    """Line and column of each example in the file of the policy."""
    found = locate(policy.record.source, [result.pointer for result in results])
    return [found[result.pointer] for result in results]
