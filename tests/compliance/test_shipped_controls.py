"""Every control that is shipped can be satisfied and can fail: those of this repository, and those that packs bring.

Two worlds are made of the records of this repository: one in which all is well, and one in which nothing is. That each
policy and check passes and fails is shown by their own examples; here they say it of the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from itsm_as_code import shipped
from itsm_as_code.checks import all_checks
from itsm_as_code.compliance import Assessment, Known, assess_controls
from itsm_as_code.compliance.basis import Basis
from itsm_as_code.compliance.known import NOTHING, Approval, Deployment, ForgeAnswer
from itsm_as_code.compliance.population import IN_PRODUCTION, period_of
from itsm_as_code.findings import Finding, Location, RecordId, Severity
from itsm_as_code.policies import Outcome
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.document import parse
from itsm_as_code.records.facts import Facts
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import Validation, assess_catalogue, load_rule_set
from tests.conftest import ROOT

AUDITED = {"auditor": "Lindgren Audit AB", "url": "https://audits.example.org/1"}
STATED = {
    "on": "2026-10-01",
    "validUntil": "2027-10-01",
    "result": "passed",
    "by": "mara-lindqvist",
    "statement": "Seen.",
}
SOMEBODY = "mara-lindqvist"
PATH = "policies/evidence/forge.json"


@cache
def bank() -> Validation:
    rule_set = load_rule_set(WorkTree(ROOT))
    as_of = rule_set.configuration.as_of
    assert as_of is not None
    return assess_catalogue(rule_set.catalogue, rule_set, as_of)


@cache
def as_they_stand() -> dict[str, Assessment]:
    return assess_controls(bank())


def controls(folder: str) -> list[Record]:
    kind = bank().registry["Control"]
    if folder == "own":
        return bank().catalogue.of_kind("Control")
    names = [name for pack in shipped.packs() for name in _manifest(pack).get("controls", ())]
    found = [(name, parse(shipped.control(name))) for name in names]
    return [Record(RecordId("Control", name), kind, data, f"{name}.yaml", b"") for name, data in found]


def _manifest(pack: str) -> dict[str, Any]:
    return dict(parse(shipped.pack(pack)[f"policies/packs/{pack}.yaml"])["spec"])


def spec_of(record: Record, edit: Callable[[dict[str, Any]], None]) -> Record:
    spec = dict(record.spec)
    edit(spec)
    return replace(record, data={**record.data, "spec": spec})


def world(
    folder: str, edit: Callable[[Record], Record | None], state: Callable[[dict[str, Any]], dict[str, Any]]
) -> Validation:
    """The records of this repository, each edited or left out, with the controls of a folder and what they state."""
    base = bank()

    def stated(spec: dict[str, Any]) -> None:
        spec["evidence"] = [state(dict(entry)) for entry in spec.get("evidence", ())]

    own = [spec_of(control, stated) for control in controls(folder)]
    others = [made for item in base.catalogue if item.id.kind != "Control" and (made := edit(item)) is not None]
    records = {item.id: item for item in (*others, *own)}
    catalogue = Catalogue(base.catalogue.snapshot, base.registry, records, [])
    return replace(base, catalogue=catalogue, facts=Facts.of(catalogue, base.facts.timezone), findings=(), outcomes=())


def begun() -> list[str]:
    basis = Basis(bank(), NOTHING)
    period = period_of({}, bank().now, None, None)
    return [item.name for item in basis.population(IN_PRODUCTION, period).members]


def well(entry: dict[str, Any]) -> dict[str, Any]:
    if entry["type"] == "audit":
        return {**entry, **STATED, **AUDITED}
    return {**entry, **STATED} if entry["type"] == "attestation" else entry


def ill(entry: dict[str, Any]) -> dict[str, Any]:
    if entry["type"] == "audit":
        return {**well(entry), "result": "failed"}
    return {**well(entry), "validUntil": "2026-11-01"} if entry["type"] == "attestation" else entry


def reviewed(validation: Validation) -> Iterator[Record]:
    """A recent review of every service."""
    review = validation.catalogue.of_kind("ServiceReview")[0]
    for service in validation.catalogue.of_kind("Service"):
        made = spec_of(review, lambda spec, name=service.name: spec.update(service=name, heldOn="2026-11-01"))  # type: ignore[misc]
        yield replace(made, id=RecordId("ServiceReview", f"of-{service.name}"))


def all_well(folder: str) -> dict[str, Assessment]:
    def edit(record: Record) -> Record | None:
        return None if record.name == "security-awareness" else record  # somebody has to renew that training

    found = world(folder, edit, well)
    records = {**found.catalogue.records, **{item.id: item for item in reviewed(found)}}
    catalogue = Catalogue(found.catalogue.snapshot, found.registry, records, [])
    passed = [item for item in bank().outcomes if item.status == "pass"]
    silent = {item.name: item.spec["match"]["kinds"][0] for item in bank().catalogue.of_kind("Policy")}
    for outcome in passed:
        silent.pop(outcome.policy, None)
    passed += [Outcome(name, RecordId(kind, "another"), "pass") for name, kind in silent.items()]
    facts = Facts.of(catalogue, found.facts.timezone)
    at = bank().now - timedelta(days=1)
    known = Known(
        {name: Approval("c") for name in begun()},
        (Deployment("line 1", "x in production", at),),
        {},
        {PATH: ForgeAnswer(at)},
        {item.path: at for item in catalogue},
    )
    return assess_controls(replace(found, catalogue=catalogue, facts=facts, outcomes=tuple(passed)), known)


def broken(record: Record) -> Record | None:
    """A record that meets no requirement of a control."""
    gone = {"Change": ("test", "validation", "model"), "Supplier": ("contract",), "Training": ("completions",)}
    kind = record.id.kind
    if kind == "Person":
        return spec_of(record, lambda spec: spec.update(active=record.name == SOMEBODY))
    if kind == "ServiceReview":
        return spec_of(record, lambda spec: spec.update(performance=[], heldOn="2025-01-01"))
    return spec_of(record, lambda spec: [spec.pop(name, None) for name in gone.get(kind, ())])  # type: ignore[arg-type, return-value]


def all_ill(folder: str) -> dict[str, Assessment]:
    found = world(folder, broken, ill)
    basis, changes = Basis(found, NOTHING), [RecordId("Change", name) for name in begun()]
    outcomes = []
    for policy in found.catalogue.of_kind("Policy"):
        kind = policy.spec["match"]["kinds"][0]
        about = [found.catalogue.records[item] for item in changes]
        quiet = [
            item.id
            for item in about
            if (usable := basis.usable.get(policy.name)) and not basis._at_work(item, {policy.name: usable})
        ]
        subject = (
            (quiet or changes)[0] if kind == "Change" else RecordId(kind, SOMEBODY if kind == "Person" else "another")
        )
        outcomes.append(Outcome(policy.name, subject, "fail", "it failed"))
    rules = {check.rule.id: sorted(check.reads or ("Service",)) for check in all_checks()} | {
        "reference-exists": ["Service"]
    }
    findings = tuple(
        Finding(
            name,
            Severity.ERROR,
            Location("x.yaml"),
            "wrong",
            "",
            changes[0] if "Change" in kinds else RecordId(kinds[0], "x"),
        )
        for name, kinds in rules.items()
    )
    at = bank().now - timedelta(days=800)
    known = Known(
        {name: Approval("c", "was pushed past the gate") for name in begun()},
        (Deployment("line 1", "x in production", bank().now - timedelta(days=1), "has no change"),),
        {},
        {PATH: ForgeAnswer(bank().now, ("may be bypassed",))},
        {item.path: at for item in found.catalogue},
    )
    return assess_controls(replace(found, outcomes=tuple(outcomes), findings=findings), known)


@pytest.mark.parametrize("folder", ["own", "packs"])
def test_every_control_can_be_satisfied(folder: str) -> None:
    found = all_well(folder)
    assert len(found) >= 51
    applies = {control.name for control in controls(folder) if control.spec.get("applicability") != "not-applicable"}
    wrong = {
        name: [
            (item.entry, item.missing or item.exceptions) for item in found[name].evidence if item.status != "satisfied"
        ]
        for name in applies
        if found[name].status != "satisfied"
    }
    assert not wrong


@pytest.mark.parametrize("folder", ["own", "packs"])
def test_every_piece_of_evidence_of_every_control_can_fail(folder: str) -> None:
    found = all_ill(folder)
    applies = [control.name for control in controls(folder) if control.spec.get("applicability") != "not-applicable"]
    assert {name for name in applies if found[name].status not in ("not-satisfied", "stale")} == set()
    good = {
        (name, str(item.entry))
        for name in applies
        for item in found[name].evidence
        if item.status not in ("not-satisfied", "stale")
    }
    assert good == set()


def test_the_register_looks_at_all_contracts_that_its_statement_speaks_of() -> None:
    found = as_they_stand()["dora-register"]
    suppliers = [f"Supplier {item.name}" for item in bank().catalogue.of_kind("Supplier")]
    assert found.evidence[0].size == len(suppliers) == found.size


@pytest.mark.parametrize("name", ["soc2-change-management", "iso-change-control", "dora-change-management"])
def test_change_control_rests_on_approvals_and_tests_of_all_changes_of_the_period(name: str) -> None:
    for control in (bank().catalogue.records[RecordId("Control", name)].spec, parse(shipped.control(name))["spec"]):
        assert control["population"] == IN_PRODUCTION
        assert [entry["type"] for entry in control["evidence"][:2]] == ["gate", "records"]
    found = as_they_stand()[name]
    assert found.size == len(begun()) > 30
    assert found.evidence[1].size == found.size
