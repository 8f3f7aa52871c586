"""What an audit leaves behind: a signed note on the commit that it came to, by which the next sees a rewritten branch.

It lies under ``refs/notes/itsm-audit``, as a line of canonical JSON and the signature over it. It proves nothing of a
merge: it only says that this commit was the tip of the branch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from itsm_as_code import clock, signing
from itsm_as_code.assurance.audit import Audit, LeftOut
from itsm_as_code.assurance.landings import AuditFinding
from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.assurance.refusals import why_key_is_not
from itsm_as_code.errors import ItsmError
from itsm_as_code.gate.decision import canonical, is_canonical
from itsm_as_code.git import notes

REF: Final = "refs/notes/itsm-audit"
TRACKING: Final = "refs/itsm/notes/audit"
SCHEMA: Final = "itsm/audited/v1"
NAMESPACE: Final = "itsm-audit@v1"
ATTEMPTS: Final = 5
_KEYS: Final = frozenset(
    {"schema", "repository", "branch", "commit", "auditedAt", "population", "landings", "findings"}
)


def line_of(audit: Audit) -> bytes:
    """What is signed of an audit."""
    data = {
        "schema": SCHEMA,
        "repository": audit.repository,
        "branch": audit.branch,
        "commit": audit.tip,
        "auditedAt": clock.format_instant(audit.at),
        "population": audit.population,
        "landings": len(audit.units),
        "findings": len(audit.findings),
    }
    return canonical(data)


def keep(ledger: Ledger, audit: Audit, key: Path, remote: str | None) -> None:
    """Note that an audit came to its commit. ItsmError where the key would not count, or nothing can be written."""
    public = signing.public_key(key)
    refusal = _why_not(ledger, public, audit)
    if refusal is not None:
        remedy = "sign with a key that itsm.yaml names"
        raise ItsmError(f"the note of this audit {refusal}", code="audit-key", remedy=remedy)
    line = line_of(audit)
    content = line + b"\n" + signing.sign(line, key, NAMESPACE).encode()
    repository = ledger.repository
    for _ in range(ATTEMPTS):
        old = notes.tip(repository, REF) if remote is None else notes.fetch(repository, remote, REF, TRACKING)
        new = notes.add_notes(repository, old, {audit.tip: content}, ledger.now)
        if remote is None:
            if notes.move(repository, new, old, REF):
                return
        elif notes.push(repository, remote, new, old, REF, TRACKING):
            return
    message = f"the note of this audit could not be written: {REF} changed meanwhile, or refuses to be pushed to"
    raise ItsmError(message, code="audit-not-kept", remedy=f"run it again; look whether you may push {REF}")


def _why_not(ledger: Ledger, public: str, audit: Audit) -> str | None:
    return why_key_is_not(public, audit.at, ledger.current.keys, ledger.current.keys)


def with_rewritten(ledger: Ledger, audit: Audit) -> Audit:
    """With what earlier audits came to and the branch lacks now; and what of their notes counts for nothing."""
    known = {finding.commit for finding in audit.findings if finding.code == "history-rewritten"}
    findings: list[AuditFinding] = []
    left: list[LeftOut] = []
    for commit, data in _audited(ledger):
        if data is None:
            left.append(LeftOut(commit, f"what an audit is said to have noted on {commit[:12]} counts for nothing"))
        elif commit not in ledger.place and commit not in known:
            message = f"{commit[:12]} was the tip of {ledger.branch} when it was audited at {data['auditedAt']}"
            findings.append(
                AuditFinding(
                    "history-rewritten", commit, "not known to git", f"{message}, and is not in its history now"
                )
            )
    return replace(audit, findings=(*audit.findings, *findings), left_out=(*audit.left_out, *left))


def _audited(ledger: Ledger) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Commit and data of every note of an audit of this branch; None for one that nobody has to believe."""
    repository = ledger.repository
    names = [name for name in (TRACKING, REF) if notes.tip(repository, name) is not None]
    listed = sorted({commit for name in names for commit in notes.noted(repository, name)})
    for commit, versions in sorted(notes.versions(repository, names, listed).items()):
        read = [_read(ledger, commit, content) for content in versions]
        ours = [data for data in read if data is not None]
        if ours:
            yield commit, ours[0]
        elif versions:
            yield commit, None


def _read(ledger: Ledger, commit: str, content: bytes | None) -> dict[str, Any] | None:
    line, _, armoured = (content or b"").partition(b"\n")
    try:
        data = json.loads(line)
        signature = signing.read_signature(armoured.decode("ascii"))
        at = clock.parse_instant(data["auditedAt"])
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    current = ledger.current
    if data.keys() != _KEYS or data["schema"] != SCHEMA or not is_canonical(data, line):
        return None
    if (data["repository"], data["branch"], data["commit"]) != (current.repository, ledger.branch, commit):
        return None
    keys: Sequence[Any] = [key for _, settings in ledger.settings for key in settings.keys]
    if why_key_is_not(signature.key, at, keys, current.keys) is not None:
        return None
    told = (line, armoured.decode("ascii"), "audit", [signature.key], NAMESPACE)
    return data if signing.is_signed_by(*told) else None
