"""15: base and head move between review and merge."""

from __future__ import annotations

from tests.attacks.tools import BAD_BACKOUT, CHANGE, RULES, ignored, missing, on_main
from tests.conftest import Workshop, codes


def test_a_force_push_after_the_review(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    workshop.git("reset", "-q", "--hard", "main")
    workshop.change(**{"Send in smaller batches.": "Send everything at once."})
    workshop.commit()
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert ignored(decision) == {("bob", "void")}


def test_a_rebase_keeps_what_did_not_change(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    workshop.git("checkout", "-q", "main")
    workshop.write("docs/base.md", "Base.\n")
    workshop.commit(who="erin")
    workshop.git("checkout", "-q", "topic")
    workshop.git("rebase", "-q", "main")
    assert workshop.judge().verdict == "approved"


def test_a_lenient_base(workshop: Workshop) -> None:
    """Retargeted: the verdict names the base it is for, and says something else for another one."""
    workshop.git("branch", "lenient", "main")
    workshop.git("checkout", "-q", "lenient")
    text = (workshop.path / RULES).read_text()
    workshop.write(RULES, text.replace("[{from: {owners: affected}, count: 1}]", "[]"))
    workshop.commit(who="erin")
    workshop.git("checkout", "-q", "topic")
    workshop.change()
    workshop.commit()
    lenient, strict = workshop.judge(base="lenient"), workshop.judge()
    assert (lenient.verdict, strict.verdict) == ("approved", "pending")
    assert lenient.evidence["base"] != strict.evidence["base"]
    assert lenient.evidence["policyDigest"] != strict.evidence["policyDigest"]


def test_the_base_gets_stricter_after_the_review(workshop: Workshop) -> None:
    workshop.change(**BAD_BACKOUT, **{"2026-12-01T20": "2026-12-14T20", "2026-12-01T22": "2026-12-14T22"})
    workshop.commit()
    workshop.review("bob")
    workshop.git("checkout", "-q", "main")
    workshop.edit("changes/calendars/year-end.yaml", "2026-12-15T00:00:00+01:00", "2026-12-14T00:00:00+01:00")
    workshop.commit(who="erin")
    assert codes(workshop.judge()) == ["finding:backout-is-planned", "finding:change-in-freeze"]


def test_the_base_closes_the_record_meanwhile(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change()
    workshop.edit(CHANGE, "Send in smaller batches.", "Send.")
    workshop.commit()
    workshop.review("bob")
    workshop.git("checkout", "-q", "main")
    workshop.edit(CHANGE, "status: proposed", "status: rejected")
    workshop.commit(who="erin")
    decision = workshop.judge()
    assert "finding:lifecycle-final" in codes(decision)


def test_the_base_adds_what_the_change_collides_with(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    workshop.git("checkout", "-q", "main")
    workshop.change("chg-20261122-other")
    workshop.commit(who="erin")
    decision = workshop.judge()
    assert [row["kind"] for row in decision.evidence["conflicts"]] == ["implementer", "overlap"]


def test_a_member_who_left_meanwhile(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    workshop.git("checkout", "-q", "main")
    workshop.edit("people/teams/team-shop.yaml", "[alice, bob, robot]", "[alice, frank, robot]")
    workshop.commit(who="erin")
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert ignored(decision) == {("bob", "not-eligible")}
