"""Signatures over evidence: who vouches for a decision that a pipeline wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from itsm_as_code import signing
from itsm_as_code.errors import ItsmError
from itsm_as_code.gate.replay import Damaged
from itsm_as_code.gate.signed_approvals import why_key_is_not
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.own_kinds import registry_of
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.snapshot import Snapshot

NAMESPACE: Final = "itsm-evidence@v1"


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """The bytes of a file, and the signature that lies beside it (FILE.sig), if one does."""

    content: bytes
    signature: str | None


def evidence_file(path: Path) -> EvidenceFile:
    """A file of evidence; ItsmError when it cannot be read."""
    try:
        signature = beside(path)
        return EvidenceFile(path.read_bytes(), signature.read_text("utf-8", "replace") if signature.is_file() else None)
    except OSError as error:
        raise ItsmError(f"cannot read {path}: {error.strerror}", remedy="name a file of evidence") from None


def beside(path: Path) -> Path:
    """Where the signature of a file lies."""
    return path.with_name(path.name + ".sig")


def endorse(content: bytes, key: Path) -> str:
    """The armoured signature of a file of evidence; SigningError when it cannot be made."""
    return signing.sign(content, key, NAMESPACE)


def signer_of(file: EvidenceFile, branch: Snapshot, now: datetime, allowed: Path | None = None) -> str | None:
    """Who signed a file: somebody of its branch, or of an allowed-signers file; None where nobody did. Damaged."""
    if file.signature is None:
        return None
    signers = allowed_signers(allowed) if allowed is not None else None
    people = Facts.of(load_catalogue(branch, registry_of(branch)))
    return endorser(file.content, file.signature, people, now, signers)


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


def allowed_signers(file: Path) -> list[tuple[str, str]]:
    """Names and keys of an allowed-signers file."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ItsmError(f"cannot read {file}: {reason}", remedy="see ssh-keygen(1), ALLOWED SIGNERS") from None
    return [_allowed(line) for line in lines if line.strip() and not line.startswith("#")]


def _allowed(line: str) -> tuple[str, str]:
    """Name and key of a line ``name [options] type base64 [comment]`` of ssh-keygen(1), ALLOWED SIGNERS."""
    fields = line.split()
    kinds = ("ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-")
    at = next((index for index, field in enumerate(fields) if index and field.startswith(kinds)), None)
    if at is None or at + 1 >= len(fields):
        raise ItsmError("a line of the allowed signers names no key", remedy="write: name ssh-ed25519 AAAA...")
    return fields[0], f"{fields[at]} {fields[at + 1]}"
