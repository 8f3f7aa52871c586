"""The site of the living example, built once, and a reader of its pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from itsm_as_code import site
from itsm_as_code.records.lazy import LazyCatalogue
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import Validation, validate
from tests.site.questions import PAST

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
REVISION = "3f9c2ab17e0d4c5b8a6f7e8d9c0b1a2f3e4d5c6b"

Validate = Callable[[dict[str, str]], Validation]


@cache
def example_validation() -> Validation:
    """The records of this repository, once for all tests of a process."""
    return validate(WorkTree(ROOT), NOW)


@cache
def example_pages() -> dict[str, bytes]:
    """The site of them: content by path; not to be changed."""
    return dict(site.build(example_validation(), REVISION, past=PAST))


@pytest.fixture(scope="session")
def example() -> Validation:
    return example_validation()


@pytest.fixture(scope="session")
def pages() -> dict[str, bytes]:
    return example_pages()


@pytest.fixture
def validated(tmp_path: Path) -> Validate:
    """Validates loose files, given by path."""

    def call(files: dict[str, str]) -> Validation:
        (tmp_path / "records").mkdir(exist_ok=True)
        for path, text in files.items():
            file = tmp_path / "records" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return validate(WorkTree(tmp_path / "records"), NOW)

    return call


@pytest.fixture
def catalogues(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the records were those of an index, build by build."""
    seen: list[bool] = []
    make = site.publish

    def published(validation, *about, **more):  # type: ignore[no-untyped-def]
        seen.append(isinstance(validation.catalogue, LazyCatalogue))
        return make(validation, *about, **more)

    monkeypatch.setattr("itsm_as_code.site.publish", published)
    return seen
