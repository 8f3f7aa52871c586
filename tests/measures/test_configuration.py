"""The priority matrix of itsm.yaml: a profile or a table, and a table that makes no sense is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from itsm_as_code.configuration import load_configuration
from itsm_as_code.measures.priority import PROFILES
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.snapshot import WorkTree

HEAD = "apiVersion: itsm/v1\nkind: Configuration\nspec:\n  priority:\n    "


def test_a_profile_and_none(tmp_path: Path) -> None:
    (tmp_path / "itsm.yaml").write_text(HEAD + "profile: 4x4\n")
    configuration, findings = load_configuration(WorkTree(tmp_path), KindRegistry.load())
    assert (configuration.priority_matrix, findings) == (PROFILES["4x4"], [])
    (tmp_path / "itsm.yaml").write_text("apiVersion: itsm/v1\nkind: Configuration\nspec: {}\n")
    configuration, findings = load_configuration(WorkTree(tmp_path), KindRegistry.load())
    assert (configuration.priority_matrix, findings) == (PROFILES["3x3"], [])


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ("[[P1, P2, P3], [P2, P3, P4], [P3, P4]]", ""),
        ("[[P1, P2, P3], [P2, P3, P4], [P3, P4, P5], [P4, P5, P5, P5]]", "row 4 of the priority matrix has 4 columns"),
        ("[[P1, P2, P3], [P2, P3, P4], [P3, P4, P1]]", "gives P1 for impact 3 and urgency 3, but only P4"),
    ],
)
def test_a_table_that_makes_no_sense(tmp_path: Path, matrix: str, message: str) -> None:
    (tmp_path / "itsm.yaml").write_text(f"{HEAD}matrix: {matrix}\n")
    configuration, findings = load_configuration(WorkTree(tmp_path), KindRegistry.load())
    assert configuration.priority_matrix == PROFILES["3x3"]
    assert [(finding.rule, finding.location.line) for finding in findings] == [("configuration", 5)]
    assert message in findings[0].message
