"""What controls rest on beside the records: approvals as `itsm audit` finds them, statements, the forge's answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from itsm_as_code.assurance.audit import Asked, audit
from itsm_as_code.assurance.deployments import appended, deployers, read_lines
from itsm_as_code.assurance.for_controls import approval_of, approvals, deployments, forge_answers, started
from itsm_as_code.assurance.landings import Unit
from itsm_as_code.cli._controls import known_of
from itsm_as_code.compliance import Assessment, assess_controls
from itsm_as_code.compliance.known import Approval, ForgeAnswer
from itsm_as_code.configuration import EvidenceKey, EvidenceSettings
from itsm_as_code.gate.endorsement import NAMESPACE
from itsm_as_code.records.facts import Facts
from itsm_as_code.signing import bare_key, sign
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import load_rule_set, validate
from tests.assurance.test_audit_kinds import begun
from tests.assurance.tools import LATER, NAME, Firm
from tests.attacks.test_34_deployments import DEPLOYERS
from tests.attacks.tools import CHANGE
from tests.conftest import NOW, Workshop
from tests.signing import make_key, public

CONTROL = """\
apiVersion: itsm/v1
kind: Control
metadata: {name: changes, title: Changes are authorised}
spec:
  framework: soc2
  clause: CC8.1
  statement: Changes are authorised.
  population: {kind: Change, at: /spec/actual/start}
  evidence: [{type: gate}]
