"""What makes imported records usable at once: teams that they name and that are not there, and support of services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from itsm_as_code.findings import RecordId, Rule, Severity, sort_findings
from itsm_as_code.interchange._notes import Notes
from itsm_as_code.interchange._store import Conversion, Known, NewRecord
from itsm_as_code.records.formats import is_url
from itsm_as_code.records.kinds import API_VERSION

PLACEHOLDER = Rule(
    "import-placeholder",
    "A team that is named is there",
    Severity.WARNING,
    "For a team that imported records name and nobody has, one without members is made, with the label "
    "itsm/placeholder, so that everything else can be used. A later import that brings the team fills it in.",
)
SUPPORT = Rule(
    "import-support",
    "Users of a live service know where to get help",
    Severity.INFO,
    "Where a service that is live does not say so, the contacts of the team that owns it are written.",
)
RULES = (PLACEHOLDER, SUPPORT)
LABEL: Final = "itsm/placeholder"
"""Of a record that stands for what a source refers to and does not have."""
NOBODY: Final = "unknown"
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]+\Z")
_HELPED: Final = ("live", "deprecated")


def completed(conversion: Conversion, known: Known) -> Conversion:
    """A conversion with the teams that its records name and nobody has, and with support where teams can be reached."""
    notes = Notes()
    records = [*conversion.records, *_teams(conversion.records, known, notes)]
    _add_support(records, known, notes)
    return replace(conversion, records=records, findings=sort_findings([*conversion.findings, *notes.findings()]))


def _teams(records: Iterable[NewRecord], known: Known, notes: Notes) -> list[NewRecord]:
    there = {record.id for record in records} | known.records.keys()
    made: dict[RecordId, NewRecord] = {}
    for record in records:
        for reference in known.registry[record.id.kind].references(record.data):
            team = RecordId("Team", reference.name)
            if reference.kinds != ("Team",) or team in there:
                continue
            message = f"there is no {team}: one without members stands in"
            remedy = f"complete people/teams/{team.name}.yaml, or name another team"
            notes.add(PLACEHOLDER, message, record.origin, subject=record.id.name, remedy=remedy, record=team)
            metadata = {"name": team.name, "title": team.name, "labels": {LABEL: "true"}}
            data = {"apiVersion": API_VERSION, "kind": "Team", "metadata": metadata, "spec": {"members": []}}
            made.setdefault(team, NewRecord(team, data, record.origin, supplied=True))
    return list(made.values())


def _add_support(records: Iterable[NewRecord], known: Known, notes: Notes) -> None:
    teams = {id_.name: record.data for id_, record in known.records.items() if id_.kind == "Team"}
    teams |= {record.id.name: record.data for record in records if record.id.kind == "Team" and not record.supplied}
    for record in records:
        spec = record.data["spec"]
        if record.id.kind == "Service" and spec.get("lifecycle") in _HELPED and "support" not in spec:
            found = _support(teams.get(spec.get("owner"), {}))
            if found:
                spec["support"] = found
                message = "the contacts of the owners are written as where users get help"
                notes.add(SUPPORT, message, record.origin, subject=record.id.name, record=record.id)


def _support(team: Mapping[str, Any]) -> dict[str, str]:
    contacts = team.get("spec", {}).get("contacts", ())
    emails = [item["value"] for item in contacts if item["type"] == "email" and _EMAIL.match(item["value"])]
    pages = [item["value"] for item in contacts if is_url(item["value"])]
    if not (emails or pages):
        return {}
    found = {"channel": team["metadata"]["title"]}
    found |= {"url": pages[0]} if pages else {}
    return found | ({"email": emails[0]} if emails else {})
