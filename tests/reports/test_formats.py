"""Formats are the modules of a report's package: one file each, which names itself."""

from __future__ import annotations

import pkgutil
from pathlib import Path

import pytest

from itsm_as_code import reports
from itsm_as_code.errors import ItsmError
from itsm_as_code.reports import formats, renderer
from tests.reports import renderers

REPORTS = [module.name for module in pkgutil.iter_modules(reports.__path__) if module.ispkg]


@pytest.fixture
def more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for more reports."""
    monkeypatch.setattr(reports, "__path__", [*reports.__path__, str(tmp_path)])
    (tmp_path / "made_up").mkdir()
    return tmp_path / "made_up"


@pytest.mark.parametrize("report", REPORTS)
def test_people_come_first_and_programs_second(report: str) -> None:
    assert formats(report)[:2] == ["text", "json"]
    assert all(map(callable, renderers(report).values()))


def test_a_file_is_a_format(more: Path) -> None:
    for name in ("text", "zebra", "in_toto", "github", "_words"):
        (more / f"{name}.py").write_text(f'"""For {name}."""\ndef render(what): return f"{name} {{what}}"\n')
    assert formats("made_up") == ["text", "github", "in-toto", "zebra"]
    assert renderer("made_up", "in-toto")("x") == "in_toto x"


@pytest.mark.parametrize("name", ["JUnit", "code-quality", "2d", "a__b", "a_", "grün"])
def test_a_name_that_no_option_can_have_is_an_error_that_says_so(more: Path, name: str) -> None:
    (more / f"{name}.py").write_text("def render(what): return ''\n")
    with pytest.raises(ItsmError, match=rf"^reports/made_up/{name}\.py cannot be a format of a report$") as error:
        formats("made_up")
    assert "lower-case letters" in error.value.remedy


def test_a_module_without_the_function_is_an_error_that_says_so(more: Path) -> None:
    (more / "later.py").write_text("def rendered(what): return ''\n")
    with pytest.raises(ItsmError, match=r"^reports/made_up/later\.py has no function 'render'$"):
        renderer("made_up", "later")


def test_no_format_is_loaded_to_list_it(more: Path) -> None:
    (more / "broken.py").write_text("raise SystemExit\n")
    assert formats("made_up") == ["broken"]
