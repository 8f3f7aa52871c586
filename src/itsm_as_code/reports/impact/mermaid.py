"""A Mermaid flow chart: an arrow from each service to the one through which it is reached, dashed where not hard.

Names of services are lower-case letters, digits and hyphens; a node is known by a number, for ``end`` is a word of
the language.
"""

from __future__ import annotations

from itsm_as_code.measures.blast_radius import BlastRadius
from itsm_as_code.reports.impact import edges


def render(radius: BlastRadius) -> str:
    names = {item.service: f"s{index}" for index, item in enumerate((*radius.direct, *radius.computed))}
    lines = ["flowchart TD"]
    lines += [f'  {names[item.service]}["{item.service}"]:::changed' for item in radius.direct]
    lines += [f'  {names[item.service]}["{item.service}"]' for item in radius.computed]
    for service, via, is_hard in edges(radius.computed):
        lines.append(f"  {names[service]} {'-->' if is_hard else '-.->'} {names[via]}")
    return "\n".join([*lines, "  classDef changed stroke-width:3px", ""])
