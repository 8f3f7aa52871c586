"""What each adapter makes of answers, one thing wrong at a time: complete and consistent, or no pull request at all."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.answers import NO_COMMIT
from itsm_as_code.forges.github import GitHub
from itsm_as_code.forges.gitlab import GitLab, _last_word, headers
from itsm_as_code.forges.http import Client
from itsm_as_code.forges.interface import (
    Account,
    Annotation,
    ForgeCommit,
    MergedPullRequest,
    Notice,
    OpenPullRequest,
    PullRequest,
    Review,
    ReviewState,
)
from itsm_as_code.forges.publish_github import GitHubPublisher
from itsm_as_code.forges.publish_gitlab import GitLabPublisher
from tests.forges.fake import Face, GitHubFace, GitLabFace, Refused, Said, State

BASE, OLD, FIRST, HEAD, LANDED = ("b" * 40, "0f" * 20, "1" * 40, "2" * 40, "3" * 40)
IDS = {"alice": 1, "bob": 2, "carol": 3, "dave": 4, "erin": 5, "robot": 9}
PUSHED = "2026-11-22T09:30:00Z"
Patch = Callable[[Any], Any]


class Direct(Client):
    """A client whose answers come from a face without a network, each changed by the patch of its path, if any."""

    def __init__(self, face: Face, patches: Mapping[str, Patch] = {}, waits: int = 0) -> None:
        super().__init__("https://forge.example")
        self.face, self.patches, self.waits = face, patches, waits
        self.asked: list[str] = []

    def _answer(self, method: str, path: str, query: Any, body: Any = None) -> Any:
        path = unquote(path)
        self.asked.append(f"{method} {path}")
        try:
            found = copy.deepcopy(self.face.answer(method, path, dict(query or {}), body))
        except Refused as refused:
            code = {404: "not-found", 403: "refused"}.get(refused.status, "answer")
            raise ForgeError(refused.message, code=code, remedy="none") from None
        for end, patch in self.patches.items():
            if path.endswith(end):
                changed = patch(found)
                found = found if changed is None else changed
        return found

    def get(self, path: str, query: Any = None) -> Any:
        return self._answer("GET", path, query)

    def pages(self, path: str, query: Any = None, *, inside: str | None = None, only_grows: bool = False) -> list[Any]:
        found = self._answer("GET", path, query)
        return found[inside] if inside else found  # type: ignore[no-any-return]

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        return self._answer(method, path, None, body)

    def wait(self, seconds: float) -> bool:
        self.waits -= 1
        return self.waits >= 0


def state(**changes: Any) -> State:
    """A pull request by alice of two commits, pushed by alice and dave, approved by bob."""
    return replace(
        State(
            suffix="",
            ids=IDS,
            base=BASE,
            head=HEAD,
            commits=[FIRST, HEAD],
            pushes=[("alice", FIRST), ("dave", None), ("alice", None)],
            versions=[(OLD, "2026-11-22T08:00:00.000Z"), (HEAD, "2026-11-22T10:00:00.000Z")],
            reviews=[Said("bob", "approved", HEAD, "2026-11-22T10:20:00Z")],
            others=[(23, "7" * 40), (5, "6" * 40)],
            commit_accounts={FIRST: "alice", HEAD: "dave"},
        ),
        **changes,
    )


FORGES = {"github": (GitHubFace, GitHub), "gitlab": (GitLabFace, GitLab)}


@dataclass
class Asked:
    """A forge to ask; ``patches`` change its answers."""

    forge: str
    client: Direct

    def read(self, into: str | None = None) -> PullRequest:
        return FORGES[self.forge][1](self.client, "shop/itsm", 17, into).pull_request()

    def merged(self, into: str | None = None) -> MergedPullRequest | None:
        return FORGES[self.forge][1](self.client, "shop/itsm", 17, into).merged()

    def refused(self, into: str | None = None) -> ForgeError:
        with pytest.raises(ForgeError) as caught:
            self.read(into)
        return caught.value


def asked(forge: str, patches: Mapping[str, Patch] | None = None, waits: int = 0, **changes: Any) -> Asked:
    return Asked(forge, Direct(FORGES[forge][0](state(**changes)), patches or {}, waits))


def at(hour: int, minute: int) -> datetime:
    return datetime(2026, 11, 22, hour, minute, tzinfo=UTC)


@pytest.fixture(params=list(FORGES))
def forge(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_pull_request_in_full(forge: str) -> None:
    found = asked(forge).read()
    accounts = ("alice", "bob", "dave")
    github = [ForgeCommit(FIRST, "alice"), ForgeCommit(HEAD, "dave")]
    gitlab = [ForgeCommit(FIRST), ForgeCommit(HEAD)]
    assert found == PullRequest(
        author="alice",
        forge=forge,
        number=17,
        pushers=("alice", "dave"),
        reviews=(Review("bob", ReviewState.APPROVED, HEAD, at(10, 20)),),
        open_pull_requests=(OpenPullRequest(5, "6" * 40), OpenPullRequest(23, "7" * 40)),
        base_ref="main",
        base=BASE,
        head=HEAD,
        commits=tuple(github if forge == "github" else gitlab),
        accounts=tuple(Account(name, IDS[name]) for name in accounts),
    )


def test_a_draft_is_one(forge: str) -> None:
    assert asked(forge, draft=True).read().draft is True


@pytest.mark.parametrize(
    ("changes", "into", "code"),
    [
        ({"state": "closed"}, None, "not-open"),
        ({"base_ref": "release"}, None, "other-base"),
        ({}, "release", "other-base"),
        ({"others": [(5, "6" * 40)], "pushes": [("alice", FIRST)]}, None, "moved"),
        ({"commits": [FIRST]}, None, "truncated"),
    ],
)
def test_what_is_no_pull_request_for_the_gate(forge: str, changes: dict[str, Any], into: str | None, code: str) -> None:
    assert asked(forge, **changes).refused(into).code == code


def test_another_branch_where_it_is_named(forge: str) -> None:
    assert asked(forge, base_ref="release").read("release").base_ref == "release"


def key(forge: str, github: str, gitlab: str) -> str:
    return github if forge == "github" else gitlab


def test_an_answer_about_something_else(forge: str) -> None:
    number = key(forge, "number", "iid")
    other = {key(forge, "/pulls/17", "/merge_requests/17"): lambda data: data.update({number: 18})}
    assert "about another" in asked(forge, other).refused().message
    branch = {"/branches/main": lambda data: data.update(name="release")}
    assert "about another branch" in asked(forge, branch).refused().message


def test_ours_has_to_be_among_the_open_ones(forge: str) -> None:
    path = key(forge, "/pulls", "/merge_requests")
    assert asked(forge, {path: lambda data: data[:-1]}).refused().code == "moved"

    def elsewhere(data: Any) -> None:
        (data[-1]["head"] if forge == "github" else data[-1])["sha"] = FIRST

    assert asked(forge, {path: elsewhere}).refused().code == "moved"


def test_a_branch_whose_repository_is_gone(forge: str) -> None:
    def gone(data: Any) -> None:
        if forge == "github":
            data["head"]["repo"] = None
        else:
            data["source_project_id"] = None

    assert asked(forge, {key(forge, "/pulls/17", "/merge_requests/17"): gone}).refused().code == "gone"


def test_it_is_read_again_where_it_changed_meanwhile(forge: str) -> None:
    seen: list[int] = []
    times = ["2026-11-22T11:00:00Z", "2026-11-22T11:05:00Z"]

    def touched(data: Any) -> None:
        seen.append(1)
        data["updated_at"] = times[min(len(seen) - 1, 1)]

    path = key(forge, "/pulls/17", "/merge_requests/17")
    assert asked(forge, {path: touched}).read().head == HEAD
    assert len(seen) == 4

    def restless(data: Any) -> None:
        seen.append(1)
        data["updated_at"] = f"2026-11-22T11:{len(seen):02}:00Z"

    for waits in (0, 2):
        seen.clear()
        error = asked(forge, {path: restless}, waits).refused()
        assert (error.code, len(seen)) == ("moved", 2 * (2 + waits))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sha": "main"}, "is not a commit id"),
        ({"sha": HEAD[:12]}, "is not a commit id"),
        ({"sha": HEAD.replace("2", "G")}, "is not a commit id"),
        ({"sha": None}, "lacks 'sha'"),
        ({"sha": 7}, "lacks 'sha'"),
        ({"sha": ""}, "lacks 'sha'"),
        ({"sha": "a\nb"}, "lacks 'sha'"),
    ],
)
def test_a_head_that_is_no_commit(forge: str, values: dict[str, Any], message: str) -> None:
    def wrong(data: Any) -> None:
        (data["head"] if forge == "github" else data).update(values)

    path = key(forge, "/pulls/17", "/merge_requests/17")
    assert message in asked(forge, {path: wrong}).refused().message


@pytest.mark.parametrize("value", [None, "17", True, -1, 17.0])
def test_a_number_that_is_none(forge: str, value: Any) -> None:
    path, name = key(forge, "/pulls/17", "/merge_requests/17"), key(forge, "number", "iid")
    assert f"lacks '{name}'" in asked(forge, {path: lambda data: data.update({name: value})}).refused().message


@pytest.mark.parametrize("value", [None, "yes", 1])
def test_whether_it_is_a_draft_has_to_be_said(forge: str, value: Any) -> None:
    path = key(forge, "/pulls/17", "/merge_requests/17")
    assert "lacks 'draft'" in asked(forge, {path: lambda data: data.update(draft=value)}).refused().message


@pytest.mark.parametrize("login", ["a b", "-alice", "alice\u200b", "a/b", "a" * 256])
def test_a_strange_login(forge: str, login: str) -> None:
    name = key(forge, "login", "username")

    def strange(data: Any) -> None:
        who = data["user" if forge == "github" else "author"]
        who[name] = login

    path = key(forge, "/pulls/17", "/merge_requests/17")
    assert asked(forge, {path: strange}).refused().code == "answer"


# Who pushed.


def test_a_push_that_is_not_known_yet(forge: str) -> None:
    assert asked(forge, pushes=[("alice", FIRST)]).refused().code == "moved"


def test_pushes_to_other_places_of_gitlab() -> None:
    def events(data: Any) -> Any:
        push = data[-1]["push_data"]
        other = {**data[-1], "author": {"id": 77, "username": "other"}}
        return [
            *data,
            {**other, "push_data": {**push, "ref": "else"}},
            {**other, "push_data": {**push, "ref_type": "tag"}},
            {**other, "push_data": None},
        ]

    assert asked("gitlab", {"/events": events}).read().pushers == ("alice", "dave")


def test_a_push_of_many_branches_at_gitlab_counts() -> None:
    def many(data: Any) -> Any:
        push = {**data[-1]["push_data"], "ref": None, "commit_to": None, "ref_count": 5}
        return [{**data[0], "author": {"id": 77, "username": "other"}, "push_data": push}]

    assert asked("gitlab", {"/events": many}).read().pushers == ("other",)


def test_an_account_that_was_deleted_is_a_ghost() -> None:
    def ghost(data: Any) -> None:
        data[0]["actor"] = None

    assert asked("github", {"/activity": ghost}).read().pushers == ("alice", "dave", "ghost")


def test_a_login_with_two_numbers_is_no_answer(forge: str) -> None:
    who = key(forge, "actor", "author")

    def twice(data: Any) -> None:
        data[0][who] = {**data[0][who], "id": 77}

    path = key(forge, "/activity", "/events")
    assert "that of two accounts" in asked(forge, {path: twice}).refused().message


# Commits.


def test_a_long_list_of_commits_is_read_from_the_comparison() -> None:
    many = [f"{number:040x}" for number in range(1, 252)]
    for count, compared in ((250, False), (251, True)):
        commits = [*many[: count - 1], HEAD]
        found = asked("github", commits=commits)
        assert len(found.read().commits) == count
        assert any("/compare/" in path for path in found.client.asked) is compared


def test_commits_of_nobody_and_of_web_pages() -> None:
    def accounts(data: Any) -> None:
        data[0] |= {"author": None, "committer": {"login": "web-flow", "id": 19864447}}
        data[1] |= {"author": {}, "committer": {"login": "erin", "id": 5}}

    found = asked("github", {"/commits": accounts}).read().commits
    assert found == (ForgeCommit(FIRST), ForgeCommit(HEAD, None, "erin"))


def test_gitlab_may_list_no_commits() -> None:
    assert asked("gitlab", commits=[]).read().commits == ()


# Reviews.


def reviews(forge: str, *said: Said, **patches: Any) -> list[tuple[str, str, str, datetime, str | None]]:
    found = asked(forge, patches.pop("patches", None), reviews=list(said), **patches).read().reviews
    return [(item.reviewer, item.state.value, item.commit, item.at, item.dismissed_by) for item in found]


def test_a_review_that_was_dismissed_is_both() -> None:
    said = Said("bob", "changes_requested", HEAD, "2026-11-22T10:20:00Z", "erin", "2026-11-22T10:40:00Z")
    assert reviews("github", said) == [
        ("bob", "changes-requested", HEAD, at(10, 20), None),
        ("bob", "dismissed", HEAD, at(10, 40), "erin"),
    ]
    unknown = {"/timeline": lambda data: []}
    assert asked("github", unknown, reviews=[said]).refused().code == "moved"


def test_reviews_of_github_that_are_none_yet_or_of_no_commit() -> None:
    def odd(data: Any) -> None:
        data[0]["state"] = "PENDING"
        data[0]["submitted_at"] = None
        data[1]["commit_id"] = None

    said = [Said("bob", "approved", HEAD, "2026-11-22T10:20:00Z"), Said("erin", "commented", HEAD, PUSHED)]
    assert reviews("github", *said, patches={"/reviews": odd}) == [("erin", "commented", NO_COMMIT, at(9, 30), None)]
    new = {"/reviews": lambda data: data[0].update(state="APPLAUDED")}
    assert "'applauded', which is not known" in asked("github", new).refused().message


def test_an_approval_at_gitlab_is_of_the_version_before_it() -> None:
    for when, commit in (
        ("2026-11-22T07:59:00Z", NO_COMMIT),
        ("2026-11-22T08:00:00Z", NO_COMMIT),  # at the same instant: which of them came first is not known
        ("2026-11-22T09:00:00Z", OLD),
        ("2026-11-22T10:00:00Z", OLD),
        ("2026-11-22T10:00:01Z", HEAD),
    ):
        (found,) = reviews("gitlab", Said("bob", "approved", HEAD, when))
        assert found[:3] == ("bob", "approved", commit)


def test_versions_of_gitlab_that_are_not_in_the_order_of_time() -> None:
    """A head that is older than the one before it has been there since then."""
    versions = [(OLD, "2026-11-22T09:00:00.000Z"), (HEAD, "2026-11-22T08:00:00.000Z")]
    (found,) = reviews("gitlab", Said("bob", "approved", HEAD, "2026-11-22T08:30:00Z"), versions=versions)
    assert found[2] == HEAD
    assert asked("gitlab", versions=versions[::-1]).refused().code == "moved"
    assert asked("gitlab", versions=[]).refused().code == "moved"


def test_gitlab_words_in_their_order() -> None:
    approved = Said("bob", "approved", HEAD, "2026-11-22T10:20:00Z")
    withdrawn = Said("bob", "approved", HEAD, "2026-11-22T10:20:00Z", "bob", "2026-11-22T10:30:00Z")
    asks = Said("bob", "changes_requested", HEAD, "2026-11-22T10:10:00Z")
    lifted = Said("bob", "changes_requested", HEAD, "2026-11-22T10:10:00Z", "erin", "x")
    later = Said("bob", "changes_requested", HEAD, "2026-11-22T10:25:00Z", "erin", "x")
    same = Said("bob", "changes_requested", HEAD, "2026-11-22T10:20:00Z", "erin", "x")
    assert reviews("gitlab", withdrawn) == [("bob", "dismissed", HEAD, at(10, 30), "bob")]
    assert reviews("gitlab", asks) == [("bob", "changes-requested", HEAD, at(10, 10), None)]
    assert reviews("gitlab", asks, approved) == [("bob", "changes-requested", HEAD, at(10, 10), None)]
    assert reviews("gitlab", lifted) == [("bob", "changes-requested", HEAD, at(10, 10), None)]
    assert reviews("gitlab", lifted, approved) == [("bob", "approved", HEAD, at(10, 20), None)]
    assert reviews("gitlab", approved, later) == [("bob", "changes-requested", HEAD, at(10, 25), None)]
    assert reviews("gitlab", approved, same) == [("bob", "changes-requested", HEAD, at(10, 20), None)]


def test_an_approval_of_gitlab_that_a_push_reset_leaves_no_word() -> None:
    """It was noted after the request for changes, which it answers, and stands no longer."""
    lifted = Said("bob", "changes_requested", HEAD, "2026-11-22T10:10:00Z", "erin", "x")
    reset = {"/approvals": lambda data: {"approved_by": []}}
    approved = Said("bob", "approved", HEAD, "2026-11-22T10:20:00Z")
    assert reviews("gitlab", lifted, approved, patches=reset) == []


def test_a_reviewer_of_gitlab_in_a_state_that_nobody_knows() -> None:
    def strange(data: Any) -> Any:
        return [{"user": {"id": 2, "username": "bob"}, "state": "delighted", "created_at": PUSHED}]

    assert "'delighted', which is not known" in asked("gitlab", {"/reviewers": strange}).refused().message


def test_only_what_gitlab_itself_noted_is_a_word() -> None:
    def by_hand(data: Any) -> Any:
        return [{**data[0], "system": False, "body": "requested changes", "author": {"id": 3, "username": "carol"}}]

    assert [
        item[0] for item in reviews("gitlab", Said("bob", "approved", HEAD, PUSHED), patches={"/notes": by_hand})
    ] == ["bob"]


def test_when_an_approval_of_gitlab_was_given() -> None:
    def undated(data: Any) -> None:
        data["approved_by"][0]["approved_at"] = None

    assert [item[3] for item in reviews("gitlab", Said("bob", "approved", HEAD, "2026-11-22T10:20:00Z"),
                                        patches={"/approvals": undated})] == [at(10, 20)]  # fmt: skip
    both = {"/approvals": undated, "/notes": lambda data: []}
    assert "when an approval was given is not known" in asked("gitlab", both).refused().message
    assert "lack 'approved_by'" in asked("gitlab", {"/approvals": lambda data: {}}).refused().message


# Merged ones.

MERGED: dict[str, Any] = {"state": "closed", "merged_at": "2026-11-22T10:30:00Z", "landed": [FIRST, LANDED]}


def test_a_merged_one_is_as_it_was(forge: str) -> None:
    late = Said("carol", "approved", HEAD, "2026-11-22T10:31:00Z")
    said = [*state().reviews, late]
    found = asked(forge, **MERGED, reviews=said).merged()
    assert found is not None
    assert (found.commit, found.at, found.by, found.changed) == (LANDED, at(10, 30), "erin", ())
    assert [item.reviewer for item in found.pull_request.reviews] == ["bob"]
    assert (found.pull_request.head, found.pull_request.base, found.pull_request.draft) == (HEAD, None, False)
    assert found.pull_request.pushers == ("alice", "dave")


def test_a_request_for_changes_at_the_instant_of_the_merge_is_of_the_merge() -> None:
    for minute, counts in ((30, True), (31, False)):
        asks = Said("carol", "changes_requested", HEAD, f"2026-11-22T10:{minute}:00Z")
        found = asked("gitlab", **MERGED, reviews=[*state().reviews, asks]).merged()
        assert found is not None
        assert [item.reviewer for item in found.pull_request.reviews] == (["bob", "carol"] if counts else ["bob"])


def test_what_was_not_merged_there_is_none(forge: str) -> None:
    assert asked(forge).merged() is None
    assert asked(forge, state="closed").merged() is None
    assert asked(forge, **MERGED, base_ref="release").merged() is None
    assert asked(forge, **MERGED).merged("release") is None
    assert asked(forge, **MERGED, base_ref="release").merged("release") is not None


def test_what_was_taken_back_after_the_merge_is_said(forge: str) -> None:
    said = Said("bob", "approved", HEAD, "2026-11-22T10:20:00Z", "erin", "2026-11-22T10:40:00Z")
    found = asked(forge, **MERGED, reviews=[said]).merged()
    assert found is not None
    assert found.changed == ("a review of bob was taken back or dismissed at 2026-11-22T10:40:00Z, after the merge",)
    early = replace(said, dismissed_at="2026-11-22T10:30:00Z")
    found = asked(forge, **MERGED, reviews=[early]).merged()
    assert found is not None
    assert found.changed == ()


def test_a_review_that_was_edited_after_the_merge_is_said() -> None:
    for when, count in (("2026-11-22T10:30:00Z", 0), ("2026-11-22T10:30:01Z", 1)):
        found = asked("github", **MERGED, edited={0: when}).merged()
        assert found is not None
        assert len(found.changed) == count
    at_the_merge = [Said("bob", "approved", HEAD, "2026-11-22T10:30:00Z")]
    found = asked("github", **MERGED, reviews=at_the_merge, edited={0: "2026-11-22T10:50:00Z"}).merged()
    assert found is not None
    assert len(found.changed) == 1
    late = [Said("bob", "approved", HEAD, "2026-11-22T10:31:00Z")]
    found = asked("github", **MERGED, reviews=late, edited={0: "2026-11-22T10:50:00Z"}).merged()
    assert found is not None
    assert found.changed == ()


def test_a_merged_branch_whose_repository_is_gone_is_said(forge: str) -> None:
    def gone(data: Any) -> None:
        if forge == "github":
            data["head"]["repo"] = None
        else:
            data["source_project_id"] = None

    found = asked(forge, {key(forge, "/pulls/17", "/merge_requests/17"): gone}, **MERGED).merged()
    assert found is not None
    assert len(found.changed) == 1
    assert found.pull_request.pushers == ()


def test_pushes_after_the_merge_are_not_its_own(forge: str) -> None:
    when = key(forge, "timestamp", "created_at")

    def late(data: Any) -> None:
        data[1][when] = "2026-11-22T10:31:00Z"
        data[2][when] = "2026-11-22T10:30:00Z"

    found = asked(forge, {key(forge, "/activity", "/events"): late}, **MERGED).merged()
    assert found is not None
    assert found.pull_request.pushers == ("alice",)


def test_what_a_merge_request_became() -> None:
    def request(**values: Any) -> dict[str, Patch]:
        return {"/merge_requests/17": lambda data: data.update(values)}

    for values, commit in (
        ({}, LANDED),
        ({"merge_commit_sha": None, "squash_commit_sha": "4" * 40}, "4" * 40),
        ({"merge_commit_sha": None, "squash_commit_sha": None}, HEAD),
    ):
        found = asked("gitlab", request(**values), **MERGED).merged()
        assert found is not None
        assert found.commit == commit


def test_the_pull_requests_of_a_commit(forge: str) -> None:
    found = asked(forge, **MERGED)
    adapter = FORGES[forge][1](found.client, "shop/itsm", 17)
    assert adapter.numbers(LANDED) == [17]
    assert adapter.numbers("9" * 40) == []


# Publishing.


def notice(verdict: str = "approved", **changes: Any) -> Notice:
    return replace(Notice(verdict, "Approved: all is well", "All is well.", ()), **changes)


def publisher(forge: str, client: Direct, **options: Any) -> Any:
    made = {"github": GitHubPublisher, "gitlab": GitLabPublisher}[forge]
    return made(client, "shop/itsm", HEAD, **options)


def test_before_the_verdict_nothing_new_is_commented(forge: str) -> None:
    client = asked(forge).client
    publisher(forge, client, comment_on=17).begin()
    assert client.face.state.comments == []
    publisher(forge, client, comment_on=17).finish(notice())
    (comment,) = client.face.state.comments
    assert "All is well." in comment["body"]
    publisher(forge, client, comment_on=17).begin()
    assert "is being judged" in comment["body"]
    assert client.face.state.comments == [comment]


@pytest.mark.parametrize(
    ("verdict", "github", "gitlab"),
    [
        ("approved", "success", "success"),
        ("pending", "pending", "failed"),
        ("rejected", "failure", "failed"),
        ("error", "error", "failed"),
    ],
)
def test_a_status_says_the_verdict(forge: str, verdict: str, github: str, gitlab: str) -> None:
    client = asked(forge).client
    made = publisher(forge, client, status=True)
    made.begin()
    made.finish(notice(verdict))
    shown = [item.get("status") if forge == "gitlab" else item["state"] for item in client.face.state.statuses]
    assert shown == [key(forge, "pending", "running"), key(forge, github, gitlab)]
    assert client.face.state.comments == []
    assert client.face.state.checks == []


def test_nothing_is_published_that_nobody_asked_for(forge: str) -> None:
    client = asked(forge).client
    made = publisher(forge, client)
    made.begin()
    made.finish(notice())
    assert client.asked == []


@pytest.mark.parametrize(("marks", "batches"), [(0, 0), (1, 1), (50, 1), (51, 2), (120, 3)])
def test_a_check_gets_its_annotations_in_batches(marks: int, batches: int) -> None:
    client = asked("github").client
    made = publisher("github", client, check=True)
    made.begin()
    before = client.face.state.checks[0]["output"]["annotations_count"]
    items = tuple(Annotation("a.yaml", line, "warning", "t", "m") for line in range(1, marks + 1))
    made.finish(notice(annotations=items))
    (check,) = client.face.state.checks
    assert (check["conclusion"], check["status"]) == ("success", "completed")
    assert check["output"]["annotations_count"] == before + marks
    assert len([path for path in client.asked if path.startswith("PATCH")]) == 2 + batches


def test_only_our_own_check_is_written() -> None:
    client = asked("github").client
    made = publisher("github", client, check=True)
    made.begin()
    (ours,) = client.face.state.checks
    client.face.state.checks.append({**ours, "id": 50, "external_id": "somebody/else", "conclusion": None})
    made.finish(notice("rejected"))
    assert [item["conclusion"] for item in client.face.state.checks] == ["failure", None]


def test_a_check_of_another_app_is_left_and_one_of_our_own_made() -> None:
    client = asked("github").client
    made = publisher("github", client, check=True)
    made.begin()
    answer = client.face.answer
    for status, made_anew in ((403, True), (404, True), (500, False)):

        def refusing(method: str, path: str, query: Any, body: Any, status: int = status) -> Any:
            if method == "PATCH" and path.endswith("/check-runs/1"):
                raise Refused(status, "No")
            return answer(method, path, query, body)

        client.face.answer = refusing  # type: ignore[method-assign]
        del client.face.state.checks[1:]
        if made_anew:
            made.begin()
            assert len(client.face.state.checks) == 2
        else:
            with pytest.raises(ForgeError):
                made.begin()
            assert len(client.face.state.checks) == 1


@pytest.mark.parametrize("what", ["check", "status"])
def test_a_verdict_that_is_not_shown_as_it_was_set_is_an_error(forge: str, what: str) -> None:
    if forge == "gitlab" and what == "check":
        return  # it has none
    end = {"check": "/check-runs/1", "status": f"/statuses/{HEAD}"}[what]
    name = {"check": "conclusion", "status": key(forge, "state", "status")}[what]
    client = asked(forge, {end: lambda data: data.update({name: "neutral"})}).client
    made = publisher(forge, client, **{what: True})
    with pytest.raises(ForgeError, match="as it was set"):
        made.finish(notice())


def test_long_words_are_cut_to_what_a_forge_takes(forge: str) -> None:
    client = asked(forge).client
    sent: list[Any] = []
    answer = client.face.answer

    def listening(method: str, path: str, query: Any, body: Any) -> Any:
        sent.append(body)
        return answer(method, path, query, body)

    client.face.answer = listening  # type: ignore[method-assign]
    long = notice(title="t" * 1000, summary="s" * 2_000_000)
    publisher(forge, client, status=True, comment_on=17, **({"check": True} if forge == "github" else {})).finish(long)
    (status,) = [body for body in sent if body and "description" in body]
    assert len(status["description"]) == (140 if forge == "github" else 255)
    (comment,) = [body["body"] for body in sent if body and "body" in body]
    assert len(comment) <= (60_000 if forge == "github" else 500_000)
    outputs = [body["output"] for body in sent if body and "output" in body]
    assert all(len(item["title"]) == 255 and len(item["summary"]) == 60_000 for item in outputs)
    assert bool(outputs) is (forge == "github")


def test_a_status_that_gitlab_refuses_to_set_again_is_looked_at() -> None:
    client = asked("gitlab").client
    publisher("gitlab", client, status=True).begin()
    publisher("gitlab", client, status=True).begin()  # after a run that was killed: it is running already
    assert [item["status"] for item in client.face.state.statuses] == ["running"]
    client.face.state.statuses.append({"id": 2, "status": "success", "name": "itsm gate", "sha": HEAD})
    client.face.state.statuses.append({"id": 1, "status": "running", "name": "itsm gate", "sha": HEAD})
    client.face.state.statuses[:2] = []
    answer = client.face.answer

    def refusing(method: str, path: str, query: Any, body: Any) -> Any:
        if method == "POST":
            raise Refused(400, "Cannot transition status")
        return (
            [{"id": 2, "status": "success"}, {"id": 1, "status": "running"}]
            if "statuses" in path
            else answer(method, path, query, body)
        )

    client.face.answer = refusing  # type: ignore[method-assign]
    with pytest.raises(ForgeError, match="Cannot transition"):
        publisher("gitlab", client, status=True).begin()  # the newest shows something else


def test_who_writes_comments_is_asked_only_where_it_is_not_known(forge: str) -> None:
    client = asked(forge).client
    made = publisher(forge, client, comment_on=17)
    made.finish(notice())
    assert "GET /user" not in client.asked
    made.finish(notice())
    assert client.asked.count("GET /user") == 1
    publisher(forge, client, comment_on=17, me="robot").finish(notice())
    assert client.asked.count("GET /user") == 1
    publisher(forge, client, comment_on=17, me="somebody").finish(notice())
    assert len(client.face.state.comments) == 2


def test_a_token_of_a_person_goes_by_its_own_name() -> None:
    """PRIVATE-TOKEN unless it is said to be that of a job (https://docs.gitlab.com/api/rest/authentication/)."""
    assert headers("t") == {"Accept": "application/json", "PRIVATE-TOKEN": "t"}
    assert headers("t", job=True) == {"Accept": "application/json", "JOB-TOKEN": "t"}
    assert headers(None) == {"Accept": "application/json"}


def test_of_several_requests_for_changes_the_latest_counts() -> None:
    early, late = (datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (10, 11))
    asked_twice = [(late, ReviewState.CHANGES_REQUESTED), (early, ReviewState.CHANGES_REQUESTED)]
    assert _last_word(asked_twice, None, None) == (late, ReviewState.CHANGES_REQUESTED)
