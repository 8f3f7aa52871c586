"""The options of `itsm gate` that are about forges: where the pull request is read from, and where the verdict goes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import option_group
from itsm_as_code.errors import ForgeError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from itsm_as_code.forges.github import GitHub
    from itsm_as_code.forges.gitlab import GitLab
    from itsm_as_code.forges.http import Client
    from itsm_as_code.forges.interface import MergeHistory, Publisher, PullRequest
    from itsm_as_code.git.repository import Repository

_GROUP = re.compile(r"(?:refs/heads/)?gh-readonly-queue/(?P<branch>.+)/pr-(?P<pr>\d{1,9})-[0-9a-f]{40,64}\Z")
_TRAIN = re.compile(r"refs/merge-requests/(?P<pr>\d{1,9})/(?:train|merge)\Z")


@dataclass(frozen=True, slots=True)
class ForgeOptions:
    """What the options say, and the environment where they say nothing."""

    name: str
    repository: str | None
    api_url: str | None
    into: str | None
    wait: float
    number: int | None = None
    remote: str | None = None
    group: str | None = None
    publish: str | None = None
    comment: bool = False
    comment_as: str | None = None
    keep: Path | None = None
    summary: Path | None = None
    annotate: bool = False

    @property
    def is_local(self) -> bool:
        return self.name == "local"

    def check(self, base: str | None, head: str | None, reviews: Path | None, *, to_file: bool) -> None:
        """UsageError for options that do not go together."""
        if self.annotate and not to_file:
            raise UsageError("--annotate needs --output", remedy="write the result to a file, or say --format github")
        if self.is_local:
            if base is None or head is None:
                raise UsageError("--base and --head are missing", remedy="name both, or a --forge with --pr")
            given = {"--pr": self.number, "--publish": self.publish, "--comment": self.comment or None}
            given |= {"--fetch": self.remote, "--merge-group": self.group}
            wrong = [name for name, value in given.items() if value is not None]
            if wrong:
                raise UsageError(f"{wrong[0]} needs a forge", remedy="name it: --forge github, or --forge gitlab")
            return
        if reviews is not None:
            raise UsageError("--reviews is for --forge local", remedy=f"leave it out: {self.name} is asked for them")
        if self.group is not None and (base is None or head is None):
            raise UsageError("--merge-group needs --base and --head", remedy="name the commits of the group")
        if self.pull_request_number is None:
            raise UsageError("which pull request?", remedy="name its number: --pr 17")

    @property
    def pull_request_number(self) -> int | None:
        """The number: that of ``--pr``, or of the last pull request of a group."""
        if self.group is None:
            return self.number
        match = _GROUP.match(self.group) if self.name == "github" else _TRAIN.match(self.group)
        if match is None:
            raise UsageError(
                f"'{self.group}' is not the reference of a group",
                remedy="write refs/heads/gh-readonly-queue/BRANCH/pr-N-COMMIT, or refs/merge-requests/N/train",
            )
        return int(match["pr"])

    @property
    def group_branch(self) -> str | None:
        """The branch that a group goes into, where its reference says so."""
        match = _GROUP.match(self.group or "")
        return match["branch"] if match else None

    @property
    def group_reference(self) -> str | None:
        """The group's reference in full."""
        if self.group is None or self.group.startswith("refs/"):
            return self.group
        return f"refs/heads/{self.group}"


