"""Which records a change can alter what is said of: those it touches, and those that rules look up it with.

A record that stays as it is, judged by rules that stay as they are at the same instant, gets another verdict only
where a rule looks at other records. So the gate judges the touched records, and of the others those for which a
policy asks for something that the pull request touches; whatever is wrong with the rest stood on the base before.
When the pull request touches what judges, all records are judged anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

import orjson

from itsm_as_code.findings import RecordId
from itsm_as_code.policies.cel import Sieve
from itsm_as_code.policies.engine import PolicyEngine
from itsm_as_code.policies.looks import Looks, by_own_names, reads_any
from itsm_as_code.policies.policy import Policy
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.records.graph import ServiceGraph

JUDGING_KINDS = (
    "Person",
    "Team",
    "Calendar",
    "ChangeModel",
    "Policy",
    "ApprovalPolicy",
    "Waiver",
    "Control",
    "PolicyPack",
)
"""Kinds that judge others: the gate answers questions about them from the base."""


def brings_rules(kinds: Iterable[str], paths: Iterable[str]) -> bool:
    """True when a pull request that touches records of some kinds, and paths, touches what judges."""
    return any(kind in JUDGING_KINDS for kind in kinds) or any(
        path == "itsm.yaml" or path.startswith("schemas/") for path in paths
    )


def affected(
    base: Catalogue, candidate: Catalogue, touched: Set[RecordId], engine: PolicyEngine
) -> frozenset[RecordId]:
    """The touched records and those whose verdict may change with them; ``engine`` has the policies of the base.

    Only for pull requests that touch nothing that judges: both sides have the same rules.
    """
    if not touched:
        return frozenset()
    found = set(touched)
    found.update(_left_alone(base, candidate, touched))
    found.update(_looking(base, candidate, touched, engine))
    return with_waived(candidate, found)


def with_waived(candidate: Catalogue, records: Set[RecordId], *, all_checks: bool = False) -> frozenset[RecordId]:
    """Some records with all those of each waiver that names one: whether it is needed is told from all its records.

    Where ``all_checks`` are asked, what they find of any record may be new, so all that have waivers of them are there.
    """
    found, left = set(records), []
    for waiver in candidate.of_kind("Waiver"):
        left.append({RecordId(item["kind"], item["name"]) for item in waiver.spec["records"]})
        if all_checks and "check" in waiver.spec:
            found |= left[-1]
    while more := [subjects for subjects in left if not found.isdisjoint(subjects) and not subjects <= found]:
        found.update(*more)
    return frozenset(found)


def _left_alone(base: Catalogue, candidate: Catalogue, touched: Set[RecordId]) -> Iterator[RecordId]:
    """Those that refer to a record which is gone."""
    gone = [record_id for record_id in touched if record_id not in candidate.records]
    if gone:
        for record_id in gone:
            for referrer, _ in base.referrers.get(record_id, ()):
                yield referrer.id


def _looking(base: Catalogue, candidate: Catalogue, touched: Set[RecordId], engine: PolicyEngine) -> Iterator[RecordId]:
    """Those that a policy judges by what it looks up among the touched records."""
    kinds = {record_id.kind for record_id in touched}
    same_graph = "Service" not in kinds or _edges(base, touched) == _edges(candidate, touched)
    anything: dict[str, list[Policy]] = {}
    named: dict[str, list[Policy]] = {}
    for policy in engine.usable:
        if reads_any(policy, kinds):
            by_name = by_own_names(policy, same_graph=same_graph)
            for kind in policy.kinds:
                (named if by_name else anything).setdefault(kind, []).append(policy)
    looks, differing = None, frozenset[RecordId]()
    if isinstance(candidate, ChangedCatalogue):  # whose index knows nothing of what differs from its tree
        looks, differing = Looks(candidate.part), candidate.touched
        for policy in {policy.name: policy for policies in anything.values() for policy in policies}.values():
            yield from (item for item in looks.looking(policy) if item not in differing)
    touched_names = {record_id.name for record_id in touched}
    names = [orjson.dumps(name) for name in sorted(touched_names)]
    for kind in sorted(anything.keys() | named.keys()):
        by_anything = anything.get(kind, [])
        sieve = _sieve([*by_anything, *named.get(kind, [])])
        asked = touched_names if kind in named else frozenset()
        for record in _standing(candidate, kind, looks, asked, {item.name for item in differing if item.kind == kind}):
            places = sieve.passing(record.data)
            if places and (places[0] < len(by_anything) or _names_any(record, names)):
                yield record.id


def _standing(
    candidate: Catalogue, kind: str, looks: Looks | None, names: Set[str], differing: Set[str]
) -> list[Record]:
    """The records of a kind, without those in which none of some names stands where that is known."""
    known = looks.naming(kind, names) if looks is not None else None
    return candidate.of_kind(kind) if known is None else candidate.some(kind, sorted(known | names | differing))


def _sieve(policies: Iterable[Policy]) -> Sieve:
    """What tells a record of which none of the policies gives another answer when others change.

    Where a condition is false whatever the parameters are, those may still be wrong, which is an error. But they are
    read from the rule set alone, and so are the same for a record that stays as it is.
    """
    return Sieve([policy.where for policy in policies])


def _edges(catalogue: Catalogue, touched: Set[RecordId]) -> list[tuple[str, object]]:
    """What the touched services bring to the graph: whether they are there, and what they cannot do without."""
    names = sorted(record_id.name for record_id in touched if record_id.kind == "Service")
    graph = ServiceGraph(catalogue.data["Service"])
    return [(name, graph.needs(name)) for name in names]


def _names_any(record: Record, names: list[bytes]) -> bool:
    """True when one of these JSON texts stands somewhere in a record."""
    text = orjson.dumps(record.data)
    return any(name in text for name in names)
