"""Up to which size of a record an expression may be evaluated where nothing can stop it.

Too high, and a record can stall the gate; too low, and every evaluation takes a process of its own.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from itsm_as_code.policies.cel.cost import _Estimate, _pattern_steps, small_up_to
from itsm_as_code.policies.cel.expressions import parse

NEVER, ANY = -1, 1 << 22
LIST = "object.spec.list"
TEXT = "object.spec.text"
TABLE: dict[str, int] = {
    # Whatever is read once, compared, looked up by its name, or sought for in a short text.
    "true": ANY,
    f"{TEXT} == object.spec.other && !(object.spec.a in ['x', 'y']) || has(object.spec.b)": ANY,
    f"{LIST}[0] == 'a' ? {TEXT}.startsWith('a') : int({TEXT}) > 1": ANY,
    f"size({TEXT}) > 1 && {TEXT} + {TEXT} != {TEXT}.lowerAscii()": ANY,
    f"[object.spec.a, object.spec.b].size() > 1 && {{'a': {TEXT}}}.size() > 0": ANY,
    f"'%s'.format([{TEXT}]) == '%.9f'.format([1.5])": ANY,
    f"{TEXT}.replace('a', 'b') == {LIST}.join(',') && {TEXT}.split(',').size() > 0": ANY,
    "record('Service', object.spec.a).spec.tier == owner('a').spec.tier && budget('a').left > 1.0": ANY,
    "records('Service').all(s, s.spec.a == 1) && dependents('a').all(x, x != 'b')": ANY,
    "dependencies('a').all(x, record('Service', x).spec.tier == 1)": ANY,
    "now.getHours() > 1 && duration(object.spec.a) > duration('1h')": ANY,
    # One loop, or loops in loops, as long as each turn does little: the runtime counts the turns.
    f"{LIST}.all(x, x != '') && {LIST}.exists_one(x, x == 'a')": ANY,
    f"{LIST}.exists(x, {LIST}.exists(y, x == y))": ANY,
    f"{LIST}.all(a, {LIST}.all(b, {LIST}.all(c, a == c)))": ANY,
    f"{LIST}.all(x, record('Service', x).spec.tier == 1 && '%d'.format([x]) != 'a')": ANY,
    f"{LIST}.all(x, records('Service').all(s, s.spec.a == x))": ANY,
    # The same text is gone through in every turn.
    f"{LIST}.all(x, {TEXT}.contains(x))": 8192,
    f"{LIST}.all(x, {TEXT}.size() > 0)": 8192,
    f"{LIST}.all(x, x in {LIST})": 8192,
    f"{LIST}.all(x, x + {TEXT} != '')": 8192,
    f"{LIST}.all(x, [{TEXT}, x].size() > 0)": 8192,
    f"{LIST}.all(x, object.spec.a ? {TEXT}.contains(x) : true)": 8192,
    f"{LIST}.all(x, {TEXT}.matches('a'))": 8192,
    f"{LIST}.all(x, record('Service', x).spec.t.contains({TEXT}))": 2048,
    "records('Service').all(s, records('Service').size() > 0)": 4096,
    "dependents('a').all(x, dependents(x).size() > 0)": 4096,
    # Lists are built in time by the square of their length.
    f"{LIST}.map(x, x).size() > 0": 4096,
    f"{LIST}.filter(x, x != '').size() > 0": 4096,
    f"object.spec.a ? {TEXT} == '' : {LIST}.map(x, x).size() > 0": 4096,
    f"{LIST}.all(x, {LIST}.map(y, y).size() > 0)": 1024,
    "records('Service').map(s, s.spec.a).size() > 0": NEVER,
    "records('Service').filter(s, s.spec.a == 1).size() > 0": NEVER,
    "dependents('a').map(x, x).size() > 0": NEVER,
    "dependencies('a').filter(x, x == 'b').size() > 0": NEVER,
    # Texts grow by one another.
    f"{TEXT}.contains(object.spec.other)": 131072,
    f"{TEXT}.replace('a', {TEXT}) == ''": 8192,
    f"{LIST}.join({TEXT}) == ''": 8192,
    "record('Service', 'a').spec.t.replace('a', record('Service', 'b').spec.t) == ''": ANY,
    "owner('a').spec.t.replace('a', owner('a').spec.t).replace('b', owner('a').spec.t) == ''": NEVER,
    "budget('a').t.replace('a', budget('a').t).replace('b', budget('a').t) == ''": NEVER,
    "records('Service').all(s, s.spec.text.contains(object.spec.text))": NEVER,
    "'%.99999999f'.format([1.5]) == ''": NEVER,
    f"{TEXT}.format([1]) == ''": NEVER,
    # Patterns with many states, or that nobody knows before; zones are read from files.
    f"{TEXT}.matches('[a-z]+')": ANY,
    f"{TEXT}.matches('a{{1000}}')": 65536,
    f"{TEXT}.matches('(a{{1000}}){{1000}}')": NEVER,
    f"{TEXT}.matches('\\\\p{{L}}{{1000}}')": NEVER,
    f"{TEXT}.matches(object.spec.other)": NEVER,
    f"{LIST}.exists(x, {TEXT}.matches('[a-z]{{1,50}}'))": NEVER,
    "now.getHours('Europe/Berlin') > 1": NEVER,
    f"{LIST}.all(x, now.getHours('UTC') > 1)": NEVER,
    "(object.spec.a": NEVER,  # what cannot be parsed
}


@pytest.mark.parametrize("expression", TABLE)
def test_how_large_a_record_may_be(expression: str) -> None:
    assert small_up_to(expression) == TABLE[expression]


ESTIMATES = Path(__file__).with_name("estimates.json")
"""Work, size and iterations of each expression that can be parsed, and of the parts of those below, at 1,000 bytes."""
PARTS = (
    f"{TEXT}.size()", f"{TEXT}.matches('a')", f"{TEXT}.indexOf('a')", f"{TEXT}.lastIndexOf('a')", "int(object.spec.a)",
    f"{TEXT}.endsWith('a')", f"{TEXT}.trim()", "'%s %3.2f'.format([1, 2])", f"{TEXT}.split(',')", f"contains({TEXT})",
    f"{TEXT}.replace('a', 'bc', 1)", f"replace({TEXT}, 'a', 'b')", f"join({LIST})", f"{LIST}.map(x, x)", "7", "'é'",
    f"{LIST}.filter(x, x != '')", f"{LIST}.map(x, x + x)", f"{LIST}.exists_one(x, x == 1)", "-object.spec.a",
    f"{TEXT}.replace('a')", "size([1, 2])", f"{TEXT} * 2", "[]", f"'x'.matches({TEXT})", "'%99f'.format([1.5])",
)  # fmt: skip


def test_estimates_to_the_step() -> None:
    """A change of the estimate is looked at: what it says of everything here stands in one file."""
    trees = {text: parse(text) for text in (*TABLE, *PARTS) if not text.startswith("(")}
    values = {text: _Estimate(1000).of(tree, {}) for text, tree in trees.items()}
    found = {text: [value.work, value.size, value.loops] for text, value in values.items()}
    assert found == json.loads(ESTIMATES.read_text())


@pytest.mark.parametrize(
    ("pattern", "steps"),
    [
        ("'abc'", 3),
        ("'a{3}'", 12),
        ("'a{3,5}'", 90),
        ("'.'", 400),
        ("'[^a]'", 1600),
        ("'[a-z]'", 5),
        ("'\\\\W'", 800),
        ("'(?i)a'", 2000),
        ("'.{99999}{99999}'", 1_000_000),
        ("object.spec.a", 1_000_000),
        ("7", 1_000_000),
    ],
)
def test_states_of_a_pattern(pattern: str, steps: int) -> None:
    assert _pattern_steps(parse(pattern)) == steps
