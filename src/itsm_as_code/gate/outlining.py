"""From a candidate to its outline: whatever a record says is taken as it is, for one that breaks its schema too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any, Final
from urllib.parse import quote

from itsm_as_code import clock
from itsm_as_code.findings import Pointer, format_pointer
from itsm_as_code.gate.approvals import Approvals
from itsm_as_code.gate.candidate import Candidate
from itsm_as_code.gate.controls import control_shifts
from itsm_as_code.gate.findings import Findings
from itsm_as_code.gate.outline import FieldChange, Outline, Subject
from itsm_as_code.measures.risk import Risk
from itsm_as_code.records.catalogue import Record, get
from itsm_as_code.records.diff import RecordDiff

MOST_SUBJECTS: Final = 40
MOST_FIELDS: Final = 60
MOST_LETTERS: Final = 160
_MOST_SUMMARY: Final = 400
_MOST_IN_A_CELL: Final = 60


def outline_of(candidate: Candidate, findings: Findings, approvals: Approvals) -> Outline:
    """What a reader is told of the changed records, and the logins of those who are to be asked."""
    asked = {name for item in approvals.required for need in item.required for name in need.suggested}
    logins = {name: login for name in sorted(asked) if (login := candidate.directory.login_of(name)) is not None}
    diffs = sorted(candidate.diffs, key=lambda diff: diff.id.kind != "Change")[:MOST_SUBJECTS]
    subjects = tuple(_subject(diff, candidate, findings.context.risks.get(diff.id)) for diff in diffs)
    shifts = control_shifts(candidate, findings.before, findings.validation)
    return Outline(subjects, logins, candidate.rule_set.configuration.timezone, shifts)


def _subject(diff: RecordDiff, candidate: Candidate, risk: Risk | None) -> Subject:
    record = diff.record
    spec = record.spec
    is_there_before = diff.old is not None and diff.new is not None
    return Subject(
        id=diff.id,
        action=diff.action.value,
        title=_text(record.title),
        summary=_text(spec.get("summary") or get(record.data, ("metadata", "description"), ""))[:_MOST_SUMMARY],
        path=record.path,
        url=_url(candidate, diff),
        about=tuple(_about_change(record, candidate)) if diff.id.kind == "Change" else (),
        weighs=tuple(_weighs(risk)) if risk else (),
        fields=tuple(_field(diff, field) for field in diff.fields[:MOST_FIELDS]) if is_there_before else (),
        changed=len(diff.fields),
    )


def _url(candidate: Candidate, diff: RecordDiff) -> str | None:
    """The address of the record in the commit that has it, at the forge that itsm.yaml of the base names."""
    forge = candidate.rule_set.configuration.forge_url
    if forge is None:
        return None
    commit = candidate.head if diff.new is not None else candidate.base
    path = quote(diff.record.path.encode("utf-8", "surrogateescape"), safe="/")
    return f"{quote(forge.rstrip('/'), safe=':/-._~%')}/blob/{commit}/{path}"


def _about_change(record: Record, candidate: Candidate) -> Iterator[tuple[str, str]]:
    spec = record.spec
    yield "Requester", _text(spec.get("requester")) or "nobody said"
    yield "Implementers", _listed(spec.get("implementers")) or "nobody said"
    zone = candidate.rule_set.configuration.timezone
    yield "Window", _span(spec.get("schedule"), zone) or "not planned yet"
    if "actual" in spec:
        result = f"; {_text(spec['result'])}" if "result" in spec else ""
        yield "Carried out", (_span(spec["actual"], zone) or _text(spec["actual"])) + result
    yield "Outage", _outage(spec) or "not said"
    model = f"as {_text(spec['model'])} has it" if "model" in spec else "none"
    yield "Back-out", _backout(get(spec, ("backout",))) or model


def _span(data: Any, zone: str) -> str:
    """An interval on the clock of the organisation; empty for what is none."""
    try:
        return clock.format_span(clock.parse_instant(data["start"]), clock.parse_instant(data["end"]), zone)
    except (KeyError, TypeError, ValueError):
        return ""


def _outage(spec: Any) -> str:
    expected, minutes = _text(get(spec, ("outage", "expected"))), get(spec, ("outage", "minutes"))
    return f"{expected}, {_text(minutes)} minutes" if expected and minutes else expected


def _backout(data: Any) -> str:
    if not isinstance(data, dict):
        return ""
    minutes = f"{_text(data['minutes'])} minutes" if "minutes" in data else "no time given"
    rehearsed = f"rehearsed on {_text(data['rehearsedOn'])}" if "rehearsedOn" in data else "never rehearsed"
    steps = data["steps"] if isinstance(data.get("steps"), list) else []
    first = f": {_short(_text(steps[0]))}" if steps else ""
    more = f" (and {len(steps) - 1} more)" if len(steps) > 1 else ""
    return f"{minutes}, {rehearsed}{first}{more}"


def _weighs(risk: Risk) -> Iterator[str]:
    """What counts for the risk, gravest first, in plain words: of a rate what was counted, not its distribution."""
    for factor in sorted(risk.factors, key=lambda factor: -factor.points):
        if factor.points > 0:
            yield f"{factor.name}: {factor.found}"


def _field(diff: RecordDiff, field: Pointer) -> FieldChange:
    old, new = (get(side.data if side else None, field, _ABSENT) for side in (diff.old, diff.new))
    if isinstance(old, list) and isinstance(new, list):
        sides = _unlike_items(old, new)
    else:
        sides = _unlike_letters(*("" if value is _ABSENT else _text(value) for value in (old, new)))
    shown = [None if value is _ABSENT else side for value, side in zip((old, new), sides, strict=True)]
    return FieldChange(format_pointer(field)[:MOST_LETTERS], *shown)


_ABSENT: Final = object()


def _unlike_items(old: list[Any], new: list[Any]) -> tuple[str, str]:
    """Two lists, without the items at their beginnings and ends that they have in common."""
    most = min(len(old), len(new))
    start = next((index for index in range(most) if old[index] != new[index]), most)
    rest = most - start
    end = next((index for index in range(rest) if old[-1 - index] != new[-1 - index]), rest)

    def shown(items: list[Any]) -> str:
        own = [_text(item) for item in items[start : len(items) - end]]
        return _short(", ".join([*(["…"] if start else []), *own, *(["…"] if end else [])]) or "nothing")

    return shown(old), shown(new)


def _unlike_letters(old: str, new: str) -> tuple[str, str]:
    """Two texts, cut to the length that is shown: of longer ones that begin alike, from shortly before they differ."""
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))) - 30
    if max(len(old), len(new)) <= _MOST_IN_A_CELL or start <= 0:
        return _short(old), _short(new)
    return _short(f"…{old[start:]}"), _short(f"…{new[start:]}")


def _short(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"


def _listed(value: Any) -> str:
    return ", ".join(map(_text, value)) if isinstance(value, Sequence) and not isinstance(value, str) else _text(value)


def _text(value: Any) -> str:
    """A value on one line: text as it is, other things as JSON."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split())
