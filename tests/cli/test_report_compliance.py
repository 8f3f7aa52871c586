"""`itsm report compliance`: controls over a period, with samples that anybody draws alike, and the clauses."""

from __future__ import annotations

import csv
import io
import json

import jsonschema

from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import Run, Workshop

CONTROL = """\
apiVersion: itsm/v1
kind: Control
metadata: {name: %s, title: Services have owners}
spec:
  framework: iso20000-1:2018
  clause: "%s"
  statement: Services have owners.
  owner: team-shop
  evidence: [{type: records, kind: Service, require: %s}]
"""


def test_what_fails_comes_first_and_clauses_without_controls_are_named(workshop: Workshop, itsm: Run) -> None:
    workshop.write("policies/controls/owned.yaml", CONTROL % ("owned", "5.3", "has(object.spec.owner)"))
    workshop.write("policies/controls/tiered.yaml", CONTROL % ("tiered", "8.5.1.3", "object.spec.tier == 1"))
    asked = ("report", "compliance", "-C", workshop.path, "--now", "2026-11-22T12:00:00Z")
    code, out, _ = itsm(*asked, "--format", "json", "--sample", "2", "--seed", "7")
    data = json.loads(out)
    schema = KindRegistry.load().bundled("reports/compliance-report.schema.json")
    jsonschema.Draft202012Validator(schema).validate(data)
    assert code == 1
    failing, good = data["controls"]
    assert (failing["control"], failing["status"], good["status"]) == ("tiered", "not-satisfied", "satisfied")
    assert failing["size"] == good["size"] == 4
    assert all(item["subject"].startswith("Service ") for item in failing["exceptions"])
    assert failing["missing"].startswith(failing["exceptions"][0]["subject"])
    assert json.loads(itsm(*asked, "--format", "json", "--sample", "2", "--seed", "7")[1]) == data
    assert len(good["sample"]) == 2
    (iso,) = data["coverage"]
    assert (iso["covered"], iso["satisfied"], len(iso["clauses"])) == (2, 1, 45)
    assert {row["clause"]: row["controls"] for row in iso["clauses"] if row["controls"]} == {
        "5.3": ["owned"], "8.5.1": ["tiered"],
    }  # fmt: skip
    code, out, _ = itsm(*asked, "--by", "team")
    assert "team-shop: 1 not-satisfied, 1 satisfied" in out
    assert "2 of 45 clauses have a control" in out
    rows = list(csv.DictReader(io.StringIO(itsm(*asked, "--format", "csv")[1])))
    assert [row["control"] for row in rows] == ["tiered", "owned"]


def test_a_control_that_cannot_be_assessed_is_no_yes(workshop: Workshop, itsm: Run) -> None:
    asked = ("report", "compliance", "-C", workshop.path, "--now", "2026-11-22T12:00:00Z")
    assert itsm(*asked)[0] == 2  # no control at all
    gate = (CONTROL % ("owned", "8.5.1", "true")).replace("type: records, kind: Service, require: true", "type: gate")
    workshop.write("policies/controls/owned.yaml", gate)
    code, out, _ = itsm(*asked, "--format", "markdown")
    assert code == 2
    assert "itsm.yaml names no key" in out
