"""The adapter on what GitHub really sent: a pull request and reviews as its webhooks' published examples have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from itsm_as_code.forges.connection import Group
from itsm_as_code.forges.github import GitHub, headers
from itsm_as_code.forges.http import Client
from itsm_as_code.forges.interface import Account, ReviewState
from tests.forges.fake import TOKEN, GitHubFace, Said, State, serving

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded/github.json").read_text())
PULL = RECORDED["pull_request"]
HEAD = PULL["head"]["sha"]


class Recorded(GitHubFace):
    """GitHub, with the recorded objects in its answers."""

    repository = PULL["base"]["repo"]["full_name"]

    def user(self, name: str) -> dict[str, Any]:
        return dict(PULL["user"])

    def pull(self, path: str) -> dict[str, Any]:
        return super().pull(path) | PULL

    def reviews(self) -> list[dict[str, Any]]:
        # Webhooks have null for an empty text; the API, by its description, has the empty text.
        return [{**review, "body": review["body"] or ""} for review in RECORDED["reviews"]]

    def timeline(self) -> list[dict[str, Any]]:
        event = super().timeline()[-1]
        event["dismissed_review"]["review_id"] = RECORDED["reviews"][0]["id"]
        return [event]


def test_recorded_shapes_are_read() -> None:
    state = State("", {}, base="b" * 40, head=HEAD, commits=[HEAD], number=PULL["number"], base_ref=PULL["base"]["ref"])
    state.pushes = [("Codertocat", None)]
    state.reviews = [Said("Codertocat", "approved", HEAD, "", "Codertocat", "2019-05-15T15:20:40Z")]
    face = Recorded(state)
    with serving(face) as server:
        found = GitHub(
            Client(server.base, headers(TOKEN)), face.repository, state.number, state.base_ref
        ).pull_request()
    assert (found.author, found.head, found.draft) == ("Codertocat", HEAD, False)
    assert found.accounts == (Account("Codertocat", 21031067),)
    assert [(review.state, review.commit, review.dismissed_by) for review in found.reviews] == [
        (ReviewState.APPROVED, HEAD, None),
        (ReviewState.DISMISSED, HEAD, "Codertocat"),
        (ReviewState.COMMENTED, HEAD, None),
    ]


def test_the_reference_of_a_recorded_merge_group_names_its_pull_request() -> None:
    group = RECORDED["merge_group"]["head_ref"]
    found = Group.of("github", group)
    assert (found.number, found.branch) == (104, "main")
