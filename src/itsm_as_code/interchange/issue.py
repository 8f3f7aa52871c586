"""Issues submitted with the form of a kind (GitHub, GitLab, Gitea), made records: the door for people without git.

The form is made by :mod:`itsm_as_code.interchange.issue_forms`. As with requests, whatever people typed is a value or
is refused; who they are is what the forge says of their account, never what the text says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from itsm_as_code.findings import Rule, Severity, did_you_mean
from itsm_as_code.interchange._issue_kinds import KIND_LABEL, KINDS, IssueKind, Submitted
from itsm_as_code.interchange._request_answers import named_by
from itsm_as_code.interchange._request_form import Field, one_line
from itsm_as_code.interchange._request_issue import Issue
from itsm_as_code.interchange._store import Conversion, Known
from itsm_as_code.interchange.request import Reader, Said, read_all
from itsm_as_code.records.formats import is_url
from itsm_as_code.records.kinds import API_VERSION

TITLE = "an issue that becomes a record (GitHub, GitLab or Gitea)"
ISSUE_KIND = Rule(
    "issue-kind",
    "A submitted form names the kind of its record",
    Severity.ERROR,
    "The form of `itsm export issue-forms` names its kind in the first field: Change, Incident, Improvement or Risk.",
)
RULES = (ISSUE_KIND,)
DIGEST: Final = "itsm.dev/issue-digest"
"""The annotation with the digest of the text that the record was made of: whoever edits the issue edits no record."""


def convert(sources: Mapping[str, bytes], known: Known, said: Said | None = None) -> Conversion:
    """A record for each issue that fits the form of its kind."""
    return read_all(_Issue, sources, known, said)


class _Issue(Reader[IssueKind]):
    """An issue on its way to a record of one of the kinds."""

    first = KIND_LABEL
    identity = ("requester", "detectedAt", "reportedBy", "source", "cause")

    def form_of(self, issue: Issue, body: str) -> IssueKind | None:
        name = named_by(body, KIND_LABEL)
        if name in KINDS:
            return KINDS[name]
        message = f"there is no form of a '{name[:63]}'" if name else "the issue names no kind of record"
        remedy = did_you_mean(name[:63], KINDS) if name else ""
        self._refuse(ISSUE_KIND, message, remedy or f"submit one of the forms: {', '.join(KINDS)}")
        return None

    def fields_of(self, form: IssueKind) -> Sequence[Field]:
        return form.asked(self.facts)

    def record_of(self, issue: Issue, form: IssueKind, person: str, at: str, values: dict[str, Any]) -> dict[str, Any]:
        number = f"-{issue.number}" if issue.number is not None else ""
        metadata: dict[str, Any] = {"name": self.said.name or f"{form.prefix}-{at[:10].replace('-', '')}{number}"}
        metadata["title"] = one_line(issue.title or "") or f"{form.title} of {at[:10]}"
        if "description" in values:
            metadata["description"] = values["description"]
        if issue.address is not None and is_url(issue.address):
            metadata["links"] = [{"title": f"Issue {issue.number}", "url": issue.address}]
        text = f"{issue.title or ''}\n{issue.body}"
        metadata["annotations"] = {DIGEST: f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"}
        who = self.facts.record("Person", person) or {}
        by = Submitted(person, one_line(str(who.get("metadata", {}).get("title", person)))[:180], at)
        return {"apiVersion": API_VERSION, "kind": form.kind, "metadata": metadata, "spec": form.spec(values, by)}
