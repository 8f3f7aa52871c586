"""itsm init --upgrade: workflows, tool and schemas are written anew; what people wrote is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from itsm_as_code import wheel
from tests.conftest import Run

PEOPLE = [part for name in ("alice", "bob", "erin") for part in ("--person", f"{name} <{name}@shop.example>")]


@pytest.fixture
def old(tmp_path: Path, itsm: Run) -> Path:
    """A repository that an older program made: another gate, another schema, no tool of its own."""
    assert itsm("init", tmp_path, *PEOPLE)[0] == 0
    (tmp_path / ".github/workflows/gate.yml").write_text("name: Gate\n")
    (tmp_path / "schemas/change.schema.json").write_text("{}\n")
    (tmp_path / ".itsm/requirements.txt").unlink()
    (tmp_path / f".itsm/{wheel.name()}").unlink()
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_what_the_program_brings_is_written(old: Path, itsm: Run) -> None:
    (old / "schemas/change.schema.json").write_bytes((old / "schemas/team.schema.json").read_bytes())
    before = contents(old)
    code, out, err = itsm("init", "--upgrade", "-C", old)
    assert code == 0, err
    after = contents(old)
    changed = sorted(path for path in after if after[path] != before.get(path))
    assert out.splitlines() == changed
    assert changed == [
        ".github/workflows/gate.yml", f".itsm/{wheel.name()}", ".itsm/requirements.txt", "schemas/change.schema.json"
    ]  # fmt: skip
    assert before.keys() <= after.keys()
    assert itsm("init", "--upgrade", "-C", old)[1] == "all is as this program writes it\n"
    assert itsm("-C", old, "validate")[0] == 0


def test_an_old_check_that_is_required_stays(old: Path, itsm: Run) -> None:
    (old / "schemas/change.schema.json").unlink()
    code, out, err = itsm("init", "--upgrade", "--verdict", "status", "-C", old)
    assert (code, ".github/workflows/verdict.yml" in out, "gate.yml stays" in err) == (0, True, True)
    assert (old / ".github/workflows/gate.yml").read_text() == "name: Gate\n"


def test_there_has_to_be_something(tmp_path: Path, itsm: Run) -> None:
    code, _, err = itsm("init", "--upgrade", "-C", tmp_path)
    assert (code, "holds no itsm.yaml" in err) == (2, True)
