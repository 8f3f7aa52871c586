"""Patterns of paths: what they match, and that no path and no pattern takes long."""

from __future__ import annotations

import random
import re

import pytest

from itsm_as_code.gate.path_pattern import PathPattern
from tests.growth import assert_grows_slowly


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("policies/**", ["policies/a.yaml", "policies/a/b.yaml", "policies/"], ["policies", "x/policies/a.yaml"]),
        ("**/a.yaml", ["a.yaml", "x/a.yaml", "x/y/a.yaml"], ["xa.yaml", "x/a.yml", "/a.yaml"]),
        ("itsm.yaml", ["itsm.yaml"], ["itsmxyaml", "itsm.yaml\n", "a/itsm.yaml"]),
        ("*/b?.yaml", ["a/b1.yaml", "/b1.yaml"], ["a/c/b1.yaml", "a/b/.yaml", "a/b.yaml"]),
        ("a**b", ["ab", "a/x/b", "axb"], ["a", "ba"]),
        ("***", ["", "a", "a/b"], []),
        ("a**/b", ["ab", "axx/b", "axx/y/b"], ["axb", "a/b"]),
        ("x/**/y/**/z", ["x/y/z", "x/a/y/b/c/z"], ["x/z", "x/ay/z"]),
        ("[a].(b)+$", ["[a].(b)+$"], ["a.b", "[a].(b)++"]),
        ("ü\udc80", ["ü\udc80"], ["ü"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, matching: list[str], others: list[str]) -> None:
    made = PathPattern(pattern)
    assert [path for path in matching if not made.matches(path)] == []
    assert [path for path in others if made.matches(path)] == []


def by_trying(pattern: str) -> re.Pattern[str]:
    """The same as a regular expression, which tries all ways."""
    parts = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    words = re.findall(r"\*\*/|\*\*|.", pattern, re.DOTALL)
    return re.compile("".join(parts.get(word, re.escape(word)) for word in words), re.DOTALL)


def test_a_pattern_matches_what_the_regular_expression_does() -> None:
    random_ = random.Random(30)
    matched = 0
    for _ in range(4000):
        words = random_.choices(["a", "b", "/", "*", "**", "**/", "?"], k=random_.randrange(7))
        pattern, expected = PathPattern("".join(words)), by_trying("".join(words))
        for _ in range(10):
            path = "".join(random_.choices("ab/", k=random_.randrange(9)))
            answer = pattern.matches(path)
            assert answer == (expected.fullmatch(path) is not None), (words, path)
            matched += answer
    assert matched > 2000


HOSTILE = {
    "folders": ("**/" * 80 + "z", "a/"),
    "folders with names": ("**/a/" * 50 + "z", "a/"),
    "stars": ("*a" * 200 + "b", "a"),
    "stars across": ("**a" * 160 + "b", "a"),
    "both": ("**/*a" * 90 + "z", "aa/"),
    "questions": ("*?" * 240, "a"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_path_keeps_the_gate(name: str) -> None:
    pattern, path = HOSTILE[name]

    def prepare(size: int) -> object:
        made = PathPattern(pattern)  # with nothing to remember
        return lambda: made.matches(path * size + "y")

    assert_grows_slowly(prepare, start=50, most=4000)  # type: ignore[arg-type]
