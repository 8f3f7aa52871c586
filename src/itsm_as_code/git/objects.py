"""Contents of git objects: blobs by id, and the files of a commit or tree.

A clone made with ``--filter=blob:none`` has all commits and trees, and fetches a blob when it is read
(https://git-scm.com/docs/partial-clone). git does so one by one where it is asked one by one, at the price of a
connection for each, so missing blobs are fetched together before they are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from itsm_as_code.errors import GitError
from itsm_as_code.git.commands import Commands
from itsm_as_code.snapshot import MAX_BYTES, REGULAR, Below, Entry, Snapshot, TooLarge

ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


class Objects(Commands):
    """The object store of a repository; a partial clone fetches what it lacks."""

    @cached_property
    def promisor(self) -> str | None:
        """The name of the remote that has what a partial clone leaves out, or None in a whole clone."""
        asked = ("config", "--local", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$")
        for line in self.run(*asked, accept=(0, 1))[1].decode("utf-8", "surrogateescape").splitlines():
            key, _, value = line.partition(" ")
            if key == "extensions.partialclone":
                return value
            if key.startswith("remote.-"):
                continue  # no name of a remote, but an option of git fetch
            if value.lower() in ("true", "yes", "on", "1", ""):
                return key.removeprefix("remote.").removesuffix(".promisor")
        return None

    @cached_property
    def _revisions(self) -> dict[str, Revision]:
        return {}

    def snapshot(self, treeish: str) -> Snapshot:
        """The files of a commit or tree, listed once for each id."""
        if not ID.match(treeish):
            return Revision(self, treeish)
        return self._revisions.setdefault(treeish, Revision(self, treeish))

    def forget(self) -> None:
        """Let go of the listings of commits and trees, for whoever goes through a great many of them."""
        self._revisions.clear()

    def records(self, treeish: str) -> Snapshot:
        """The files of a commit or tree that lie in the folder which was named, by their paths in it."""
        whole = self.snapshot(treeish)
        return Below(whole, self.prefix) if self.prefix else whole

    @cached_property
    def prefix(self) -> str:
        """The way from git's top to the folder, with a ``/`` at its end; empty at the top, and in a bare repository."""
        return self.text("rev-parse", "--show-prefix").removesuffix("\n")

    @property
    def top(self) -> Path:
        """Git's top, where paths of commits begin; the git directory where there is no work tree."""
        code, out = self.run("rev-parse", "--show-toplevel", accept=(0, 128))
        return Path(out.decode("utf-8", "surrogateescape").removesuffix("\n")) if code == 0 else self.git_dir

    def outward(self, path: str) -> str:
        """A path as git has it."""
        return path

    def inward(self, path: str) -> str:
        """A path of git as it is seen here."""
        return path

    def blob(self, treeish: str, path: str) -> bytes | None:
        """The content of one regular file of a commit or tree, or None when there is none of that path."""
        out = self.run("ls-tree", "-z", "--full-tree", "--end-of-options", treeish, "--", path)[1]
        about, _, found = out.rstrip(b"\0").partition(b"\t")
        fields = about.decode().split()
        if found.decode("utf-8", "surrogateescape") != path or len(fields) != 3 or fields[0] not in REGULAR:
            return None
        return next(iter(self.objects([fields[2]], "blob")))

    def sizes(self, ids: Sequence[str]) -> list[int]:
        """The sizes of blobs in bytes, in order; GitError when one is not in this clone and cannot be fetched."""
        if not ids:
            return []
        self._fetch_missing(ids)
        asked = "".join(f"{oid}\n" for oid in ids).encode()
        found = []
        lines = self.run("cat-file", "--batch-check=%(objecttype) %(objectsize)", feed=asked)[1].decode().splitlines()
        for oid, line in zip(ids, lines, strict=True):
            kind, _, size = line.partition(" ")
            if kind != "blob":
                raise _missing("blob", oid)
            found.append(int(size))
        return found

    def objects(self, ids: Sequence[str], kind: str) -> Iterator[bytes]:
        """The content of objects of one type, in order; GitError when one is not in this clone."""
        if not ids:
            return
        if kind == "blob":
            self._fetch_missing(ids)
        out = memoryview(self.run("cat-file", "--batch", feed="".join(f"{oid}\n" for oid in ids).encode())[1])
        at = 0
        for oid in ids:
            end = bytes(out[at : at + 200]).index(b"\n") + at
            header = bytes(out[at:end]).split()
            if len(header) != 3 or header[1] != kind.encode():
                raise _missing(kind, oid)
            size = int(header[2])
            yield bytes(out[end + 1 : end + 1 + size])
            at = end + 1 + size + 1

    def _fetch_missing(self, ids: Sequence[str]) -> None:
        """Fetch those of some blobs that a partial clone does not hold; GitError when its remote does not give them."""
        remote = self.promisor
        if remote is None:
            return
        wanted = dict.fromkeys(ids)
        # Objects that are not there are left out of the answer, and this command fetches none.
        local = ("--objects", "--no-object-names", "--no-walk", "--missing=allow-any", "--ignore-missing", "--stdin")
        present = self.run("rev-list", *local, feed=_lines(wanted))[1].decode().split()
        missing = wanted.keys() - set(present)
        if not missing:
            return
        # The command that git itself runs for an object that a partial clone lacks, with all of them at once.
        quietly = ("--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--no-auto-maintenance")
        try:
            self.run("fetch", *quietly, "--filter=blob:none", "--stdin", remote, feed=_lines(sorted(missing)))
        except GitError as error:
            count = f"{len(missing)} files" if len(missing) > 1 else "a file"
            raise GitError(
                f"this clone is partial, and {remote} does not give {count} of it: {error.message}",
                code="missing-object",
                remedy="see whether 'git fetch' works here, or clone without --filter",
            ) from None


