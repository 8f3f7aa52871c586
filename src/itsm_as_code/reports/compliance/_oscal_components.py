"""An OSCAL component definition: what of the repository does something for which control.

The process as a whole is one component, every policy that controls rest on another. It says what is there to meet a
control, never how the control stands: that is what assessment results are for.

Source: https://pages.nist.gov/OSCAL-Reference/models/v1.2.3/component-definition/json-reference/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from itsm_as_code.compliance import ControlStatus
from itsm_as_code.reports.compliance import Compliance, Row
from itsm_as_code.reports.compliance._oscal import about, document, frameworks, identified, text, token

_PROCESS = (
    "Records of services and changes in git, the rules that judge them, and the approval of every change to them."
)


def render(report: Compliance) -> str:
    """The document; a control that does not apply is left out, and named with the reason in the remarks."""
    by_policy: dict[str, list[Row]] = {}
    for row in report.rows:
        for name in {str(item["policy"]) for item in row.spec.get("evidence", ()) if "policy" in item}:
            by_policy.setdefault(name, []).append(row)
    sources = {name: resource for name, _, resource in frameworks(report)}
    components = [_component("process-procedure", "Service management as code", _PROCESS, report.rows, sources)]
    components += [
        _component("policy", report.policies[name], f"Policy {name}.", rows, sources)
        for name, rows in sorted(by_policy.items())
        if name in report.policies
    ]
    content = {"components": components, "back-matter": {"resources": list(sources.values())}}
    return document("component-definition", "Component definition", report, content)


def _component(
    kind: str, title: str, description: str, rows: Iterable[Row], sources: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    applying: dict[str, list[Row]] = {}
    out = []
    for row in sorted(rows, key=lambda row: (row.framework, row.clause, row.name)):
        if row.assessment.status is ControlStatus.NOT_APPLICABLE:
            out.append(f"{row.name} does not apply: {row.spec.get('reason', '')}")
        else:
            applying.setdefault(row.framework, []).append(row)
    content: dict[str, Any] = {"type": kind, "title": text(title), "description": text(description)}
    if applying:
        content["control-implementations"] = [
            _implementation(description, name, found, sources[name]) for name, found in applying.items()
        ]
    return identified(["component", description], content | ({"remarks": text("; ".join(out))} if out else {}))


def _implementation(component: str, framework: str, rows: list[Row], source: Mapping[str, Any]) -> dict[str, Any]:
    content = {
        "source": f"#{source['uuid']}",
        "description": text(f"What it does for {framework}."),
        "implemented-requirements": [_requirement(component, row) for row in rows],
    }
    return identified(["implementation", component, framework], content)


def _requirement(component: str, row: Row) -> dict[str, Any]:
    content = {
        "control-id": token(row.name),
        "description": text(str(row.spec.get("statement", row.title))),
        "props": about(row),
    }
    return identified(["requirement", component, row.name], content)
