"""A shop whose pull request lives at GitHub, at GitLab, at Gitea or nowhere, with the same story."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.conftest import Workshop, copied
from tests.forges.fake import TOKEN, Face, GiteaFace, GitHubFace, GitLabFace, Said, Server, State, serving

FACES: dict[str, type[GitHubFace] | type[GitLabFace] | type[GiteaFace]] = {
    "github": GitHubFace,
    "gitlab": GitLabFace,
    "gitea": GiteaFace,
}
SUFFIXES = {"github": "-gh", "gitlab": ".lab", "gitea": ".tea"}
NOW = "2026-11-22T12:00:00Z"
BETWEEN: dict[tuple[str, str], list[str]] = {}
"""The commits between two others, oldest first: most tests ask of the same two."""
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank", "gina", "robot")
IDS = {name: 1000 + index for index, name in enumerate(PEOPLE)}


@dataclass
class Shop:
    """A workshop with a pull request #17 by alice: a force-push, then two commits, one of them together with dave."""

    work: Workshop
    head: str = ""
    first: str = ""
    base: str = ""
    reviews: list[Said] = field(default_factory=list)

    def approve(self, state: State) -> None:
        """bob approves what is there now."""
        state.reviews[0] = Said("bob", "approved", self.head, "2026-11-22T10:20:00Z")

    def state(self, forge: str) -> State:
        base, head = self.work.tip("refs/heads/main"), self.work.tip("refs/heads/topic")
        if (base, head) not in BETWEEN:
            BETWEEN[base, head] = self.work.git("rev-list", "--reverse", f"{base}..{head}").split()
        commits = list(BETWEEN[base, head])
        return State(
            suffix=SUFFIXES[forge],
            ids=IDS,
            base=base,
            head=head,
            commits=commits,
            pushes=[("alice", self.first), ("alice", None)],
            versions=[(self.first, "2026-11-22T09:00:00.000Z"), (self.head, "2026-11-22T10:05:00.000Z")],
            reviews=list(self.reviews),
            commit_accounts=dict.fromkeys(commits, "alice"),
        )


@pytest.fixture(scope="session")
def first_shop(first_workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """What every shop starts from.

    bob approved the first push, carol the second and took it back; dave (a co-author), a bot and erin did, too.
    """
    workshop = copied(first_workshop, tmp_path_factory.mktemp("shop"))
    made = Shop(workshop)
    workshop.git("checkout", "-q", "main")
    for name in PEOPLE:
        path = f"people/{name}.yaml"
        text = re.sub(r"\n  accounts:\n( +- .*\n)+", "\n", (workshop.path / path).read_text())
        accounts = "".join(
            f"    - {{forge: {forge}, login: {name}{suffix}, id: {IDS[name]}}}\n" for forge, suffix in SUFFIXES.items()
        )
        workshop.write(path, f"{text.rstrip()}\n  accounts:\n{accounts}")
    made.base = workshop.commit("Accounts", who="erin")
    workshop.git("checkout", "-q", "-B", "topic", "main")
    change = workshop.change()
    made.first = workshop.commit()
    workshop.git("update-ref", "refs/kept/first", made.first)
    workshop.git("reset", "-q", "--hard", "main")  # a force-push
    workshop.change()
    workshop.commit("Change it\n\nCo-authored-by: Dave Dale <dave@shop.example>")
    workshop.edit(change, "Send in smaller batches.", "Send in much smaller batches.")
    made.head = workshop.commit("Say it better")
    made.reviews = [
        Said("bob", "approved", made.first, "2026-11-22T10:00:00Z"),
        Said("carol", "approved", made.head, "2026-11-22T10:10:00Z", "carol", "2026-11-22T10:11:00Z"),
        Said("dave", "approved", made.head, "2026-11-22T10:12:00Z"),
        Said("robot", "approved", made.head, "2026-11-22T10:13:00Z"),
        Said("erin", "approved", made.head, "2026-11-22T10:14:00Z"),
    ]
    workshop.git("repack", "-a", "-d", "-q")
    return made


@pytest.fixture
def shop(first_shop: Shop, tmp_path: Path) -> Shop:
    """A shop of one's own."""
    said = [replace(item) for item in first_shop.reviews]
    return replace(first_shop, work=copied(first_shop.work, tmp_path), reviews=said)


@dataclass
class Live:
    """A running forge with the shop's pull request."""

    server: Server
    face: Face
    state: State
    shop: Shop

    @property
    def arguments(self) -> list[str | Path]:
        """What `itsm gate` is called with."""
        forge: list[str | Path] = ["--forge", self.face.name, "--repo", self.face.repository, "--pr", "17"]
        return ["gate", "-C", self.shop.work.path, *forge, "--api-url", self.server.base, "--now", NOW, "--wait", "0"]


Start = Callable[[str], Live]


@pytest.fixture
def start(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts forges by name; all are stopped at the end."""
    for name in ("GITHUB_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN"):
        monkeypatch.setenv(name, TOKEN)
    for name in ("GH_TOKEN", "CI_JOB_TOKEN", "GITHUB_API_URL", "CI_API_V4_URL", "GITHUB_REPOSITORY", "CI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:

        def run(forge: str) -> Live:
            state = shop.state(forge)
            face = FACES[forge](state)
            return Live(stack.enter_context(serving(face)), face, state, shop)

        yield run


@pytest.fixture(params=["github", "gitlab", pytest.param("gitea", marks=pytest.mark.deep)])
def live(request: pytest.FixtureRequest, start: Start) -> Live:
    """The shop's pull request at each forge in turn."""
    return start(request.param)
