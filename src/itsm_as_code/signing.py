"""Signatures by SSH keys, made and checked by ssh-keygen (OpenSSH 8.2 or newer), which is imported by nobody.

The format: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
"""

from __future__ import annotations

import base64
import binascii
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from itsm_as_code.errors import ItsmError
from itsm_as_code.programs import program

_BEGIN: Final = "-----BEGIN SSH SIGNATURE-----"
_END: Final = "-----END SSH SIGNATURE-----"
_MAGIC: Final = b"SSHSIG"
_SECONDS: Final = 120  # a key in hardware waits for its owner's touch
MAX_SIGNATURE: Final = 16_384
"""An armoured signature is never longer: the largest, of RSA with 16,384 bits, has some 6,000 characters."""


class SigningError(ItsmError):
    """A signature could not be made, or not be checked."""

    code = "signing"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a signature says of itself, unchecked: its key (``ssh-ed25519 AAAA...``) and what it is meant for."""

    key: str
    namespace: str


def read_signature(armoured: str) -> Signature:
    """The key and namespace of an armoured signature; ValueError when it is none."""
    lines = [line.strip() for line in armoured.strip().splitlines()]
    if len(armoured) > MAX_SIGNATURE or len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise ValueError("is no SSH signature")
    try:
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
        if blob[:6] != _MAGIC or int.from_bytes(blob[6:10], "big") != 1:
            raise ValueError("is no SSH signature of version 1")
        key, rest = _string(blob[10:])
        namespace, _ = _string(rest)
        kind, _ = _string(key)
        return Signature(f"{kind.decode('ascii')} {base64.b64encode(key).decode()}", namespace.decode("utf-8"))
    except (binascii.Error, UnicodeDecodeError, IndexError):
        raise ValueError("is no SSH signature") from None


def _string(data: bytes) -> tuple[bytes, bytes]:
    """A string of RFC 4251 section 5 and what follows it."""
    end = 4 + int.from_bytes(data[:4], "big")
    if len(data) < 4 or len(data) < end:
        raise IndexError
    return data[4:end], data[end:]


def bare_key(line: str) -> str:
    """Type and base64 of a public key line, without its comment."""
    return " ".join(line.split()[:2])


def sign(content: bytes, key: Path, namespace: str) -> str:
    """The armoured signature of ``content``. ``key`` is a private key, or a public one whose private half an agent has.

    SigningError when ssh-keygen is missing or refuses.
    """
    code, out, said = _ssh_keygen("-Y", "sign", "-q", "-f", str(key), "-n", namespace, feed=content)
    if code != 0:
        raise SigningError(f"ssh-keygen could not sign with {key}: {said}", remedy="name the private key with --key")
    return out.decode("ascii")


def public_key(key: Path) -> str:
    """The public half (type and base64) of a key file; SigningError when it has none."""
    beside = key if key.suffix == ".pub" else key.with_name(key.name + ".pub")
    try:
        if beside.is_file():
            return bare_key(beside.read_text("utf-8"))
        if not key.is_file():
            raise SigningError(f"there is no key {key}", remedy="name the file of a private SSH key with --key")
    except (OSError, UnicodeDecodeError) as error:
        raise SigningError(f"cannot read {beside}: {error}", remedy="name another key with --key") from None
    code, out, said = _ssh_keygen("-y", "-f", str(key))
    if code != 0:
        raise SigningError(f"ssh-keygen could not read {key}: {said}", remedy=f"put its public half in {beside}")
    return bare_key(out.decode("utf-8"))


def agent_keys() -> list[str]:
    """The public keys that the ssh-agent holds."""
    code, out, _ = _run("ssh-add", "-L")
    return [bare_key(line) for line in out.decode("utf-8", "replace").splitlines()] if code == 0 else []


def is_signed_by(content: bytes, armoured: str, signer: str, keys: Sequence[str], namespace: str) -> bool:
    """True when one of ``keys`` made the signature over exactly these bytes for this namespace.

    ``signer`` is a name of lower-case letters, digits and hyphens. SigningError when ssh-keygen is missing.
    """
    with tempfile.TemporaryDirectory(prefix="itsm-signature-") as folder:
        allowed, signature = Path(folder) / "allowed", Path(folder) / "signature"
        allowed.write_text("".join(f'{signer} namespaces="{namespace}" {bare_key(key)}\n' for key in keys), "utf-8")
        signature.write_text(armoured, "utf-8")
        options = ("-f", str(allowed), "-I", signer, "-n", namespace, "-s", str(signature))
        return _ssh_keygen("-Y", "verify", *options, feed=content)[0] == 0


def _ssh_keygen(*arguments: str, feed: bytes = b"") -> tuple[int, bytes, str]:
    return _run("ssh-keygen", *arguments, feed=feed)


def _run(name: str, *arguments: str, feed: bytes = b"") -> tuple[int, bytes, str]:
    """Exit code, standard output, and the first line of standard error."""
    path = program(name)
    if path is None:
        raise SigningError(
            f"{name} is not installed", code="ssh-keygen-missing", remedy="install OpenSSH's client (openssh-client)"
        )
    try:
        done = subprocess.run([path, *arguments], input=feed, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise SigningError(f"{name} did not answer within {_SECONDS} seconds", remedy="unlock the key") from None
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return done.returncode, done.stdout, said[0] if said else f"exit code {done.returncode}"
