"""Gitea and Forgejo: a pull request with everything that counts for its approval.

Fields are those of their published descriptions (https://gitea.com/api/swagger, https://codeberg.org/api/swagger). What
is different from GitHub's, and what is made of it:

- an approval is ``official`` where its reviewer may write, or is on the list of those who approve; one that is not
  counts for nothing. A request for changes is a veto in any case;
- ``stale`` says that something was pushed since; which approvals that voids is for the gate to say, by what they saw;
- a dismissed review keeps its state, and the timeline says who dismissed it. Where it does not, as where a push did, an
  approval is gone, and a request for changes stands;
- who pushed stands in the activities of the repository and in the timeline. Where neither knows the head, there is no
  verdict;
- lists have no links to their next pages: they are read until one is empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from itsm_as_code import clock
from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.answers import NO_COMMIT, Fields, People, distinct, moved, wrong
from itsm_as_code.forges.github import HEADS, GitHub, commit_of
from itsm_as_code.forges.http import part
from itsm_as_code.forges.interface import ForgeCommit, Review, ReviewState

__all__ = ["HEADS", "Gitea", "headers"]
_STATES: Final = {
    "APPROVED": ReviewState.APPROVED,
    "REQUEST_CHANGES": ReviewState.CHANGES_REQUESTED,
    "COMMENT": ReviewState.COMMENTED,
}
_NOT_GIVEN: Final = ("PENDING", "REQUEST_REVIEW")
_PUSHES: Final = ("commit_repo", "mirror_sync_push", "mirror_sync_create")


def headers(token: str | None) -> dict[str, str]:
    """The header fields of every request."""
    return {"Accept": "application/json", **({"Authorization": f"token {token}"} if token else {})}


@dataclass(frozen=True, slots=True)
class Gitea(GitHub):
    """A pull request of the repository ``owner/name``, which must go ``into`` a branch (default: the default one).

    Its client counts pages by number.
    """

    name: ClassVar[str] = "gitea"
    ghost: ClassVar[str] = "Ghost"
    tip: ClassVar[str] = "id"

    def numbers(self, commit: str) -> list[int]:
        """The number of the pull request that a commit came with, if any: there is one at most."""
        try:
            found = self.client.get(f"{self._root}/commits/{part(commit)}/pull")
        except ForgeError as error:
            if error.code != "not-found":
                raise
            return []
        return [Fields(found, "a pull request").number("number")]

    def request_reviews(self, logins: Iterable[str]) -> None:
        """ForgeError: only GitHub is asked."""
        raise ForgeError("reviews are asked for at GitHub alone", code="nobody", remedy="ask for them by hand")

    def listed(self, base_ref: str) -> list[Fields]:
        items = self.client.pages(f"{self._root}/pulls", {"state": "open"})
        found = [Fields(item, "an open pull request") for item in items]
        return [item for item in found if item.inside("base").text("ref") == base_ref]

    def _timeline(self) -> list[Fields]:
        items = self.client.pages(f"{self._root}/issues/{self.number}/timeline")
        return [Fields(item, "an event") for item in items]

    def pushers_of(self, head: Fields, people: People, until: datetime | None = None) -> tuple[str, ...]:
        """Everyone who ever pushed to a branch of that name: rather one too many than one too few."""
        if not head.has("repo"):
            raise ForgeError(
                "the repository of the pull request's branch is gone", code="gone", remedy="push the branch again"
            )
        owner, _, name = head.inside("repo").text("full_name").partition("/")
        found, seen, branch = list[str](), set[str](), f"refs/heads/{head.text('ref')}"
        for item in self.client.pages(f"/repos/{part(owner)}/{part(name)}/activities/feeds"):
            event = Fields(item, "an activity")
            is_push = event.data.get("op_type") in _PUSHES and event.data.get("ref_name") == branch
            if is_push and (until is None or event.instant("created") <= until):
                found.append(people.login(event.data.get("act_user"), "a pusher"))
                seen |= _commits_of(event.data.get("content"))
        for event in self._timeline():
            if event.data.get("type") == "pull_push" and (until is None or event.instant("created_at") <= until):
                found.append(people.login(event.data.get("user"), "a pusher"))
                seen |= _commits_of(event.data.get("body"))
        if head.text("sha") not in seen:
            raise moved("who pushed the head is not known yet")
        return distinct(found)

    def reviews_of(self, people: People) -> Iterator[Review]:
        """All reviews; a dismissal as one of its own, by whom the timeline names."""
        items = [Fields(item, "a review") for item in self.client.pages(f"{self._root}/pulls/{self.number}/reviews")]
        is_dismissed = any(item.data.get("dismissed") is True for item in items)
        dismissals = self._dismissals() if is_dismissed else {}
        for item in items:
            state = item.text("state")
            if state in _NOT_GIVEN:
                continue
            if state not in _STATES:
                raise wrong(f"a review is '{state}', which is not known")
            said = _STATES[state]
            if said is ReviewState.APPROVED and not item.flag("official"):
                said = ReviewState.COMMENTED
            reviewer = people.login(item.data.get("user"), "a reviewer")
            commit = item.commit("commit_id") if item.data.get("commit_id") else NO_COMMIT
            at, event = item.instant("submitted_at"), dismissals.get(item.number("id"))
            if item.flag("dismissed") and event is None and said is not ReviewState.CHANGES_REQUESTED:
                yield Review(reviewer, ReviewState.DISMISSED, commit, at, reviewer)
                continue
            yield Review(reviewer, said, commit, at)
            if item.flag("dismissed") and event is not None:
                by = people.login(event.data.get("user"), "who dismissed a review")
                yield Review(reviewer, ReviewState.DISMISSED, commit, event.instant("created_at"), by)

    def _dismissals(self) -> dict[int, Fields]:
        return {
            event.number("review_id"): event
            for event in self._timeline()
            if event.data.get("type") == "dismiss_review" and event.has("review_id")
        }

    def edited_since(self, people: People, merged_at: datetime) -> Iterator[str]:
        """A sentence for each review that something happened to after the merge."""
        for data in self.client.pages(f"{self._root}/pulls/{self.number}/reviews"):
            item = Fields(data, "a review")
            if item.data.get("state") in _STATES and item.has("updated_at"):
                at = item.instant("updated_at")
                if item.instant("submitted_at") <= merged_at < at:
                    who = people.login(item.data.get("user"), "a reviewer")
                    yield f"the review of {who} was changed at {clock.format_instant(at)}, after the merge"

    def commits_of(self, pull: Fields, base: str, head: str, people: People) -> tuple[ForgeCommit, ...]:
        items = self.client.pages(f"{self._root}/pulls/{self.number}/commits")
        found = tuple(commit_of(Fields(item, "a commit"), people) for item in items)
        if head not in {commit.sha for commit in found}:
            raise ForgeError("not all commits were listed", code="truncated", remedy="run the gate again")
        return found


def _commits_of(text: Any) -> set[str]:
    """The commits that a push brought, as its JSON says (``Commits`` and ``HeadCommit``, or ``commit_ids``)."""
    try:
        data = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return set()
    if not isinstance(data, dict):
        return set()
    commits = [*(data.get("Commits") or ()), data.get("HeadCommit")]
    found = {item.get("Sha1") for item in commits if isinstance(item, dict)}
    return {sha for sha in (*found, *(data.get("commit_ids") or ())) if isinstance(sha, str)}
