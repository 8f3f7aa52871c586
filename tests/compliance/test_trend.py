"""Trends of policy results: past moments judged by the rules of their own day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.compliance.trend import Tally, Trend, moments, standing_at, trend
from itsm_as_code.git.history import first_parents
from itsm_as_code.git.repository import Repository
from itsm_as_code.validation import assess_catalogue, load_rule_set, validate
from tests.conftest import NOW, SMALL, Workshop
from tests.policies.test_engine import policy
from tests.policies.test_waivers import waiver
from tests.snapshots import Memory, folder

WEEK = timedelta(days=7)
PATH = "policies/has-runbook.yaml"


def test_moments_are_a_week_apart_and_lead_to_now() -> None:
    found = moments(NOW, 3)
    assert [(NOW - moment).days for moment in found] == [21, 14, 7]
    assert moments(NOW, 0) == []


@given(st.lists(st.integers(0, 100), max_size=8), st.lists(st.integers(0, 100), max_size=5))
def test_the_commit_of_a_moment_is_the_newest_that_is_not_after_it(made: list[int], asked: list[int]) -> None:
    """Also on a line whose clocks went backwards."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    line = [(f"c{index}", start + timedelta(hours=hours)) for index, hours in enumerate(made)]
    instants = [start + timedelta(hours=hours) for hours in asked]
    for instant, commit in zip(instants, standing_at(line, instants), strict=True):
        before = [name for name, at in line if at <= instant]
        assert commit == (before[0] if before else None)


def later(workshop: Workshop, weeks: int, message: str = "Later") -> str:
    """Commit everything, so many weeks after the workshop opened."""
    workshop.git("add", "-A")
    stamp = f"{(NOW + weeks * WEEK).timestamp():.0f} +0000"
    tree = workshop.git("write-tree")
    parent = workshop.git("rev-parse", "HEAD")
    person = f"erin <erin@shop.example> {stamp}"
    raw = f"tree {tree}\nparent {parent}\nauthor {person}\ncommitter {person}\n\n{message}\n"
    workshop.write(".git/raw", raw)
    commit = workshop.git("hash-object", "-t", "commit", "-w", ".git/raw")
    workshop.git("update-ref", "HEAD", commit)
    return commit


def trend_of(workshop: Workshop, weeks: int, count: int) -> Trend:
    """The trend of HEAD, so many weeks after the workshop opened."""
    repository = Repository(workshop.path)
    head = repository.commit("HEAD")
    rule_set = load_rule_set(repository.snapshot(head))
    return trend(repository, head, assess_catalogue(rule_set.catalogue, rule_set, NOW + weeks * WEEK + WEEK / 2), count)


def failing(found: Trend, name: str = "has-runbook") -> list[int | None]:
    return [tally.failed if (tally := point.of(name)) else None for point in found.points]


def test_each_moment_is_judged_as_it_was_by_the_rules_of_its_day(workshop: Workshop) -> None:
    workshop.write(PATH, policy())
    later(workshop, 1)
    workshop.edit("services/orders.yaml", "  tier: 2", "  tier: 2\n  runbook: https://wiki.shop.example/orders")
    later(workshop, 2)
    workshop.write(PATH, policy(match="{kinds: [Service], where: object.spec.tier <= 2}"))
    later(workshop, 3)
    for path, text in waiver(records="[{kind: Service, name: database}]", until='"2026-12-28T00:00:00Z"').items():
        workshop.write(path, str(text))
    later(workshop, 4)
    found = trend_of(workshop, 5, 7)
    # Before the first commit there is no data, before the policy there is none of it; the waiver ends by itself.
    assert failing(found) == [None, None, None, 4, 3, 2, 1, 2]
    assert [point.tallies is None for point in found.points] == [True, True, False, False, False, False, False, False]
    assert found.points[0].why == "there was no commit yet"
    assert found.points[6].of("has-runbook") == Tally(passed=1, failed=1, waived=1)
    assert found.points[-1].commit == workshop.git("rev-parse", "HEAD")
    for older, newer in pairwise(found.points):
        assert newer.at - older.at == WEEK


def test_what_could_not_be_judged_is_no_data(workshop: Workshop) -> None:
    workshop.write(PATH, policy())
    later(workshop, 1)
    workshop.write("schemas/service.schema.json", "[")
    later(workshop, 2)
    workshop.git("rm", "-rqf", "schemas")
    later(workshop, 3)
    found = trend_of(workshop, 3, 3)
    assert failing(found) == [None, 4, None, 4]
    assert "schemas/service.schema.json" in found.points[2].why


def test_a_trend_is_the_same_whatever_was_read_before(workshop: Workshop) -> None:
    """Reuse of what did not change changes nothing: a trend is what validating each commit by itself gives."""
    workshop.write(PATH, policy())
    later(workshop, 1)
    workshop.write("services/other.yaml", (SMALL / "services/orders.yaml").read_text().replace("orders", "other"))
    workshop.git("rm", "-q", "services/newsletter.yaml")
    later(workshop, 2)
    workshop.edit("services/other.yaml", "tier: 2", "tier: nonsense")
    later(workshop, 3)
    found = trend_of(workshop, 3, 3)
    repository = Repository(workshop.path)
    for point in found.points:
        assert point.commit is not None
        alone = validate(repository.snapshot(point.commit), point.at)
        failed = sum(outcome.status == "fail" for outcome in alone.outcomes)
        assert point.total is not None
        assert point.total.failed == failed


def test_only_the_first_parent_line_counts(workshop: Workshop) -> None:
    workshop.write(PATH, policy())
    workshop.commit("On a branch")
    workshop.git("checkout", "-q", "main")
    workshop.git("merge", "-q", "--no-ff", "-m", "Merge", "topic")
    line = first_parents(Repository(workshop.path), "main")
    assert len(line) == 2
    assert line[0][0] == workshop.git("rev-parse", "main")


def test_without_git_history_only_now_has_data(workshop: Workshop) -> None:
    found = trend(None, None, validate(Memory(folder(SMALL)), NOW), 2)
    assert [(point.tallies is None, point.why) for point in found.points] == [
        (True, "there is no git history"), (True, "there is no git history"), (False, "")
    ]  # fmt: skip
    assert not found.has_past
    workshop.git("commit", "-q", "--allow-empty", "-m", "Second")
    workshop.git("clone", "-q", "--depth", "1", f"file://{workshop.path}", "shallow")
    shallow = Workshop(workshop.path / "shallow")
    assert trend_of(shallow, 0, 1).points[0].why == "this clone is shallow and ends here"


@pytest.mark.parametrize("stamp", [0, 10**12])
def test_a_clock_that_lies_breaks_nothing(workshop: Workshop, stamp: int) -> None:
    tree = workshop.git("rev-parse", "HEAD^{tree}")
    person = f"erin <erin@shop.example> {stamp} +0000"
    workshop.write(".git/raw", f"tree {tree}\nauthor {person}\ncommitter {person}\n\nOdd\n")
    commit = workshop.git("hash-object", "-t", "commit", "-w", "--literally", ".git/raw")
    assert len(first_parents(Repository(workshop.path), commit)) == 1
