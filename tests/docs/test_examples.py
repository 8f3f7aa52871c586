"""The examples of the pages written by hand do what the pages say."""

from __future__ import annotations

import shutil
from pathlib import Path

import examples
import pytest

from tests.docs.pages import name

needs_shell = pytest.mark.skipif(shutil.which("bash") is None, reason="the examples are for a POSIX shell")


LARGE = {f"docs/how-to/{page}.md" for page in (
    "add-a-kind", "follow-a-policy", "judge-a-large-repository", "publish-the-site", "tune-the-risk-table"
)}  # fmt: skip
"""Pages whose examples build or judge all of the example organisation several times: for the volume run."""
PAGES = [
    pytest.param(page, id=name(page), marks=[pytest.mark.deep] if name(page) in LARGE else [])
    for page in examples.documents()
]


def test_the_large_ones_are_there() -> None:
    assert {name(page) for page in examples.documents()} >= LARGE


@needs_shell
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_examples_print_what_the_page_says(page: Path) -> None:
    found = [f"says:\n{item.written}prints:\n{item.fresh}" for item in examples.differences(page)]
    assert found == [], "\n\n".join([*found, "run: python docs/examples.py"])


@needs_shell
def test_a_wrong_output_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\necho one\necho two\n```\n\n```text\none\nthree\n```\n")
    (difference,) = examples.differences(page)
    assert (difference.written, difference.fresh) == ("one\nthree\n", "one\ntwo\n")


@needs_shell
def test_files_variables_and_folders_last_for_a_section(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\nmkdir a\ncd a\nword=yes\n```\n\n```yaml file=b/c.yaml\nx: 1\n```\n\n"
        "```sh\ncat b/c.yaml\necho $word\n```\n\n```text\nx: 1\nyes\n```\n\n"
        "<!-- example: empty -->\n\n```sh\nls\n```\n\n```text\n```\n"
    )
    assert examples.differences(page) == []


@pytest.mark.parametrize(
    ("written", "fresh", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nd\n", True),
        ("a\n…\nd\n", "a\nb\n", False),
        (f"sha256:{'0' * 64}\n", f"sha256:{'f' * 64}\n", True),
        ("1.5\n", "115\n", False),
    ],
)
def test_outputs_are_compared(written: str, fresh: str, same: bool) -> None:
    assert examples.matches(written, fresh) is same
