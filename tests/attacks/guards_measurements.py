"""The guards of what was measured of services."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from itsm_as_code import validation
from itsm_as_code.gate import approvals
from itsm_as_code.records.measured import Measurements
from itsm_as_code.service_levels.measurements.load import of_snapshot
from tests.attacks.guards import Guard, nothing, patched


def its_own(rule_set: Any, snapshot: Any) -> Any:
    return of_snapshot(snapshot, rule_set.configuration.raw)


def what_can_be_read(self: Measurements, service: str, objective: str) -> Any:
    return self.found.get((service, objective), ())


MEASUREMENT_GUARDS: Final = (
    Guard(
        "downtime is what either says",
        patched(import_module("itsm_as_code.service_levels.attainment"), "_measured_parts", nothing),
        ("goes-on-without-a-budget-that-monitoring-used-up",),
    ),
    Guard(
        "measurements of the base",
        patched(validation, "_monitoring_of", its_own),
        ("measures-its-own-service-anew",),
    ),
    Guard(
        "what fell is not taken back alone",
        patched(approvals, "measured_rules", nothing),
        ("takes-a-measured-outage-back-alone",),
    ),
    Guard(
        "measurements that can be relied on",
        patched(Measurements, "of", what_can_be_read),
        ("goes-on-while-nobody-can-read-what-was-measured",),
    ),
)
"""What each keeps out, how it is taken away, and the scenarios that only it stops."""
