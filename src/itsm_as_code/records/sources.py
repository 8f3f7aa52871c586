"""The bytes of record files by path, read when somebody wants to see them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from itsm_as_code.snapshot import Snapshot


class Sources(Mapping[str, bytes]):
    """Contents by path: some are at hand, the others are read from their snapshot on demand.

    ``rest`` are paths that are not listed, each collection of them with its snapshot: the first that has one counts.
    """

    def __init__(
        self,
        known: Mapping[str, bytes],
        unread: Mapping[str, Snapshot],
        rest: Iterable[tuple[Collection[str], Snapshot]] = (),
    ) -> None:
        self._known = dict(known)
        self._unread = dict(unread)
        self._rest = list(rest)

    def _unread_in(self, path: str) -> Snapshot | None:
        """The snapshot that a path is to be read from, if it is to be."""
        if path in self._known or path in self._unread:
            return self._unread.get(path)
        return next((snapshot for paths, snapshot in self._rest if path in paths), None)

    def read(self, paths: Iterable[str]) -> None:
        """Read some files that are not at hand yet, together."""
        wanted: dict[Snapshot, list[str]] = {}
        for path in paths:
            snapshot = self._unread_in(path)
            if snapshot is not None:
                wanted.setdefault(snapshot, []).append(path)
        for snapshot, missing in wanted.items():
            for path, content in snapshot.read_many(missing):
                self._unread.pop(path, None)
                if isinstance(content, bytes):
                    self._known[path] = content

    def held(self, paths: Iterable[str]) -> Sources:
        """Those of some files that are there, read."""
        wanted = dict.fromkeys(paths)
        self.read(wanted)
        return Sources({path: self._known[path] for path in wanted if path in self._known}, {})

    def __getitem__(self, path: str) -> bytes:
        if path not in self._known:
            self.read([path])
        return self._known[path]

    def __contains__(self, path: object) -> bool:
        return path in self._known or path in self._unread or any(path in paths for paths, _ in self._rest)

    def __iter__(self) -> Iterator[str]:
        listed: list[Iterable[str]] = [self._known, self._unread, *(paths for paths, _ in self._rest)]
        yield from dict.fromkeys(path for paths in listed for path in paths)

    def __len__(self) -> int:
        return sum(1 for _ in self) if self._rest else len(self._known) + len(self._unread)

    def __bool__(self) -> bool:
        """Whether there may be any; counting them would list them all."""
        return bool(self._known or self._unread or self._rest)

    def __or__(self, other: Mapping[str, bytes]) -> Sources:
        """Both; of a path that both have, the other's content."""
        unread, rest = (other._unread, other._rest) if isinstance(other, Sources) else ({}, [])
        known = other._known if isinstance(other, Sources) else other
        taken: list[Collection[str]] = [unread, known, *(paths for paths, _ in rest)]

        def is_free(path: str) -> bool:
            return not any(path in paths for paths in taken)

        return Sources(
            {**{path: content for path, content in self._known.items() if is_free(path)}, **known},
            {**{path: snapshot for path, snapshot in self._unread.items() if is_free(path)}, **unread},
            [*rest, *self._rest],
        )
