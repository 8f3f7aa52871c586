"""Whose teams a rule asks for with ``owners``: of the record itself, of what it affects, of what depends on it."""

from __future__ import annotations

from typing import Any

import pytest

from itsm_as_code.findings import RecordId
from itsm_as_code.gate.scope import MatchedRule
from itsm_as_code.gate.seats import owner_teams
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.diff import RecordDiff
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry

REGISTRY = KindRegistry.load()


def data(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}, "spec": spec}


def service(name: str, *needs: str) -> dict[str, Any]:
    wanted = [{"service": need, "strength": "hard"} for need in needs]
    return data("Service", name, owner=f"team-{name}", dependsOn=wanted)


# shop and app stand on the orders, which stand on the database; the wiki stands alone. Two more have names of services.
SERVICES = [
    service("shop", "orders"),
    service("app", "orders"),
    service("orders", "database"),
    service("database"),
    service("wiki"),
]
FACTS = Facts.from_records(SERVICES)


def record(written: dict[str, Any], *, valid: bool = True) -> Record:
    identity = RecordId(written["kind"], written["metadata"]["name"])
    return Record(identity, REGISTRY[identity.kind], written, "x.yaml", b"", valid=valid)


def teams(which: str, new: Record | None, old: Record | None = None) -> set[str]:
    side = new or old
    assert side is not None
    diff = RecordDiff(side.id, old, new, ())
    found = owner_teams(MatchedRule("p", "r", (), False, (), (diff,), (), ()), which, FACTS)
    assert found == sorted(set(found))
    return {team.removeprefix("team-") for team in found}


@pytest.mark.parametrize(
    ("written", "self_", "affected", "dependents"),
    [
        (service("orders", "database"), {"orders"}, {"orders", "shop", "app"}, {"shop", "app"}),
        (service("wiki"), {"wiki"}, {"wiki"}, set()),
        (data("Change", "c", services=["orders"]), {"orders"}, {"orders"}, {"shop", "app"}),
        (data("Change", "c", services=["orders", "wiki"]), {"orders", "wiki"}, {"orders", "wiki"}, {"shop", "app"}),
        (data("ServiceReview", "r", service="database"), {"database"}, {"database"}, {"orders", "shop", "app"}),
        # A record of another kind that has the name of a service is not that service.
        (data("Risk", "database", owner="team-risk"), {"risk"}, {"risk"}, set()),
        (data("KnowledgeArticle", "orders", owner="team-desk"), {"desk"}, {"desk"}, set()),
        (data("Team", "team-orders", members=[]), {"orders"}, {"orders"}, set()),
        (data("Team", "database", members=[]), {"database"}, {"database"}, set()),
        (data("Calendar", "orders", timezone="UTC"), set(), set(), set()),
        (data("Change", "c", services=["gone"]), set(), set(), set()),
    ],
)
def test_whose_a_record_is(written: dict[str, Any], self_: set[str], affected: set[str], dependents: set[str]) -> None:
    found = {which: teams(which, record(written)) for which in ("self", "affected", "dependents")}
    assert found == {"self": self_, "affected": affected, "dependents": dependents}


def test_both_sides_count_and_a_side_that_breaks_its_schema_does_not() -> None:
    before, after = record(service("wiki")), record(data("Service", "wiki", owner="team-new"))
    assert teams("self", after, before) == {"wiki", "new"}
    assert teams("self", None, before) == {"wiki"}
    assert teams("self", record(after.data, valid=False), before) == {"wiki"}


def test_what_is_no_name_owns_nothing() -> None:
    odd = data("Change", "c", services=["orders", 7, None], service={"a": 1}, owner=["team-x"])
    assert teams("self", record(odd)) == {"orders"}
