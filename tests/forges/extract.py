"""Makes ``github-openapi.json``: of GitHub's published OpenAPI description, the operations that the adapter uses.

    npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
    python -m tests.forges.extract package/generated/api.github.com.json tests/forges/github-openapi.json

Taken as it is (MIT licence, Copyright GitHub), but for texts, examples and links that no check needs, and for answers
that are not successes. ``test_descriptions.py`` does the same again where npm is at hand, and compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

VERSION = "23.0.2"
REPOSITORY = "/repos/{owner}/{repo}"
OPERATIONS = {
    f"{REPOSITORY}/pulls": ["get"],
    f"{REPOSITORY}/pulls/{{pull_number}}": ["get"],
    f"{REPOSITORY}/pulls/{{pull_number}}/commits": ["get"],
    f"{REPOSITORY}/pulls/{{pull_number}}/reviews": ["get"],
    f"{REPOSITORY}/branches/{{branch}}": ["get"],
    f"{REPOSITORY}/compare/{{basehead}}": ["get"],
    f"{REPOSITORY}/commits/{{commit_sha}}/pulls": ["get"],
    f"{REPOSITORY}/activity": ["get"],
    f"{REPOSITORY}/issues/{{issue_number}}/timeline": ["get"],
    f"{REPOSITORY}/issues/{{issue_number}}/comments": ["get", "post"],
    f"{REPOSITORY}/issues/comments/{{comment_id}}": ["patch"],
    f"{REPOSITORY}/commits/{{ref}}/check-runs": ["get"],
    f"{REPOSITORY}/check-runs": ["post"],
    f"{REPOSITORY}/check-runs/{{check_run_id}}": ["patch"],
    f"{REPOSITORY}/statuses/{{sha}}": ["post"],
    f"{REPOSITORY}/commits/{{ref}}/statuses": ["get"],
    f"{REPOSITORY}/issues": ["get", "post"],
    f"{REPOSITORY}/issues/{{issue_number}}": ["patch"],
    f"{REPOSITORY}/branches/{{branch}}/protection": ["get"],
    f"{REPOSITORY}/rules/branches/{{branch}}": ["get"],
    f"{REPOSITORY}/rulesets": ["get"],
    f"{REPOSITORY}/rulesets/{{ruleset_id}}": ["get"],
    f"{REPOSITORY}/pulls/{{pull_number}}/requested_reviewers": ["post"],
    f"{REPOSITORY}/deployments": ["get"],
    f"{REPOSITORY}/deployments/{{deployment_id}}/statuses": ["get"],
    "/user": ["get"],
    "/orgs/{org}/members": ["get"],
    "/orgs/{org}/teams": ["get"],
    "/orgs/{org}/teams/{team_slug}/members": ["get"],
}
DROPPED = {"description", "example", "examples", "externalDocs", "summary", "tags", "title", "headers"}


def extract(whole: dict[str, Any]) -> dict[str, Any]:
    """The description of the operations alone, with all that they refer to."""
    paths = {
        path: {verb: _operation(whole["paths"][path][verb]) for verb in verbs} for path, verbs in OPERATIONS.items()
    }
    components: dict[str, dict[str, Any]] = {}
    todo = _references(paths)
    while todo:
        reference = todo.pop()
        _, _, group, name = reference.split("/")
        if name not in components.setdefault(group, {}):
            components[group][name] = _pruned(whole["components"][group][name], named=False)
            todo |= _references(components[group][name])
    source = {"title": whole["info"]["title"], "version": VERSION, "license": {"name": "MIT"}}
    return {"openapi": whole["openapi"], "info": source, "paths": paths, "components": components}


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in operation.items() if key in ("parameters", "requestBody")}
    kept["responses"] = {code: value for code, value in operation["responses"].items() if code.startswith("2")}
    return _pruned(kept, named=False)


def _pruned(data: Any, *, named: bool) -> Any:
    """Without texts; ``named`` says that keys are names of properties."""
    if isinstance(data, list):
        return [_pruned(item, named=False) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        key: _pruned(value, named=key == "properties" and not named)
        for key, value in data.items()
        if named or (key not in DROPPED and not key.startswith("x-"))
    }


def _references(data: Any) -> set[str]:
    if isinstance(data, list):
        return set().union(*(_references(item) for item in data))
    if isinstance(data, dict):
        own = {data["$ref"]} if isinstance(data.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in data.values()))
    return set()


if __name__ == "__main__":
    described = extract(json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(described, separators=(",", ":"), sort_keys=True) + "\n")
