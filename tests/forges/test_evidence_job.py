"""Evidence made after the merge from what GitHub and GitLab tell: the workflow's step, and all that can go wrong."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from itsm_as_code.records.document import parse
from itsm_as_code.records.kinds import KindRegistry
from tests.assurance.tools import entry, settings
from tests.attacks.tools import CHANGE
from tests.conftest import ROOT, Run
from tests.forges.conftest import FACES, Shop
from tests.forges.fake import TOKEN, Face, Said, Server, State, serving
from tests.program import put_program
from tests.signing import make_key

MERGED = "2026-11-22T11:00:00Z"
NOW = "2026-11-22T12:00:00Z"


@dataclass
class Job:
    """The default branch of the shop, whose pull request #17 lives at a forge, and the job's own clone."""

    shop: Shop
    state: State
    face: Face
    server: Server
    folder: Path

    @property
    def clone(self) -> Path:
        return self.folder / "clone"

    @property
    def key(self) -> Path:
        return self.folder / "evidence"

    def merge(self, how: str = "merge") -> str:
        """Merge #17 as a forge does, and let the forge know."""
        work = self.shop.work
        before = work.git("rev-parse", "main")
        work.git("checkout", "-q", "main")
        if how == "merge":
            work.git("merge", "-q", "--no-ff", "-m", "Merge #17", "topic", who="erin")
        elif how == "squash":
            work.git("merge", "-q", "--squash", "topic", who="erin")
            work.git("commit", "-q", "-m", "Tune (#17)", who="alice", committer="erin")
        else:
            work.git("cherry-pick", "--keep-redundant-commits", "-x", "main..topic", who="erin")
        self.state.landed = work.git("rev-list", "--reverse", "--first-parent", f"{before}..main").split()
        self.state.merged_at = MERGED
        return self.state.landed[-1]

    def pull(self) -> None:
        """A fresh clone of the default branch alone."""
        work = self.shop.work
        subprocess.run(["rm", "-rf", str(self.clone)], check=True)
        work.git("clone", "-q", "--single-branch", "--branch", "main", "--no-local", str(work.path), str(self.clone))

    def note(self, itsm: Run, *more: str, key: Path | None = None) -> tuple[int, dict[str, Any]]:
        """What the step runs, in this process."""
        self.pull()
        forge = (
            "--forge",
            self.face.name,
            "--repo",
            self.face.repository,
            "--api-url",
            self.server.base,
            "--wait",
            "0",
        )
        where = ("-C", self.clone, "--now", NOW, "--push", "--key", key or self.key, "--format", "json", "--wait", "0")
        code, out, err = itsm("evidence", "note", *where, *forge, *more)
        if not out:
            return code, {"error": err}
        data = json.loads(out)
        schema = KindRegistry.load().bundled("reports/evidence-noted-report.schema.json")
        jsonschema.Draft202012Validator(schema).validate(data)
        return code, data

    def show(self, itsm: Run, commit: str = "origin/main") -> tuple[int, dict[str, Any]]:
        """What a fresh clone finds."""
        self.pull()
        fetch = ["git", "fetch", "-q", "origin", "+refs/notes/itsm:refs/notes/itsm"]
        subprocess.run(fetch, cwd=self.clone, check=False, capture_output=True)
        code, out, err = itsm("evidence", "show", commit, "-C", self.clone, "--now", NOW, "--format", "json")
        assert err == ""
        data = json.loads(out)
        schema = KindRegistry.load().bundled("reports/evidence-report.schema.json")
        jsonschema.Draft202012Validator(schema).validate(data)
        return code, data


def codes(data: dict[str, Any]) -> list[str]:
    return [row["code"] for row in data.get("reasons", data.get("findings", ()))]


