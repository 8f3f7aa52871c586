"""What the benchmarks say of a ratio that became worse, and that CI asks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("kept", "measured", "said"),
    [
        ({"row": 1.0}, {"row": 1.5}, "0"),
        ({"row": 1.0}, {"row": 1.51}, "row: 1.51, kept is 1.00"),
        ({}, {"row": 0.1}, "row: no ratio is kept"),
        ({"row": 1.0, "not measured": 1.0}, {"row": 1.0}, "0"),
    ],
)
def test_a_ratio_that_is_half_as_much_again_is_a_regression(
    kept: dict[str, float], measured: dict[str, float], said: str
) -> None:
    code = f"import table; print(table.regressions({kept!r}, {measured!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "benchmarks", capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == said


def test_ci_compares_with_the_ratios_that_are_kept() -> None:
    assert "make bench SIZE=small" in (ROOT / ".github/workflows/ci.yml").read_text()
    assert "$(if $(filter small,$(SIZE)),--check)" in (ROOT / "Makefile").read_text()
