"""The how-to about report formats, followed to the letter: the module that it shows is a format of its command."""

from __future__ import annotations

import importlib
from pathlib import Path

import click
import examples
import pytest

from itsm_as_code import reports
from itsm_as_code.cli import _options
from itsm_as_code.reports import formats, renderer, waiver_list
from tests.conftest import ROOT
from tests.reports.test_growth import register_of

PAGE = ROOT / "docs" / "how-to" / "add-a-report-format.md"


def test_the_module_of_the_page_is_a_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [block for _, found in examples.sections(PAGE.read_text("utf-8")) for block in found]
    (block,) = [block for block in blocks if block.info[0] == "python"]
    file = tmp_path / block.info[1].removeprefix("file=src/itsm_as_code/reports/")
    file.parent.mkdir()
    file.write_text(block.body, "utf-8")
    for package in (reports, waiver_list):
        folder = tmp_path if package is reports else file.parent
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    importlib.invalidate_caches()
    assert formats("waiver_list") == ["text", "json", "markdown", "csv"]
    (option,) = [item for item in _options_of("waiver_list") if item.name == "format"]
    assert option.type.choices == ("text", "json", "markdown", "csv")
    table = renderer("waiver_list", "markdown")(register_of(2, " | <b>"))
    assert table.splitlines()[2] == "| active | n0 \\| \\<b\\> | r | 2026\\-11-22T12&#58;00&#58;00Z | b |"


def _options_of(report: str) -> list[click.Parameter]:
    @click.command()
    @_options.common_options(report)
    def command(session: object) -> None:
        """Prints it."""

    return command.params