@pytest.fixture(params=["github", pytest.param("gitlab", marks=pytest.mark.deep)])
def job(request: pytest.FixtureRequest, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    """#17 is approved by bob; main names the key, and the repository at the forge."""
    for name in ("GITHUB_TOKEN", "GITLAB_TOKEN"):
        monkeypatch.setenv(name, TOKEN)
    for name in ("GH_TOKEN", "CI_JOB_TOKEN", "GITHUB_API_URL", "CI_API_V4_URL", "GITHUB_REPOSITORY", "CI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    work = shop.work
    key = make_key(tmp_path, "evidence")
    work.git("checkout", "-q", "main")
    text = settings(shop.base, entry(key)).replace("shop/records", "shop/itsm")
    work.write("itsm.yaml", (work.path / "itsm.yaml").read_text().rstrip() + "\n" + text)
    work.commit("Keep evidence", who="erin")
    for heads in ("refs/pull/17/head", "refs/merge-requests/17/head"):
        work.git("update-ref", heads, "topic")
    work.git("config", "uploadpack.allowAnySHA1InWant", "true")
    state = shop.state(request.param)
    shop.approve(state)
    work.git("checkout", "-q", "--detach", "main")
    face = FACES[request.param](state)
    with serving(face) as server:
        yield Job(shop, state, face, server, tmp_path)


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_every_way_of_merging(job: Job, itsm: Run, how: str) -> None:
    commit = job.merge(how)
    code, data = job.note(itsm)
    assert (code, [row["verdict"] for row in data["noted"]]) == (0, ["approved"]), data
    assert data["noted"][0]["commit"] == commit
    assert (data["noted"][0]["mergedAt"], data["noted"][0]["pullRequests"]) == (MERGED, [17])
    code, data = job.show(itsm)
    assert (code, data["reasons"]) == (0, [])
    assert data["statement"]["range"] == job.state.landed
    assert data["statement"]["pullRequests"][0]["mergedBy"] == "erin" + job.state.suffix
    if how == "rebase":
        assert job.show(itsm, "origin/main~1")[0] == 0
    assert job.note(itsm)[1]["noted"] == []


def test_reviews_count_as_of_the_merge(job: Job, itsm: Run) -> None:
    """Bob approved after it was merged: it was merged against the verdict."""
    job.state.reviews = [Said("bob", "approved", job.state.head, "2026-11-22T11:30:00Z")]
    job.merge()
    code, data = job.note(itsm)
    assert (code, codes(data)) == (1, ["evidence-not-approved"])
    assert data["noted"][0]["verdict"] == "pending"


def test_a_review_dismissed_after_the_merge(job: Job, itsm: Run) -> None:
    """The job ran late, so what it was told is not all that was true at the merge."""
    job.state.reviews[0].dismissed_by = "bob"
    job.state.reviews[0].dismissed_at = "2026-11-22T11:30:00Z"
    job.merge()
    code, data = job.note(itsm)
    assert (code, codes(data)[0]) == (1, "evidence-incomplete")
    assert "after the merge" in data["findings"][0]["message"]


def test_a_review_dismissed_after_it_was_noted(job: Job, itsm: Run) -> None:
    """What was noted in time stays: nothing is replaced."""
    job.merge()
    assert job.note(itsm)[0] == 0
    job.state.reviews[0].dismissed_by = "bob"
    job.state.reviews[0].dismissed_at = "2026-11-22T11:30:00Z"
    assert job.note(itsm) == (0, {"schema": "itsm/evidence-noted/v1", "noted": [], "findings": [], "stopped": None})
    assert job.show(itsm)[0] == 0


DISMISSED = Said("bob", "approved", "", "2026-11-22T10:20:00Z", "bob", "2026-11-22T11:30:00Z")
GIVEN = Said("bob", "approved", "", "2026-11-22T11:30:00Z")


@pytest.mark.parametrize(
    ("job", "guard", "said"),
    [
        ("github", "dismissed_since", DISMISSED),  # on GitLab a review that is gone gives no approval, and has no text
        ("github", "edited_since", Said("bob", "approved", "", "2026-11-22T10:20:00Z")),
        ("github", "until", GIVEN),
        ("gitlab", "until", GIVEN),
    ],
    ids=["github-dismissed", "github-edited", "github-given", "gitlab-given"],
    indirect=["job"],
)
def test_only_its_guard_sees_what_came_after_the_merge(
    job: Job, itsm: Run, monkeypatch: pytest.MonkeyPatch, guard: str, said: Said
) -> None:
    """With the guard taken away the evidence says approved, and nothing of what happened since."""
    from itsm_as_code.forges import github, gitlab

    job.state.reviews = [replace(said, commit=job.state.head)]
    job.state.edited = {0: "2026-11-22T11:30:00Z"} if guard == "edited_since" else {}
    job.merge()
    if guard == "until":
        assert job.note(itsm, "--all")[0] == 1
        job.shop.work.git("update-ref", "-d", "refs/notes/itsm")
        job.state.merged_at = "2026-11-22T11:45:00Z"
    elif guard == "edited_since":
        monkeypatch.setattr(github.GitHub, "edited_since", lambda *_: ())
    else:
        for module in (github, gitlab):
            monkeypatch.setattr(module, "dismissed_since", lambda *_: ())
    assert job.note(itsm)[0] == 0


@pytest.mark.parametrize("job", ["github"], indirect=True)  # an approval on GitLab has no text
def test_a_review_edited_after_the_merge(job: Job, itsm: Run) -> None:
    job.state.edited[0] = "2026-11-22T11:30:00Z"
    job.merge()
    code, data = job.note(itsm)
    assert (code, codes(data)) == (1, ["evidence-incomplete"])
    assert "was edited at 2026-11-22T11:30:00Z" in data["findings"][0]["message"]


def test_dropped_jobs(job: Job, itsm: Run) -> None:
    """Three commits landed while no job ran; the next one makes up for all of them."""
    work = job.shop.work
    job.merge()
    for title in ("Tune it", "Tune it once more"):
        work.edit(
            CHANGE, "title: Tune the newsletter", f"title: {title}, the newsletter"
        ) if title == "Tune it" else None
        work.write("docs/notes.md", title)
        work.commit(title, who="erin")
    code, data = job.note(itsm)
    assert (code, [row["verdict"] for row in data["noted"]]) == (1, ["approved", "none", "none"])


def test_the_forge_knows_a_moment_later(job: Job, itsm: Run) -> None:
    """A commit that no pull request is known of yet is left for a later run, and not called a push past the gate."""
    job.merge()
    landed, job.state.landed = job.state.landed, []
    work = job.shop.work
    moment = work.git("log", "-1", "--format=%cI", "main")
    code, data = job.note(itsm, "--now", moment)
    assert (code, data["noted"], data["stopped"]["code"]) == (0, [], "evidence-later")
    job.state.landed = landed
    assert job.note(itsm)[0] == 0


def test_a_forge_that_does_not_answer(job: Job, itsm: Run) -> None:
    """Nothing is noted that is not known; the next run does it."""
    job.merge()
    job.server.fault = lambda handler: (handler.reply(500, {"message": "down"}), True)[1]
    assert job.note(itsm)[0] == 2
    assert codes(job.show(itsm)[1]) == ["evidence-missing"]
    job.server.fault = lambda handler: False
    assert job.note(itsm)[0] == 0


def test_a_merge_with_something_put_in(job: Job, itsm: Run) -> None:
    """14, evil merge: the commit holds more than the pull request."""
    work = job.shop.work
    work.git("checkout", "-q", "main")
    work.git("merge", "-q", "--no-ff", "--no-commit", "topic", who="erin")
    work.edit(CHANGE, "2026-12-01T22:00:00Z", "2026-12-09T22:00:00Z")
    commit = work.commit("Merge #17", who="erin")
    job.state.landed, job.state.merged_at = [commit], MERGED
    code, data = job.note(itsm)
    assert (code, codes(data)) == (1, ["evidence-altered"])


def test_a_fork_does_not_sign_for_the_repository(job: Job, itsm: Run) -> None:
    """Its job has a key and the same itsm.yaml; the name of the repository tells them apart."""
    job.merge()
    type(job.face).repository, kept = "fork/itsm", type(job.face).repository
    try:
        job.face.root = job.face.root.replace("shop/itsm", "fork/itsm")
        code, data = job.note(itsm)
    finally:
        type(job.face).repository = kept
    assert (code, data["noted"], data["stopped"]["code"]) == (2, [], "evidence-repository")


@pytest.mark.parametrize("job", ["github"], indirect=True)
def test_the_step_of_the_workflow(job: Job, itsm: Run) -> None:
    job.merge("squash")
    job.pull()
    steps: Any = parse((ROOT / ".github/workflows/evidence.yml").read_bytes())["jobs"]["note"]["steps"]
    (script,) = [step["run"] for step in steps if step["name"] == "Note"]
    program = put_program(job.folder / "bin/itsm", "--now", NOW)
    variables = {"GH_TOKEN": TOKEN, "GITHUB_API_URL": job.server.base, "GITHUB_REPOSITORY": "shop/itsm"}
    variables |= {"RUNNER_TEMP": str(job.folder), "EVIDENCE_KEY": job.key.read_text().rstrip()}

    def run(**more: str) -> tuple[int, str]:
        environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": os.devnull, **variables}
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=job.clone,
            env={**environment, **more},
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    assert run(EVIDENCE_KEY="")[0] == 2
    code, said = run()
    assert (code, "approved (#17)" in said) == (0, True), said
    assert not (job.folder / "evidence-key").exists()
    assert job.show(itsm)[0] == 0


@pytest.mark.parametrize("job", ["gitlab"], indirect=True)
def test_the_script_of_the_gitlab_job(job: Job, itsm: Run) -> None:
    job.merge("squash")
    lab: Any = parse((ROOT / "src/itsm_as_code/starter/gitlab-ci.yml").read_bytes())
    script = lab["evidence"]["script"][0]
    program = put_program(job.folder / "bin/itsm", "--now", NOW)
    address = f"https://evidence:{TOKEN}@gitlab.example:443/shop/itsm.git"
    variables = {"CI_SERVER_PROTOCOL": "https", "CI_SERVER_HOST": "gitlab.example", "CI_SERVER_PORT": "443"}
    variables |= {"CI_PROJECT_PATH": "shop/itsm", "CI_DEFAULT_BRANCH": "main", "CI_API_V4_URL": job.server.base}
    variables |= {"ITSM_EVIDENCE_TOKEN": TOKEN, "ITSM_EVIDENCE_KEY": str(job.key), "CI_PROJECT_ID": "1"}
    variables |= {"GIT_CONFIG_GLOBAL": str(job.folder / "config"), "HOME": os.devnull}
    (job.folder / "config").write_text(f'[url "{job.shop.work.path}"]\n  insteadOf = "{address}"\n')
    (job.folder / "work").mkdir()
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=job.folder / "work",
        env={"PATH": f"{program.parent}:{os.environ['PATH']}", **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert (done.returncode, "approved (#17)" in said, TOKEN in said) == (0, True, False), said
    assert job.show(itsm)[0] == 0


def test_the_workflow_gives_its_key_to_the_default_branch_alone() -> None:
    """The key is a secret of an environment; what pull requests can start has no part in it."""
    flow: Any = parse((ROOT / ".github/workflows/evidence.yml").read_bytes())
    assert set(flow["on"]) == {"push", "schedule"}
    job = flow["jobs"]["note"]
    assert job["environment"] == "evidence"
    assert job["if"] == "github.ref_name == github.event.repository.default_branch"
    others = [path for path in (ROOT / ".github/workflows").glob("*.yml") if path.name != "evidence.yml"]
    assert not [path.name for path in others if "ITSM_EVIDENCE_KEY" in path.read_text()]
    lab: Any = parse((ROOT / "src/itsm_as_code/starter/gitlab-ci.yml").read_bytes())
    never = {"if": '$CI_PIPELINE_SOURCE == "trigger"', "when": "never"}  # a door's
    assert lab["evidence"]["rules"] == [never, {"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $ITSM_EVIDENCE_KEY"}]
    assert "ITSM_EVIDENCE_KEY" not in json.dumps({key: value for key, value in lab.items() if key != "evidence"})
