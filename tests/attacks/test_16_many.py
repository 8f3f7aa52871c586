"""16: more commits, files or reviews than one page of anything."""

from __future__ import annotations

import subprocess

import pytest

from itsm_as_code.errors import GitError
from itsm_as_code.git.repository import MAX_COMMITS
from tests.attacks.tools import ignored, missing
from tests.conftest import Workshop, codes
from tests.limits import within


def import_commits(shop: Workshop, count: int, odd: int = -1, address: str = "bob@shop.example") -> None:
    """Many empty commits on topic, one of them by somebody else."""
    lines = []
    for index in range(count):
        who = address if index == odd else "alice@shop.example"
        lines.append(
            f"commit refs/heads/topic\nauthor A <{who}> {1795000000 + index} +0000\n"
            f"committer A <alice@shop.example> {1795000000 + index} +0000\ndata 1\nx\n"
            + ("from refs/heads/topic^0\n" if index == 0 else "")
        )
    stream = "".join(lines).encode()
    subprocess.run(["git", "fast-import", "--quiet", "--force"], cwd=shop.path, input=stream, check=True)


@pytest.mark.parametrize(("odd", "address", "code"), [(0, "bob@shop.example", "contributor"), (777, "", "")])
def test_the_contributor_hidden_among_a_thousand_commits(workshop: Workshop, odd: int, address: str, code: str) -> None:
    workshop.change()
    workshop.commit()
    import_commits(workshop, 1_000, odd, address or "stranger@evil.example")
    workshop.review("bob")
    decision = workshop.judge()
    if code:
        assert ("bob", code) in ignored(decision)
    else:
        assert codes(decision) == ["identity-unresolved"]


def test_a_history_nobody_can_review(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    import_commits(workshop, MAX_COMMITS)
    with pytest.raises(GitError) as caught:
        workshop.judge()
    assert caught.value.code == "too-many-commits"


def test_the_one_file_hidden_among_hundreds(workshop: Workshop) -> None:
    for index in range(400):
        workshop.write(f"docs/{index}.md", f"{index}\n")
    workshop.write("scripts/deploy.sh", "true\n")
    workshop.commit()
    workshop.review("bob")
    decision = workshop.judge()
    assert len(decision.evidence["paths"]) == 401
    assert codes(decision) == ["not-covered"]


def test_the_veto_hidden_among_a_thousand_reviews(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    first = workshop.reviews[0]
    workshop.reviews += [first | {"reviewer": f"stranger-{index}"} for index in range(1_000)]
    workshop.reviews.insert(500, first | {"reviewer": "carol", "state": "changes-requested"})
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("pending", ["changes-requested"])


def test_a_pile_of_broken_records_is_judged_in_time(workshop: Workshop) -> None:
    for index in range(300):
        workshop.write(f"services/broken-{index}.yaml", "apiVersion: itsm/v1\nkind: Service\n" + "x: {a: 1}\n")
    unknown = "".join(f"  unknown-{index}: 1\n" for index in range(2_000))
    workshop.write("services/wide.yaml", f"apiVersion: itsm/v1\nkind: Service\nspec:\n{unknown}")
    workshop.commit()
    with within(20):
        decision = workshop.judge()
    assert codes(decision)[0] == "finding:record-schema"
    assert missing(decision) == {"service": 1}
