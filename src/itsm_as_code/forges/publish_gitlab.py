"""Publishing a verdict on GitLab: a commit status of the merge request's head, and one note that is always the newest.

GitLab has no check runs. A status named after the gate joins the pipeline of the commit; "Pipelines must succeed" then
holds the merge back until it succeeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.answers import Fields, wrong
from itsm_as_code.forges.comment import JUDGING, body, is_ours
from itsm_as_code.forges.http import Client, part
from itsm_as_code.forges.interface import Notice

NAME: Final = "itsm gate"
MOST_LETTERS: Final = 500_000
"""Of a note; GitLab takes 1,000,000."""
STATES: Final = {"approved": "success", "pending": "failed", "rejected": "failed", "error": "failed"}


@dataclass(frozen=True, slots=True)
class GitLabPublisher:
    """Publishes on the commit ``head`` and the merge request ``comment_on``; needs a token with the scope ``api``.

    ``on_issue``: ``comment_on`` is the number of an issue instead.
    """

    client: Client
    repository: str
    head: str
    status: bool = False
    comment_on: int | None = None
    me: str | None = None
    on_issue: bool = False

    def begin(self, keep: Callable[[str], bool] = lambda _: False) -> None:
        """Take back what an earlier run said of this commit; ``keep`` is not asked, for GitLab counts no statuses."""
        if self.status:
            self._set_status("running", "is being judged")
        if self.comment_on is not None:
            self._comment(body(JUDGING, self.head, MOST_LETTERS), create=False)

    def finish(self, notice: Notice) -> None:
        """The note first, the status last: nothing is green before all else is said."""
        if self.comment_on is not None:
            self._comment(body(notice.summary, self.head, MOST_LETTERS), create=True)
        if self.status:
            self._set_status(STATES[notice.verdict], notice.title)

    @property
    def _project(self) -> str:
        return f"/projects/{part(self.repository)}"

    def _set_status(self, state: str, what: str) -> None:
        content = {"state": state, "name": NAME, "description": what[:255]}
        try:
            answer = self.client.send("POST", f"{self._project}/statuses/{self.head}", content)
            shown: str | None = Fields(answer, "the status").text("status")
        except ForgeError as error:
            if error.code != "answer":
                raise
            # GitLab refuses a step from a state to itself ("Cannot transition status"), as after a run that was killed.
            shown = self._shown()
            if shown != state:
                raise
        if shown != state:
            raise wrong(f"the status is not '{state}', as it was set")

    def _shown(self) -> str | None:
        path = f"{self._project}/repository/commits/{self.head}/statuses"
        items = [Fields(item, "a status") for item in self.client.pages(path, {"name": NAME})]
        newest = max(items, key=lambda item: item.number("id"), default=None)
        return None if newest is None else newest.text("status")

    def _comment(self, text: str, *, create: bool) -> None:
        path = f"{self._project}/{'issues' if self.on_issue else 'merge_requests'}/{self.comment_on}/notes"
        notes = [Fields(item, "a note") for item in self.client.pages(path) if is_ours(item.get("body"))]
        me = self.me or (Fields(self.client.get("/user"), "the account of the token").text("username") if notes else "")
        mine = [note for note in notes if note.has("author") and note.inside("author").text("username") == me]
        if mine:
            number = min(note.number("id") for note in mine)
            self.client.send("PUT", f"{path}/{number}", {"body": text})
        elif create:
            self.client.send("POST", path, {"body": text})
