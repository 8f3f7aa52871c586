"""Attacks on what was measured of services, as scenarios (number 35)."""

from __future__ import annotations

from tests.attacks.scenarios import proposal, scenario
from tests.attacks.tools import AGREEMENT, AGREEMENT_PATH, EVERYBODY, add_rule, on_main
from tests.conftest import Workshop

MEASURED = "measurements/probes.csv"
SOURCE = f"  measurements: {{sources: [{{name: probes, type: csv, path: {MEASURED}, interval: PT1M}}]}}\n"
HEADER = "service,objective,instant,until,up\n"
UP = "newsletter,availability,2026-10-01T00:00:00Z,2026-11-22T08:00:00Z,1\n"
DOWN = """\
newsletter,availability,2026-10-01T00:00:00Z,2026-11-15T00:00:00Z,1
newsletter,availability,2026-11-15T00:00:00Z,2026-11-15T20:00:00Z,0
newsletter,availability,2026-11-15T20:00:00Z,2026-11-22T08:00:00Z,1
"""
"""20 hours that no incident knows of, where a quarter allows 11."""


def watched(shop: Workshop, rows: str = DOWN, rule: str = "approvals: [{from: {anyone: true}, count: 1}]") -> None:
    """A base whose newsletter is promised, and measured by probes; to be merged."""
    shop.write(AGREEMENT_PATH, AGREEMENT)
    shop.write("itsm.yaml", (shop.path / "itsm.yaml").read_text() + SOURCE)
    shop.write(MEASURED, HEADER + rows)
    add_rule(shop, f'{{name: measurements, match: {{paths: ["measurements/**"]}}, {rule}}}')


@scenario(35)
def goes_on_without_a_budget_that_monitoring_used_up(shop: Workshop) -> None:
    with on_main(shop):
        watched(shop)
    proposal(shop, *EVERYBODY)


@scenario(35)
def measures_its_own_service_anew(shop: Workshop) -> None:
    with on_main(shop):
        watched(shop)
    shop.write(MEASURED, HEADER + UP)
    proposal(shop, *EVERYBODY)


@scenario(35)
def takes_a_measured_outage_back_alone(shop: Workshop) -> None:
    """Once merged, it never was, and the budget is there again."""
    with on_main(shop):
        watched(shop, rule="approvals: []")
    shop.write(MEASURED, HEADER + UP)
    shop.commit()


@scenario(35)
def goes_on_while_nobody_can_read_what_was_measured(shop: Workshop) -> None:
    with on_main(shop):
        watched(shop, UP + "newsletter,availability,2026-11-15T00:00:00Z,,NaN\n")
    proposal(shop, *EVERYBODY)
