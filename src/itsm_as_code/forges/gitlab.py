"""GitLab, also self-managed: a merge request with everything that counts for its approval.

Fields are those of the REST API v4 (https://docs.gitlab.com/api/rest/); nothing here needs a paid tier. What GitLab
does not tell, and what is made of it:

- on which commit an approval was given: the head of the newest version that is older than the approval. Where there is
  none, it is bound to no commit and counts for nothing;
- who took back a request for changes (its reviewer is merely asked again): it stands until the reviewer approves;
- which branches a push of many went to: it counts as one to this branch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, Final

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

API: Final = "https://gitlab.com/api/v4"
HEADS: Final = "refs/merge-requests/{}/head"
"""Where git finds the head of a merge request."""

_WORDS: Final = {
    "approved this merge request": ReviewState.APPROVED,
    "unapproved this merge request": ReviewState.DISMISSED,
    "requested changes": ReviewState.CHANGES_REQUESTED,
}
"""What GitLab itself notes when somebody reviews; a person could not write a note with ``system: true``."""

_REVIEWER_STATES: Final = frozenset(
    ("unreviewed", "review_started", "reviewed", "requested_changes", "approved", "unapproved")
)


def headers(token: str | None, *, job: bool = False) -> dict[str, str]:
    """The header fields of every request; a CI job's own token goes by another name."""
    return {"Accept": "application/json", **({"JOB-TOKEN" if job else "PRIVATE-TOKEN": token} if token else {})}


@dataclass(frozen=True, slots=True)
class Version:
    """A state of the merge request's branch: its head, since when."""

    head: str
    since: datetime


