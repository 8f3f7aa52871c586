"""The schemas themselves, and the two engines: one decides, the other explains, and they never disagree."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.errors import ConfigurationError
from itsm_as_code.findings import format_pointer
from itsm_as_code.records.bundles import bundle, parse_schema
from itsm_as_code.records.formats import FORMATS
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from tests.conftest import ROOT, examples
from tests.limits import within

REGISTRY = KindRegistry.load()
FILES = sorted(REGISTRY.files)
WHOLE = [path for path in FILES if path != "common.schema.json"]
VALIDATORS = {path: Validator(path, REGISTRY.bundled(path)) for path in WHOLE}
WITH_EXAMPLES = [path for path in WHOLE if REGISTRY.files[path].get("examples")]


def validator(schema: dict[str, Any], **others: Any) -> Validator:
    """A validator of a schema that a repository could bring, beside other files of its folder."""
    files = {
        "own.schema.json": schema,
        **{name.replace("__", "/") + ".schema.json": data for name, data in others.items()},
    }
    return Validator("schemas/own.schema.json", bundle(files, "own.schema.json"))


def explains(checked: Validator, data: Any) -> bool:
    """True when the explaining engine finds an error, whatever the deciding one says."""
    return next(checked._explaining.iter_errors(data), None) is not None


# The schemas.


def nodes(schema: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every subschema, with where it stands."""
    if isinstance(schema, dict):
        yield at, schema
        for keyword in ("properties", "$defs", "patternProperties"):
            for key, below in schema.get(keyword, {}).items():
                yield from nodes(below, (*at, keyword, key))
        for keyword in ("items", "additionalProperties", "propertyNames", "if", "then", "else", "not", "contains"):
            yield from nodes(schema.get(keyword), (*at, keyword))
        for keyword in ("allOf", "anyOf", "oneOf", "prefixItems"):
            for index, below in enumerate(schema.get(keyword, ())):
                yield from nodes(below, (*at, keyword, str(index)))


