"""A year of the example organisation: what was billed and what was deployed, in the files that lie in demo/."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
import yaml

from itsm_as_code.assurance.deployment_audit import join
from itsm_as_code.assurance.sources import mapping_of, read
from itsm_as_code.measures.costs import actuals, months_before
from tests.conftest import NOW, ROOT, Run
from tests.service_levels.test_alder_bank import facts

COSTS = ROOT / "demo/costs"
STONEBRIDGE = (
    "month=Monat",
    "service=Kostenstelle",
    "amount=Betrag",
    "currency==EUR",
    "provider==Stonebridge Colocation",
)
PINGWELL = ("month=Month", "service=Service", "amount=Amount", "currency==EUR", "provider==Pingwell Messaging")
COMMA = ("--decimal", "comma", "--encoding", "cp1252")


@pytest.mark.parametrize(("name", "mapped", "form"), [("stonebridge", STONEBRIDGE, COMMA), ("pingwell", PINGWELL, ())])
def test_the_statements_are_what_the_bills_give(
    itsm: Run, name: str, mapped: tuple[str, ...], form: tuple[str, ...]
) -> None:
    """Importing a bill again changes nothing, and its sum is that of the statements, to the cent."""
    asked = [part for item in mapped for part in ("--map", item)]
    code, out, err = itsm("import", "costs", COSTS / f"{name}.csv", "--into", ROOT, "--dry-run", *asked, *form)
    assert (code, "0 created, 0 updated, 12 unchanged" in out + err) == (0, True), out + err
    text = (COSTS / f"{name}.csv").read_bytes().decode("cp1252")
    cells = [re.split("[;,]" if name == "pingwell" else ";", line)[-1] for line in text.splitlines()[1:]]
    kept = [yaml.safe_load(file.read_text()) for file in sorted((ROOT / "portfolio/costs").glob(f"{name}-*.yaml"))]
    assert len(kept) == 12
    assert sum(Fraction(cell.replace(",", ".")) for cell in cells) == sum(
        Fraction(item["spec"]["total"]) for item in kept
    )


def test_a_year_is_billed_and_some_of_it_untagged() -> None:
    found = actuals(facts(), months_before(NOW.date()))
    assert found.known == 12
    assert found.untagged == {"EUR": Fraction(9006)}


def test_what_was_deployed_in_the_year_is_covered_but_for_four() -> None:
    """Three ran past their windows, and one is the setting of December that nobody proposed."""
    file = ROOT / "demo/deployments/alder-bank.csv"
    mapped = ("service=app", "start=started", "end=ended", "result=outcome", "environment==production")
    found = join(read("csv", file.read_bytes(), file.name, mapping_of(mapped)), facts(), (None, NOW))
    assert {(item.code, item.message.partition(" of ")[2].split(" ")[0]) for item in found.findings} == {
        ("outside-window", "observability-stack"),
        ("outside-window", "service-desk-portal"),
        ("no-change", "core-ledger"),
    }
    assert (len(found.deployments), len(found.findings), found.skipped) == (41, 4, ())
    (draft,) = found.drafts
    caused = facts().spec("Incident", "inc-20251209-ledger-lock-waits")
    assert draft["spec"]["services"] == ["core-ledger"]
    assert draft["spec"]["actual"]["start"] == "2025-12-03T15:41:00Z"
    assert any("3 December" in item["event"] for item in caused["timeline"])