@dataclass(frozen=True, slots=True)
class GitLab:
    """A merge request of a project (its path or number), which must go ``into`` a branch (default: the default one)."""

    client: Client
    repository: str
    number: int
    into: str | None = None

    def pull_request(self) -> PullRequest:
        """The merge request. ForgeError, also when it is not open or goes into another branch."""
        return settled(self.client, self._state, self._read)

    def merged(self) -> MergedPullRequest | None:
        """The merge request as of its merge into the branch; None when it was not merged there. ForgeError."""
        request = self._request()
        if request.text("state") != "merged" or request.text("target_branch") != self._into():
            return None
        return settled(self.client, self._merged_state, self._read_merged)

    def numbers(self, commit: str) -> list[int]:
        """The numbers of the merge requests that a commit came with."""
        items = self.client.pages(f"{self._project}/repository/commits/{part(commit)}/merge_requests")
        return sorted({Fields(item, "a merge request").number("iid") for item in items})

    @property
    def _project(self) -> str:
        return f"/projects/{part(self.repository)}"

    @property
    def _root(self) -> str:
        return f"{self._project}/merge_requests/{self.number}"

    def open(self, target: str) -> dict[int, str]:
        """The heads of all open merge requests into a branch, by their numbers."""
        return {item.number("iid"): item.commit("sha") for item in self._listed(target)}

    def opened(self, target: str) -> dict[int, datetime]:
        """When each open merge request into a branch that is no draft was opened, by their numbers."""
        ready = (item for item in self._listed(target) if item.data.get("draft") is not True)
        return {item.number("iid"): item.instant("created_at") for item in ready}

    def _listed(self, target: str) -> list[Fields]:
        """The open merge requests into a branch. One without a head has lost its branch, and cannot be merged."""
        query = {"state": "opened", "target_branch": target, "order_by": "created_at", "sort": "asc"}
        found = self.client.pages(f"{self._project}/merge_requests", query)
        return [item for data in found if (item := Fields(data, "an open merge request")).has("sha")]

    def _state(self) -> dict[str, Any]:
        """The merge request and the tip of its base, to compare with a later reading."""
        request = self._request()
        if request.text("state") != "opened":
            raise ForgeError(
                f"merge request {self.number} is {request.text('state')}", code="not-open", remedy="open it again"
            )
        into, target = self._into(), request.text("target_branch")
        if target != into:
            raise ForgeError(
                f"merge request {self.number} goes into '{target}', not into '{into}'",
                code="other-base",
                remedy="the gate judges what goes into the default branch; name another one with --into",
            )
        branch = Fields(self.client.get(f"{self._project}/repository/branches/{part(target)}"), "the base branch")
        if branch.text("name") != target:
            raise wrong("it is about another branch")
        watched = ("sha", "author", "draft", "source_branch", "source_project_id", "updated_at")
        return {"target_branch": target, "base": branch.inside("commit").commit("id")} | {
            key: request.data.get(key) for key in watched
        }

    def _request(self) -> Fields:
        request = Fields(self.client.get(self._root), f"merge request {self.number}")
        if request.number("iid") != self.number:
            raise wrong("it is about another merge request")
        return request

    def _into(self) -> str:
        return self.into or Fields(self.client.get(self._project), "the project").text("default_branch")

    def _merged_state(self) -> dict[str, Any]:
        request = self._request()
        watched = (
            *("sha", "author", "source_branch", "source_project_id", "updated_at", "target_branch"),
            *("merge_user", "merged_at", "merge_commit_sha", "squash_commit_sha"),
        )
        return {key: request.data.get(key) for key in watched}

    def _read_merged(self, state: Mapping[str, Any]) -> MergedPullRequest:
        """Without a merge commit it was squashed and fast-forwarded, or fast-forwarded as it was."""
        people = People("username", ghost="ghost")
        request = Fields(state, "the merge request")
        head, at = request.commit("sha"), request.instant("merged_at").replace(microsecond=0)
        by = people.login(state["merge_user"], "who merged") if request.has("merge_user") else None
        became = next(key for key in ("merge_commit_sha", "squash_commit_sha", "sha") if request.has(key))
        reviews = tuple(self._reviews(self._versions(head), people, at))
        read = PullRequest(
            author=people.login(state["author"], "the author"),
            forge="gitlab",
            number=self.number,
            pushers=self._pushers(request, people, at) if request.has("source_project_id") else (),
            reviews=reviews,
            base_ref=request.text("target_branch"),
            head=head,
            commits=self._commits(head),
            accounts=people.accounts(),
        )
        return MergedPullRequest(read, at, request.commit(became), by, tuple(self._changed(people, at, request)))

    def _changed(self, people: People, merged_at: datetime, request: Fields) -> Iterator[str]:
        """A sentence for each reviewer who took something back after the merge, and for what nobody knows any more."""
        if not request.has("source_project_id"):
            yield GONE
        for who, words in sorted(self._said(people).items()):
            late = [Review(who, word, NO_COMMIT, at.replace(microsecond=0)) for at, word in words if at > merged_at]
            yield from dismissed_since(late, merged_at)

    def _read(self, state: Mapping[str, Any]) -> PullRequest:
        people = People("username", ghost="ghost")
        request = Fields(state, "the merge request")
        head = request.commit("sha")
        versions = self._versions(head)
        return PullRequest(
            author=people.login(state["author"], "the author"),
            forge="gitlab",
            number=self.number,
            pushers=self._pushers(request, people),
            reviews=tuple(self._reviews(versions, people)),
            open_pull_requests=self._open(request.text("target_branch"), head),
            draft=request.flag("draft"),
            base_ref=request.text("target_branch"),
            base=request.commit("base"),
            head=head,
            commits=self._commits(head),
            accounts=people.accounts(),
        )

    def _versions(self, head: str) -> list[Version]:
        """All versions, oldest first; the newest must be the head's."""
        items = [Fields(item, "a version") for item in self.client.pages(f"{self._root}/versions")]
        items.sort(key=lambda item: item.number("id"))
        found = [Version(item.commit("head_commit_sha"), item.instant("created_at")) for item in items]
        if not found or found[-1].head != head:
            raise moved("the merge request has moved on, or its newest version is not known yet")
        return found

    def _open(self, target: str, head: str) -> tuple[OpenPullRequest, ...]:
        """The open merge requests into the same branch; ours must be one of them, as it was read."""
        found = self.open(target)
        if found.pop(self.number, None) != head:
            raise moved(f"merge request {self.number} has moved on")
        return tuple(OpenPullRequest(number, found[number]) for number in sorted(found))

    def _pushers(self, request: Fields, people: People, until: datetime | None = None) -> tuple[str, ...]:
        """Everyone who ever pushed to a branch of that name: rather one too many than one too few."""
        if not request.has("source_project_id"):
            raise ForgeError(
                "the project of the merge request's branch is gone", code="gone", remedy="push the branch again"
            )
        path = f"/projects/{request.number('source_project_id')}/events"
        found, known = [], False
        for item in self.client.pages(path, {"action": "pushed", "sort": "asc"}, only_grows=True):
            event = Fields(item, "an event")
            if not event.has("push_data") or (until is not None and event.instant("created_at") > until):
                continue
            push = event.inside("push_data")
            ref = push.text("ref") if push.has("ref") else None
            if push.text("ref_type") == "branch" and ref in (None, request.text("source_branch")):
                found.append(people.login(event.data.get("author"), "a pusher"))
                known = known or ref is None or push.data.get("commit_to") == request.text("sha")
        if not known:
            raise moved("who pushed the head is not known yet")
        return distinct(found)

    def _commits(self, head: str) -> tuple[ForgeCommit, ...]:
        items = self.client.pages(f"{self._root}/commits")
        found = tuple(ForgeCommit(Fields(item, "a commit").commit("id")) for item in items)
        if found and head not in {commit.sha for commit in found}:
            raise ForgeError("not all commits were listed", code="truncated", remedy="run the gate again")
        return found

    def _reviews(self, versions: list[Version], people: People, until: datetime | None = None) -> Iterator[Review]:
        """The word of each reviewer, now or as of an instant: an approval, one withdrawn, a request for changes."""
        given = Fields(self.client.get(f"{self._root}/approvals"), "the approvals")
        said = self._said(people)
        requests = self._requests(people, said)
        approved = given.data.get("approved_by")
        if not isinstance(approved, list):
            raise wrong("the approvals lack 'approved_by'")
        heads, standing = _Heads(versions), {}
        for item in approved:
            approval = Fields(item, "an approval")
            who = people.login(approval.data.get("user"), "who approved")
            noted = [at for at, word in said.get(who, ()) if word is ReviewState.APPROVED]
            if not approval.has("approved_at") and not noted:
                raise wrong("when an approval was given is not known")
            standing[who] = approval.instant("approved_at") if approval.has("approved_at") else noted[-1]
        if until is not None:
            said = {who: [(at, word) for at, word in words if at <= until] for who, words in said.items()}
            standing = {who: at for who, at in standing.items() if at <= until}
            requests = {who: at for who, at in requests.items() if at <= until}
        for who in sorted(requests.keys() | standing.keys() | said.keys()):
            word = _last_word(said.get(who, ()), standing.get(who), requests.get(who))
            if word is not None:
                at, state = word
                by = who if state is ReviewState.DISMISSED else None
                yield Review(who, state, heads.at(at), at.replace(microsecond=0), by)

    def _said(self, people: People) -> dict[str, list[tuple[datetime, ReviewState]]]:
        """What GitLab noted of each reviewer, oldest first."""
        found: dict[str, list[tuple[datetime, ReviewState]]] = {}
        for item in self.client.pages(f"{self._root}/notes", {"sort": "asc", "order_by": "created_at"}):
            note = Fields(item, "a note")
            word = _WORDS.get(str(note.data.get("body"))) if note.flag("system") else None
            if word is not None:
                who = people.login(note.data.get("author"), "the author of a note")
                found.setdefault(who, []).append((note.instant("created_at"), word))
        return {who: sorted(words) for who, words in found.items()}

    def _requests(
        self, people: People, said: Mapping[str, Iterable[tuple[datetime, ReviewState]]]
    ) -> dict[str, datetime]:
        """Who asks for changes by the list of reviewers, and since when."""
        found = {}
        for item in self.client.pages(f"{self._root}/reviewers"):
            reviewer = Fields(item, "a reviewer")
            state = reviewer.text("state")
            if state not in _REVIEWER_STATES:
                raise wrong(f"the state of a reviewer is '{state}', which is not known")
            if state == "requested_changes":
                who = people.login(reviewer.data.get("user"), "a reviewer")
                noted = [at for at, word in said.get(who, ()) if word is ReviewState.CHANGES_REQUESTED]
                found[who] = max([reviewer.instant("created_at"), *noted])
        return found


