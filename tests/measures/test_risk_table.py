"""The table of risk: what is refused, and where; what a table that is accepted promises."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.configuration import load_configuration
from itsm_as_code.measures.risk_factors import SOURCES
from itsm_as_code.measures.risk_table import LEVELS, SHIPPED, SIDES, read_table, shipped_table
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.writer import dump
from itsm_as_code.snapshot import WorkTree
from tests.conftest import ROOT, examples


def factor(table: dict[str, Any], source: str) -> dict[str, Any]:
    found: dict[str, Any] = next(f for side in SIDES for f in table[side]["factors"] if f["source"] == source)
    return found


def drop_last_range(table: dict[str, Any]) -> None:
    factor(table, "services")["ranges"].pop()


def forget_a_word(table: dict[str, Any]) -> None:
    del factor(table, "test")["values"]["claimed"]


def invent_a_word(table: dict[str, Any]) -> None:
    factor(table, "outage")["values"]["fully"] = 3


def worse_is_less(table: dict[str, Any]) -> None:
    factor(table, "type")["values"]["emergency"] = 0


def overlap(table: dict[str, Any]) -> None:
    factor(table, "services")["ranges"][1]["below"] = 2


def falling_points(table: dict[str, Any]) -> None:
    factor(table, "blast-radius")["ranges"][2]["points"] = 0


def falling_where_less_is_worse(table: dict[str, Any]) -> None:
    factor(table, "tier")["ranges"][3]["points"] = 3


def open_end_in_the_middle(table: dict[str, Any]) -> None:
    del factor(table, "tier")["ranges"][1]["below"]


def silence_pays(table: dict[str, Any]) -> None:
    factor(table, "pressure")["values"]["unknown"] = 0


def far_weighs_more(table: dict[str, Any]) -> None:
    factor(table, "blast-radius")["weights"] = [3, 4]


def weights_of_the_wrong_factor(table: dict[str, Any]) -> None:
    factor(table, "tier")["weights"] = [3]


def twice(table: dict[str, Any]) -> None:
    table["impact"]["factors"].append(factor(table, "outage"))


def other_side(table: dict[str, Any]) -> None:
    factor(table, "outage")["source"] = "type"


def bands_fall(table: dict[str, Any]) -> None:
    table["impact"]["bands"] = {"medium": 3, "high": 3, "very-high": 9}


def matrix_falls(table: dict[str, Any]) -> None:
    table["matrix"]["very-high"] = ["low", "high", "very-high", "very-high"]


def no_numbers(table: dict[str, Any]) -> None:
    factor(table, "outage")["ranges"] = [{"points": 1}]


def no_ranges(table: dict[str, Any]) -> None:
    del factor(table, "services")["ranges"]


WRONG: dict[Callable[[dict[str, Any]], None], tuple[str, str]] = {
    drop_last_range: ("/likelihood/factors/4/ranges/1", "nothing has points from 4 on"),
    forget_a_word: ("/likelihood/factors/2/values", "'test' has no points for 'claimed'"),
    invent_a_word: ("/impact/factors/3/values/fully", "'outage' is never 'fully'"),
    worse_is_less: ("/likelihood/factors/0/values/emergency", "emergency: 0 is less than the 1 of normal"),
    overlap: ("/likelihood/factors/4/ranges/1/below", "overlaps with the one before it"),
    falling_points: ("/impact/factors/1/ranges/2/points", "more is worse, but gives 0 points instead of 1"),
    falling_where_less_is_worse: ("/impact/factors/0/ranges/3/points", "less is worse, but gives 1 points instead of"),
    open_end_in_the_middle: ("/impact/factors/0/ranges/1", "takes all the rest, and another follows"),
    silence_pays: ("/likelihood/factors/6/values/unknown", "it pays to say nothing"),
    far_weighs_more: ("/impact/factors/1/weights/1", "2 steps away weighs 4, more than the 3 of a nearer one"),
    weights_of_the_wrong_factor: ("/impact/factors/0/weights", "only the blast radius has weights"),
    twice: ("/impact/factors/4/source", "a second factor of impact looks at 'outage'"),
    other_side: ("/impact/factors/3/source", "'type' is no source of impact"),
    bands_fall: ("/impact/bands/high", "high begins at 3 points, not after medium"),
    matrix_falls: ("/matrix/very-high/0", "low for impact very-high and likelihood low, but medium"),
    no_numbers: ("/impact/factors/3/ranges", "'outage' has no numbers"),
    no_ranges: ("/likelihood/factors/4", "'services changed at once' has no ranges"),
}


@pytest.mark.parametrize("mistake", WRONG, ids=lambda mistake: mistake.__name__)
def test_a_mistake_is_found_where_it_is(mistake: Callable[[dict[str, Any]], None]) -> None:
    table = copy.deepcopy(dict(SHIPPED))
    mistake(table)
    _, problems = read_table(table)
    where, what = WRONG[mistake]
    first = problems[0]
    assert "/" + "/".join(map(str, first.pointer)) == "/spec/risk" + where
    assert what in first.message
    if mistake not in (invent_a_word, other_side):
        assert first.remedy


def configured(tmp_path: Path, risk: Any) -> list[str]:
    data = {"apiVersion": "itsm/v1", "kind": "Configuration", "spec": {"risk": risk}}
    (tmp_path / "itsm.yaml").write_bytes(dump(data))
    configuration, findings = load_configuration(WorkTree(tmp_path), KindRegistry.load())
    assert bool(findings) == (configuration.risk_table == shipped_table())
    return [f"{item.location}: {item.message}" for item in findings]


def test_in_itsm_yaml_it_stands_at_its_line(tmp_path: Path) -> None:
    table = copy.deepcopy(dict(SHIPPED))
    worse_is_less(table)
    (found,) = configured(tmp_path, table)
    line = next(
        number
        for number, text in enumerate((tmp_path / "itsm.yaml").read_text().splitlines(), 1)
        if "emergency" in text
    )
    assert found.startswith(f"itsm.yaml:{line}:")


def test_a_part_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    matrix = {impact: ["high"] * 4 for impact in LEVELS}
    assert configured(tmp_path, {"matrix": matrix}) == []
    table, _ = read_table({"matrix": matrix})
    assert (table.matrix[0][0], table.factors) == ("high", shipped_table().factors)


def test_the_schema_knows_the_shipped_table_and_all_sources(tmp_path: Path) -> None:
    data = {"apiVersion": "itsm/v1", "kind": "Configuration", "spec": {"risk": dict(SHIPPED)}}
    (tmp_path / "itsm.yaml").write_bytes(dump(data))
    assert load_configuration(WorkTree(tmp_path), KindRegistry.load())[1] == []
    spec = KindRegistry.load().bundled("configuration.schema.json")["properties"]["spec"]["properties"]["risk"]
    for side in SIDES:
        source = spec["properties"][side]["properties"]["factors"]["items"]["properties"]["source"]
        assert source["enum"] == [name for name, item in SOURCES.items() if item.side == side]


@pytest.mark.parametrize(
    "wrong", [{"likelyhood": {}}, {"matrix": {"low": ["low"] * 4}}, {"impact": {"factors": []}}, 5]
)
def test_what_is_not_known_is_refused(tmp_path: Path, wrong: Any) -> None:
    assert configured(tmp_path, wrong)


POINTS = st.integers(0, 9)
RANGES = st.lists(
    st.fixed_dictionaries({"points": POINTS}, optional={"below": st.integers(1, 60)}), min_size=1, max_size=4
)


@given(ranges=RANGES)
@settings(max_examples=examples(90))
def test_whatever_is_accepted_is_total_and_monotone(ranges: list[dict[str, int]]) -> None:
    """Any list of ranges is either refused, or gives points to every number, and to a greater one never fewer."""
    services = {"name": "services", "source": "services", "ranges": ranges}
    table, problems = read_table({"likelihood": {"factors": [services]}})
    if problems:
        return
    (rule,) = table.factors["likelihood"]
    given_points = [rule.points(number) for number in range(80)]
    assert given_points == sorted(given_points)
    bands = [LEVELS.index(table.band("likelihood", points)) for points in range(40)]
    assert bands == sorted(bands)


def test_the_shipped_table_is_total_and_monotone() -> None:
    table, problems = read_table({})
    assert problems == []
    for likelihood, impact in itertools.product(LEVELS, LEVELS):
        assert table.level(likelihood, impact) in LEVELS


def test_the_example_writes_out_the_shipped_table() -> None:
    configuration, findings = load_configuration(WorkTree(ROOT), KindRegistry.load())
    assert findings == []
    assert configuration.raw["risk"] == SHIPPED
