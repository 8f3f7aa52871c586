"""A standard change without a record: what a model pre-authorises, asked for one service at one instant.

It is judged as the change that its record would be: in force, covered by the model, inside its pre-authorisation to the
end, not frozen, its budget not used up, no review overdue. So a pipeline needs no pull request for it, only an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.errors import UsageError
from itsm_as_code.findings import RecordId, did_you_mean, parse_pointer
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import API_VERSION
from itsm_as_code.validation import RuleSet

_NO_FILE: Final = "changes/.by-model"
"""Where no record lies."""


def name_of(model: str) -> str:
    """How the change is called; no record can be called so, and no waiver can name it."""
    return f"a change by model {model}"


def with_change(rule_set: RuleSet, model: str, service: str, at: datetime, lasts: timedelta) -> tuple[RuleSet, Record]:
    """The rule set with the change that a model pre-authorises, and that change. UsageError for a model unknown."""
    found = rule_set.catalogue.get("ChangeModel", model)
    if found is None:
        hint = did_you_mean(model, rule_set.catalogue.names("ChangeModel"))
        raise UsageError(f"there is no change model named '{model}'", remedy=hint or "name one, or ask about a CHANGE")
    data = _change(found, service, at, lasts)
    kind = rule_set.registry["Change"]
    record = Record(RecordId("Change", name_of(model)), kind, data, _NO_FILE, b"")
    catalogue = rule_set.catalogue.joined([record], rule_set.catalogue.findings)
    return replace(rule_set, catalogue=catalogue), record


def _change(model: Record, service: str, at: datetime, lasts: timedelta) -> dict[str, Any]:
    data: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "Change", "metadata": {"name": name_of(model.name)}}
    schedule = {"start": clock.format_instant(at), "end": clock.format_instant(at + lasts)}
    data["spec"] = {"type": "standard", "model": model.name, "services": [service], "status": "scheduled"}
    data["spec"] |= {"schedule": schedule}
    for pointer, value in model.spec.get("fixed", {}).items():
        _put(data, tuple(map(str, parse_pointer(pointer))), value)
    return data


def _put(data: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Set what the model fixes, but for what makes the change this one."""
    if place[:1] != ("spec",) or place[1:2] in (("type",), ("model",), ("services",), ("status",), ("schedule",)):
        return
    below: Any = data
    for part in place[:-1]:
        below = below.setdefault(part, {}) if isinstance(below, dict) else {}
    if isinstance(below, dict):
        below[place[-1]] = dict(value) if isinstance(value, Mapping) else value
