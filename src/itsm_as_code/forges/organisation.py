"""Who is in an organisation or group at a forge, and in which of its teams."""

from __future__ import annotations

from typing import Any, Final

from itsm_as_code.errors import UsageError
from itsm_as_code.forges.http import Client, part

FORGES: Final = ("github", "gitlab", "gitea")


def organisation(forge: str, client: Client, name: str) -> dict[str, list[Any]]:
    """``members`` and ``teams``, each with its ``members``, as the API gives them.

    ForgeError where it cannot be asked. Whoever has no right to see a team's members gets an error, not an empty team.
    GitHub: https://docs.github.com/rest/orgs/members, rest/teams. GitLab: https://docs.gitlab.com/api/members/, where
    teams are the groups below a group. Gitea: its OpenAPI description, under organization.
    """
    if not name.strip():
        raise UsageError(f"which organisation of {forge}?", remedy=f"write --from {forge}:NAME")
    top = f"/groups/{part(name)}" if forge == "gitlab" else f"/orgs/{part(name)}"
    members = client.pages(f"{top}/members/all" if forge == "gitlab" else f"{top}/members")
    teams = client.pages(f"{top}/descendant_groups" if forge == "gitlab" else f"{top}/teams")
    place = {"github": (f"{top}/teams/", "slug"), "gitlab": ("/groups/", "id"), "gitea": ("/teams/", "id")}
    before, key = place[forge]
    return {
        "members": members,
        "teams": [
            {**team, "members": client.pages(f"{before}{part(str(team[key]))}/members")}
            for team in teams
            if isinstance(team, dict) and key in team
        ],
    }
