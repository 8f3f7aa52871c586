"""A remedy that repeats a value repeats it as the file writes it; following it changes the type and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.checks.request_values_fit import value_problems
from itsm_as_code.findings import Finding
from itsm_as_code.records.document import parse
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.writer import in_line
from itsm_as_code.validation import validate
from tests.conftest import NOW, SMALL, examples
from tests.snapshots import Memory, folder

PATH = "services/x1.yaml"
RECORD = """apiVersion: itsm/v1
kind: Service
metadata:
  name: x1
  title: X
  labels:
    release: {}
spec: {{owner: team-shop, stage: pipeline, lifecycle: design, tier: 3, type: application}}
"""
NUMBERS = st.one_of(
    st.from_regex(r"[-+]?[0-9]{1,12}", fullmatch=True),
    st.from_regex(r"[-+]?[0-9]{0,6}\.[0-9]{1,6}", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{0,3})?[eE][-+]?[0-9]{1,2}", fullmatch=True),
    st.from_regex(r"0o[0-7]{1,6}|0x[0-9a-fA-F]{1,6}", fullmatch=True),
    st.sampled_from(["true", "false"]),
)


def findings(text: str) -> list[Finding]:
    return [
        found for found in validate(Memory({**folder(SMALL), PATH: text}), NOW).findings if found.location.path == PATH
    ]


@pytest.mark.parametrize("written", ["1.10", "0042", "1e3", "0123", "+7", "0x1F", "0o17", "1.", ".50", "-0"])
def test_what_is_put_in_quotes_is_what_was_written(written: str) -> None:
    found = findings(RECORD.format(written))
    assert [item.remedy for item in found] == [f'put it in quotes: "{written}"']
    assert f"not the number {written}" in found[0].message


@given(NUMBERS)
@settings(max_examples=examples(18))
def test_following_the_remedy_keeps_the_text(written: str) -> None:
    (found,) = findings(RECORD.format(written))
    quoted = re.fullmatch(r"put it in quotes: (.*)", found.remedy)
    assert quoted is not None
    mended = RECORD.format(quoted[1])
    assert parse(mended.encode())["metadata"]["labels"]["release"] == written
    assert not findings(mended)


def test_a_number_of_a_thousand_digits_is_not_repeated_in_part() -> None:
    (found,) = findings(RECORD.format("1." + "0" * 1000))
    assert found.remedy == "put it in quotes"
    assert len(found.message) < 200


def test_a_name_that_looks_like_a_number_is_quoted_in_the_remedy() -> None:
    text = RECORD.format("a").replace("name: x1", 'name: "-"')
    files = {**folder(SMALL), "services/0123.yaml": text}
    remedies = [item.remedy for item in validate(Memory(files), NOW).findings if item.rule == "file-name"]
    assert remedies == ['write name: "0123"']


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (None, "null"), ("1.10", '"1.10"'), ("no", '"no"'), ("plain", "plain"), (["a", 1], '["a", 1]')],
)
def test_a_value_in_line_is_read_back_as_itself(value: object, text: str) -> None:
    assert in_line(value) == text
    assert parse(f"a: {text}\n".encode())["a"] == value


def test_a_text_that_does_not_show_is_escaped_in_line() -> None:
    assert in_line("a\u200bb") == '"a\\u200bb"'


@pytest.mark.parametrize("kind", ["choice", "person", "service", "text"])
def test_an_answer_that_is_no_text_offers_no_other_answer(kind: str) -> None:
    """1.10 without quotes is 1.1 here already; the nearest choice to that is another one."""
    field = {"name": "release", "title": "Release", "type": kind, "choices": ["1.1", "1.10"]}
    facts = Facts({"Person": {}, "Service": {}})
    (problem,) = value_problems([field], {"release": 1.1}, facts)
    assert (problem.message, problem.remedy) == ("'release' is not text", "put it in quotes")
