"""Which evidence holds: the notes of a repository, read by the settings that earlier evidence let through.

A note alone proves nothing, for anybody who can push can write one. It counts when a key signed it that itsm.yaml named
before the commit, when it is of this repository and this commit, and when what was judged is what was merged. A setting
that was pushed past the gate does not count: the settings of a commit are those of the last one before it that evidence
covers, from the first that named a key on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from itsm_as_code import signing
from itsm_as_code.assurance.merges import committed_at
from itsm_as_code.assurance.refusals import inconsistent, shortcomings, why_key_is_not
from itsm_as_code.assurance.statement import NAMESPACE, Statement, exported, read_note
from itsm_as_code.configuration import PATH, EvidenceSettings, read_configuration
from itsm_as_code.errors import GitError, ItsmError
from itsm_as_code.gate.decision import Reason
from itsm_as_code.git import notes
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.kinds import KindRegistry

START: Final = "start"
MAX_VERSIONS: Final = 200
"""Versions of one note; more were put there to keep us busy."""
_LONGEST: Final = 5_000
"""Commits that land together at most: those of a rebased pull request."""
_PASSES: Final = 4
_NEAR: Final = 10
"""How many commits back evidence is looked for that a later one cannot be older than."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is of a commit: the statement that counts, if one does, and why it does not show an approval."""

    commit: str
    statement: Statement | None
    reasons: tuple[Reason, ...]

    @property
    def approved(self) -> bool:
        return not self.reasons


