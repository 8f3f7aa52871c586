"""The form of a request offering as a forge shows it: one place for those who write it and those who read it back.

GitHub renders a submitted issue form as ``### label``, a blank line, the answer, for every field of the form
(https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema).
The description template for GitLab has the same headings, with lists to tick.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

Field = Mapping[str, Any]

OFFERING_LABEL: Final = "Request offering"
"""The heading under which a submitted form names its offering; no field may have it."""
REQUEST_LABEL: Final = "service-request"
"""The label that submitted forms get, where the forge has it."""
MADE_BY: Final = "Made by itsm export"
"""How every form begins that an export may overwrite."""
QUICK_ACTION: Final = f"/label ~{REQUEST_LABEL}"
"""Stands last in a template of GitLab, which carries it out and takes it away when the issue is made."""
ISSUE_LABEL: Final = "itsm"
"""The label of submitted forms of other kinds."""
ISSUE_ACTION: Final = f"/label ~{ISSUE_LABEL}"
NO_ANSWER: Final = "_No response_"
YES, NO = "Yes", "No"


class Forge(StrEnum):
    """Where a form is shown."""

    GITHUB = "github"
    GITEA = "gitea"
    """Shows the forms of GitHub and renders what was submitted as it does
    (https://docs.gitea.com/usage/issues-prs/issue-pull-request-templates)."""
    GITLAB = "gitlab"


class Widget(StrEnum):
    """How a question is answered."""

    LINE = "line"
    LINES = "lines"
    ONE_OF = "one of a list"
    SOME_OF = "some of a list, rendered as 'a, b'"
    TICKS = "a list to tick"


@dataclass(frozen=True, slots=True)
class Question:
    """A field of a form: its heading, how it is answered, and the values that its options stand for."""

    name: str
    label: str
    type: str
    required: bool
    widget: Widget
    options: Mapping[str, Any]
    hint: str
    comment: str
    """The hint as it stands below the heading in a template; empty where the forge shows it beside the field."""

    @property
    def is_single(self) -> bool:
        """Whether at most one option may be ticked."""
        return self.type != "multi-choice"


def one_line(text: str) -> str:
    """Text with all white space as single blanks, as headings and options show it."""
    return " ".join(text.split())


def questions(fields: Iterable[Field], forge: Forge) -> tuple[Question, ...]:
    """What a form asks, in order, with headings that differ from each other."""
    fields = list(fields)
    titles = [one_line(field["title"]) for field in fields]
    taken = [OFFERING_LABEL.casefold(), *(title.casefold() for title in titles)]
    found = []
    for field, title in zip(fields, titles, strict=True):
        label = title if taken.count(title.casefold()) == 1 else f"{title} ({field['name']})"
        options = _options(field)
        widget = _widget(field["type"], options, forge)
        hint = _hint(field, widget)
        below = comment(hint) if forge is Forge.GITLAB else ""
        required = field.get("required") is True
        found.append(Question(field["name"], label, field["type"], required, widget, options, hint, below))
    return tuple(found)


def _options(field: Field) -> dict[str, Any]:
    if field["type"] == "boolean":
        return {YES: True, NO: False}
    return {one_line(choice): choice for choice in field.get("choices", ())}


def _widget(kind: str, options: Mapping[str, Any], forge: Forge) -> Widget:
    if kind not in ("choice", "multi-choice", "boolean"):
        return Widget.LINES if kind == "longtext" else Widget.LINE
    if forge is Forge.GITLAB:
        return Widget.TICKS
    # GitHub keeps the word for what nobody chose, and joins what is chosen with commas.
    is_reserved = any(label.casefold() == "none" for label in options)
    if kind == "multi-choice":
        return Widget.TICKS if is_reserved or any("," in label for label in options) else Widget.SOME_OF
    return Widget.LINE if is_reserved else Widget.ONE_OF


_FORMS: Final = {
    "number": "a number",
    "date": "a date such as 2026-11-22",
    "person": "the name of a person's record, or @login",
    "service": "the name of a service's record",
}


def _hint(field: Field, widget: Widget) -> str:
    """What the user should know to answer, in one line."""
    parts = ["required" if field.get("required") is True else "optional"]
    if field["type"] in _FORMS:
        parts.append(_FORMS[field["type"]])
    if widget is Widget.TICKS:
        parts.append("tick what applies" if field["type"] == "multi-choice" else "tick one")
    if widget is Widget.LINE and field["type"] == "choice":
        parts.append(f"one of: {', '.join(_options(field))}")
    least, most = field.get("minimum"), field.get("maximum")
    if least is not None or most is not None:
        limits = [f"at least {least}"] * (least is not None) + [f"at most {most}"] * (most is not None)
        parts.append(", ".join(limits))
    if "maxLength" in field:
        parts.append(f"at most {field['maxLength']:,} characters")
    said = "; ".join(parts)
    help_text = one_line(field.get("help", ""))
    return f"{said[0].upper()}{said[1:]}." + (f" {help_text}" if help_text else "")


def comment(text: str) -> str:
    """A Markdown comment of one line that its text cannot end."""
    return f"<!-- {re.sub('-(?=-)', '- ', one_line(text))} -->"
