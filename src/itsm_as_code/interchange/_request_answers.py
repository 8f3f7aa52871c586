"""The answers in the body of a submitted form.

A forge does not escape what people type: an answer may hold a line that looks like the next heading. So every heading
of the form must stand exactly once and in order, and no other line may look like one. Then there is one way to read
the body; otherwise it is refused, never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from itsm_as_code.findings import Problem
from itsm_as_code.interchange._request_form import (
    ISSUE_ACTION,
    MADE_BY,
    NO_ANSWER,
    OFFERING_LABEL,
    QUICK_ACTION,
    Forge,
    Question,
    Widget,
)

_HEADING: Final = re.compile(r" {0,3}###(?:[ \t]|$)")
_INTRO: Final = re.compile(rf"\s*<!-- {re.escape(MADE_BY)} [^\n]*-->\s*?(?:\n|\Z)")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,10})?\Z")
_TICK: Final = re.compile(r"- \[([ xX])\] (.*)\Z")
_MOST_TROUBLES: Final = 10
_MOST_DIGITS: Final = 15
"""More than a double holds exactly."""


@dataclass(frozen=True, slots=True)
class Section:
    """What stands below a heading; ``line`` counts from 1 in the body."""

    label: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a body, and in which line of it."""

    line: int
    problem: Problem


def bare_body(body: str, forge: Forge | None) -> tuple[str, Forge]:
    """The body without the beginning and end of a template of GitLab, and whose form it is.

    A body alone is GitLab's when it begins as its templates do.
    """
    intro = _INTRO.match(body)
    if forge in (Forge.GITHUB, Forge.GITEA) or (forge is None and intro is None):
        return body, forge or Forge.GITHUB
    lines = body.rstrip().split("\n")
    if lines[-1].strip() in (QUICK_ACTION, ISSUE_ACTION):
        lines.pop()
    if intro:
        lines[: intro[0].count("\n")] = [""] * intro[0].count("\n")  # the numbers of lines stay
    return "\n".join(lines), Forge.GITLAB


def named_by(body: str, label: str = OFFERING_LABEL) -> str | None:
    """What a form names in its first section, such as its offering; None when that has another heading."""
    sections = _sections(body)[1]
    if not sections or sections[0].label != label:
        return None
    return sections[0].text


def read_sections(
    body: str, asked: Sequence[Question], first: str = OFFERING_LABEL
) -> tuple[dict[str, Section], list[Trouble]]:
    """The section of each question by its label, or why the body is not that of this form.

    ``first`` is the heading under which a form says which one it is.
    """
    before, sections = _sections(body)
    says_which = bool(sections) and sections[0].label == first
    wanted = [first] * says_which + [question.label for question in asked]
    troubles = []
    if before:
        remedy = "answer below the headings of the form"
        troubles.append(Trouble(1, Problem("there is text before the first field", (), remedy)))
    for label in dict.fromkeys(wanted):
        found = [section for section in sections if section.label == label]
        if not found:
            message = f"the field '{label}' is missing"
            troubles.append(Trouble(1, Problem(message, (), "submit the form as it is offered now")))
        elif len(found) > 1:
            message = f"'### {label}' stands {len(found)} times, so an answer cannot be told from a field"
            troubles.append(Trouble(found[1].line, Problem(message, (), "write such a line in another way")))
    for section in [section for section in sections if section.label not in wanted][:_MOST_TROUBLES]:
        message = f"the form has no field '{section.label[:80]}'"
        remedy = "remove it; a heading within an answer is written with ####"
        troubles.append(Trouble(section.line, Problem(message, (), remedy)))
    if not troubles and [section.label for section in sections] != wanted:
        troubles.append(Trouble(1, Problem("the fields do not stand in the order of the form", (), "submit it again")))
    return {section.label: section for section in sections}, troubles


def _sections(body: str) -> tuple[str, list[Section]]:
    """The text before the first heading, and what stands below each line that a reader takes for a heading."""
    lines = body.split("\n")
    starts = [number for number, line in enumerate(lines) if _HEADING.match(line)]
    before = "\n".join(lines[: starts[0]] if starts else lines).strip()
    sections = []
    for start, end in pairwise([*starts, len(lines)]):
        is_exact = lines[start].startswith("### ")
        label = lines[start][4:].rstrip() if is_exact else lines[start].rstrip()
        sections.append(Section(label, start + 1, "\n".join(lines[start + 1 : end]).strip("\n").rstrip()))
    return before, sections


def answer(question: Question, text: str) -> tuple[Any, str]:
    """The value of an answer (None: there is none), and what is wrong with how it is written."""
    lines = text.split("\n")
    if question.comment and question.comment in lines:  # people write above the hint as well as below
        lines.remove(question.comment)
    text = "\n".join(lines).strip("\n")
    if question.comment and text.lstrip().startswith("<!--"):
        return None, "begins with a comment that is not the hint of the form"
    if question.widget is not Widget.LINES:
        text = text.strip()
    if text.strip() in ("", NO_ANSWER):
        return None, ""
    if question.widget is Widget.TICKS:
        return _ticked(question, text)
    if question.widget is Widget.SOME_OF:
        chosen = [part.strip() for part in text.split(",")]
        return (None if chosen == ["None"] else [question.options.get(label, label) for label in chosen]), ""
    if question.options:
        is_none = text == "None" and question.widget is Widget.ONE_OF
        return (None if is_none else question.options.get(text, text)), ""
    if question.type == "number":
        return _number(text)
    return text, ""


def _number(text: str) -> tuple[Any, str]:
    if not _NUMBER.match(text) or sum(character.isdigit() for character in text) > _MOST_DIGITS:
        return None, "is not a number such as 30 or 2.5"
    return (float(text) if "." in text else int(text)), ""


def _ticked(question: Question, text: str) -> tuple[Any, str]:
    ticks = [_TICK.match(line.rstrip()) for line in text.split("\n") if line.strip()]
    labels = [tick[2] for tick in ticks if tick]
    if labels != list(question.options) or None in ticks:
        return None, "is not the list of the form, with choices ticked"
    chosen = [question.options[tick[2]] for tick in ticks if tick and tick[1] != " "]
    if not question.is_single:
        return chosen or None, ""
    if len(chosen) > 1:
        return None, "has more than one choice ticked"
    return (chosen[0] if chosen else None), ""


def all_answers(
    asked: Sequence[Question], sections: dict[str, Section]
) -> Iterator[tuple[Question, Section, Any, str]]:
    """Each question with its section, value and what is wrong with how it is written."""
    for question in asked:
        section = sections[question.label]
        yield (question, section, *answer(question, section.text))
