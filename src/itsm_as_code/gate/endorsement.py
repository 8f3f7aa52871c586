"""Signatures over evidence: who vouches for a decision that a pipeline wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from itsm_as_code import signing
from itsm_as_code.gate.replay import Damaged
from itsm_as_code.gate.statements import why_key_is_not
from itsm_as_code.records.facts import Facts

NAMESPACE: Final = "itsm-evidence@v1"


def endorse(content: bytes, key: Path) -> str:
    """The armoured signature of a file of evidence; SigningError when it cannot be made."""
    return signing.sign(content, key, NAMESPACE)


def endorser(
    content: bytes, armoured: str, people: Facts, now: datetime, allowed: Sequence[tuple[str, str]] | None = None
) -> str:
    """Who signed evidence: a Person of its branch, or a name of an allowed-signers list (pairs of name and key).

    Damaged when the signature is not theirs or not one of these bytes; ``now`` is when the key has to be good.
    """
    try:
        signature = signing.read_signature(armoured)
    except ValueError as error:
        raise Damaged(f"its signature {error}") from None
    if signature.namespace != NAMESPACE:
        raise Damaged(f"its signature is for {signature.namespace}, not for {NAMESPACE}")
    name = _holder(signature.key, people, now, allowed)
    if not signing.is_signed_by(content, armoured, "signer", [signature.key], NAMESPACE):
        raise Damaged("its signature is not one of these bytes")
    return name


def _holder(key: str, people: Facts, now: datetime, allowed: Sequence[tuple[str, str]] | None) -> str:
    if allowed is not None:
        names = [name for name, known in allowed if signing.bare_key(known) == key]
        if not names:
            raise Damaged("its signature is by a key that is not among the allowed signers")
        return names[0]
    names = [
        data["metadata"]["name"]
        for data in people.records("Person")
        if any(signing.bare_key(item["key"]) == key for item in data["spec"].get("signingKeys", ()))
    ]
    if not names:
        raise Damaged("its signature is by a key of nobody in people/ of its branch")
    refusal = why_key_is_not(people, names[0], key, (now,))
    if refusal is not None:
        raise Damaged(f"its signature does not count: {refusal[0]}")
    return str(names[0])
