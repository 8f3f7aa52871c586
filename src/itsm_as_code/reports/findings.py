"""Findings as several reports show them: as text with the line that they are about, and as annotations of GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from itsm_as_code.findings import Finding, Severity
from itsm_as_code.reports import escape

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


def finding_line(finding: Finding) -> str:
    """A finding on one line, as it is: whoever shows it makes it harmless."""
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    return f"{finding.location}: {finding.severity} {finding.rule}: {finding.message}{remedy}"


def _source_line(source: bytes | None, line: int | None) -> str | None:
    if source is None or line is None:
        return None
    lines = _lines(source)
    if len(lines) < line:
        return None
    shown = lines[line - 1][: 4 * _MOST_QUOTED]  # a character has four bytes at most
    return escape.terminal(shown.decode("utf-8", "replace").rstrip("\r"))[:_MOST_QUOTED]


_MOST_QUOTED: Final = 120
"""Characters of a line that are quoted."""


@lru_cache(maxsize=4)
def _lines(source: bytes) -> list[bytes]:
    """The lines of a file; split once for the findings of a file, which follow each other."""
    return source.split(b"\n")


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
