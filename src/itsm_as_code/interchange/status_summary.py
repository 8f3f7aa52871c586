"""How services stand, in the shape of Statuspage's ``summary.json`` (API v2 of status pages, such as
https://www.githubstatus.com/api/v2/summary.json), which many tools read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from itsm_as_code.clock import format_instant, parse_instant
from itsm_as_code.interchange.icalendar import stable_uid
from itsm_as_code.measures.condition import SETTLED, condition, worst_outages
from itsm_as_code.records.facts import Data, Facts

TITLE: Final = "Statuspage summary"
_GRAVITY: Final = ("operational", "under_maintenance", "degraded_performance", "major_outage")
_INDICATORS: Final = {
    "operational": ("none", "All Systems Operational"),
    "under_maintenance": ("maintenance", "Service Under Maintenance"),
    "degraded_performance": ("minor", "Partially Degraded Service"),
    "major_outage": ("major", "Major System Outage"),
}
_IMPACTS: Final = {"P1": "critical", "P2": "major", "P3": "minor"}
_STATES: Final = {"new": "investigating", "acknowledged": "investigating", "in-progress": "identified"}
_COMPONENTS: Final = {
    "out": "major_outage",
    **dict.fromkeys(("degraded", "affected", "incident"), "degraded_performance"),
    "changing": "under_maintenance",
}
"""What Statuspage calls a condition; whatever else is operational, small faults as well."""
_LIVE: Final = ("live", "deprecated")


def summary(facts: Facts, now: datetime, name: str, url: str, timezone: str) -> dict[str, Any]:
    """The page at an instant: ``components`` are services that are live, ``incidents`` those that are open, and
    ``scheduled_maintenances`` changes with a window that is on or to come. The same records give the same text."""
    page, at = stable_uid("status", name), format_instant(now)
    states = _states(facts, now)
    services = [data for data in facts.records("Service") if data["spec"]["lifecycle"] in _LIVE]
    services.sort(key=lambda data: (data["spec"]["tier"], data["metadata"]["name"]))
    components = {
        data["metadata"]["name"]: {
            "id": stable_uid("service", data["metadata"]["name"]),
            "name": data["metadata"]["title"],
            "status": states[data["metadata"]["name"]],
            "created_at": at,
            "updated_at": at,
            "position": number,
            "description": data["metadata"].get("description"),
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": page,
            "group": False,
            "only_show_if_degraded": False,
        }
        for number, data in enumerate(services, 1)
    }
    worst = max((item["status"] for item in components.values()), key=_GRAVITY.index, default="operational")
    indicator, described = _INDICATORS[worst]
    opened = sorted(_open(facts), key=lambda data: (data["spec"]["detectedAt"], data["metadata"]["name"]))
    planned = sorted(
        _planned(facts, now), key=lambda data: (data["spec"]["schedule"]["start"], data["metadata"]["name"])
    )
    return {
        "page": {"id": page, "name": name, "url": url, "time_zone": timezone, "updated_at": at},
        "status": {"indicator": indicator, "description": described},
        "components": list(components.values()),
        "incidents": [_incident(data, page, components) for data in opened],
        "scheduled_maintenances": [_maintenance(data, page, components, now) for data in planned],
    }


def _open(facts: Facts) -> list[Data]:
    return [data for data in facts.records("Incident") if data["spec"]["status"] not in SETTLED]


def _states(facts: Facts, now: datetime) -> dict[str, str]:
    """How each service stands, by the rule that the site goes by."""
    opened = [data["spec"] for data in _open(facts)]
    outages = worst_outages(((spec, spec) for spec in opened), now)
    out = [service for service, (kind, _) in outages.items() if kind == "full"]
    affected = facts.graph.dependents(*out) if out else {}
    changes = [data["spec"] for data in facts.records("Change") if data["spec"]["status"] == "implementing"]
    changing = {service for spec in changes for service in spec["services"]}
    incidents: dict[str, list[Data]] = {}
    for spec in opened:
        for service in spec["services"]:
            incidents.setdefault(service, []).append(spec)
    found = {}
    for data in facts.records("Service"):
        name = data["metadata"]["name"]
        outage = outages[name][0] if name in outages else None
        stands = condition(data["spec"], outage, name in affected, incidents.get(name, []), name in changing)
        found[name] = _COMPONENTS.get(stands, "operational")
    return found


def _planned(facts: Facts, now: datetime) -> list[Data]:
    return [
        change
        for change in facts.records("Change")
        if change["spec"]["status"] in ("scheduled", "implementing")
        and "schedule" in change["spec"]
        and now < parse_instant(change["spec"]["schedule"]["end"])
    ]


def _incident(data: Data, page: str, components: Mapping[str, Any]) -> dict[str, Any]:
    spec, identity = data["spec"], stable_uid("incident", data["metadata"]["name"])
    state = _STATES.get(spec["status"], "monitoring")
    told = [
        {"id": stable_uid("incident", data["metadata"]["name"], str(number)), "status": state, "body": item["message"]}
        | {"incident_id": identity, "created_at": item["at"], "updated_at": item["at"], "display_at": item["at"]}
        for number, item in enumerate(spec.get("communications", ()), 1)
    ]
    return {
        "id": identity,
        "name": data["metadata"]["title"],
        "status": state,
        "created_at": spec["detectedAt"],
        "updated_at": max((item["created_at"] for item in told), default=spec["detectedAt"]),
        "monitoring_at": spec.get("restoredAt"),
        "resolved_at": None,
        "impact": _IMPACTS.get(spec.get("priority", ""), "none"),
        "shortlink": None,
        "started_at": spec.get("occurredAt", spec["detectedAt"]),
        "page_id": page,
        "incident_updates": told[::-1],
        "components": [components[name] for name in spec["services"] if name in components],
    }


def _maintenance(data: Data, page: str, components: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    spec, window = data["spec"], data["spec"]["schedule"]
    return {
        "id": stable_uid("change", data["metadata"]["name"]),
        "name": data["metadata"]["title"],
        "status": "in_progress" if spec["status"] == "implementing" else "scheduled",
        "created_at": window["start"],
        "updated_at": window["start"],
        "monitoring_at": None,
        "resolved_at": None,
        "impact": "maintenance",
        "shortlink": None,
        "started_at": window["start"],
        "page_id": page,
        "incident_updates": [],
        "components": [components[name] for name in spec["services"] if name in components],
        "scheduled_for": window["start"],
        "scheduled_until": window["end"],
    }
