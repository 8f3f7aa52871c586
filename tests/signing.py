"""Real SSH keys for tests, and pull requests that are approved by signature, without a forge."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from itsm_as_code.forges.interface import PullRequest, SignedApproval
from itsm_as_code.gate import Decision
from itsm_as_code.gate.approvals import approvals_of
from itsm_as_code.gate.attestation import propose
from itsm_as_code.gate.candidate import Candidate, read_candidate
from itsm_as_code.gate.decision import canonical
from itsm_as_code.gate.evaluation import decide
from itsm_as_code.gate.findings import findings_of
from itsm_as_code.gate.signed_approvals import NAMESPACE
from itsm_as_code.git.repository import Repository
from itsm_as_code.signing import sign
from tests.conftest import NOW, Workshop


def make_key(folder: Path, name: str) -> Path:
    """A new ed25519 key without a passphrase; the public half stands beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True, capture_output=True
    )
    return path


def public(key: Path) -> str:
    return key.with_suffix(".pub").read_text().strip()


def add_key(shop: Workshop, name: str, key: Path, **validity: str) -> None:
    """Write a signing key into a Person record of the work tree."""
    path = f"people/{name}.yaml"
    extra = "".join(f', {word}: "{instant}"' for word, instant in validity.items())
    text = (shop.path / path).read_text()
    if "signingKeys:" not in text:
        text += "  signingKeys:\n"
    shop.write(path, text + f'    - {{type: ssh, key: "{public(key)}"{extra}}}\n')


def signable(repository: Repository, candidate: Candidate, reviewer: str, verdict: str = "approved") -> dict[str, Any]:
    """What a reviewer would sign."""
    approvals = approvals_of(candidate, findings_of(candidate), repository)
    return propose(candidate, approvals, reviewer, verdict).statement


@dataclass
class Office:
    """A workshop whose people have signing keys on main, and a pull request on ``topic`` that no forge knows."""

    shop: Workshop
    keys: dict[str, Path]
    statements: list[SignedApproval] = field(default_factory=list)

    def candidate(self, now: datetime = NOW, base: str = "main", head: str = "topic") -> Candidate:
        pull_request = PullRequest("alice", statements=tuple(self.statements))
        return read_candidate(Repository(self.shop.path), base, head, pull_request, now)

    def decide(self, now: datetime = NOW, **where: str) -> Decision:
        return decide(self.candidate(now, **where), Repository(self.shop.path))

    def statement(self, reviewer: str, verdict: str = "approved", minute: int = -60, **where: str) -> dict[str, Any]:
        """What the reviewer would sign, at so many minutes after NOW."""
        candidate = self.candidate(NOW + timedelta(minutes=minute), **where)
        return signable(Repository(self.shop.path), candidate, reviewer, verdict)

    def sign(
        self, statement: dict[str, Any], key: Path | None = None, namespace: str = NAMESPACE, **replaced: Any
    ) -> SignedApproval:
        """Sign a statement, with some of it replaced, by the reviewer's key unless another is named."""
        text = canonical({**statement, **replaced}).decode()
        signature = sign(text.encode(), key or self.keys[statement["reviewer"]], namespace)
        return SignedApproval(text, signature)

    def approve(self, reviewer: str, verdict: str = "approved", minute: int = -60, **replaced: Any) -> SignedApproval:
        """Sign as ``itsm approve`` does, and hand it in."""
        signed = self.sign(self.statement(reviewer, verdict, minute), **replaced)
        self.statements.append(signed)
        return signed


def ignored_codes(decision: Decision) -> set[tuple[str, str]]:
    """Reviewer and code of what did not count."""
    return {(item["reviewer"], item["code"]) for row in decision.evidence["approvals"] for item in row["ignored"]}


def altered(signed: SignedApproval, old: str, new: str) -> SignedApproval:
    """The same signature under another text."""
    assert old in signed.text
    return replace(signed, text=signed.text.replace(old, new))


def copy_office(office: Office, folder: Path) -> Office:
    """An office of its own, from one that was made once."""
    shutil.copytree(office.shop.path, folder)
    return Office(Workshop(folder, office.shop.clock), office.keys)
