"""Merge queues and trains, on real git: what would become the branch is judged, pull request by pull request."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from itsm_as_code import clock
from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.interface import ForgeCommit, OpenPullRequest, PullRequest, Review, ReviewState
from itsm_as_code.gate.decision import Decision
from itsm_as_code.gate.evaluation import evaluate
from itsm_as_code.gate.queue import evaluate_group
from itsm_as_code.git.repository import Repository
from tests.conftest import NOW, Workshop

AT = clock.parse_instant("2026-11-22T10:00:00Z")


class Queue:
    """Two pull requests by alice that bob approves: #1 and #2; and commits of a queue for them."""

    def __init__(self, work: Workshop) -> None:
        self.work = work
        self.repository = Repository(work.path)
        self.base = work.git("rev-parse", "main")
        self.pulls: dict[int, PullRequest] = {}

    def pull(self, number: int, branch: str, *, approved: bool = True) -> None:
        head = self.work.git("rev-parse", branch)
        commits = self.work.git("rev-list", f"main..{branch}").split()
        review = Review("bob", ReviewState.APPROVED, head, AT)
        self.pulls[number] = PullRequest(
            author="alice",
            number=number,
            reviews=(review,) if approved else (),
            base_ref="main",
            base=self.base,
            head=head,
            commits=tuple(ForgeCommit(sha) for sha in commits),
        )

    def merged(self, *branches: str, how: str = "--no-ff") -> str:
        """The queue's commit for branches, one after the other."""
        work = self.work
        work.git("checkout", "-q", "--detach", "main")
        for branch in branches:
            if how == "--squash":
                work.git("merge", "-q", "--squash", branch, who="erin")
                work.commit(f"Squash {branch}", who="erin")
            else:
                work.git("merge", "-q", how, "-m", f"Merge {branch}", branch, who="erin")
        return work.git("rev-parse", "HEAD")

    def judge(self, head: str, last: int, base: str | None = None, now: datetime = NOW) -> Decision:
        others = tuple(OpenPullRequest(n, p.head or "") for n, p in self.pulls.items() if n != last)
        own = replace(self.pulls[last], open_pull_requests=others)
        return evaluate_group(self.repository, base or self.base, head, own, self.pulls.__getitem__, now)

    def alone(self, number: int) -> str:
        own = self.pulls[number]
        return evaluate(self.repository, self.base, own.head or "", own, NOW).verdict


@pytest.fixture
def queue(workshop: Workshop) -> Queue:
    """#1 gives the newsletter another title, #2 is a change of it."""
    made = Queue(workshop)
    workshop.git("checkout", "-q", "-b", "one", "main")
    workshop.edit("services/newsletter.yaml", "title: Newsletter", "title: Weekly newsletter")
    workshop.commit()
    workshop.git("checkout", "-q", "-b", "two", "main")
    workshop.change()
    workshop.commit()
    made.pull(1, "one")
    made.pull(2, "two")
    return made


def rows(decision: Decision) -> list[tuple[int, str]]:
    return [(row["number"], row["verdict"]) for row in decision.evidence["queue"]]


@pytest.mark.parametrize("how", ["--no-ff", "--squash"])
def test_both_are_judged_where_they_stand(queue: Queue, how: str) -> None:
    assert (queue.alone(1), queue.alone(2)) == ("approved", "approved")
    decision = queue.judge(queue.merged("one", "two", how=how), 2)
    assert (decision.verdict, rows(decision)) == ("approved", [(1, "approved"), (2, "approved")])
    assert decision.digest == Decision("approved", (), decision.evidence).digest


def test_a_group_of_one_needs_no_merge_commit(queue: Queue) -> None:
    decision = queue.judge(queue.work.git("rev-parse", "two"), 2)  # rebased, or fast-forwarded
    assert rows(decision) == [(2, "approved")]


def test_the_second_group_stands_on_the_first(queue: Queue) -> None:
    first = queue.merged("one")
    second = queue.merged("one", "two")
    assert rows(queue.judge(second, 2, base=queue.work.git("rev-parse", f"{second}^1"))) == [(2, "approved")]
    assert queue.work.git("rev-parse", f"{first}^{{tree}}") == queue.work.git("rev-parse", f"{second}^1^{{tree}}")


