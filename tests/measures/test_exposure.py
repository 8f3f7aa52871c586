"""Risks by likelihood and impact, against the whole matrix written out by hand."""

from __future__ import annotations

import pytest

from itsm_as_code.measures.exposure import Band, Exposure

MATRIX = """
5: medium high   high      very-high very-high
4: low    medium high      very-high very-high
3: low    medium medium    high      high
2: low    low    medium    medium    high
1: low    low    low       low       medium
"""


def test_every_cell_of_the_matrix() -> None:
    for line in MATRIX.strip().splitlines():
        likelihood, _, bands = line.partition(":")
        for impact, band in enumerate(bands.split(), 1):
            assert Exposure(int(likelihood), impact).band == Band(band), (likelihood, impact)


def test_more_of_either_is_never_less() -> None:
    order = list(Band)
    for one in range(1, 6):
        for other in range(1, 5):
            assert order.index(Exposure(one, other).band) <= order.index(Exposure(one, other + 1).band)
            assert order.index(Exposure(other, one).band) <= order.index(Exposure(other + 1, one).band)


@pytest.mark.parametrize(("likelihood", "impact"), [(0, 1), (1, 0), (6, 1), (1, 6), (-1, -1)])
def test_what_is_not_on_the_scale_is_refused(likelihood: int, impact: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 5"):
        Exposure(likelihood, impact)
