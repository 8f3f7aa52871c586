"""What a service depends on and what depends on it: as a picture, as a table, and by way of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import Inline, Missing, Node, Picture, Row, Table, Text, Value, text

_MOST_ROWS = 400


def add(made: RecordPage, now: state.Now) -> None:
    context, record = made.context, made.record
    rows: list[Row] = []
    upstream: list[Node] = []
    downstream: list[Node] = []
    needs = [(context.catalogue.get("Service", d["service"]), d) for d in record.spec.get("dependsOn", ())]
    needed: list[tuple[Record | None, Mapping[str, Any]]] = [*context.dependants.get(record.name, ())]
    for direction, pairs, nodes in (("Depends on", needs, upstream), ("Needed by", needed, downstream)):
        for other, dependency in sorted(pairs, key=lambda p: (p[1]["strength"], p[0].title if p[0] else "")):
            hard = dependency["strength"] == "hard"
            group = dependency.get("redundancyGroup", "")
            if other is not None:
                nodes.append(_node(context, other, hard, group if direction == "Depends on" else ""))
            rows.append(_dependency_row(context, now, direction, other, dependency))
    if not rows:
        made.add("dependencies", "Dependencies", Missing("No dependency is recorded."))
        return
    picture = Picture(
        f"Dependencies of {record.title}", _node(context, record), tuple(upstream), tuple(downstream),
        f"{context.page('Service', record.name)}#dependency-table",
    )  # fmt: skip
    made.add("dependencies", "Dependencies", Text(_reading(upstream)), picture)
    headers = ("Service", "Relation", "Strength", "Redundancy", "Owner", "Status now", "Note")
    made.add("dependency-table", "Dependencies as a table", Table("Dependencies", headers, tuple(rows)), level=3)
    indirect = [
        (name, distance)
        for name, (distance, _) in context.validation.facts.graph.dependents(record.name).items()
        if distance > 1
    ]
    if indirect:
        links = [context.reference("Service", name) for name, _ in indirect[:_MOST_ROWS]]
        if len(indirect) > _MOST_ROWS:
            links.append(Text(f"and {len(indirect) - _MOST_ROWS:,} more"))
        words_ = f"{words.count(len(indirect), 'further service')} hard-depend on it by way of others:"
        made.add("indirect", "Indirectly needed by", Text(words_), Inline(tuple(links)), level=3)


def _reading(upstream: list[Node]) -> str:
    groups = sorted({node.group for node in upstream if node.group})
    said = (
        "Solid lines are hard dependencies: without them the service fails. "
        "Dashed ones are soft: it goes on, with less."
    )
    return said + (f" Of each redundancy group ({', '.join(groups)}) one member is enough." if groups else "")


def _dependency_row(
    context: Context, now: state.Now, direction: str, other: Record | None, dependency: Mapping[str, Any]
) -> Row:
    name: Value = context.link(other) if other else Text(dependency["service"])
    owner = context.reference("Team", other.spec["owner"]) if other else Missing()
    status: Value = now.of_service(other) if other else Missing("Unknown")
    strength = Text(words.human(dependency["strength"]))
    group, note = text(dependency.get("redundancyGroup"), "None"), text(dependency.get("note"), "")
    return Row.of(name, Text(direction), strength, group, owner, status, note)


def _node(context: Context, record: Record, hard: bool = True, group: str = "") -> Node:
    detail = f"tier {record.spec['tier']}, {words.human(record.spec['lifecycle']).lower()}"
    if group:
        detail = f"one of: {group}"
    return Node(record.title, detail, context.page("Service", record.name) or "", hard, group)
