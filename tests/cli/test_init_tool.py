"""itsm init --tool: what the workflows install is fixed by the repository, hash by hash."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from itsm_as_code import wheel
from itsm_as_code.records.document import parse
from tests.conftest import ROOT, Run, Workshop, codes
from tests.test_dependencies import pins

PEOPLE = [part for name in ("alice", "bob", "erin") for part in ("--person", f"{name} <{name}@shop.example>")]
DIGEST = "sha256:" + "0" * 64


def test_the_wheel_of_the_running_program_lies_beside_a_lock_with_hashes(tmp_path: Path, itsm: Run) -> None:
    code, _, err = itsm("init", tmp_path / "org", *PEOPLE)
    content = (tmp_path / "org/.itsm" / wheel.name()).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert (code, f"local wheel {wheel.name()}" in err, f"sha256:{digest}" in err) == (0, True, True)
    lock = (tmp_path / "org/.itsm/requirements.txt").read_text()
    assert f"./{wheel.name()} --hash=sha256:{digest}\n" in lock
    pinned = [line for line in lock.splitlines() if line and not line.startswith((" ", "#", "./"))]
    assert all("==" in line for line in pinned)
    assert lock.count("--hash=sha256:") >= len(pinned) + 1
    assert wheel.build() == content


def test_what_a_new_repository_installs_is_what_is_tested() -> None:
    run, locked = pins("run"), pins("locked")
    assert run.items() <= locked.items()
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {Requirement(text).name for text in needed} <= run.keys()


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_nothing_refers_to_a_name_at_an_index(forge: str, tmp_path: Path, itsm: Run) -> None:
    assert itsm("init", tmp_path / "org", "--forge", forge, *PEOPLE)[0] == 0
    for path in (tmp_path / "org").rglob("*"):
        if path.is_file() and path.suffix != ".whl" and "schemas" not in path.parts:
            text = path.read_text()
            assert not re.search(r"itsm-as-code *[=<>~]=", text), path
            for line in re.findall(r"pip install(?:.*\\\n)*.*", text):
                assert "--require-hashes" in line.replace("\\\n", ""), path
                assert "--only-binary :all:" in line, path


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("itsm-as-code", "a name is whoever's it is"),
        ("itsm-as-code==0.1.0", "add its hash"),
        ("-r https://evil.example/x.txt#sha256=" + "0" * 64, "add its hash"),
        ("git+https://forge.example/itsm@main", "add its hash"),
        ("tool.whl", "cannot read tool.whl"),
        (f"{ROOT / 'LICENSE'}.whl", "cannot read"),
    ],
)
def test_a_tool_that_is_not_fixed_is_refused(given: str, told: str, tmp_path: Path, itsm: Run) -> None:
    code, _, err = itsm("init", tmp_path / "org", "--tool", given)
    assert (code, told in err) == (2, True), err
    assert not (tmp_path / "org").exists()


def test_a_wheel_is_compared_with_its_published_digest(tmp_path: Path, itsm: Run) -> None:
    file = tmp_path / wheel.name()
    file.write_bytes(b"released")
    digest = hashlib.sha256(b"released").hexdigest()
    code, _, err = itsm("init", tmp_path / "org", "--tool", f"{file}#{DIGEST.replace(':', '=')}")
    assert (code, "was published" in err) == (2, True)
    code, _, err = itsm("init", tmp_path / "org", "--tool", f"{file}#sha256={digest}")
    assert (code, "local" in err, digest in err) == (0, False, True)
    assert (tmp_path / "org/.itsm" / wheel.name()).read_bytes() == b"released"


def test_a_requirement_with_its_hash_is_taken_as_it_is(tmp_path: Path, itsm: Run) -> None:
    url = f"itsm-as-code @ https://forge.example/itsm-1.0-py3-none-any.whl#{DIGEST.replace(':', '=')}"
    assert itsm("init", tmp_path / "org", "--tool", url)[0] == 0
    assert f"\n{url}\n" in (tmp_path / "org/.itsm/requirements.txt").read_text()
    assert [path.name for path in (tmp_path / "org/.itsm").iterdir()] == ["requirements.txt"]


def test_changing_the_tool_takes_governance_whatever_the_rules_say(workshop: Workshop) -> None:
    rule = '    - {name: tools, match: {paths: [".itsm/**"]}, approvals: [{from: {anyone: true}}]}\n'
    approvals = workshop.path / "policies/approvals/all.yaml"
    workshop.git("checkout", "-q", "main")
    approvals.write_text(approvals.read_text() + rule)
    workshop.write(wheel.LOCK, "# lock\nitsm @ https://forge.example/itsm.whl\n")
    workshop.commit("Cover the tool", who="erin")
    workshop.git("checkout", "-q", "-B", "topic", "main")
    workshop.write(wheel.LOCK, "# lock\nitsm @ https://evil.example/itsm.whl\n")
    workshop.commit()
    workshop.review("bob")
    before = workshop.judge()
    assert (before.verdict, codes(before)) == ("pending", ["approval-missing"])
    assert "1 approval missing from role governance" in before.reasons[0].message
    workshop.review("dave")
    assert workshop.judge().verdict == "approved"


def test_the_gate_prints_what_the_base_fixes(workshop: Workshop, itsm: Run) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.write(wheel.LOCK, f"# lock\n./{wheel.name()} --hash={DIGEST}\x1b[2J\nclick==8\n")
    workshop.commit("Fix the tool", who="erin")
    _, _, err = itsm("-C", workshop.path, "gate", "--base", "main", "--head", "topic", "--as", "alice")
    assert f"the base fixes the program: ./{wheel.name()} --hash={DIGEST}[2J\n" in err


def repacked(target: Path) -> None:
    """A wheel of each installed distribution that the program needs, as an index would give it."""
    target.mkdir()
    for name in pins("run"):
        try:
            own = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # of other versions of Python
        tags = re.findall(r"^Tag: (\S+)$", own.read_text("WHEEL") or "", re.MULTILINE)
        files = [file for file in own.files or () if ".." not in file.parts and "__pycache__" not in file.parts]
        rows = "".join(f"{file},,\n" for file in files)
        with zipfile.ZipFile(target / f"{name.replace('-', '_')}-{own.version}-{tags[-1]}.whl", "w") as archive:
            for file in files:
                content = rows.encode() if file.name == "RECORD" else Path(str(file.locate())).read_bytes()
                archive.writestr(str(file), content)


@pytest.mark.deep
def test_the_workflows_install_from_the_hashed_files_alone_and_judge(tmp_path: Path, itsm: Run) -> None:
    """The step as it is written, in a clone of a bare remote, with an index that nobody answers at."""
    repacked(tmp_path / "wheels")
    shop = Workshop(tmp_path / "org")
    assert itsm("init", shop.path, *PEOPLE, "--wheels", tmp_path / "wheels")[0] == 0
    shop.git("init", "-q", "-b", "main", "--template=")
    shop.commit("Start", who="erin")
    shop.git("clone", "-q", "--bare", str(shop.path), str(tmp_path / "remote.git"))
    shop.git("clone", "-q", str(tmp_path / "remote.git"), str(tmp_path / "clone"))
    shutil.rmtree(tmp_path / "clone/.itsm")  # what lies in the work tree is nobody's business
    steps = parse((shop.path / ".github/workflows/gate.yml").read_bytes())["jobs"]["gate"]["steps"]
    (script,) = [step["run"] for step in steps if step["name"] == "Install itsm"]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/pip").symlink_to(Path(str(metadata.distribution("pip").locate_file("pip"))))
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(tmp_path / "lib"),
        "HOME": str(tmp_path),
        "PIP_PYTHON": str(tmp_path / "venv/bin/python"),
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_NO_COMPILE": "1",
    }

    def install() -> subprocess.CompletedProcess[str]:
        command = ["bash", "-e", "-o", "pipefail", "-c", script]
        return subprocess.run(command, cwd=tmp_path / "clone", env=environment, capture_output=True, text=True)

    done = install()
    assert done.returncode == 0, done.stderr
    assert wheel.sha256(wheel.build()).removeprefix("sha256:") in done.stdout
    shop.git("checkout", "-q", "-b", "topic")
    shop.write("README.md", "Changed.\n")
    shop.commit()
    gate = [str(tmp_path / "venv/bin/itsm"), "-C", str(shop.path), "gate", "--base", "main", "--head", "topic"]
    judged = subprocess.run(
        [*gate, "--as", "alice", "--with-review", "bob:approve", "--now", "2026-11-22T12:00:00Z"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "approved" in judged.stdout
    clone = Workshop(tmp_path / "clone")
    clone.git("checkout", "-q", ".")
    clone.write(f".itsm/{wheel.name()}", b"another program")
    clone.commit("Another program under the same name")
    done = install()
    assert (done.returncode != 0, "DO NOT MATCH THE HASHES" in done.stderr) == (True, True), done.stderr
