"""For people: each example that does not hold, with its place; all of them when asked to say more."""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.reports import escape
from itsm_as_code.reports.policy_test import PolicyTest, change, places, strength_summary, survivors, why
from itsm_as_code.wording import count


def render(test: PolicyTest, colour: bool = False) -> str:
    lines = []
    for policy, found in test.results:
        bad = [result for result in found if not result.ok]
        if test.verbose or bad:
            lines.append(
                f"{_mark(not bad, colour)} {policy.name}: {len(found) - len(bad)} of {len(found)} examples hold"
            )
        for result, (line, column) in zip(found, places(policy, found), strict=True):
            if not result.ok:
                lines.append(f"    {policy.record.path}:{line}:{column} {escape.terminal(result.name)}")
                lines.append(f"      {escape.terminal(why(result))}")
            elif test.verbose:
                lines.append(f"    {result.actual}: {escape.terminal(result.name)}")
    policies = count(len(test.results), "policy", "policies")
    lines.append(f"{policies}, {count(test.total, 'example')}: {test.failed or 'none'} failed")
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
        for survivor, (line, column) in survivors(strength):
            yield f"    {strength.policy.record.path}:{line}:{column} {change(survivor)}"
            if test.verbose:
                yield f"      {escape.terminal(' '.join(survivor.mutant.expression.split()))}"
    yield strength_summary(test)


def _mark(good: bool, colour: bool) -> str:
    sign = "✔" if good else "✘"
    return f"\x1b[1;{32 if good else 31}m{sign}\x1b[0m" if colour else sign
