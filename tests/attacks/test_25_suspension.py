"""25: standard changes of a model that has failed too often."""

from __future__ import annotations

import pytest

from tests.attacks.tools import EVERYBODY, MODEL, STANDARD, STANDARD_PATH, approve, on_main
from tests.conftest import Workshop, codes

SUSPENDED = "finding:model-suspended"
RULE = "  suspension: {failures: 2, within: P30D}\n"
FAILED = """\
apiVersion: itsm/v1
kind: Change
metadata: {name: %(name)s, title: Restart}
spec:
  type: standard
  model: restart
  services: [newsletter]
  requester: alice
  summary: Restart.
  justification: The libraries were updated.
  schedule: {start: "%(day)sT20:00:00Z", end: "%(day)sT22:00:00Z"}
  actual: {start: "%(day)sT20:00:00Z", end: "%(day)sT21:00:00Z"}
  status: %(status)s
  result: %(status)s
"""


def failed(shop: Workshop, *days: str, status: str = "failed") -> list[str]:
    """Write a failed change of the model for each day; gives their paths."""
    paths = []
    for day in days:
        name = f"chg-{day.replace('-', '')}-restart"
        paths.append(f"changes/{day.replace('-', '/')}/{name}.yaml")
        shop.write(paths[-1], FAILED % {"name": name, "day": day, "status": status})
    return paths


def suspended(shop: Workshop, *days: str, status: str = "failed") -> list[str]:
    """A base whose model has a suspension rule and failed on these days."""
    with on_main(shop):
        shop.write(MODEL, (shop.path / MODEL).read_text() + RULE)
        return failed(shop, *days, status=status)


def restart(shop: Workshop) -> list[str]:
    """The reasons that a standard change of the model gets."""
    shop.write(STANDARD_PATH, STANDARD)
    shop.commit()
    approve(shop, *EVERYBODY)
    return codes(shop.judge())


@pytest.mark.parametrize("status", ["failed", "backed-out"])
def test_two_failures_suspend(workshop: Workshop, status: str) -> None:
    suspended(workshop, "2026-11-10", "2026-11-15", status=status)
    assert restart(workshop) == [SUSPENDED]


def test_the_reason_names_failures_since_when_and_until_when(workshop: Workshop) -> None:
    suspended(workshop, "2026-11-10", "2026-11-15")
    restart(workshop)
    (finding,) = [item for item in workshop.judge().findings if item.rule == "model-suspended"]
    assert finding.message == (
        "the model restart is suspended since 2026-11-15T21:00:00Z: "
        "chg-20261110-restart, chg-20261115-restart failed within P30D"
    )
    assert finding.remedy == (
        "raise a normal change, have the model authorised again, or wait until 2026-12-10T21:00:00Z"
    )


def test_one_failure_does_not(workshop: Workshop) -> None:
    suspended(workshop, "2026-11-10")
    assert restart(workshop) == []


def test_the_span_is_counted_to_the_second(workshop: Workshop) -> None:
    """Now is 22 November, 12:00: a failure on 23 October at 21:00 counts, one a day before does not."""
    suspended(workshop, "2026-10-22", "2026-11-15")
    assert restart(workshop) == []


def test_just_inside_the_span(workshop: Workshop) -> None:
    suspended(workshop, "2026-10-23", "2026-11-15")
    assert restart(workshop) == [SUSPENDED]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("status: failed\n  result: failed", "status: reviewed\n  result: successful"),
        ('2026-11-10T20:00:00Z", end: "2026-11-10T21:00:00Z', '2025-11-10T20:00:00Z", end: "2025-11-10T21:00:00Z'),
        ("model: restart", "model: reload"),
    ],
)
def test_a_failure_is_rewritten_in_the_same_pull_request(workshop: Workshop, old: str, new: str) -> None:
    first, _ = suspended(workshop, "2026-11-10", "2026-11-15")
    workshop.edit(first, old, new)
    assert SUSPENDED in restart(workshop)


def test_a_failure_is_deleted_in_the_same_pull_request(workshop: Workshop) -> None:
    first, _ = suspended(workshop, "2026-11-10", "2026-11-15")
    (workshop.path / first).unlink()
    assert SUSPENDED in restart(workshop)


