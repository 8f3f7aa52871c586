"""Forms at a forge for changes, incidents, improvements and risks: issue forms of GitHub and Gitea,
templates of GitLab.

A submitted form becomes a record with :mod:`itsm_as_code.interchange.issue`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from itsm_as_code.interchange._issue_kinds import KIND_LABEL, KINDS, IssueKind
from itsm_as_code.interchange._request_form import ISSUE_ACTION, ISSUE_LABEL, MADE_BY, Forge, Question, questions
from itsm_as_code.interchange.request_forms import FOLDERS, Forms, element, gitlab_sections, intro
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.writer import dump


def export(facts: Facts, forge: Forge) -> Forms:
    """A form for each kind that issues may become, asked of the organisation whose records these are."""
    folder, suffix = FOLDERS[forge]
    write = _gitlab if forge is Forge.GITLAB else _github
    found = {
        f"{folder}/{kind.kind.lower()}.{suffix}": write(kind, questions(kind.asked(facts), forge))
        for kind in KINDS.values()
    }
    return Forms(found, [])


def _github(kind: IssueKind, asked: Sequence[Question]) -> bytes:
    chosen = {"label": KIND_LABEL, "options": [kind.kind], "default": 0}
    body: list[dict[str, Any]] = [
        {"type": "markdown", "attributes": {"value": f"{kind.about}\n"}},
        {"type": "dropdown", "attributes": chosen, "validations": {"required": True}},
        *(element(question) for question in asked),
    ]
    form = {"name": kind.title, "description": kind.about, "labels": [ISSUE_LABEL], "body": body}
    return f"# {MADE_BY} issue-forms of {kind.kind}; make it anew instead of changing it.\n".encode() + dump(form)


def _gitlab(kind: IssueKind, asked: Sequence[Question]) -> bytes:
    parts = [intro(f"issue-forms of {kind.kind}"), f"### {KIND_LABEL}", kind.kind, *gitlab_sections(asked)]
    return ("\n\n".join([*parts, ISSUE_ACTION]) + "\n").encode()
