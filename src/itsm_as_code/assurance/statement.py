"""Evidence of a merge as it is kept: a statement in canonical JSON on one line, and the signature over that line.

A note is a row of gzip members (RFC 1952 section 2.2), each with one statement and one signature, so
``git notes --ref=itsm show COMMIT | gunzip`` gives what ``ssh-keygen -Y verify`` takes. Whatever in a note cannot be
read is passed over: anybody who may push can leave it there.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from itsm_as_code import clock, signing
from itsm_as_code.errors import ItsmError
from itsm_as_code.gate.decision import is_canonical
from itsm_as_code.git.notes import MAX_NOTE
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator

SCHEMA: Final = "itsm/evidence/v1"
SCHEMA_FILE: Final = "reports/evidence-statement.schema.json"
NAMESPACE: Final = "itsm-merge-evidence@v1"
"""In which evidence of merges is signed: a signature over an approval, a commit or a verdict is none over evidence."""
MAX_STATEMENT: Final = 16 << 20
"""Bytes of a statement with its signature; more is not unpacked (a few bytes of gzip can hold a great many)."""
MAX_DECISION: Final = 4 << 20
"""Bytes of a decision; of a larger one the evidence keeps what it rests on, and the digest of the whole."""
MAX_MEMBERS: Final = 50
_BULK: Final = ("findings", "known", "policyImpact", "conflicts", "affected", "records", "paths", "transitions", "risk")


@dataclass(frozen=True, slots=True)
class Statement:
    """Evidence that could be read: its line, the armoured signature, and the data of the line. Nothing is checked."""

    line: bytes
    signature: str
    data: Mapping[str, Any]

    @property
    def commit(self) -> str:
        return str(self.data["commit"])

    @property
    def merged_at(self) -> datetime:
        return clock.parse_instant(self.data["mergedAt"])

    @property
    def covers(self) -> tuple[str, ...]:
        """The commits that came with it, oldest first; the last is the one that it is noted on."""
        return tuple(self.data["range"])

    @property
    def packed(self) -> bytes:
        return pack(self.line, self.signature)


def sign(line: bytes, key: Path) -> Statement:
    """A signed statement; SigningError when ssh-keygen refuses."""
    return Statement(line, signing.sign(line, key, NAMESPACE), json.loads(line))


def pack(line: bytes, signature: str) -> bytes:
    """A gzip member with a statement, the same bytes for the same statement; ItsmError for one that is too large."""
    packed = gzip.compress(line + signature.encode(), mtime=0)
    if len(line) > MAX_STATEMENT - signing.MAX_SIGNATURE or len(packed) > MAX_NOTE:
        raise ItsmError(f"the evidence has more than {MAX_STATEMENT >> 20} MiB", remedy="split the pull request")
    return packed


def unpack(content: bytes, registry: KindRegistry) -> Iterator[Statement]:
    """The statements of a note, in their order; each is as the schema says, and nothing else is told of them."""
    return (statement for statement in read_note(content, registry) if statement is not None)


def read_note(content: bytes, registry: KindRegistry) -> Iterator[Statement | None]:
    """The statements of a note, and None for what of it cannot be read: none of ours, cut off, or too large."""
    validator = registry.validator(SCHEMA_FILE)
    left = MAX_STATEMENT
    for _ in range(MAX_MEMBERS):
        engine = zlib.decompressobj(wbits=31)
        try:
            text = engine.decompress(content, left)
        except zlib.error:
            yield None
            return
        if not engine.eof:  # cut off, or larger than it may be
            yield None
            return
        yield _read(text, validator)
        left -= len(text)
        content = engine.unused_data
        if not content or left <= 0:
            break
    if content:
        yield None


def exported(content: bytes, registry: KindRegistry) -> Statement | None:
    """The statement in a file as `itsm evidence show --export` writes it; None when it is none."""
    if len(content) > MAX_STATEMENT:
        return None
    return _read(content, registry.validator(SCHEMA_FILE))


def _read(text: bytes, validator: Validator) -> Statement | None:
    line, end, signature = text.partition(b"\n")
    try:
        data = json.loads(line)
        armoured = signature.decode("ascii")
    except (ValueError, RecursionError):
        return None
    if not validator.is_valid(data) or not is_canonical(data, line):
        return None
    return Statement(line + end, armoured, data)


def trimmed(decision: Mapping[str, Any], size: int) -> dict[str, Any]:
    """The data of a decision with its digest; of one of more than MAX_DECISION bytes without what fills it.

    All that it rests on stays, so that it can be worked out again, and compared by the digest.
    """
    if size <= MAX_DECISION:
        return dict(decision)
    return {**{key: value for key, value in decision.items() if key not in _BULK}, "omitted": sorted(_BULK)}