def target(bundled: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node with what it refers to beneath it."""
    while "$ref" in node:
        found: Any = bundled
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


@pytest.mark.parametrize("path", WHOLE)
def test_every_property_is_documented(path: str) -> None:
    bundled = REGISTRY.bundled(path)
    missing = []
    for at, node in nodes(REGISTRY.bundled(path)):
        if len(at) < 2 or at[-2] != "properties" or {"if", "then", "else"} & set(at):
            continue
        node = target(bundled, node)
        wanted = {"title", "description"} if path.startswith("reports/") else {"title", "description", "examples"}
        if "const" in node or "enum" in node or at == ("properties", "spec") or at == ("properties", "metadata"):
            wanted -= {"examples"}
        missing += [f"{'/'.join(at)}: {key}" for key in sorted(wanted - node.keys())]
    assert missing == []


@pytest.mark.parametrize("path", WHOLE)
def test_objects_are_closed(path: str) -> None:
    """A field that nobody knows is a typing error, never silently ignored."""
    open_objects = []
    for at, node in nodes(REGISTRY.files[path]):
        is_condition = any(part in ("if", "then", "else", "not") for part in at)
        if node.get("type") == "object" and not is_condition and "additionalProperties" not in node:
            open_objects.append("/".join(at) or "/")
    assert open_objects == []


@pytest.mark.parametrize("path", WHOLE)
def test_examples_are_valid(path: str) -> None:
    bundled = REGISTRY.bundled(path)
    wrong = []
    for at, node in nodes(bundled):
        if "examples" in node:
            alone = {"$defs": bundled.get("$defs", {}), **{key: node[key] for key in node if key != "$defs"}}
            checked = Validator(path, alone)
            for example in node["examples"]:
                wrong += [f"{'/'.join(at)}: {problem.message}" for problem in checked.problems(example)]
                assert explains(checked, example) is False, at
    assert wrong == []


@pytest.mark.parametrize("path", WHOLE)
def test_formats_are_those_that_are_checked(path: str) -> None:
    assert {node["format"] for _, node in nodes(REGISTRY.files[path]) if "format" in node} <= FORMATS.keys()


def test_every_kind_has_an_example_that_fits_its_folder() -> None:
    for kind in REGISTRY:
        for example in kind.schema["examples"]:
            assert example["kind"] == kind.name
            assert list(kind.references(example)) is not None


@pytest.mark.parametrize("path", WHOLE)
def test_references_of_a_schema_name_kinds(path: str) -> None:
    for at, node in nodes(REGISTRY.files[path]):
        if "x-ref" in node:
            kinds = [node["x-ref"]] if isinstance(node["x-ref"], str) else node["x-ref"]
            assert set(kinds) <= REGISTRY.kinds.keys(), at


# The engines.

STRANGE: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2**53,
    1.0,
    1.5,
    "",
    "x",
    "x\n",
    "2026-11-22\n",
    "P1D",
    [],
    [None],
    {},
]
STRANGE += [
    "é" * 600,
    "2026-02-30",
    "2026-11-22T24:00:00Z",
    "http://a b",
    {"": 0},
    [1, True],
    [{}, {}],
    "a" * 64,
    "99.950",
]


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield at
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(below, (*at, key))


def mutate(draw: st.DrawFn, data: Any) -> Any:
    """The data with a value replaced, removed, doubled, or a key added."""
    data = copy.deepcopy(data)
    at = draw(st.sampled_from(list(places(data))))
    if not at:
        return draw(st.sampled_from(STRANGE))
    parent = data
    for part in at[:-1]:
        parent = parent[part]
    what = draw(st.sampled_from(["replace", "remove", "double", "add"]))
    if what == "remove":
        del parent[at[-1]]
    elif what == "double" and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[at[-1]]))
    elif what == "add" and isinstance(parent, dict):
        parent[draw(st.sampled_from(["x", "", "Name", "spec", "title", "a b", "a\n"]))] = draw(st.sampled_from(STRANGE))
    else:
        parent[at[-1]] = draw(st.sampled_from(STRANGE))
    return data


@settings(max_examples=examples(120))
@given(st.data())
def test_the_engines_agree(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(WITH_EXAMPLES))
    example = data.draw(st.sampled_from(REGISTRY.files[path]["examples"]))
    for _ in range(data.draw(st.integers(0, 2))):
        if isinstance(example, (dict, list)):
            example = mutate(data.draw, example)
    checked = VALIDATORS[path]
    assert checked.is_valid(example) is not explains(checked, example)
    problems = checked.problems(example)
    assert bool(problems) is not checked.is_valid(example)
    for problem in problems:
        assert problem.message
        assert len(problem.message) < 500, problem.message
        assert format_pointer(problem.pointer) == "" or format_pointer(problem.pointer)[0] == "/"


# What a repository's own schemas could set against us.

BOMB = "a" * 40 + "b"


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ({"pattern": "^(a+)+$"}, BOMB),
        ({"patternProperties": {"^(a+)+$": True}, "additionalProperties": False}, {BOMB: 1}),
        ({"patternProperties": {"^(a+)+$": {"type": "string"}}, "required": ["x"]}, {BOMB: 1}),
        ({"patternProperties": {"^(a+)+$": True}, "additionalProperties": {"type": "string"}}, {BOMB: 1}),
        ({"patternProperties": {"^(a+)+$": True}, "unevaluatedProperties": False}, {BOMB: 1}),
        ({"propertyNames": {"pattern": "^(a+)+$"}}, {BOMB: 1}),
        ({"items": {"pattern": "^(a|a)*$"}}, [BOMB, BOMB]),
        ({"pattern": "^(.*.*.*.*)*,$"}, BOMB * 20),
    ],
)
def test_a_catastrophic_pattern_is_decided_and_explained_at_once(schema: dict[str, Any], data: Any) -> None:
    checked = validator(schema)
    checked.problems(None)  # loads what explains
    with within(1):
        assert not checked.is_valid(data)
        assert checked.problems(data)


def test_what_stands_under_a_name_of_a_pattern_is_explained() -> None:
    checked = validator({"patternProperties": {"^a": {"type": "string"}}})
    assert [(problem.pointer, problem.message) for problem in checked.problems({"ab": 1, "b": 1})] == [
        (("ab",), "ab must be text, not the number 1")
    ]
    assert not explains(checked, "a"), "a pattern of names says nothing of a text"


@pytest.mark.parametrize("regex", ["^(?=a)", "(a)\\1", "^(a{1,1000}){1,1000}$", "("])
def test_a_pattern_without_a_linear_engine_is_refused(regex: str) -> None:
    with pytest.raises(ConfigurationError, match="not a usable schema"):
        validator({"pattern": regex}).check()


def test_the_end_of_a_pattern_is_the_end_of_the_text() -> None:
    """Python's ``$`` also stands before a last newline."""
    checked = validator({"type": "object", "properties": {"a": {"pattern": "^[a-z]+$"}}})
    assert checked.is_valid({"a": "x"})
    assert not checked.is_valid({"a": "x\n"})
    assert [problem.message for problem in checked.problems({"a": "x\n"})] == [
        "a is 'x\n', which does not have the form ^[a-z]+$"
    ]


@pytest.mark.parametrize(
    "reference",
    [
        "https://example.org/x.json",
        "http://127.0.0.1:1/x",
        "file:///etc/passwd",
        "../pyproject.toml",
        "/etc/passwd",
        "missing.schema.json",
        "//example.org/x",
        "urn:x:y",
        "https://json-schema.org/draft/2020-12/schema",
    ],
)
@pytest.mark.parametrize("place", ["top", "items", "examples"])
def test_a_reference_never_leaves_the_folder(reference: str, place: str) -> None:
    schema = {"$ref": reference} if place == "top" else {"items": [{"$ref": reference}]}
    with pytest.raises(ConfigurationError, match="leaves the schemas folder"):
        validator(schema)


@pytest.mark.parametrize("keyword", ["$id", "$dynamicRef", "$recursiveRef"])
def test_what_changes_the_meaning_of_references_is_refused(keyword: str) -> None:
    with pytest.raises(ConfigurationError, match="is not supported"):
        validator({"$defs": {"x": {keyword: "https://example.org/"}}})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "text"},
        {"properties": []},
        {"$ref": "#/$defs/nothing"},
        {"$ref": "other.schema.json#/$defs/nothing"},
        {"required": "name"},
        {"format": "itsm-instnat"},
        {"minimum": "1"},
    ],
)
def test_a_schema_that_makes_no_sense_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        validator(schema, other={"type": "string"}).check()


