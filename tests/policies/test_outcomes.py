"""Outcomes of which some are others now stand where those of all records would."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.findings import RecordId, Severity
from itsm_as_code.policies.engine import Outcome
from itsm_as_code.policies.outcomes import Outcomes

NAMES = st.dictionaries(st.integers(0, 40), st.sampled_from(("pass", "fail")), max_size=12)


def _told(found: dict[int, str], numbers: list[int]) -> list[Outcome]:
    return [
        Outcome(policy, RecordId("Change", f"{number:03}"), found[number], "", Severity.ERROR)
        for number in numbers
        for policy in ("one", "two")
    ]


@given(NAMES, NAMES, st.sets(st.integers(0, 40)), st.randoms())
def test_what_differs_takes_its_place(
    before: dict[int, str], more: dict[int, str], gone: set[int], die: random.Random
) -> None:
    order = list(more)
    die.shuffle(order)
    records = {RecordId("Change", f"{number:03}") for number in gone | more.keys()}
    found = Outcomes.of(_told(before, sorted(before))).without(records, _told(more, order), lambda record: record.name)
    now = {number: said for number, said in before.items() if number not in gone} | more
    whole = Outcomes.of(_told(now, sorted(now)))
    assert list(found) == list(whole)
    assert found.plain == whole.plain
