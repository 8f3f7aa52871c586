"""Priority matrices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.errors import ConfigurationError
from itsm_as_code.measures.priority import PROFILES, PriorityMatrix, matrix


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_are_total_monotone_and_run_from_first_to_last(name: str) -> None:
    table = PROFILES[name]
    size = int(name[0])
    assert (table.impacts, table.urgencies) == (size, size)
    assert table.priority(1, 1) == "P1"
    assert table.priority(size, size) == "P5"
    cells = [[table.priority(impact, urgency) for urgency in range(1, size + 1)] for impact in range(1, size + 1)]
    assert all(cells[i][j] == cells[j][i] for i in range(size) for j in range(size))


def test_a_case_that_the_table_does_not_have() -> None:
    table = PROFILES["3x3"]
    assert [table.priority(*case) for case in ((0, 1), (1, 0), (4, 1), (1, 4), (-1, 1))] == [None] * 5


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "is empty"),
        ([[]], "is empty"),
        ([["P1", "P2"], ["P2"]], "row 2 of the priority matrix has 1 columns, the first has 2"),
        ([["P1", "P3"], ["P3", "P2"]], "gives P2 for impact 2 and urgency 2, but only P3 for the graver"),
        ([["P2", "P1"]], "but only P2 for the graver impact 1 and urgency 1"),
        ([["P1", "high"]], "'high' for impact 1 and urgency 2"),
    ],
)
def test_a_table_with_a_hole_or_a_step_back_is_refused(rows: list[list[str]], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        matrix(rows)


cells = st.sampled_from(["P1", "P2", "P3", "P4", "P5"])


@given(st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1, max_size=5)))
def test_accepted_exactly_when_nothing_graver_is_below(rows: list[list[str]]) -> None:
    points = [(i, j) for i in range(len(rows)) for j in range(len(rows[0]))]
    monotone = all(
        rows[i][j] <= rows[k][m] for i, j in points for k, m in points if i <= k and j <= m
    )  # every pair, not only neighbours
    try:
        accepted = isinstance(matrix(rows), PriorityMatrix)
    except ConfigurationError:
        accepted = False
    assert accepted == monotone
