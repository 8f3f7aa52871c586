"""itsm policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from itsm_as_code.cli.output import Session
from itsm_as_code.cli.program import common_options

if TYPE_CHECKING:
    from itsm_as_code.policies.engine import Policy
    from itsm_as_code.policies.examples import ExampleResult


@click.group("policy")
def command() -> None:
    """Run the examples of policies, or list which records they match."""


@command.command("test")
@click.argument("names", nargs=-1)
@common_options("text", "json")
def test(session: Session, names: tuple[str, ...]) -> int:
    """Run the examples that stand in the policies. Exit code 1 when one of them does not hold.

    \b
    Example:
      itsm policy test
      itsm policy test change-has-rehearsed-backout -v
    """
    from itsm_as_code.findings import format_pointer
    from itsm_as_code.policies.examples import run_examples

    policies = _policies(session, names)
    results = [(policy, list(run_examples(policy))) for policy in policies]
    failed = [result for _, found in results for result in found if not result.ok]
    if session.format == "json":
        import orjson

        rows = [
            {
                "policy": policy.name,
                "example": result.name,
                "pointer": format_pointer(result.pointer),
                "path": policy.record.path,
                "expected": result.expected,
                "actual": result.actual,
                "message": result.message,
            }
            for policy, found in results
            for result in found
        ]
        data = {
            "schema": "itsm/policy-test/v1",
            "passed": len(rows) - len(failed),
            "failed": len(failed),
            "examples": rows,
        }
        session.write(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    else:
        session.write(_test_text(results, session.verbose))
    return 1 if failed else 0


def _test_text(results: list[tuple[Policy, list[ExampleResult]]], verbose: bool) -> str:
    from itsm_as_code.records.positions import locate
    from itsm_as_code.reports.escape import terminal

    lines = []
    total = failures = 0
    for policy, found in results:
        bad = [result for result in found if not result.ok]
        total += len(found)
        failures += len(bad)
        if verbose or bad:
            lines.append(f"{'✘' if bad else '✔'} {policy.name}: {len(found) - len(bad)} of {len(found)} examples hold")
        for result in found:
            if not result.ok:
                line, column = locate(policy.record.source, [result.pointer])[result.pointer]
                lines.append(f"    {policy.record.path}:{line}:{column} {terminal(result.name)}")
                message = f": {terminal(result.message)}" if result.message else ""
                lines.append(f"      expected {result.expected}, got {result.actual}{message}")
            elif verbose:
                lines.append(f"    {result.actual}: {terminal(result.name)}")
    policies = "1 policy" if len(results) == 1 else f"{len(results)} policies"
    lines.append(f"{policies}, {total} examples: {failures or 'none'} failed")
    return "\n".join(lines) + "\n"


@command.command("list")
@common_options("text", "json")
def list_(session: Session) -> int:
    """List the policies with what they said of the records here.

    \b
    Example:
      itsm policy list
    """
    from collections import Counter

    from itsm_as_code.errors import UsageError
    from itsm_as_code.snapshot import WorkTree
    from itsm_as_code.validation import assess_catalogue, load_judges

    judges = load_judges(WorkTree(session.directory))
    validation = assess_catalogue(judges.catalogue, judges, session.instant(judges.configuration.as_of))
    counts: dict[str, Counter[str]] = {}
    for outcome in validation.outcomes:
        counts.setdefault(outcome.policy, Counter())[outcome.status] += 1
    if not judges.catalogue.of_kind("Policy"):
        raise UsageError("there is no policy here", remedy="add one to policies/, or go to a repository of records")
    rows = [
        _row(record.name, record.spec, record.title, counts.get(record.name, Counter()))
        for record in judges.catalogue.of_kind("Policy")
    ]
    if session.format == "json":
        import orjson

        data = {"schema": "itsm/policy-list/v1", "policies": rows}
        session.write(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
        return 0
    width = max(len(row["name"]) for row in rows)
    text = [
        f"{row['severity']:<8}{row['name']:<{width}}  pass {row['pass']:>4}  fail {row['fail']:>3}  "
        f"waived {row['waived']:>2}  {row['title']}"
        for row in rows
    ]
    session.write("\n".join([*text, f"{len(rows)} policies", ""]))
    return 0


def _row(name: str, spec: dict[str, Any], title: str, count: Any) -> dict[str, Any]:
    statuses = {status: count[status] for status in ("pass", "fail", "error", "waived")}
    return {"name": name, "title": title, "severity": spec["severity"], "kinds": spec["match"]["kinds"], **statuses}


def _policies(session: Session, names: tuple[str, ...]) -> list[Policy]:
    """The policies of those names (all without names); a policy whose file is broken is an error, not left out."""
    from itsm_as_code.errors import ItsmError, UsageError
    from itsm_as_code.findings import did_you_mean
    from itsm_as_code.policies.engine import Policy
    from itsm_as_code.snapshot import WorkTree
    from itsm_as_code.validation import load_judges

    catalogue = load_judges(WorkTree(session.directory)).catalogue
    broken = [finding for finding in catalogue.findings if finding.location.path.startswith("policies/")]
    if broken:
        raise ItsmError(
            f"{broken[0].location}: {broken[0].message}", remedy="mend it first; 'itsm validate policies' shows all"
        )
    known = catalogue.names("Policy")
    for name in names:
        if name not in known:
            raise UsageError(
                f"there is no policy '{name}'", remedy=did_you_mean(name, known) or "see 'itsm policy list'"
            )
    policies = [Policy(record) for record in catalogue.of_kind("Policy") if not names or record.name in names]
    if not policies:
        raise UsageError("there is no policy here", remedy="add one to policies/, or go to a repository of records")
    return policies
