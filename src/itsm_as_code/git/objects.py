"""Contents of git objects: blobs by id, and the files of a commit or tree.

A clone made with ``--filter=blob:none`` has all commits and trees, and fetches a blob when it is read
(https://git-scm.com/docs/partial-clone). git does so one by one where it is asked one by one, at the price of a
connection for each, so missing blobs are fetched together before they are read.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from itsm_as_code.errors import GitError
from itsm_as_code.git.commands import Commands, Conversation
from itsm_as_code.git.trees import TREE, Names, Trees
from itsm_as_code.progress import noted
from itsm_as_code.snapshot import MAX_BYTES, REGULAR, Below, Entry, PartlyListed, Snapshot, TooLarge

_AT_ONCE = 500
"""Objects that are asked for at once: the question fits into a pipe, so that nobody waits for the other to read."""

_MOST_TREES = 5_000
"""Listings of trees that are kept for the next revision."""

_PLAIN = re.compile(r"[\w./-]+(?:\^\{\w+\})?\Z", re.ASCII)
"""What names a reference or an object; of others ("@{u}") a process that goes on answering may die."""

ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


class Objects(Commands):
    """The object store of a repository; a partial clone fetches what it lacks."""

    @cached_property
    def promisor(self) -> str | None:
        """The name of the remote that has what a partial clone leaves out, or None in a whole clone."""
        if not self._may_be_partial():
            return None
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

    def _may_be_partial(self) -> bool:
        """False where no pack came from a remote that leaves something out, and no other object store is used: git
        writes ``.promisor`` beside each that did (gitformat-pack, https://git-scm.com/docs/partial-clone)."""
        packs = self._objects_folder / "pack"
        return (self._objects_folder / "info" / "alternates").exists() or any(packs.glob("*.promisor"))

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
        self._compared.clear()
        if len(self._trees_read) > _MOST_TREES:  # until then the next ones are mostly made of the same
            self._trees_read.clear()

    def records(self, treeish: str) -> Snapshot:
        """The files of a commit or tree that lie in the folder which was named, by their paths in it."""
        whole = self.snapshot(treeish)
        if not self.prefix:
            return whole
        return FolderOfRevision(whole, self.prefix) if isinstance(whole, Revision) else Below(whole, self.prefix)

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
        entry = self.trees.find(self.tree_of(treeish), path)
        return next(iter(self.objects([entry.oid], "blob"))) if entry and entry.oid and entry.mode in REGULAR else None

    def tree_of(self, treeish: str) -> str:
        """The id of the tree of a commit or tree; GitError where there is none."""
        oid, kind = self.named(f"{treeish}^{{tree}}")
        if kind == "tree":
            return oid
        return self.text("rev-parse", "--verify", "--end-of-options", f"{treeish}^{{tree}}").strip()

    def named(self, expression: str) -> tuple[str, str]:
        """Id and type of what an expression of gitrevisions(7) names in full; both empty where there is none."""
        if "\n" in expression:
            return "", ""
        [(oid, kind, _, _)] = self._answers("info", [expression])
        return oid, kind

    def said_of(self, expression: str) -> tuple[str, str]:
        """The id of what an expression names, empty where there is none, and what git says of it, as of ambiguity."""
        if not _PLAIN.match(expression):
            _, out, said = self._execute(("rev-parse", "--verify", "--end-of-options", expression))
            return out.decode().strip(), said
        return self.named(expression)[0], self._conversation().said()

    @property
    def trees(self) -> Trees:
        """The listings of trees by id; each is read once."""
        return Trees(lambda ids: self.objects(ids, "tree"), self._trees_read)

    @cached_property
    def _trees_read(self) -> dict[str, Names]:
        return {}

    def differences(self, old: str, new: str) -> dict[str, Entry | None]:
        """What stands in ``new`` at each path whose file is another one than in ``old``; None where there is none.

        ``old`` is known to be well formed. GitError (malformed-tree) unless all of ``new`` that is not in it is.
        """
        pair = self.tree_of(old), self.tree_of(new)
        if pair not in self._compared:
            self._compared[pair] = self._differing(*pair)
        return {**self._compared[pair]}

    @cached_property
    def _compared(self) -> dict[tuple[str, str], dict[str, Entry | None]]:
        return {}

    def _differing(self, old: str, new: str) -> dict[str, Entry | None]:
        options = ("-r", "-t", "-z", "--raw", "--no-renames", "--no-abbrev")
        fields = self.run("diff-tree", *options, old, new)[1].split(b"\0")[:-1]
        found: dict[str, Entry | None] = {}
        trees = {new}
        for about, raw in zip(fields[::2], fields[1::2], strict=True):
            before, after, _, oid, _ = about.decode().removeprefix(":").split()
            if after == TREE:
                trees.add(oid)
            if TREE not in (before, after) or {before, after} - {TREE, _NONE}:
                path = raw.decode("utf-8", "surrogateescape")
                found[path] = None if after in (TREE, _NONE) else Entry(after, oid)
        self.trees.check_order(sorted(trees))
        return dict(sorted(found.items()))

    def sizes(self, ids: Sequence[str]) -> list[int]:
        """The sizes of blobs in bytes, in order; GitError when one is not in this clone and cannot be fetched."""
        if not ids:
            return []
        self._fetch_missing(ids)
        found = []
        for oid, (_, kind, size, _) in zip(ids, self._ask("info", ids), strict=True):
            if kind != "blob":
                raise _missing("blob", oid)
            found.append(size)
        return found

    def objects(self, ids: Sequence[str], kind: str) -> Iterator[bytes]:
        """The content of objects of one type, in order; GitError when one is not in this clone."""
        if kind == "blob":
            self._fetch_missing(ids)
        for oid, (_, found, _, content) in zip(ids, self._ask("contents", ids), strict=True):
            if found != kind:
                raise _missing(kind, oid)
            yield content

    def _ask(self, what: str, ids: Sequence[str]) -> Iterator[tuple[str, str, int, bytes]]:
        """Id, type, size and, with ``contents``, the content of each object; the type "" of what this clone lacks."""
        for start in range(0, len(ids), _AT_ONCE):
            yield from self._answers(what, ids[start : start + _AT_ONCE])

    def _answers(self, what: str, ids: Sequence[str]) -> list[tuple[str, str, int, bytes]]:
        """The whole of the answers, so that whoever stops reading leaves none to the next who asks."""
        conversation = self._conversation()
        process, found = conversation.process, []
        conversation.said()  # of what was asked before
        try:
            process.stdin.write(os.fsencode("".join(f"{what} {oid}\n" for oid in ids)))
            process.stdin.flush()
            for _ in ids:
                header = process.stdout.readline().split()
                if header[-1:] == [b"missing"]:  # behind what was asked for, which may hold spaces
                    found.append(("", "", 0, b""))
                    continue
                if len(header) != 3:
                    raise BrokenPipeError
                oid, kind, size = header[0].decode(), header[1].decode(), int(header[2])
                content = process.stdout.read(size + 1)[:-1] if what == "contents" else b""
                if what == "contents" and len(content) != size:
                    raise BrokenPipeError
                found.append((oid, kind, size, content))
        except BaseException as error:
            said = conversation.end()
            self._conversations.clear()
            if isinstance(error, BrokenPipeError):
                why = (said or "it ended before it had answered").splitlines()[0]
                raise GitError(f"git cat-file failed: {why}", remedy="run 'git fsck'") from None
            raise
        return found

    def _conversation(self) -> Conversation:
        """The process that is asked for objects; another one where this process or git's environment is another."""
        for there in self._conversations:
            if not there.is_over and there.owner == os.getpid() and there.environment == self._environment:
                return there
            there.end()
        self._conversations[:] = [self.converse("cat-file", "--batch-command")]
        weakref.finalize(self, self._conversations[0].end)
        return self._conversations[0]

    @cached_property
    def _conversations(self) -> list[Conversation]:
        return []

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
        count = f"{len(missing):,} files" if len(missing) > 1 else "a file"
        noted(f"fetched {count} from {remote}, for this clone is partial", matters=True)


def _lines(ids: Sequence[str] | dict[str, None]) -> bytes:
    return "".join(f"{oid}\n" for oid in ids).encode()


def _missing(kind: str, oid: str) -> GitError:
    return GitError(f"the {kind} {oid} is not in this clone", code="missing-object", remedy="run 'git fetch --refetch'")


_NONE = "000000"


class Revision:
    """The files of a commit or tree, read from git objects; the work tree is never looked at."""

    def __init__(self, objects: Objects, treeish: str) -> None:
        self.objects = objects
        self.label = treeish

    def excerpt(self, entries: Mapping[str, Entry]) -> Revision:
        """The same revision, of which these files alone are asked for; the others are not even listed."""
        return self.knowing(dict(entries))

    def knowing(self, entries: Mapping[str, Entry]) -> Revision:
        """The same revision, whose files somebody knows already."""
        found = Revision(self.objects, self.label)
        found.__dict__["entries"] = entries
        return found

    @cached_property
    def tree(self) -> str:
        """The id of the tree."""
        return self.objects.tree_of(self.label)

    def of(self, tree: str) -> Revision:
        """Another tree of the same repository."""
        return Revision(self.objects, tree)

    def since(self, tree: str) -> dict[str, Entry | None]:
        """What stands here at each path whose file is another one in a tree; None where there is none."""
        return self.objects.differences(tree, self.tree)

    def around(self, folder: str) -> dict[str, Entry]:
        """The files that are not below a folder, which ends in ``/``."""
        return self.objects.trees.around(self.tree, folder)

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        return _Listing(self.objects, self.label)

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        wanted = [(path, self.entries[path].oid or "") for path in paths]
        sizes = self.objects.sizes([oid for _, oid in wanted])
        small = [oid for (_, oid), size in zip(wanted, sizes, strict=True) if size <= MAX_BYTES]
        contents = self.objects.objects(small, "blob")
        for (path, _), size in zip(wanted, sizes, strict=True):
            yield path, next(contents) if size <= MAX_BYTES else TooLarge(size)


class _Listing(PartlyListed):
    """The files of a commit or tree. A few are looked for by themselves; whoever wants more gets all of them listed."""

    def __init__(self, objects: Objects, treeish: str) -> None:
        self._objects, self._treeish = objects, treeish

    @cached_property
    def _tree(self) -> str:
        return self._objects.tree_of(self._treeish)

    @cached_property
    def _whole(self) -> dict[str, Entry]:
        return self._objects.trees.below(self._tree)

    def _find(self, path: str) -> Entry | None:
        return self._whole.get(path) if "_whole" in self.__dict__ else self._objects.trees.find(self._tree, path)

    def __getitem__(self, path: str) -> Entry:
        entry = self._find(path)
        if entry is None:
            raise KeyError(path)
        return entry

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._find(path) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    def keys(self) -> KeysView[str]:
        return self._whole.keys()

    def items(self) -> ItemsView[str, Entry]:
        return self._whole.items()

    def below(self, prefixes: tuple[str, ...]) -> Mapping[str, Entry]:
        if "_whole" not in self.__dict__ and all(prefix.endswith("/") for prefix in prefixes):
            return self._objects.trees.below(self._tree, prefixes)
        return {path: entry for path, entry in self._whole.items() if path.startswith(prefixes)}

    def named(self, name: str) -> list[str]:
        return list(self._whole)

    def resembling(self, paths: Iterable[str]) -> Iterable[str]:
        return self._whole


@dataclass(frozen=True)
class FolderOfRevision(Below):
    """The files of a commit or tree below a folder."""

    whole: Revision

    @cached_property
    def tree(self) -> str | None:
        """The id of the folder's own tree: what changes beside it changes nothing here. None where there is none."""
        return self.whole.objects.named(f"{self.whole.label}:{self.prefix.removesuffix('/')}")[0] or None

    def of(self, tree: str) -> Revision:
        """Another tree of such a folder."""
        return self.whole.of(tree)

    def since(self, tree: str) -> dict[str, Entry | None]:
        """What stands here at each path whose file is another one in a tree; None where there is none."""
        return self.whole.objects.differences(tree, self.tree or "")

    def knowing(self, entries: Mapping[str, Entry]) -> FolderOfRevision:
        """The same folder, whose files somebody knows already."""
        found = FolderOfRevision(self.whole, self.prefix)
        found.__dict__["entries"] = entries
        return found

    def excerpt(self, entries: Mapping[str, Entry]) -> FolderOfRevision:
        """The same folder, of which these files alone are asked for; the others are not even listed."""
        whole = self.whole.excerpt({self.prefix + path: entry for path, entry in entries.items()})
        return FolderOfRevision(whole, self.prefix)
