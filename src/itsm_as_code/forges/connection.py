"""A forge that can be asked: for a pull request or the group it is merged in, and to show a verdict on a commit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from itsm_as_code.errors import ForgeError, UsageError
from itsm_as_code.forges import gitea, github, gitlab
from itsm_as_code.forges.answers import NO_COMMIT
from itsm_as_code.forges.http import Client
from itsm_as_code.forges.interface import Publisher, PullRequest
from itsm_as_code.forges.publish_gitea import GiteaPublisher
from itsm_as_code.forges.publish_github import GitHubPublisher
from itsm_as_code.forges.publish_gitlab import GitLabPublisher
from itsm_as_code.forges.reminder import remind
from itsm_as_code.git.fetching import Wanted, fetch
from itsm_as_code.git.repository import Repository

_GROUP = re.compile(r"(?:refs/heads/)?gh-readonly-queue/(?P<branch>.+)/pr-(?P<pr>\d{1,9})-[0-9a-f]{40,64}\Z")
_TRAIN = re.compile(r"refs/merge-requests/(?P<pr>\d{1,9})/(?:train|merge)\Z")
_REMOTE = re.compile(
    r"(?:https?://(?:[^/@]*@)?|ssh://(?:[^/@]*@)?|(?:[^/@:]*@)?)[^/:]+(?::\d+/|[/:])(?P<path>.+?)(?:\.git)?/?\Z"
)


@dataclass(frozen=True, slots=True)
class Group:
    """What a merge queue or merge train builds: the number of its last pull request, its reference in full, and the
    branch that it goes into, where the reference says so."""

    number: int
    reference: str
    branch: str | None = None

    @classmethod
    def of(cls, forge: str, text: str) -> Group:
        """The group of a reference; UsageError where it is none."""
        match = _GROUP.match(text) if forge == "github" else _TRAIN.match(text)
        if match is None:
            raise UsageError(
                f"'{text}' is not the reference of a group",
                remedy="write refs/heads/gh-readonly-queue/BRANCH/pr-N-COMMIT, or refs/merge-requests/N/train",
            )
        reference = text if text.startswith("refs/") else f"refs/heads/{text}"
        return cls(int(match["pr"]), reference, match.groupdict().get("branch"))


@dataclass(frozen=True, slots=True)
class Connection:
    """The forge ``name`` (github, gitlab, gitea) and a repository there.

    ``into`` is the branch of pull requests that are asked for (the default one otherwise), ``number`` that of the one
    that is judged, or ``group`` what it is the last of; ``remote`` is fetched from, where there is one.
    """

    name: str
    client: Client
    repository: str
    into: str | None = None
    number: int | None = None
    group: Group | None = None
    remote: str | None = None

    def forge(self, number: int) -> github.GitHub | gitlab.GitLab:
        adapters: dict[str, type[github.GitHub] | type[gitlab.GitLab]] = {
            "github": github.GitHub,
            "gitlab": gitlab.GitLab,
            "gitea": gitea.Gitea,
        }
        return adapters[self.name](self.client, self.repository, number, self.into)

    def open(self, branch: str) -> dict[int, str]:
        """The heads of all open pull requests into a branch, by their numbers. ForgeError."""
        return self.forge(0).open(branch)

    def opened(self, branch: str) -> dict[int, datetime]:
        """When each open pull request into a branch that is no draft was opened, by their numbers. ForgeError."""
        return self.forge(0).opened(branch)

    def remind(self, text: str | None) -> None:
        """Keep the issue of reminders up to date, or close it where there is no text. ForgeError."""
        remind(self.name, self.client, self.repository, text)

    def request_reviews(self, logins: Sequence[str]) -> None:
        """Ask accounts for their review of the pull request at GitHub; ForgeError, also where there is no account."""
        if self.name != "github" or not logins:
            raise ForgeError("no account is known to ask", code="nobody", remedy="name accounts in people/")
        github.GitHub(self.client, self.repository, self.asked or 0, self.into).request_reviews(logins)

    @property
    def asked(self) -> int | None:
        """The number of the pull request that is judged."""
        return self.number if self.group is None else self.group.number

    def pull_request(self, repository: Repository) -> PullRequest:
        """The pull request, with its commits in the clone where there is a remote to fetch from."""
        found = self.forge(self.asked or 0).pull_request()
        if self.group is not None and self.group.branch not in (None, found.base_ref):
            raise ForgeError(
                f"the group goes into '{self.group.branch}', its pull request into '{found.base_ref}'",
                code="other-base",
                remedy="put the pull request into the queue again",
            )
        if self.remote is not None:
            self.fetch(repository, found)
        return found

    def fetch(self, repository: Repository, pull_request: PullRequest) -> None:
        """Bring the commits of a pull request, of those beside it and of its reviews into the clone."""
        reference = (gitlab if self.name == "gitlab" else github).HEADS
        numbers = [pull_request.number or 0, *(item.number for item in pull_request.open_pull_requests)]
        fetch(
            repository,
            self.remote or "origin",
            Wanted(
                pull_request.base_ref or "main",
                tuple((number, reference.format(number)) for number in numbers),
                tuple(review.commit for review in pull_request.reviews if review.commit != NO_COMMIT),
                self.group.reference if self.group is not None else None,
            ),
        )

    def publisher(
        self, head: str, publish: str | None, comment: bool, comment_as: str | None = None, issue: int | None = None
    ) -> Publisher | None:
        """Where the verdict on a commit is to be shown: a ``check`` run or ``status``, a comment; None for nowhere.

        The comment stands on the pull request, or on an ``issue``.
        """
        if publish is None and not comment and issue is None:
            return None
        to, comment_on = (self.client, self.repository, head), issue or (self.asked if comment else None)
        if self.name == "gitlab":
            return GitLabPublisher(*to, publish is not None, comment_on, comment_as, on_issue=issue is not None)
        if self.name == "gitea":
            return GiteaPublisher(*to, False, publish is not None, comment_on, comment_as)
        return GitHubPublisher(*to, publish == "check", publish == "status", comment_on, comment_as)


def repository_of_origin(repository: Repository) -> str | None:
    """The repository at its forge that a clone's origin is, as its address says."""
    code, out = repository.run("config", "--get", "remote.origin.url", accept=(0, 1))
    match = _REMOTE.match(out.decode("utf-8", "replace").strip()) if code == 0 else None
    return match["path"] if match is not None else None
