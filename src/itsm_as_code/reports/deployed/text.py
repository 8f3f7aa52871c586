"""A line for each statement, with what does not hold."""

from __future__ import annotations

from collections.abc import Sequence

from itsm_as_code.assurance.deployments import Line
from itsm_as_code.reports import escape


def render(lines: Sequence[Line]) -> str:
    return "".join(f"{text}\n" for line in lines for text in _shown(line)) or "nothing was said to be deployed\n"


def _shown(line: Line) -> list[str]:
    data = line.data or {}
    what = " ".join(str(data.get(key, "?")) for key in ("end", "service", "environment", "result"))
    under = data.get("change") or data.get("model") or "nothing"
    gone = " (superseded)" if line.is_superseded else ""
    head = f"{'✔' if line.holds else '✘'} {line.number}: {what}, under {under}, by {data.get('deployer', '?')}{gone}"
    return [
        escape.terminal(head),
        *(f"    {reason.code}: {escape.terminal(reason.message)}" for reason in line.reasons),
    ]
