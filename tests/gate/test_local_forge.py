"""Reviews files: complete and understood, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.interface import PullRequest, ReviewState
from itsm_as_code.forges.local import LocalForge, parse_pull_request

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REVIEW: dict[str, Any] = {"reviewer": "bob", "state": "approved", "commit": COMMIT, "at": "2026-11-22T10:00:00Z"}
FILE: dict[str, Any] = {"author": "alice", "reviews": [REVIEW]}


def test_a_complete_file(tmp_path: Path) -> None:
    data = {
        **FILE,
        "forge": "github",
        "number": 7,
        "pushers": ["alice-gh"],
        "openPullRequests": [{"number": 8, "head": "other"}],
        "reviews": [REVIEW, {**REVIEW, "state": "DISMISSED", "dismissedBy": "carol"}],
    }
    file = tmp_path / "reviews.json"
    file.write_text(json.dumps(data))
    found = LocalForge(file).pull_request()
    assert (found.author, found.forge, found.number, found.pushers) == ("alice", "github", 7, ("alice-gh",))
    assert [(review.state, review.dismissed_by) for review in found.reviews] == [
        (ReviewState.APPROVED, None),
        (ReviewState.DISMISSED, "carol"),
    ]
    assert [(other.number, other.head) for other in found.open_pull_requests] == [(8, "other")]


def test_no_file_is_nobodys_pull_request() -> None:
    assert LocalForge(None).pull_request() == PullRequest(author=None)


@pytest.mark.parametrize("state", ["approved", "APPROVED", "changes_requested", "Changes-Requested", "commented"])
def test_states_in_the_spelling_of_forges(state: str) -> None:
    assert parse_pull_request({"reviews": [{**REVIEW, "state": state}]}, "x").reviews[0].state in ReviewState


STATEMENT = {"statement": "{}", "signature": "x"}


def test_what_else_a_file_may_hold() -> None:
    data = {"number": 1, "draft": True, "baseRef": "main", "base": COMMIT, "head": COMMIT, "statements": [STATEMENT]}
    data |= {"commits": [{"sha": COMMIT, "author": "a"}], "accounts": [{"login": "a", "id": 0}]}
    found = parse_pull_request(data, "x")
    assert (found.number, found.draft, found.base_ref, found.base, found.head) == (1, True, "main", COMMIT, COMMIT)
    assert [(item.text, item.signature) for item in found.statements] == [("{}", "x")]
    assert [(item.sha, item.author, item.committer) for item in found.commits] == [(COMMIT, "a", None)]
    assert [(item.login, item.id) for item in found.accounts] == [("a", 0)]


MALFORMED: list[Any] = [
    {"draft": "yes"},
    {"draft": None},
    {"baseRef": ""},
    {"base": "main"},
    {"head": COMMIT[:7]},
    {"statements": [{"statement": "{}"}]},
    {"statements": [{**STATEMENT, "signature": None}]},
    {"statements": [{**STATEMENT, "more": 1}]},
    {"statements": ["{}"]},
    {"commits": [{"sha": "HEAD"}]},
    {"commits": [{"sha": COMMIT, "author": 7}]},
    {"accounts": [{"login": "a"}]},
    {"accounts": [{"login": "a", "id": True}]},
    {"accounts": [{"login": "a", "id": -1}]},
    {"accounts": [{"login": "", "id": 1}]},
    None,
    [],
    "alice",
    7,
    {"autor": "alice"},
    {"author": ""},
    {"author": "  "},
    {"author": 7},
    {"author": ["alice"]},
    {"author": "al\x1bice"},
    {"author": "al\u202eice"},
    {"author": "\ud800"},
    {"forge": "sourcehut"},
    {"forge": None},
    {"forge": ["github"]},
    {"number": "7"},
    {"number": True},
    {"number": 0},
    {"number": -1},
    {"number": 7.0},
    {"pushers": "alice"},
    {"pushers": [7]},
    {"pushers": [""]},
    {"pushers": [None]},
    {"pushers": ["a\nb"]},
    {"reviews": {}},
    {"reviews": None},
    {"reviews": ["bob"]},
    {"reviews": [None]},
    {"openPullRequests": [{"number": 1}]},
    {"openPullRequests": [{"number": True, "head": "x"}]},
    {"openPullRequests": [{"number": 1, "head": ""}]},
    {"openPullRequests": [{"number": 1, "head": "x", "base": "y"}]},
    *({"reviews": [{key: value for key, value in REVIEW.items() if key != gone}]} for gone in REVIEW),
    *(
        {"reviews": [{**REVIEW, **wrong}]}
        for wrong in (
            {"state": "approve"},
            {"state": "PENDING"},
            {"state": ""},
            {"state": True},
            {"commit": "topic"},
            {"commit": "HEAD"},
            {"commit": COMMIT[:12]},
            {"commit": COMMIT.upper()},
            {"commit": COMMIT + "\n"},
            {"commit": COMMIT + "^{/x}"},
            {"at": "2026-11-22"},
            {"at": "2026-11-22T10:00:00"},
            {"at": "2026-13-22T10:00:00Z"},
            {"at": 1795000000},
            {"reviewer": ""},
            {"reviewer": "bob\u200b"},
            {"reviewer": {"login": "bob"}},
            {"body": "LGTM"},
            {"dismissedBy": "carol"},
            {"state": "dismissed", "dismissedBy": ""},
            {"state": "dismissed", "dismissedBy": 7},
        )
    ),
]


@pytest.mark.parametrize("data", MALFORMED, ids=lambda data: json.dumps(data)[:60])
def test_what_is_not_understood_is_refused(data: Any) -> None:
    with pytest.raises(ForgeError, match=r"^reviews"):
        parse_pull_request(data, "reviews")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        '{"author": "alice"}'.encode("utf-16"),
        b'{"author": "alice", "author": "bob"}',
        b'{"reviews": [{"state": "approved", "state": "dismissed"}]}',
        b"[" * 100_000,
        b'{"number": ' + b"9" * 5_000 + b"}",
        b'{"author": "al\xe9"}',
        b" " * ((16 << 20) + 1),
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "reviews.json"
    file.write_bytes(content)
    with pytest.raises(ForgeError) as caught:
        LocalForge(file).pull_request()
    assert caught.value.code == "forge"
    assert caught.value.remedy


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "reviews.json"
    for size, message in ((16 << 20, "is not JSON"), ((16 << 20) + 1, "is larger than 16 MiB")):
        with file.open("wb") as opened:
            opened.truncate(size)  # takes no room on the disk
        with pytest.raises(ForgeError, match=message):
            LocalForge(file).pull_request()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "nosuch.json", tmp_path):
        with pytest.raises(ForgeError, match="cannot read"):
            LocalForge(path).pull_request()


json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FILE, *REVIEW, "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json_data)
def test_any_json_is_understood_or_refused(data: Any) -> None:
    try:
        found = parse_pull_request(data, "x")
    except ForgeError:
        return
    assert isinstance(found, PullRequest)
