"""Git objects written straight into a repository, for tests that make thousands of commits.

Formats: gitformat-loose and "Git Objects" in https://git-scm.com/book/en/v2/Git-Internals-Git-Objects.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path


class ObjectStore:
    """A bare repository on top of another one, whose objects it shares."""

    def __init__(self, folder: Path, origin: Path) -> None:
        self.folder = folder
        for name in ("objects/info", "refs/heads"):
            (folder / name).mkdir(parents=True)
        (folder / "HEAD").write_text("ref: refs/heads/main\n")
        (folder / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
        (folder / "objects/info/alternates").write_text(f"{origin}/.git/objects\n")

    def write(self, kind: str, content: bytes) -> str:
        """Store an object; gives its id."""
        whole = f"{kind} {len(content)}\0".encode() + content
        oid = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        file = self.folder / "objects" / oid[:2] / oid[2:]
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(zlib.compress(whole, 1))
        return oid

    def tree(self, files: Mapping[str, str]) -> str:
        """A tree of regular files: path -> id of the blob."""
        here: dict[str, str] = {}
        below: dict[str, dict[str, str]] = {}
        for path, oid in files.items():
            first, _, rest = path.partition("/")
            if rest:
                below.setdefault(first, {})[rest] = oid
            else:
                here[first] = oid
        rows = [(name, f"100644 {name}\0".encode() + bytes.fromhex(oid)) for name, oid in here.items()]
        rows += [
            (f"{name}/", f"40000 {name}\0".encode() + bytes.fromhex(self.tree(inner))) for name, inner in below.items()
        ]
        return self.write("tree", b"".join(row for _, row in sorted(rows)))

    def commit(
        self,
        files: Mapping[str, str],
        parents: Sequence[str],
        author: str,
        committer: str,
        message: str,
        at: int = 1763798400,
    ) -> str:
        """A commit of files by people given as ``Name <address>``, at so many seconds of the Unix clock."""
        lines = [f"tree {self.tree(files)}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {author} {at} +0000", f"committer {committer} {at} +0000", "", message]
        return self.write("commit", "\n".join(lines).encode())
