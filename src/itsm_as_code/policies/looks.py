"""Which records policies may judge otherwise once others change, known for a whole tree: parts of its index.

A policy that asks for records by names that stand in the one that it judges says something else only where such a name
is that of a changed record (``mentions``); any other may say something else of every record that its condition lets
through (``looks``). ``words`` are all texts that could be the name of a record to come.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from typing import Any, Final

import orjson

from itsm_as_code.findings import RecordId
from itsm_as_code.policies.cel import Sieve, asks_by_own_names, asks_for_graph, reads
from itsm_as_code.policies.policy import Policy
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.summary import Divided, divided

_EVERYWHERE: Final = ("Person", "Team")
"""Kinds whose names stand in nearly every record: where they stand is kept for policies alone that ask for them."""
NAMED: Final = "named"
"""The part that has the kinds of records of which it is known which names stand in them."""
_NAME: Final = re.compile(rb'"([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)"')


def reads_any(policy: Policy, kinds: Collection[str]) -> bool:
    """True when a policy may ask for a record of one of these kinds."""
    found = kinds_read(policy)
    return found is None or not found.isdisjoint(kinds)


def kinds_read(policy: Policy) -> frozenset[str] | None:
    """The kinds of records that a policy asks for, by itself or for its parameters; None for any."""
    found = [reads(text) for _, text in policy.expressions()]
    if any(parameter.get("from", {}).get("of") == "service" for parameter in policy.params.values()):
        found.append(frozenset({"Service"}))  # whose name stands in the record
    return None if None in found else frozenset().union(*(kinds for kinds in found if kinds is not None))


def by_own_names(policy: Policy, *, same_graph: bool) -> bool:
    """True when what a policy says changes with records alone whose names stand in the one that it judges."""
    texts = [text for _, text in policy.expressions()]
    return all(map(asks_by_own_names, texts)) and (same_graph or not any(map(asks_for_graph, texts)))


def parts_of(policies: Iterable[Policy], catalogue: Catalogue) -> dict[str, Any]:
    """The parts of an index for some policies over the records of a catalogue: plain data."""
    asking = [policy for policy in policies if kinds_read(policy) != frozenset()]
    parts: dict[str, Any] = {}
    for policy in asking:
        if not by_own_names(policy, same_graph=False):
            sieve = Sieve([policy.where])
            parts[f"looks of {policy.name}"] = {
                kind: [record.name for record in catalogue.of_kind(kind) if sieve.passing(record.data)]
                for kind in policy.kinds
            }
    named: dict[str, list[Policy]] = {}
    for policy in asking:
        if by_own_names(policy, same_graph=True):
            for kind in policy.kinds:
                named.setdefault(kind, []).append(policy)
    usual = {name for kind in catalogue.registry if kind.name not in _EVERYWHERE for name in catalogue.names(kind.name)}
    mentions: dict[str, dict[str, list[str]]] = {}
    words: set[str] = set()
    for kind, items in sorted(named.items()):
        asked = {other for policy in items for other in kinds_read(policy) or ()} & set(_EVERYWHERE)
        known = usual.union(*(catalogue.names(other) for other in asked))
        for record in catalogue.of_kind(kind):
            found = names_in(record.data) - {record.name}
            words |= found - known
            for name in found & known:
                mentions.setdefault(name, {}).setdefault(kind, []).append(record.name)
    return {**parts, NAMED: sorted(named), **divided("mentions", mentions), **divided("words", dict.fromkeys(words, 1))}


def names_in(data: Mapping[str, Any]) -> set[str]:
    """All texts of a record, keys too, that could be the name of a record."""
    return {name.decode() for name in _NAME.findall(orjson.dumps(data))}


def naming(catalogue: Catalogue, kind: str, names: Set[str]) -> set[str] | None:
    """The records of a kind in which one of some names may stand, known by an index, but for those that differ from
    it; None where it is not known."""
    kinds = catalogue.part(NAMED)
    known = Looks(catalogue.part).naming(kind, names) if kinds is not None and kind in kinds else None
    return None if known is None else known | names  # which stand in their own records


class Looks:
    """What an index knows of the policies of its tree."""

    def __init__(self, part: Callable[[str], Any]) -> None:
        self._part = part
        self._mentions, self._words = Divided("mentions", part), Divided("words", part)

    def looking(self, policy: Policy) -> Iterator[RecordId]:
        """The records of which a policy may say something else when any others change."""
        for kind, names in self._part(f"looks of {policy.name}").items():
            yield from (RecordId(kind, name) for name in names)

    def naming(self, kind: str, names: Set[str]) -> set[str] | None:
        """The records of a kind in which one of some names stands that is not their own; None where it is not known."""
        found: set[str] = set()
        for name in names:
            if self._words.get(name) is not None:
                return None
            found.update(self._mentions.get(name, {}).get(kind, ()))
        return found
