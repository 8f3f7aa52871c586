"""Doors: accounts by which people without git come in, and who came in by one.

A door's commit says in a trailer whose account it was, as the forge told it. That person contributed, and so does not
approve. The door signs its commits (https://git-scm.com/docs/gitformat-signature), which makes the trailer its word:
else anybody could commit under the door's address and name somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from itsm_as_code import signing
from itsm_as_code.configuration import Door
from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.gate.decision import Reason
from itsm_as_code.gate.identities import Directory
from itsm_as_code.gate.signed_approvals import why_key_is_not
from itsm_as_code.git.commits import Commit

_NAMESPACE: Final = "git"
_ACCOUNT: Final = re.compile(r"(github|gitlab|gitea|local|other)/([1-9][0-9]{0,17})\Z", re.ASCII)
_UNSIGNED: Final = "does not say in one trailer that it signed whose account it was; let the door make it anew"


def came_in(
    pull_request: PullRequest, commits: Sequence[Commit], directory: Directory, doors: Iterable[Door]
) -> tuple[frozenset[str], tuple[Reason, ...]]:
    """Whose accounts the commits name, and a reason for each that is nobody's, or that a door does not vouch for."""
    keepers = {name for door in doors if (name := directory.by_account(door.forge, door.account)) is not None}
    logins = {commit.sha: (commit.author, commit.committer) for commit in pull_request.commits}
    people: set[str] = set()
    wrong: list[Reason] = []
    for commit in commits:
        short = commit.sha[:12]
        for text in commit.submitters:
            name = _person(text, directory)
            if name is not None:
                people.add(name)
            else:
                said = f"the account '{text[:80]}' of commit {short} is nobody's in people/ of the base"
                wrong.append(Reason("identity-unresolved", f"{said}; list its number there and merge that first"))
        made = {directory.by_email(address) for _, address in (commit.author, commit.committer)}
        made |= {directory.by_login(login) for login in logins.get(commit.sha, ()) if login}
        for door in sorted(keepers & made):
            if not is_vouched_for(commit, door, directory):
                wrong.append(Reason("door-unsigned", f"commit {short} of the door {door} {_UNSIGNED}"))
    author = directory.by_author(pull_request.author or "")
    if author in keepers and not any(commit.submitters for commit in commits):
        wrong.append(Reason("door-unsigned", f"the pull request of the door {author} {_UNSIGNED}"))
    return frozenset(people), tuple(dict.fromkeys(wrong))


def _person(text: str, directory: Directory) -> str | None:
    match = _ACCOUNT.match(text)
    return directory.by_account(match[1], int(match[2])) if match else None


def is_vouched_for(commit: Commit, door: str, directory: Directory) -> bool:
    """Whether a commit names one account, and a key of the door signed it."""
    return len(commit.submitters) == 1 and any(_signs(key, commit, door, directory) for key in _keys(commit))


def _keys(commit: Commit) -> Iterator[str]:
    try:
        found = signing.read_signature(commit.signature)
    except ValueError:
        return
    if found.namespace == _NAMESPACE:
        yield found.key


def _signs(key: str, commit: Commit, door: str, directory: Directory) -> bool:
    if why_key_is_not(directory.facts, door, key, [directory.now]) is not None:
        return False
    return signing.is_signed_by(commit.signed, commit.signature, door, [key], _NAMESPACE)
