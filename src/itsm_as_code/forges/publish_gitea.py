"""Publishing a verdict on Gitea and Forgejo: as on GitHub, but that there are no check runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from itsm_as_code.forges.publish_github import GitHubPublisher

ACTIONS_BOT: Final = "gitea-actions"
"""Who writes with the token of a workflow."""


@dataclass(frozen=True, slots=True)
class GiteaPublisher(GitHubPublisher):
    """Publishes on the commit ``head`` by a commit status; needs a token that may write the repository and issues."""

    status_key: ClassVar[str] = "status"
    bot: ClassVar[str] = ACTIONS_BOT
