"""The approval rules that itsm init writes: every kind and every file of a new repository can be changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from itsm_as_code.cli.program import run
from tests.cli.test_new import FIRST, NOW, REQUIRED
from tests.conftest import Run, Workshop, codes, copied

PEOPLE = [part for name in ("alice", "bob", "dave", "erin") for part in ("--person", f"{name} <{name}@shop.example>")]
NAMES = {"team-shop": "team-first", "orders": "first-service", "backout-is-planned": "backout-fits-the-window"}
NEEDED = {"Incident": ["priority=P3"]}


def answers(kind: str) -> list[str]:
    """What `itsm new` asks for, with the names that stand in a new repository."""
    found = []
    for value in [*REQUIRED[kind], *NEEDED.get(kind, ())]:
        for old, new in NAMES.items():
            value = re.sub(rf"\b{old}\b", new, value)
        found += ["--set", value]
    return found


def started(folder: Path, forge: str) -> Workshop:
    """A fresh repository, with an empty branch of alice."""
    shop = Workshop(folder / "repository")
    assert run(["init", str(shop.path), "--forge", forge, *PEOPLE]) == 0
    shop.git("init", "-q", "-b", "main", "--template=")
    shop.commit("Start", who="erin")
    shop.git("checkout", "-q", "-b", "topic")
    return shop


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """What tests copy."""
    return started(tmp_path_factory.mktemp("first"), "github")


def approved_by_all(shop: Workshop) -> list[str]:
    """Why a pull request of alice is not approved although everybody else approved it."""
    shop.commit()
    for name in ("bob", "dave", "erin"):
        shop.review(name)
    return [reason.message for reason in shop.judge().reasons]


def written(shop: Workshop, kind: str, itsm: Run) -> None:
    """A record of a kind, and the one that it refers to."""
    if kind in FIRST:
        other, name = FIRST[kind]
        assert itsm("-C", shop.path, "new", other, name, *answers(other), *NOW)[0] == 0
    code, _, err = itsm("-C", shop.path, "new", kind, "--title", "Something new", *answers(kind), *NOW)
    assert code == 0, err


def test_every_kind_that_new_writes_can_be_approved(first: Workshop, tmp_path: Path, itsm: Run) -> None:
    """All in one pull request; that none needs another's approval is tried one by one in the volume run."""
    shop = copied(first, tmp_path)
    for kind in sorted(REQUIRED):
        written(shop, kind, itsm)
    assert approved_by_all(shop) == []


@pytest.mark.deep
@pytest.mark.parametrize("kind", sorted(REQUIRED))
def test_every_kind_can_be_approved_by_itself(kind: str, first: Workshop, tmp_path: Path, itsm: Run) -> None:
    shop = copied(first, tmp_path)
    written(shop, kind, itsm)
    assert approved_by_all(shop) == []


OF_HOW_TOS = [
    *(".github/ISSUE_TEMPLATE/laptop.yml", ".gitlab/issue_templates/laptop.md", ".pre-commit-config.yaml"),
    *(".github/workflows/issue.yml", "ci/issue.yml", ".vscode/schemas/change.schema.json"),
    *("CHANGELOG.md", "docs/page.md", "LICENSE", ".editorconfig"),
    *(
        ".github/CODEOWNERS",
        "docs/CODEOWNERS",
        "CODEOWNERS",
        ".gitattributes",
        "services/.gitattributes",
        ".gitmodules",
    ),
]
"""Files beside records that a how-to has one write, or that forges and git look for."""


@pytest.mark.parametrize("forge", ["github", "gitlab", "local"])
def test_every_file_that_init_and_the_how_tos_write_can_be_changed(forge: str, tmp_path: Path) -> None:
    shop = started(tmp_path, forge)
    for path in shop.git("ls-files").splitlines():
        shop.write(path, (shop.path / path).read_bytes() + b"\n")
    for path in OF_HOW_TOS:
        shop.write(path, b"\n")
    shop.commit()
    assert "not-covered" not in codes(shop.judge())


def test_what_no_rule_covers_is_answered_by_the_rule_to_add(first: Workshop, tmp_path: Path) -> None:
    shop = copied(first, tmp_path)
    shop.write("tools/restart.sh", "restart\n")
    [message] = [reason for reason in approved_by_all(shop) if reason.startswith("no approval rule covers")]
    place = "policies/approvals/default.yaml"
    assert message.startswith(f"no approval rule covers tools/restart.sh; add to spec.rules of {place}, in a pull")
    rule = message.partition(": - ")[2]
    shop.git("checkout", "-q", "main")
    shop.write(place, f"{(shop.path / place).read_text()}    - {rule}\n")
    shop.commit("Cover tools", who="erin")
    assert shop.judge().verdict == "approved"
