"""9: a change that declares itself harmless, standard, urgent or past."""

from __future__ import annotations

import pytest

from tests.attacks.tools import (
    CHANGE,
    EVERYBODY,
    IN_FREEZE,
    MODEL,
    STANDARD,
    STANDARD_PATH,
    approve,
    blocking,
    missing,
    on_main,
    rules,
)
from tests.conftest import Workshop, codes

RISKY = {
    "services: [newsletter]": "services: [web-shop, orders]",
    "passed: true, ": "passed: false, ",
    'rehearsedOn: "2026-11-20"': 'trigger: "It is slow."',
    "  status: proposed": "  outage: {expected: full, minutes: 30}\n  communication: {plan: We call.}\n"
    "  risk: {level: low, impact: low, likelihood: low}\n  status: proposed",
}


def test_a_declared_low_risk_lowers_nothing(workshop: Workshop) -> None:
    workshop.change(**RISKY)
    workshop.commit()
    decision = workshop.judge()
    risk = decision.evidence["risk"][0]
    assert (risk["declared"], risk["level"]) == ("low", "medium")
    assert missing(decision) == {"normal": 1}


def test_a_declared_high_risk_counts(workshop: Workshop) -> None:
    workshop.change(**{"  status: proposed": "  risk: {level: very-high}\n  status: proposed"})
    workshop.commit()
    assert missing(workshop.judge()) == {"normal": 1, "high-risk": 2}


def test_a_table_of_risk_that_comes_along_does_not_count(workshop: Workshop) -> None:
    """What is very high by the base's table stays so, although the pull request brings one that knows only low."""
    all_high = "  risk: {matrix: {low: [%s], medium: [%s], high: [%s], very-high: [%s]}}\n"
    itsm = (workshop.path / "itsm.yaml").read_text()
    with on_main(workshop):
        workshop.write("itsm.yaml", itsm + all_high % (("very-high, very-high, very-high, very-high",) * 4))
    workshop.write("itsm.yaml", itsm + all_high % (("low, low, low, low",) * 4))
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    assert decision.evidence["risk"][0]["level"] == "very-high"
    assert missing(decision)["high-risk"] == 2


def test_a_rehearsal_in_the_future_is_none(workshop: Workshop) -> None:
    workshop.change(**{'rehearsedOn: "2026-11-20"': 'rehearsedOn: "2027-11-20"'})
    workshop.commit()
    (factor,) = [f for f in workshop.judge().evidence["risk"][0]["factors"] if f["name"].endswith("back-out")]
    assert (factor["value"], factor["points"]) == ("planned, to be rehearsed on 2027-11-20", 1)


def test_a_name_of_long_ago_gives_no_lead_time(workshop: Workshop) -> None:
    """What this pull request proposes is proposed now, whatever day the name of the record bears."""
    path = workshop.change("chg-20200101-tune", **{"2026-12-01T20": "2026-11-22T20", "2026-12-01T22": "2026-11-22T22"})
    workshop.write("changes/2020/01/01/chg-20200101-tune.yaml", (workshop.path / path).read_bytes())
    (workshop.path / path).unlink()
    workshop.commit()
    (factor,) = [f for f in workshop.judge().evidence["risk"][0]["factors"] if f["name"].endswith("lead time")]
    assert (factor["value"], factor["points"]) == ("8 hours from 2026-11-22T12:00:00Z", 1)


def test_a_standard_change_without_a_model(workshop: Workshop) -> None:
    workshop.write(STANDARD_PATH, STANDARD.replace("  model: restart\n", ""))
    workshop.commit()
    assert codes(workshop.judge()) == ["finding:record-schema"]


def test_a_standard_change_of_a_model_that_nobody_has(workshop: Workshop) -> None:
    workshop.write(STANDARD_PATH, STANDARD.replace("model: restart", "model: reboot"))
    workshop.commit()
    assert "finding:model-on-base" in codes(workshop.judge())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("services: [newsletter]", "services: [newsletter, web-shop]"),
        ("  status: scheduled", "  implementation: {steps: [Replace the database]}\n  status: scheduled"),
        ("  status: scheduled", "  risk: {level: very-high}\n  status: scheduled"),
        ('"2026-12-01T20:00:00Z", end: "2026-12-01', '"2027-06-01T20:00:00Z", end: "2027-06-01'),
    ],
)
def test_a_standard_change_that_does_more_than_its_model(workshop: Workshop, old: str, new: str) -> None:
    assert old in STANDARD
    workshop.write(STANDARD_PATH, STANDARD.replace(old, new))
    workshop.commit()
    assert codes(workshop.judge()) == ["finding:standard-change-matches-model"]


