"""The decision: one plain value with everything it rests on, its canonical JSON, and the digest of that."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from itsm_as_code.findings import Finding
from itsm_as_code.gate.outline import Outline

SCHEMA: Final = "itsm/gate/v1"
BESIDE: Final = "controls"
"""What a file of evidence holds that is none: what merging does to controls. Its digest leaves it out."""
EXIT_CODES: Final = {"approved": 0, "pending": 1, "rejected": 1, "error": 2}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the verdict is not ``approved``: a stable code and a sentence; by name, whom it says to ask."""

    code: str
    message: str
    ask: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict (``approved``, ``pending``, ``rejected``, ``error``) with its evidence.

    ``evidence`` is plain JSON data in the form of ``schemas/reports/gate-report.schema.json``, without its digest;
    ``outline`` is what readers are told besides.
    """

    verdict: str
    reasons: tuple[Reason, ...]
    evidence: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()
    sources: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    outline: Outline = field(default_factory=Outline)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of the evidence."""
        return "sha256:" + hashlib.sha256(canonical(self.evidence)).hexdigest()

    def as_data(self) -> dict[str, Any]:
        """The evidence with its digest."""
        return {**self.evidence, "digest": self.digest}


def canonical(data: Any) -> bytes:
    """JSON with sorted keys, no white space, UTF-8: the same bytes for the same data."""
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


def is_canonical(data: Any, content: bytes) -> bool:
    """True when these bytes are what :func:`canonical` writes; what it cannot write at all never is."""
    try:
        return canonical(data) == content
    except TypeError:  # half a character, a number of more than 64 bits
        return False


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def plain(data: Any) -> Any:
    """JSON data in which all text is Unicode: a byte of a path that is not UTF-8 is shown as ``\\xff``."""
    if isinstance(data, str):
        return _SURROGATE.sub(_show_surrogate, data)
    if isinstance(data, Mapping):
        return {plain(key): plain(value) for key, value in data.items()}
    return [plain(item) for item in data] if isinstance(data, (list, tuple)) else data


def _show_surrogate(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def error_decision(code: str, message: str, now: str, base: str | None = None, head: str | None = None) -> Decision:
    """The decision when judging itself was not possible: never taken for a verdict on the pull request."""
    reason = Reason(code, message)
    evidence: dict[str, Any] = {
        **dict.fromkeys(("candidate", "policyDigest", "validUntil")),
        **{key: [] for key in ("records", "paths", "risk", "conflicts", "nextFreeSlot", "transitions", "approvals")},
        **{key: [] for key in ("findings", "known", "waivers", "policyImpact")},
        "schema": SCHEMA,
        "verdict": "error",
        "reasons": [{"code": code, "message": message}],
        "base": base,
        "head": head,
        "now": now,
        "pullRequest": {"author": None, "number": None},
        "affected": {"declared": [], "computed": []},
    }
    return Decision("error", (reason,), plain(evidence))
