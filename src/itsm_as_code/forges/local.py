"""The local forge: a reviews file and signed approvals, for tests, air-gapped use and workflows that gather reviews."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from itsm_as_code import clock
from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.interface import (
    Account,
    ForgeCommit,
    OpenPullRequest,
    PullRequest,
    Review,
    ReviewState,
    SignedApproval,
)
from itsm_as_code.git.repository import Repository
from itsm_as_code.git.signed_approvals import stored_approvals

_REMEDY = 'a reviews file looks like {"author": "alice", "reviews": [{"reviewer", "state", "commit", "at"}]}'
_MAX_BYTES = 16 << 20
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_FORGES = ("local", "github", "gitlab", "gitea")
_FIELDS = frozenset(
    (
        *("author", "forge", "number", "draft", "baseRef", "base", "head", "pushers", "reviews"),
        *("openPullRequests", "statements", "commits", "accounts"),
    )
)


class LocalForge:
    """Reads a pull request from a JSON file; without a file there is an author-less pull request with no review."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def pull_request(self) -> PullRequest:
        if self._file is None:
            return PullRequest(author=None)
        try:
            if self._file.stat().st_size > _MAX_BYTES:
                raise ForgeError(f"{self._file} is larger than {_MAX_BYTES >> 20} MiB", remedy=_REMEDY)
            data = json.loads(self._file.read_bytes().decode("utf-8"), object_pairs_hook=without_duplicates)
        except OSError as error:
            raise ForgeError(f"cannot read {self._file}: {error.strerror}", remedy=_REMEDY) from None
        except (ValueError, RecursionError) as error:
            raise ForgeError(f"{self._file} is not JSON: {error}", remedy=_REMEDY) from None
        return parse_pull_request(data, str(self._file))


def parse_pull_request(data: Any, origin: str) -> PullRequest:
    """A pull request from the data of a reviews file; ForgeError names what is wrong in ``origin``."""
    reader = _Reader(origin)
    top = reader.mapping(data, "the file", _FIELDS)
    forge = top.get("forge", "local")
    if forge not in _FORGES:
        raise reader.fail(f"'forge' is not one of: {', '.join(_FORGES)}")
    return PullRequest(
        author=reader.text(top, "author", "the file") if top.get("author") is not None else None,
        forge=forge,
        number=reader.number(top, "the file") if top.get("number") is not None else None,
        pushers=tuple(reader.texts(top, "pushers")),
        reviews=tuple(reader.review(item, index) for index, item in enumerate(reader.items(top, "reviews"))),
        open_pull_requests=tuple(
            reader.open_pull_request(item, index) for index, item in enumerate(reader.items(top, "openPullRequests"))
        ),
        statements=tuple(reader.statement(item, index) for index, item in enumerate(reader.items(top, "statements"))),
        draft=reader.flag(top, "draft"),
        base_ref=reader.text(top, "baseRef", "the file") if top.get("baseRef") is not None else None,
        base=reader.commit(top, "base", "the file") if top.get("base") is not None else None,
        head=reader.commit(top, "head", "the file") if top.get("head") is not None else None,
        commits=tuple(reader.forge_commit(item, index) for index, item in enumerate(reader.items(top, "commits"))),
        accounts=tuple(reader.account(item, index) for index, item in enumerate(reader.items(top, "accounts"))),
    )


def pull_request_data(pull_request: PullRequest) -> dict[str, Any]:
    """The data of a reviews file that :func:`parse_pull_request` reads as this pull request, in a fixed order."""
    reviews = [
        {
            "reviewer": review.reviewer,
            "state": review.state.value,
            "commit": review.commit,
            "at": clock.format_instant(review.at),
            **({"dismissedBy": review.dismissed_by} if review.dismissed_by is not None else {}),
        }
        for review in pull_request.reviews
    ]
    others = [{"number": item.number, "head": item.head} for item in pull_request.open_pull_requests]
    commits = [
        {key: value for key, value in asdict(item).items() if value is not None} for item in pull_request.commits
    ]
    # Only what the forge told: a file written by hand has none of it.
    told = {
        "draft": pull_request.draft,
        "baseRef": pull_request.base_ref,
        "base": pull_request.base,
        "head": pull_request.head,
        "commits": sorted(commits, key=lambda row: row["sha"]),
        "accounts": [asdict(account) for account in sorted(pull_request.accounts, key=lambda item: item.login)],
    }
    return {
        "author": pull_request.author,
        "forge": pull_request.forge,
        "number": pull_request.number,
        "pushers": sorted(set(pull_request.pushers)),
        "reviews": sorted(reviews, key=lambda row: (row["at"], row["reviewer"], row["state"], row["commit"])),
        "openPullRequests": sorted(others, key=lambda row: (row["number"], row["head"])),
        "statements": [{"statement": item.text, "signature": item.signature} for item in pull_request.statements],
        **{key: value for key, value in told.items() if value},
    }


def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON readers differ in which of two equal keys counts, so there must not be two."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key '{key}' stands twice")
        found[key] = value
    return found


