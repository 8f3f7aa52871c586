"""Firms to keep evidence in: made once, copied for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.assurance.tools import Firm, copy, found
from tests.conftest import Workshop


@pytest.fixture(scope="session")
def first_firm(tmp_path_factory: pytest.TempPathFactory, first_workshop: Workshop) -> Firm:
    return found(tmp_path_factory.mktemp("firm"), first_workshop)


@pytest.fixture
def firm(first_firm: Firm, tmp_path: Path) -> Firm:
    return copy(first_firm, tmp_path / "firm")
