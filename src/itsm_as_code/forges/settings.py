"""What a forge lets people do to a branch: read from rulesets, branch protection and settings of a project.

GitHub: https://docs.github.com/rest/repos/rules and /rest/branches/branch-protection (version 2022-11-28). GitLab:
https://docs.gitlab.com/api/projects, /protected_branches and /protected_tags (v4). Gitea and Forgejo: the definitions
BranchProtection and TagProtection of their published descriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.answers import Fields, wrong
from itsm_as_code.forges.http import Client, part

ACTIONS: Final = 15368
"""The number of the app GitHub Actions: whatever workflow of a repository reports, also one of a pull request."""
CHECKS: Final = ("Gate", "itsm gate")
"""The job that `itsm init` writes, and the check or status that `itsm gate --publish` sets."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A way round the gate: a stable word, a sentence, and what to do; ``is_grave`` unless it is only good to know."""

    code: str
    message: str
    remedy: str
    is_grave: bool = True


def holes(forge: str, client: Client, repository: str, branch: str) -> list[Hole]:
    """The ways round the gate that the settings of a branch leave open; ForgeError where they cannot be seen."""
    found = _READERS[forge](client, repository, branch)
    return list({hole.code + hole.message: hole for hole in found}.values())


def _optional(client: Client, path: str) -> Any:
    """The answer, or None where the forge says that there is nothing."""
    try:
        return client.get(path)
    except ForgeError as error:
        if error.code != "not-found":
            raise
        return None


def _github(client: Client, repository: str, branch: str) -> Iterator[Hole]:
    owner, _, name = repository.partition("/")
    root = f"/repos/{part(owner)}/{part(name)}"
    at = Fields(client.get(f"{root}/branches/{part(branch)}"), "the branch")
    rules = [Fields(item, "a rule") for item in client.pages(f"{root}/rules/branches/{part(branch)}")]
    protection = _optional(client, f"{root}/branches/{part(branch)}/protection")
    if not rules and protection is None:
        if at.flag("protected"):
            raise ForgeError(
                "the branch is protected, and the token may not see how",
                code="refused",
                remedy="use a token that may read the administration of the repository",
            )
        yield Hole("branch-unprotected", f"nothing protects {branch}", "make a ruleset for the default branch")
        return
    kinds = {rule.text("type") for rule in rules}
    old = protection or {}
    yield from _github_checks(rules, old)
    if "pull_request" not in kinds and "required_pull_request_reviews" not in old:
        yield Hole("direct-push", f"commits can be pushed to {branch} without a pull request", "require pull requests")
    if "non_fast_forward" not in kinds and not _off(old, "allow_force_pushes"):
        yield Hole("force-push", f"{branch} can be force-pushed", "block force pushes: evidence is about its history")
    if "deletion" not in kinds and not _off(old, "allow_deletions"):
        yield Hole("deletion", f"{branch} can be deleted", "restrict deletions")
    if not rules and not _on(old, "enforce_admins"):
        yield Hole("admins-exempt", "administrators need not keep to the protection", "do not allow bypassing it")
    yield from _github_rulesets(client, root, {rule.number("ruleset_id") for rule in rules if rule.has("ruleset_id")})


def _on(protection: Mapping[str, Any], key: str) -> bool:
    return bool((protection.get(key) or {}).get("enabled"))


def _off(protection: Mapping[str, Any], key: str) -> bool:
    return key in protection and not _on(protection, key)


def _github_checks(rules: list[Fields], protection: Mapping[str, Any]) -> Iterator[Hole]:
    required: list[tuple[str, int | None]] = []
    for rule in rules:
        if rule.text("type") == "workflows":  # taken from where the ruleset says, not from the pull request
            return
        if rule.text("type") == "required_status_checks":
            listed = rule.inside("parameters").data.get("required_status_checks")
            required += [(str(item.get("context")), item.get("integration_id")) for item in listed or ()]
    checks = (protection.get("required_status_checks") or {}).get("checks") or ()
    required += [(str(item.get("context")), item.get("app_id")) for item in checks]
    own = [source for context, source in required if context in CHECKS]
    if not own:
        yield Hole("check-not-required", "no check of the gate is required", "require 'itsm gate', or the job 'Gate'")
    elif all(source in (None, -1) for source in own):
        yield Hole("check-from-any-source", "anybody who may set a status can say that the gate approved",
                   "name the source of the required check")  # fmt: skip
    elif all(source in (None, -1, ACTIONS) for source in own):
        yield Hole("check-of-the-pull-request", "a workflow that the pull request brings can report the required check",
                   "require the workflow itself by a ruleset, or a status of an App of yours "
                   "(itsm init --verdict status)")  # fmt: skip


def _github_rulesets(client: Client, root: str, numbers: set[int]) -> Iterator[Hole]:
    for number in sorted(numbers):
        ruleset = Fields(client.get(f"{root}/rulesets/{number}"), "a ruleset")
        actors = ruleset.data.get("bypass_actors")
        if actors is None:
            raise ForgeError(
                f"who may bypass the ruleset '{ruleset.text('name')}' is not told to this token",
                code="refused",
                remedy="use a token that may write the administration of the repository",
            )
        for actor in actors:
            who = f"{actor.get('actor_type')} {actor.get('actor_id')}"
            message = f"the ruleset '{ruleset.text('name')}' lets {who} go past it ({actor.get('bypass_mode')})"
            yield Hole("bypass", message, "take the bypass away, or let evidence show each use")
    listed = [Fields(item, "a ruleset") for item in client.pages(f"{root}/rulesets")]
    tags = [item for item in listed if item.data.get("target") == "tag" and item.text("enforcement") == "active"]
    if not tags:
        yield Hole("tags-unprotected", "tags can be moved and deleted", "make a ruleset for tags", is_grave=False)


