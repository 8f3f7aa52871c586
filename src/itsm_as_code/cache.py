"""Results by content hash, in one file: what was worked out of a blob once need not be worked out again.

A cache saves time and is never believed beyond that. Every entry carries a digest over its key and value, so one that
was damaged, or put under another key, is no entry; a file that cannot be read is set aside; a place that others can
write to is not used at all. What is read out has the form that was put in, so a reader can still refuse it. Whoever
has the rights of its owner can make entries that look right, as they could replace the program: see SECURITY.md for
which runs may write a cache that others read. With a secret key, nobody else can.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import orjson

_FORMAT: Final = 1
_SIGNATURE: Final = 16
_BATCH: Final = 500
"""Keys asked for in one statement; SQLite takes at least 999 variables (https://sqlite.org/limits.html)."""
_SECONDS: Final = 5.0
"""How long to wait for another process that writes."""
_MAX_FILE: Final = 4 << 30


class Cache:
    """JSON data by kind of result (``space``) and content id; several processes may use one file at once.

    Nothing here raises: what cannot be read is absent, what cannot be written is not written, and ``trouble`` says why.
    """

    def __init__(self, folder: Path, secret: bytes = b"") -> None:
        self._secret = hashlib.blake2b(secret, person=b"itsm-cache").digest() if secret else b""
        self.trouble = ""
        self._connection: sqlite3.Connection | None = None
        try:
            _make_private(folder)
            self._connection = _connect(folder / f"records-{_FORMAT}.sqlite")
        except _Unsafe as error:
            self.trouble = f"the cache in {folder} is not used: {error}"
        except (OSError, sqlite3.Error) as error:
            self.trouble = f"the cache in {folder} cannot be used: {error}"

    def get_many(self, space: bytes, ids: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """The entries that are there and whole, by id, in no order."""
        wanted = {space + bytes.fromhex(oid): oid for oid in ids}
        keys = list(wanted)
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            for key, signed in self._rows(f"SELECT key, value FROM entry WHERE key IN ({marks})", batch):  # noqa: S608
                value = self._verified(key, signed)
                if value is not None:
                    yield wanted[key], value

    def put_many(self, space: bytes, entries: Mapping[str, Any]) -> None:
        """Remember JSON data by id, all of it or nothing; what JSON cannot carry as it is gets left out."""
        rows = []
        for oid, data in entries.items():
            key = space + bytes.fromhex(oid)
            value = _faithful(data)
            if value is not None:
                rows.append((key, self._sign(key, value) + value))
        if not rows or self._connection is None:
            return
        try:
            with self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", rows)
        except sqlite3.Error as error:
            self.trouble = f"the cache cannot be written: {error}"

    def _rows(self, query: str, values: list[bytes]) -> list[tuple[bytes, bytes]]:
        if self._connection is None:
            return []
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self.trouble = f"the cache cannot be read and is not used: {error}"
            self._connection = None
            return []

    def _sign(self, key: bytes, value: bytes) -> bytes:
        return hashlib.blake2b(key + value, digest_size=_SIGNATURE, key=self._secret).digest()

    def _verified(self, key: Any, signed: Any) -> Any:
        if not isinstance(key, bytes) or not isinstance(signed, bytes):
            return None
        value = signed[_SIGNATURE:]
        if self._sign(key, value) != signed[:_SIGNATURE]:
            return None
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return None


class _Unsafe(Exception):
    """A place that somebody else could write to."""


def _make_private(folder: Path) -> None:
    """Make the folder, for its owner alone; refuse one that is a link or that others own or may write to."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _refuse_unsafe(folder, stat.S_ISDIR, "a folder")


def _refuse_unsafe(path: Path, is_kind: Any, kind: str) -> None:
    status = path.lstat()
    if not is_kind(status.st_mode):
        raise _Unsafe(f"{path.name} is not {kind}")
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        raise _Unsafe(f"{path.name} belongs to somebody else")
    if os.name == "posix" and status.st_mode & 0o022:
        raise _Unsafe(f"others may write to {path.name} (chmod go-w)")


def _connect(file: Path) -> sqlite3.Connection:
    """The database; one that is no database, or is not whole, is replaced by an empty one."""
    if os.path.lexists(file):
        _refuse_unsafe(file, stat.S_ISREG, "a regular file")
        if file.stat().st_size > _MAX_FILE or not _is_whole(file):
            file.unlink()
    else:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = _open(file)
    with connection:
        connection.execute("CREATE TABLE IF NOT EXISTS entry (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
    return connection


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_SECONDS)
    # A database from elsewhere may hold triggers and views; without a trusted schema they run no function.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA synchronous = OFF")  # a power cut may cost the cache, which its digests show
    return connection


def _is_whole(file: Path) -> bool:
    """True for a database with our one table and nothing else that could run."""
    try:
        with closing(_open(file)) as connection:
            found = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
            return found in ([], [("table", "entry")])
    except sqlite3.OperationalError as error:
        return "locked" in str(error)  # another process is at it, so it is in use
    except sqlite3.Error:
        return False


def _faithful(data: Any) -> bytes | None:
    """JSON from which the very same data is read again, or None."""
    try:
        value = orjson.dumps(data)
        return value if _same(orjson.loads(value), data) else None
    except (TypeError, orjson.JSONDecodeError):
        return None


def _same(left: Any, right: Any) -> bool:
    """Equal in value and in type all the way down; the order of keys counts as well."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(_same(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(_same(one, other) for one, other in zip(left, right, strict=True))
    return bool(left == right)
