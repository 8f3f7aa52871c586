"""What a build leaves for the next one: what each part of the site was made of, and the files that it wrote.

It is kept in the cache, whose entries are authenticated and heal, not in the site, which is published. A file of the
site is taken for what it was by its status (inode, size, times), as git does, or else by a digest of its content.
"""

from __future__ import annotations

import binascii
import hashlib
import os
import stat
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from itsm_as_code.cache import Cache

_SIZE: Final = 16
_PART: Final = 1 << 20
Status = tuple[int, int, int, int, int]
"""Inode, size, time of modification, time of change, mode."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the site: its path, a digest of its content, and its status as it was left."""

    path: str
    content: str
    status: Status = (0, 0, 0, 0, 0)

    @classmethod
    def of(cls, path: str, content: bytes) -> File:
        return cls(path, hashlib.blake2b(content, digest_size=_SIZE).hexdigest())

    def left(self, out: Path) -> File:
        """The same with its status as it is now."""
        return File(self.path, self.content, _status(os.lstat(out / self.path)))

    def found(self, out: Path) -> File | None:
        """The file as it is there now, if that is what it was left as; None for another one, or none."""
        file = os.path.join(out, self.path)  # noqa: PTH118 - half the time of pathlib, for each of many files
        try:
            there = os.lstat(file)
            if _status(there) == self.status:
                return self
            is_alike = (there.st_size, there.st_mode, there.st_nlink) == (self.status[1], self.status[4], 1)
            if not is_alike or not stat.S_ISREG(there.st_mode):
                return None
            said = hashlib.blake2b(digest_size=_SIZE)
            with open(file, "rb", buffering=0) as stream:  # noqa: PTH123
                while part := stream.read(_PART):
                    said.update(part)
        except OSError:
            return None
        return File(self.path, self.content, _status(there)) if said.hexdigest() == self.content else None


def _status(found: os.stat_result) -> Status:
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode


@dataclass(frozen=True, slots=True)
class Made:
    """A part of the site: the numbers of the look-ups that it was made of, and its files."""

    reads: Iterable[int]
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A build: what all of it depends on, its look-ups by number with digests of their answers, and its parts.

    ``traces`` says which look-ups a remembered answer was made of.
    """

    whole: str
    keys: list[str] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    traces: Mapping[str, Iterable[int]] = field(default_factory=dict)
    parts: Mapping[str, Made] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the manifest of a site is kept; ``program`` is a digest of what makes pages."""

    cache: Cache
    program: bytes

    def load(self, out: Path) -> Manifest | None:
        """The manifest of the site in a folder, if there is one of this program that can be read."""
        for _, entry in self.cache.get_many(self._space, [_place(out)]):
            try:
                return _unpacked(orjson.loads(zlib.decompress(b64decode(entry, validate=True))))
            except (ValueError, TypeError, KeyError, IndexError, zlib.error, binascii.Error):
                return None
        return None

    def save(self, out: Path, manifest: Manifest) -> None:
        """Remember what was made for the site in a folder."""
        said = b64encode(zlib.compress(orjson.dumps(_packed(manifest)), 1)).decode("ascii")
        self.cache.put_many(self._space, {_place(out): said})

    @property
    def _space(self) -> bytes:
        return hashlib.blake2b(self.program, digest_size=_SIZE, person=b"itsm-site").digest()


def _place(out: Path) -> str:
    return hashlib.blake2b(os.fsencode(out.absolute()), digest_size=_SIZE).hexdigest()


def _packed(manifest: Manifest) -> dict[str, Any]:
    return {
        "whole": manifest.whole,
        "keys": manifest.keys,
        "digests": b64encode(b"".join(manifest.digests)).decode("ascii"),
        "traces": {name: _numbers(trace) for name, trace in manifest.traces.items()},
        "parts": {
            name: [_numbers(made.reads), *((file.path, file.content, *file.status) for file in made.files)]
            for name, made in manifest.parts.items()
        },
    }


def _unpacked(data: Any) -> Manifest:
    digests = b64decode(data["digests"])
    return Manifest(
        data["whole"],
        data["keys"],
        [digests[at : at + _SIZE] for at in range(0, len(digests), _SIZE)],
        {name: _read(trace) for name, trace in data["traces"].items()},
        {
            name: Made(_read(reads), tuple(File(path, content, tuple(status)) for path, content, *status in files))
            for name, (reads, *files) in data["parts"].items()
        },
    )


def _numbers(numbers: Iterable[int]) -> str:
    return b64encode(array("I", numbers).tobytes()).decode("ascii")


def _read(text: str) -> array[int]:
    return array("I", b64decode(text))
