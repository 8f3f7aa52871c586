"""Who somebody was on a day, and who they are now: people and teams as a commit has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from itsm_as_code.gate.identities import FORGE_COMMITTERS, Directory
from itsm_as_code.git.commits import parse_commit
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.own_kinds import registry_of
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.snapshot import Entry, Snapshot

_KINDS = ("Person", "Team")


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """Some files of a snapshot."""

    whole: Snapshot
    entries: Mapping[str, Entry]

    @property
    def label(self) -> str:
        return self.whole.label

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        return iter(self.whole.read_many(paths))


class People:
    """The people of commits; those of equal files are read once."""

    def __init__(self, repository: Repository, now: datetime) -> None:
        self._repository, self._now = repository, now
        self._known: dict[frozenset[tuple[str, str | None]], Facts] = {}
        self.unreadable: dict[str, int] = {}
        """By commit, how many findings kept people or teams from being read."""

    def at(self, commit: str, forge: str = "local") -> Directory:
        """The people of a commit, with the logins that they have at a forge."""
        snapshot = self._repository.snapshot(commit)
        registry = registry_of(snapshot)
        folders = tuple(registry[kind].folder + "/" for kind in _KINDS)
        entries = {path: entry for path, entry in snapshot.entries.items() if path.startswith(folders)}
        key = frozenset((path, entry.oid) for path, entry in entries.items())
        if key not in self._known:
            catalogue = load_catalogue(_Excerpt(snapshot, entries), registry)
            self._known[key] = Facts.of(catalogue)
            if catalogue.findings:
                self.unreadable[commit] = len(catalogue.findings)
        return Directory(self._known[key], self._now, forge)

    def brought(self, commit: str, base: str) -> str:
        """Who brought a commit, by the people of ``base``: who made it, or who wrote it where the forge made it.

        A commit may claim anybody; where nobody is known by the address, that is given as it stands.
        """
        found = parse_commit(commit, next(iter(self._repository.objects([commit], "commit"))))
        name, address = found.author if found.committer[1].casefold() in FORGE_COMMITTERS else found.committer
        return self.at(base).by_email(address) or address or name or "nobody who is named"

    def names_of(self, person: str, base: str) -> tuple[str, ...]:
        """The addresses and logins that a Person of a commit has."""
        spec = self.at(base).facts.spec("Person", person)
        return (*spec.get("emails", ()), *(item["login"] for item in spec.get("accounts", ())))

    def account(self, login: str, forge: str, base: str) -> str:
        """Whose account something is, by the people of ``base``; the login itself where it is nobody's."""
        return self.at(base, forge).by_login(login) or login


def identities(directory: Directory, names: Iterable[str]) -> frozenset[str]:
    """The people whom addresses, logins or names stand for."""
    found = {directory.by_email(name) if "@" in name else directory.by_login(name) for name in names}
    return frozenset(name for name in found if name is not None)
