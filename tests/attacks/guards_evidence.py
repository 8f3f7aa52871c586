"""The guards of evidence of merges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from itsm_as_code import signing
from itsm_as_code.assurance import authority, ledger
from itsm_as_code.assurance.authority import EvidenceFound
from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.gate import authorise
from itsm_as_code.git import notes
from tests.attacks.guards import Guard, nothing, patched


def not_asked(*_: Any, **__: Any) -> EvidenceFound:
    return EvidenceFound(False, "not asked for")


def last_only(repository: Any, names: Any, commits: Any, _real: Any = notes.versions) -> Any:
    """Only what is noted now."""
    return {commit: found[:1] for commit, found in _real(repository, names, commits).items()}


def said_before(self: Ledger, commit: str) -> Any:
    return self._said(self.chain[self.place[commit] - 1])


def any_namespace(armoured: str, _real: Any = signing.read_signature) -> signing.Signature:
    return replace(_real(armoured), namespace=ledger.NAMESPACE)


def in_any_namespace(content: bytes, armoured: str, signer: str, keys: Any, _: str) -> bool:
    return REAL(content, armoured, signer, keys, "file")


def unshown_at_last(own: Ledger, touches: Any) -> Any:
    """The last commit that touched a file counts, whatever came before."""
    return own.covering(touches[-1].commit).reasons if touches else ()


REAL: Final = signing.is_signed_by


def both(*removals: Any) -> Any:
    def remove(monkeypatch: pytest.MonkeyPatch) -> None:
        for removal in removals:
            removal(monkeypatch)

    return remove


EVIDENCE_GUARDS: Final = (
    Guard("evidence is asked for", patched(authority, "not_asked", not_asked), ("is-pushed-past-the-gate",)),
    Guard("evidence of what lifts stops", patched(authority, "RELIED_ON", ()), ("lifts-a-freeze-past-the-gate",)),
    Guard(
        "evidence of what stopped it",
        patched(authority, "STOPPING", ()),
        (
            "holds-a-review-past-the-gate",
            "takes-a-failure-back-past-the-gate",
            "deletes-the-change-that-failed-past-the-gate",
            "clears-the-change-that-an-incident-blames-past-the-gate",
        ),
    ),
    Guard(
        "evidence of schemas",
        patched(authority, "SCHEMAS", "itsm.yaml"),
        ("moves-the-folder-of-calendars-past-the-gate",),
    ),
    Guard(
        "evidence of what risk is worked out from",
        patched(authority, "WEIGHED", ()),
        ("lowers-what-depends-on-it-past-the-gate",),
    ),
    Guard(
        "keys that itsm.yaml names, in their time",
        patched(ledger, "why_key_is_not", lambda *_: None),
        (
            "signs-evidence-with-a-key-of-its-own",
            "signs-with-a-key-whose-time-is-over",
            "signs-with-a-key-that-was-lost",
        ),
    ),
    Guard(
        "signed evidence",
        patched(Ledger, "_unsigned", lambda *_: None),
        ("leaves-evidence-unsigned",),
    ),
    Guard(
        "signatures over this evidence",
        patched(signing, "is_signed_by", lambda *_: True),
        ("alters-evidence-that-was-signed",),
    ),
    Guard(
        "signatures over evidence",
        both(
            patched(signing, "read_signature", any_namespace),
            patched(signing, "is_signed_by", in_any_namespace),
        ),
        ("signs-evidence-for-something-else",),
    ),
    Guard("notes are never replaced", patched(notes, "versions", last_only), ("replaces-the-evidence-of-a-push",)),
    Guard("one piece of evidence", patched(ledger, "differ", lambda _: False), ("adds-a-second-piece-of-evidence",)),
    Guard(
        "evidence of this merge",
        patched(Ledger, "_borrowed", lambda *_: None),
        (
            "borrows-evidence-of-another-repository",
            "borrows-evidence-of-another-branch",
            "borrows-evidence-of-another-commit",
            "borrows-evidence-of-another-base",
        ),
    ),
    Guard(
        "evidence that agrees with itself",
        patched(ledger, "inconsistent", lambda *_: None),
        ("borrows-evidence-of-another-pull-request", "names-two-colleagues-in-a-reviews-file"),
    ),
    Guard(
        "what was judged is what was merged",
        patched(ledger, "shortcomings", nothing),
        ("merges-more-than-was-approved",),
    ),
    Guard("nothing is dated back", patched(Ledger, "_dated_back", nothing), ("dates-back-what-an-old-key-signed",)),
    Guard(
        "settings that evidence let through",
        both(
            patched(Ledger, "settings_for", said_before),
            patched(Ledger, "current", property(lambda self: self._said(self.tip))),
            patched(authority, "PATH", "docs/none.md"),
        ),
        ("names-a-key-of-its-own", "switches-evidence-off"),
    ),
    Guard(
        "a difference to what was approved",
        patched(authority, "_unshown", unshown_at_last),
        ("launders-a-push-by-an-approved-change",),
    ),
    Guard("branches do not go back", patched(Ledger, "rewound", lambda _: []), ("rewinds-the-branch",)),
    Guard(
        "models of now",
        patched(authorise, "_exceeded", nothing),
        ("outlives-the-model-that-covers-it",),
    ),
)
