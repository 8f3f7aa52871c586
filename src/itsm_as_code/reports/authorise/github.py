"""One annotation of GitHub Actions."""

from __future__ import annotations

from itsm_as_code.assurance.authority import EvidenceFound
from itsm_as_code.gate.authorise import Answer
from itsm_as_code.reports import escape
from itsm_as_code.reports.authorise import text


def render(answer: Answer, revision: str, commit: str, trail: EvidenceFound) -> str:
    said = escape.workflow_data(text.render(answer, revision, commit, trail).strip())
    return f"::notice title=Authorised::{said}\n" if answer.authorised else f"::error title=Not authorised::{said}\n"