BLAMED = """\
apiVersion: itsm/v1
kind: Incident
metadata: {name: inc-%(change)s, title: Newsletters are late}
spec:
  services: [newsletter]
  impact: 3
  urgency: 3
  status: new
  detectedAt: "%(day)sT22:30:00Z"
  causedBy: %(change)s
"""


def blamed(shop: Workshop, *days: str) -> list[str]:
    """A base whose changes say that all went well, while incidents name them as their cause; their paths."""
    with on_main(shop):
        shop.write(MODEL, (shop.path / MODEL).read_text() + RULE)
        paths = []
        for day in days:
            change = f"chg-{day.replace('-', '')}-restart"
            (done,) = failed(shop, day, status="implemented")
            shop.edit(done, "result: implemented", "result: successful")
            paths.append(f"operations/incidents/inc-{change}.yaml")
            shop.write(paths[-1], BLAMED % {"change": change, "day": day})
        return paths


def test_what_caused_incidents_suspends_whatever_it_says_of_itself(workshop: Workshop) -> None:
    blamed(workshop, "2026-11-10", "2026-11-15")
    assert restart(workshop) == [SUSPENDED]


def test_one_cause_does_not(workshop: Workshop) -> None:
    blamed(workshop, "2026-11-10")
    assert restart(workshop) == []


def test_the_blame_is_taken_back_in_the_same_pull_request(workshop: Workshop) -> None:
    first, _ = blamed(workshop, "2026-11-10", "2026-11-15")
    workshop.edit(first, "  causedBy: chg-20261110-restart\n", "")
    assert SUSPENDED in restart(workshop)


def test_the_second_failure_comes_with_the_next_change(workshop: Workshop) -> None:
    """What the pull request itself says of a failure counts as well."""
    (path,) = suspended(workshop, "2026-11-10")
    workshop.write(
        path.replace("10", "15"), FAILED % {"name": "chg-20261115-restart", "day": "2026-11-15", "status": "failed"}
    )
    assert SUSPENDED in restart(workshop)


@pytest.mark.parametrize(("old", "new"), [(RULE, ""), ('"2026-01-10"', '"2026-11-21"'), ("failures: 2", "failures: 9")])
def test_the_rule_is_softened_in_the_same_pull_request(workshop: Workshop, old: str, new: str) -> None:
    suspended(workshop, "2026-11-10", "2026-11-15")
    workshop.edit(MODEL, old, new)
    assert SUSPENDED in restart(workshop)