@pytest.mark.parametrize("source", [b"", b"[]", b"{", b"\xff", b"null", b"[" * 100_000, b'{"a": 1,}'])
def test_a_schema_file_that_is_no_schema_is_refused(source: bytes) -> None:
    with pytest.raises(ConfigurationError):
        parse_schema("schemas/x.schema.json", source)


def test_a_definition_never_takes_the_place_of_a_file() -> None:
    """Both would stand under ``$defs`` of the bundle; one of them would silently check nothing."""
    schema = {
        "properties": {"a": {"$ref": "#/$defs/other"}, "b": {"$ref": "other.schema.json"}},
        "$defs": {"other": {"type": "integer"}},
    }
    with pytest.raises(ConfigurationError, match="has the name of the file"):
        validator(schema, other={"type": "string"})


def test_files_with_similar_names_are_kept_apart() -> None:
    schema = {"properties": {"a": {"$ref": "x/y.schema.json"}, "b": {"$ref": "x-y.schema.json"}}}
    checked = validator(schema, **{"x__y": {"type": "integer"}, "x-y": {"type": "string"}})
    assert checked.is_valid({"a": 1, "b": "1"})
    assert not checked.is_valid({"a": "1", "b": "1"})
    assert not checked.is_valid({"a": 1, "b": 1})


def test_files_refer_to_one_another() -> None:
    schema = {"properties": {"a": {"$ref": "sub/one.schema.json#/$defs/x"}}, "type": "object"}
    one = {"$defs": {"x": {"items": {"$ref": "../own.schema.json"}}}}
    checked = validator(schema, sub__one=one)
    assert checked.is_valid({"a": [{"a": []}]})
    assert [format_pointer(problem.pointer) for problem in checked.problems({"a": [{}, 1]})] == ["/a/1"]


def test_a_reference_to_itself_ends() -> None:
    checked = validator({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}})
    assert checked.is_valid(1) in (True, False)


# What people read.

SERVICE: dict[str, Any] = {
    "apiVersion": "itsm/v1",
    "kind": "Service",
    "metadata": {"name": "orders", "title": "Orders"},
    "spec": {"owner": "team-shop", "stage": "catalogue", "lifecycle": "live", "tier": 2, "type": "application"},
}
SERVICE["spec"] |= {"support": {"channel": "chat", "email": "help@shop.example"}}

