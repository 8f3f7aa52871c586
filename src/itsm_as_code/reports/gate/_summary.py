"""The first screen of the Markdown summary: what is decided, who is missing, and the change itself.

It is at most :data:`MOST_LINES` long, whatever a pull request brings: lists are cut as far as that needs, what is
missing last, and the folded parts below it have them whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from itsm_as_code.gate.decision import Decision, Reason
from itsm_as_code.gate.outline import Subject
from itsm_as_code.reports import escape
from itsm_as_code.reports.gate._words import (
    MEANING,
    SIGN,
    affected,
    at_forge,
    conflicts,
    controls,
    others,
    path_of,
    promises,
    risk_line,
    supposition,
    until,
)

MOST_LINES: Final = 45
_WIDTH: Final = 105
"""Letters in a line of text, where a page is 860 pixels wide."""
_MENTION: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?\Z")
"""A login that forges take for one within a text (https://docs.github.com/en/get-started/writing-on-github)."""


def first_screen(decision: Decision, data: Mapping[str, Any], room: int, *, mention: bool) -> list[str]:
    """Lines of at most ``room`` in all, by how they are shown."""
    besides, clashes = others(decision, data, 1), [*promises(data), *conflicts(data, decision.outline.zone)]
    for reasons, rest in product((6, 5, 4, 3, 2, 1), (6, 4, 3, 2, 1, 0)):
        lines = [
            *_verdict(decision, reasons, mention),
            *(line for part in _parts(decision, data, besides, clashes, rest) for line in part),
        ]
        if shown_lines(lines) <= room:
            break
    return lines


def unfolded(summary: str) -> int:
    """How many lines of a page a summary takes before anything of it is unfolded."""
    return shown_lines(_FOLDED.sub(r"\1", summary).strip().split("\n"))


_FOLDED: Final = re.compile(r"<details>\n(<summary>[^\n]*)\n.*?\n</details>", re.DOTALL)


def shown_lines(lines: Sequence[str]) -> int:
    """How many lines of a page these are; blank ones count, for they part what they stand between."""
    texts = [_UNSEEN.sub("", _ENTITY.sub(":", line)) for line in lines if not line.startswith("|---")]
    return sum(1 + max(0, len(text) - 1) // _WIDTH for text in texts)


_UNSEEN: Final = re.compile(r"\]\(<[^>]*>\)|\\")
_ENTITY: Final = re.compile("&#[0-9]+;")


def _parts(
    decision: Decision, data: Mapping[str, Any], besides: Sequence[str], clashes: Sequence[str], most: int
) -> Iterator[list[str]]:
    subjects = decision.outline.subjects[:1]
    yield from (_subject(subject, data, most) for subject in subjects)
    yield _list("And besides" if subjects else "Changed", besides, most)
    if data["affected"]["declared"]:
        yield [
            "",
            f"**Affected:** {escape.markdown(cut(affected(data, max(1, min(most, 4))), (1 + most) * _WIDTH - 20))}",
        ]
    yield _list("Controls, as far as records tell", controls(decision), most)
    yield _list("Promises and conflicts" if data.get("promises") else "Conflicts", clashes, most)
    yield from (_risk(subject, data, most) for subject in subjects)


def _verdict(decision: Decision, most: int, mention: bool) -> list[str]:
    """The verdict, what is to be mended, and who is missing."""
    lines = [f"# {SIGN[decision.verdict]} {decision.verdict.capitalize()}: {MEANING[decision.verdict]}", ""]
    supposed = supposition(decision.evidence)
    if supposed is not None:
        lines[:0] = [f"> **What if** {escape.markdown(supposed)}? Nobody decided this. It would be:", ""]
    for is_missing in (False, True):
        reasons = [item for item in decision.reasons if (item.code == "approval-missing") is is_missing]
        lines += [f"- {_reason(reason, decision.outline.logins, most, mention)}" for reason in reasons[:most]]
        lines += [f"- and {len(reasons) - most:,} more"] if len(reasons) > most else []
    instant = until(decision)
    return [*lines, f"- time alone may change this at {instant}"] if instant else lines


def _reason(reason: Reason, logins: Mapping[str, str], most: int, mention: bool) -> str:
    if mention:
        at = [f"@{login}" for name in reason.ask if _MENTION.match(login := logins.get(name, ""))]
    else:
        at = [escape.code(f"@{login}") for login in at_forge(reason, logins)]
    return escape.markdown(cut(reason.message, min(4, 1 + most) * _WIDTH - 10)) + (f" ({', '.join(at)})" if at else "")


def _subject(subject: Subject, data: Mapping[str, Any], most: int) -> list[str]:
    way = path_of(data, subject.id.kind, subject.id.name)
    said = f"{subject.action} {subject.id.kind}" + (f": {way}" if way else "")
    lines = ["", f"## {escape.markdown(cut(subject.title, 70))}", ""]
    lines += [escape.markdown(cut(subject.summary, min(3, 1 + most) * _WIDTH)), ""] if subject.summary and most else []
    lines += [f"| {escape.code(subject.id.name)} | {escape.markdown(said)} |", "|---|---|"]
    room = min(2, 1 + most) * _WIDTH - 30
    lines += [f"| {name} | {escape.markdown(cut(text, room))} |" for name, text in subject.about]
    path = escape.code(cut(subject.path, room))
    lines.append(f"| Record | {path if subject.url is None else f'[{path}](<{subject.url}>)'} |")
    return [*lines, "", *field_table(subject, most)] if subject.fields and most else lines


def field_table(subject: Subject, most: int) -> list[str]:
    """The first changed fields of a record, with what stood in them and what stands there now."""
    lines = ["| Field | Before | After |", "|---|---|---|"]
    lines += [
        f"| {escape.code(field.pointer)} | {_side(field.old, most)} | {_side(field.new, most)} |"
        for field in subject.fields[:most]
    ]
    more = subject.changed - min(most, len(subject.fields))
    return [*lines, f"| and {more:,} more | | |"] if more > 0 else lines


def _side(text: str | None, most: int) -> str:
    return "nothing" if text is None else escape.markdown(text if most > 8 else cut(text, 60))


def _risk(subject: Subject, data: Mapping[str, Any], most: int) -> list[str]:
    """The risk with the three factors that weigh most; how they were reckoned is told further below."""
    name = escape.terminal(subject.id.name)
    row = next((row for row in data["risk"] if row["record"]["name"] == name), None)
    if row is None or subject.id.kind != "Change":
        return []
    weighs = [f"- {escape.markdown(cut(text, min(2, 1 + most) * _WIDTH - 10))}" for text in subject.weighs[:3]]
    return ["", f"**Risk:** {risk_line(row)}", *weighs]


def _list(title: str, texts: Sequence[str], most: int) -> list[str]:
    """The first of some lines below a title; only how many there are, where there is room for none."""
    if not texts or not most:
        return ["", f"**{title}:** {len(texts):,}, further below"] if texts else []
    lines = ["", f"**{title}**", *(f"- {escape.markdown(cut(text, 2 * _WIDTH - 10))}" for text in texts[:most])]
    return [*lines, f"- and {len(texts) - most:,} more"] if len(texts) > most else lines


def cut(text: str, most: int) -> str:
    """The beginning of a text that is too long where it is to stand."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