def test_an_approval_that_is_missing_holds_the_whole_group(queue: Queue) -> None:
    queue.pull(1, "one", approved=False)
    decision = queue.judge(queue.merged("one", "two"), 2)
    assert (decision.verdict, rows(decision)) == ("pending", [(1, "pending"), (2, "approved")])
    assert decision.reasons[0].message.startswith("#1: ")


def test_two_that_are_fine_alone_and_conflict_together(queue: Queue) -> None:
    """Each makes one service depend on the other: git merges them, together they are a circle."""
    for number, service, other in ((3, "newsletter", "web-shop"), (4, "web-shop", "newsletter")):
        queue.work.git("checkout", "-q", "-b", service, "main")
        path = f"services/{service}.yaml"
        text = (queue.work.path / path).read_text()
        depends = f"    - {{service: {other}, strength: hard}}\n"
        if "dependsOn:\n" in text:
            text = text.replace("dependsOn:\n", f"dependsOn:\n{depends}")
        else:
            text += f"  dependsOn:\n{depends}"
        queue.work.write(path, text)
        queue.work.commit()
        queue.pull(number, service)
    assert (queue.alone(3), queue.alone(4)) == ("approved", "approved")
    decision = queue.judge(queue.merged("newsletter", "web-shop"), 4)
    assert (decision.verdict, rows(decision)) == ("rejected", [(3, "approved"), (4, "rejected")])
    assert [reason.code for reason in decision.reasons] == ["finding:hard-dependency-cycle"]


def test_what_the_queue_adds_is_refused(queue: Queue) -> None:
    work = queue.work
    queue.merged("one", "two")
    work.edit("services/orders.yaml", "title: Orders", "title: Disorders")
    work.git("add", "-A")
    work.git("commit", "-q", "--amend", "--no-edit", who="erin")
    with pytest.raises(ForgeError) as caught:
        queue.judge(work.git("rev-parse", "HEAD"), 2)
    assert caught.value.code == "group-differs"


def test_a_commit_beside_the_pull_requests_is_refused(queue: Queue) -> None:
    queue.merged("one")
    queue.work.commit("Nothing", who="erin")
    queue.work.git("merge", "-q", "--no-ff", "-m", "Merge two", "two", who="erin")
    with pytest.raises(ForgeError) as caught:
        queue.judge(queue.work.git("rev-parse", "HEAD"), 2)
    assert caught.value.code == "group-differs"


def test_a_group_on_another_base_is_refused(queue: Queue) -> None:
    head = queue.merged("one", "two")
    queue.pulls[2] = replace(queue.pulls[2], base=queue.work.git("rev-parse", "one"))
    with pytest.raises(ForgeError) as caught:
        queue.judge(head, 2)
    assert caught.value.code == "base-moved"


def test_the_last_pull_request_must_be_the_named_one(queue: Queue) -> None:
    with pytest.raises(ForgeError):
        queue.judge(queue.merged("one", "two"), 1)


def test_a_group_whose_second_member_undoes_the_first(queue: Queue) -> None:
    """Each was approved on a base without the other; the second has merged the first and kept its own side."""
    work = queue.work
    work.git("checkout", "-q", "two")
    work.edit("services/newsletter.yaml", "help@shop", "info@shop")
    work.commit()
    queue.pull(2, "two")
    work.git("merge", "-q", "--no-commit", "one")
    work.edit("services/newsletter.yaml", "title: Weekly newsletter", "title: Newsletter")
    work.commit("Merge one")
    head = work.git("rev-parse", "two")
    commits = tuple(ForgeCommit(sha) for sha in work.git("rev-list", "main..two").split())
    queue.pulls[2] = replace(queue.pulls[2], head=head, commits=commits)
    decision = queue.judge(queue.merged("one", "two"), 2)
    assert decision.verdict == "pending"
    (item,) = [item for row in decision.evidence["approvals"] for item in row["ignored"] if item["code"] == "void"]
    assert (item["field"], item["side"]) == ("Service newsletter /metadata/title", "before")
