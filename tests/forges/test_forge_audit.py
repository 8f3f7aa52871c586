"""itsm audit forge: what settings of a branch let people walk round the gate, as the forges publish them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import jsonschema
import pytest

from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import Run
from tests.forges.conftest import Shop
from tests.forges.fake import TOKEN, GiteaFace, GitHubFace, GitLabFace, Refused, Server, serving

RULESET = {"ruleset_source_type": "Repository", "ruleset_source": "shop/itsm", "ruleset_id": 1}
APP = 4711


def checks(*required: tuple[str, int | None]) -> dict[str, Any]:
    listed = [{"context": name} | ({} if app is None else {"integration_id": app}) for name, app in required]
    parameters = {"required_status_checks": listed, "strict_required_status_checks_policy": True}
    return {"type": "required_status_checks", "parameters": parameters, **RULESET}


PULLS = {
    "type": "pull_request",
    "parameters": {
        "dismiss_stale_reviews_on_push": False,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_approving_review_count": 1,
        "required_review_thread_resolution": False,
    },
    **RULESET,
}
RULES = {
    "checks": checks(("itsm gate", APP)),
    "pulls": PULLS,
    "force": {"type": "non_fast_forward", **RULESET},
    "deletion": {"type": "deletion", **RULESET},
}


class GitHub(GitHubFace):
    rules: dict[str, dict[str, Any]] = RULES
    protection: dict[str, Any] | None = None
    protected = True
    bypass: ClassVar[list[dict[str, Any]] | None] = []
    tags = True

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        part = path.removeprefix(self.root)
        if part == "/branches/main":
            return self.branch() | {"protected": self.protected}
        if part == "/rules/branches/main":
            return list(self.rules.values())
        if part == "/branches/main/protection":
            if self.protection is None:
                raise Refused(404, "Branch not protected")
            return self.protection
        if part == "/rulesets":
            return [self.ruleset(2, "tag")] if self.tags else [self.ruleset(1, "branch")]
        if part == "/rulesets/1":
            told = {} if self.bypass is None else {"bypass_actors": self.bypass}
            return self.ruleset(1, "branch") | told
        return super().answer(method, path, query, body)

    def ruleset(self, number: int, target: str) -> dict[str, Any]:
        about = {"id": number, "name": f"{target} rules", "target": target, "enforcement": "active"}
        return {**about, "source_type": "Repository", "source": "shop/itsm"}


class GitLab(GitLabFace):
    project: ClassVar[dict[str, Any]] = {
        "only_allow_merge_if_pipeline_succeeds": True,
        "ci_config_path": "ci.yml@shop/rules",
    }
    protection: ClassVar[dict[str, Any] | None] = {"allow_force_push": False}
    push = 0
    tags = True

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        levels = [{"access_level": self.push, "access_level_description": "Maintainers" if self.push else "No one"}]
        if path == self.root:
            return {"id": 1, "path_with_namespace": self.repository, "default_branch": "main", **self.project}
        if path == f"{self.root}/protected_branches/main":
            if self.protection is None:
                raise Refused(404, "404 Not found")
            name = {"id": 1, "name": "main"}
            return {**name, "push_access_levels": levels, "merge_access_levels": [], **self.protection}
        if path == f"{self.root}/protected_tags":
            return [{"name": "v*", "create_access_levels": levels}] if self.tags else []
        return super().answer(method, path, query, body)


class Gitea(GiteaFace):
    branch: ClassVar[dict[str, Any]] = {"protected": True, "effective_branch_protection_name": "main"}
    protection: ClassVar[dict[str, Any]] = {
        "enable_push": False,
        "enable_status_check": True,
        "status_check_contexts": ["itsm *"],
        "block_on_outdated_branch": True,
        "block_admin_merge_override": True,
        "enable_merge_whitelist": True,
        "merge_whitelist_usernames": ["erin.tea"],
    }
    tags = True

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        part = path.removeprefix(self.root)
        if part == "/branches/main":
            return {"name": "main", "commit": {"id": self.state.base}, **self.branch}
        if part == "/branch_protections/main":
            return {"rule_name": "main", **self.protection}
        if part == "/tag_protections":
            return [{"id": 1, "name_pattern": "v*"}] if self.tags else []
        return super().answer(method, path, query, body)


FACES = {"github": GitHub, "gitlab": GitLab, "gitea": Gitea}


@dataclass
class Asked:
    """A forge whose settings are asked for."""

    name: str
    shop: Shop
    face: Any
    server: Server
    itsm: Run
    codes: list[str] = field(default_factory=list)

    def audit(self) -> tuple[int, list[str]]:
        arguments = ("--forge", self.name, "--repo", "shop/itsm", "--api-url", self.server.base, "--wait", "0")
        now = ("--now", "2026-11-22T12:00:00Z", "--rev", "main", "--into", "main")
        code, out, err = self.itsm("-C", self.shop.work.path, "audit", "forge", *arguments, *now, "--format", "json")
        if not out:
            return code, [err]
        data = json.loads(out)
        schema = KindRegistry.load().bundled("reports/forge-audit-report.schema.json")
        jsonschema.Draft202012Validator(schema).validate(data)
        assert data["at"] == "2026-11-22T12:00:00Z"
        return code, [row["code"] for row in data["holes"] if row["severity"] == "error"]


def asking(name: str, shop: Shop, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    monkeypatch.setenv("GITEA_TOKEN", TOKEN)
    face = FACES[name](shop.state(name))
    with serving(face) as server:
        yield Asked(name, shop, face, server, itsm)
        assert server.problems == []


@pytest.fixture
def github(shop: Shop, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    yield from asking("github", shop, itsm, monkeypatch)


@pytest.fixture
def gitlab(shop: Shop, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    yield from asking("gitlab", shop, itsm, monkeypatch)


@pytest.fixture
def gitea(shop: Shop, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    yield from asking("gitea", shop, itsm, monkeypatch)


def test_a_branch_that_holds(github: Asked, gitlab: Asked, gitea: Asked) -> None:
    assert github.audit() == (0, [])
    assert gitlab.audit() == (0, [])
    assert gitea.audit() == (0, [])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rules": {}, "protected": False}, ["branch-unprotected"]),
        ({"rules": RULES | {"checks": checks(("lint", APP))}}, ["check-not-required"]),
        ({"rules": RULES | {"checks": checks(("itsm gate", None))}}, ["check-from-any-source"]),
        ({"rules": RULES | {"checks": checks(("Gate", 15368))}}, ["check-of-the-pull-request"]),
        ({"rules": {key: value for key, value in RULES.items() if key != "pulls"}}, ["direct-push"]),
        ({"rules": {key: value for key, value in RULES.items() if key != "force"}}, ["force-push"]),
        ({"rules": {key: value for key, value in RULES.items() if key != "deletion"}}, ["deletion"]),
        ({"bypass": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]}, ["bypass"]),
        ({"tags": False}, []),
    ],
)
def test_each_way_round_at_github(change: dict[str, Any], expected: list[str], github: Asked) -> None:
    vars(github.face).update(change)
    assert github.audit() == (1 if expected else 0, expected)


def test_the_protection_of_a_branch_without_rulesets(github: Asked) -> None:
    github.face.rules = {}
    url = "https://forge.example/x"
    required = {"url": url, "strict": True, "contexts": ["itsm gate"], "contexts_url": url}
    on, off = {"enabled": True}, {"enabled": False}
    protection = {
        "required_status_checks": {**required, "checks": [{"context": "itsm gate", "app_id": APP}]},
        "required_pull_request_reviews": {"dismiss_stale_reviews": False, "require_code_owner_reviews": False},
        "enforce_admins": {"url": url, **on},
        "allow_force_pushes": off,
        "allow_deletions": off,
    }
    github.face.protection = protection
    assert github.audit() == (0, [])
    github.face.protection = protection | {"enforce_admins": {"url": url, **off}, "allow_force_pushes": on}
    assert github.audit() == (1, ["force-push", "admins-exempt"])


@pytest.mark.parametrize("change", [{"bypass": None}, {"rules": {}}])
def test_what_may_not_be_seen_is_not_called_closed(change: dict[str, Any], github: Asked) -> None:
    vars(github.face).update(change)
    assert github.audit()[0] == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"protection": None}, ["branch-unprotected"]),
        ({"push": 40}, ["direct-push"]),
        ({"protection": {"allow_force_push": True}}, ["force-push"]),
        (
            {"project": GitLab.project | {"only_allow_merge_if_pipeline_succeeds": False}},
            ["check-not-required"],
        ),
        ({"project": GitLab.project | {"allow_merge_on_skipped_pipeline": True}}, ["skipped-counts"]),
        ({"project": GitLab.project | {"ci_config_path": None}}, ["check-of-the-pull-request"]),
        ({"tags": False}, []),
    ],
)
def test_each_way_round_at_gitlab(change: dict[str, Any], expected: list[str], gitlab: Asked) -> None:
    vars(gitlab.face).update(change)
    assert gitlab.audit() == (1 if expected else 0, expected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"enable_push": True}, ["direct-push"]),
        ({"enable_push": True, "enable_push_whitelist": True, "push_whitelist_teams": ["ops"]}, ["direct-push"]),
        ({"enable_push": True, "enable_push_whitelist": True, "push_whitelist_usernames": None}, []),
        ({"enable_push": True, "enable_push_whitelist": True, "push_whitelist_deploy_keys": True}, ["direct-push"]),
        ({"unprotected_file_patterns": "services/**"}, ["direct-push"]),
        ({"enable_force_push": True}, ["force-push"]),
        ({"enable_status_check": False}, ["check-not-required"]),
        ({"status_check_contexts": None}, ["check-not-required"]),
        ({"status_check_contexts": ["Gate / *"]}, ["check-not-required"]),
        ({"enable_merge_whitelist": False}, ["check-from-any-source"]),
        ({"block_on_outdated_branch": False}, []),
        ({"block_admin_merge_override": False}, ["admins-exempt"]),
        ({"block_admin_merge_override": False, "apply_to_admins": True}, []),
        ({"enable_bypass_allowlist": True, "bypass_allowlist_usernames": ["erin.tea"]}, ["bypass"]),
    ],
)
def test_each_way_round_at_gitea(change: dict[str, Any], expected: list[str], gitea: Asked) -> None:
    gitea.face.protection = gitea.face.protection | change
    assert gitea.audit() == (1 if expected else 0, expected)


def test_a_branch_of_gitea_that_nothing_protects_or_whose_rule_is_not_told(gitea: Asked) -> None:
    gitea.face.branch = {"protected": False}
    assert gitea.audit() == (1, ["branch-unprotected"])
    gitea.face.branch = {"protected": True}
    assert gitea.audit()[0] == 2


def test_a_workflow_that_anybody_may_change(github: Asked) -> None:
    work = github.shop.work
    work.git("checkout", "-q", "main")
    rules = work.path / "policies/approvals/all.yaml"
    rule = '    - {name: flows, match: {paths: [".github/**"]}, approvals: [{from: {anyone: true}}]}\n'
    rules.write_text(rules.read_text().rstrip("\n") + "\n" + rule)
    work.write(".github/workflows/gate.yml", "on: pull_request\n")
    work.commit("Flows", who="erin")
    assert github.audit() == (1, ["workflow-ungoverned"])
