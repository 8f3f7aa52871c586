"""The dependency graph, against the plainest way to answer each question."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.records.graph import ServiceGraph
from tests.conftest import examples

NAMES = "abcdef"


def graph(hard: dict[str, str], soft: dict[str, str] | None = None) -> ServiceGraph:
    """Services by the letters of those that they depend on."""
    names = {*hard, *(soft or {})}
    services: dict[str, Any] = {
        name: {
            "spec": {
                "dependsOn": [
                    *({"service": other, "strength": "hard"} for other in hard.get(name, "")),
                    *({"service": other, "strength": "soft"} for other in (soft or {}).get(name, "")),
                ]
            }
        }
        for name in names
    }
    return ServiceGraph(services)


def closure(edges: dict[str, set[str]]) -> dict[str, dict[str, int]]:
    """Distances along at least one edge, by Floyd and Warshall."""
    far = 99
    distance = {(a, b): 1 if b in edges[a] else far for a, b in product(edges, repeat=2)}
    for via, a, b in product(edges, repeat=3):
        distance[a, b] = min(distance[a, b], distance[a, via] + distance[via, b])
    return {a: {b: distance[a, b] for b in edges if distance[a, b] < far} for a in edges}


EDGES = st.fixed_dictionaries({name: st.sets(st.sampled_from(NAMES), max_size=3) for name in NAMES})


@settings(max_examples=examples(90))
@given(EDGES, st.sets(st.sampled_from(NAMES), min_size=1, max_size=2))
def test_distances_and_circles_are_those_of_brute_force(edges: dict[str, set[str]], starts: set[str]) -> None:
    built = graph({name: "".join(sorted(targets)) for name, targets in edges.items()})
    reach = closure(edges)
    expected: dict[str, int] = {}
    for start in starts:
        for name, distance in reach[start].items():
            if name not in starts:
                expected[name] = min(distance, expected.get(name, 99))
    found = built.dependencies(*starts)
    assert {name: distance for name, (distance, _) in found.items()} == expected
    assert list(found.values()) == sorted(found.values(), key=lambda item: item[0]), "nearest first"
    for name, (distance, via) in found.items():
        assert name in edges[via]
        assert (found[via][0] if via in found else 0) == distance - 1
    dependents = built.dependents(*starts)
    assert dependents.keys() == {name for name in NAMES if starts & reach[name].keys()} - starts
    groups = {tuple(sorted(b for b in reach[a] if a in reach[b])) for a in NAMES if a in reach[a]}
    assert built.cycles() == sorted(groups)


def test_a_diamond_is_no_circle_and_counts_once() -> None:
    diamond = graph({"top": "lr", "l": "d", "r": "d", "d": ""})
    assert diamond.cycles() == []
    assert diamond.dependencies("top") == {"l": (1, "top"), "r": (1, "top"), "d": (2, "l")}
    assert diamond.dependents("d") == {"l": (1, "d"), "r": (1, "d"), "top": (2, "l")}


def test_soft_and_missing_dependencies_carry_no_failure() -> None:
    built = graph({"a": "bx", "b": "", "c": ""}, {"b": "c", "c": "a"})
    assert built.hard == {"a": ("b",), "b": (), "c": ()} | {"a": ("b",)}
    assert built.dependents("c") == {}
    assert built.cycles() == []


def test_a_service_that_depends_on_itself_is_a_circle() -> None:
    assert graph({"a": "a"}).cycles() == [("a",)]


def test_a_long_chain_needs_no_recursion() -> None:
    names = [f"s{number}" for number in range(20_000)]
    services = {
        name: {"spec": {"dependsOn": [{"service": following, "strength": "hard"}]}}
        for name, following in zip(names, [*names[1:], names[0]], strict=True)
    }
    built = ServiceGraph(services)
    assert [len(circle) for circle in built.cycles()] == [20_000]
    assert built.dependents("s0")["s1"] == (19_999, "s2")
