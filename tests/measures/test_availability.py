"""Composition of availabilities, against figures worked by hand and against counting all states."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.measures import availability
from itsm_as_code.measures.availability import Composer, Composition, Need
from itsm_as_code.measures.worst_case import FULL, WorstCase
from tests.conftest import examples

Needs = dict[str, Need]
Shares = dict[str, Fraction]


def F(text: str) -> Fraction:  # noqa: N802
    return Fraction(text)


def compose(needs: Needs, shares: dict[str, str], service: str = "s") -> Composition:
    return Composer(needs, {name: F(text) for name, text in shares.items()}).compose(service)


def test_two_in_series_and_a_redundant_pair() -> None:
    # 0.999 x 0.999 x (1 - 0.01 x 0.01) = 0.998001 x 0.9999 = 0.9979011999
    needs = {"s": Need(("a", "b"), (("p", "q"),))}
    result = compose(needs, {"a": "0.999", "b": "0.999", "p": "0.99", "q": "0.99"})
    assert result.bound == F("0.9979011999")
    assert result.exact
    assert result.unknown == ()
    assert [item.names for item in result.weakest] == [("a",), ("b",)]
    pair = result.contributions[-1]
    assert (pair.names, pair.availability) == (("p", "q"), F("0.9999"))


def test_a_diamond_counts_its_foot_once() -> None:
    needs = {"s": Need(("a", "b")), "a": Need(("c",)), "b": Need(("c",))}
    result = compose(needs, {"a": "0.999", "b": "0.998", "c": "0.995", "s": "0.5"})
    assert result.bound == F("0.999") * F("0.998") * F("0.995")  # not 0.995 squared; and s itself does not count
    assert [item.names for item in result.weakest] == [("c",)]


def test_a_redundant_pair_is_no_better_than_what_both_need() -> None:
    # Both zones stand on one network: 0.99 x (1 - 0.1 x 0.2) = 0.99 x 0.98 = 0.9702; taken apart it would be
    # 1 - (1 - 0.891)(1 - 0.792) = 0.977328.
    needs = {"s": Need((), (("z1", "z2"),)), "z1": Need(("net",)), "z2": Need(("net",))}
    assert compose(needs, {"z1": "0.9", "z2": "0.8", "net": "0.99"}).bound == F("0.9702")


def test_a_shared_component_that_is_needed_anyway_drops_out_of_the_group() -> None:
    needs = {"s": Need(("net",), (("z1", "z2"),)), "z1": Need(("net",)), "z2": Need(("net",))}
    result = compose(needs, {"z1": "0.9", "z2": "0.8", "net": "0.99"})
    assert result.bound == F("0.9702")
    assert [item.names for item in result.contributions] == [("z1", "z2"), ("net",)]


def test_the_same_group_at_two_levels_counts_once() -> None:
    zones = (("z1", "z2"),)
    needs = {"s": Need(("db",), zones), "db": Need((), zones)}
    assert compose(needs, {"db": "0.99", "z1": "0.9", "z2": "0.9"}).bound == F("0.99") * F("0.99")


def test_groups_that_share_a_member_are_not_independent() -> None:
    # (a or b) and (a or c): a, or without it both b and c: 0.9 + 0.1 x 0.8 x 0.7 = 0.956
    needs = {"s": Need((), (("a", "b"), ("a", "c")))}
    result = compose(needs, {"a": "0.9", "b": "0.8", "c": "0.7"})
    assert result.bound == F("0.956")
    assert result.contributions[0].names == ("a", "b", "c")


def test_a_member_that_is_also_needed_makes_its_group_idle() -> None:
    assert compose({"s": Need(("a",), (("a", "b"),))}, {"a": "0.9", "b": "0.5"}).bound == F("0.9")


def test_who_states_no_availability_is_named_and_counts_as_never_failing() -> None:
    result = compose({"s": Need(("a", "b"))}, {"a": "0.9"})
    assert (result.bound, result.unknown) == (F("0.9"), ("b",))


def test_nothing_needed_never_fails() -> None:
    result = compose({"s": Need()}, {})
    assert (result.bound, result.weakest) == (1, ())


def test_a_component_that_is_never_up() -> None:
    result = compose({"s": Need(("a", "b"))}, {"a": "0", "b": "0.5"})
    assert result.bound == 0
    assert [(item.names, item.availability) for item in result.contributions] == [(("a",), 0), (("b",), F("0.5"))]


def test_further_components_come_in_series() -> None:
    composer = Composer({"s": Need(("a",))}, {"a": F("0.9"), "contract": F("0.5")})
    assert composer.compose("s", also=["contract"]).bound == F("0.45")


def test_a_circle_ends() -> None:
    needs = {"s": Need(("a",)), "a": Need(("s",), (("b", "c"),)), "b": Need(("a",)), "c": Need((), (("b", "c"),))}
    assert compose(needs, {"a": "0.9", "b": "0.5", "c": "0.5"}).bound == F("0.9") * F("0.75")


def test_a_long_chain_and_deep_nesting_end() -> None:
    chain = {f"n{index}": Need((f"n{index + 1}",)) for index in range(5000)}
    assert Composer(chain, {"n5000": F("0.9")}).compose("n0").bound == F("0.9")
    ladder = {f"n{index}": Need((), ((f"n{index + 1}", f"m{index + 1}"),)) for index in range(3000)}
    deep = Composer(ladder, {f"{row}{index}": F("0.9") for row in "nm" for index in range(3001)}).compose("n0")
    assert not deep.exact
    assert 0 <= deep.bound <= F("0.99")


def test_too_many_shared_components_give_a_lower_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"c{index}" for index in range(12)]
    groups = tuple(itertools.combinations(names, 2))
    shares = dict.fromkeys(names, F("0.9"))
    exact = Composer({"s": Need((), groups)}, shares).compose("s")
    # At most one of the twelve may be down: 0.9^12 + 12 x 0.1 x 0.9^11
    assert exact.exact
    assert exact.bound == F("0.9") ** 12 + 12 * F("0.1") * F("0.9") ** 11
    monkeypatch.setattr(availability, "MAX_WORK", 10)
    monkeypatch.setattr(availability, "_WORK_PER_NEED", 0)
    bounded = Composer({"s": Need((), groups)}, shares).compose("s")
    assert not bounded.exact
    assert bounded.bound == F("0.9") ** len(groups)
    assert bounded.bound <= exact.bound


@st.composite
def systems(draw: st.DrawFn, most: int = 7) -> tuple[Needs, Shares]:
    """An acyclic graph of up to ``most`` services below ``s`` with series and groups, and their availabilities."""
    names = ["s", *(f"n{index}" for index in range(draw(st.integers(1, most))))]
    needs: Needs = {}
    for at, name in enumerate(names):
        below = names[at + 1 :]
        if not below:
            continue
        serial = draw(st.lists(st.sampled_from(below), unique=True, max_size=2))
        group = st.lists(st.sampled_from(below), unique=True, min_size=1, max_size=3).map(tuple)
        needs[name] = Need(tuple(serial), tuple(draw(st.lists(group, max_size=2))))
    shares = {name: Fraction(draw(st.integers(0, 10)), 10) for name in names}
    return needs, shares


def is_up(name: str, needs: Needs, up: set[str]) -> bool:
    need = needs.get(name, Need())
    return (
        name in up
        and all(is_up(target, needs, up) for target in need.serial)
        and all(any(is_up(member, needs, up) for member in group) for group in need.groups)
    )


def by_counting(needs: Needs, shares: Shares) -> Fraction:
    """The probability that s is up, over every state of its components."""
    names = [name for name in shares if name != "s"]
    total = Fraction(0)
    for states in itertools.product((True, False), repeat=len(names)):
        up = {name for name, state in zip(names, states, strict=True) if state}
        if is_up("s", needs, up | {"s"}):
            chance = Fraction(1)
            for name in names:
                chance *= shares[name] if name in up else 1 - shares[name]
            total += chance
    return total


@settings(max_examples=examples(30))
@given(systems())
def test_equals_counting_every_state(system: tuple[Needs, Shares]) -> None:
    needs, shares = system
    result = Composer(needs, shares).compose("s")
    assert result.exact
    assert result.bound == by_counting(needs, shares)


@settings(max_examples=examples(18))
@given(systems())
def test_lower_bounds_are_not_above(system: tuple[Needs, Shares]) -> None:
    needs, shares = system
    exact = Composer(needs, shares).compose("s").bound
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("MAX_WORK", 0), ("_WORK_PER_NEED", 0), ("_MAX_PLACES", 2), ("_MAX_NESTING", 1)):
            patch.setattr(availability, name, value)
        assert Composer(needs, shares).compose("s").bound <= exact
    assert 1 - Fraction(WorstCase(needs, shares).below("s"), FULL) <= exact
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(availability, "MAX_WORK", -(10**9))
        rough = Composer(needs, shares).compose("s")
        assert not rough.exact
        assert rough.bound <= exact


@settings(max_examples=examples(18))
@given(systems(), st.data())
def test_better_parts_never_make_it_worse(system: tuple[Needs, Shares], data: Any) -> None:
    needs, shares = system
    name = data.draw(st.sampled_from([name for name in shares if name != "s"]))
    better = shares | {name: (shares[name] + 1) / 2}
    assert Composer(needs, better).compose("s").bound >= Composer(needs, shares).compose("s").bound


@given(st.lists(st.integers(0, 100), min_size=2, max_size=6))
def test_parallel_is_at_least_the_best_and_series_at_most_the_worst(percents: list[int]) -> None:
    shares = {f"n{index}": Fraction(value, 100) for index, value in enumerate(percents)}
    names = tuple(shares)
    assert Composer({"s": Need((), (names,))}, shares).compose("s").bound >= max(shares.values())
    assert Composer({"s": Need(names)}, shares).compose("s").bound <= min(shares.values())


def test_worst_case_of_a_circle_is_everything() -> None:
    needs = {"s": Need(("a",)), "a": Need(("b",)), "b": Need(("a",)), "x": Need(("y",), (("p", "q"),))}
    worst = WorstCase(needs, {"y": F("0.97"), "p": F("0.95"), "q": F("0.98")})
    assert [worst.below(name) for name in ("s", "a", "nobody")] == [FULL, FULL, 0]
    assert (worst.below("x"), worst.whole("x"), worst.whole("y")) == (FULL // 20, FULL // 20, FULL * 3 // 100)


def test_what_is_worked_out_is_in_proportion_to_what_there_is() -> None:
    # Every service needs all later ones: closures of a thousand each, twenty times more places than there are needs.
    names = [f"n{index}" for index in range(1000)]
    needs = {name: Need(tuple(names[at + 1 : at + 4])) for at, name in enumerate(names)}
    composer = Composer(needs, dict.fromkeys(names, F("0.9999")))
    results = [composer.compose(name) for name in names]
    assert results[0].exact
    assert not results[-4].exact
    assert results[-4].bound <= F("0.9999") ** 3
