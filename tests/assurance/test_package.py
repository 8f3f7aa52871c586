"""An auditor checks changes with git, ssh-keygen and sha256sum, by the page of the package, without this program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests.assurance.built import land, with_approval_of
from tests.assurance.tools import LATER, Firm, copy
from tests.conftest import Run, Workshop

TOOLS: Final = (
    *("sh", "git", "ssh-keygen", "sha256sum", "cut", "grep", "sed", "tail", "tr", "rm"),
    *("mktemp", "cat", "ls", "sort"),
)
KEYS: Final = dict.fromkeys(("bob", "dave", "erin"), Path())
_BLOCK: Final = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="session")
def first_packed(tmp_path_factory: pytest.TempPathFactory, first_firm: Firm) -> Path:
    """A folder with a package of three changes, and an auditor's clone: one branch, no notes."""
    place = tmp_path_factory.mktemp("packed")
    firm = copy(first_firm, place / "firm")
    for name, how in (("merged", "merge"), ("squashed", "squash"), ("rebased", "rebase")):
        land(firm, name, how)
    firm.note()
    from itsm_as_code.cli.program import run

    stamp = LATER.isoformat().replace("+00:00", "Z")
    where = ["-C", str(firm.shop.path), "--now", stamp, "-o", str(place / "answer")]
    assert run(["audit", *where, "--sample", "3", "--seed", "7", "--package", str(place / "package")]) == 0
    firm.git("clone", "-q", "--no-local", "--single-branch", "-b", "main", str(firm.shop.path), str(place / "clone"))
    return place


@pytest.fixture
def packed(first_packed: Path, tmp_path: Path) -> Path:
    for name in ("package", "clone"):
        shutil.copytree(first_packed / name, tmp_path / name)
    return tmp_path


def follow_the_page(packed: Path) -> tuple[int, list[str]]:
    """Run the lines of the page with nothing but the auditor's tools."""
    tools = packed / "tools"
    tools.mkdir()
    for name in TOOLS:
        (tools / name).symlink_to(shutil.which(name) or name)
    page = (packed / "package/README.md").read_text()
    script = "\n".join(body for _, body in _BLOCK.findall(page))
    environment = {"PATH": str(tools), "HOME": str(packed), "CLONE": str(packed / "clone"), "TMPDIR": str(packed)}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["sh", "-c", script], cwd=packed / "package", env=environment, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout.splitlines() + done.stderr.splitlines()


def test_three_changes_are_checked_without_this_program(packed: Path) -> None:
    code, said = follow_the_page(packed)
    assert code == 0, said
    assert said[-1] == "all of it holds"
    assert len({line.split()[1] for line in said if line.endswith("signature")}) == 3
    assert sum(line.endswith("approved by bob") for line in said) == 3
    assert sum("is what merging" in line for line in said) == 3
    assert not [line for line in said if not line.startswith("ok ") and line != said[-1]]


def seal(package: Path) -> None:
    """The manifest, as whoever altered the folder would write it."""
    (package / "MANIFEST.sha256").unlink()
    files = sorted(path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file())
    done = subprocess.run(["sha256sum", *files], cwd=package, capture_output=True, text=True, check=True)
    (package / "MANIFEST.sha256").write_text(done.stdout)


def edit(file: Path, old: bytes, new: bytes) -> None:
    content = file.read_bytes()
    assert content.count(old) >= 1
    file.write_bytes(content.replace(old, new, 1))


@pytest.mark.parametrize("what", ["statement", "approval", "signers", "rules", "population"])
def test_what_was_altered_is_seen(packed: Path, what: str) -> None:
    package = packed / "package"
    change = next(iter(sorted((package / "changes").iterdir())))
    if what == "statement":
        edit(change / "statement.json", b'"verdict":"approved"', b'"verdict":"rejected"')
    elif what == "approval":
        edit(next((change / "approvals").glob("*.json")), b'"verdict":"approved"', b'"verdict":"proposed"')
    elif what == "signers":
        edit(change / "approval-signers", b"AAAAC3NzaC1lZDI1NTE5AAAAI", b"AAAAC3NzaC1lZDI1NTE5AAAAJ")
    elif what == "rules":
        rules = next((package / "rules").glob("*.txt"))
        edit(rules, b"100644", b"100755")
    else:
        lines = (package / "population.csv").read_text().splitlines(keepends=True)
        (package / "population.csv").write_text("".join(lines[:-1]))
    code, said = follow_the_page(packed)
    assert (code, "WRONG manifest" in said) == (1, True)
    shutil.rmtree(packed / "tools")
    seal(package)
    code, said = follow_the_page(packed)
    assert (code, "ok manifest" in said) == (1, True), "the manifest alone is not what it rests on"


def test_an_approval_that_nobody_signed_is_seen(first_packed: Path, itsm: Run, tmp_path: Path) -> None:
    """Whoever has the key of the evidence writes it for a merge that nobody approved."""
    made = copy(Firm(Workshop(first_packed / "firm/repository", 500), first_packed / "firm", KEYS), tmp_path / "firm")
    commit = land(made, "forged", approved=False)
    (true,) = made.prepared(made.ledger()).statements
    made.force(commit, made.signed(with_approval_of("mallory", true.line)))
    stamp = LATER.isoformat().replace("+00:00", "Z")
    where = ("-C", made.shop.path, "--now", stamp, "--range", f"{commit}~1..{commit}")
    assert itsm("audit", *where, "--package", tmp_path / "package")[0] == 1
    made.git("clone", "-q", "--no-local", "--single-branch", "-b", "main", str(made.shop.path), str(tmp_path / "clone"))
    code, said = follow_the_page(tmp_path)
    wrong = [line for line in said if line.startswith("WRONG")]
    assert (code, wrong) == (1, [f"WRONG {commit} counts mallory, who signed nothing"])


def test_a_package_is_the_same_each_time(first_packed: Path, itsm: Run, tmp_path: Path) -> None:
    stamp = LATER.isoformat().replace("+00:00", "Z")
    where = ("-C", first_packed / "firm/repository", "--now", stamp, "--sample", "3", "--seed", "7")
    assert itsm("audit", *where, "--package", tmp_path / "one.zip")[0] == 0
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        for name in archive.namelist():
            assert archive.read(name) == (first_packed / "package" / name).read_bytes(), name
    code, _, err = itsm("audit", *where, "--package", first_packed)
    assert (code, "does not exist yet" in err) == (2, True)
