"""The one issue of reminders at a forge: found again by its first line and its author, kept up to date, closed when
there is nothing to be reminded of."""

from __future__ import annotations

from typing import Any, Final

from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.answers import Fields
from itsm_as_code.forges.comment import shortened
from itsm_as_code.forges.http import Client, part
from itsm_as_code.forges.publish_gitea import ACTIONS_BOT as GITEA_BOT
from itsm_as_code.forges.publish_github import ACTIONS_BOT

TITLE: Final = "Reminders of itsm"
MARKER: Final = "<!-- itsm-reminders: this issue is kept up to date -->"
_MOST_LETTERS: Final = 60_000
"""Of its text; GitHub takes 65,536, GitLab 1,048,576."""


def remind(forge: str, client: Client, repository: str, text: str | None, me: str | None = None) -> None:
    """Write the issue of github, gitea or gitlab anew; ``text`` is None where there is nothing, which closes it.

    ``me`` is the login that it is written by; asked for when left out. Needs ``issues: write`` at GitHub, a token with
    the scope ``api`` at GitLab. ForgeError.
    """
    if forge != "gitlab":
        owner, _, name = repository.partition("/")
        path, number, body, who = f"/repos/{part(owner)}/{part(name)}/issues", "number", "body", ("user", "login")
        query, verb, close = {"state": "open"}, "PATCH", {"state": "closed"}
    else:
        path, number, body, who = (
            f"/projects/{part(repository)}/issues",
            "iid",
            "description",
            ("author", "username"),
        )
        query, verb, close = {"state": "opened"}, "PUT", {"state_event": "close"}
    said = f"{MARKER}\n{shortened(text or 'Nothing is due, and nobody waits.', _MOST_LETTERS)}\n"
    marked = [
        item
        for data in client.pages(path, query)
        if (item := Fields(data, "an issue")).data.get("pull_request") is None
        and str(item.data.get(body) or "").lstrip().startswith(MARKER)
    ]
    mine = [item for item in marked if item.inside(who[0]).text(who[1]) == (me or _me(forge, client, who[1]))]
    if mine:
        changed: dict[str, Any] = {body: said, **(close if text is None else {})}
        if mine[0].data.get(body) != said or text is None:
            client.send(verb, f"{path}/{mine[0].number(number)}", changed)
    elif text is not None:
        client.send("POST", path, {"title": TITLE, body: said})


def _me(forge: str, client: Client, login: str) -> str:
    try:
        return Fields(client.get("/user"), "the account of the token").text(login)
    except ForgeError as error:
        if error.code != "refused":  # the token of a workflow may not ask
            raise
        return GITEA_BOT if forge == "gitea" else ACTIONS_BOT
