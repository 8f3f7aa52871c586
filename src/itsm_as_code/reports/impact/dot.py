"""A graph for Graphviz, with the arrows of the Mermaid chart."""

from __future__ import annotations

from itsm_as_code.measures.blast_radius import BlastRadius
from itsm_as_code.reports.impact import edges


def render(radius: BlastRadius) -> str:
    lines = ["digraph impact {", "  rankdir=TB; node [shape=box];"]
    lines += [f'  "{item.service}" [penwidth=3];' for item in radius.direct]
    lines += [f'  "{item.service}";' for item in radius.computed]
    for service, via, is_hard in edges(radius.computed):
        lines.append(f'  "{service}" -> "{via}"{"" if is_hard else " [style=dashed]"};')
    return "\n".join([*lines, "}", ""])