class Ledger:
    """The first-parent history of a commit, ``tip``, with its notes; ``now`` is what no merge can be later than.

    ``allowed`` are public keys that count besides those of itsm.yaml, on the word of who asks.
    """

    def __init__(
        self, repository: Repository, tip: str, branch: str, now: datetime, allowed: Sequence[str] = ()
    ) -> None:
        self.repository, self.tip, self.branch, self.now = repository, tip, branch, now
        self._allowed = frozenset(allowed)
        self._registry = KindRegistry.load()  # as shipped: a repository cannot say what evidence looks like
        self._found: dict[str, Evidence] = {}
        self._signed: set[str] = set()
        self._read: dict[str, list[Statement]] = {}
        self._unread: dict[str, int] = {}
        self._index: notes.Index | None = None

    # The history, and what itsm.yaml said in it.

    @cached_property
    def chain(self) -> list[str]:
        """The first-parent commits up to the tip, oldest first."""
        return list(self._trees)

    @cached_property
    def _trees(self) -> dict[str, str]:
        """Commit -> tree of the chain, oldest first."""
        options = ("--first-parent", "--reverse", "--no-commit-header", "--format=%H %T", "--end-of-options")
        rows = self.repository.text("rev-list", *options, self.tip).splitlines()
        return dict(row.split(" ") for row in rows)

    @cached_property
    def place(self) -> dict[str, int]:
        return {commit: index for index, commit in enumerate(self.chain)}

    @cached_property
    def references(self) -> list[str]:
        return notes.references(self.repository)

    @cached_property
    def settings(self) -> list[tuple[int, EvidenceSettings]]:
        """Places in the chain, and the settings that hold for the commits after them, oldest first."""
        found = self._walk(None)
        for _ in range(_PASSES):
            # A key that is known to be lost today may have signed for settings in the meantime.
            again = self._walk(found[-1][1]) if found else []
            if again == found:
                break
            found = again
        return found

    @cached_property
    def _versions(self) -> list[tuple[str, EvidenceSettings]]:
        """The commits of the chain that changed itsm.yaml, oldest first, and what it said of evidence then."""
        options = ("--first-parent", "--reverse", "--end-of-options", self.tip)
        touching = self.repository.text("rev-list", *options, "--", self.repository.outward(PATH))
        return [(commit, self._said(commit)) for commit in touching.split()]

    def _walk(self, current: EvidenceSettings | None) -> list[tuple[int, EvidenceSettings]]:
        found: list[tuple[int, EvidenceSettings]] = []
        for commit, said in self._versions:
            if not found:
                if said.keys:
                    found.append((self.place[commit], said))
            elif said != found[-1][1]:
                before = found[-1][1]
                if self._said(self.chain[self.place[commit] - 1]) != before:
                    continue  # approved was a difference to settings that nobody approved
                valid = self._valid(commit, before, current or before)
                if valid and not differ(valid) and not list(shortcomings(valid[0])):
                    found.append((self.place[commit], said))
        return found

    @property
    def current(self) -> EvidenceSettings:
        """The settings that hold now; where no key was ever named, what itsm.yaml says."""
        return self.settings[-1][1] if self.settings else self._said(self.tip)

    def settings_for(self, commit: str) -> EvidenceSettings | None:
        """The settings by which evidence of a commit is judged: those that held before it."""
        place = self.place[commit]
        return next((said for at, said in reversed(self.settings) if at < place), None)

    @cached_property
    def since(self) -> str | None:
        """The commit after which evidence is asked for; None where it is not. ItsmError for one that is not there.

        That is the one that itsm.yaml names, or the first that named a key, for nobody could sign before.
        """
        wanted, first = self.current.since, self.settings[0][0] if self.settings else None
        if wanted is None:
            return None if first is None else self.chain[first]
        if wanted != START and wanted in self.place:
            return self.chain[max(self.place[wanted], first or 0)]
        if self.repository.is_shallow:
            raise _shallow()
        if wanted == START:
            return self.chain[first or 0]
        raise ItsmError(
            f"evidence.since of itsm.yaml, {wanted[:12]}, is not in the history of the default branch",
            code="evidence-since",
            remedy="was the branch rewound? If it is to be so, name another commit by a pull request",
        )

    def _said(self, commit: str) -> EvidenceSettings:
        content = self.repository.blob(commit, PATH)
        return EvidenceSettings() if content is None else read_configuration(content, self._registry)[0].evidence

    # Evidence.

    def load(self, commits: Iterable[str]) -> None:
        """Read the notes of many commits at once."""
        wanted = {commit for commit in commits if commit not in self._read}
        known = (self._index,) if self._index is not None and wanted <= self.place.keys() else ()
        found = notes.versions(self.repository, self.references, wanted, *known)
        for commit in wanted:
            versions = found.get(commit, [])
            if len(versions) > MAX_VERSIONS:
                raise ItsmError(
                    f"the note on {commit[:12]} was changed more than {MAX_VERSIONS} times",
                    code="evidence-flooded",
                    remedy="look who may push refs/notes/itsm, and restore it from a clone you trust",
                )
            each: dict[tuple[bytes, str], Statement] = {}
            for content in versions:
                read = [None] if content is None else list(read_note(content, self._registry))
                self._unread[commit] = self._unread.get(commit, 0) + read.count(None)
                each.update({(item.line, item.signature): item for item in read if item is not None})
            self._read[commit] = list(each.values())

    def index(self) -> notes.Index:
        """The blobs of all notes on the chain, listed once, for whoever goes through all of it."""
        if self._index is None:
            self._index = notes.index(self.repository, self.references, self.place.keys())
        return self._index

    def forget(self, commits: Iterable[str]) -> None:
        """Let go of what was read of some commits."""
        for commit in commits:
            self._read.pop(commit, None)
            self._found.pop(commit, None)

    def statements(self, commit: str) -> tuple[list[Statement], int]:
        """What can be read of all that was ever noted on a commit, and how much cannot."""
        self.load([commit])
        return self._read[commit], self._unread.get(commit, 0)

    def add(self, content: bytes) -> bool:
        """Take evidence from a file besides what is noted; False when it is none."""
        statement = exported(content, self._registry)
        if statement is None:
            return False
        self.load([statement.commit])
        if all(
            (item.line, item.signature) != (statement.line, statement.signature)
            for item in self._read[statement.commit]
        ):
            self._read[statement.commit].append(statement)
        return True

    def holds(self, statement: Statement) -> bool:
        """Whether a statement is noted already, whether or not it counts."""
        self.load([statement.commit])
        return statement in self._read[statement.commit]

    def readable(self, commit: str) -> bytes:
        """What can be read of all that was ever noted on a commit, as the beginning of a note that adds to it."""
        self.load([commit])
        return b"".join(statement.packed for statement in self._read[commit])

    def of(self, commit: str) -> Evidence:
        """What the evidence on a commit of the chain shows."""
        if commit not in self._found:
            settings = self.settings_for(commit)
            if settings is None:
                reason = Reason(
                    "evidence-missing",
                    f"itsm.yaml named no key for evidence before {commit[:12]} (itsm evidence setup names one)",
                )
                self._found[commit] = Evidence(commit, None, (reason,))
            else:
                self._found[commit] = self._judged(commit, settings)
        return self._found[commit]

    def covering(self, commit: str) -> Evidence:
        """The evidence that covers a commit: noted on it, or on the last of those that landed together with it."""
        own = self.of(commit)
        if own.statement is not None:
            return own
        start = self.place[commit] + 1
        later = self.chain[start : start + _LONGEST]
        for first in range(0, len(later), 100):
            self.load(later[first : first + 100])
            for other in later[first : first + 100]:
                found = self.of(other).statement if self._read[other] else None
                if found is not None:
                    return self.of(other) if commit in found.covers else own
        return own

    def _valid(self, commit: str, settings: EvidenceSettings, current: EvidenceSettings) -> list[Statement]:
        """The statements on a commit that count."""
        self.load([commit])
        return [item for item in self._read[commit] if self.why_not(item, commit, settings, current) is None]

    def _judged(self, commit: str, settings: EvidenceSettings) -> Evidence:
        valid = self._valid(commit, settings, self.current)
        short = commit[:12]
        if not valid:
            told = (self.why_not(item, commit, settings, self.current) for item in self._read[commit])
            why = next((f"; what is noted there {reason.message}" for reason in told if reason is not None), "")
            return Evidence(commit, None, (Reason("evidence-missing", f"no evidence covers {short}{why}"),))
        if differ(valid):
            message = f"{short} has {len(valid)} pieces of evidence that say different things"
            return Evidence(commit, valid[0], (Reason("evidence-doubled", message),))
        return Evidence(commit, valid[0], (*self._dated_back(valid[0]), *shortcomings(valid[0])))

    def _dated_back(self, statement: Statement) -> Iterator[Reason]:
        """Whoever has a key of earlier cannot date back to its time what he pushes today."""
        place = self.place[statement.covers[0]]
        before = self.chain[max(0, place - _NEAR) : place]
        self.load(before)
        for commit in reversed(before):
            settings = self.settings_for(commit)
            valid = self._valid(commit, settings, self.current) if settings is not None and self._read[commit] else []
            if valid:
                if valid[0].merged_at > statement.merged_at:
                    message = f"the evidence of {statement.commit[:12]} says that it was merged before {commit[:12]}"
                    yield Reason("evidence-rewound", f"{message}, on which it stands")
                return

    def why_not(
        self, statement: Statement, commit: str, settings: EvidenceSettings, current: EvidenceSettings
    ) -> Reason | None:
        """Why a statement does not count for a commit, to follow "what is noted there"; None when it does."""
        return self._borrowed(statement, commit, settings) or self._unsigned(statement, settings, current)

    def refusal(self, statement: Statement, commit: str) -> Reason | None:
        """The same with a code, the signature first: what was altered may say anything."""
        settings = self.settings_for(commit)
        if settings is None:
            return Reason("evidence-missing", "is older than the first key of itsm.yaml")
        return self._unsigned(statement, settings, self.current) or self._borrowed(statement, commit, settings)

    def _borrowed(self, statement: Statement, commit: str, settings: EvidenceSettings) -> Reason | None:
        """Why it is about something else than what this commit brought."""
        why = self._of_another(statement, commit, settings)
        if why is None and statement.merged_at > self.now:
            return Reason("clock-backwards", f"is dated {statement.data['mergedAt']}, which is still to come")
        rows = statement.data["pullRequests"]
        why = why or next((wrong for row in rows if (wrong := inconsistent(row, statement))), None)
        return Reason("evidence-of-another-change", why) if why is not None else None

    def _of_another(self, statement: Statement, commit: str, settings: EvidenceSettings) -> str | None:
        data = statement.data
        if data["repository"] != settings.repository:
            return f"is of the repository {data['repository']}, not of {settings.repository}"
        if data["branch"] != self.branch:
            return f"is of the branch {data['branch']}, not of {self.branch}"
        if statement.commit != commit or statement.covers[-1:] != (commit,):
            return f"is of the commit {statement.commit[:12]}"
        row = (data["base"], *statement.covers)
        places = [self.place.get(item) for item in row]
        if None in places or places != list(range(places[0] or 0, (places[0] or 0) + len(row))):
            return f"is of a merge into {data['base'][:12]}, which is not the commit before"
        if data["tree"] != self._trees[commit] or data["baseTree"] != self._trees[data["base"]]:
            return "is of other files than those of the commit"
        if data["verdict"] == "approved" and not data["pullRequests"]:
            return "is of no pull request"
        return None

    def _unsigned(self, statement: Statement, settings: EvidenceSettings, current: EvidenceSettings) -> Reason | None:
        """Why it is not signed as it has to be."""
        try:
            signature = signing.read_signature(statement.signature)
        except ValueError:
            return Reason("evidence-unsigned", "is not signed")
        if signature.namespace != NAMESPACE:
            return Reason("evidence-unsigned", f"is signed for {signature.namespace}, not for {NAMESPACE}")
        if signature.key not in self._allowed:
            refusal = why_key_is_not(signature.key, statement.merged_at, settings.keys, current.keys)
            if refusal is not None:
                return Reason("key-unknown", refusal)
        known = _digest(statement)
        if known not in self._signed:
            told = (statement.line, statement.signature, "evidence", [signature.key], NAMESPACE)
            if not signing.is_signed_by(*told):
                return Reason("evidence-altered", "was altered after it was signed")
            self._signed.add(known)
        return None

    def signed(self, statements: Iterable[Statement]) -> tuple[str, ...]:
        """Names for those statements whose signatures were found to be good, for :meth:`trust` of another process."""
        return tuple(known for known in map(_digest, statements) if known in self._signed)

    def trust(self, signed: Iterable[str]) -> None:
        """Take signatures to be good that were found so: each is checked once, however often it is asked for."""
        self._signed.update(signed)

    # What the notes tell of the branch.

    def rewound(self) -> list[Reason]:
        """A reason for each commit that evidence says was on the branch, and that its history lacks."""
        return [
            Reason(
                "evidence-rewound",
                f"{item.commit[:12]} was merged at {item.data['mergedAt']}, and is not on the branch now",
            )
            for item in self.lost()
        ]

    def lost(self) -> list[Statement]:
        """The evidence of commits that were on the branch, and are not in its history."""
        floor = None if self.since is None else committed_at(self.repository, self.since)
        listed = {commit for name in self.references for commit in notes.noted(self.repository, name)}
        off = sorted(listed - self.place.keys())
        self.load(off)
        return [
            item
            for commit in off
            for item in self._read[commit]
            if self._was_here(item, commit) and (floor is None or item.merged_at >= floor)
        ]

    def _was_here(self, statement: Statement, commit: str) -> bool:
        data, current = statement.data, self.current
        ours = (data["repository"], data["branch"], data["commit"]) == (current.repository, self.branch, commit)
        return ours and self._unsigned(statement, current, current) is None


def _digest(statement: Statement) -> str:
    """A name for the very bytes of a statement and its signature."""
    content = b"%d %b" % (len(statement.line), statement.line) + statement.signature.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=20).hexdigest()


def differ(statements: Sequence[Statement]) -> bool:
    """Whether statements that all count say different things: then somebody has the key who should not."""
    return len({item.line for item in statements}) > 1


def _shallow() -> GitError:
    return GitError(
        "this clone is shallow and lacks the history that evidence is about",
        code="shallow-clone",
        remedy="run 'git fetch --unshallow', or check out with fetch-depth: 0",
    )
