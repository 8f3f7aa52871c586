"""The deployments that a forge keeps, as its API answers, in the form in which a file of them is read.

GitHub: https://docs.github.com/rest/deployments/deployments and /rest/deployments/statuses (version 2022-11-28).
GitLab: https://docs.gitlab.com/api/deployments (v4).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.errors import ForgeError, UsageError
from itsm_as_code.forges.http import Client, part

MOST: Final = 2_000
"""Deployments of GitHub whose statuses are asked for: each is a request, and an hour has 5,000."""


def deployments(forge: str, client: Client, repository: str, begins: datetime | None, ends: datetime) -> list[Any]:
    """What the forge lists of a repository; ForgeError where it cannot be had whole.

    More than those that began in the period may come; of GitHub's, what did not is left out, for want of statuses.
    """
    if forge == "gitlab":
        asked = {"order_by": "updated_at", "sort": "asc"}
        since = {"updated_after": clock.format_instant(begins)} if begins is not None else {}
        return client.pages(f"/projects/{part(repository)}/deployments", {**asked, **since})
    if forge != "github":
        raise UsageError(f"the deployments of {forge} are not read yet", remedy="read them from a file: --source")
    owner, _, name = repository.partition("/")
    root = f"/repos/{part(owner)}/{part(name)}/deployments"
    return list(_github(client, root, begins, ends))


def _github(client: Client, root: str, begins: datetime | None, ends: datetime) -> Iterator[Any]:
    found = [item for item in client.pages(root) if not _is_outside(item, begins, ends)]
    if len(found) > MOST:
        remedy = "ask for a shorter period: --from, --to"
        raise ForgeError(f"the period has more than {MOST:,} deployments", code="too-many", remedy=remedy)
    for item in found:
        number = item.get("id") if isinstance(item, dict) else None
        yield {**item, "statuses": client.pages(f"{root}/{number}/statuses")} if isinstance(number, int) else item


def _is_outside(item: Any, begins: datetime | None, ends: datetime) -> bool:
    """Whether a deployment began outside of a period; one that does not say when is kept, and told of."""
    try:
        at = clock.parse_instant(item["created_at"])
    except (KeyError, TypeError, ValueError):
        return False
    return at >= ends or (begins is not None and at < begins)
