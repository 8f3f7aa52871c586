"""Redundancy with capacity: against every state of random graphs, as an algebra, and the figures of the example."""

from __future__ import annotations

import itertools
import random
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.measures.availability import Composer
from itsm_as_code.measures.numbers import rounded
from itsm_as_code.measures.redundancy import MOST_MEMBERS, Carried, options, suffices
from itsm_as_code.measures.worst_case import FULL, WorstCase
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels import Feasibility
from itsm_as_code.service_levels.feasibility import needs
from itsm_as_code.service_levels.redundancy import PEAK, Redundancy
from tests.conftest import examples
from tests.service_levels.test_alder_bank import facts

BERLIN, FRANKFURT = "container-platform-berlin", "container-platform-frankfurt"
Records = dict[str, dict[str, Any]]


def service(name: str, needs_: list[dict[str, Any]], capacity: list[dict[str, str]] | None = None) -> dict[str, Any]:
    spec = {"lifecycle": "live", "dependsOn": needs_, "capacity": capacity or []}
    return {"kind": "Service", "metadata": {"name": name}, "spec": spec}


def graph(chance: random.Random) -> tuple[Records, dict[str, Fraction]]:
    """An acyclic graph of 3 to 10 services below ``s``, with groups and with the capacity of most of them."""
    names = ["s", *(f"n{index}" for index in range(chance.randint(3, 10)))]
    records: Records = {}
    for at, name in enumerate(names):
        below, edges, taken = names[at + 1 :], [], set()
        for group in (None, "g", "h"):
            many = chance.randint(0, 1) if group is None else chance.choice([0, 0, 2, 3, 4])
            members = chance.sample(below, min(many, len(below)))
            edges += [
                {"service": member, "strength": "hard", **({"redundancyGroup": group} if group else {})}
                for member in members
                if member not in taken
            ]
            taken.update(members)
        for edge in edges:
            if chance.random() < 0.3:
                edge["flows"] = [{"measure": "m", "peak": str(chance.randint(0, 6))}]
        measures = [
            {"measure": measure, "unit": "u", "peak": str(chance.randint(0, 9)), "limit": str(chance.randint(1, 30))}
            for measure in ("m", "k")
            if chance.random() < 0.85
        ]
        records[name] = service(name, edges, measures)
    return records, {name: Fraction(chance.randint(0, 10), 10) for name in names}


def by_counting(records: Records, shares: dict[str, Fraction]) -> Fraction:
    """The probability that ``s`` is up at peak, over every state: what is up in which state is a bit of a number."""
    names = [name for name in shares if name != "s"]
    states = 1 << len(names)
    everything = (1 << states) - 1
    own = {"s": everything}
    weights = [Fraction(1)] * states
    for index, name in enumerate(names):
        own[name] = sum(1 << state for state in range(states) if state >> index & 1)
        weights = [
            weight * (shares[name] if state >> index & 1 else 1 - shares[name]) for state, weight in enumerate(weights)
        ]
    up: dict[str, int] = {}
    for name in reversed(list(records)):
        up[name] = own[name]
        groups: dict[str, list[str]] = {}
        for edge in records[name]["spec"]["dependsOn"]:
            if "redundancyGroup" in edge:
                groups.setdefault(edge["redundancyGroup"], []).append(edge["service"])
            else:
                up[name] &= up[edge["service"]]
        for members in groups.values():
            up[name] &= carried_by(records, members, up, everything)
    return sum((weight for state, weight in enumerate(weights) if up["s"] >> state & 1), Fraction(0))


def carried_by(records: Records, members: list[str], up: dict[str, int], everything: int) -> int:
    """In which states those of a group that are up carry the peak of all of it."""
    found = 0
    for size in range(1, len(members) + 1):
        for part in itertools.combinations(members, size):
            if size == len(members) or all(fits(records, members, part, measure) for measure in ("m", "k")):
                state = everything
                for member in part:
                    state &= up[member]
                found |= state
    return found


def fits(records: Records, members: list[str], part: tuple[str, ...], measure: str) -> bool:
    """Whether a part carries a measure, by the words of the design: what fails leaves its load, but for what stays."""
    stated = {
        name: next((item for item in records[name]["spec"]["capacity"] if item["measure"] == measure), None)
        for name in members
    }
    if None in stated.values():
        return True
    load = limit = 0
    for name, item in stated.items():
        assert item is not None
        moving, staying = flows(records, name, measure)
        load += int(item["peak"]) if name in part else max(int(item["peak"]) - staying, moving)
        limit += int(item["limit"]) if name in part else 0
    return load <= limit


def flows(records: Records, name: str, measure: str) -> tuple[int, int]:
    """What is asked of a service by those that have others to ask, and by those that have none."""
    moving = staying = 0
    for record in records.values():
        edges = record["spec"]["dependsOn"]
        for edge in (edge for edge in edges if edge["service"] == name):
            group = edge.get("redundancyGroup")
            others = [other for other in edges if group is not None and other.get("redundancyGroup") == group]
            for flow in edge.get("flows", ()):
                if flow["measure"] == measure and len(others) > 1:
                    moving += int(flow["peak"])
                elif flow["measure"] == measure:
                    staying += int(flow["peak"])
    return moving, staying


