"""Training coverage."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from itsm_as_code.measures.training import Audience, TeamFacts, coverage, latest, training_coverage

TODAY = date(2026, 11, 22)


def test_valid_up_to_but_not_on_the_day() -> None:
    done = [("ann", date(2025, 11, 23)), ("bob", date(2025, 11, 22)), ("bob", date(2024, 1, 1))]
    result = coverage(["ann", "bob", "cid", "ann"], done, 12, TODAY)
    assert (result.trained, result.expired, result.missing) == (("ann",), ("bob",), ("cid",))
    assert result.share == Fraction(1, 3)
    assert coverage(["bob"], done, None, TODAY).share == 1
    assert coverage([], done, 12, TODAY).share is None


def test_only_what_has_happened_counts_and_only_the_last() -> None:
    done = [("ann", date(2026, 12, 1)), ("ann", date(2026, 1, 1)), ("ann", date(2025, 1, 1))]
    assert latest(done, TODAY) == {"ann": date(2026, 1, 1)}


def test_by_team_and_by_role_and_everybody_once() -> None:
    teams = {
        "cab": TeamFacts(("ann", "bob"), ("change-advisory-board",)),
        "ops": TeamFacts(("bob", "cid")),
        "sec": TeamFacts(("dee",), ("change-advisory-board", "security")),
    }
    audience = Audience(("ops", "gone"), ("change-advisory-board", "nobody"))
    result = training_coverage(audience, teams, [("bob", TODAY), ("dee", TODAY)], 12, TODAY)
    assert result.by_team["ops"].share == Fraction(1, 2)
    assert result.by_team["gone"].share is None
    assert result.by_role["change-advisory-board"].trained == ("bob", "dee")
    assert result.by_role["nobody"].share is None
    assert (result.overall.trained, result.overall.missing) == (("bob", "dee"), ("ann", "cid"))


def test_without_an_audience_everybody_counts() -> None:
    result = training_coverage(None, {}, [("ann", TODAY)], 12, TODAY, everybody=["bob", "ann"])
    assert (result.overall.trained, result.overall.missing) == (("ann",), ("bob",))
    assert (result.by_team, result.by_role) == ({}, {})
