"""Deployments of GitLab (GET /projects/:id/deployments).

Source: https://docs.gitlab.com/api/deployments/. Map a service: a project's deployments do not name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from itsm_as_code.assurance.ran import Skipped
from itsm_as_code.assurance.sources._rows import Row, at, objects

TITLE: Final = "deployments of GitLab"
_ENDED: Final = ("success", "failed")


def rows(content: bytes) -> Iterator[Row | Skipped]:
    """A row for each deployment that came to an end; what is blocked, cancelled or running changed nothing yet."""
    for item in objects(content, "deployments"):
        if isinstance(item, Skipped):
            yield item
            continue
        place, data = item
        place = f"#{at(data, 'iid')}" if at(data, "iid") else place
        if at(data, "status") in _ENDED:
            fields = {
                "environment": at(data, "environment", "name"),
                "artifact": at(data, "sha"),
                "start": at(data, "deployable", "started_at") or at(data, "created_at"),
                "end": at(data, "deployable", "finished_at") or at(data, "updated_at"),
                "result": at(data, "status"),
                "by": at(data, "user", "username"),
            }
            yield Row(place, fields)
