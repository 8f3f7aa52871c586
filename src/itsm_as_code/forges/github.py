"""GitHub and GitHub Enterprise: a pull request with everything that counts for its approval.

Fields and limits are those of the REST API (https://docs.github.com/rest, version 2022-11-28). What GitHub does not
tell: who edited a review. What it tells late: who pushed, who dismissed; until it does, there is no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from itsm_as_code import clock
from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.answers import (
    GONE,
    NO_COMMIT,
    Fields,
    People,
    dismissed_since,
    distinct,
    moved,
    settled,
    wrong,
)
from itsm_as_code.forges.http import Client, part
from itsm_as_code.forges.interface import (
    ForgeCommit,
    MergedPullRequest,
    OpenPullRequest,
    PullRequest,
    Review,
    ReviewState,
)

API: Final = "https://api.github.com"
HEADS: Final = "refs/pull/{}/head"
"""Where git finds the head of a pull request."""
HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
LISTED_COMMITS: Final = 250
"""The list of a pull request's commits ends there (https://docs.github.com/rest/pulls/pulls#list-commits-on-a-pull-request)."""

_STATES: Final = {
    "approved": ReviewState.APPROVED,
    "changes_requested": ReviewState.CHANGES_REQUESTED,
    "commented": ReviewState.COMMENTED,
}
_WEB_FLOW: Final = "web-flow"
"""The account that commits what is made in GitHub's web pages; it is nobody's."""


def headers(token: str | None) -> dict[str, str]:
    """The header fields of every request."""
    return {**HEADERS, **({"Authorization": f"Bearer {token}"} if token else {})}


