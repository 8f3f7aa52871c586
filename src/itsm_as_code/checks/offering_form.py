"""The form of an offering asks each thing once, and leaves an answer possible.

Names of fields are unique; a minimum is not above its maximum, and both belong to numbers; a greatest length belongs to
text, choices to a choice. Otherwise the form that users see and what is checked of their answers differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "The form of an offering can be filled in"
SEVERITY = "error"
WAIVABLE = False
READS = ("RequestOffering",)
OWN = True
_BELONGS = {
    "choices": ("choice", "multi-choice"),
    "minimum": ("number",),
    "maximum": ("number",),
    "maxLength": ("text", "longtext"),
}


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for offering in facts.records("RequestOffering"):
        subject = ("RequestOffering", offering["metadata"]["name"])
        names: set[str] = set()
        for index, field in enumerate(offering["spec"].get("form", {}).get("fields", ())):
            at = ("spec", "form", "fields", index)
            if field["name"] in names:
                message = f"the form has a field '{field['name']}' already"
                yield subject, Problem(message, (*at, "name"), "give it a name of its own")
            names.add(field["name"])
            for key, message, remedy in _problems(field):
                yield subject, Problem(message, (*at, key), remedy)


def _problems(field: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key, types in _BELONGS.items():
        if key in field and field["type"] not in types:
            yield key, f"{key} means nothing for a field of type {field['type']}", f"remove it, or use {types[0]}"
    if "minimum" in field and "maximum" in field and field["minimum"] > field["maximum"]:
        yield "minimum", f"no number is from {field['minimum']} to {field['maximum']}", "swap or correct them"
