"""A request answers what its offering asks: everything required, nothing else, each answer of the right kind.

Whoever fulfils a request reads the answers as what the form promised, and so does a machine. Requests that are closed
or declined are left as they are when the form changes. Source: ITIL 4, service request management practice;
ISO/IEC 20000-1:2018 clause 8.6.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from itsm_as_code import clock
from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Pointer, Problem, did_you_mean
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.writer import in_line

TITLE = "The answers of a request fit the form of its offering"
SEVERITY = "error"
WAIVABLE = False
READS = ("Person", "RequestOffering", "Service", "ServiceRequest")
_OVER = ("declined", "closed")
Field = Mapping[str, Any]


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for request in facts.records("ServiceRequest"):
        spec = request["spec"]
        offering = facts.record("RequestOffering", spec["offering"])
        if offering is None or spec["status"] in _OVER:
            continue
        subject = ("ServiceRequest", request["metadata"]["name"])
        if spec["status"] == "submitted" and offering["spec"]["active"] is not True:
            message = f"'{spec['offering']}' is not offered at present"
            yield subject, Problem(message, ("spec", "offering"), "order something that is offered")
        fields = offering["spec"].get("form", {}).get("fields", ())
        for problem in value_problems(fields, spec.get("values", {}), facts):
            yield subject, problem


def value_problems(
    fields: tuple[Field, ...] | list[Field], values: Mapping[str, Any], facts: Facts
) -> Iterator[Problem]:
    """What is wrong with the answers to a form's fields; pointers are those of a ServiceRequest."""
    by_name = {field["name"]: field for field in fields}
    for name, field in by_name.items():
        if field.get("required") and values.get(name) in (None, "", []):
            at: Pointer = ("spec", "values", name) if name in values else ("spec", "values") if values else ("spec",)
            yield Problem(f"'{name}' must be answered", at, f"answer: {field['title']}")
    for name, value in values.items():
        if name not in by_name:
            remedy = did_you_mean(name, by_name) or "remove it"
            yield Problem(f"the form does not ask for '{name}'", ("spec", "values", name), remedy)
        elif value not in ("", []):
            wrong = _CHECKS[by_name[name]["type"]](value, by_name[name], facts)
            if wrong:
                message, remedy = wrong
                yield Problem(f"'{name}' {message}", ("spec", "values", name), remedy)


Answer = tuple[str, str] | None
_NOT_TEXT = ("is not text", "put it in quotes")  # as it is written: 1.10 is the number 1.1 here already


def _text(value: Any, field: Field, facts: Facts) -> Answer:
    if not isinstance(value, str):
        return _NOT_TEXT
    if field["type"] == "text" and len(value.splitlines()) > 1:
        return "has more than one line", "write one line"
    most = field.get("maxLength")
    if most is not None and len(value) > most:
        return f"has {len(value):,} characters, at most {most:,} are allowed", "shorten it"
    return None


def _choice(value: Any, field: Field, facts: Facts) -> Answer:
    choices = field.get("choices", ())
    if not isinstance(value, str):
        return _NOT_TEXT
    if value in choices:
        return None
    shown = ", ".join(map(in_line, choices[:20]))
    return "is none of its choices", did_you_mean(value[:100], choices) or f"choose one of: {shown}"


def _choices(value: Any, field: Field, facts: Facts) -> Answer:
    if not isinstance(value, list):
        return "is not a list of choices", "write a list"
    if len(set(map(str, value))) != len(value):
        return "names a choice twice", "name each once"
    return next((wrong for item in value if (wrong := _choice(item, field, facts))), None)


def _number(value: Any, field: Field, facts: Facts) -> Answer:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "is not a number", "write a number, without quotes"
    if "minimum" in field and value < field["minimum"]:
        return f"is below {field['minimum']}", f"write {field['minimum']} or more"
    if "maximum" in field and value > field["maximum"]:
        return f"is above {field['maximum']}", f"write {field['maximum']} or less"
    return None


def _date(value: Any, field: Field, facts: Facts) -> Answer:
    try:
        clock.parse_date(value if isinstance(value, str) else "")
    except ValueError:
        return "is not a date", "write it as 2026-11-22"
    return None


def _boolean(value: Any, field: Field, facts: Facts) -> Answer:
    return None if isinstance(value, bool) else ("is neither true nor false", "write true or false")


def _record(kind: str) -> Callable[[Any, Field, Facts], Answer]:
    def check_record(value: Any, field: Field, facts: Facts) -> Answer:
        if not isinstance(value, str):
            return _NOT_TEXT
        if facts.record(kind, value) is not None:
            return None
        names = [data["metadata"]["name"] for data in facts.records(kind)]
        return f"is not the name of a {kind}", did_you_mean(value[:100], names) or f"name a {kind}"

    return check_record


_CHECKS: dict[str, Callable[[Any, Field, Facts], Answer]] = {
    "text": _text,
    "longtext": _text,
    "choice": _choice,
    "multi-choice": _choices,
    "number": _number,
    "date": _date,
    "boolean": _boolean,
    "person": _record("Person"),
    "service": _record("Service"),
}
