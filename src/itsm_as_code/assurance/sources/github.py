"""Deployments of GitHub (GET /repos/{owner}/{repo}/deployments), each with its ``statuses`` beside.

Source: https://docs.github.com/en/rest/deployments/deployments. A payload may name service, artifact, change and model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from itsm_as_code.assurance.ran import Skipped
from itsm_as_code.assurance.sources._rows import Row, at, listed, objects

TITLE: Final = "deployments of GitHub, with their statuses"
_ENDED: Final = ("success", "failure", "error")
_PAYLOAD: Final = ("service", "artifact", "change", "model")


def rows(content: bytes) -> Iterator[Row | Skipped]:
    """A row for each deployment that came to an end."""
    for item in objects(content, "deployments"):
        if isinstance(item, Skipped):
            yield item
            continue
        place, data = item
        place = f"#{at(data, 'id')}" if at(data, "id") else place
        if not isinstance(data.get("statuses"), list):
            yield Skipped(place, "it has no statuses, so nobody knows whether it ran")
            continue
        ended = [row for row in listed(data, "statuses") if at(row, "state") in _ENDED]
        if ended:
            yield Row(place, _fields(data, min(ended, key=lambda row: at(row, "created_at"))))


def _fields(data: Any, last: Any) -> dict[str, str]:
    told = {
        "service": at(data, "repository_url").rpartition("/")[2],
        "environment": at(data, "environment"),
        "artifact": at(data, "sha"),
        "start": at(data, "created_at"),
        "end": at(last, "created_at"),
        "result": at(last, "state"),
        "by": at(data, "creator", "login"),
    }
    payload = _payload(data.get("payload"))
    return told | {name: value for name in _PAYLOAD if (value := at(payload, name))}


def _payload(said: Any) -> Any:
    """What the deployment was given: an object, or the text of one."""
    try:
        return orjson.loads(said) if isinstance(said, str) else said
    except orjson.JSONDecodeError:
        return None