@pytest.mark.parametrize("many", [60, pytest.param(500, marks=pytest.mark.deep)])
def test_equals_counting_every_state_of_random_graphs(many: int) -> None:
    chance = random.Random(20261122)
    short = 0
    for number in range(many):
        records, shares = graph(chance)
        known = Facts({"Service": records})
        found = needs(known, PEAK)
        result = Composer(found, shares).compose("s")
        assert result.exact
        assert result.bound == by_counting(records, shares), (number, records, shares)
        assert 1 - Fraction(WorstCase(found, shares).below("s"), FULL) <= result.bound
        short += any(need.choices for need in found.values())
    assert short > many // 3, "or capacity decides nothing"
    print(f"{many} graphs of up to 10 services and the one above, every state; in {short} a group is short of capacity")


@st.composite
def groups(draw: st.DrawFn) -> tuple[list[str], list[dict[str, Carried]]]:
    names = [f"n{index}" for index in range(draw(st.integers(2, 5)))]
    amount = st.integers(0, 12).map(Fraction)
    one = st.builds(
        lambda load, limit, gone: Carried(load, limit, max(load - gone, Fraction(0))), amount, amount, amount
    )
    return names, draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, one)), max_size=2))


@settings(max_examples=examples(60))
@given(groups())
def test_the_smallest_parts_that_suffice(group: tuple[list[str], list[dict[str, Carried]]]) -> None:
    names, measures = group
    found, exact = options(names, measures)
    assert exact
    assert found
    assert not any(set(one) < set(other) for one, other in itertools.permutations(found, 2))
    for size in range(1, len(names)):
        for part in itertools.combinations(names, size):
            if suffices(part, measures):
                assert any(set(one) <= set(part) for one in found)
    assert all(set(one) == set(names) or suffices(one, measures) for one in found)


@settings(max_examples=examples(40))
@given(groups(), st.data())
def test_more_capacity_never_takes_an_option_away(group: tuple[list[str], list[dict[str, Carried]]], data: Any) -> None:
    names, measures = group
    name = data.draw(st.sampled_from(names))
    more = [{**one, name: Carried(one[name].load, one[name].limit + 5, one[name].moving)} for one in measures]
    better, _ = options(names, more)
    assert all(any(set(new) <= set(old) for new in better) for old in options(names, measures)[0])


def test_large_groups_are_looked_at_without_one_member_alone() -> None:
    names = [f"n{index}" for index in range(MOST_MEMBERS + 1)]
    tight = [dict.fromkeys(names, Carried(Fraction(10), Fraction(11), Fraction(10)))]
    found, exact = options(names, tight)
    assert ([len(one) for one in found], exact) == ([MOST_MEMBERS] * (MOST_MEMBERS + 1), False)
    assert options(names, [])[0] == tuple((name,) for name in names)
    assert options(names, [dict.fromkeys(names, Carried(Fraction(9), Fraction(9), Fraction(9)))]) == (
        (tuple(names),),
        False,
    )


@pytest.mark.parametrize(
    ("lost", "measure", "load", "limit", "percent"),
    [
        (FRANKFURT, "Processor cores in use", 1890 + 2350, 4096, "103.5"),
        (BERLIN, "Processor cores in use", 1890 + 2350, 4608, "92.0"),
        (FRANKFURT, "Memory in use", 8800 + 11900, 18432, "112.3"),
        (BERLIN, "Memory in use", 8800 + 11900, 20736, "99.8"),
    ],
)
def test_platforms_of_the_example(lost: str, measure: str, load: int, limit: int, percent: str) -> None:
    losses = Redundancy(facts(), PEAK).losses((BERLIN, FRANKFURT))
    (found,) = [loss for loss in losses if (loss.lost, loss.measure) == (lost, measure)]
    assert (found.load, found.limit) == (load, limit)
    assert str(rounded(found.share * 100, 1)) == percent
    short = Redundancy(facts(), PEAK).shortfalls((BERLIN, FRANKFURT))
    assert (found in short) is (load > limit)


def test_what_payments_api_can_keep_at_normal_load_and_at_peak() -> None:
    """Berlin carries 8,800 + 11,900 GiB never, Frankfurt always: at peak the pair is Frankfurt, promised 99.95 %."""
    feasibility = Feasibility(facts(), date(2026, 11, 22))
    (promise,) = [item for item in feasibility.promises() if item.agreement == "payments-api-sla"]
    normal, peak = feasibility.at_both(promise)
    pair = 1 - Fraction("0.0005") ** 2
    assert peak.bound == normal.bound / pair * Fraction("0.9995")
    assert str(rounded(normal.bound * 100, 3)) == "99.954"
    assert str(rounded(peak.bound * 100, 3)) == "99.904"
    assert promise.availability is not None
    assert peak.bound < promise.availability <= normal.bound, "possible, but not while every load is at its peak"


def test_what_has_no_other_to_ask_does_not_move() -> None:
    def zones(flow: list[dict[str, str]]) -> Redundancy:
        capacity = [{"measure": "m", "unit": "u", "peak": "60", "limit": "100"}]
        pair = [{"service": name, "strength": "hard", "redundancyGroup": "zones"} for name in ("a", "b")]
        alone = [{"service": "b", "strength": "hard", "flows": flow}]
        records = [service("s", pair), service("a", [], capacity), service("b", [], capacity), service("lab", alone)]
        return Redundancy(Facts.from_records(records), PEAK)

    assert [(loss.lost, loss.load) for loss in zones([]).shortfalls(("a", "b"))] == [("a", 120), ("b", 120)]
    some = zones([{"measure": "m", "normal": "10", "peak": "25"}]).shortfalls(("a", "b"))
    assert [(loss.lost, loss.load) for loss in some] == [("a", 120)], "60 + 60 - 25 = 95 when b is lost"
    assert zones([{"measure": "other", "peak": "25"}]).shortfalls(("a", "b")) == zones([]).shortfalls(("a", "b"))
