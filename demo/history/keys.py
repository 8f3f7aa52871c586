"""Keys of people who are not: the private half of each is made of its name, so that every build gives the same history.

The form: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
"""

from __future__ import annotations

import base64
import hashlib
import struct
from pathlib import Path
from typing import Final

PUBLIC: Final = {
    "ben": "dcd3769fa01a80bc040abc1ecfa74ba400f9114b4058fbc016e1443271500d3a",
    "cora": "e196fb8f923f1741629b85948548d6329cd808028f63931037ff57a90c95af34",
    "dora": "f49646d93c0f9e528bc7a5714b46f39d3eb67effa4c6783fdbcd0814b6cf87ee",
    "emil": "044a3bb1a53fef0e66c3989edf0399c95ebe0bc417d22ea810ff3060a751586d",
    "fay": "c073100477fc3bf4536ef708cded389467a2c6e738b15af1973521f69c8e236a",
    "gus": "b9b7e7f9a88aa1b0df27396a839bcb5156065b7be1a3fc076d409c2b28cd9876",
    "evidence": "efb2b64ef578c5499ab2c7a8bfe9df86b3e2e79cec557ace37473a29e7bc9606",
    "pipeline": "b4c4913e794bb8b2b0bc21a0acb0448195d2e539a150ecd39d04dff576415fc5",
}


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def public(name: str) -> str:
    """The line of a public key."""
    blob = _string(b"ssh-ed25519") + _string(bytes.fromhex(PUBLIC[name]))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {name}"


def write_key(folder: Path, name: str) -> None:
    """The private key whose seed is a digest of the name, and its public half beside it."""
    half = bytes.fromhex(PUBLIC[name])
    blob = _string(b"ssh-ed25519") + _string(half)
    seed = hashlib.sha256(f"Kestrel Books: {name}".encode()).digest()
    secret = bytes(8) + blob + _string(seed + half) + _string(name.encode())
    secret += bytes(range(1, 9 - len(secret) % 8)) if len(secret) % 8 else b""
    whole = b"openssh-key-v1\0" + _string(b"none") * 2 + _string(b"") + struct.pack(">I", 1) + _string(blob)
    lines = base64.encodebytes(whole + _string(secret)).decode()
    head, foot = (f"-----{word} OPENSSH PRIVATE KEY-----\n" for word in ("BEGIN", "END"))
    (folder / name).write_text(head + lines + foot)
    (folder / name).chmod(0o600)
    (folder / f"{name}.pub").write_text(public(name) + "\n")
