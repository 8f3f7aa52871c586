"""Issues submitted with the form of a request offering (GitHub, GitLab, Gitea), made ServiceRequest records.

The form is made by :mod:`itsm_as_code.interchange.request_forms`. Whatever people typed is a value or is refused:
nothing of it is interpreted, and when anything is wrong no record is made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from itsm_as_code import clock
from itsm_as_code.checks.request_values_fit import value_problems
from itsm_as_code.findings import Finding, Location, Problem, RecordId, Rule, Severity, did_you_mean, sort_findings
from itsm_as_code.forges.interface import Account
from itsm_as_code.gate.identities import Directory
from itsm_as_code.interchange._request_answers import Trouble, all_answers, bare_body, named_by, read_sections
from itsm_as_code.interchange._request_form import OFFERING_LABEL, Field, Forge, Question, one_line, questions
from itsm_as_code.interchange._request_issue import Issue, Unusable, read_issue
from itsm_as_code.interchange._store import Conversion, Known, NewRecord
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.formats import is_url
from itsm_as_code.records.kinds import API_VERSION

TITLE = "an issue submitted with a request form (GitHub, GitLab or Gitea)"
KIND: Final = "ServiceRequest"


def _rule(name: str, title: str, explanation: str) -> Rule:
    return Rule(name, title, Severity.ERROR, explanation)


REQUEST_ISSUE = _rule(
    "request-issue",
    "The file is an issue",
    "An issue is the JSON that the REST API of GitHub, GitLab or Gitea gives, or its Markdown body. Characters that do "
    "not show are refused: an approver must see what is ordered.",
)
REQUEST_OFFERING = _rule(
    "request-offering",
    "A request names an offering that can be ordered",
    "The form names its offering in the first field; --offering does where there is none. It must be active.",
)
REQUEST_FORM = _rule(
    "request-form",
    "A submitted form has the fields of its offering, each once and in order",
    "Forges do not mark where an answer ends, so a line like '### Size' within an answer could set another field. "
    "Where a body can be read in more than one way it is refused.",
)
REQUEST_VALUE = _rule(
    "request-value",
    "The answers of a submitted form fit its offering",
    "Types, choices, limits and required answers are those of the offering's form.",
)
REQUEST_REQUESTER = _rule(
    "request-requester",
    "Who submits a form is a known person",
    "The login of the issue's author is that of an account of one active Person; where the record has the number of "
    "the account it must agree, since logins can be renamed and taken by others.",
)
RULES = (REQUEST_ISSUE, REQUEST_OFFERING, REQUEST_FORM, REQUEST_VALUE, REQUEST_REQUESTER)


@dataclass(frozen=True, slots=True)
class Said:
    """What a caller says: who ordered and when only of a Markdown body alone, since an issue says so itself."""

    offering: str | None = None
    requester: str | None = None
    at: str | None = None
    name: str | None = None


def convert(sources: Mapping[str, bytes], known: Known, said: Said | None = None) -> Conversion:
    """A ServiceRequest for each issue that fits its offering."""
    return read_all(_Request, sources, known, said)


def read_all(
    how: type[Reader[Any]], sources: Mapping[str, bytes], known: Known, said: Said | None = None
) -> Conversion:
    """A record for each issue that fits a form, as that reader reads it."""
    facts = facts_of(known)
    records: list[NewRecord] = []
    findings: list[Finding] = []
    for path, source in sources.items():
        reader = how(path, known, facts, said or Said())
        record = reader.read(source)
        if record is not None and not reader.findings:
            records.append(record)
        findings += reader.findings
    return Conversion(records, sort_findings(findings), len(sources) - len(records), remember=False)


def facts_of(known: Known) -> Facts:
    """The valid records of a repository."""
    by_kind: dict[str, dict[str, Any]] = {}
    for record in known.records.values():
        if record.valid:
            by_kind.setdefault(record.id.kind, {})[record.name] = record.data
    return Facts(by_kind)


Form = TypeVar("Form")


class Reader(ABC, Generic[Form]):
    """One issue on its way to a record; what is wrong is gathered. ``Form`` is what says which questions were asked.

    ``first`` is the heading under which a form says which one it is; ``identity`` are fields of the specification that
    the same issue gives each time it is read.
    """

    first = OFFERING_LABEL
    identity: tuple[str, ...] = ()
    noun = "record"

    def __init__(self, path: str, known: Known, facts: Facts, said: Said) -> None:
        self.path = path
        self.known = known
        self.facts = facts
        self.said = said
        self.findings: list[Finding] = []

    def read(self, source: bytes) -> NewRecord | None:
        try:
            issue = read_issue(source)
        except Unusable as wrong:
            self._refuse(REQUEST_ISSUE, wrong.message, wrong.remedy, wrong.line)
            return None
        if issue.forge is not None and (self.said.requester or self.said.at):
            remedy = "leave out --requester and --at"
            self._refuse(REQUEST_REQUESTER, "the issue says itself who submitted it, and when", remedy)
            return None
        body, forge = bare_body(issue.body, issue.forge)
        at = self._submitted(issue)
        form = self.form_of(issue, body)
        requester = self._requester(issue, at)
        values = self._values(issue, body, forge, self.fields_of(form)) if form is not None else None
        if form is None or requester is None or at is None or values is None or self.findings:
            return None
        data = self.record_of(issue, form, requester, at, values)
        for problem in self.known.registry[data["kind"]].validator.problems(data):
            self._refuse(REQUEST_VALUE, problem.message, problem.remedy)
        self._check_name(data)
        return NewRecord(RecordId(data["kind"], data["metadata"]["name"]), data, Location(self.path))

    @abstractmethod
    def form_of(self, issue: Issue, body: str) -> Form | None:
        """The form that was submitted; what is wrong with it is refused."""

    @abstractmethod
    def fields_of(self, form: Form) -> Sequence[Field]:
        """What the form asked, in its order."""

    @abstractmethod
    def record_of(self, issue: Issue, form: Form, person: str, at: str, values: dict[str, Any]) -> dict[str, Any]:
        """The record of the answers ``values``, submitted by a person at an instant."""

    def _refuse(self, rule: Rule, message: str, remedy: str, line: int | None = None) -> None:
        self.findings.append(Finding(rule.id, rule.severity, Location(self.path, line), message, remedy))

    def _refuse_body(self, rule: Rule, issue: Issue, trouble: Trouble) -> None:
        """A finding in the body: its line is that of the file only where the file is the body."""
        problem = trouble.problem
        is_file = issue.forge is None
        message = problem.message if is_file else f"{problem.message} (line {trouble.line} of the body)"
        self._refuse(rule, message, problem.remedy, trouble.line if is_file else None)

    def _submitted(self, issue: Issue) -> str | None:
        text = issue.at or self.said.at
        if text is None:
            self._refuse(REQUEST_ISSUE, "nobody says when it was submitted", "give --at")
            return None
        try:
            return clock.format_instant(clock.parse_instant(text).replace(microsecond=0))
        except ValueError:
            remedy = "write it as 2026-11-22T08:00:00Z"
            self._refuse(REQUEST_ISSUE, f"'{text[:40]}' is not the instant at which it was submitted", remedy)
            return None

    def _requester(self, issue: Issue, at: str | None) -> str | None:
        name = self.said.requester
        if issue.forge is not None and issue.login is not None:
            accounts = [Account(issue.login, issue.account)] if issue.account is not None else []
            instant = clock.parse_instant(at or "1970-01-01T00:00:00Z")
            directory = Directory(self.facts, instant, issue.forge, accounts)
            name = directory.by_login(issue.login)
            if name is None:
                message = f"'{issue.login[:80]}' {directory.why_no_login(issue.login)}"
                self._refuse(REQUEST_REQUESTER, message, "mend the records in people/")
                return None
        if name is None:
            self._refuse(REQUEST_REQUESTER, "nobody says who submitted it", "give --requester")
            return None
        spec = self.facts.spec("Person", name)
        if not spec or spec.get("active", True) is not True:
            people = [data["metadata"]["name"] for data in self.facts.records("Person")]
            remedy = did_you_mean(name[:63], people) or "name a Person"
            self._refuse(REQUEST_REQUESTER, f"'{name[:80]}' is nobody who works here", remedy)
            return None
        return name

    def _values(self, issue: Issue, body: str, forge: Forge, fields: Sequence[Field]) -> dict[str, Any] | None:
        asked = questions(fields, forge)
        if len({question.label for question in asked}) != len(asked):
            self._refuse(REQUEST_FORM, "two questions of the form look the same", "mend the offering")
            return None
        sections, troubles = read_sections(body, asked, self.first)
        for trouble in troubles:
            self._refuse_body(REQUEST_FORM, issue, trouble)
        if troubles:
            return None
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for question, section, value, wrong in all_answers(asked, sections):
            lines[question.name] = section.line
            if value is None and question.required and not wrong:
                wrong = "must be answered"
            if wrong:
                problem = Problem(f"'{question.name}' {wrong}", (), question.hint)
                self._refuse_body(REQUEST_VALUE, issue, Trouble(section.line, problem))
            elif value is not None:
                values[question.name] = self._person(question, value, issue)
        if not self.findings:
            for problem in value_problems(list(fields), values, self.facts):
                line = next((lines[part] for part in problem.pointer if part in lines), 1)
                self._refuse_body(REQUEST_VALUE, issue, Trouble(line, problem))
        return values

    def _person(self, question: Question, value: Any, issue: Issue) -> Any:
        """The name of the person whose login an answer gives as ``@login``; else the answer itself."""
        if question.type != "person" or issue.forge is None or not str(value).startswith("@"):
            return value
        directory = Directory(self.facts, clock.parse_instant("1970-01-01T00:00:00Z"), issue.forge)
        return directory.by_login(str(value)[1:]) or value

    def _check_name(self, data: Mapping[str, Any]) -> None:
        """Refuse the name of another request; the same request again is left alone when it is written."""
        name = data["metadata"]["name"]
        there = self.known.records.get(RecordId(data["kind"], name))
        spec = data["spec"]
        if there is not None and any(there.spec.get(field) != spec.get(field) for field in self.identity):
            self._refuse(REQUEST_ISSUE, f"another {self.noun} has the name '{name}'", "give --name")


class _Request(Reader[Record]):
    """An issue on its way to a request of an offering."""

    identity = ("offering", "requester", "submittedAt")
    noun = "request"

    def form_of(self, issue: Issue, body: str) -> Record | None:
        named = {name for name in (self.said.offering, named_by(body), *issue.offerings) if name is not None}
        if len(named) != 1:
            shown = ", ".join(sorted(f"'{name[:63]}'" for name in named))
            message = f"the issue names more than one offering: {shown}" if named else "the issue names no offering"
            self._refuse(REQUEST_OFFERING, message, "submit the form again" if named else "give --offering")
            return None
        name = named.pop()
        record = self.known.records.get(RecordId("RequestOffering", name))
        if record is not None and not record.valid:
            message = f"the record of the offering '{name}' has errors"
            self._refuse(REQUEST_OFFERING, message, "mend them; itsm validate lists them")
            return None
        if record is None:
            known = [other.name for other in self.known.records if other.kind == "RequestOffering"]
            remedy = did_you_mean(name[:63], known) or "name a RequestOffering"
            self._refuse(REQUEST_OFFERING, f"there is no offering '{name[:63]}'", remedy)
            return None
        if record.spec["active"] is not True:
            self._refuse(REQUEST_OFFERING, f"'{name}' is not offered at present", "order something that is offered")
            return None
        return record

    def fields_of(self, form: Record) -> Sequence[Field]:
        found: Sequence[Field] = form.spec.get("form", {}).get("fields", ())
        return found

    def record_of(self, issue: Issue, form: Record, person: str, at: str, values: dict[str, Any]) -> dict[str, Any]:
        number = f"-{issue.number}" if issue.number is not None else ""
        name = self.said.name or f"req-{at[:10].replace('-', '')}{number}-{form.name}"[:63].strip("-")
        metadata: dict[str, Any] = {"name": name, "title": one_line(issue.title or "") or form.title}
        if issue.address is not None and is_url(issue.address):
            metadata["links"] = [{"title": f"Issue {issue.number}", "url": issue.address}]
        spec: dict[str, Any] = {"offering": form.name, "requester": person}
        if values:
            spec["values"] = values
        spec |= {"submittedAt": at, "status": "submitted"}
        return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}
