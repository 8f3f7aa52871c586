"""14: merges that bring what neither side had, or more sides than two."""

from __future__ import annotations

from tests.attacks.tools import CHANGE, EVERYBODY, approve, ignored, missing, on_main, rules
from tests.conftest import Workshop, codes


def test_an_evil_merge_brings_content_of_its_own(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    workshop.git("checkout", "-q", "main")
    workshop.write("docs/base.md", "Base.\n")
    workshop.commit(who="erin")
    workshop.git("checkout", "-q", "topic")
    workshop.git("merge", "-q", "--no-ff", "--no-commit", "main")
    workshop.edit(CHANGE, "Send in smaller batches.", "Send everything at once.")
    workshop.commit("Merge main")
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert ignored(decision) == {("bob", "void")}


def test_an_evil_merge_touches_what_judges(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.write("docs/base.md", "Base.\n")
    workshop.commit(who="erin")
    workshop.git("checkout", "-q", "topic")
    workshop.git("merge", "-q", "--no-ff", "--no-commit", "main")
    workshop.edit("people/teams/team-shop.yaml", "[alice, bob, robot]", "[alice, bob, robot, frank]")
    workshop.commit("Merge main")
    approve(workshop, "bob", "frank")
    assert missing(workshop.judge()) == {"what-judges": 2}


def test_a_merge_that_drops_what_the_base_has(workshop: Workshop) -> None:
    """``-s ours`` says that main was merged, and takes nothing of it: what is missing is a deletion."""
    workshop.git("checkout", "-q", "main")
    workshop.change("chg-20261122-base")
    workshop.write("services/extra.yaml", (workshop.path / "services/newsletter.yaml").read_text())
    workshop.edit("services/extra.yaml", "name: newsletter", "name: extra")
    workshop.commit(who="erin")
    workshop.git("checkout", "-q", "topic")
    workshop.git("merge", "-q", "-s", "ours", "-m", "Merge", "main")
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert "finding:record-deleted" in codes(decision)
    assert {row["action"] for row in decision.evidence["records"]} == {"deleted"}


def test_an_octopus(workshop: Workshop) -> None:
    for name in ("one", "two"):
        workshop.git("checkout", "-q", "-b", name, "main")
        workshop.write(f"docs/{name}.md", f"{name}\n")
        workshop.commit(who="bob" if name == "two" else "alice")
    workshop.git("checkout", "-q", "topic")
    workshop.change()
    workshop.commit()
    workshop.git("merge", "-q", "-m", "Octopus", "one", "two")
    approve(workshop, "bob")
    decision = workshop.judge()
    assert ("bob", "contributor") in ignored(decision)
    assert missing(decision) == {"normal": 1, "documents": 1}


def test_sides_that_cross(workshop: Workshop) -> None:
    """Criss-cross merges leave two best common ancestors; the candidate is still what git would merge."""
    workshop.change()
    workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.write("docs/base.md", "Base.\n")
    workshop.commit(who="erin")
    workshop.git("branch", "-f", "before", "topic")
    workshop.git("checkout", "-q", "topic")
    workshop.git("merge", "-q", "-m", "main into topic", "main")
    workshop.git("checkout", "-q", "main")
    workshop.git("merge", "-q", "--no-ff", "-m", "topic into main", "before", who="erin")
    workshop.git("checkout", "-q", "topic")
    workshop.edit(CHANGE, "Send in smaller batches.", "Send.")
    workshop.commit()
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert [row["fields"] for row in decision.evidence["records"]] == [["/spec/summary"]]


def test_both_sides_edit_one_record_without_a_conflict(workshop: Workshop) -> None:
    """What merging makes of a record was seen by nobody."""
    with on_main(workshop):
        workshop.change()
    workshop.edit(CHANGE, "justification: The provider", "justification: Our provider")
    workshop.commit()
    workshop.review("bob")
    assert workshop.judge().verdict == "approved"
    workshop.git("checkout", "-q", "main")
    workshop.edit(CHANGE, "title: Tune the newsletter", "title: Break the newsletter")
    workshop.commit(who="erin")
    decision = workshop.judge()
    assert rules(decision) == ["normal"]
    assert ignored(decision) == {("bob", "void")}
    assert "changed on the base as well" in decision.evidence["approvals"][0]["ignored"][0]["reason"]
