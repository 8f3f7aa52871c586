"""What an import says where there is nothing to import: no silence, and no repository made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from itsm_as_code.interchange import names
from tests.conftest import Run


@pytest.mark.parametrize("name", names())
def test_an_empty_file_is_an_error(name: str, tmp_path: Path, itsm: Run) -> None:
    (tmp_path / "export.json").write_text("\n")
    mapped = ["--map", "servicenow-change"] if name == "csv" else []
    code, out, err = itsm("import", name, str(tmp_path / "export.json"), *mapped, "--into", str(tmp_path / "records"))
    assert (code, out) == (2, "")
    assert "export.json: there is nothing in it" in err
    assert not (tmp_path / "records").exists()


@pytest.mark.parametrize(("name", "text"), [("openslo", "# later\n"), ("upptime", "[]"), ("alerts", "[]")])
def test_a_file_without_entries_is_told(name: str, text: str, tmp_path: Path, itsm: Run) -> None:
    (tmp_path / "export.yaml").write_text(text)
    code, out, _ = itsm("import", name, str(tmp_path / "export.yaml"), "--into", str(tmp_path / "records"))
    assert code == 0
    assert out.startswith(f"nothing to import was found: is it what 'itsm import {name}' reads?\n")
    assert not (tmp_path / "records").exists()


def test_a_refused_table_makes_no_repository(tmp_path: Path, itsm: Run) -> None:
    (tmp_path / "costs.csv").write_text("a,b\n1,2\n")
    code, out, _ = itsm("import", "focus", str(tmp_path / "costs.csv"), "--into", str(tmp_path / "records"))
    assert (code, "say which it is: --map amount=COLUMN" in out) == (1, True)
    assert not (tmp_path / "records").exists()