@dataclass(frozen=True, slots=True)
class GitHub:
    """A pull request of the repository ``owner/name``, which must go ``into`` a branch (default: the default one)."""

    client: Client
    repository: str
    number: int
    into: str | None = None

    name: ClassVar[str] = "github"
    ghost: ClassVar[str] = "ghost"
    tip: ClassVar[str] = "sha"
    """The key of a branch's commit id."""

    def pull_request(self) -> PullRequest:
        """The pull request. ForgeError, also when it is not open or goes into another branch."""
        return settled(self.client, self._state, self._read)

    def merged(self) -> MergedPullRequest | None:
        """The pull request as of its merge into the branch; None when it was not merged there. ForgeError."""
        pull = self._pull()
        if not pull.has("merged_at") or pull.inside("base").text("ref") != (self.into or self._default(pull)):
            return None
        return settled(self.client, self._merged_state, self._read_merged)

    def numbers(self, commit: str) -> list[int]:
        """The numbers of the pull requests that a commit came with."""
        items = self.client.pages(f"{self._root}/commits/{part(commit)}/pulls")
        return sorted({Fields(item, "a pull request").number("number") for item in items})

    def open(self, base_ref: str) -> dict[int, str]:
        """The heads of all open pull requests into a branch, by their numbers."""
        return {pull.number("number"): pull.inside("head").commit("sha") for pull in self.listed(base_ref)}

    def opened(self, base_ref: str) -> dict[int, datetime]:
        """When each open pull request into a branch that is no draft was opened, by their numbers."""
        ready = (pull for pull in self.listed(base_ref) if pull.data.get("draft") is not True)
        return {pull.number("number"): pull.instant("created_at") for pull in ready}

    def listed(self, base_ref: str) -> list[Fields]:
        query = {"state": "open", "base": base_ref, "sort": "created", "direction": "asc"}
        return [Fields(item, "an open pull request") for item in self.client.pages(f"{self._root}/pulls", query)]

    def request_reviews(self, logins: Iterable[str]) -> None:
        """Ask accounts for their review; who was asked already stays so. Needs ``pull-requests: write``. ForgeError."""
        self.client.send("POST", f"{self._root}/pulls/{self.number}/requested_reviewers", {"reviewers": [*logins]})

    @property
    def _root(self) -> str:
        owner, _, name = self.repository.partition("/")
        return f"/repos/{part(owner)}/{part(name)}"

    def _state(self) -> dict[str, Any]:
        """The pull request and the tip of its base, to compare with a later reading."""
        pull = self._pull()
        if pull.text("state") != "open":
            raise ForgeError(f"pull request {self.number} is closed", code="not-open", remedy="open it again")
        base, default = pull.inside("base"), self._default(pull)
        if base.text("ref") != (self.into or default):
            raise ForgeError(
                f"pull request {self.number} goes into '{base.text('ref')}', not into '{self.into or default}'",
                code="other-base",
                remedy="the gate judges what goes into the default branch; name another one with --into",
            )
        branch = Fields(self.client.get(f"{self._root}/branches/{part(base.text('ref'))}"), "the base branch")
        if branch.text("name") != base.text("ref"):
            raise wrong("it is about another branch")
        watched = ("head", "user", "draft", "commits", "updated_at")
        return {"base": branch.inside("commit").commit(self.tip), **{key: pull.data.get(key) for key in watched}} | {
            "base_ref": base.text("ref")
        }

    def _pull(self) -> Fields:
        pull = Fields(self.client.get(f"{self._root}/pulls/{self.number}"), f"pull request {self.number}")
        if pull.number("number") != self.number:
            raise wrong("it is about another pull request")
        return pull

    def _default(self, pull: Fields) -> str:
        return pull.inside("base").inside("repo").text("default_branch")

    def _merged_state(self) -> dict[str, Any]:
        pull = self._pull()
        watched = ("head", "user", "commits", "merged_at", "merge_commit_sha", "merged_by", "updated_at")
        base = pull.inside("base")
        return {key: pull.data.get(key) for key in watched} | {"base_ref": base.text("ref"), "base": base.commit("sha")}

    def _read_merged(self, state: Mapping[str, Any]) -> MergedPullRequest:
        people = People("login", ghost=self.ghost)
        pull = Fields(state, "the pull request")
        head, at = pull.inside("head"), pull.instant("merged_at")
        sha = head.commit("sha")
        reviews = tuple(self.reviews_of(people))
        by = people.login(state["merged_by"], "who merged") if pull.has("merged_by") else None
        changed = (
            *dismissed_since(reviews, at),
            *self.edited_since(people, at),
            *(() if head.has("repo") else (GONE,)),
        )
        read = PullRequest(
            author=people.login(state["user"], "the author"),
            forge=self.name,
            number=self.number,
            pushers=self.pushers_of(head, people, at) if head.has("repo") else (),
            reviews=tuple(review for review in reviews if review.at <= at),
            base_ref=pull.text("base_ref"),
            head=sha,
            commits=self.commits_of(pull, pull.commit("base"), sha, people),
            accounts=people.accounts(),
        )
        return MergedPullRequest(read, at, pull.commit("merge_commit_sha"), by, changed)

    def edited_since(self, people: People, merged_at: datetime) -> Iterator[str]:
        """A sentence for each review that was edited after the merge, which the timeline tells where it does."""
        for item in self.client.pages(f"{self._root}/issues/{self.number}/timeline"):
            event = Fields(item, "an event")
            if event.data.get("event") == "reviewed" and event.has("updated_at"):
                at = event.instant("updated_at")
                if event.instant("submitted_at") <= merged_at < at:
                    who = people.login(event.data.get("user"), "a reviewer")
                    yield f"the review of {who} was edited at {clock.format_instant(at)}, after the merge"

    def _read(self, state: Mapping[str, Any]) -> PullRequest:
        people = People("login", ghost=self.ghost)
        pull = Fields(state, "the pull request")
        head = pull.inside("head")
        sha, base = head.commit("sha"), pull.commit("base")
        others = self._open(pull.text("base_ref"), sha)
        return PullRequest(
            author=people.login(state["user"], "the author"),
            forge=self.name,
            number=self.number,
            pushers=self.pushers_of(head, people),
            reviews=tuple(self.reviews_of(people)),
            open_pull_requests=others,
            draft=pull.flag("draft"),
            base_ref=pull.text("base_ref"),
            base=base,
            head=sha,
            commits=self.commits_of(pull, base, sha, people),
            accounts=people.accounts(),
        )

    def _open(self, base_ref: str, head: str) -> tuple[OpenPullRequest, ...]:
        """The open pull requests into the same branch; ours must be one of them, as it was read."""
        found = self.open(base_ref)
        if found.pop(self.number, None) != head:
            raise moved(f"pull request {self.number} has moved on")
        return tuple(OpenPullRequest(number, found[number]) for number in sorted(found))

    def pushers_of(self, head: Fields, people: People, until: datetime | None = None) -> tuple[str, ...]:
        """Everyone who ever pushed to a branch of that name: rather one too many than one too few."""
        if not head.has("repo"):
            raise ForgeError(
                "the repository of the pull request's branch is gone", code="gone", remedy="push the branch again"
            )
        owner, _, name = head.inside("repo").text("full_name").partition("/")
        path = f"/repos/{part(owner)}/{part(name)}/activity"
        query = {"ref": f"refs/heads/{head.text('ref')}"}
        # Its pages go by a cursor, which nothing moves.
        events = [Fields(item, "a push") for item in self.client.pages(path, query, only_grows=True)]
        if until is not None:
            events = [event for event in events if event.instant("timestamp") <= until]
        if not any(event.text("after") == head.text("sha") for event in events):
            raise moved("who pushed the head is not known yet")
        return distinct(people.login(event.data.get("actor"), "a pusher") for event in events)

    def reviews_of(self, people: People) -> Iterator[Review]:
        """All reviews. A dismissed one forgets what it said; the timeline remembers that, and who dismissed it."""
        items = [Fields(item, "a review") for item in self.client.pages(f"{self._root}/pulls/{self.number}/reviews")]
        dismissals = self._dismissals() if any(item.text("state").lower() == "dismissed" for item in items) else {}
        for item in items:
            state = item.text("state").lower()
            if state == "pending":  # not given yet: only its author sees it
                continue
            reviewer = people.login(item.data.get("user"), "a reviewer")
            commit = item.commit("commit_id") if item.has("commit_id") else NO_COMMIT
            at = item.instant("submitted_at")
            if state != "dismissed":
                yield Review(reviewer, _review_state(state), commit, at)
                continue
            event = dismissals.get(item.number("id"))
            if event is None:
                raise moved("who dismissed a review is not known yet")
            said = _review_state(event.inside("dismissed_review").text("state").lower())
            yield Review(reviewer, said, commit, at)
            by = people.login(event.data.get("actor"), "who dismissed a review")
            yield Review(reviewer, ReviewState.DISMISSED, commit, event.instant("created_at"), by)

    def _dismissals(self) -> dict[int, Fields]:
        found = {}
        for item in self.client.pages(f"{self._root}/issues/{self.number}/timeline"):
            event = Fields(item, "an event")
            if event.data.get("event") == "review_dismissed":
                found[event.inside("dismissed_review").number("review_id")] = event
        return found

    def commits_of(self, pull: Fields, base: str, head: str, people: People) -> tuple[ForgeCommit, ...]:
        """All commits with their accounts; where the list would be cut off, from the comparison of base and head."""
        count = pull.number("commits")
        if count <= LISTED_COMMITS:
            items = self.client.pages(f"{self._root}/pulls/{self.number}/commits")
        else:
            path = f"{self._root}/compare/{base}...{head}"
            items = self.client.pages(path, inside="commits")
            count = Fields(self.client.get(path, {"per_page": 1}), "the comparison").number("total_commits")
        found = tuple(commit_of(Fields(item, "a commit"), people) for item in items)
        if len(found) != count or head not in {commit.sha for commit in found}:
            raise ForgeError(
                f"{len(found)} of {count} commits of pull request {self.number} were listed",
                code="truncated",
                remedy="run the gate again; split the pull request if it stays so",
            )
        return found


def _review_state(name: str) -> ReviewState:
    if name not in _STATES:
        raise wrong(f"a review is '{name}', which is not known")
    return _STATES[name]


def commit_of(item: Fields, people: People) -> ForgeCommit:
    """A commit with the accounts that its addresses belong to."""

    def login(key: str) -> str | None:
        user = item.data.get(key)  # null or {}: the address belongs to no account
        name = people.login(user, f"the {key} of a commit") if user else None
        return None if name == _WEB_FLOW else name

    return ForgeCommit(item.commit("sha"), login("author"), login("committer"))