def _last_word(
    said: Iterable[tuple[datetime, ReviewState]], approved: datetime | None, requested: datetime | None
) -> tuple[datetime, ReviewState] | None:
    """A reviewer's latest word, from what GitLab noted and from what stands now.

    A request for changes that is listed no longer was taken back by somebody whom GitLab does not name, so it stands
    until its reviewer approves. An approval that is noted and does not stand was withdrawn, or reset by a push.
    """
    if requested is not None:
        return requested, ReviewState.CHANGES_REQUESTED
    words = list(said)
    approvals = [at for at, word in words if word is ReviewState.APPROVED] + ([approved] if approved else [])
    refusals = [at for at, word in words if word is ReviewState.CHANGES_REQUESTED]
    if refusals and (not approvals or max(refusals) >= max(approvals)):
        return max(refusals), ReviewState.CHANGES_REQUESTED
    if approved is not None:
        return approved, ReviewState.APPROVED
    withdrawn = [at for at, word in words if word is ReviewState.DISMISSED]
    return (max(withdrawn), ReviewState.DISMISSED) if withdrawn else None


class _Heads:
    """The heads of the versions, oldest first, by the instants from which they were there."""

    def __init__(self, versions: Sequence[Version]) -> None:
        self._heads = [version.head for version in versions]
        # The earliest instant from each version on grows along the list, whatever the forge says of each.
        self._since = list(accumulate((version.since for version in reversed(versions)), min))[::-1]

    def at(self, instant: datetime) -> str:
        """The head of the newest version that is older than an instant."""
        older = bisect_left(self._since, instant)
        return self._heads[older - 1] if older else NO_COMMIT
