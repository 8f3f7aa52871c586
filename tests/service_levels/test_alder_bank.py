"""The figures of the example organisation, each worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from itsm_as_code.clock import Interval, parse_instant
from itsm_as_code.gate.authorise import Answer, Question, authorise
from itsm_as_code.measures.numbers import rounded
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels import Attainment, BudgetPolicy, attainment, budget_stops, error_budgets
from itsm_as_code.service_levels.budget import ErrorBudget
from itsm_as_code.service_levels.windows import Window
from itsm_as_code.validation import RuleSet, load_rule_set
from tests.conftest import ROOT
from tests.snapshots import Memory

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RENEWAL = "chg-20261120-identity-certificate"
MODEL = "changes/models/certificate-renewal.yaml"
FOLDERS = ("changes", "operations", "people", "policies", "portfolio", "services", "improvement")


@cache
def files() -> dict[str, bytes]:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.yaml")]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in (*paths, ROOT / "itsm.yaml")}


def rule_set(**edits: tuple[str, str]) -> RuleSet:
    """The rules of the example, with texts replaced by path."""
    changed: dict[str, str | bytes | OSError] = dict(files())
    for path, (old, new) in edits.items():
        text = files()[path].decode()
        assert old in text
        changed[path] = text.replace(old, new)
    return load_rule_set(Memory(changed))


@cache
def facts() -> Facts:
    rules = rule_set()
    return Facts.of(rules.catalogue, rules.configuration.timezone)


def berlin(start: str, end: str) -> Interval:
    return Interval(parse_instant(start), parse_instant(end))


def figure(agreement: str, window: Interval, **more: Any) -> Attainment:
    data = facts().record("ServiceLevelAgreement", agreement)
    assert data is not None
    objective = next(item for item in data["spec"]["objectives"] if item["name"] == "availability")
    return attainment(facts(), data, {**objective, **more}, Window(window, window), NOW)


def budget(service: str) -> ErrorBudget:
    return next(item for item in error_budgets(facts(), service, NOW) if item.objective == "availability")


def test_payments_api_in_the_third_quarter() -> None:
    """92 days are 132,480 minutes; the ledger's second Sundays (12 July, 9 August, 13 September, 4 h each) leave
    131,760; 59 minutes on 17 August were degraded."""
    quarter = berlin("2026-07-01T00:00:00+02:00", "2026-10-01T00:00:00+02:00")
    found = figure("payments-api-sla", quarter)
    assert (quarter.end - quarter.start).total_seconds() / 60 == 132_480
    assert [(part.span.start, part.seconds / 60, part.source) for part in found.left_out] == [
        (datetime(2026, month, day, 22, 30, tzinfo=UTC), 240, "Calendar/maintenance-core-ledger")
        for month, day in ((7, 11), (8, 8), (9, 12))
    ]
    assert (found.served / 60, found.lost / 60) == (131_760, 59)
    assert [(part.why, part.source) for part in found.counted] == [
        ("degraded", "Incident/inc-20260817-instant-payments-rejected")
    ]
    assert rounded((found.attained or 0) * Fraction(100), 4) == rounded(Fraction("99.9552"), 4)
    assert figure("payments-api-sla", quarter, degraded="0").attained == 1
    assert figure("payments-api-sla", quarter, degraded="0.5").lost / 60 == Fraction(59, 2)


def test_payments_api_in_the_last_28_days() -> None:
    """40,320 minutes less 4 hours of maintenance on 8 November: 40,080, of which 0.05 % are 20.04; none was lost."""
    found = budget("payments-api")
    assert found.window == Interval(datetime(2026, 10, 25, 12, tzinfo=UTC), NOW), "the clock was put back before"
    assert (found.served / 60, found.lost, found.allowed / 60) == (40_080, 0, Fraction("20.04"))
    assert found.remaining == 1


def test_identity_provider_in_the_last_28_days() -> None:
    """42 minutes on 15 November of 40,320: 99.8958 % of 99.97 %; 12.096 were allowed."""
    found = budget("identity-provider")
    assert (found.served / 60, found.lost / 60, found.allowed / 60) == (40_320, 42, Fraction("12.096"))
    assert rounded((found.attained or 0) * Fraction(100), 3) == rounded(Fraction("99.896"), 3)
    assert found.attained_text == "99.895", "cut, never rounded up"
    assert found.is_used_up()
    assert found.sources == ("Incident/inc-20261115-slow-logins-again",)


def renewal(**edits: tuple[str, str]) -> Answer:
    at = parse_instant("2026-11-25T00:30:00Z")
    stops = {"itsm.yaml": ("severity: warning}", "severity: error}")}
    return authorise(Question(RENEWAL, None, at), rule_set(**stops, **edits))


def test_the_certificate_renewal_passes_by_the_flag_of_its_model() -> None:
    """Where a used-up budget stops changes with an error; the example only warns until the end of 2026."""
    assert renewal().authorised
    (reason,) = renewal(**{MODEL: ("  exemptFromErrorBudget: true\n", "")}).reasons
    assert reason.code == "budget-exhausted"
    assert "42 minutes lost of 12.1 allowed, by Incident/inc-20261115-slow-logins-again" in reason.message


def test_the_renewal_is_stopped_with_a_warning_without_its_flag() -> None:
    rules = rule_set(**{MODEL: ("  exemptFromErrorBudget: true\n", "")})
    known = Facts.of(rules.catalogue, rules.configuration.timezone)
    change = known.record("Change", RENEWAL)
    assert change is not None
    at = parse_instant("2026-11-25T00:30:00Z")
    (stop,) = budget_stops(change, known, BudgetPolicy.of(rules.configuration.raw), at, at)
    assert stop.severity.value == "warning"


@pytest.mark.parametrize(
    ("name", "objective", "attained"),
    [
        ("payments-api-2026-q3", "own-p1", "6"),
        ("payments-api-2026-q3", "resolve-p1", "1.95"),
        ("identity-provider-2026-q3", "resolve-p1", "49"),
    ],
)
def test_times_that_reviews_confirm(name: str, objective: str, attained: str) -> None:
    """08:41 to 08:47 and to 10:38 on 17 August; 49 minutes on 3 September."""
    from itsm_as_code.service_levels import review_figure

    review = facts().record("ServiceReview", name)
    assert review is not None
    line = next(item for item in review["spec"]["performance"] if item["objective"] == objective)
    found = review_figure(facts(), review, line, NOW)
    assert found is not None
    assert found.attained == Fraction(attained) == Fraction(line["attained"])
