"""SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for code scanning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from itsm_as_code import __version__
from itsm_as_code.findings import Finding, Rule, Severity
from itsm_as_code.reports import escape
from itsm_as_code.reports.validate import ValidateResult

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
MOST_RESULTS: Final = 25_000
"""GitHub refuses a run with more (https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/troubleshoot-sarif-uploads/results-exceed-limit)."""


def render(result: ValidateResult) -> str:
    shown = sorted(result.findings, key=lambda finding: finding.severity.rank)[:MOST_RESULTS]
    left_out = sum(finding.count for finding in result.findings) - sum(finding.count for finding in shown)
    ids = {rule: index for index, rule in enumerate(sorted({finding.rule for finding in shown}))}
    rules = result.rules or {}
    data = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "itsm",
                        "semanticVersion": __version__,
                        "rules": [_rule(rule_id, rules.get(rule_id)) for rule_id in ids],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, ids) for finding in shown],
                **({"invocations": [_left_out(left_out)]} if left_out else {}),
            }
        ],
    }
    return escape.dumped(data)


def _left_out(count: int) -> dict[str, Any]:
    """An invocation that says how many results are missing (SARIF 2.1.0, 3.20.21)."""
    text = f"{count:,} more findings are left out, the least grave ones; 'itsm validate --format json' has them"
    notification = {"level": "warning", "message": {"text": text}}
    return {"executionSuccessful": True, "toolExecutionNotifications": [notification]}


def _rule(rule_id: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": rule_id}
    about = {"id": rule_id, "shortDescription": {"text": rule.title}}
    return about | ({"fullDescription": {"text": rule.explanation}} if rule.explanation else {})


def _result(finding: Finding, ids: Mapping[str, int]) -> dict[str, Any]:
    where = finding.location
    physical: dict[str, Any] = {"artifactLocation": {"uri": escape.uri(where.path)}}
    if where.line is not None:
        physical["region"] = {"startLine": where.line} | ({"startColumn": where.column} if where.column else {})
    message = finding.message + (f". {finding.remedy}" if finding.remedy else "")
    data: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": ids[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": escape.terminal(message)},
        "locations": [{"physicalLocation": physical}],
    }
    if finding.waiver:
        data["suppressions"] = [{"kind": "external", "justification": f"waiver {finding.waiver}"}]
    elif finding.known:
        data["suppressions"] = [{"kind": "external", "justification": "it stands on the base already"}]
    return data
