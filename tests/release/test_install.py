"""The release as its workflow makes it, and the image as its file says: built, installed, used."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from itsm_as_code.records.document import parse
from tests.conftest import ROOT
from tests.release.test_definitions import instructions
from tests.test_dependencies import pins

pytestmark = pytest.mark.deep
BASE = os.environ.get("ITSM_TEST_BASE_IMAGE", instructions()[0][1].partition("=")[2])
"""What the image is built on: what its file names, or one that is here already (Debian with Python and its venv)."""


class Release:
    """A clone of this repository with a changelog of its version, and the job that builds, step by step."""

    def __init__(self, folder: Path) -> None:
        self.path, self.temp = folder / "clone", folder / "temp"
        (folder / "bin").mkdir()
        (folder / "bin/python").symlink_to(sys.executable)
        self.temp.mkdir()
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
        who = {f"GIT_{role}_{key}": "ada@x.example" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
        self.environment = {**kept, **who, "HOME": str(folder), "RUNNER_TEMP": str(self.temp), "TAG": "v0.1.0",
                            "BRANCH": "main", "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}  # fmt: skip
        self.run(f"git clone -q '{ROOT}' '{self.path}'", folder)
        self.run("sed -i 's/^## .Unreleased.$/## [0.1.0] - 2026-12-01/' CHANGELOG.md; git commit -qam 'Release 0.1.0'")
        self.run("git update-ref refs/remotes/origin/main HEAD")

    def run(self, script: str, folder: Path | None = None) -> str:
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=folder or self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        if re.search(r"No matching distribution|Connection|Temporary failure", done.stderr) and "CI" not in os.environ:
            pytest.skip(f"packages cannot be had here: {done.stderr[-300:]}")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def wheel(self) -> Path:
        return next((self.path / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    found = Release(tmp_path_factory.mktemp("release"))
    steps = parse((ROOT / ".github/workflows/release.yml").read_bytes())["jobs"]["build"]["steps"]
    for step in steps:
        if "run" in step:
            found.run(step["run"])
    return found


def test_the_job_hands_over_what_it_built(release: Release) -> None:
    assert "### Added" in (release.path / "notes/notes.md").read_text()
    names = {path.name for path in (release.path / "dist").iterdir()}
    packages = {"itsm_as_code-0.1.0-py3-none-any.whl", "itsm_as_code-0.1.0.tar.gz"}
    assert names == packages | {"itsm-as-code.cdx.json", "SHA256SUMS"}
    release.run("cd dist && sha256sum --check --strict SHA256SUMS")
    listed = (release.path / "dist/SHA256SUMS").read_text()
    assert {line.split()[1] for line in listed.splitlines()} == names - {"SHA256SUMS"}


def test_the_bill_of_materials_is_the_lock(release: Release) -> None:
    bill = json.loads((release.path / "dist/itsm-as-code.cdx.json").read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["version"]) == ("CycloneDX", "0.1.0")
    assert {item["name"]: item["version"] for item in bill["components"]} == pins("run")
    lock = (ROOT / "requirements/run.txt").read_text()
    for item in bill["components"]:
        (place,) = [one for one in item["externalReferences"] if one["type"] == "distribution"]
        assert all(digest["content"] in lock for digest in place["hashes"]), item["name"]


def test_the_sdist_makes_the_same_wheel_and_holds_the_tests(release: Release) -> None:
    """Whoever packages it builds from the sdist alone."""
    source = release.temp / "source"
    with tarfile.open(next((release.path / "dist").glob("*.tar.gz"))) as archive:
        archive.extractall(source, filter="data")
    (top,) = source.iterdir()
    assert (top / "tests/release/test_install.py").is_file()
    build = f"'{release.path}/.venv-release/bin/python' -m build --no-isolation --wheel --outdir '{release.temp}/again'"
    release.run(f"export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct); cd '{top}'; {build}")
    (again,) = (release.temp / "again").iterdir()
    assert again.read_bytes() == release.wheel.read_bytes()


def test_what_is_installed_is_the_wheel_and_shows_its_example(release: Release) -> None:
    itsm = release.temp / "tried/bin/itsm"
    assert release.run(f"'{itsm}' --version", release.temp) == "itsm 0.1.0\n"
    said = release.run(f"'{itsm}' -C '{release.path}' validate 2>&1")
    assert re.search(r"\d{3} records: \d+ warnings", said)
    with zipfile.ZipFile(release.wheel) as archive:
        names = archive.namelist()
    assert "itsm_as_code/_shipped/workflows/gate.yml" in names
    assert not [name for name in names if name.startswith(("tests", "docs")) or name.endswith((".pyc", "release.yml"))]


def test_the_steps_of_the_image_leave_a_program_without_pip(release: Release, tmp_path: Path) -> None:
    """The steps that install, in a scratch environment instead of /opt/itsm."""
    place = tmp_path / "build"
    place.mkdir()
    for source in (ROOT / "requirements/run.txt", release.wheel):
        shutil.copy(source, place)
    for name, rest in instructions():
        if name == "RUN" and "/opt/itsm" in rest:
            release.run(rest.replace("/opt/itsm", str(tmp_path / "itsm")).replace("/build/", f"{place}/"), tmp_path)
    assert release.run(f"'{tmp_path}/itsm/bin/itsm' --version", tmp_path) == "itsm 0.1.0\n"
    assert not list((tmp_path / "itsm/lib").glob("python*/site-packages/pip"))


@pytest.fixture
def buildah(release: Release) -> Iterator[list[str]]:
    """The builder, with the image as `itsm-under-test`."""
    program = shutil.which("buildah")
    if program is None:
        pytest.skip("no builder of images is here (buildah)")
    release.environment |= {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
    release.environment |= {"HOME": os.environ.get("HOME", "/")}
    if subprocess.run([program, "inspect", "--type", "image", BASE], env=release.environment,
                      capture_output=True).returncode:  # fmt: skip
        pytest.skip(f"the base image is not here: {BASE} (ITSM_TEST_BASE_IMAGE names another)")
    given = " ".join(f"--env {name}" for name in release.environment if name.startswith(("PIP_", "SSL_")))
    mounts = "".join(
        f" --volume {path}:{path}:ro" for path in ("/etc/ssl/certs", "/etc/pip.conf") if Path(path).exists()
    )
    release.run(
        f"buildah build --pull-never --build-arg BASE={BASE} {given}{mounts} -t itsm-under-test -f Containerfile ."
    )
    container = release.run("buildah from --pull-never itsm-under-test").strip()
    yield ["buildah", "run", "--volume", f"{release.path}:/records:ro", container, "--"]
    release.run(f"buildah rm {container}; buildah rmi itsm-under-test")


def test_the_image_judges_and_signs_as_somebody_without_rights(release: Release, buildah: list[str]) -> None:
    def inside(script: str) -> str:
        return release.run(f"{' '.join(buildah)} sh -c '{script}'")

    assert inside("itsm --version; id -u; pwd") == "itsm 0.1.0\n10001\n/records\n"
    assert "warnings" in inside("itsm validate 2>&1 | tail -1")
    assert "VERDICT" in inside("itsm gate --base HEAD~1 --head HEAD --as alice 2>&1 || true").upper()
    assert "BEGIN SSH SIGNATURE" in inside(
        'ssh-keygen -q -t ed25519 -N "" -f /tmp/key && echo x | ssh-keygen -Y sign -q -f /tmp/key -n itsm'
    )
    assert inside("touch /opt/itsm/x 2>/dev/null || echo refused") == "refused\n"
