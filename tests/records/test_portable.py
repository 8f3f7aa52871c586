"""Exported schemas let through what the program accepts, in engines that know nothing of its formats."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
import pytest
import regress
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code import clock
from itsm_as_code.cli.program import run
from itsm_as_code.durations import OutOfRange, parse_duration
from itsm_as_code.records.formats import FORMATS
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.portable import PATTERNS, portable
from tests.conftest import ROOT, examples

REGISTRY = KindRegistry.load()
RUST = {
    name: jsonschema_rs.Draft202012Validator({"pattern": pattern}, offline=True) for name, pattern in PATTERNS.items()
}
ECMA = {name: regress.Regex(pattern, "u") for name, pattern in PATTERNS.items()}


def let_through(name: str, text: str) -> bool:
    """What editors say, by both engines: that of JavaScript, and one without backtracking."""
    found = ECMA[name].find(text) is not None
    assert RUST[name].is_valid(text) is found, "both engines agree"
    return found


def digits(low: int, high: int, width: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(lambda number: str(number).zfill(width))


YEARS = st.sampled_from(["0001", "0000", "1899", "1900", "1904", "2000", "2100", "2104", "2188", "2190", "9999"])
DATES = st.builds("{}-{}-{}".format, YEARS | digits(1890, 2200, 4), digits(0, 13, 2), digits(0, 32, 2))
FEBRUARIES = st.builds("{}-02-{}".format, YEARS | digits(1890, 2200, 4), st.sampled_from(["28", "29", "30"]))
TIMES = st.builds("{}:{}:{}".format, digits(0, 25, 2), digits(0, 61, 2), digits(0, 61, 2))
FRACTIONS = st.sampled_from(["", "", ".5", ".123456", ".1234567", "."])
OFFSETS = st.sampled_from(["Z", "+00:00", "-00:00", "+14:00", "-14:59", "+15:00", "", "z", "+1:00", "+01:60"])
INSTANTS = st.builds("{}{}{}{}{}".format, DATES | FEBRUARIES, st.sampled_from("TTTT t"), TIMES, FRACTIONS, OFFSETS)
UNITS = st.lists(st.builds("{}{}".format, digits(0, 99999, 1), st.sampled_from("YMWDHMS")), max_size=4)
DURATIONS = st.builds("P{}{}{}".format, UNITS.map("".join), st.sampled_from(["", "T"]), UNITS.map("".join))
NOISE = st.text(alphabet="0123456789-:TZPMDWYHS+. \n\u0661", max_size=12)


@settings(max_examples=examples(60))
@given(DATES | FEBRUARIES | NOISE)
def test_dates_are_those_of_the_program(text: str) -> None:
    assert let_through("itsm-date", text) is FORMATS["itsm-date"](text)


@settings(max_examples=examples(60))
@given(INSTANTS | NOISE)
def test_instants_are_those_of_the_program(text: str) -> None:
    if not text.startswith("0001-01-01T"):  # which may lie before the year 1 in UTC
        assert let_through("itsm-instant", text) is FORMATS["itsm-instant"](text)


@settings(max_examples=examples(60))
@given(DURATIONS | NOISE, st.sampled_from(["itsm-duration", "itsm-period"]))
def test_durations_are_those_of_the_program(text: str, name: str) -> None:
    try:
        parse_duration(text)
    except OutOfRange:  # no expression can add
        return
    except ValueError:
        pass
    assert let_through(name, text) is FORMATS[name](text)


@pytest.mark.parametrize(
    "text",
    [
        *("https://a.example", "https://a.example/x?y=1#z", "http://localhost:8080/", "http://[::1]:80", "tel:+4930"),
        *(
            "mailto:a@b.example",
            "mailto:a",
            "ftp://a.example",
            "https://",
            "https://a.example:x",
            "https://a b.example",
        ),
        *("https://a.example/<b>", "javascript:alert(1)", "https://u@a.example", "https://a.exampleb{c}"),
    ],
)
def test_web_addresses_are_those_of_the_program(text: str) -> None:
    assert let_through("itsm-url", text) is FORMATS["itsm-url"](text)


@settings(max_examples=examples(15))
@given(st.emails() | st.sampled_from(["alice@example.org", "jörg@müller.example", "robot[bot]@users.example"]))
def test_no_e_mail_address_is_refused_that_the_program_accepts(text: str) -> None:
    assert let_through("itsm-email", text) or not FORMATS["itsm-email"](text)
    assert not let_through("itsm-email", f"mail {text}")


def test_zones_are_the_list_of_the_program() -> None:
    schema = portable(REGISTRY.bundled("calendar.schema.json"))
    (common,) = [value for key, value in schema["$defs"].items() if key == "common"]
    assert set(common["$defs"]["timezone"]["enum"]) == clock.zone_names()


def test_every_format_is_said() -> None:
    def formats(node: object) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(formats, node))
        if not isinstance(node, dict):
            return set()
        is_silent = isinstance(node.get("format"), str) and node.keys().isdisjoint(("pattern", "enum"))
        found = {node["format"]} if is_silent else set()
        return found.union(*map(formats, node.values()))

    assert set(PATTERNS) | {"itsm-timezone"} == set(FORMATS)
    for file in REGISTRY.files:
        assert formats(portable(REGISTRY.bundled(file))) == set(), file


def test_what_a_schema_says_itself_stays() -> None:
    schema = {"type": "string", "format": "itsm-date", "pattern": "^2026"}
    assert portable(schema) == {**schema, "allOf": [{"pattern": PATTERNS["itsm-date"]}]}


@pytest.fixture
def exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], Path]:
    def export(kind: str) -> Path:
        assert run(["-C", str(ROOT), "schema", kind]) == 0
        path = tmp_path / f"{kind}.json"
        path.write_text(capsys.readouterr().out)
        return path

    return export


def test_another_validator_reports_it(exported: Callable[[str], Path], tmp_path: Path) -> None:
    """What the person at the keyboard sees: check-jsonschema, as a pre-commit hook or in an editor."""
    schema = exported("Incident")
    good = sorted((ROOT / "operations" / "incidents").glob("*.yaml"))[:5]
    text = good[0].read_text()
    bad = tmp_path / "bad.yaml"
    start = text.index("detectedAt:")
    bad.write_text(text[:start] + "detectedAt: yesterday, about nine" + text[text.index("\n", start) :])

    def check(*paths: Path) -> subprocess.CompletedProcess[str]:
        program = str(Path(sys.executable).with_name("check-jsonschema"))
        command = [program, "--schemafile", str(schema), "-o", "json", *map(str, paths)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert check(*good).returncode == 0
    found = json.loads(check(bad).stdout)
    assert [error["path"] for error in found["errors"]] == ["$.spec.detectedAt"]


def test_the_schemas_say_themselves_what_plain_editors_can_check() -> None:
    """Editors know no format of ours; so each stands beside a pattern that refuses nothing which the format takes."""
    common = KindRegistry.load().files["common.schema.json"]["$defs"]
    formatted = {name: node for name, node in common.items() if "format" in node}
    assert {node["format"] for node in formatted.values()} == {*PATTERNS, "itsm-timezone"}
    for node in formatted.values():
        assert node["pattern"] == PATTERNS.get(node["format"], node["pattern"])
    assert all(re.match(common["timezone"]["pattern"], name) for name in clock.zone_names())
    assert not re.match(common["timezone"]["pattern"], "Berlin, Germany")


def test_a_format_and_its_pattern_are_one_problem() -> None:
    kind = KindRegistry.load()["Team"]
    link = {"title": "x", "url": "not an address"}
    data = {"apiVersion": "itsm/v1", "kind": "Team", "spec": {"members": ["alice"]}}
    data["metadata"] = {"name": "x", "title": "X", "links": [link]}
    assert [problem.message.split(",")[0] for problem in kind.validator.problems(data)] == [
        "metadata.links.0.url is 'not an address'"
    ]