MISTAKES: dict[str, tuple[str, Any, list[str]]] = {
    "unknown field": (
        "/spec/ownr",
        "team-shop",
        ["/spec/ownr: unknown field 'ownr' in spec = did you mean 'owner'?"],
    ),
    "unknown value": (
        "/spec/lifecycle",
        "lives",
        [
            (
                "/spec/lifecycle: spec.lifecycle is 'lives', not one of: design, transition, live, deprecated, retired"
                " = did you mean 'live'?"
            )
        ],
    ),
    "a value that is like none": (
        "/spec/lifecycle",
        "zzzz",
        [
            (
                "/spec/lifecycle: spec.lifecycle is 'zzzz', not one of: design, transition, live, deprecated, retired"
                " = choose one of them"
            )
        ],
    ),
    "a number for text": (
        "/spec/owner",
        12,
        ['/spec/owner: spec.owner must be text, not the number 12 = put it in quotes: "12"'],
    ),
    "a boolean for text": (
        "/metadata/title",
        True,
        ['/metadata/title: metadata.title must be text, not the boolean true = put it in quotes: "true"'],
    ),
    "text for a number": (
        "/spec/tier",
        "2",
        ["/spec/tier: spec.tier must be a whole number, not the text '2' = write a whole number"],
    ),
    "too large": ("/spec/tier", 9, ["/spec/tier: spec.tier is greater than 4 = for example: 1"]),
    "nothing": (
        "/spec/owner",
        None,
        ["/spec/owner: spec.owner must be text, not empty = write a value, or remove the key"],
    ),
    "text for a list": (
        "/spec/dependsOn",
        "database",
        [
            (
                "/spec/dependsOn: spec.dependsOn must be a list, not the text 'database'"
                " = write a list: [a, b], or one '- item' a line"
            )
        ],
    ),
    "a missing field": (
        "/metadata",
        {"name": "orders"},
        ["/metadata: metadata lacks 'title' = add title (for example: 'Payments API')"],
    ),
    "a bad name": (
        "/metadata/name",
        "Orders_1",
        [
            (
                "/metadata/name: metadata.name is 'Orders_1', which does not have the form"
                " ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$ = for example: 'payments-api'"
            )
        ],
    ),
    "a bad key": (
        "/metadata/labels",
        {"a b": "c"},
        [
            (
                "/metadata/labels: the key 'a b' of metadata.labels does not have the form"
                " ^[A-Za-z0-9]([A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$ = "
            )
        ],
    ),
    "a bad address": (
        "/metadata/links",
        [{"title": "x", "url": "javascript:alert(1)"}],
        [
            (
                "/metadata/links/0/url: metadata.links.0.url is 'javascript:alert(1)', not an address such as"
                " https://wiki.example.org/runbook = write it in that form"
            )
        ],
    ),
    "empty text": (
        "/metadata/title",
        "",
        ["/metadata/title: metadata.title is shorter than 1 characters = for example: 'Payments API'"],
    ),
    "long text": (
        "/metadata/title",
        "x" * 201,
        ["/metadata/title: metadata.title is longer than 200 characters = for example: 'Payments API'"],
    ),
    "another version": (
        "/apiVersion",
        "itsm/v2",
        ["/apiVersion: apiVersion must be 'itsm/v1', not 'itsm/v2' = write itsm/v1"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_explained(name: str) -> None:
    pointer, value, expected = MISTAKES[name]
    data = copy.deepcopy(SERVICE)
    assert VALIDATORS["service.schema.json"].problems(data) == []
    parent: Any = data
    *parts, last = pointer.split("/")[1:]
    for part in parts:
        parent = parent[part]
    parent[last] = value
    problems = VALIDATORS["service.schema.json"].problems(data)
    assert [f"{format_pointer(found.pointer)}: {found.message} = {found.remedy}" for found in problems] == expected


def test_a_field_of_the_wrong_type_is_not_a_field_that_is_missing() -> None:
    """An alternative that fails in two ways was not merely left out."""
    either = {"properties": {"b": {"type": "string"}}, "required": ["a"]}
    checked = validator({"type": "object", "anyOf": [either, {"required": ["c"]}]})
    assert [problem.message for problem in checked.problems({})] == ["the record needs one of: a, c"]
    assert [problem.message for problem in checked.problems({"b": 1})] == ["the record lacks 'c'"]


def test_a_choice_is_explained_by_what_was_most_likely_meant() -> None:
    calendar = copy.deepcopy(REGISTRY["Calendar"].schema["examples"][0])
    calendar["spec"]["entries"] = [{"weekly": {"days": ["mon"], "from": "25:00", "to": "18:00"}}]
    problems = VALIDATORS["calendar.schema.json"].problems(calendar)
    assert [format_pointer(problem.pointer) for problem in problems] == ["/spec/entries/0/weekly/from"]
    waiver = copy.deepcopy(REGISTRY["Waiver"].schema["examples"][0])
    waiver["spec"].pop("policy", None)
    waiver["spec"].pop("check", None)
    messages = [problem.message for problem in VALIDATORS["waiver.schema.json"].problems(waiver)]
    assert messages == ["spec needs one of: policy, check"]
    waiver["spec"] |= {"policy": "a", "check": "b"}
    messages = [problem.message for problem in VALIDATORS["waiver.schema.json"].problems(waiver)]
    assert messages == ["spec fits more than one of the forms it may have"]


def test_a_schema_that_is_false_refuses_in_words() -> None:
    problems = validator({"properties": {"a": False}}).problems({"a": 1})
    assert [(problem.message, problem.pointer) for problem in problems] == [("the number 1 is not allowed here", ())]


@pytest.mark.parametrize(
    ("format_name", "good", "bad"),
    [
        (
            "itsm-instant",
            ["2026-11-22T08:00:00Z", "2026-11-22T08:00:00.5+05:30", "0001-01-01T00:00:00Z"],
            [
                "2026-11-22 08:00:00Z",
                "2026-11-22T08:00Z",
                "2026-11-22T08:00:00",
                "2026-02-30T00:00:00Z",
                "2026-11-22T24:00:00Z",
                "2026-11-22T08:00:60Z",
                "2026-11-22t08:00:00z",
                "2026-11-22T08:00:00Z\n",
                "0001-01-01T00:00:00+01:00",
                "٢٠٢٦-11-22T08:00:00Z",
                "2026-11-22T08:00:00+15:00",
                "",
            ],
        ),
        (
            "itsm-date",
            ["2026-11-22", "2028-02-29"],
            ["2026-02-29", "2026-1-1", "20261122", "2026-11-22\n", "0000-01-01"],
        ),
        (
            "itsm-duration",
            ["PT4H", "P30D", "P1W", "P1DT12H", "PT0S", "P1WT1S"],
            ["P", "PT", "P1Y", "P1M", "P1Y2D", "PT1.5H", "-P1D", "P1D\n", "p1d", "P1DT", "PT4H30", "P٣D"],
        ),
        (
            "itsm-period",
            ["P3M", "P1Y", "P1Y6M2W3DT4H", "P90D", "PT4H"],
            ["P", "PT", "P1.5M", "-P1M", "P1M\n", "p1m", "P1D1M", "P1MT", "P٣M"],
        ),
        (
            "itsm-timezone",
            ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5"],
            [
                "Berlin",
                "europe",
                "Europe",
                "../etc/passwd",
                "/etc/localtime",
                "Europe/Berlin\n",
                "",
                "Europe/",
                "localtime",
            ],
        ),
        (
            "itsm-email",
            [
                "a@b.example",
                "a.b+c@d-e.example",
                "jörg@müller.example",
                "49699333+dependabot[bot]@users.noreply.github.com",
            ],
            ["a", "a@", "@b", "a b@c.example", "a@b..c", "A <a@b.c>", "a@b.c\n", "[bot]@b.example", "a[b]@c.example"],
        ),
        (
            "itsm-url",
            ["https://a.example/x?y=1#z", "http://localhost:8080", "mailto:a@b.example", "tel:+49301234"],
            [
                "javascript:alert(1)",
                "data:text/html,x",
                "//a.example",
                "https://",
                "https://u:p@a.example/",
                "ftp://a",
                "https://a b",
                "https://a\n",
                'https://a/"onclick',
                "https://a:x/",
                "HTTPS://a",
                "https://[::1",
            ],
        ),
    ],
)
def test_formats(format_name: str, good: list[str], bad: list[str]) -> None:
    checked = validator({"format": format_name})
    for text in good:
        assert checked.is_valid(text), text
        assert not explains(checked, text), text
    for text in bad:
        assert not checked.is_valid(text), text
        assert explains(checked, text), text
    for other in (1, None, True, [], {}):
        assert checked.is_valid(other)
        assert not explains(checked, other)


def test_the_shipped_schemas_are_those_of_the_checkout() -> None:
    for path in FILES:
        assert json.loads((ROOT / "schemas" / path).read_text()) == REGISTRY.files[path]


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("https://müller.example/straße", "write https://xn--mller-kva.example/straße"),
        ("http://wiki.Bücher.example:8080", "write http://wiki.xn--bcher-kva.example:8080"),
        ("https://\uff53hop.example", "write it in that form"),  # a wide letter is in no domain
        ("https://bücher..example", "write it in that form"),
        ("https://müller.example/a b", "write it in that form"),
        ("wiki.example.org", "write it in that form"),
    ],
)
def test_a_web_address_of_an_international_host_is_offered_in_ascii(written: str, remedy: str) -> None:
    (problem,) = Validator("url", {"type": "string", "format": "itsm-url"}).problems(written)
    assert problem.remedy == remedy


def test_the_zone_that_was_meant_is_named() -> None:
    validator = Validator("zone", {"type": "string", "format": "itsm-timezone"})
    remedies = {name: validator.problems(name)[0].remedy for name in ("europe/berlin", "right/Europe/Berlin", "CEST")}
    meant = "did you mean 'Europe/Berlin'?"
    assert remedies == {"europe/berlin": meant, "right/Europe/Berlin": meant, "CEST": "write it in that form"}
