"""For people: holds or not, of what decision, and what differs."""

from __future__ import annotations

from typing import Any

import orjson

from itsm_as_code.reports import escape
from itsm_as_code.reports.verify import Verification


def render(result: Verification) -> str:
    if result.damage is not None or result.replay is None:
        return f"✘ the evidence does not hold: {escape.terminal(result.damage or '')}\n"
    replay, data = result.replay, escape.shown(result.replay.evidence)
    about = f"{data['verdict']}, {data['head'][:12]} into {data['base'][:12]} as of {data['now']}"
    lines = [f"✔ the evidence holds: {about}"] if replay.holds else [f"✘ the evidence does not hold: {about}"]
    if replay.differences:
        lines.append("  judged again with the same inputs, this is different:")
        for row in replay.differences:
            lines.append(
                f"  {escape.terminal(row.pointer or '/')}: recorded {_show(row.recorded)}, now {_show(row.now)}"
            )
    if result.signer is not None:
        lines.append(f"  signed by {escape.terminal(result.signer)}")
    return "\n".join([*lines, ""])


def _show(value: Any) -> str:
    shown = escape.terminal(orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode())
    return shown if len(shown) <= 120 else shown[:117] + "..."
