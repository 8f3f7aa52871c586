"""What `itsm gate --verify FILE` prints: whether evidence is what was written, and gives the same decision today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from itsm_as_code.gate.decision import canonical
from itsm_as_code.gate.replay import Damaged, Replay, read_evidence
from itsm_as_code.reports.gate.json import written


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
