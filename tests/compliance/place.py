"""The small organisation with one control, and what else a case needs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from itsm_as_code.compliance import Assessment, Known, Sample, assess_controls
from itsm_as_code.compliance.controls import NO_SAMPLE
from itsm_as_code.compliance.known import NOTHING
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import validate
from tests.conftest import NOW, SMALL, copy_tree

CHANGE = """\
apiVersion: itsm/v1
kind: Change
metadata: {name: %s, title: Tune it}
spec:
  {type: normal, services: [newsletter], requester: alice, summary: Tune it., status: proposed, backout: {steps: [%s]}}
"""


class Place:
    """The small organisation with one control and what else a case needs."""

    def __init__(self, top: Path) -> None:
        self.top = top
        copy_tree(SMALL, top)

    def write(self, path: str, text: str) -> None:
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def assess(
        self,
        *evidence: dict[str, Any],
        now: datetime = NOW,
        known: Known = NOTHING,
        sample: Sample = NO_SAMPLE,
        **spec: Any,
    ) -> Assessment:
        whole = {"framework": "soc2", "clause": "CC8.1", "statement": "Changes are judged.", "evidence": list(evidence)}
        data = {"apiVersion": "itsm/v1", "kind": "Control", "metadata": {"name": "c", "title": "C"}}
        self.write("policies/controls/c.yaml", yaml.safe_dump({**data, "spec": {**whole, **spec}}))
        return assess_controls(validate(WorkTree(self.top), now), known, sample=sample)["c"]

    def change(self, name: str, *steps: str) -> None:
        self.write(f"changes/2026/11/22/{name}.yaml", CHANGE % (name, ", ".join(steps)))

    def done(self, name: str, start: str | None, status: str = "closed", kind: str = "normal", **spec: Any) -> None:
        """A change that was carried out for an hour."""
        data = yaml.safe_load(CHANGE % (name, "Set it back, Restart"))
        if start is not None:
            spec["actual"] = {"start": start, "end": f"{start[:11]}23:59:00Z"}
        said = {
            "status": status,
            "type": kind,
            "result": "successful",
            "schedule": {"start": "2026-11-01T20:00:00Z", "end": "2026-11-01T22:00:00Z"},
        }
        data["spec"] |= {**said, **spec}
        self.write(f"changes/2026/11/22/{name}.yaml", yaml.safe_dump(data))

    def test_of_continuity(self, service: str, day: str) -> None:
        path = next((self.top / "services").rglob(f"{service}.yaml"))
        data = yaml.safe_load(path.read_text())
        data["spec"]["continuity"] = {"rto": "PT1H", "lastTested": day}
        path.write_text(yaml.safe_dump(data))
