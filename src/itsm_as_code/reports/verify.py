"""What `itsm gate --verify` prints: whether evidence is what was written, and gives the same decision today."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from itsm_as_code.gate.decision import canonical
from itsm_as_code.gate.replay import Damaged, Replay, read_evidence
from itsm_as_code.reports import escape
from itsm_as_code.reports.gate import written

SCHEMA: Final = "itsm/verify/v1"


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer: the replay, or why there was none; and who signed the evidence, if somebody did."""

    replay: Replay | None
    signer: str | None = None
    damage: str | None = None

    @property
    def holds(self) -> bool:
        return self.damage is None and self.replay is not None and self.replay.holds

    @property
    def exit_code(self) -> int:
        return 0 if self.holds else 1


def intact(content: bytes) -> dict[str, Any]:
    """The evidence in a file, without its digest; Damaged when one byte of it is not as it was written."""
    data = read_evidence(content)
    whole = {**data, "digest": _digest(content)}
    if content not in (written(whole).encode(), canonical(whole)):
        raise Damaged("its bytes are not those that were written, though they mean the same")
    return data


def _digest(content: bytes) -> str:
    digest: str = orjson.loads(content)["digest"]
    return digest


def text(result: Verification) -> str:
    """For people: holds or not, of what decision, and what differs."""
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


def json(result: Verification) -> str:
    """For programs: schemas/reports/verify-report.schema.json."""
    replay = result.replay
    evidence: Mapping[str, Any] = replay.evidence if replay is not None else {}
    data = {
        "schema": SCHEMA,
        "holds": result.holds,
        "damage": result.damage,
        "signer": result.signer,
        "verdict": evidence.get("verdict"),
        "base": evidence.get("base"),
        "head": evidence.get("head"),
        "now": evidence.get("now"),
        "differences": [
            {"pointer": row.pointer, "recorded": row.recorded, "now": row.now}
            for row in (replay.differences if replay is not None else ())
        ],
    }
    return escape.json(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


FORMATS: Final[dict[str, Callable[[Verification], str]]] = {"text": text, "json": json}