def test_a_standard_change_of_a_suspended_model(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit(MODEL, "  maxRisk: high", "  maxRisk: high\n  suspended: true\n  suspendedReason: It failed.")
    workshop.write(STANDARD_PATH, STANDARD)
    workshop.commit()
    assert codes(workshop.judge()) == ["finding:standard-change-matches-model"]


def test_the_type_changes_after_draft(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change()
    workshop.edit(CHANGE, "type: normal", "type: standard\n  model: restart")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert {"lifecycle-frozen", "standard-change-matches-model"} == blocking(workshop.judge())


def test_the_type_changes_on_the_way_out_of_draft(workshop: Workshop) -> None:
    """What a normal change passes on its way to scheduled it passes, whatever it calls itself at the end."""
    with on_main(workshop):
        workshop.change(**{"status: proposed": "status: draft"})
    workshop.write(CHANGE, STANDARD.replace("chg-20261122-restart", "chg-20261122-tune"))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert blocking(workshop.judge()) == {"lifecycle-frozen"}


def test_the_type_changes_in_draft_but_the_former_rule_still_asks(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change(**{"status: proposed": "status: draft"})
    text = STANDARD.replace("chg-20261122-restart", "chg-20261122-tune").replace("status: scheduled", "status: draft")
    workshop.write(CHANGE, text)
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"normal": 1})
    assert rules(decision) == ["standard", "normal"]


@pytest.mark.parametrize(("start", "end"), [("2026-11-22T11", "2026-11-22T13"), ("2020-01-01T20", "2020-01-01T22")])
def test_a_window_that_has_begun(workshop: Workshop, start: str, end: str) -> None:
    workshop.change(**{"2026-12-01T20": start, "2026-12-01T22": end})
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["finding:change-backdated"])


def test_a_standard_change_after_the_fact(workshop: Workshop) -> None:
    workshop.write(STANDARD_PATH, STANDARD.replace("2026-12-01", "2026-11-21"))
    workshop.commit()
    assert codes(workshop.judge()) == ["finding:change-backdated"]


def test_a_planned_window_is_moved_into_the_past(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change(**{"status: proposed": "status: implementing"})
    workshop.edit(CHANGE, 'start: "2026-12-01T20', 'start: "2026-11-20T20')
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:change-backdated"]


@pytest.mark.parametrize("end", ["2026-12-01T20:00:00Z", "2026-12-01T19:00:00Z"])
def test_a_window_of_nothing_is_no_window(workshop: Workshop, end: str) -> None:
    workshop.change(**{"2026-12-01T22:00:00Z": end})
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:change-dates-in-order"]


def test_a_freeze_is_not_escaped_by_leaving_the_schedule_out(workshop: Workshop) -> None:
    schedule = '  schedule: {start: "2026-12-01T20:00:00Z", end: "2026-12-01T22:00:00Z"}\n'
    workshop.change(**{schedule: ""})
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:lifecycle-required"]


def test_an_emergency_to_escape_a_freeze_needs_the_board(workshop: Workshop) -> None:
    workshop.change(**IN_FREEZE, **{"type: normal": "type: emergency"})
    workshop.commit()
    workshop.review("bob")
    decision = workshop.judge()
    assert codes(decision) == ["finding:emergency-incident", "finding:emergency-soon", "approval-missing"]
    assert missing(decision) == {"emergency": 1}


@pytest.mark.parametrize("state", ["implementing", "implemented", "backed-out", "failed", "reviewed", "closed"])
def test_a_new_change_cannot_start_half_way(workshop: Workshop, state: str) -> None:
    workshop.change(**{"status: proposed": f"status: {state}"})
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "finding:lifecycle-transition" in codes(workshop.judge())
