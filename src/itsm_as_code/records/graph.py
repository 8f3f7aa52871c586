"""The dependency graph of services: who relies on whom, and at which distance."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

Edges = Mapping[str, tuple[str, ...]]


_HARD: Final = frozenset({"hard"})
_ANY: Final = frozenset({"hard", "soft"})


class Linked(Mapping[str, dict[str, Any]]):
    """Services by name, of which it is known which others name them; they need not be read all for that."""

    @abstractmethod
    def sources(self, target: str) -> Collection[str]:
        """The services that name one among what they depend on."""

    @abstractmethod
    def saying(self, field: str) -> Collection[str]:
        """The services that say something in one of :data:`RARE_FIELDS`."""


class _Walked(Mapping[str, tuple[str, ...]]):
    """Edges that are worked out when somebody walks along them."""

    def __init__(self, make: Callable[[str], tuple[str, ...]], names: Mapping[str, Any]) -> None:
        self._make, self._names = make, names
        self._known: dict[str, tuple[str, ...]] = {}

    def __getitem__(self, name: str) -> tuple[str, ...]:
        if name not in self._known:
            self._known[name] = self._make(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


RARE_FIELDS: Final[Mapping[str, str]] = {
    "flows": "dependsOn",
    "redundancyGroup": "dependsOn",
    "observations": "capacity",
    "peaks": "capacity",
}
"""What few services say, and where; those who ask for it ask all services."""


def says(service: Mapping[str, Any], field: str) -> bool:
    """True when a service says something in one of :data:`RARE_FIELDS`."""
    return any(field in item for item in service.get("spec", {}).get(RARE_FIELDS[field], ()))


def targets(service: Mapping[str, Any]) -> set[str]:
    """The services that one names among what it depends on."""
    return {item["service"] for item in service.get("spec", {}).get("dependsOn", ()) if "service" in item}


class ServiceGraph:
    """Edges between services by name; a dependency that does not exist is left out (a finding says so)."""

    def __init__(self, services: Mapping[str, Mapping[str, Any]]) -> None:
        self._services = services
        self._failing: dict[str, dict[str, int]] = {}

    @cached_property
    def hard(self) -> Edges:
        """Service -> the services without which it fails."""
        return self._edges(_HARD)

    @cached_property
    def hard_dependents(self) -> Edges:
        """Service -> the services that fail without it."""
        return self._reversed(_HARD)

    @cached_property
    def all_dependents(self) -> Edges:
        """Service -> the services that need it, hard or soft."""
        return self._reversed(_ANY)

    def _edges(self, strengths: frozenset[str]) -> Edges:
        if isinstance(self._services, Linked):
            return _Walked(lambda name: self._of(self._services[name], strengths), self._services)
        return {name: self._of(service, strengths) for name, service in self._services.items()}

    def _reversed(self, strengths: frozenset[str]) -> Edges:
        services = self._services
        if not isinstance(services, Linked):
            return _reverse(self._edges(strengths))
        forward = self.hard if strengths == _HARD else self._edges(strengths)

        def sources(name: str) -> tuple[str, ...]:
            found = services.sources(name) if name in services else ()
            return tuple(sorted(source for source in found if name in forward[source]))

        return _Walked(sources, services)

    def _of(self, service: Mapping[str, Any], strengths: frozenset[str]) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                dependency["service"]
                for dependency in service.get("spec", {}).get("dependsOn", ())
                if dependency.get("strength") in strengths and dependency.get("service") in self._services
            )
        )

    def needs(self, name: str) -> tuple[str, ...] | None:
        """The services without which one fails; None where there is no such service."""
        return self._of(self._services[name], _HARD) if name in self._services else None

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

    def cycles(self, among: Iterable[str] | None = None) -> list[tuple[str, ...]]:
        """Each group of services that depend hard on one another in a circle, by Tarjan's algorithm (1972).

        ``among`` leaves out those in which none of some services is.
        """
        if among is None:
            return strong_components(self.hard)
        found: set[tuple[str, ...]] = set()
        for name in among:
            below = reachable(self.hard, (name,)).keys() | {name}
            if any(name in self.hard.get(other, ()) for other in below):
                found.add(tuple(sorted(below & (reachable(self.hard_dependents, (name,)).keys() | {name}))))
        return sorted(found)


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
