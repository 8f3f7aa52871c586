"""Records that an earlier run read and found valid, by the content of their files.

Only what a valid record says is kept: what is wrong with a file is always worked out from the file. An entry belongs
to the program that read it, down to the text of each of its modules and the versions of the libraries that read, and to
the schema of its kind.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from itsm_as_code import __version__
from itsm_as_code.records.bundles import Schema
from itsm_as_code.records.kinds import Kind
from itsm_as_code.records.libraries import version

if TYPE_CHECKING:
    from itsm_as_code.cache import Cache

_LIBRARIES: Final = ("PyYAML", "jsonschema-rs", "tzdata")
"""Those that decide what a file says, and whether a schema takes it."""


class StoredRecords:
    """Data of valid records in a cache. A file is named by its blob id, or by a digest of its content."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._fresh: dict[bytes, dict[str, Any]] = {}

    @property
    def cache(self) -> Cache:
        return self._cache

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
    """The id that git gives a file of this content (gitformat-loose), so that work trees and commits share entries.

    Where a repository names its blobs by SHA-256, they do not, and only that. Two contents of one id would have to be
    known to git, which refuses what shows signs of a collision (https://git-scm.com/docs/hash-function-transition).
    """
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


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
    parts = (program(), name.encode(), orjson.dumps(schema, option=orjson.OPT_SORT_KEYS))
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()


@lru_cache(maxsize=1)
def program() -> bytes:
    """A digest of what decides how a file is read: the whole program, for no list of its parts stays true, and its
    libraries.
    """
    digest = hashlib.blake2b(__version__.encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\0".encode())
    for name, text in sources():
        digest.update(f"{name}\0{len(text)}\0".encode() + text)
    return digest.digest()


def sources() -> Iterator[tuple[str, bytes]]:
    """The program's modules, as paths below its folder and their text, always in the same order."""
    top = Path(__file__).parents[1]
    for folder, _, files in sorted(os.walk(top)):  # in half the time of Path.rglob
        below = folder[len(str(top)) + 1 :].replace(os.sep, "/")
        for name in sorted(files):
            if name.endswith(".py"):
                yield f"{below}/{name}".lstrip("/"), Path(folder, name).read_bytes()
