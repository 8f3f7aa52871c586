"""What `itsm fmt` prints: text and json."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from itsm_as_code.findings import Finding, Severity, sort_findings
from itsm_as_code.records.formatting import Formatted
from itsm_as_code.reports import escape
from itsm_as_code.reports.validate import PAINT, finding_text

SCHEMA: Final = "itsm/fmt/v1"


@dataclass(frozen=True, slots=True)
class FormatResult:
    """What became of the files; ``is_written`` is False when only asked, or when one of them could not be read."""

    files: Sequence[Formatted]
    is_written: bool
    shows_diff: bool = False

    @property
    def changed(self) -> list[Formatted]:
        return [file for file in self.files if file.is_changed]

    @property
    def findings(self) -> list[Finding]:
        return sort_findings(finding for file in self.files for finding in file.findings)


def text(result: FormatResult, colour: bool = False) -> str:
    """For people: findings, the files that change (or how), and a summary."""
    paint = PAINT if colour else {}
    sources = {file.path: file.before for file in result.files}
    parts = [finding_text(finding, sources, paint) for finding in result.findings]
    if result.shows_diff:
        parts += [line for file in result.changed for line in _diff(file, paint)]
    else:
        verb = "formatted" if result.is_written else "would change"
        parts += [f"{verb}: {escape.terminal(file.path)}" for file in result.changed]
    same = len(result.files) - len(result.changed)
    verb = "formatted" if result.is_written else "would change"
    errors = sum(finding.severity is Severity.ERROR for finding in result.findings)
    unread = f", {errors} could not be read and nothing was written" if errors else ""
    return "\n".join([*parts, f"{len(result.changed)} {verb}, {same - errors} left as they are{unread}", ""])


_MOST_LINES: Final = 1500
"""Of a file whose difference is shown: the search for lines in common takes time by the square of their number."""


def _diff(file: Formatted, paint: Mapping[str, str]) -> Iterator[str]:
    before, after = (content.decode().splitlines() for content in (file.before, file.after))
    if max(len(before), len(after)) > _MOST_LINES:
        yield f"{escape.terminal(file.path)}: it has more than {_MOST_LINES:,} lines, too many to show how they change"
        return
    colours = {"+": paint.get("info", ""), "-": paint.get("error", "")}
    for line in difflib.unified_diff(before, after, f"a/{file.path}", f"b/{file.path}", lineterm=""):
        colour = colours.get(line[:1], "")
        yield f"{colour}{escape.terminal(line)}{paint.get('off', '') if colour else ''}"


def json(result: FormatResult, colour: bool = False) -> str:
    """For programs."""
    data = {
        "schema": SCHEMA,
        "summary": {"files": len(result.files), "changed": len(result.changed), "written": result.is_written},
        "changed": [file.path for file in result.changed],
        "findings": [finding.as_data() for finding in result.findings],
    }
    return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n"


FORMATS: Final[Mapping[str, Callable[..., str]]] = {"text": text, "json": json}
