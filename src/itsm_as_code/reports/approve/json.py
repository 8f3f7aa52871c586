"""A reviews file that holds the statement, for `itsm gate --approvals FILE` where refs cannot be pushed."""

from __future__ import annotations

from itsm_as_code.gate.attestation import Proposal
from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape


def render(proposal: Proposal, signature: str, ref: str, after: Decision) -> str:
    data = {"author": None, "statements": [{"statement": proposal.text, "signature": signature}]}
    return escape.dumped(data)
