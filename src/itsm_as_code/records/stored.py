"""Records that an earlier run read and found valid, by the content of their files.

Only what a valid record says is kept: what is wrong with a file is always worked out from the file. An entry belongs
to the version of the program that read it, down to the text of the modules that decide what a record says, and to
the schema of its kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import resources
from typing import Any

import orjson

from itsm_as_code import __version__
from itsm_as_code.cache import Cache
from itsm_as_code.records.kinds import Kind
from itsm_as_code.records.schemas import Schema

_DECIDING = ("document.py", "schemas.py", "formats.py", "kinds.py", "catalogue.py", "stored.py")


class StoredRecords:
    """Data of valid records in a cache. A file is named by its blob id, or by a digest of its content."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._fresh: dict[bytes, dict[str, Any]] = {}

    def find(self, files: Iterable[tuple[str, Kind, str]]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The data of those files (path, kind, content id) that were valid records of that kind and name."""
        wanted: dict[bytes, dict[str, list[str]]] = {}
        kinds: dict[bytes, Kind] = {}
        for path, kind, content_id in files:
            space = _space(kind)
            kinds[space] = kind
            wanted.setdefault(space, {}).setdefault(content_id, []).append(path)
        for space, paths in wanted.items():
            for content_id, data in self._cache.get_many(space, paths):
                for path in paths[content_id]:
                    if _is_record(data, kinds[space], path):
                        yield path, data

    def add(self, kind: Kind, content_id: str, data: dict[str, Any]) -> None:
        """Remember a valid record, once :meth:`save` is called."""
        self._fresh.setdefault(_space(kind), {})[content_id] = data

    def save(self) -> None:
        for space, entries in self._fresh.items():
            self._cache.put_many(space, entries)
        self._fresh.clear()


def content_id(content: bytes) -> str:
    """The id of a file that git has not hashed. No blob id is ever equal: it has more digits."""
    return hashlib.blake2b(content, digest_size=33).hexdigest()


def _is_record(data: Any, kind: Kind, path: str) -> bool:
    if not isinstance(data, dict) or data.get("kind") != kind.name:
        return False
    metadata = data.get("metadata")
    return isinstance(metadata, dict) and f"/{path}".endswith(f"/{metadata.get('name')}.yaml")


_spaces: dict[int, tuple[Kind, bytes]] = {}


def _space(kind: Kind) -> bytes:
    """Which entries hold for a kind: those of this program and of this schema."""
    found = _spaces.get(id(kind))
    if found is None or found[0] is not kind:
        found = _spaces[id(kind)] = (kind, _digest(kind.name, kind.schema))
    return found[1]


def _digest(name: str, schema: Schema) -> bytes:
    parts = (_program(), name.encode(), orjson.dumps(schema, option=orjson.OPT_SORT_KEYS))
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()


@lru_cache(maxsize=1)
def _program() -> bytes:
    """What decides how a file is read: this version, and the very text of the modules that do it."""
    digest = hashlib.blake2b(__version__.encode())
    folder = resources.files("itsm_as_code.records")
    for name in _DECIDING:
        digest.update(folder.joinpath(name).read_bytes())
    return digest.digest()
