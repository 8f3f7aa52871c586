"""Changes that all overlap are found without listing every pair of them."""

from __future__ import annotations

from collections import Counter

from itsm_as_code.checks import Situation, change_overlap
from itsm_as_code.configuration import Configuration
from itsm_as_code.records.facts import Data, Facts
from tests.conftest import NOW


def change(number: int) -> Data:
    """A planned change that begins as the number says, and ends on the same day as all others."""
    schedule = {"start": f"2026-12-01T{number // 60:02}:{number % 60:02}:00Z", "end": "2026-12-02T00:00:00Z"}
    spec = {"status": "proposed", "services": ["orders"], "schedule": schedule}
    return {"kind": "Change", "metadata": {"name": f"chg-{number:04}"}, "spec": spec}


def test_each_change_names_a_few_of_those_that_it_overlaps() -> None:
    facts = Facts.from_records(change(number) for number in range(1000))
    found = Counter(name for (_, name), _ in change_overlap.check(facts, Situation(NOW, Configuration())))
    assert "chg-0000" not in found
    assert [found[f"chg-{number:04}"] for number in (1, 2, 5, 6, 999)] == [1, 2, 5, 5, 5]
