"""A forge on loopback: one pull request, seen through GitHub's, GitLab's or Gitea's shape, with faults on demand.

Every request must be allowed by the forge's description, and every answer given here fits it as well, so neither the
adapter nor these tests can drift from what the forge publishes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from tests.forges.descriptions import Description, NotAllowed

TOKEN = "s3cret-token"
description = cache(Description)


@dataclass
class Said:
    """A review: what, by whom, on which commit, when; and who dismissed it when."""

    who: str
    state: str
    commit: str
    at: str
    dismissed_by: str | None = None
    dismissed_at: str | None = None


@dataclass
class State:
    """What the forge knows. Logins are people's names with ``suffix``; ``ids`` are the numbers of their accounts."""

    suffix: str
    ids: dict[str, int]
    base: str
    head: str
    commits: list[str]
    author: str = "alice"
    number: int = 17
    base_ref: str = "main"
    state: str = "open"
    draft: bool = False
    updated_at: str = "2026-11-22T11:00:00Z"
    pushes: list[tuple[str, str | None]] = field(default_factory=list)
    versions: list[tuple[str, str]] = field(default_factory=list)
    reviews: list[Said] = field(default_factory=list)
    others: list[tuple[int, str]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    commit_accounts: dict[str, str] = field(default_factory=dict)
    landed: list[str] = field(default_factory=list)
    """The commits of the default branch that it came with; the last is the one that it became."""
    merged_at: str | None = None
    created_at: str = "2026-11-22T08:00:00Z"
    branch: str = "topic"
    text: str = ""
    """The description of the pull request."""
    issue_notes: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    """Who was asked for a review, request by request."""
    edited: dict[int, str] = field(default_factory=dict)
    """When reviews, by their place, were edited."""
    me: str = "robot"
    may_ask_who: bool = True

    def user(self, name: str) -> dict[str, Any]:
        login = name + self.suffix
        return {"login": login, "username": login, "id": self.ids.get(name, len(name) + 900), "name": name}

    @property
    def greens(self) -> list[Any]:
        """Whatever shows an approval."""
        return [item for item in self.checks if item.get("conclusion") == "success"] + [
            item for item in self.statuses[-1:] if "success" in (item.get("state"), item.get("status"))
        ]


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class GitHubFace:
    """The state as GitHub shows it."""

    name = "github"
    header = ("Authorization", f"Bearer {TOKEN}")
    repository = "shop/itsm"

    def __init__(self, state: State) -> None:
        self.state = state
        self.root = f"/repos/{self.repository}"
        self.description: Description = description("github")

    def sample(self, method: str, path: str, **values: Any) -> dict[str, Any]:
        schema = self.description.answer_schema(method, path)
        schema = schema.get("items", schema)
        return self.description.sample(schema, **values)  # type: ignore[no-any-return]

    def user(self, name: str) -> dict[str, Any]:
        known = self.state.user(name)
        schema = {"$ref": "#/components/schemas/simple-user"}
        return self.description.sample(schema, login=known["login"], id=known["id"])  # type: ignore[no-any-return]

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        state, number = self.state, self.state.number
        if path == "/user":
            if not state.may_ask_who:
                raise Refused(403, "Resource not accessible by integration")
            schema = {"$ref": "#/components/schemas/public-user"}
            known = state.user(state.me)
            return self.description.sample(schema, login=known["login"], id=known["id"])
        simple = {
            f"/pulls/{number}": lambda: self.pull(f"{self.root}/pulls/{number}"),
            "/pulls": lambda: [self.other(*item) for item in (*state.others, (number, state.head))],
            f"/branches/{state.base_ref}": self.branch,
            f"/pulls/{number}/reviews": self.reviews,
            f"/pulls/{number}/commits": lambda: [self.commit(sha) for sha in state.commits[:250]],
            f"/issues/{number}/timeline": self.timeline,
            "/activity": self.activity,
        }
        part = path.removeprefix(self.root)
        if method == "GET" and part in simple:
            return simple[part]()
        if part.startswith("/commits/") and part.endswith("/pulls"):
            known = part.split("/")[2] in state.landed
            return [self.other(number, state.head)] if known else []
        if part.startswith("/compare/"):
            return self.compare(path)
        if "check-runs" in part:
            return self.checks(method, part, body)
        if part.startswith("/statuses/"):
            return self.status(path, body)
        if method == "GET" and part.startswith("/commits/") and part.endswith("/statuses"):
            return self.state.statuses[::-1]
        if part.endswith("/requested_reviewers"):
            state.asked.append(body["reviewers"])
            return self.sample("POST", path, number=number)
        if "comments" in part:
            return self.comments(method, part, body)
        if part.startswith("/issues"):
            return self.issues(method, part, query, body)
        raise Refused(404, "Not Found")

    def issues(self, method: str, part: str, query: dict[str, str], body: Any) -> Any:
        if method == "GET":
            return [item for item in self.state.issues if item["state"] == query["state"]]
        if method == "POST":
            schema = {"$ref": "#/components/schemas/issue"}
            made = self.description.sample(schema, number=30 + len(self.state.issues), state="open")
            made["user"] = self.user(self.state.me)
            made.pop("pull_request", None)
            self.state.issues.append(made)
        else:
            (made,) = [item for item in self.state.issues if item["number"] == int(part.rpartition("/")[2])]
        made |= {key: body[key] for key in ("title", "body", "state") if key in body}
        return made

    def pull(self, path: str) -> dict[str, Any]:
        state = self.state
        found = self.sample("GET", path, number=state.number, state=state.state, draft=state.draft)
        found |= {"user": self.user(state.author), "commits": len(state.commits), "updated_at": state.updated_at}
        repository = self.description.sample({"$ref": "#/components/schemas/repository"}, full_name=self.repository)
        repository["default_branch"] = "main"
        found["base"] |= {"ref": state.base_ref, "sha": "1" * 40, "repo": repository}
        found["head"] |= {"ref": "topic", "sha": state.head, "repo": repository}
        if state.merged_at is not None:
            became = {
                "merged_at": state.merged_at,
                "merge_commit_sha": state.landed[-1],
                "merged_by": self.user("erin"),
            }
            found |= {"state": "closed", "merged": True, **became}
        return found

    def other(self, number: int, head: str) -> dict[str, Any]:
        found = self.sample("GET", f"{self.root}/pulls", number=number, id=number, state="open")
        found["head"] |= {"sha": head}
        return found | {"created_at": self.state.created_at, "draft": self.state.draft}

    def branch(self) -> dict[str, Any]:
        found = self.sample("GET", f"{self.root}/branches/main", name=self.state.base_ref)
        found["commit"]["sha"] = self.state.base
        return found

    def commit(self, sha: str) -> dict[str, Any]:
        who = self.state.commit_accounts.get(sha)
        found = self.sample("GET", f"{self.root}/pulls/17/commits", sha=sha)
        return found | {"author": self.user(who) if who else None, "committer": None}

    def compare(self, path: str) -> dict[str, Any]:
        commits = [self.commit(sha) for sha in self.state.commits]
        return self.sample("GET", path) | {"total_commits": len(commits), "commits": commits}

    def reviews(self) -> list[dict[str, Any]]:
        path = f"{self.root}/pulls/{self.state.number}/reviews"
        return [
            self.sample(
                *("GET", path),
                id=100 + index,
                user=self.user(said.who),
                state="DISMISSED" if said.dismissed_by else said.state.upper(),
                commit_id=said.commit,
                submitted_at=said.at,
            )
            for index, said in enumerate(self.state.reviews)
        ]

    def timeline(self) -> list[dict[str, Any]]:
        schema = {"$ref": "#/components/schemas/review-dismissed-issue-event"}
        reviewed = {"$ref": "#/components/schemas/timeline-reviewed-event"}
        told = [
            self.description.sample(reviewed, id=100 + index, event="reviewed", user=self.user(said.who))
            | {"state": said.state, "submitted_at": said.at, "updated_at": self.state.edited.get(index, said.at)}
            for index, said in enumerate(self.state.reviews)
        ]
        return told + [
            self.description.sample(schema, id=500 + index)
            | {
                "event": "review_dismissed",
                "actor": self.user(said.dismissed_by),
                "created_at": said.dismissed_at,
                "dismissed_review": {"state": said.state, "review_id": 100 + index, "dismissal_message": "Done"},
            }
            for index, said in enumerate(self.state.reviews)
            if said.dismissed_by
        ]

    def activity(self) -> list[dict[str, Any]]:
        path = f"{self.root}/activity"
        return [
            self.sample("GET", path, id=900 + index, actor=self.user(who), after=after or self.state.head)
            | {"ref": "refs/heads/topic", "timestamp": "2026-11-22T09:30:00Z"}
            for index, (who, after) in enumerate(self.state.pushes)
        ]

    def checks(self, method: str, part: str, body: Any) -> Any:
        if method == "GET":
            return {"total_count": len(self.state.checks), "check_runs": list(self.state.checks)}
        if method == "POST":
            schema = {"$ref": "#/components/schemas/check-run"}
            made = self.description.sample(schema, id=len(self.state.checks) + 1, head_sha=body["head_sha"])
            made["conclusion"] = None
            self.state.checks.append(made)
        else:
            (made,) = [item for item in self.state.checks if item["id"] == int(part.rpartition("/")[2])]
        made |= {key: body[key] for key in ("name", "status", "external_id", "conclusion") if key in body}
        if made["status"] != "completed":
            made["conclusion"] = None
        for key in ("title", "summary"):
            if "output" in body:
                made["output"][key] = body["output"][key]
        made["output"]["annotations_count"] += len(body.get("output", {}).get("annotations", ()))
        return made

    def status(self, path: str, body: Any) -> Any:
        said = {key: body[key] for key in ("state", "context", "description")}
        made = self.sample("POST", path, id=len(self.state.statuses) + 1, creator=self.user(self.state.me), **said)
        self.state.statuses.append(made)
        return made

    def comments(self, method: str, part: str, body: Any) -> Any:
        if method == "GET":
            return list(self.state.comments)
        if method == "POST":
            schema = {"$ref": "#/components/schemas/issue-comment"}
            made = self.description.sample(schema, id=700 + len(self.state.comments), user=self.user(self.state.me))
            self.state.comments.append(made)
        else:
            (made,) = [item for item in self.state.comments if item["id"] == int(part.rpartition("/")[2])]
            if made["user"]["login"] != self.state.user(self.state.me)["login"]:
                raise Refused(403, "Must have admin rights")
        made["body"] = body["body"]
        return made


class GitLabFace:
    """The state as GitLab shows it."""

    name = "gitlab"
    header = ("PRIVATE-TOKEN", TOKEN)
    repository = "shop/itsm"

    def __init__(self, state: State) -> None:
        self.state = state
        self.root = f"/projects/{self.repository}"
        self.description: Description = description("gitlab")

    def user(self, name: str) -> dict[str, Any]:
        known = self.state.user(name)
        return {"id": known["id"], "username": known["username"], "name": name, "state": "active"}

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        state = self.state
        request = f"{self.root}/merge_requests/{state.number}"
        simple: dict[str, Callable[[], Any]] = {
            "/user": lambda: self.user(state.me),
            self.root: lambda: {"id": 1, "path_with_namespace": self.repository, "default_branch": "main"},
            f"{self.root}/repository/branches/{state.base_ref}": lambda: {
                "name": state.base_ref,
                "commit": {"id": state.base},
            },
            request: lambda: self.request(state.number, state.head),
            f"{self.root}/merge_requests": lambda: [
                self.request(*item) for item in (*state.others, (state.number, state.head))
            ],
            f"{request}/commits": self.commits,
            f"{request}/versions": self.versions,
            f"{request}/approvals": self.approvals,
            f"{request}/reviewers": self.reviewers,
            "/projects/1/events": self.events,
        }
        if method == "GET" and path in simple:
            return simple[path]()
        if path.endswith("/merge_requests") and "/repository/commits/" in path:
            return [self.request(state.number, state.head)] if path.split("/")[-2] in state.landed else []
        if "notes" in path and "/issues/" in path and method == "GET":
            return [*state.issue_notes, *state.comments]
        if "notes" in path:
            return self.notes(method, path, request, body)
        if "statuses" in path:
            return self.status(method, body)
        if path.startswith(f"{self.root}/issues"):
            return self.issues(method, path, query, body)
        raise Refused(404, "404 Not found")

    def issues(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        if method == "GET" and not path.endswith("/issues"):
            return next(item for item in self.state.issues if item["iid"] == int(path.rpartition("/")[2]))
        if method == "GET":
            return [item for item in self.state.issues if item["state"] == query["state"]]
        if method == "POST":
            number = 30 + len(self.state.issues)
            made = {"id": 800 + number, "iid": number, "state": "opened", "author": self.user(self.state.me)}
            self.state.issues.append(made)
        else:
            (made,) = [item for item in self.state.issues if item["iid"] == int(path.rpartition("/")[2])]
        made |= {key: body[key] for key in ("title", "description") if key in body}
        made["state"] = "closed" if body.get("state_event") == "close" else made["state"]
        return made

    def request(self, number: int, head: str) -> dict[str, Any]:
        state = self.state
        merged: dict[str, Any] = dict.fromkeys(("merged_at", "merge_user", "merge_commit_sha", "squash_commit_sha"))
        if state.merged_at is not None:
            merged |= {"merged_at": state.merged_at, "merge_user": self.user("erin"), "state": "merged"}
            merged |= {"merge_commit_sha": state.landed[-1] if state.landed[-1] != head else None}
        return {
            "id": number + 1000,
            "iid": number,
            "title": "Tune",
            "draft": state.draft,
            "sha": head,
            "state": {"open": "opened"}.get(state.state, state.state),
            "author": self.user(state.author),
            "source_branch": state.branch,
            "description": state.text,
            "target_branch": state.base_ref,
            "source_project_id": 1,
            "target_project_id": 1,
            "created_at": state.created_at,
            "updated_at": state.updated_at,
            **merged,
        }

    def commits(self) -> list[dict[str, Any]]:
        names = ("author_name", "author_email", "committer_name", "committer_email")
        return [{"id": sha, "short_id": sha[:8], **dict.fromkeys(names, "x")} for sha in self.state.commits]

    def versions(self) -> list[dict[str, Any]]:
        shas = {"base_commit_sha": "1" * 40, "start_commit_sha": "1" * 40, "state": "collected"}
        versions = list(enumerate(self.state.versions, 1))
        return [
            {"id": index, "head_commit_sha": head, "created_at": at, **shas} for index, (head, at) in versions[::-1]
        ]

    def approvals(self) -> dict[str, Any]:
        standing = [said for said in self.state.reviews if said.state == "approved" and not said.dismissed_by]
        return {"approved": True, "approved_by": [{"user": self.user(s.who), "approved_at": s.at} for s in standing]}

    def reviewers(self) -> list[dict[str, Any]]:
        asking = [said for said in self.state.reviews if said.state == "changes_requested" and not said.dismissed_by]
        return [
            {"user": self.user(said.who), "state": "requested_changes", "created_at": "2026-11-22T08:00:00.000Z"}
            for said in asking
        ]

    def events(self) -> list[dict[str, Any]]:
        head = self.state.head
        push = {"commit_count": 1, "action": "pushed", "ref_type": "branch", "commit_from": None, "ref_count": None}
        return [
            {
                "id": index,
                "action_name": "pushed to",
                "created_at": "2026-11-22T09:30:00.000Z",
                "author": self.user(who),
            }
            | {"push_data": {**push, "ref": self.state.branch, "commit_to": after or head}}
            for index, (who, after) in enumerate(self.state.pushes)
        ]

    def notes(self, method: str, path: str, request: str, body: Any) -> Any:
        if method == "GET":
            return [*self._noted(), *self.state.comments]
        if method == "POST":
            made = self._note(
                700 + len(self.state.comments), self.state.me, "", "2026-11-22T11:00:00.000Z", system=False
            )
            self.state.comments.append(made)
        else:
            (made,) = [item for item in self.state.comments if item["id"] == int(path.rpartition("/")[2])]
        made["body"] = body["body"]
        return made

    def _noted(self) -> Iterator[dict[str, Any]]:
        words = {"approved": "approved this merge request", "changes_requested": "requested changes"}
        for index, said in enumerate(self.state.reviews):
            if said.state in words:
                yield self._note(index * 2, said.who, words[said.state], said.at, system=True)
            if said.dismissed_by and said.state == "approved":
                yield self._note(
                    index * 2 + 1, said.who, "unapproved this merge request", said.dismissed_at or "", system=True
                )

    def _note(self, number: int, who: str, text: str, at: str, *, system: bool) -> dict[str, Any]:
        times = {"created_at": at, "updated_at": at}
        return {"id": number, "body": text, "author": self.user(who), "system": system, **times}

    def status(self, method: str, body: Any) -> Any:
        if method == "GET":
            return list(self.state.statuses)
        last = self.state.statuses[-1:]
        if last and last[0]["status"] == body["state"] == "running":
            raise Refused(400, "Cannot transition status via :run from :running (Reason(s): Status cannot transition)")
        made = {
            "id": len(self.state.statuses) + 1,
            "sha": self.state.head,
            "status": body["state"],
            "name": body["name"],
        }
        self.state.statuses.append(made)
        return made


class GiteaFace:
    """The state as Gitea and Forgejo show it."""

    name = "gitea"
    header = ("Authorization", f"token {TOKEN}")
    repository = "shop/itsm"

    def __init__(self, state: State) -> None:
        self.state = state
        self.root = f"/repos/{self.repository}"
        self.description: Description = description("gitea")
        self.unofficial: set[str] = set()

    def user(self, name: str) -> dict[str, Any]:
        known = self.state.user(name)
        return {"id": known["id"], "login": known["login"]}

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        state, part = self.state, path.removeprefix(self.root)
        simple: dict[str, Callable[[], Any]] = {
            "/user": lambda: self.user(state.me),
            f"/pulls/{state.number}": lambda: self.pull(state.number, state.head),
            "/pulls": lambda: [self.pull(*item) for item in (*state.others, (state.number, state.head))],
            f"/branches/{state.base_ref}": lambda: {"name": state.base_ref, "commit": {"id": state.base}},
            f"/pulls/{state.number}/reviews": self.reviews,
            f"/pulls/{state.number}/commits": lambda: [self.commit(sha) for sha in state.commits],
            f"/issues/{state.number}/timeline": self.timeline,
            "/activities/feeds": self.activities,
        }
        if method == "GET" and part in simple:
            return simple[part]()
        if part.startswith("/commits/") and part.endswith("/pull") and part.split("/")[2] in state.landed:
            return self.pull(state.number, state.head)
        if part.endswith("/statuses") and method == "GET":
            return state.statuses[::-1]
        if part.startswith("/statuses/"):
            made = {"id": len(state.statuses) + 1, "status": body["state"], "context": body["context"]}
            state.statuses.append({**made, "description": body["description"], "creator": self.user(state.me)})
            return state.statuses[-1]
        if "comments" in part:
            return self.comments(method, part, body)
        raise Refused(404, "The target couldn't be found.")

    def comments(self, method: str, part: str, body: Any) -> Any:
        if method == "GET":
            return list(self.state.comments)
        if method == "POST":
            made: dict[str, Any] = {"id": 700 + len(self.state.comments), "user": self.user(self.state.me)}
            self.state.comments.append(made)
        else:
            (made,) = [item for item in self.state.comments if item["id"] == int(part.rpartition("/")[2])]
        made["body"] = body["body"]
        return made

    def pull(self, number: int, head: str) -> dict[str, Any]:
        state = self.state
        repo = {"id": 1, "full_name": self.repository, "default_branch": "main"}
        merged: dict[str, Any] = {"merged": state.merged_at is not None, "state": state.state}
        if state.merged_at is not None:
            merged |= {"merged_at": state.merged_at, "merged_by": self.user("erin"), "state": "closed"}
            merged |= {"merge_commit_sha": state.landed[-1]}
        times = {"created_at": state.created_at, "updated_at": state.updated_at}
        return {
            "id": number + 1000,
            "number": number,
            "user": self.user(state.author),
            "draft": state.draft,
            "base": {"label": state.base_ref, "ref": state.base_ref, "sha": "1" * 40, "repo_id": 1, "repo": repo},
            "head": {"label": state.branch, "ref": state.branch, "sha": head, "repo_id": 1, "repo": repo},
            **times,
            **merged,
        }

    def commit(self, sha: str) -> dict[str, Any]:
        who = self.state.commit_accounts.get(sha)
        return {"sha": sha, "author": self.user(who) if who else None, "committer": None}

    def reviews(self) -> list[dict[str, Any]]:
        words = {"approved": "APPROVED", "changes_requested": "REQUEST_CHANGES", "commented": "COMMENT"}
        asked = {"id": 99, "user": None, "state": "REQUEST_REVIEW", "official": True, "stale": False, "commit_id": ""}
        return [asked | {"dismissed": False, "submitted_at": "2026-11-22T08:00:00Z"}] + [
            {
                "id": 100 + index,
                "user": self.user(said.who),
                "state": words[said.state],
                "official": said.who not in self.unofficial,
                "stale": said.commit != self.state.head,
                "dismissed": said.dismissed_by is not None,
                "commit_id": said.commit,
                "submitted_at": said.at,
                "updated_at": self.state.edited.get(index, said.at),
            }
            for index, said in enumerate(self.state.reviews)
        ]

    def timeline(self) -> list[dict[str, Any]]:
        pushed = {"id": 1, "type": "pull_push", "user": self.user("alice"), "created_at": "2026-11-22T10:05:00Z"}
        said = json.dumps({"is_force_push": False, "commit_ids": [after or "" for _, after in self.state.pushes]})
        return [pushed | {"body": said}] * bool(self.state.pushes) + [
            {"id": 500 + index, "type": "dismiss_review", "review_id": 100 + index, "body": "Done"}
            | {"user": self.user(one.dismissed_by), "created_at": one.dismissed_at}
            for index, one in enumerate(self.state.reviews)
            if one.dismissed_by and one.dismissed_at
        ]

    def activities(self) -> list[dict[str, Any]]:
        """The newest first, of all branches."""
        head, ref = self.state.head, f"refs/heads/{self.state.branch}"
        other = {"id": 1, "op_type": "commit_repo", "ref_name": "refs/heads/other", "content": "{}"}
        return [
            {"id": 900 + index, "op_type": "commit_repo", "ref_name": ref, "act_user": self.user(who)}
            | {"created": "2026-11-22T09:30:00Z", "content": json.dumps({"HeadCommit": {"Sha1": after or head}})}
            for index, (who, after) in reversed(list(enumerate(self.state.pushes)))
        ] + [other | {"act_user": self.user("gina"), "created": "2026-11-22T09:00:00Z"}]


Face = GitHubFace | GitLabFace | GiteaFace
Fault = Callable[["Handler"], bool]
"""Answers a request in its own way, and says whether it did."""


class Server(ThreadingHTTPServer):
    """The forge's HTTP server. ``fault`` sees each request first; ``log`` are the requests so far."""

    daemon_threads = True

    def __init__(self, face: Face) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.face = face
        self.page_size = 100
        self.fault: Fault = lambda handler: False
        self.log: list[str] = []
        self.problems: list[str] = []

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    timeout = 10

    def do_GET(self) -> None:
        self.server.log.append(f"{self.command} {self.path}")
        length = int(self.headers.get("Content-Length") or 0)
        self.body = json.loads(self.rfile.read(length)) if length else None
        if self.server.fault(self):
            return
        url = urlsplit(self.path)
        path = unquote(url.path).removeprefix("/api")
        quoted = url.path.removeprefix("/api").replace("%20", " ")
        face = self.server.face
        if self.headers.get(face.header[0]) != face.header[1]:
            self.reply(401, {"message": "Bad credentials"})
            return
        try:
            face.description.check_request(self.command, quoted, url.query, self.body)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            data = face.answer(self.command, path, query, self.body)
            headers = {}
            shown = data.get("commits", data.get("check_runs")) if isinstance(data, dict) else data
            if self.command == "GET" and isinstance(shown, list):
                page, headers = self.page(shown, query)
                data = (
                    page if isinstance(data, list) else data | {"commits" if "commits" in data else "check_runs": page}
                )
            face.description.check_answer(self.command, quoted, data)
        except Refused as refused:
            self.reply(refused.status, {"message": refused.message})
        except NotAllowed as problem:
            self.server.problems.append(str(problem))
            self.reply(500, {"message": "not allowed"})
        else:
            self.reply(201 if self.command == "POST" else 200, data, headers)

    do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815 - the names are the library's

    def page(self, items: list[Any], query: dict[str, str]) -> tuple[list[Any], dict[str, str]]:
        size = min(int(query.get("per_page", query.get("limit", 30))), self.server.page_size)
        if self.server.face.name == "gitea":  # no links; comments come whole
            first = (int(query.get("page", 1)) - 1) * size
            return (items if "/comments" in self.path else items[first : first + size]), {}
        cursor = "activity" in self.path
        number = int(query.get("after" if cursor else "page", 1))
        if number * size >= len(items):
            return items[(number - 1) * size :], {}
        following = urlencode({**query, "after" if cursor else "page": number + 1})
        address = f"{self.server.base[:-4]}{urlsplit(self.path).path}?{following}"
        return items[(number - 1) * size : number * size], {"Link": f'<{address}>; rel="next", <{address}>; rel="last"'}

    def reply(self, status: int, data: Any, headers: dict[str, str] | None = None) -> None:
        content = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        fields = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(content))}
        for name, value in {**fields, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name is the library's
        """Tests look at ``log``."""


@contextmanager
def serving(face: Face) -> Iterator[Server]:
    """A server on loopback, stopped at the end; it fails the test when a request or answer was not allowed."""
    server = Server(face)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
    assert server.problems == []
