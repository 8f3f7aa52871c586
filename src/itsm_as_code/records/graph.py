"""The dependency graph of services: who relies on whom, and at which distance."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import cached_property
from typing import Any

Edges = Mapping[str, tuple[str, ...]]


class ServiceGraph:
    """Edges between services by name; a dependency that does not exist is left out (a finding says so)."""

    def __init__(self, services: Mapping[str, Mapping[str, Any]]) -> None:
        self._services = services
        self._failing: dict[str, dict[str, int]] = {}

    @cached_property
    def hard(self) -> Edges:
        """Service -> the services without which it fails."""
        return self._edges({"hard"})

    @cached_property
    def hard_dependents(self) -> Edges:
        """Service -> the services that fail without it."""
        return _reverse(self.hard)

    @cached_property
    def all_dependents(self) -> Edges:
        """Service -> the services that need it, hard or soft."""
        return _reverse(self._edges({"hard", "soft"}))

    def _edges(self, strengths: set[str]) -> Edges:
        return {
            name: tuple(
                dict.fromkeys(
                    dependency["service"]
                    for dependency in service.get("spec", {}).get("dependsOn", ())
                    if dependency.get("strength") in strengths and dependency.get("service") in self._services
                )
            )
            for name, service in self._services.items()
        }

    def dependents(self, *services: str) -> dict[str, tuple[int, str]]:
        """Services that fail, directly or not, when one of these does: name -> (distance, by way of)."""
        return reachable(self.hard_dependents, services)

    def radius(self, *services: str) -> dict[int, int]:
        """Of the services that fail, directly or not, when these do: distance -> how many (themselves not counted)."""
        nearest: dict[str, int] = {}
        for service in services:
            if service not in self._failing:
                found = self.dependents(service)
                self._failing[service] = {name: distance for name, (distance, _) in found.items()}
            for name, distance in self._failing[service].items():
                if distance < nearest.get(name, distance + 1):
                    nearest[name] = distance
        counts: dict[int, int] = {}
        for name, distance in nearest.items():
            if name not in services:
                counts[distance] = counts.get(distance, 0) + 1
        return counts

    def dependencies(self, *services: str) -> dict[str, tuple[int, str]]:
        """Services without which one of these fails, directly or not: name -> (distance, by way of)."""
        return reachable(self.hard, services)

    def cycles(self) -> list[tuple[str, ...]]:
        """Each group of services that depend hard on one another in a circle, by Tarjan's algorithm (1972)."""
        return strong_components(self.hard)


def _reverse(edges: Edges) -> Edges:
    found: dict[str, list[str]] = {}
    for source, targets in edges.items():
        for target in targets:
            found.setdefault(target, []).append(source)
    return {name: tuple(sorted(sources)) for name, sources in found.items()}


def reachable(edges: Edges, starts: tuple[str, ...]) -> dict[str, tuple[int, str]]:
    """All nodes reachable from ``starts`` (which are left out), nearest first, with distance and predecessor."""
    seen = dict.fromkeys(starts)
    found: dict[str, tuple[int, str]] = {}
    queue = deque((start, 0) for start in starts)
    while queue:
        node, distance = queue.popleft()
        for following in edges.get(node, ()):
            if following not in seen:
                seen[following] = None
                found[following] = (distance + 1, node)
                queue.append((following, distance + 1))
    return found


def strong_components(edges: Edges) -> list[tuple[str, ...]]:
    """Strongly connected components of more than one node, or of one that points to itself; iterative."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    found: list[tuple[str, ...]] = []
    for root in sorted(edges):
        if root in index:
            continue
        work = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, following = work[-1]
            for target in following:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(edges.get(target, ()))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    if len(component) > 1 or node in edges.get(node, ()):
                        found.append(tuple(sorted(component)))
    return sorted(found)
