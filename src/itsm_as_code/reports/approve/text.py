"""For people: what was signed, where it is, and what the verdict is now."""

from __future__ import annotations

from typing import Final

from itsm_as_code.gate.attestation import Proposal
from itsm_as_code.gate.decision import Decision

_DID: Final = {"approved": "approved", "changes-requested": "asked for changes", "withdrawn": "took back their word"}


def render(proposal: Proposal, signature: str, ref: str, after: Decision) -> str:
    statement = proposal.statement
    return f"{statement['reviewer']} {_DID[statement['verdict']]}: {ref}\nthe verdict is now {after.verdict}\n"
