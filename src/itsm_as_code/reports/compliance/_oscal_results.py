"""OSCAL assessment results: what `itsm report compliance` says, for the tools of auditors.

Only a control that is satisfied or not satisfied becomes a finding, for OSCAL knows no other state of one. What is
stale, not assessed or does not apply is told by its observations alone, so that no reader counts it as satisfied.

Source: https://pages.nist.gov/OSCAL-Reference/models/v1.2.3/assessment-results/json-reference/.
"""

from __future__ import annotations

from typing import Any, Final

from itsm_as_code.clock import Interval, format_instant
from itsm_as_code.compliance import ControlStatus, Evidence
from itsm_as_code.reports import escape
from itsm_as_code.reports.compliance import Compliance, Row, missing, named
from itsm_as_code.reports.compliance._oscal import about, document, frameworks, identified, props, text, token

_STATES: Final = {ControlStatus.SATISFIED: "pass", ControlStatus.NOT_SATISFIED: "fail"}
_PLAN: Final = (
    "The controls in the repository of records, as they stand at the instant of this document: each names its "
    "population and the evidence that is looked at."
)


def render(report: Compliance) -> str:
    """The document; a result for each framework and period."""
    plan = identified(["plan"], {"title": "Assessment plan", "description": _PLAN})
    resources, results = [plan], []
    for name, rows, resource in frameworks(report):
        resources.append(resource)
        judged: dict[Interval, list[Row]] = {}
        for row in rows:
            judged.setdefault(row.assessment.period or Interval(report.now, report.now), []).append(row)
        for period in sorted(judged, key=lambda item: (item.start, item.end)):
            results.append(_result(report, name, judged[period], period, resource))
    said = {"import-ap": {"href": f"#{plan['uuid']}"}, "results": results}
    return document(
        "assessment-results", "Assessment results", report, {**said, "back-matter": {"resources": resources}}
    )


def _result(
    report: Compliance, name: str, rows: list[Row], period: Interval, resource: dict[str, Any]
) -> dict[str, Any]:
    observations, findings = [], []
    for row in rows:
        seen = [_of_control(report, row), *(_of_evidence(report, row, item) for item in row.assessment.evidence)]
        observations += seen
        if row.assessment.status in _STATES:
            findings.append(_finding(row, [item["uuid"] for item in seen]))
    left_out = ControlStatus.NOT_APPLICABLE
    chosen = {
        "include-controls": [row for row in rows if row.assessment.status is not left_out],
        "exclude-controls": [row for row in rows if row.assessment.status is left_out],
    }
    selection = {key: [{"control-id": token(row.name)} for row in found] for key, found in chosen.items() if found}
    content: dict[str, Any] = {
        "title": text(f"{resource['title']}, {period.start:%Y-%m-%d} to {period.end:%Y-%m-%d}"),
        "description": text(f"Controls of {name}; what is stale or not assessed has observations and no finding."),
        "start": format_instant(period.start),
        "end": format_instant(period.end),
        "links": [{"href": f"#{resource['uuid']}", "rel": "reference"}],
        "reviewed-controls": {"control-selections": [selection]},
        "observations": observations,
    }
    return identified(["result", name], content | ({"findings": findings} if findings else {}))


def _of_control(report: Compliance, row: Row) -> dict[str, Any]:
    """What a control is judged on, and every exception."""
    found = row.assessment
    said = missing(found) or row.spec.get("reason", "") or f"{found.size} in the population, no exception"
    told = props(
        status=found.status,
        population=found.population,
        population_size=found.size,
        population_digest=found.digest,
        exceptions=len(found.exceptions),
        not_looked_at=len(found.unseen),
        approver=row.spec.get("approver", "") if found.status is ControlStatus.NOT_APPLICABLE else "",
    )
    told += [item for name in found.sample for item in props(sample=name)]
    wrong = [f"{item.subject}: {item.message}" for item in found.exceptions]
    wrong += [f"{name}: no evidence looks at it" for name in found.unseen]
    return _observation(
        report, row, f"{row.name}: {found.status}", said, told, [{"description": text(w)} for w in wrong]
    )


def _of_evidence(report: Compliance, row: Row, found: Evidence) -> dict[str, Any]:
    what = " ".join(filter(None, (found.type, named(found.entry))))
    numbers = {"good": found.good, "bad": found.bad, "waived": found.waived, "unknown": found.unknown}
    told = props(status=found.status, evidence=found.type, **numbers)
    said = ". ".join(filter(None, (found.population, found.missing, str(found.entry.get("statement", "")))))
    links = []
    if "url" in found.entry:
        links = [{"href": escape.uri(str(found.entry["url"])), "description": text(f"The document of {what}.")}]
    return _observation(report, row, f"{row.name}: {what} is {found.status}", said or found.status, told, links)


def _observation(
    report: Compliance, row: Row, title: str, said: str, told: list[dict[str, str]], evidence: list[dict[str, str]]
) -> dict[str, Any]:
    content: dict[str, Any] = {
        "title": text(title),
        "description": text(said),
        "props": [*about(row), *told],
        "methods": ["EXAMINE"],
        "types": ["control-objective"],
        "collected": format_instant(report.now),
    }
    return identified(["observation", row.name], content | ({"relevant-evidence": evidence} if evidence else {}))


def _finding(row: Row, observations: list[str]) -> dict[str, Any]:
    found = row.assessment
    target = {
        "type": "objective-id",
        "target-id": token(row.name),
        "title": text(row.title),
        "status": {"state": found.status.value, "reason": _STATES[found.status]},
    }
    content = {
        "title": text(f"{row.framework} {row.clause}: {row.title}"),
        "description": text(missing(found) or f"No exception in a population of {found.size}."),
        "props": about(row),
        "target": target,
        "related-observations": [{"observation-uuid": item} for item in observations],
    }
    return identified(["finding", row.name], content)