class _Reader:
    """Strict: an unknown or missing field is an error, for what is not understood must not be judged."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def fail(self, message: str) -> ForgeError:
        return ForgeError(f"{self._origin}: {message}", remedy=_REMEDY)

    def mapping(self, data: Any, what: str, known: Set[str]) -> Mapping[str, Any]:
        if not isinstance(data, dict):
            raise self.fail(f"{what} is not a mapping")
        unknown = sorted(set(data) - known)
        if unknown:
            raise self.fail(f"{what} has the unknown field '{unknown[0]}'")
        return data

    def text(self, data: Mapping[str, Any], key: str, what: str) -> str:
        value = data.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fail(f"{what} lacks '{key}'")
        return self.printable(value, f"'{key}' of {what}")

    def printable(self, value: str, what: str) -> str:
        """Names of people and commits are plain text; what a terminal or a report would not show is no name."""
        if not value.isprintable():
            raise self.fail(f"{what} has characters that do not show")
        return value

    def number(self, data: Mapping[str, Any], what: str) -> int:
        value = data.get("number")
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.fail(f"'number' of {what} is not a number from 1 on")
        return value

    def commit(self, data: Mapping[str, Any], key: str, what: str) -> str:
        value = self.text(data, key, what)
        if not _COMMIT.match(value):
            # The name of a branch would move along with it, and the approval with the branch.
            raise self.fail(f"'{key}' of {what} is not a full commit id")
        return value

    def flag(self, data: Mapping[str, Any], key: str) -> bool:
        value = data.get(key, False)
        if not isinstance(value, bool):
            raise self.fail(f"'{key}' is neither true nor false")
        return value

    def items(self, data: Mapping[str, Any], key: str) -> list[Any]:
        value = data.get(key, [])
        if not isinstance(value, list):
            raise self.fail(f"'{key}' is not a list")
        return value

    def texts(self, data: Mapping[str, Any], key: str) -> list[str]:
        values = self.items(data, key)
        if not all(isinstance(value, str) and value.strip() for value in values):
            raise self.fail(f"'{key}' is not a list of names")
        return [self.printable(value, f"'{key}'") for value in values]

    def review(self, data: Any, index: int) -> Review:
        what = f"review {index + 1}"
        fields = self.mapping(data, what, {"reviewer", "state", "commit", "at", "dismissedBy"})
        state, commit = self.text(fields, "state", what), self.commit(fields, "commit", what)
        dismissed_by = self.text(fields, "dismissedBy", what) if fields.get("dismissedBy") is not None else None
        if dismissed_by is not None and state.lower() != "dismissed":
            raise self.fail(f"{what} is {state}, but says who dismissed it")
        try:
            return Review(
                self.text(fields, "reviewer", what),
                ReviewState(state.lower().replace("_", "-")),
                commit,
                clock.parse_instant(self.text(fields, "at", what)),
                dismissed_by,
            )
        except ValueError as error:
            raise self.fail(f"{what}: {error}") from None

    def open_pull_request(self, data: Any, index: int) -> OpenPullRequest:
        what = f"open pull request {index + 1}"
        fields = self.mapping(data, what, {"number", "head"})
        return OpenPullRequest(self.number(fields, what), self.text(fields, "head", what))

    def statement(self, data: Any, index: int) -> SignedApproval:
        what = f"statement {index + 1}"
        fields = self.mapping(data, what, {"statement", "signature"})
        if not all(isinstance(fields.get(key), str) for key in ("statement", "signature")):
            raise self.fail(f"{what} lacks its text or its signature")
        return SignedApproval(fields["statement"], fields["signature"])

    def forge_commit(self, data: Any, index: int) -> ForgeCommit:
        what = f"commit {index + 1}"
        fields = self.mapping(data, what, {"sha", "author", "committer"})
        author, committer = (
            self.text(fields, key, what) if fields.get(key) is not None else None for key in ("author", "committer")
        )
        return ForgeCommit(self.commit(fields, "sha", what), author, committer)

    def account(self, data: Any, index: int) -> Account:
        what = f"account {index + 1}"
        fields = self.mapping(data, what, {"login", "id"})
        number = fields.get("id")
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise self.fail(f"'id' of {what} is not a number")
        return Account(self.text(fields, "login", what), number)


REFS = "refs"
NONE = "none"


def local_pull_request(
    repository: Repository, base: str, head: str, reviews: Path | None, approvals: str | None
) -> PullRequest:
    """A pull request on no forge.

    ``approvals`` says where signed ones come from: ``refs``, ``none``, or a file that `itsm approve` wrote; None is
    ``refs`` where there is no reviews file. Without that file the pull request is its first commit's author's.
    """
    if reviews is not None:
        found = LocalForge(reviews).pull_request()
    else:
        commits = repository.commits(repository.commit(base), repository.commit(head))
        found = PullRequest(author=(commits[0].author[1] or None) if commits else None)
    return with_signed_approvals(found, repository, approvals or (REFS if reviews is None else NONE))


def with_signed_approvals(pull_request: PullRequest, repository: Repository, source: str) -> PullRequest:
    """The pull request with the signed approvals of a source besides its own: ``refs``, ``none`` or a file."""
    return replace(pull_request, statements=(*pull_request.statements, *_statements(repository, source)))


def _statements(repository: Repository, source: str) -> tuple[SignedApproval, ...]:
    if source == NONE:
        return ()
    if source == REFS:
        return tuple(SignedApproval(text, signature) for text, signature in stored_approvals(repository))
    return LocalForge(Path(source)).pull_request().statements
