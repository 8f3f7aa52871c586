"""The how-to about checks, followed to the letter: the files that it shows make a check whose examples hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import examples
import pytest

from itsm_as_code import checks
from itsm_as_code.cli._rules import all_rules
from itsm_as_code.validation import built_in_rules
from tests.checks.test_examples import judge
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "how-to" / "add-a-check.md"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The files of the page, with the check among those of the program."""
    for _, blocks in examples.sections(PAGE.read_text("utf-8")):
        for block in blocks:
            for word in block.info:
                if word.startswith("file="):
                    file = tmp_path / word.removeprefix("file=")
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(block.body, "utf-8")
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(tmp_path / "src" / "itsm_as_code" / "checks")])
    remembered = (checks.all_checks, built_in_rules)
    for function in remembered:
        function.cache_clear()
    yield tmp_path
    for function in remembered:
        function.cache_clear()


def test_the_check_of_the_page_is_found_and_its_examples_hold(checkout: Path) -> None:
    rule = all_rules()["article-title-unique"]
    assert rule.explanation.startswith("Published articles have different titles.\n\nOf two")
    cases = sorted((checkout / "tests" / "examples").glob("*/article-title-unique/*"))
    assert [case.parts[-3] for case in cases] == ["fail", "pass"]
    for case in cases:
        expected = case / "expected.txt"
        said = [f"{finding.location} {finding.rule}" for finding in judge(case)]
        assert said == (expected.read_text().splitlines() if expected.is_file() else [])
