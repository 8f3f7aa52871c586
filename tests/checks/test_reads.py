"""A check says which kinds of records it looks at, and whether each problem rests on its own record alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

import pytest

from itsm_as_code.checks import Check, Situation, all_checks
from itsm_as_code.records.facts import Facts
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import RuleSet, load_rule_set
from tests.conftest import NOW, ROOT

DECLARING = [check for check in all_checks() if check.reads is not None]


@pytest.fixture(scope="module")
def rule_set() -> RuleSet:
    """The organisation of this repository."""
    return load_rule_set(WorkTree(ROOT))


class Watched(Mapping[str, Mapping[str, dict[str, Any]]]):
    """Records by kind, which note of what kinds they are asked for."""

    def __init__(self, records: Mapping[str, Mapping[str, dict[str, Any]]]) -> None:
        self._records = records
        self.asked: set[str] = set()

    def __getitem__(self, kind: str) -> Mapping[str, dict[str, Any]]:
        self.asked.add(kind)
        return self._records[kind]

    def __iter__(self) -> Iterator[str]:
        self.asked.update(self._records)
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


def asked(check: Check, rule_set: RuleSet) -> set[str]:
    """The kinds of records that a check asks for."""
    records = Watched(rule_set.catalogue.data)
    list(check.run(Facts(records, timezone="UTC"), Situation(NOW, rule_set.configuration)))
    return records.asked


def unsaid(check: Check, rule_set: RuleSet, said: Set[str]) -> set[str]:
    """The kinds that a check asks for without saying so."""
    return asked(check, rule_set) - said


@pytest.mark.parametrize("check", DECLARING, ids=lambda check: check.rule.id)
def test_a_check_says_what_it_reads(check: Check, rule_set: RuleSet) -> None:
    assert check.reads is not None
    assert unsaid(check, rule_set, check.reads) == set()
    for kind in asked(check, rule_set):
        assert unsaid(check, rule_set, check.reads - {kind}) == {kind}, "a look-up that is not recorded is noticed"


def test_every_check_but_the_one_over_all_kinds_says_what_it_reads() -> None:
    assert [check.rule.id for check in all_checks() if check.reads is None] == ["taken-over-once"]


@pytest.mark.parametrize("check", [check for check in DECLARING if check.own], ids=lambda check: check.rule.id)
def test_a_problem_rests_on_its_own_record(check: Check, rule_set: RuleSet) -> None:
    situation, data = Situation(NOW, rule_set.configuration), rule_set.catalogue.data
    together = list(check.run(Facts(data, timezone="UTC"), situation))
    alone = [
        found
        for kind in data
        for record in data[kind].values()
        for found in check.run(Facts.from_records([record]), situation)
    ]
    assert sorted(together, key=str) == sorted(alone, key=str)
