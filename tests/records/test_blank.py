"""What a new record asks for and takes, with a kind of one's own that has every shape of field."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from itsm_as_code.errors import UsageError
from itsm_as_code.records.blank import assign, place, questions, skeleton, slug
from itsm_as_code.records.kinds import KindRegistry

TOOL: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "x-kind": {"name": "Tool", "plural": "tools", "folder": "tools"},
    "x-lifecycle": {
        "field": "/spec/status",
        "initial": [{"state": "new", "why": "x"}, "old"],
        "states": ["new", "old"],
        "transitions": {"new": ["old"], "old": []},
        "required": {"new": ["/spec/since", {"field": "/spec/colour", "unless": {"/spec/free": True}}]},
    },
    "title": "Tool",
    "description": "A tool.",
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"$ref": "common.schema.json#/$defs/apiVersion"},
        "kind": {"const": "Tool"},
        "metadata": {"$ref": "common.schema.json#/$defs/metadata"},
        "spec": {
            "type": "object",
            "required": ["keeper", "marks", "anything", "parts", "form", "status", "maker"],
            "anyOf": [{"required": ["place"]}, {"required": ["box"]}],
            "if": {"properties": {"form": {"const": "sharp"}}, "required": ["form"]},
            "then": {"required": ["sheath"]},
            "else": {"required": ["colour"]},
            "properties": {
                "status": {"enum": ["new", "old"]},
                "keeper": {"$ref": "#/$defs/who", "title": "Keeper", "description": "Who keeps it."},
                "marks": {"type": "array", "title": "Marks", "examples": [["a", "b"]]},
                "anything": {"items": {"type": "string"}},
                "parts": {
                    "type": "array",
                    "minItems": 2,
                    "items": {"type": "object", "required": ["part"], "properties": {"part": {"type": "string"}}},
                },
                "form": {"enum": ["sharp", "blunt", 7]},
                "sheath": {"type": "string"},
                "colour": {"type": "string"},
                "free": {"type": "boolean"},
                "since": {"type": "string", "title": "Since"},
                "maker": {"type": "object", "required": ["town"], "properties": {"town": {"type": "string"}}},
                "place": {"type": "string", "examples": ["shelf"]},
                "box": {"type": "integer", "examples": [7]},
                "users": {"type": "array", "items": {"type": "string", "x-ref": ["Person", "Team"]}},
                "notes": {"type": "object"},
                "byDay": {"type": "object", "additionalProperties": {"type": "number"}},
                "loan": {"type": "object", "minProperties": 1, "properties": {"to": {"type": "string"}}},
            },
        },
    },
    "$defs": {"who": {"type": "string", "x-ref": "Team", "examples": ["team-tools"]}},
}
KIND = KindRegistry.load({"tool.schema.json": json.dumps(TOOL).encode()})["Tool"]


def asked(**spec: Any) -> list[str]:
    data = skeleton(KIND, "saw", "Saw")
    data["spec"] |= spec
    return [question.dotted for question in questions(KIND, data)]


def test_all_that_is_required_is_asked_for_and_nothing_else() -> None:
    assert asked() == [
        *("spec.keeper", "spec.marks", "spec.anything", "spec.parts.0.part", "spec.parts.1.part", "spec.form"),
        *("spec.colour", "spec.maker.town", "spec.place", "spec.since"),
    ]


def test_what_an_answer_makes_necessary_is_asked_for() -> None:
    held = {"keeper": "t", "marks": [], "anything": 1, "parts": [{"part": "a"}, {}], "maker": {"town": "x"}}
    assert asked(**held, form="sharp", since="x", box=1) == ["spec.parts.1.part", "spec.sheath", "spec.colour"]
    assert asked(**held, form="sharp", since="x", box=1, free=True) == ["spec.parts.1.part", "spec.sheath"]
    assert asked(**held, form="blunt", since="x", place="y", loan={}) == [
        "spec.parts.1.part",
        "spec.colour",
        "spec.loan.to",
    ]
    more = {**held, "parts": [{"part": "a"}, {"part": "b"}, {}]}
    assert asked(**more, form="sharp", sheath="x", since="x", box=1, free=True) == ["spec.parts.2.part"]
    assert asked(**{**more, "parts": []}, form="sharp", sheath="x", since="x", box=1, free=True) == [
        "spec.parts.0.part",
        "spec.parts.1.part",
    ]


def test_a_question_says_what_it_is_about() -> None:
    found = {question.dotted: question for question in questions(KIND, skeleton(KIND, "saw", "Saw"))}
    keeper, marks, form = found["spec.keeper"], found["spec.marks"], found["spec.form"]
    assert (keeper.title, keeper.description, keeper.references) == ("Keeper", "Who keeps it.", ("Team",))
    assert (keeper.example, keeper.is_list, keeper.choices) == ("team-tools", False, ())
    assert (marks.is_list, marks.example, marks.references) == (True, '["a", "b"]', ())
    assert (form.title, form.description, form.choices) == ("form", "", ("sharp", "blunt", "7"))
    assert found["spec.anything"].is_list is False
    assert [(choice.dotted, choice.example) for choice in found["spec.place"].alternatives] == [
        ("spec.place", "shelf"),
        ("spec.box", "7"),
    ]
    assert found["spec.place"].title == "spec"


def test_the_first_state_is_that_of_the_lifecycle() -> None:
    assert skeleton(KIND, "saw", "Saw")["spec"] == {"status": "new"}


@pytest.mark.parametrize(("name", "title"), [("a\u200bb", "Saw"), ("saw", "S\u202eaw")])
def test_what_does_not_show_is_refused(name: str, title: str) -> None:
    with pytest.raises(UsageError, match="which does not show"):
        skeleton(KIND, name, title)
    with pytest.raises(UsageError, match=r"the value of 'place' holds the character U\+200B"):
        assign(KIND, {}, "place", "a\u200b")


@pytest.mark.parametrize(
    ("given", "spec"),
    [
        ({"keeper": "0042"}, {"keeper": "0042"}),
        ({"spec.keeper": "true"}, {"keeper": "true"}),
        ({"form": "7"}, {"form": 7}),
        ({"form": "dull"}, {"form": "dull"}),
        ({"box": "7"}, {"box": 7}),
        ({"free": "true"}, {"free": True}),
        ({"marks": "a, b,,"}, {"marks": ["a", "b"]}),
        ({"marks": "[1, b]"}, {"marks": [1, "b"]}),
        ({"users": "ann"}, {"users": ["ann"]}),
        ({"byDay.mon": "1.5"}, {"byDay": {"mon": 1.5}}),
        ({"notes.any.thing": "1"}, {"notes": {"any": {"thing": 1}}}),
        ({"notes": "{a: 1}"}, {"notes": {"a": 1}}),
        ({"parts.0.part": "a", "parts.1.part": "b"}, {"parts": [{"part": "a"}, {"part": "b"}]}),
    ],
)
def test_values_are_read_as_the_schema_says(given: dict[str, str], spec: dict[str, Any]) -> None:
    data: dict[str, Any] = {}
    for path, text in given.items():
        assign(KIND, data, path, text)
    assert data == {"spec": spec}


def test_an_item_is_replaced_and_lists_have_no_holes() -> None:
    data: dict[str, Any] = {}
    for path, text in (("users.0", "a"), ("users.1", "b"), ("users.0", "c"), ("metadata.title", "T")):
        assign(KIND, data, path, text)
    assert data == {"spec": {"users": ["c", "b"]}, "metadata": {"title": "T"}}
    with pytest.raises(UsageError, match="lists are filled from index 0"):
        assign(KIND, data, "users.3", "d")


@pytest.mark.parametrize(
    ("path", "message", "remedy"),
    [
        ("keper", "Tool has no field 'spec.keper'", "did you mean 'keeper'?"),
        ("keeper.x", "Tool has no field 'spec.keeper.x'", "fields here: none"),
        ("zzz", "Tool has no field 'spec.zzz'", "fields here: status, keeper"),
        ("users.x", "Tool has no field 'spec.users.x'", "fields here: none"),
        ("spec", "'spec' is a mapping of fields", "give its fields: spec.FIELD=VALUE"),
    ],
)
def test_a_field_that_nobody_knows(path: str, message: str, remedy: str) -> None:
    with pytest.raises(UsageError) as caught:
        assign(KIND, {}, path, "x")
    assert caught.value.message == message
    assert caught.value.remedy.startswith(remedy)


def test_what_is_no_mapping_takes_no_field() -> None:
    data = {"spec": {"maker": "me"}}
    with pytest.raises(UsageError, match="what it is to be put into is no mapping"):
        assign(KIND, data, "maker.town", "x")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Payments  API!", "payments-api"),
        ("Größe, Łódź & Ærø", "grosse-lodz-aeroe"),
        ("--", ""),
        ("日本", ""),
        ("x" * 62 + " y", "x" * 62),
    ],
)
def test_names_of_titles(title: str, name: str) -> None:
    assert slug(title) == name


def test_changes_lie_in_the_folder_of_their_day() -> None:
    day = date(2026, 1, 2)
    assert place(KindRegistry.load()["Change"], "chg-1", day) == "changes/2026/01/02/chg-1.yaml"
    assert place(KIND, "saw", day) == "tools/saw.yaml"