def _lines(ids: Sequence[str] | dict[str, None]) -> bytes:
    return "".join(f"{oid}\n" for oid in ids).encode()


def _missing(kind: str, oid: str) -> GitError:
    return GitError(f"the {kind} {oid} is not in this clone", code="missing-object", remedy="run 'git fetch --refetch'")


class Revision:
    """The files of a commit or tree, read from git objects; the work tree is never looked at."""

    def __init__(self, objects: Objects, treeish: str) -> None:
        self._objects = objects
        self.label = treeish

    def excerpt(self, entries: Mapping[str, Entry]) -> Revision:
        """The same revision, of which these files alone are asked for; the others are not even listed."""
        found = Revision(self._objects, self.label)
        found.__dict__["entries"] = dict(entries)
        return found

    @cached_property
    def tree(self) -> str:
        """The id of the tree."""
        return self._objects.text("rev-parse", "--verify", "--end-of-options", f"{self.label}^{{tree}}").strip()

    @cached_property
    def entries(self) -> dict[str, Entry]:
        # Without -l, which asks for the size of every blob: a partial clone would have to fetch all of them.
        options = ("-r", "-t", "-z", "--full-tree", "--end-of-options")
        out = self._objects.run("ls-tree", *options, self.label)[1]
        found: dict[str, Entry] = {}
        folders: set[str] = set()
        for line in out.split(b"\0")[:-1]:
            about, _, raw = line.partition(b"\t")
            mode, kind, oid = about.decode().split()
            path = raw.decode("utf-8", "surrogateescape")
            if path in found or path in folders:
                # A crafted tree can hold two entries of one name, and programs differ in which of them they take.
                raise GitError(
                    f"a tree holds more than one entry named {path}", code="malformed-tree", remedy="run 'git fsck'"
                )
            if kind == "tree":
                folders.add(path)
            else:
                found[path] = Entry(mode, oid)
        return found

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        wanted = [(path, self.entries[path].oid or "") for path in paths]
        sizes = self._objects.sizes([oid for _, oid in wanted])
        small = [oid for (_, oid), size in zip(wanted, sizes, strict=True) if size <= MAX_BYTES]
        contents = self._objects.objects(small, "blob")
        for (path, _), size in zip(wanted, sizes, strict=True):
            yield path, next(contents) if size <= MAX_BYTES else TooLarge(size)
