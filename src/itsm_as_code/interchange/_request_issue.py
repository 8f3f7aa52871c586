"""A submitted issue as its forge gives it: JSON of the REST API, or its Markdown body alone.

https://docs.github.com/en/rest/issues/issues#get-an-issue, https://docs.gitlab.com/api/issues/#single-project-issue and
``Issue`` of https://codeberg.org/swagger.v1.json (Gitea, Forgejo). Everything in it was typed by somebody, so
nothing of it is believed before it is looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.interchange._request_form import Forge
from itsm_as_code.records.characters import FORBIDDEN
from itsm_as_code.snapshot import MAX_BYTES

OFFERING_PREFIX: Final = "offering:"
"""A label of the issue that names the offering, where people use one."""
_AS_GIVEN: Final = "save the issue as the API of the forge gives it"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NUMBER_MOST: Final = 10**9
_OF_GITEA: Final = "original_author"
"""Gitea and Forgejo say of each issue who wrote it at the forge that it was moved from; GitHub has no such field."""


class Unusable(Exception):
    """The file is no issue that can become a request; ``line`` counts from 1 in the file, where it is known."""

    def __init__(self, message: str, remedy: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.line = line


@dataclass(frozen=True, slots=True)
class Issue:
    """What an issue says. ``forge`` is None for a body alone; then nobody says who made it, when, and its title."""

    body: str
    forge: Forge | None = None
    number: int | None = None
    title: str | None = None
    login: str | None = None
    account: int | None = None
    at: str | None = None
    address: str | None = None
    offerings: tuple[str, ...] = ()


def read_issue(source: bytes) -> Issue:
    """The issue that a file holds. Raises Unusable."""
    if len(source) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES:,} bytes"
        raise Unusable(message, "an issue is smaller; ask for a shorter answer")
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError:
        raise Unusable("the file is not UTF-8 text", _AS_GIVEN) from None
    if text.lstrip().startswith("{"):
        return _of_json(text)
    body = text.replace("\r\n", "\n")
    _look(body, "the body", 0)
    return Issue(body)


def _of_json(text: str) -> Issue:
    try:
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise Unusable(f"the file is not the JSON of an issue: {reason}", _AS_GIVEN) from None
    is_numbered, is_gitlab = "number" in data and "user" in data, "iid" in data and "author" in data
    if is_numbered == is_gitlab:
        remedy = "GitHub's and Gitea's issues have number and user, GitLab's iid and author"
        raise Unusable("the file is the issue of no forge that is known", remedy)
    if data.get("pull_request") is not None:
        raise Unusable("this is a pull request, not an issue", "name an issue")
    forge = Forge.GITLAB if is_gitlab else Forge.GITEA if _OF_GITEA in data else Forge.GITHUB
    number, person, body, login, link = (
        ("number", "user", "body", "login", "html_url")
        if is_numbered
        else ("iid", "author", "description", "username", "web_url")
    )
    who = _get(data, person, dict)
    issue = Issue(
        body=_get(data, body, str, nullable=True).replace("\r\n", "\n"),
        forge=forge,
        number=_get(data, number, int),
        title=_get(data, "title", str),
        login=_get(who, login, str),
        account=_get(who, "id", int) if "id" in who else None,
        at=_get(data, "created_at", str),
        address=_get(data, link, str) if data.get(link) is not None else None,
        offerings=tuple(_offerings(data.get("labels", []))),
    )
    for said, what in ((issue.body, "the body"), (issue.title or "", "the title"), (issue.login or "", "the login")):
        _look(said, what, None)
    if issue.number is None or not 0 < issue.number < _NUMBER_MOST:
        raise Unusable("the number of the issue is not one", _AS_GIVEN)
    return issue


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _get(data: dict[str, Any], key: str, kind: type, *, nullable: bool = False) -> Any:
    value = data.get(key)
    if value is None and nullable:
        return kind()
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Unusable(f"'{key}' of the issue is missing or not what it should be", _AS_GIVEN)
    return value


def _offerings(labels: Any) -> Iterable[str]:
    """The offerings that labels name: GitHub gives objects with a name, GitLab names."""
    for label in labels if isinstance(labels, list) else ():
        name = label.get("name") if isinstance(label, dict) else label
        if isinstance(name, str) and name.startswith(OFFERING_PREFIX):
            yield name.removeprefix(OFFERING_PREFIX).strip(": ")


def _look(text: str, what: str, first_line: int | None) -> None:
    """Refuse characters that do not show: an approver must see what is ordered."""
    found = FORBIDDEN.search(text) or _SURROGATE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        message = f"{what} holds the character U+{ord(found[0]):04X} in line {line}, which does not show"
        raise Unusable(message, "remove it from the issue", None if first_line is None else first_line + line)
