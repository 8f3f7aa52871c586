"""Results by content hash, in one file: what was worked out of a blob once need not be worked out again.

A cache saves time and is never believed beyond that. Every entry carries a digest over its key and value, so one that
was damaged, or put under another key, is no entry; a file that cannot be read is replaced; a place that others can
write to is not used at all. What is read out has the form that was put in, so a reader can still refuse it. Whoever
has the rights of its owner can make entries that look right, as they could replace the program: see SECURITY.md for
which runs may write a cache that others read. With a secret key, nobody else can.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import shutil
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
_PAGE: Final = 16 << 10
"""Bytes of a page of a new file: entries of 2 kB leave half of the usual 4,096 unused, and large ones take twice as
long to read. A file that is there keeps its own until it is removed."""
_NO_REFERENCES: Final = 2
"""The version of :mod:`marshal` that writes an object in two places twice, so that equal data is written alike."""
_WHOLE: Final = "-whole"
"""Behind the name of a database: a file that says in which state it was left, and whole."""
_SIDES: Final = ("", "-journal", "-wal", "-shm", _WHOLE)
"""What SQLite keeps beside a database (https://sqlite.org/tempfiles.html): a stale one would be played back into it;
and what is kept there of its state."""
_OF_THE_PLACE: Final = frozenset({3, 5, 6, 7, 8, 9, 10, 13, 14, 23})
"""Primary result codes that tell of permissions, locks, memory, interrupts or the disk, not of what the file holds
(https://sqlite.org/rescode.html): with those the file stays as it is."""


class Cache:
    """JSON data by kind of result (``space``) and content id; several processes may use one file at once.

    Nothing here raises: what cannot be read is absent, what cannot be written is not written, and ``trouble`` says why.
    A file that turns out to be damaged is replaced by an empty one at once, which ``renewed`` says; ``passed_over``
    says why somebody made no use of what is there, ``refused`` that entries were none.
    """

    def __init__(self, folder: Path, secret: bytes = b"") -> None:
        self._secret = hashlib.blake2b(secret, person=b"itsm-cache").digest() if secret else b""
        self.trouble, self.renewed, self.passed_over, self.refused = "", "", "", ""
        self._connection: sqlite3.Connection | None = None
        self._inherited: sqlite3.Connection | None = None
        self._owner = os.getpid()
        self._file = folder / f"records-{_FORMAT}.sqlite"
        self._open(folder)

    def _open(self, folder: Path) -> None:
        try:
            _make_private(folder)
            if _discard_damaged(self._file):
                self.renewed = f"the cache in {folder} was damaged, and is made anew"
            self._connection = _connect(self._file)
        except _Unsafe as error:
            self.trouble = f"the cache in {folder} is not used: {error}"
        except OSError as error:
            self.trouble = f"the cache in {folder} cannot be used: {error}"
        except _FAILURES as error:
            if self.renewed or not self._was_damaged(error):
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

    def put_many(self, space: bytes, entries: Mapping[str, Any], gone: Iterable[str] = ()) -> None:
        """Remember JSON data by id and forget that of the ids ``gone``, all of it or nothing.

        What JSON cannot carry as it is gets left out.
        """
        old = [(space + bytes.fromhex(oid),) for oid in gone]
        rows = []
        for oid, data in entries.items():
            key = space + bytes.fromhex(oid)
            value = _faithful(data)
            if value is not None:
                rows.append((key, self._sign(key, value) + value))
        for _ in range(2 if rows else 0):
            connection = self._own()
            if connection is None:
                return
            try:
                _refuse_damaged(connection, self._file)
                with connection:
                    connection.executemany("DELETE FROM entry WHERE key = ?", old)
                    connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", rows)
                _leave(self._file)
                return
            except _FAILURES as error:
                if not self._was_damaged(error):
                    self.trouble = f"the cache cannot be written: {error}"
                    return

    def _own(self) -> sqlite3.Connection | None:
        """The connection of this process: a copy of that which opened the file must open it again, and leave that
        connection alone (https://www.sqlite.org/howtocorrupt.html, section 2.6)."""
        if self._connection is not None and self._owner != os.getpid():
            self._inherited, self._connection, self._owner = self._connection, None, os.getpid()
            self._open(self._file.parent)
        return self._connection

    def _rows(self, query: str, values: list[bytes]) -> list[tuple[bytes, bytes]]:
        connection = self._own()
        if connection is None:
            return []
        try:
            return connection.execute(query, values).fetchall()
        except _FAILURES as error:
            if not self._was_damaged(error):
                self.trouble = f"the cache cannot be read and is not used: {error}"
                self._connection = None
            return []

    def _was_damaged(self, error: BaseException) -> bool:
        """True where the file itself was at fault, which is then another one, and empty."""
        # A byte of its header tells SQLite that a file is read-only, which it then is to nobody else.
        marked = _code(error) == sqlite3.SQLITE_READONLY and os.access(self._file, os.W_OK)
        if _code(error) in _OF_THE_PLACE and not marked:
            return False
        with suppress(sqlite3.Error):
            if self._connection is not None:
                self._connection.close()
        self._connection = None
        try:
            _discard(self._file)
        except OSError as stuck:
            self.trouble = f"the cache in {self._file.parent} is damaged and cannot be replaced: {stuck}"
            return True
        self.renewed = f"the cache in {self._file.parent} was damaged, and is made anew"
        self._open(self._file.parent)
        return True

    def _sign(self, key: bytes, value: bytes) -> bytes:
        return hashlib.blake2b(key + value, digest_size=_SIGNATURE, key=self._secret).digest()

    def _verified(self, key: Any, signed: Any) -> Any:
        if isinstance(key, bytes) and isinstance(signed, bytes):
            value = signed[_SIGNATURE:]
            if self._sign(key, value) == signed[:_SIGNATURE]:
                with suppress(orjson.JSONDecodeError):
                    return orjson.loads(value)
        self.refused = "entries of the cache that are damaged, or of somebody else, were worked out anew"
        return None


class Memory(Cache):
    """What one process worked out, for itself alone, as long as it lives: the same without a file."""

    def __init__(self) -> None:
        self.trouble, self.renewed = "", ""
        self._entries: dict[bytes, bytes] = {}

    def get_many(self, space: bytes, ids: Iterable[str]) -> Iterator[tuple[str, Any]]:
        for oid in dict.fromkeys(ids):
            value = self._entries.get(space + bytes.fromhex(oid))
            if value is not None:
                yield oid, orjson.loads(value)

    def put_many(self, space: bytes, entries: Mapping[str, Any], gone: Iterable[str] = ()) -> None:
        for oid in gone:
            self._entries.pop(space + bytes.fromhex(oid), None)
        for oid, data in entries.items():
            value = _faithful(data)
            if value is not None:
                self._entries[space + bytes.fromhex(oid)] = value


_FAILURES: Final = (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError, UnicodeError)
"""What reading a damaged database raises: lengths in it may ask for any amount of memory, texts may be none."""


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


def _discard_damaged(file: Path) -> bool:
    """Remove what stands in the place of a database and is none, or is not whole; True where there was such a thing."""
    is_damaged = any((file.parent / f"{file.name}{side}").is_dir() for side in _SIDES)
    if not is_damaged and os.path.lexists(file):
        _refuse_unsafe(file, stat.S_ISREG, "a regular file")
        is_damaged = file.stat().st_size > _MAX_FILE or not _is_whole(file)
    if is_damaged:
        _discard(file)
    return is_damaged


def _discard(file: Path) -> None:
    for side in _SIDES:
        place = file.parent / f"{file.name}{side}"
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def _connect(file: Path) -> sqlite3.Connection:
    """The database, which is made where there is none."""
    if not os.path.lexists(file):
        with suppress(FileExistsError):  # another process was faster
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = _open(file)
    connection.execute(f"PRAGMA page_size = {_PAGE}")
    with connection:
        connection.execute("CREATE TABLE IF NOT EXISTS entry (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
    return connection


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_SECONDS)
    # A database from elsewhere may hold triggers and views; without a trusted schema they run no function.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA synchronous = OFF")  # a power cut may cost the cache, which its digests show
    return connection


def _refuse_damaged(connection: sqlite3.Connection, file: Path) -> None:
    """DatabaseError for a file in which entries could be lost for good, such as behind a key that is out of order.

    Asked where there is something to write, and where the file is not as it was left: looking through it takes its time
    (0.25 s for 220 MB).
    """
    with suppress(OSError, ValueError):
        if file.with_name(file.name + _WHOLE).read_text() == _state(file):
            return
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != ("ok",):
        raise sqlite3.DatabaseError(found)


def _leave(file: Path) -> None:
    """Say in which state a file was left that was whole."""
    with suppress(OSError):  # then the next one looks through it, as where half of this is written
        file.with_name(file.name + _WHOLE).write_text(_state(file))


def _state(file: Path) -> str:
    found = file.stat()
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _is_whole(file: Path) -> bool:
    """True for a database with our one table and nothing else that could run."""
    try:
        with closing(_open(file)) as connection:
            found = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
            return found in ([], [("table", "entry")])
    except _FAILURES as error:
        # Another process is at it, or the disk is: what it holds is not known to be wrong.
        return _code(error) in _OF_THE_PLACE


def _code(error: BaseException) -> int:
    """The primary result code of SQLite, or 0 where Python itself refused what was read."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _faithful(data: Any) -> bytes | None:
    """JSON from which the very same data is read again, or None: equal in value and in type all the way down, the order
    of keys as well. Python writes such data alike, and nothing that JSON lacks."""
    try:
        value = orjson.dumps(data)
        again = marshal.dumps(orjson.loads(value), _NO_REFERENCES)
        return value if again == marshal.dumps(data, _NO_REFERENCES) else None
    except (TypeError, ValueError):
        return None
