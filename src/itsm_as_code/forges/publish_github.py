"""Publishing a verdict on GitHub: a check run or a commit status, and one comment that is always the newest.

The order makes a run that was interrupted harmless: first whatever an earlier run said is taken back, at last the check
is set. The comment never decides anything and says for which commit it speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.answers import Fields, wrong
from itsm_as_code.forges.comment import JUDGING, MARKER, body, is_ours
from itsm_as_code.forges.http import Client, part
from itsm_as_code.forges.interface import Annotation, Notice

NAME: Final = "itsm gate"
ACTIONS_BOT: Final = "github-actions[bot]"
"""Who writes with the token of a workflow, which may not ask who it is (GET /user)."""
MOST_ANNOTATIONS: Final = 50
"""In one request (https://docs.github.com/rest/checks/runs#update-a-check-run)."""
MOST_LETTERS: Final = 60_000
"""Of a summary or comment; GitHub takes 65,535."""

CONCLUSIONS: Final = {
    "approved": "success",
    "pending": "action_required",
    "rejected": "failure",
    "error": "failure",
}
STATES: Final = {"approved": "success", "pending": "pending", "rejected": "failure", "error": "error"}


@dataclass(frozen=True, slots=True)
class GitHubPublisher:
    """Publishes on the commit ``head``.

    ``check`` makes a check run (needs ``checks: write`` and an app's token, such as that of a workflow), ``status`` a
    commit status (``statuses: write``), ``comment_on`` the number of the pull request to comment (``pull-requests:
    write``). ``me`` is the login that comments are written by; asked for when left out.
    """

    client: Client
    repository: str
    head: str
    check: bool = False
    status: bool = False
    comment_on: int | None = None
    me: str | None = None

    status_key: ClassVar[str] = "state"
    bot: ClassVar[str] = ACTIONS_BOT

    def begin(self, keep: Callable[[str], bool] = lambda _: False) -> None:
        """Take back what an earlier run said of this commit."""
        if self.check:
            self._set_check(self._running())
        if self.status and not self._may_stand(keep):
            self._set_status("pending", "is being judged")
        if self.comment_on is not None:
            self._comment(body(JUDGING, self.head, MOST_LETTERS), create=False)

    def finish(self, notice: Notice) -> None:
        """The comment first, the check last: nothing is green before all else is said."""
        if self.comment_on is not None:
            self._comment(body(notice.summary, self.head, MOST_LETTERS), create=True)
        if self.check:
            self._finish_check(notice)
        if self.status:
            shown = (STATES[notice.verdict], notice.title[:140])
            if {(state, title) for state, title in self._statuses()} != {shown}:
                self._set_status(*shown)

    @property
    def _root(self) -> str:
        owner, _, name = self.repository.partition("/")
        return f"/repos/{part(owner)}/{part(name)}"

    # Check run.

    def _running(self) -> dict[str, Any]:
        return {"name": NAME, "status": "in_progress", "external_id": self._external}

    @property
    def _external(self) -> str:
        """What our check run of this commit is found by again."""
        return f"itsm-gate/{self.head}"

    def _own_check(self) -> int | None:
        path = f"{self._root}/commits/{self.head}/check-runs"
        items = self.client.pages(path, {"check_name": NAME, "filter": "latest"}, inside="check_runs")
        runs = [Fields(item, "a check run") for item in items]
        return max((run.number("id") for run in runs if run.data.get("external_id") == self._external), default=None)

    def _set_check(self, content: Mapping[str, Any]) -> int:
        """Write our check run, a new one if there is none that can be written; gives its number."""
        number = self._own_check()
        if number is not None:
            try:
                answer = Fields(
                    self.client.send("PATCH", f"{self._root}/check-runs/{number}", content), "the check run"
                )
                if answer.data.get("status") == content["status"]:
                    return answer.number("id")
            except ForgeError as error:
                if error.code not in ("refused", "not-found"):  # another app's, which only looks like ours
                    raise
        made = self.client.send("POST", f"{self._root}/check-runs", {**content, "head_sha": self.head})
        return Fields(made, "the check run").number("id")

    def _finish_check(self, notice: Notice) -> None:
        output = {"title": notice.title[:255], "summary": notice.summary[:MOST_LETTERS]}
        number = self._set_check({**self._running(), "output": output})
        marks = [_mark(item) for item in notice.annotations]
        for start in range(0, len(marks), MOST_ANNOTATIONS):
            batch = {"output": {**output, "annotations": marks[start : start + MOST_ANNOTATIONS]}}
            self.client.send("PATCH", f"{self._root}/check-runs/{number}", batch)
        conclusion = CONCLUSIONS[notice.verdict]
        last = {"status": "completed", "conclusion": conclusion, "output": output}
        answer = Fields(self.client.send("PATCH", f"{self._root}/check-runs/{number}", last), "the check run")
        if answer.data.get("conclusion") != conclusion:
            raise wrong(f"the check run is not '{conclusion}', as it was set")

    # Commit status. GitHub keeps 1,000 of a name on a commit and takes no more
    # (https://docs.github.com/rest/commits/statuses#create-a-commit-status), so none is set that says nothing new.

    def _statuses(self) -> list[tuple[str, str]]:
        """State and description of the newest status of our name, of each account that set one: any may set it."""
        newest: dict[Any, Fields] = {}
        for item in self.client.pages(f"{self._root}/commits/{self.head}/statuses"):
            status = Fields(item, "a status")
            if status.data.get("context") == NAME:
                who = (status.data.get("creator") or {}).get("id")
                newest[who] = max(newest.get(who, status), status, key=lambda one: one.number("id"))
        return [(one.text(self.status_key), one.data.get("description") or "") for one in newest.values()]

    def _may_stand(self, keep: Callable[[str], bool]) -> bool:
        """Whether something stands there, and no approval that has to be taken back."""
        statuses = self._statuses()
        return bool(statuses) and all(state != "success" or keep(title) for state, title in statuses)

    def _set_status(self, state: str, what: str) -> None:
        content = {"state": state, "context": NAME, "description": what}
        answer = Fields(self.client.send("POST", f"{self._root}/statuses/{self.head}", content), "the status")
        if answer.data.get(self.status_key) != state:
            raise wrong(f"the status is not '{state}', as it was set")

    # Comment.

    def _comment(self, text: str, *, create: bool) -> None:
        comments = self.client.pages(f"{self._root}/issues/{self.comment_on}/comments")
        marked = [Fields(item, "a comment") for item in comments if is_ours(item.get("body"))]
        me = self._me() if marked else None
        mine = [item for item in marked if item.has("user") and item.inside("user").text("login") == me]
        if mine:
            number = mine[0].number("id")
            self.client.send("PATCH", f"{self._root}/issues/comments/{number}", {"body": text})
        elif create:
            self.client.send("POST", f"{self._root}/issues/{self.comment_on}/comments", {"body": text})

    def _me(self) -> str:
        if self.me is not None:
            return self.me
        try:
            return Fields(self.client.get("/user"), "the account of the token").text("login")
        except ForgeError as error:
            if error.code != "refused":
                raise
            return self.bot


def _mark(item: Annotation) -> dict[str, Any]:
    return {
        "path": item.path,
        "start_line": item.line,
        "end_line": item.line,
        "annotation_level": item.level,
        "title": item.title[:255],
        "message": item.message[:MOST_LETTERS],
    }


__all__ = ["ACTIONS_BOT", "MARKER", "NAME", "GitHubPublisher"]
