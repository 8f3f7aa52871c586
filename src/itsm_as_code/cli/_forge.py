"""The options of `itsm gate` that are about forges: where the pull request is read from, and where the verdict goes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from itsm_as_code.cli._options import ForgeChoice, option_group
from itsm_as_code.errors import UsageError

if TYPE_CHECKING:
    from itsm_as_code.forges.connection import Connection, Group
    from itsm_as_code.forges.http import Client
    from itsm_as_code.git.repository import Repository


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
    issue: int | None = None
    comment_as: str | None = None
    mention: bool = False
    keep: Path | None = None
    summary: Path | None = None
    annotate: bool = False
    every: bool = False
    ask: bool = False

    @property
    def is_local(self) -> bool:
        return self.name == "local"

    def check(self, base: str | None, head: str | None, reviews: Path | None, *, to_file: bool) -> None:
        """UsageError for options that do not go together."""
        if self.annotate and not to_file:
            raise UsageError("--annotate needs --output", remedy="write the result to a file, or say --format github")
        if self.is_local:
            given = {"--pr": self.number, "--publish": self.publish, "--comment": self.comment or None}
            given |= {"--comment-on": self.issue}
            given |= {"--fetch": self.remote, "--merge-group": self.group}
            given |= {"--all": self.every or None, "--request-reviewers": self.ask or None}
            wrong = [name for name, value in given.items() if value is not None]
            if wrong:
                raise UsageError(f"{wrong[0]} needs a forge", remedy="name it: --forge github, or --forge gitlab")
            if base is None or head is None:
                raise UsageError("--base and --head are missing", remedy="name both, or a --forge with --pr")
            return
        if reviews is not None:
            raise UsageError("--reviews is for --forge local", remedy=f"leave it out: {self.name} is asked for them")
        if self.group is not None and (base is None or head is None):
            raise UsageError("--merge-group needs --base and --head", remedy="name the commits of the group")
        which = (self.number, self.group, self.issue, base, head)
        if self.every and (which.count(None) < len(which) or self.publish is None):
            raise UsageError("--all judges every open pull request", remedy="leave out which, and say --publish status")
        if self.ask and self.name != "github":
            raise UsageError("--request-reviewers is for GitHub", remedy="leave it out; the report says whom to ask")
        if self.merged_in is None and self.number is None and not self.every:
            raise UsageError("which pull request?", remedy="name its number: --pr 17")

    @property
    def merged_in(self) -> Group | None:
        """The group of a merge queue or train, where one is judged."""
        from itsm_as_code.forges.connection import Group

        return None if self.group is None else Group.of(self.name, self.group)


_FORGE = click.option(
    "--forge",
    "name",
    type=ForgeChoice(["local", "github", "gitlab", "gitea"]),
    default="local",
    show_default=True,
    help="Where the pull request lives; forgejo is read as gitea.",
)
_REACH = [
    click.option(
        "--repo",
        "repository",
        metavar="OWNER/NAME",
        help="Its repository (default: that of the job, or of origin).",
    ),
    click.option("--api-url", metavar="URL", help="The API of GitHub Enterprise, or of a GitLab or Gitea of your own."),
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
    click.option("--all", "every", is_flag=True, help="Judge all open ones, and --publish each: a base that moved."),
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
    click.option(
        "--comment-on",
        "issue",
        type=click.IntRange(1),
        metavar="N",
        help="Keep it on this issue instead, from which the pull request was made.",
    ),
    click.option("--request-reviewers", "ask", is_flag=True, help="Ask at GitHub whom the verdict suggests."),
    click.option("--comment-as", metavar="LOGIN", help="Whose comments are ours (default: asked for)."),
    click.option(
        "--mention", is_flag=True, help="Mention the logins of those who are asked, so that the forge tells them."
    ),
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


def connect(options: ForgeOptions, repository: Repository) -> Connection:
    """The forge of the options, with the token of the environment. The token goes to the address of the API only."""
    from itsm_as_code.forges.connection import Connection

    name = options.repository or _repository_of(options.name, repository)
    if options.name != "gitlab" and (len(name.split("/")) != 2 or not all(name.split("/"))):
        raise UsageError(f"'{name}' is not a repository", remedy="write --repo owner/name")
    client = client_of(options.name, options.api_url, options.wait)
    return Connection(options.name, client, name, options.into, options.number, options.merged_in, options.remote)


def client_of(forge: str, api_url: str | None, wait: float = 60.0) -> Client:
    """The API of a forge, with the token of the environment."""
    from urllib.request import getproxies

    from itsm_as_code.forges import gitea, github, gitlab
    from itsm_as_code.forges.http import Client, Waiting

    in_gitea = os.environ.get("GITEA_ACTIONS") == "true"  # whose jobs have the variables of GitHub's
    if forge == "gitea":
        base = api_url or (os.environ.get("GITHUB_API_URL") if in_gitea else None) or ""
        if not base:
            raise UsageError("which Gitea?", remedy="name its API: --api-url https://gitea.example.org/api/v1")
        token = _token("GITEA_TOKEN", "FORGEJO_TOKEN", *(("GITHUB_TOKEN",) if in_gitea else ()))
        headers = gitea.headers(token)
    elif forge == "github":
        base = api_url or os.environ.get("GITHUB_API_URL") or github.API
        headers = github.headers(_token("GITHUB_TOKEN", "GH_TOKEN"))
    else:
        base = api_url or os.environ.get("CI_API_V4_URL") or gitlab.API
        token = _token("GITLAB_TOKEN")
        headers = gitlab.headers(token or _token("CI_JOB_TOKEN"), job=token is None)
    return Client(base, headers, getproxies(), Waiting(wait), counts_pages=forge == "gitea")


def _token(*names: str) -> str | None:
    """The first token that is set; a message about it never shows it."""
    for name in names:
        value = os.environ.get(name, "").strip()
        if value:
            if not value.isascii() or not value.isprintable() or " " in value:
                raise UsageError(f"{name} is not a token", remedy="set it to the token alone")
            return value
    return None


def _repository_of(forge: str, repository: Repository) -> str:
    """The repository that a CI job is about, or that origin is a clone of."""
    from itsm_as_code.forges.connection import repository_of_origin

    job = os.environ.get("CI_PROJECT_ID" if forge == "gitlab" else "GITHUB_REPOSITORY")
    name = job or repository_of_origin(repository)
    if not name:
        raise UsageError("which repository?", remedy="name it: --repo owner/name")
    return name
