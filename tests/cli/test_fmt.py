"""itsm fmt: what is written, what is only said, and the exit codes."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run

PERSON = "kind: Person\napiVersion: itsm/v1\nmetadata: {name: ann, title: Ann}\nspec:\n    emails: [a@x.example]\n"
IN_FORM = "apiVersion: itsm/v1\nkind: Person\nmetadata: {name: ann, title: Ann}\nspec:\n  emails: [a@x.example]\n"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    top = tmp_path / "records"
    (top / "people").mkdir(parents=True)
    (top / "people/ann.yaml").write_text(PERSON)
    (top / "people/bob.yaml").write_text(IN_FORM.replace("ann", "bob"))
    (top / "itsm.yaml").write_text('apiVersion: itsm/v1\nkind: Configuration\nspec: {timezone: "UTC"}\n')
    (top / "notes.yaml").write_text("anything:   goes\n")
    return top


def test_the_repository_is_in_form(itsm: Run) -> None:
    code, out, err = itsm("-C", ROOT, "fmt", "--check")
    assert (code, err) == (0, ""), out
    assert itsm("-C", ROOT / "tests/fixtures/small", "fmt", "--check")[0] == 0


def test_writes_and_then_has_nothing_to_do(itsm: Run, top: Path) -> None:
    code, out, _ = itsm("-C", top, "fmt")
    assert (code, out) == (0, "formatted: people/ann.yaml\n1 formatted, 2 left as they are\n")
    assert (top / "people/ann.yaml").read_text() == IN_FORM
    assert (top / "notes.yaml").read_text() == "anything:   goes\n"
    assert sorted(path.name for path in (top / "people").iterdir()) == ["ann.yaml", "bob.yaml"]
    assert itsm("-C", top, "fmt")[:2] == (0, "0 formatted, 3 left as they are\n")


def test_check_lists_and_writes_nothing(itsm: Run, top: Path) -> None:
    code, out, _ = itsm("-C", top, "fmt", "--check")
    assert (code, out) == (1, "would change: people/ann.yaml\n1 would change, 2 left as they are\n")
    assert (top / "people/ann.yaml").read_text() == PERSON
    assert itsm("-C", top, "fmt", "--check", "people/bob.yaml")[0] == 0


def test_diff_shows_and_writes_nothing(itsm: Run, top: Path) -> None:
    code, out, _ = itsm("-C", top, "fmt", "--diff")
    assert code == 1
    assert "--- a/people/ann.yaml\n+++ b/people/ann.yaml\n" in out
    assert "-    emails: [a@x.example]\n+  emails: [a@x.example]\n" in out
    assert (top / "people/ann.yaml").read_text() == PERSON


def test_json(itsm: Run, top: Path) -> None:
    code, out, _ = itsm("-C", top, "fmt", "--check", "--format", "json")
    report = json.loads(out)
    assert code == 1
    assert report["schema"] == "itsm/fmt/v1"
    assert report["summary"] == {"files": 3, "changed": 1, "written": False}
    assert report["changed"] == ["people/ann.yaml"]


def test_a_file_that_cannot_be_read_is_a_finding_and_nothing_is_written(itsm: Run, top: Path) -> None:
    (top / "people/bad.yaml").write_text("a: [1\n")
    code, out, _ = itsm("-C", top, "fmt")
    assert code == 1
    assert "error[yaml-syntax]" in out
    assert "--> people/bad.yaml:2:1" in out
    assert "1 could not be read and nothing was written" in out
    assert (top / "people/ann.yaml").read_text() == PERSON
    (top / "people/bad.yaml").write_text("# " + "x" * (1 << 20))
    assert "yaml-limit" in itsm("-C", top, "fmt")[1]


def test_what_cannot_be_normalised_is_said_and_no_failure(itsm: Run, top: Path) -> None:
    source = IN_FORM.replace("spec:\n", "spec:\n  jobTitle: # now\n    Clerk\n")
    (top / "people/ann.yaml").write_text(source)
    code, out, _ = itsm("-C", top, "fmt", "--check")
    assert code == 0
    assert "info[format-kept]" in out
    assert "--> people/ann.yaml:6:5" in out


def test_a_symbolic_link_is_left_alone(itsm: Run, top: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(PERSON)
    (top / "people/link.yaml").symlink_to(outside)
    for arguments in ([], ["people/link.yaml"]):
        code, out, _ = itsm("-C", top, "fmt", *arguments)
        assert code == 0
        assert "a symbolic link" in out
    assert outside.read_text() == PERSON
    assert (top / "people/link.yaml").is_symlink()


def test_permissions_stay(itsm: Run, top: Path) -> None:
    (top / "people/ann.yaml").chmod(0o740)
    itsm("-C", top, "fmt")
    assert (top / "people/ann.yaml").stat().st_mode & 0o777 == 0o740


def test_a_disk_that_takes_nothing(itsm: Run, top: Path) -> None:
    before = (top / "people/ann.yaml").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))  # binds every user, as a full disk does
    try:
        code, _, err = itsm("-C", top, "fmt")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 2
    assert "cannot write" in err
    assert (top / "people/ann.yaml").read_bytes() == before
    assert sorted(path.name for path in (top / "people").iterdir()) == ["ann.yaml", "bob.yaml"]


def test_a_named_file_need_not_lie_in_a_folder_of_records(itsm: Run, top: Path) -> None:
    (top / "drafts").mkdir()
    (top / "drafts/one.yaml").write_text(PERSON)
    assert itsm("-C", top, "fmt", "drafts")[1] == "0 formatted, 0 left as they are\n"
    assert itsm("-C", top, "fmt", "drafts/one.yaml")[0] == 0
    assert (top / "drafts/one.yaml").read_text() == IN_FORM
    code, out, _ = itsm("-C", top, "fmt", "notes.yaml")
    assert code == 1
    assert "not a record" in out


@pytest.mark.parametrize("path", ["nowhere", "people/nobody.yaml", "..", "/"])
def test_a_path_that_is_not_there_or_outside(itsm: Run, top: Path, path: str) -> None:
    code, _, err = itsm("-C", top, "fmt", path)
    assert code == 2
    assert "there is no file or folder" in err or "lies outside" in err


def test_paths_may_be_given_from_where_one_is(itsm: Run, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(top / "people")
    assert itsm("-C", "..", "fmt", "--check", "ann.yaml")[0] == 1
    monkeypatch.chdir(top)
    assert itsm("fmt", "--check", ".")[0] == 1


@pytest.mark.parametrize("place", ["people", "nothing"])
@pytest.mark.parametrize("options", [(), ("--check",), ("--diff",)])
def test_a_folder_without_records_is_not_in_form(place: str, options: tuple[str, ...], itsm: Run, top: Path) -> None:
    """A check in the wrong folder must not pass."""
    (top / place).mkdir(exist_ok=True)
    code, out, err = itsm("-C", top / place, "fmt", *options)
    assert (code, out) == (2, "")
    assert "holds no records" in err


def test_the_terminal_is_not_obeyed(itsm: Run, top: Path) -> None:
    (top / "people/a\x1b[31m.yaml").write_text(PERSON)
    assert "\x1b" not in itsm("-C", top, "fmt", "--diff")[1]
