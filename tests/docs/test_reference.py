"""The generated pages are those that the program, its schemas and its records give now."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import generate
import pytest

from tests.docs.pages import ROOT


@pytest.fixture(scope="module")
def fresh() -> dict[str, str]:
    return generate.pages(but_transcripts=True)


@pytest.mark.slow
def test_pages_are_up_to_date(fresh: dict[str, str]) -> None:
    stale = [path for path, text in fresh.items() if _written(path) != text]
    assert stale == [], "run: python docs/generate.py"


@pytest.mark.deep
@pytest.mark.parametrize(("path", "make"), [(generate.DEMO, generate.demo), (generate.STORIES, generate.stories)])
def test_transcripts_are_up_to_date(path: str, make: Callable[[], str]) -> None:
    """What the demo prints is compared with its page by tests/demo as well."""
    assert _written(path) == generate.NOTE + make()


@pytest.mark.slow
def test_no_page_is_left_over(fresh: dict[str, str]) -> None:
    assert generate.stale_pages(fresh) == [], "run: python docs/generate.py"


def test_every_reason_of_the_gate_is_explained() -> None:
    """The codes stand in the code as literals; the guides list what to do about each."""
    sources = "".join(path.read_text("utf-8") for path in sorted((ROOT / "src/itsm_as_code/gate").glob("*.py")))
    reasons = set(re.findall(r'Reason\(\s*"([a-z-]+)"', sources))
    ignored = set(re.findall(r'Ignored\([^"]*"[^"]*", "([a-z-]+)"\)', sources))
    ignored |= set(re.findall(r'return f?"[^"]*", "([a-z-]+)"$', sources, re.MULTILINE))
    assert reasons, "the pattern finds no code any more"
    assert ignored, "the pattern finds no code any more"
    guides = ("read-a-verdict", "approve-without-a-forge", "ask-before-you-deploy")
    texts = "".join((ROOT / f"docs/how-to/{guide}.md").read_text("utf-8") for guide in guides)
    explained = set(re.findall(r"`([a-z-]+)`", texts))
    assert (reasons | ignored) - explained == set()


def _written(path: str) -> str | None:
    file = Path(generate.DOCS) / path
    return file.read_text("utf-8") if file.is_file() else None