def _gitlab(client: Client, repository: str, branch: str) -> Iterator[Hole]:
    root = f"/projects/{part(repository)}"
    project = Fields(client.get(root), "the project")
    rule = _optional(client, f"{root}/protected_branches/{part(branch)}")
    if rule is None:
        yield Hole("branch-unprotected", f"{branch} is not protected", "Settings > Repository > Protected branches")
        return
    protected = Fields(rule, "the protected branch")
    pushers = protected.data.get("push_access_levels")
    if not isinstance(pushers, list):
        raise wrong("the protected branch lacks 'push_access_levels'")
    who = [str(item.get("access_level_description")) for item in pushers if item.get("access_level") != 0]
    if who:
        message = f"{', '.join(who)} can push to {branch} without a merge request"
        yield Hole("direct-push", message, "set 'Allowed to push and merge' to no one")
    if protected.flag("allow_force_push"):
        yield Hole("force-push", f"{branch} can be force-pushed", "switch it off: evidence is about its history")
    if not project.flag("only_allow_merge_if_pipeline_succeeds"):
        yield Hole("check-not-required", "a merge request can be merged whatever the gate's job says",
                   "Settings > Merge requests: Pipelines must succeed")  # fmt: skip
    if project.data.get("allow_merge_on_skipped_pipeline") is True:
        yield Hole("skipped-counts", "a skipped pipeline counts as a successful one", "switch that off")
    path = project.data.get("ci_config_path")
    if not isinstance(path, str) or "@" not in path:
        yield Hole("check-of-the-pull-request", "the pipeline comes from the merge request, which can replace the gate",
                   "keep it in another project, or enforce it by a pipeline execution policy")  # fmt: skip
    if not list(client.pages(f"{root}/protected_tags")):
        yield Hole("tags-unprotected", "tags can be moved and deleted", "Settings > Repository > Protected tags",
                   is_grave=False)  # fmt: skip


def _gitea(client: Client, repository: str, branch: str) -> Iterator[Hole]:
    owner, _, name = repository.partition("/")
    root = f"/repos/{part(owner)}/{part(name)}"
    at = Fields(client.get(f"{root}/branches/{part(branch)}"), "the branch")
    if not at.flag("protected"):
        yield Hole("branch-unprotected", f"nothing protects {branch}", "Settings > Branches: add a rule for it")
        return
    if not at.data.get("effective_branch_protection_name"):
        raise ForgeError(
            "the branch is protected, and the token may not see how",
            code="refused",
            remedy="use a token of an administrator of the repository",
        )
    rule = client.get(f"{root}/branch_protections/{part(at.text('effective_branch_protection_name'))}")
    protection = Fields(rule, "the branch protection").data
    yield from _gitea_pushes(protection, branch)
    yield from _gitea_checks(protection)
    if not (protection.get("block_admin_merge_override") or protection.get("apply_to_admins")):
        yield Hole("admins-exempt", "administrators may merge whatever the gate says", "apply the rule to them as well")
    if protection.get("enable_bypass_allowlist"):
        yield Hole("bypass", f"{_listed(protection, 'bypass_allowlist')} may go past the rule", "empty that list")
    if not client.get(f"{root}/tag_protections"):
        yield Hole("tags-unprotected", "tags can be moved and deleted", "Settings > Tags: protect them", is_grave=False)


def _gitea_pushes(protection: Mapping[str, Any], branch: str) -> Iterator[Hole]:
    is_limited = bool(protection.get("enable_push_whitelist"))
    if protection.get("enable_push") and not (is_limited and _listed(protection, "push_whitelist") == "nobody"):
        who = _listed(protection, "push_whitelist") if is_limited else "whoever may write"
        yield Hole("direct-push", f"{who} can push to {branch} without a pull request", "disable push")
    patterns = protection.get("unprotected_file_patterns")
    if patterns:
        yield Hole("direct-push", f"files like '{patterns}' can be pushed to {branch}", "leave no file unprotected")
    if protection.get("enable_force_push"):
        yield Hole("force-push", f"{branch} can be force-pushed", "disable it: evidence is about its history")


def _gitea_checks(protection: Mapping[str, Any]) -> Iterator[Hole]:
    """A status has no source there, so whoever may write can say that the gate approved; who merges can be limited."""
    patterns = protection.get("status_check_contexts") or () if protection.get("enable_status_check") else ()
    if not any(fnmatchcase(CHECKS[1], pattern) for pattern in patterns):
        yield Hole("check-not-required", "no status of the gate is required", "require the status 'itsm gate'")
        return
    is_limited = protection.get("enable_merge_whitelist")
    who = f"and {_listed(protection, 'merge_whitelist')} may merge" if is_limited else "and merge"
    yield Hole("check-from-any-source",
               f"whoever may write can set the status 'itsm gate', for it has no source, {who}",
               "let few people merge (merge whitelist), others work in forks; evidence shows what came past the gate",
               is_grave=not is_limited)  # fmt: skip
    if not protection.get("block_on_outdated_branch"):
        yield Hole("outdated-counts", "a status that was set before the base moved counts until the next run",
                   "block merging of outdated branches", is_grave=False)  # fmt: skip


def _listed(protection: Mapping[str, Any], name: str) -> str:
    """Who stands on a list of a rule."""
    who = [*(protection.get(f"{name}_usernames") or ()), *(protection.get(f"{name}_teams") or ())]
    return ", ".join([*who, *(["deploy keys"] if protection.get(f"{name}_deploy_keys") else [])]) or "nobody"


_READERS: Final[Mapping[str, Callable[[Client, str, str], Iterator[Hole]]]] = {
    "github": _github,
    "gitlab": _gitlab,
    "gitea": _gitea,
}