def test_a_scheduled_change_is_begun_although_its_model_is_suspended(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write(STANDARD_PATH, STANDARD)
    suspended(workshop, "2026-11-10", "2026-11-15")
    workshop.edit(STANDARD_PATH, "status: scheduled", "status: implementing")
    workshop.commit()
    assert codes(workshop.judge()) == [SUSPENDED]


def test_what_runs_already_can_be_brought_to_an_end(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write(STANDARD_PATH, STANDARD.replace("status: scheduled", "status: implementing"))
    suspended(workshop, "2026-11-10", "2026-11-15")
    text = STANDARD.replace("2026-12-01", "2026-11-22").replace(
        "status: scheduled",
        'status: failed\n  result: failed\n  actual: {start: "2026-12-01T20:00:00Z", end: "2026-12-01T21:00:00Z"}',
    )
    workshop.write(STANDARD_PATH, text.replace("2026-11-22T", "2026-12-01T"))
    workshop.commit()
    assert SUSPENDED not in codes(workshop.judge())


def test_a_new_pre_authorisation_on_the_base_lifts_it(workshop: Workshop) -> None:
    suspended(workshop, "2026-11-10", "2026-11-15")
    with on_main(workshop):
        workshop.edit(MODEL, '"2026-01-10"', '"2026-11-20"')
    assert restart(workshop) == []


def test_a_pre_authorisation_of_the_day_of_the_failure_does_not(workshop: Workshop) -> None:
    suspended(workshop, "2026-11-15", "2026-11-16")
    with on_main(workshop):
        workshop.edit(MODEL, '"2026-01-10"', '"2026-11-15"')
    assert restart(workshop) == [SUSPENDED]


def test_the_verdict_says_when_it_may_change(workshop: Workshop) -> None:
    suspended(workshop, "2026-10-24", "2026-11-15")
    restart(workshop)
    assert workshop.judge().evidence["validUntil"] == "2026-11-23T21:00:00Z"


@pytest.mark.parametrize("year", ["2025", "1999"])
def test_a_failure_is_dated_back_before_its_window(workshop: Workshop, year: str) -> None:
    """Two pull requests: one writes down that it failed, long ago, and needs nobody's approval; the other is next."""
    first, _ = suspended(workshop, "2026-11-10", "2026-11-15")
    with on_main(workshop):
        workshop.edit(
            first,
            'actual: {start: "2026-11-10T20:00:00Z", end: "2026-11-10T21:00:00Z"}',
            f'actual: {{start: "{year}-11-10T20:00:00Z", end: "{year}-11-10T21:00:00Z"}}',
        )
    assert restart(workshop) == [SUSPENDED]


def test_a_scheduled_change_turns_to_the_suspended_model(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write("changes/models/reload.yaml", (workshop.path / MODEL).read_text().replace("restart,", "reload,"))
        workshop.write(STANDARD_PATH, STANDARD.replace("model: restart", "model: reload"))
    suspended(workshop, "2026-11-10", "2026-11-15")
    workshop.edit(STANDARD_PATH, "model: reload", "model: restart")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert SUSPENDED in codes(workshop.judge())


REVIEWED = 'status: reviewed\n  result: successful\n  review: {date: "2026-11-16", by: alice, findings: It held.}'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("status: failed\n  result: failed", REVIEWED),
        ("status: failed\n  result: failed", "status: failed\n  result: successful"),
        ("model: restart", "model: reload"),
        ('end: "2026-11-10T21:00:00Z"', 'end: "2026-11-10T20:30:00Z"'),
    ],
)
def test_a_failure_is_rewritten_in_a_pull_request_before(workshop: Workshop, old: str, new: str) -> None:
    """Nobody has to approve what a standard change says, so the first of two pull requests would pass by itself."""
    with on_main(workshop):
        workshop.write("changes/models/reload.yaml", (workshop.path / MODEL).read_text().replace("restart,", "reload,"))
    first, _ = suspended(workshop, "2026-11-10", "2026-11-15")
    workshop.edit(first, old, new)
    workshop.commit()
    decision = workshop.judge()
    if "status: failed" in new:
        assert decision.verdict == "approved", "its status still says that it failed"
    else:
        assert codes(decision) == ["finding:failure-stands"]


def test_a_failure_may_be_reviewed(workshop: Workshop) -> None:
    first, _ = suspended(workshop, "2026-11-10", "2026-11-15")
    workshop.edit(first, "status: failed\n  result: failed", REVIEWED.replace("successful", "failed"))
    workshop.commit()
    assert workshop.judge().verdict == "approved"


def test_a_failure_counts_for_the_model_under_which_the_change_began(workshop: Workshop) -> None:
    """Nobody else looks at a standard change; said to be of another model when it fails, it would not count."""
    with on_main(workshop):
        text = (workshop.path / MODEL).read_text()
        workshop.write(MODEL.replace("restart", "other"), text.replace("name: restart", "name: other"))
        begun = STANDARD.replace("2026-12-01T2", "2026-11-22T1").replace("status: scheduled", "status: implementing")
        workshop.write(STANDARD_PATH, begun)
    actual = '  actual: {start: "2026-11-22T10:00:00Z", end: "2026-11-22T11:00:00Z"}\n'
    workshop.edit(STANDARD_PATH, "  status: implementing", f"{actual}  status: failed\n  result: failed")
    workshop.commit()
    assert workshop.judge().verdict == "approved"
    workshop.edit(STANDARD_PATH, "model: restart", "model: other")
    workshop.commit()
    assert codes(workshop.judge()) == ["finding:lifecycle-frozen"]
