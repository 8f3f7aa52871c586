"""For people: findings, the files that change (or how), and a summary."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from itsm_as_code.findings import Severity
from itsm_as_code.records.formatting import Formatted
from itsm_as_code.reports import escape
from itsm_as_code.reports.findings import PAINT, finding_text
from itsm_as_code.reports.fmt import FormatResult

_MOST_LINES: Final = 1500
"""Of a file whose difference is shown: the search for lines in common takes time by the square of their number."""


def render(result: FormatResult, colour: bool = False) -> str:
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


def _diff(file: Formatted, paint: Mapping[str, str]) -> Iterator[str]:
    before, after = (content.decode().splitlines() for content in (file.before, file.after))
    if max(len(before), len(after)) > _MOST_LINES:
        yield f"{escape.terminal(file.path)}: it has more than {_MOST_LINES:,} lines, too many to show how they change"
        return
    colours = {"+": paint.get("info", ""), "-": paint.get("error", "")}
    for line in difflib.unified_diff(before, after, f"a/{file.path}", f"b/{file.path}", lineterm=""):
        colour = colours.get(line[:1], "")
        yield f"{colour}{escape.terminal(line)}{paint.get('off', '') if colour else ''}"
