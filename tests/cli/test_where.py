"""Where commands work: at the nearest itsm.yaml above them, which may lie in a sub-folder of a larger repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import SMALL, Run, Workshop, copy_tree

NOW = ("--now", "2026-11-22T12:00:00Z")


@pytest.fixture
def larger(tmp_path: Path) -> Workshop:
    """A repository of code whose records lie in ``ops/itsm``, with a folder of records beside them that is no part."""
    shop = Workshop(tmp_path / "larger")
    copy_tree(SMALL, shop.path / "ops" / "itsm")
    shop.write("src/main.py", "print()\n")
    shop.write("services/broken.yaml", "kind: [\n")
    shop.git("init", "-q", "-b", "main", "--template=")
    shop.commit("Start", who="erin")
    return shop


READERS = {
    "validate": ("validate", *NOW),
    "validate-rev": ("validate", "--rev", "HEAD", *NOW),
    "fmt": ("fmt", "--check"),
    "schema": ("schema",),
    "explain": ("explain", "Service/orders"),
    "impact": ("impact", "orders", *NOW),
    "impact-rev": ("impact", "orders", "--rev", "HEAD", *NOW),
    "calendar": ("calendar", "--from", "2026-11-22", "--to", "2026-12-24", *NOW),
    "calendar-rev": (
        "calendar",
        "--from",
        "2026-11-22",
        "--rev",
        "HEAD",
        "--format",
        "ics",
        *NOW,
    ),
    "policy-list": ("policy", "list"),
    "policy-test": ("policy", "test"),
    "policy-coverage": ("policy", "coverage"),
    "waiver-list": ("waiver", "list", *NOW),
}


@pytest.mark.parametrize("command", READERS.values(), ids=READERS)
@pytest.mark.parametrize("folder", ["", "changes/models"])
def test_a_command_says_the_same_in_every_folder_of_the_records(
    command: tuple[str, ...], folder: str, larger: Workshop, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = larger.path.parent / "alone"
    copy_tree(SMALL, alone)
    shop = Workshop(alone)
    shop.git("init", "-q", "-b", "main", "--template=")
    shop.commit("Start", who="erin")
    monkeypatch.chdir(alone)
    wanted = itsm(*command)
    monkeypatch.chdir(larger.path / "ops/itsm" / folder)
    code, out, err = itsm(*command)
    commits = {larger.tip(): shop.tip(), larger.tip()[:12]: shop.tip()[:12]}
    for mine, other in commits.items():
        out, err = out.replace(mine, other), err.replace(mine, other)
    assert (code, out, err) == wanted


def test_the_site_is_built_with_its_history(larger: Workshop, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(larger.path / "ops/itsm/services")
    code, _, err = itsm("build", "-o", larger.path / "site", "--rev", "HEAD", "--history", "2", *NOW)
    assert code == 0, err
    assert list((larger.path / "site").rglob("orders*"))


def test_the_search_ends_at_the_top_of_git(larger: Workshop, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository within another is a place of its own; and so is a folder that no git work tree holds."""
    (larger.path.parent / "itsm.yaml").write_text("kind: Other\n")
    for folder in ("src", "ops"):
        monkeypatch.chdir(larger.path / folder)
        code, _, err = itsm("new", "Team", "team-x", "--set", "members=alice")
        assert (code, "holds no records" in err) == (2, True), err
    loose = larger.path.parent / "loose"
    loose.mkdir()
    monkeypatch.chdir(loose)
    assert "holds no records" in itsm("validate")[2]


def test_the_nearest_itsm_yaml_counts(larger: Workshop, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    larger.write("itsm.yaml", "kind: Other\n")
    monkeypatch.chdir(larger.path / "ops/itsm/people")
    assert itsm("validate", *NOW)[0] == 0


def test_paths_are_given_from_the_folder_or_from_the_top(
    larger: Workshop, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = larger.path / "ops/itsm/services"
    monkeypatch.chdir(folder)
    (folder / "orders.yaml").write_text((folder / "orders.yaml").read_text().replace("owner:", "ownr:"))
    for path in ("orders.yaml", "services/orders.yaml", str(folder / "orders.yaml"), "."):
        code, out, _ = itsm("validate", path, "--format", "json", *NOW)
        findings = json.loads(out)["findings"]
        assert code == 1
        assert {item["path"] for item in findings} == {"services/orders.yaml"}
    assert "nowhere" in itsm("validate", "nowhere")[2]
    code, _, err = itsm("validate", larger.path / "src")
    assert (code, "lies outside" in err) == (2, True)
