"""One browser and one site of the living example for all of these tests: to start either takes its time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import site
from itsm_as_code.validation import Validation
from tests.site.conftest import example_pages, example_validation

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def unavailable(reason: str) -> None:
    """Skips; but what CI is there to prove must not go missing in silence."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="package")
def example() -> Validation:
    return example_validation()


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site with space") / "öffentlich"
    site.write(example_pages().items(), out)
    return out


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        unavailable("no Chromium on the PATH")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("playwright is not installed: pip install -e '.[dev]'")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def axe() -> str:
    try:
        import axe_playwright_python
    except ImportError:
        unavailable("axe-playwright-python is not installed: pip install -e '.[dev]'")
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
