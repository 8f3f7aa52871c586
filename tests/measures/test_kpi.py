"""The figures of Alder Bank as of its fixed moment, each with its records; one past cause moves all of them."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from itsm_as_code.clock import Interval
from itsm_as_code.figures import Seen, all_figures
from itsm_as_code.measures.calibration import calibration
from itsm_as_code.measures.comparison import change
from itsm_as_code.measures.kpi import DEFINITIONS, Population, metrics, rows, trend
from itsm_as_code.measures.metric import Metric, Row
from itsm_as_code.measures.repeated import repeated
from itsm_as_code.measures.risk import SHIPPED_TABLE, assess
from itsm_as_code.measures.suspension import suspension
from itsm_as_code.measures.value import value
from itsm_as_code.records.facts import Facts
from tests.conftest import NOW
from tests.service_levels.test_alder_bank import facts

YEAR = Interval(datetime.fromisoformat("2025-11-22T12:00:00Z"), NOW)
BY_RESULT = {
    *("chg-20260316-web-bank-2026-11", "chg-20260402-rebalance-after-broker-9", "chg-20260804-instant-routing"),
    *("chg-20261006-income-from-account", "chg-20261027-app-start-cache", "chg-20261103-portal-single-sign-on"),
    "chg-20261109-shard-the-metrics-store",
}
BY_CAUSE = {
    *("chg-20260108-passkey-step-up", "chg-20260303-close-sms-codes", "chg-20260623-scrubbing-by-community"),
    *("chg-20260817-fix-instant-routing", "chg-20260914-app-backend-2026-37", "chg-20261117-notification-texts-47"),
}
UNDER_WAY = "chg-20261112-veridoc-new-endpoint"


@pytest.fixture(scope="module")
def alder() -> Population:
    return Population(facts(), NOW)


def figure(known: Population, name: str) -> Metric:
    (found,) = metrics(known, YEAR, names=[name])
    return found


def test_thirteen_of_thirty_nine_changes_failed_counting_causes(alder: Population) -> None:
    """The fourteenth is under way and named as a cause already: risk and suspension count it, no rate of the ended."""
    found = figure(alder, "change-fail-rate")
    assert set(found.counted) == BY_RESULT | BY_CAUSE
    assert (found.numerator, found.denominator, found.share) == (13, 39, Fraction(1, 3))
    assert [name for name, _ in found.left_out] == [UNDER_WAY]
    assert alder.facts.change_outcomes[UNDER_WAY].has_failed


def test_seven_of_thirty_nine_by_result_alone(alder: Population) -> None:
    found = figure(alder, "change-fail-rate-by-result")
    assert set(found.counted) == BY_RESULT
    assert str(found) == "7 of 39 (17.9 %, 95 % certain: 9.0 to 32.7 %)"


def test_the_median_of_thirteen_recoveries_is_83_minutes(alder: Population) -> None:
    found = figure(alder, "recovery-time")
    assert (found.median, found.numerator) == (83, 13)
    assert set(found.counted) == BY_RESULT | BY_CAUSE


@pytest.mark.parametrize(
    ("priority", "mean", "count", "left_out"),
    [("p1", "34.2", 4, []), ("p2", "90.9", 8, []), ("p3", "222.9", 19, ["inc-20261122-push-messages-late"])],
)
def test_the_mean_time_to_restore(alder: Population, priority: str, mean: str, count: int, left_out: list[str]) -> None:
    found = figure(alder, f"time-to-restore-{priority}")
    assert found.mean is not None
    assert (f"{float(found.mean):.1f}", found.numerator) == (mean, count)
    assert [name for name, _ in found.left_out] == left_out
    assert set(found.counted) | set(left_out) == set(figure(alder, f"incidents-{priority}").counted)


def test_downtime_of_tier_1_went_from_419_to_744_minutes(alder: Population) -> None:
    middle = datetime.fromisoformat("2026-05-22T12:00:00Z")
    before, after = (
        {metric.definition.name: metric for metric in value(alder, span)}
        for span in (Interval(YEAR.start, middle), Interval(middle, NOW))
    )
    totals = {name: (before[name].total, after[name].total) for name in before}
    assert totals["downtime-tier-1"] == (419, 744)
    assert totals["downtime-tier-1-union"] == (320, 577)
    assert totals["downtime-tier-1-full"] == (0, 63)
    assert after["downtime-tier-1-full"].counted == ("inc-20260903-identity-failover-loop",)
    related = before["compliance-incidents"], after["compliance-incidents"]
    assert related[0].counted == ("inc-20260318-statements-of-others",)
    assert set(related[1].counted) == {
        *("inc-20260528-hsm-sessions-used-up", "inc-20260817-instant-payments-rejected"),
        *("inc-20260818-two-payments-twice", "inc-20261020-contract-to-wrong-customer"),
    }
    spans = Interval(YEAR.start, middle), Interval(middle, NOW)
    found = {name: change(before[name].over(spans[0]), after[name].over(spans[1]), "lower") for name in before}
    assert {one.word for one in found.values()} == {"no evidence"}
    low, high = found["downtime-tier-1"].low, found["downtime-tier-1"].high
    assert low is not None
    assert high is not None
    assert low < 0 < high


def test_two_services_have_three_incidents_in_90_days_without_a_problem(alder: Population) -> None:
    assert [(group.kind, group.name, group.incidents) for group in repeated(alder.facts, NOW)] == [
        (
            *("Service", "consumer-loans"),
            (
                *("inc-20260909-loan-letter-umlauts", "inc-20261014-loan-scores-missing"),
                "inc-20261020-contract-to-wrong-customer",
            ),
        ),
        (
            *("Service", "online-banking"),
            ("inc-20261110-name-server-flood", "inc-20261112-phishing-wave", "inc-20261121-blank-statement-pdf"),
        ),
    ]


def blaming(known: Population, incident: str, change: str) -> Population:
    """The same organisation, of which one incident names another change as its cause."""
    kinds = ("Change", "Incident", "ChangeModel", "Service", "Team")
    records = {(kind, data["metadata"]["name"]): data for kind in kinds for data in known.facts.records(kind)}
    moved = deepcopy(records["Incident", incident])
    moved["spec"]["causedBy"] = change
    return Population(Facts.from_records({**records, ("Incident", incident): moved}.values()), known.now)


def failed_by(found: Iterable[Metric]) -> dict[str, set[str]]:
    return {metric.part: set(metric.counted) for metric in found}


def of_change(known: Population, change: str, factor: str) -> str:
    """How the history reads in the risk of a change."""
    data: Any = known.facts.record("Change", change)
    risk = assess(data, known.facts, known.now)
    return next(item.found for item in risk.factors if item.name == factor)


def test_one_past_cause_moves_every_figure(alder: Population) -> None:
    """Fail rates, by service, team and model, risk history, suspension, recovery and calibration say the same."""
    was, is_now = "chg-20260914-app-backend-2026-37", "chg-20260707-ledger-cluster-switchover"
    incident = "inc-20260916-store-link-austria"
    before, after = blaming(alder, incident, was), blaming(alder, incident, is_now)
    for name in ("change-fail-rate", "recovery-time"):
        assert set(figure(before, name).counted) - set(figure(after, name).counted) == {was}
        assert set(figure(after, name).counted) - set(figure(before, name).counted) == {is_now}
    for by, from_, to in (
        ("service", "mobile-banking", "postgres-clusters"),
        ("team", "team-digital-channels", "team-database"),
        ("model", "channel-release", "postgres-switchover"),
        ("quarter", "2026-Q3", "2026-Q3"),
    ):
        sets = [failed_by(metrics(known, YEAR, by, ["change-fail-rate"])) for known in (before, after)]
        assert was in sets[0][from_]
        assert was not in sets[1][from_]
        assert is_now not in sets[0][to]
        assert is_now in sets[1][to]
    levels = [failed_by(calibration(known, YEAR, SHIPPED_TABLE)) for known in (before, after)]
    assert (was in set().union(*levels[0].values()), was in set().union(*levels[1].values())) == (True, False)
    assert (is_now in set().union(*levels[0].values()), is_now in set().union(*levels[1].values())) == (False, True)
    assert suspension("postgres-switchover", before.facts, NOW) is None
    suspended = suspension("postgres-switchover", after.facts, NOW)
    assert suspended is not None
    assert suspended.failures == (is_now,)
    histories = [of_change(known, "chg-20261119-web-bank-2026-48", "history of the model") for known in (before, after)]
    assert [found[:6] for found in histories] == ["0 of 3", "1 of 3"]


def test_likelihoods_are_told_apart_from_levels_which_hold_the_impact_as_well(alder: Population) -> None:
    """Each change is in one likelihood and in one level."""
    found = {metric.part: metric for metric in calibration(alder, YEAR, SHIPPED_TABLE)}
    counts = {part: (metric.numerator, metric.denominator) for part, metric in found.items()}
    assert counts == {
        "likelihood low": (7, 14),
        "likelihood medium": (5, 23),
        "likelihood high": (1, 2),
        "low": (7, 10),
        "medium": (6, 25),
        "high": (0, 4),
    }
    for parts in (("likelihood low", "likelihood medium", "likelihood high"), ("low", "medium", "high")):
        failed = [name for part in parts for name in found[part].counted]
        assert (len(failed), set(failed)) == (13, BY_RESULT | BY_CAUSE)


def test_a_change_counts_as_failed_from_when_somebody_knows(alder: Population) -> None:
    """An incident that is detected later is no failure yet, by the same outcome that risk reads."""
    then = datetime.fromisoformat("2026-09-16T09:30:00Z")
    known = Population(alder.facts, then)
    assert "chg-20260914-app-backend-2026-37" not in figure(known, "change-fail-rate").counted
    assert "chg-20260914-app-backend-2026-37" in figure(alder, "change-fail-rate").counted


def test_parts_add_up_and_nothing_is_lost(alder: Population) -> None:
    quarters = trend(alder, YEAR, ["change-fail-rate"])["change-fail-rate"]
    assert [metric.part for metric in quarters] == ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    assert sum(metric.numerator for metric in quarters) == 13
    assert sum(metric.denominator for metric in quarters) == 39
    assert all(metric.share is None for metric in quarters)  # too few to tell a percentage of


def test_too_few_carry_no_percentage() -> None:
    share = DEFINITIONS["change-fail-rate"]
    few, enough, none = (  # rows of which three count
        Metric.of(share, [Row(f"r{number}", NOW, counts=number < 3) for number in range(count)])
        for count in (19, 20, 0)
    )
    assert str(few) == "3 of 19 (95 % certain: 5.5 to 37.6 %)"
    assert str(enough) == "3 of 20 (15.0 %, 95 % certain: 5.2 to 36.0 %)"
    assert (str(none), none.over(YEAR).missing) == ("no data", "no case")


def test_a_figure_by_name_is_the_same(alder: Population) -> None:
    """What an improvement or a benchmark names is what the report tells."""
    for name in ("change-fail-rate", "recovery-time", "incidents-p3", "requests-in-time"):
        found = all_figures()[name].work_out(Seen(alder.facts, NOW), YEAR, None)
        assert found == figure(alder, name).over(YEAR)
    of_one = all_figures()["change-fail-rate"].work_out(Seen(alder.facts, NOW), YEAR, frozenset(["mobile-banking"]))
    (told,) = (one for one in metrics(alder, YEAR, "service", ["change-fail-rate"]) if one.part == "mobile-banking")
    assert of_one == told.over(YEAR)


def test_what_nobody_says_is_no_data(alder: Population) -> None:
    assert str(figure(alder, "deployments")) == "no data"
    assert str(figure(Population(alder.facts, NOW, ()), "deployments")) == "0"


def test_a_period_is_half_open(alder: Population) -> None:
    at = rows("incidents", alder)
    assert at
    first = min(row.at for row in at)
    for period, count in ((Interval(first, first + timedelta(seconds=1)), 1), (Interval(YEAR.start, first), 0)):
        (found,) = metrics(alder, period, names=["incidents"])
        assert found.numerator == count
