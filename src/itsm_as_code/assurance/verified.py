"""Signatures that an earlier run found good: each is a process of ssh-keygen, and what was signed does not change.

Only a good one is remembered, under a digest of all that it depends on: content, signature, signer, key, namespace and
this program. What a cache says is believed as far as that of records is (:mod:`itsm_as_code.cache`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from functools import lru_cache

from itsm_as_code import signing
from itsm_as_code.assurance.deployments import Deployer, Line, read_lines
from itsm_as_code.cache import Cache
from itsm_as_code.gate.decision import canonical
from itsm_as_code.records.stored import program


@lru_cache(maxsize=4096)
def _asked(content: bytes, armoured: str, signer: str, keys: tuple[str, ...], namespace: str) -> bool:
    return signing.is_signed_by(content, armoured, signer, keys, namespace)


def is_signed_by(content: bytes, armoured: str, signer: str, keys: Sequence[str], namespace: str) -> bool:
    """As :func:`itsm_as_code.signing.is_signed_by`, asked once in a run, however many parts of a site want to know."""
    return _asked(content, armoured, signer, tuple(keys), namespace)


class Verified:
    """Checks signatures as :func:`itsm_as_code.signing.is_signed_by` does, each once as long as the cache lives."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._space = hashlib.blake2b(b"signature 1" + program(), digest_size=16).digest()
        self._fresh: dict[str, bool] = {}

    def is_signed_by(self, content: bytes, armoured: str, signer: str, keys: Sequence[str], namespace: str) -> bool:
        """True when one of ``keys`` made the signature over these bytes for the namespace."""
        whole = canonical([content.decode(), armoured, signer, sorted(keys), namespace])
        digest = hashlib.blake2b(whole, digest_size=32).hexdigest()
        if any(value is True for _, value in self._cache.get_many(self._space, [digest])):
            return True
        is_good = is_signed_by(content, armoured, signer, keys, namespace)
        if is_good:
            self._fresh[digest] = True
        return is_good

    def save(self) -> None:
        """Remember what was found good."""
        self._cache.put_many(self._space, self._fresh)
        self._fresh.clear()


def read_known_lines(
    content: bytes, known: Sequence[Deployer], about: Collection[str] | None, cache: Cache | None
) -> list[Line]:
    """What ``read_lines`` gives; with a cache, only signatures that no earlier run found good are checked."""
    if cache is None:
        return read_lines(content, known, about, is_signed_by)
    verified = Verified(cache)
    lines = read_lines(content, known, about, verified.is_signed_by)
    verified.save()
    return lines
