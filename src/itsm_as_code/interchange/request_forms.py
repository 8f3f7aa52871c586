"""Forms at a forge for what users can order: issue forms of GitHub, description templates of GitLab.

A submitted form becomes a ServiceRequest with :mod:`itsm_as_code.interchange.request`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from itsm_as_code.findings import Finding, Location, Problem, Rule, Severity, sort_findings
from itsm_as_code.interchange._request_form import (
    MADE_BY,
    OFFERING_LABEL,
    QUICK_ACTION,
    REQUEST_LABEL,
    Forge,
    Question,
    Widget,
    comment,
    one_line,
    questions,
)
from itsm_as_code.interchange._store import Outcome, PlannedFile
from itsm_as_code.records.catalogue import Record, stamp
from itsm_as_code.records.writer import dump

TITLE = "the forms of request offerings, for GitHub or GitLab"
FORM_LABEL = Rule(
    "request-form-label",
    "The forge takes the questions of a form",
    Severity.ERROR,
    "GitHub refuses a form that asks for a password in so many words, and options that are the same to it. Secrets do "
    "not belong in an issue; ask for the place where they are kept.",
    "https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/"
    "common-validation-errors-when-creating-issue-forms",
)
FORM_INACTIVE = Rule(
    "request-form-inactive",
    "A form is made for what is offered",
    Severity.INFO,
    "An offering that is not active gets no form. Remove the form that an earlier export made of it.",
)
FORM_FOREIGN = Rule(
    "request-form-foreign",
    "An export overwrites only forms that an export made",
    Severity.ERROR,
    "A form that somebody wrote by hand is lost when it is overwritten. Move it, or use --force.",
)
RULES = (FORM_LABEL, FORM_INACTIVE, FORM_FOREIGN)
FOLDERS: Final = {
    Forge.GITHUB: (".github/ISSUE_TEMPLATE", "yml"),
    Forge.GITEA: (".gitea/ISSUE_TEMPLATE", "yml"),
    Forge.GITLAB: (".gitlab/issue_templates", "md"),
}


@dataclass(frozen=True, slots=True)
class Forms:
    """The files of an export by path, and what is to be said of them."""

    files: dict[str, bytes]
    findings: list[Finding]


def export(offerings: Iterable[Record], forge: Forge) -> Forms:
    """A form for each active offering."""
    folder, suffix = FOLDERS[forge]
    files: dict[str, bytes] = {}
    findings: list[Finding] = []
    for offering in offerings:
        path = f"{folder}/{offering.name}.{suffix}"
        if offering.spec["active"] is not True:
            problem = Problem(f"no form is made: it is not active; remove {path} if it is there", ("spec", "active"))
            findings.append(stamp(FORM_INACTIVE, offering, problem))
            continue
        asked = questions(offering.spec.get("form", {}).get("fields", ()), forge)
        wrong = [stamp(FORM_LABEL, offering, problem) for problem in _problems(offering, asked, forge)]
        findings += wrong
        if not wrong:
            files[path] = _gitlab(offering, asked) if forge is Forge.GITLAB else _github(offering, asked)
    return Forms(files, sort_findings(findings))


def plan(forms: Forms, root: Path, *, force: bool) -> tuple[list[PlannedFile], list[Finding]]:
    """What becomes of each file below ``root``; a finding for each form there that somebody else made."""
    planned, findings = [], []
    for path, content in forms.files.items():
        place = root / path
        try:
            there = place.read_bytes()
        except OSError:
            there = None  # whether it can be written is found out when it is
        outcome = Outcome.CREATED if there is None else Outcome.UNCHANGED if there == content else Outcome.UPDATED
        if there is not None and MADE_BY.encode() not in there[:200] and not force:
            outcome = Outcome.SKIPPED
            message, remedy = "a form is there that no export made", "move it, or use --force"
            findings.append(Finding(FORM_FOREIGN.id, Severity.ERROR, Location(path), message, remedy))
        planned.append(PlannedFile(path, content, outcome))
    return planned, findings


def _problems(offering: Record, asked: tuple[Question, ...], forge: Forge) -> Iterable[Problem]:
    labels = [question.label.casefold() for question in asked]
    fields = offering.spec.get("form", {}).get("fields", ())
    for index, (question, field) in enumerate(zip(asked, fields, strict=True)):
        at = ("spec", "form", "fields", index)
        is_typed = question.widget in (Widget.LINE, Widget.LINES)
        if forge is Forge.GITHUB and is_typed and "password" in question.label.casefold():
            yield Problem("GitHub takes no form that asks for a password", (*at, "title"), "ask for something else")
        if labels.count(question.label.casefold()) > 1:
            yield Problem(f"two questions are '{question.label}'", (*at, "title"), "tell them apart")
        distinct = {label.casefold() for label in question.options}
        if len(distinct) < max(len(question.options), len(field.get("choices", ()))):
            remedy = "tell them apart by more than white space or case"
            yield Problem("two of the choices look the same", (*at, "choices"), remedy)


def _github(offering: Record, asked: tuple[Question, ...]) -> bytes:
    title = one_line(offering.title)
    about = one_line(offering.data["metadata"].get("description", "")) or f"Order: {title}"
    form: dict[str, Any] = {"name": title, "description": about[:200], "title": title, "labels": [REQUEST_LABEL]}
    body: list[dict[str, Any]] = [{"type": "markdown", "attributes": {"value": "\n\n".join(_facts(offering)) + "\n"}}]
    chosen = {"label": OFFERING_LABEL, "options": [offering.name], "default": 0}
    body.append({"type": "dropdown", "attributes": chosen, "validations": {"required": True}})
    body += [element(question) for question in asked]
    return f"# {MADE_BY} request-forms of {offering.path}; change that instead.\n".encode() + dump(
        {**form, "body": body}
    )


_TYPES: Final = {
    Widget.LINE: "input",
    Widget.LINES: "textarea",
    Widget.ONE_OF: "dropdown",
    Widget.SOME_OF: "dropdown",
    Widget.TICKS: "checkboxes",
}


def element(question: Question) -> dict[str, Any]:
    """A question in an issue form of GitHub."""
    attributes: dict[str, Any] = {"label": question.label, "description": question.hint}
    if question.widget is Widget.SOME_OF:
        attributes["multiple"] = True
    if question.widget in (Widget.ONE_OF, Widget.SOME_OF):
        attributes["options"] = list(question.options)
    elif question.widget is Widget.TICKS:
        attributes["options"] = [{"label": label} for label in question.options]
    element: dict[str, Any] = {"type": _TYPES[question.widget], "id": question.name, "attributes": attributes}
    if question.required and question.widget is not Widget.TICKS:  # there it would mean that each must be ticked
        element["validations"] = {"required": True}
    return element


def _facts(offering: Record) -> list[str]:
    """What a user should know before ordering."""
    spec = offering.spec
    said = [offering.data["metadata"].get("description", one_line(offering.title))]
    about = [f"Service: {spec['service']}"]
    if "audience" in spec:
        about.append(f"For: {', '.join(one_line(item) for item in spec['audience'])}")
    if "target" in spec:
        about.append(f"Target time: {spec['target']}")
    if "cost" in spec:
        about.append(f"Cost: {spec['cost']['amount']} {spec['cost']['currency']}")
    if spec.get("approvals"):
        about.append("Needs approval")
    return [*said, " · ".join(about)]


def _gitlab(offering: Record, asked: tuple[Question, ...]) -> bytes:
    top = [intro(f"request-forms of {offering.path}"), f"### {OFFERING_LABEL}", offering.name]
    parts = [*top, *gitlab_sections(asked)]
    return ("\n\n".join([*parts, QUICK_ACTION]) + "\n").encode()


def gitlab_sections(asked: Iterable[Question]) -> Iterator[str]:
    """The questions in a description template: a heading each, with the hint, and the options to tick."""
    for question in asked:
        yield f"### {question.label}"
        yield question.comment
        if question.options:
            yield "\n".join(f"- [ ] {label}" for label in question.options)


def intro(of: str) -> str:
    """How a description template begins: by which export, and of what."""
    return comment(f"{MADE_BY} {of}; change that instead. Answer below each heading, and leave the headings alone.")
