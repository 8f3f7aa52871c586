"""The guards of deployment statements: whose word counts, and for what it never does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from itsm_as_code import validation
from itsm_as_code.assurance import deployed, deployments
from itsm_as_code.cli import _deployed
from itsm_as_code.gate import candidate
from tests.attacks.guards import Guard, nothing, patched


def judges_read_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements count for whatever judges, the gate among it, and rewrite how a change ended."""
    real = validation.load_rule_set

    def load_rule_set(snapshot: Any, *arguments: Any, **options: Any) -> Any:
        found = real(snapshot, *arguments, **options)
        changes = found.catalogue.of_kind("Change")
        lines = _deployed.lines_about(snapshot.objects.folder, found.configuration, changes)
        told, real_ones = deployed.as_deployed(found.catalogue, lines), {record.id: record for record in changes}
        as_read = [
            replace(record, oid=old.oid, content=old.content)  # by which the head takes it over
            for record in told.of_kind("Change")
            if (old := real_ones[record.id]).data is not record.data
        ]
        return replace(found, catalogue=told.joined(as_read, told.findings))

    monkeypatch.setattr(deployed, "is_ahead", lambda record: record.spec.get("type") == "standard")
    for reader in (validation, candidate):
        monkeypatch.setattr(reader, "load_rule_set", load_rule_set)


def of_any_service(change: Any, lines: Any, _real: Any = deployed.deployed_of) -> Any:
    data = {**change.data, "spec": {**change.spec, "services": []}}
    return _real(replace(change, data=data), lines)


DEPLOYMENT_GUARDS: Final = (
    Guard(
        "statements of deployers alone",
        patched(deployments, "_unsigned", nothing),
        ("closes-a-change-with-a-key-of-its-own",),
    ),
    Guard(
        "deployers speak of what they deploy",
        patched(deployments, "_may_say", lambda *_: True),
        ("closes-a-change-of-a-service-that-it-does-not-deploy",),
    ),
    Guard(
        "lines follow each other",
        patched(deployments, "_breaks", nothing),
        ("takes-the-line-away-that-says-it-failed",),
    ),
    Guard(
        "each service has its statement",
        patched(deployed, "deployed_of", of_any_service),
        ("closes-two-services-by-a-statement-of-one",),
    ),
    Guard(
        "statements judge nothing",
        judges_read_statements,
        ("lifts-a-suspension-by-a-leaked-key", "lowers-a-risk-by-a-leaked-key"),
    ),
)
