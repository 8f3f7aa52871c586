"""The bytes of record files by path, read when somebody wants to see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from itsm_as_code.snapshot import Snapshot


class Sources(Mapping[str, bytes]):
    """Contents by path: some are at hand, the others are read from their snapshot on demand."""

    def __init__(self, known: Mapping[str, bytes], unread: Mapping[str, Snapshot]) -> None:
        self._known = dict(known)
        self._unread = dict(unread)

    def read(self, paths: Iterable[str]) -> None:
        """Read some files that are not at hand yet, together."""
        wanted: dict[Snapshot, list[str]] = {}
        for path in paths:
            if path in self._unread:
                wanted.setdefault(self._unread[path], []).append(path)
        for snapshot, missing in wanted.items():
            for path, content in snapshot.read_many(missing):
                del self._unread[path]
                if isinstance(content, bytes):
                    self._known[path] = content

    def __getitem__(self, path: str) -> bytes:
        if path not in self._known:
            self.read([path])
        return self._known[path]

    def __contains__(self, path: object) -> bool:
        return path in self._known or path in self._unread

    def __iter__(self) -> Iterator[str]:
        yield from self._known
        yield from self._unread

    def __len__(self) -> int:
        return len(self._known) + len(self._unread)

    def __or__(self, other: Mapping[str, bytes]) -> Sources:
        """Both; of a path that both have, the other's content."""
        unread = other._unread if isinstance(other, Sources) else {}
        known = other._known if isinstance(other, Sources) else other
        return Sources(
            {**{path: content for path, content in self._known.items() if path not in unread}, **known},
            {**{path: snapshot for path, snapshot in self._unread.items() if path not in known}, **unread},
        )
