"""A small organisation that keeps evidence: reviewers sign, pull requests are merged in any way, a job notes them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.assurance.merges import Landing, Place, SignedMerges, committed_at, statement_of
from itsm_as_code.assurance.noting import Noted, gaps, keep, prepare
from itsm_as_code.assurance.statement import sign as sign_line
from itsm_as_code.forges.interface import MergedPullRequest, PullRequest, SignedApproval
from itsm_as_code.gate.candidate import read_candidate
from itsm_as_code.gate.decision import canonical
from itsm_as_code.gate.signed_approvals import NAMESPACE
from itsm_as_code.git import notes
from itsm_as_code.git.repository import Repository
from itsm_as_code.git.signed_approvals import store_approval, stored_approvals
from itsm_as_code.signing import sign
from tests.attacks.tools import CHANGE
from tests.conftest import NOW, Workshop
from tests.signing import add_key, make_key, public, signable

REPOSITORY = "shop/records"
INSIDE = "2026-12-01T21:00:00Z"
LATER = NOW + timedelta(days=9)
NAME = "chg-20261122-tune"


def settings(since: str, *keys: str, extra: str = "") -> str:
    """The block of itsm.yaml."""
    entries = "".join(f"      - {key}\n" for key in keys)
    return f"  evidence:\n    since: {since}\n    repository: {REPOSITORY}\n{extra}    keys:\n{entries}"


def entry(key: Path, **more: str) -> str:
    """An entry of evidence.keys."""
    told = "".join(f", {name}: {value}" for name, value in more.items())
    return f'{{key: "{public(key)}"{told}}}'


@dataclass
class Firm:
    """A workshop that keeps evidence: ``keys`` are those of people, ``key`` is the one that only the job has."""

    shop: Workshop
    folder: Path
    keys: dict[str, Path] = field(default_factory=dict)

    @property
    def key(self) -> Path:
        return self.folder / "evidence"

    def git(self, *arguments: str, who: str = "erin") -> str:
        return self.shop.git(*arguments, who=who)

    def topic(self, name: str = "topic", base: str = "main") -> None:
        self.git("checkout", "-q", "-B", name, base)

    def approve(self, *reviewers: str, head: str = "topic", base: str = "main") -> None:
        """As `itsm approve` does."""
        repository = Repository(self.shop.path)
        for reviewer in reviewers:
            candidate = read_candidate(repository, base, head, PullRequest("alice"), NOW - timedelta(hours=4))
            text = canonical(signable(repository, candidate, reviewer)).decode()
            signature = sign(text.encode(), self.keys[reviewer], NAMESPACE)
            store_approval(repository, candidate.head, reviewer, text, signature, NOW - timedelta(hours=4))

    def merge(self, how: str = "merge", head: str = "topic") -> str:
        """Merge a topic in one of four ways; the commit that main has then."""
        if how == "rebase":
            tip = self.git("rev-parse", head)
            self.git("checkout", "-q", "--detach", tip)
            self.git("rebase", "-q", "--force-rebase", "main")
            commit = self.git("rev-parse", "HEAD")
            self.git("checkout", "-q", "main")
            self.git("reset", "-q", "--hard", commit)
            return commit
        self.git("checkout", "-q", "main")
        if how == "merge":
            self.git("merge", "-q", "--no-ff", "-m", "Merge", head)
        elif how == "squash":
            self.git("merge", "-q", "--squash", head)
            self.git("commit", "-q", "-m", "Squash")
        else:
            self.git("merge", "-q", "--ff-only", head)
        return self.git("rev-parse", "HEAD")

    def change(self, *reviewers: str) -> None:
        """A pull request by alice that authorises the change: two commits, so that ways of merging differ."""
        self.topic()
        self.shop.edit(CHANGE, "Send in smaller batches.", "Send in much smaller batches.")
        self.shop.commit()
        self.shop.edit(CHANGE, "status: proposed", "status: authorised")
        self.shop.commit()
        self.approve(*(reviewers or ("bob",)))

    def ledger(self, path: Path | None = None, now: datetime = LATER, **more: Any) -> Ledger:
        repository = Repository(path or self.shop.path)
        return Ledger(repository, repository.commit("main"), "main", now, **more)

    def note(self, key: Path | None = None, path: Path | None = None, remote: str | None = None) -> Noted:
        """As the job does. An error that stopped it is raised."""
        ledger = self.ledger(path)
        noted = self.prepared(ledger, key)
        if noted.statements:
            keep(ledger, noted, remote)
        if noted.stopped is not None:
            raise noted.stopped
        return noted

    def prepared(self, ledger: Ledger, key: Path | None = None) -> Noted:
        repository = ledger.repository
        signed = [SignedApproval(*pair) for pair in stored_approvals(repository)]

        def source(base: str, row: Sequence[str]) -> SignedMerges:
            return SignedMerges(repository, base, row, signed)

        place = Place(REPOSITORY, "main")
        return prepare(ledger, gaps(ledger, everything=True), source, place, key or self.key)

    def line(self, base: str, commit: str = "main", head: str | None = None, **replaced: Any) -> bytes:
        """The line of evidence of a commit that came with the pull request of ``head``, with some of it replaced."""
        repository = Repository(self.shop.path)
        commit, base = repository.commit(commit), repository.commit(base)
        merges = ()
        if head is not None:
            signed = tuple(SignedApproval(*pair) for pair in stored_approvals(repository))
            told = PullRequest("alice@shop.example", head=repository.commit(head), statements=signed)
            merges = (MergedPullRequest(told, committed_at(repository, commit), commit),)
        line = statement_of(repository, Landing(base, (commit,), merges), Place(REPOSITORY, "main"), (None, LATER))
        return canonical({**json.loads(line), **replaced}) + b"\n"

    def force(self, commit: str, *members: bytes) -> None:
        """Write a note as anybody who may push can: in place of what is there."""
        repository = Repository(self.shop.path)
        old = notes.tip(repository, notes.REF)
        new = notes.add_notes(repository, old, {repository.commit(commit): b"".join(members)}, NOW)
        assert notes.move(repository, new, old)

    def signed(self, line: bytes, key: Path | None = None) -> bytes:
        return sign_line(line, key or self.key).packed

    def codes(self, commit: str = "main", **more: Any) -> list[str]:
        """Why evidence does not show that a commit was approved."""
        ledger = self.ledger(**more)
        return [reason.code for reason in ledger.covering(self.git("rev-parse", commit)).reasons]


def found(folder: Path, first: Workshop) -> Firm:
    """A firm of its own: see :func:`establish`."""
    shutil.copytree(first.path, folder / "repository")
    return establish(Workshop(folder / "repository", first.clock), folder)


def establish(shop: Workshop, folder: Path) -> Firm:
    """A firm: bob, dave and erin sign; main has a proposed change, and keeps evidence; nothing is noted yet."""
    firm = Firm(shop, folder)
    firm.git("checkout", "-q", "main")
    for name in ("bob", "dave", "erin"):
        firm.keys[name] = make_key(folder, name)
        add_key(firm.shop, name, firm.keys[name])
    make_key(folder, "evidence")
    make_key(folder, "spare")
    firm.shop.change()
    firm.shop.commit()
    text = (firm.shop.path / "itsm.yaml").read_text().rstrip()
    keys = (entry(firm.key), entry(folder / "spare"))
    firm.shop.write("itsm.yaml", f"{text}\n{settings(firm.git('rev-parse', 'HEAD'), *keys)}")
    firm.shop.commit("Keep evidence", who="erin")
    return firm


def copy(firm: Firm, folder: Path) -> Firm:
    """A firm of its own, from one that was made once."""
    shutil.copytree(firm.folder, folder)
    keys = {name: folder / name for name in firm.keys}
    return Firm(Workshop(folder / "repository", firm.shop.clock), folder, keys)