"""


def found(firm: Firm) -> Mapping[str, Approval] | str:
    ledger = firm.ledger()
    changes = load_rule_set(ledger.repository.snapshot(ledger.tip)).catalogue.of_kind("Change")
    return approvals(ledger, changes, {})


def assessed(firm: Firm) -> Assessment:
    firm.git("checkout", "-q", "main")
    validation = validate(WorkTree(firm.shop.path), LATER)
    return assess_controls(validation, known_of(firm.shop.path, "main", validation, None))["changes"]


def test_a_change_that_the_gate_let_through_is_approved(firm: Firm) -> None:
    firm.git("checkout", "-q", "main")
    firm.shop.write("policies/controls/changes.yaml", CONTROL)
    firm.shop.commit("Ask for approvals")
    begun(firm, "")
    firm.note()
    assert assessed(firm).status == "satisfied"


def test_a_change_that_was_pushed_past_the_gate_is_an_exception(firm: Firm) -> None:
    firm.git("checkout", "-q", "main")
    firm.shop.write("policies/controls/changes.yaml", CONTROL)
    firm.shop.edit(CHANGE, "status: proposed", 'actual: {start: "2026-11-22T07:00:00Z"}\n  status: implementing')
    commit = firm.shop.commit("Just do it", who="erin")
    firm.note()
    (wrong,) = (item for item in audit(firm.ledger(), Asked()).findings if item.commit == commit)
    control = assessed(firm)
    assert (control.status, control.size) == ("not-satisfied", 1)
    assert [(item.subject, item.message) for item in control.exceptions] == [(f"Change {NAME}", wrong.message)]


def test_a_merge_without_evidence_is_an_exception(firm: Firm) -> None:
    begun(firm)
    told = found(firm)
    assert isinstance(told, Mapping)
    assert "no evidence covers" in told[NAME].why_not


def test_only_what_was_approved_before_the_work_is_approved(workshop: Workshop) -> None:
    workshop.change()
    change = load_rule_set(WorkTree(workshop.path)).catalogue.of_kind("Change")[0]
    unit = Unit("b", ("c",), merged_at="2026-11-22T10:00:00Z")
    assert approval_of(change, NOW, "c", {"c": unit}) == Approval("c")
    assert "was authorised at" in approval_of(change, NOW - timedelta(hours=3), "c", {"c": unit}).why_not
    assert approval_of(change, NOW, "c", {"c": replace(unit, unchecked="shallow")}).unknown == "shallow"
    assert approval_of(change, NOW, None, {"c": unit}).unknown
    afterwards = replace(change, data={**change.data, "spec": {**change.spec, "recordedAfterwards": True}})
    assert "recorded afterwards" in approval_of(afterwards, NOW, "c", {"c": unit}).why_not


def test_without_a_key_nothing_shows_what_was_approved(workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.write("policies/controls/changes.yaml", CONTROL)
    workshop.change()
    workshop.edit(CHANGE, "status: proposed", 'actual: {start: "2026-11-22T07:00:00Z"}\n  status: implementing')
    workshop.commit("A change", who="erin")
    validation = validate(WorkTree(workshop.path), NOW)
    control = assess_controls(validation, known_of(workshop.path, "main", validation, None))["changes"]
    assert control.status == "not-assessed"
    assert "itsm.yaml names no key" in control.evidence[0].missing


def test_statements_say_what_was_deployed_and_when_changes_began(workshop: Workshop) -> None:
    key = make_key(workshop.path.parent, "deploy")
    settings = (workshop.path / "itsm.yaml").read_text().rstrip() + "\n"
    workshop.write("itsm.yaml", settings + DEPLOYERS % public(key))
    workshop.change(**{"status: proposed": "status: implementing"})
    validation = validate(WorkTree(workshop.path), LATER)
    content = b""
    for start in ("2026-12-01T19:00:00Z", "2026-12-01T20:30:00Z", "2026-12-01T20:10:00Z"):
        said = {"deployer": "pipeline", "service": "newsletter", "environment": "production", "change": NAME}
        said |= {"artifact": "sha256:" + "4" * 64, "start": start, "end": start, "result": "successful"}
        content = appended(content, said, key)
    lines = read_lines(content + b"{}\n", deployers(validation.configuration.raw))
    began = started(lines, validation.catalogue.of_kind("Change"))
    assert {name: f"{at:%H:%M}" for name, at in began.items()} == {NAME: "20:10"}  # what came before was to try it out
    told = deployments(lines, validation.facts, LATER + timedelta(days=30))
    assert [(item.start is None, "before the window" in item.why_not) for item in told] == [
        (False, True), (False, False), (False, False), (True, False),
    ]  # fmt: skip


FORGE = {
    "schema": "itsm/forge-audit/v1", "passed": True, "forge": "github", "repository": "shop/records", "branch": "main",
    "commit": "a" * 40, "at": "2026-11-22T00:00:00Z", "holes": [],
}  # fmt: skip


def answer(top: Path, key: Path, settings: EvidenceSettings, *, is_signed: bool = True, **told: Any) -> ForgeAnswer:
    control = CONTROL.replace("{type: gate}", "{type: forge, path: forge.json}")
    (top / "policies/controls").mkdir(parents=True, exist_ok=True)
    (top / "policies/controls/changes.yaml").write_text(control)
    content = json.dumps({**FORGE, **told}).encode()
    (top / "forge.json").write_bytes(content)
    (top / "forge.json.sig").write_text(sign(content, key, NAMESPACE) if is_signed else "none")
    catalogue = load_rule_set(WorkTree(top)).catalogue
    return forge_answers(catalogue, settings, Facts.of(catalogue), NOW)["forge.json"]


def test_the_answer_of_the_forge_counts_only_as_it_was_signed(workshop: Workshop, tmp_path: Path) -> None:
    key, other = make_key(tmp_path, "job"), make_key(tmp_path, "other")
    settings = EvidenceSettings(None, "shop/records", (EvidenceKey(bare_key(public(key))),))
    top = workshop.path
    assert not answer(top, key, settings).why_not
    hole = {"code": "bypass", "severity": "error", "message": "may be bypassed", "remedy": "close it"}
    assert answer(top, key, settings, passed=False, holes=[hole]).holes == ("may be bypassed",)
    for wrong in (
        answer(top, other, settings),
        answer(top, key, settings, is_signed=False),
        answer(top, key, settings, repository="some/other"),
        answer(top, key, settings, holes="none"),
        answer(top, key, replace(settings, keys=(replace(settings.keys[0], compromised=True),))),
    ):
        assert wrong.why_not
    (top / "forge.json").write_text(json.dumps({**FORGE, "at": "2026-11-21T00:00:00Z"}))
    catalogue = load_rule_set(WorkTree(top)).catalogue
    assert (
        "not one of these bytes" in forge_answers(catalogue, settings, Facts.of(catalogue), NOW)["forge.json"].why_not
    )
    (top / "forge.json.sig").unlink()
    catalogue = load_rule_set(WorkTree(top)).catalogue
    (found,) = forge_answers(catalogue, settings, Facts.of(catalogue), NOW).values()
    assert "not signed" in found.why_not
