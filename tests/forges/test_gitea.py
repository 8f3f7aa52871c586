"""What Gitea and Forgejo tell otherwise than GitHub: official, stale and dismissed reviews, pushes, pages, statuses."""

from __future__ import annotations

from typing import Any

import pytest

from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.gitea import Gitea, headers
from itsm_as_code.forges.http import Client, Waiting
from itsm_as_code.forges.interface import PullRequest, ReviewState
from tests.conftest import Run
from tests.forges.conftest import IDS, Live, Start
from tests.forges.fake import TOKEN, GiteaFace, Said, State, serving
from tests.forges.test_scenarios import judged, refused

HEAD, OLD, AT = "b" * 40, "c" * 40, "2026-11-22T10:00:00Z"


def state(*reviews: Said, **more: Any) -> State:
    made = State(suffix="", ids=IDS, base="a" * 40, head=HEAD, commits=[OLD, HEAD], reviews=list(reviews))
    made.pushes = [("alice", OLD), ("alice", None)]
    for key, value in more.items():
        setattr(made, key, value)
    return made


def read(face: GiteaFace, page_size: int = 100) -> PullRequest:
    with serving(face) as server:
        server.page_size = page_size
        client = Client(server.base, headers(TOKEN), {}, Waiting(0.0), counts_pages=True)
        return Gitea(client, face.repository, 17).pull_request()


def said(face: GiteaFace) -> list[tuple[str, ReviewState, str | None]]:
    return [(review.reviewer, review.state, review.dismissed_by) for review in read(face).reviews]


BOB = Said("bob", "approved", HEAD, AT)


def test_an_approval_that_is_not_official_counts_for_nothing_and_a_veto_stands() -> None:
    face = GiteaFace(state(BOB, Said("carol", "changes_requested", HEAD, AT)))
    face.unofficial = {"bob", "carol"}
    assert said(face) == [("bob", ReviewState.COMMENTED, None), ("carol", ReviewState.CHANGES_REQUESTED, None)]
    face.unofficial = set()
    assert said(face)[0] == ("bob", ReviewState.APPROVED, None)


def test_a_stale_approval_is_bound_to_what_it_saw() -> None:
    (review,) = read(GiteaFace(state(Said("bob", "approved", OLD, AT)))).reviews
    assert (review.state, review.commit) == (ReviewState.APPROVED, OLD)


def test_who_dismissed_a_review_stands_in_the_timeline() -> None:
    asks = Said("bob", "changes_requested", HEAD, AT, "erin", "2026-11-22T10:05:00Z")
    assert said(GiteaFace(state(asks))) == [
        ("bob", ReviewState.CHANGES_REQUESTED, None),
        ("bob", ReviewState.DISMISSED, "erin"),
    ]


def test_a_dismissal_by_nobody_takes_an_approval_and_no_veto() -> None:
    gone = [Said("bob", word, HEAD, AT, "erin") for word in ("approved", "changes_requested")]
    assert said(GiteaFace(state(gone[0]))) == [("bob", ReviewState.DISMISSED, "bob")]
    assert said(GiteaFace(state(gone[1]))) == [("bob", ReviewState.CHANGES_REQUESTED, None)]


def test_everybody_who_pushed_to_the_branch_is_known_or_there_is_no_verdict() -> None:
    assert read(GiteaFace(state(pushes=[("dave", OLD), ("alice", None)]))).pushers == ("alice", "dave")
    with pytest.raises(ForgeError) as problem:
        read(GiteaFace(state(pushes=[("alice", OLD)])))
    assert problem.value.code == "moved"


def test_lists_without_links_are_read_to_their_end() -> None:
    many = [Said("bob", "commented", HEAD, AT)] * 7
    face = GiteaFace(state(*many, others=[(number, OLD) for number in range(20, 26)]))
    found = read(face, page_size=3)
    assert (len(found.reviews), len(found.open_pull_requests), len(found.commits)) == (7, 6, 2)


def test_a_review_that_is_not_given_yet_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    face = GiteaFace(state(BOB))
    known = face.reviews()
    monkeypatch.setattr(face, "reviews", lambda: [known[1] | {"state": "PENDING"}])
    assert read(face).reviews == ()


@pytest.fixture
def live(start: Start) -> Live:
    return start("gitea")


def test_the_verdict_is_a_status_and_one_comment(live: Live, itsm: Run) -> None:
    live.shop.approve(live.state)
    for _ in range(2):
        assert itsm(*live.arguments, "--publish", "status", "--comment")[0] == 0
    assert [item["status"] for item in live.state.statuses][-1] == "success"
    assert len(live.state.comments) == 1


def test_gitea_has_to_be_named_and_may_be_its_own_job(live: Live, itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of its Actions has the variables of GitHub's; elsewhere GitHub's token is not given away."""
    place = live.arguments.index("--api-url")
    bare = live.arguments[:place] + live.arguments[place + 2 :]
    code, _, err = itsm(*bare)
    assert (code, "name its API: --api-url" in err) == (2, True)
    monkeypatch.delenv("GITEA_TOKEN")
    assert refused(itsm, live) == "refused"
    monkeypatch.setenv("GITEA_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_API_URL", live.server.base)
    code, out, _ = itsm(*bare, "--format", "json")
    assert (code, '"verdict": "pending"' in out) == (1, True)


def test_an_approval_by_somebody_who_may_not_write_is_missing(live: Live, itsm: Run) -> None:
    live.shop.approve(live.state)
    assert judged(itsm, live)["verdict"] == "approved"
    assert isinstance(live.face, GiteaFace)
    live.face.unofficial = {"bob"}
    assert judged(itsm, live)["verdict"] == "pending"


def test_the_pull_request_that_a_commit_came_with() -> None:
    face = GiteaFace(state(BOB, landed=[HEAD], merged_at="2026-11-22T11:00:00Z", edited={0: "2026-11-22T12:00:00Z"}))
    with serving(face) as server:
        client = Client(server.base, headers(TOKEN), {}, Waiting(0.0), counts_pages=True)
        forge = Gitea(client, face.repository, 17)
        assert (forge.numbers(HEAD), forge.numbers(OLD)) == ([17], [])
        merged = forge.merged()
    assert merged is not None
    assert (merged.commit, merged.by, merged.pull_request.forge) == (HEAD, "erin", "gitea")
    assert merged.changed == ("the review of bob was changed at 2026-11-22T12:00:00Z, after the merge",)
