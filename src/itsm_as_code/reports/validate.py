"""What `itsm validate` prints: text, json, sarif and github."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from itsm_as_code import __version__, clock
from itsm_as_code.findings import Finding, Rule, Severity
from itsm_as_code.reports import escape

SCHEMA: Final = "itsm/report/v1"


@dataclass(frozen=True)
class ValidateResult:
    """What there is to report: the findings, how many records were read, and the sources to quote lines from."""

    findings: Sequence[Finding]
    records: int
    now: datetime
    revision: str | None = None
    sources: Mapping[str, bytes] | None = None
    rules: Mapping[str, Rule] | None = None

    def count(self, severity: Severity) -> int:
        """Findings of a severity that count: neither known nor waived."""
        return sum(
            finding.count
            for finding in self.findings
            if finding.severity is severity and not finding.known and finding.waiver is None
        )

    @property
    def waived(self) -> int:
        return sum(finding.count for finding in self.findings if finding.waiver is not None)


def text(result: ValidateResult, colour: bool = False) -> str:
    """For people: each finding with the line it is about, then a summary."""
    paint = PAINT if colour else {}
    parts = [finding_text(finding, result.sources or {}, paint) for finding in result.findings if not finding.waiver]
    return "\n".join([*parts, summary(result), ""])


PAINT: Final = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "info": "\x1b[1;36m",
    "rule": "\x1b[1m",
    "dim": "\x1b[2m",
    "off": "\x1b[0m",
}


def finding_text(finding: Finding, sources: Mapping[str, bytes], paint: Mapping[str, str] | None = None) -> str:
    """A finding with its place, the line it is about, and how to mend it."""
    paint = paint or {}
    off = paint.get("off", "")
    where = finding.location
    severity = finding.severity.value
    head = f"{paint.get(severity, '')}{severity}[{escape.terminal(finding.rule)}]{off}: "
    lines = [head + paint.get("rule", "") + escape.terminal(finding.message) + off]
    lines.append(f"{paint.get('dim', '')}  -->{off} {escape.terminal(str(where))}")
    quoted = _source_line(sources.get(where.path), where.line)
    if quoted is not None and where.line is not None:
        gutter = " " * len(str(where.line))
        caret = " " * (min(where.column or 1, 100) - 1) + "^"
        lines += [
            f"{paint.get('dim', '')}  {where.line} |{off} {quoted}",
            f"{paint.get('dim', '')}  {gutter} |{off} {paint.get(severity, '')}{caret}{off}",
        ]
    if finding.remedy:
        lines.append(f"  = {escape.terminal(finding.remedy)}")
    return "\n".join(lines) + "\n"


def _source_line(source: bytes | None, line: int | None) -> str | None:
    if source is None or line is None:
        return None
    ends = _line_ends(source)
    if len(ends) < line:
        return None
    start, end = (ends[line - 2] + 1 if line > 1 else 0), ends[line - 1]
    shown = source[start : min(end, start + 4 * _MOST_QUOTED)]  # a character has four bytes at most
    return escape.terminal(shown.decode("utf-8", "replace").rstrip("\r"))[:_MOST_QUOTED]


_MOST_QUOTED: Final = 120
"""Characters of a line that are quoted."""


@lru_cache(maxsize=4)
def _line_ends(source: bytes) -> list[int]:
    """Where the lines of a file end; worked out once for the findings of a file, which follow each other."""
    ends = [match.start() for match in re.finditer(b"\n", source)]
    return [*ends, len(source)]


def summary(result: ValidateResult) -> str:
    """One line: how many records, how many findings."""
    counts = [
        f"{number} {name if number == 1 else name + 's'}"
        for name, number in (
            ("error", result.count(Severity.ERROR)),
            ("warning", result.count(Severity.WARNING)),
            ("info", result.count(Severity.INFO)),
        )
        if number
    ]
    if result.waived:
        counts.append(f"{result.waived} waived")
    records = f"{result.records} record{'s' if result.records != 1 else ''}"
    return f"{records}: {', '.join(counts) or 'no findings'}"


def json(result: ValidateResult, colour: bool = False) -> str:
    """For programs: schemas/reports/validate-report.schema.json."""
    data = {
        "schema": SCHEMA,
        "command": "validate",
        "now": clock.format_instant(result.now),
        "revision": result.revision,
        "summary": {
            "records": result.records,
            "errors": result.count(Severity.ERROR),
            "warnings": result.count(Severity.WARNING),
            "infos": result.count(Severity.INFO),
            "known": sum(finding.count for finding in result.findings if finding.known),
            "waived": result.waived,
        },
        "findings": [finding.as_data() for finding in result.findings],
    }
    return escape.json(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(result: ValidateResult, colour: bool = False) -> str:
    """SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for code scanning."""
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
                        "rules": [_sarif_rule(rule_id, rules.get(rule_id)) for rule_id in ids],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(finding, ids) for finding in shown],
                **({"invocations": [_left_out(left_out)]} if left_out else {}),
            }
        ],
    }
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


MOST_RESULTS: Final = 25_000
"""GitHub refuses a run with more (https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/troubleshoot-sarif-uploads/results-exceed-limit)."""


def _left_out(count: int) -> dict[str, Any]:
    """An invocation that says how many results are missing (SARIF 2.1.0, 3.20.21)."""
    text = f"{count:,} more findings are left out, the least grave ones; 'itsm validate --format json' has them"
    notification = {"level": "warning", "message": {"text": text}}
    return {"executionSuccessful": True, "toolExecutionNotifications": [notification]}


def _sarif_rule(rule_id: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": rule_id}
    about = {"id": rule_id, "shortDescription": {"text": rule.title}}
    return about | ({"fullDescription": {"text": rule.explanation}} if rule.explanation else {})


def _sarif_result(finding: Finding, ids: Mapping[str, int]) -> dict[str, Any]:
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
    return data


def github(result: ValidateResult, colour: bool = False) -> str:
    """Annotations of GitHub Actions, one a line, then the summary.

    Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    shown = [finding for finding in result.findings if not finding.waiver and not finding.known]
    return "\n".join([*annotated(shown), summary(result), ""])


MOST_ANNOTATIONS: Final = 9
"""Annotations of each level. GitHub shows ten of a step, and drops the rest in silence; the tenth is for a verdict, or
says how many there are besides (https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md#limitations)."""


def annotated(findings: Iterable[Finding]) -> list[str]:
    """The first annotations of each level, the gravest first, and one that says how many more findings there are."""
    levels: dict[Severity, list[Finding]] = {}
    more = 0
    for finding in findings:
        level = levels.setdefault(finding.severity, [])
        if len(level) < MOST_ANNOTATIONS:
            level.append(finding)
        else:
            more += finding.count
    lines = [annotation(finding) for severity in Severity for finding in levels.get(severity, ())]
    if more:
        lines.append(f"::notice title=findings::and {more:,} more: --format text and json have all of them")
    return lines


def annotation(finding: Finding) -> str:
    """A workflow command that marks the finding's line in the pull request."""
    where = finding.location
    command = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}[finding.severity]
    properties = {"file": where.path, "line": where.line, "col": where.column, "title": finding.rule}
    shown = ",".join(
        f"{key}={escape.workflow_property(escape.terminal(str(value)))}"
        for key, value in properties.items()
        if value is not None
    )
    message = finding.message + (f" ({finding.remedy})" if finding.remedy else "")
    return f"::{command} {shown}::{escape.workflow_data(escape.terminal(message))}"


FORMATS: Final[dict[str, Callable[..., str]]] = {"text": text, "json": json, "sarif": sarif, "github": github}