_FORGE = click.option(
    "--forge",
    "name",
    type=click.Choice(["local", "github", "gitlab"]),
    default="local",
    show_default=True,
    help="Where the pull request lives.",
)
_REACH = [
    click.option(
        "--repo",
        "repository",
        metavar="OWNER/NAME",
        help="Its repository (default: that of the job, or of origin).",
    ),
    click.option("--api-url", metavar="URL", help="The API of GitHub Enterprise or a GitLab of your own."),
    click.option("--into", metavar="BRANCH", help="Judge what goes into this branch, not the default one."),
    click.option(
        "--wait",
        type=click.FloatRange(0, 3600),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for the forge in all, such as for a rate limit.",
    ),
]
_FILE = click.Path(path_type=Path)
forge_options = option_group(
    "forge",
    ForgeOptions,
    _FORGE,
    click.option("--pr", "number", type=click.IntRange(1), metavar="N", help="Its number at the forge."),
    *_REACH,
    click.option(
        "--fetch",
        "remote",
        is_flag=False,
        flag_value="origin",
        metavar="[REMOTE]",
        help="Fetch the commits first, to refs/itsm/ (from origin).",
    ),
    click.option("--merge-group", "group", metavar="REF", help="Judge the commit of a merge queue or merge train."),
    click.option(
        "--publish",
        is_flag=False,
        flag_value="check",
        type=click.Choice(["check", "status"]),
        metavar="[check|status]",
        help="Show the verdict on the commit: as a check run, or as a commit status.",
    ),
    click.option("--comment", is_flag=True, help="Keep one comment with the verdict up to date."),
    click.option("--comment-as", metavar="LOGIN", help="Whose comments are ours (default: asked for)."),
    click.option(
        "--write-reviews", "keep", type=_FILE, metavar="FILE", help="Keep what the forge told, for --reviews."
    ),
    click.option("--summary", type=_FILE, metavar="FILE", help="Add the verdict to this file, as Markdown."),
    click.option(
        "--annotate",
        is_flag=True,
        help="Print GitHub's annotations besides, where the result goes to a file.",
    ),
)
"""For a command that judges one pull request, and gets them as ``forge``."""
merge_options = option_group("forge", ForgeOptions, _FORGE, *_REACH)
"""For a command that reads merged pull requests: only what is about the forge."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A forge that can be asked: for the pull request with a number, and to publish on a commit."""

    options: ForgeOptions
    client: Client
    repository: str

    def forge(self, number: int) -> GitHub | GitLab:
        from itsm_as_code.forges.github import GitHub
        from itsm_as_code.forges.gitlab import GitLab

        adapter = GitHub if self.options.name == "github" else GitLab
        return adapter(self.client, self.repository, number, self.options.into)

    def pull_request(self, repository: Repository) -> PullRequest:
        """The pull request, with its commits in the clone when ``--fetch`` asks for them."""
        found = self.forge(self.options.pull_request_number or 0).pull_request()
        if self.options.group_branch not in (None, found.base_ref):
            raise ForgeError(
                f"the group goes into '{self.options.group_branch}', its pull request into '{found.base_ref}'",
                code="other-base",
                remedy="put the pull request into the queue again",
            )
        if self.options.remote is not None:
            self._fetch(repository, self.options.remote, found)
        return found

    def history(self, repository: Repository, now: datetime) -> MergeHistory:
        """The pull requests of commits that landed, with their own commits in the clone."""
        from itsm_as_code.assurance.merges import ForgeMerges

        def bring(pull_request: PullRequest) -> None:
            self._fetch(repository, self.options.remote or "origin", pull_request)

        return ForgeMerges(repository, self.forge, bring, self.client.wait, now)

    def _fetch(self, repository: Repository, remote: str, pull_request: PullRequest) -> None:
        from itsm_as_code.forges import github, gitlab
        from itsm_as_code.forges.answers import NO_COMMIT
        from itsm_as_code.git.fetching import Wanted, fetch

        reference = (github if self.options.name == "github" else gitlab).HEADS
        numbers = [pull_request.number or 0, *(item.number for item in pull_request.open_pull_requests)]
        fetch(
            repository,
            remote,
            Wanted(
                pull_request.base_ref or "main",
                tuple((number, reference.format(number)) for number in numbers),
                tuple(review.commit for review in pull_request.reviews if review.commit != NO_COMMIT),
                self.options.group_reference,
            ),
        )

    def publisher(self, head: str) -> Publisher | None:
        """Where the verdict on a commit is to be published, if anywhere."""
        from itsm_as_code.forges.publish_github import GitHubPublisher
        from itsm_as_code.forges.publish_gitlab import GitLabPublisher

        options = self.options
        if options.publish is None and not options.comment:
            return None
        comment_on = options.pull_request_number if options.comment else None
        if options.name == "gitlab":
            return GitLabPublisher(
                self.client, self.repository, head, options.publish is not None, comment_on, options.comment_as
            )
        check, status = options.publish == "check", options.publish == "status"
        return GitHubPublisher(self.client, self.repository, head, check, status, comment_on, options.comment_as)


def connect(options: ForgeOptions, repository: Repository) -> Connection:
    """The forge of the options, with the token of the environment. The token goes to the address of the API only."""
    from urllib.request import getproxies

    from itsm_as_code.forges import github, gitlab
    from itsm_as_code.forges.http import Client, Waiting

    name = options.repository or _repository_of(options.name, repository)
    if options.name == "github":
        if len(name.split("/")) != 2 or not all(name.split("/")):
            raise UsageError(f"'{name}' is not a repository", remedy="write --repo owner/name")
        base = options.api_url or os.environ.get("GITHUB_API_URL") or github.API
        headers = github.headers(_token("GITHUB_TOKEN", "GH_TOKEN"))
    else:
        base = options.api_url or os.environ.get("CI_API_V4_URL") or gitlab.API
        token = _token("GITLAB_TOKEN")
        headers = gitlab.headers(token or _token("CI_JOB_TOKEN"), job=token is None)
    return Connection(options, Client(base, headers, getproxies(), Waiting(options.wait)), name)


def _token(*names: str) -> str | None:
    """The first token that is set; a message about it never shows it."""
    for name in names:
        value = os.environ.get(name, "").strip()
        if value:
            if not value.isascii() or not value.isprintable() or " " in value:
                raise UsageError(f"{name} is not a token", remedy="set it to the token alone")
            return value
    return None


_REMOTE = re.compile(
    r"(?:https?://(?:[^/@]*@)?|ssh://(?:[^/@]*@)?|(?:[^/@:]*@)?)[^/:]+(?::\d+/|[/:])(?P<path>.+?)(?:\.git)?/?\Z"
)


def _repository_of(forge: str, repository: Repository) -> str:
    """The repository that a CI job is about, or that origin is a clone of."""
    name = os.environ.get("GITHUB_REPOSITORY" if forge == "github" else "CI_PROJECT_ID")
    if name:
        return name
    code, out = repository.run("config", "--get", "remote.origin.url", accept=(0, 1))
    match = _REMOTE.match(out.decode("utf-8", "replace").strip()) if code == 0 else None
    if match is None:
        raise UsageError("which repository?", remedy="name it: --repo owner/name")
    return match["path"]
