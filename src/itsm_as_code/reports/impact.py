"""What `itsm impact` prints: text, json, mermaid and dot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import orjson

from itsm_as_code.measures.blast_radius import BlastRadius, Reached
from itsm_as_code.reports import escape

SCHEMA: Final = "itsm/impact/v1"


def text(radius: BlastRadius, colour: bool = False) -> str:
    """For people: what is changed, what fails with it by distance, what is degraded, and whom to tell."""
    hard = [item for item in radius.computed if item.strength == "hard"]
    soft = [item for item in radius.computed if item.strength == "soft"]
    tiers = [item.tier for item in (*radius.direct, *radius.computed) if item.tier is not None]
    parts = [_block("Direct", radius.direct)] if radius.direct else []
    parts.append(_block("Fail with it, by distance", hard) if hard else "Nothing fails with it.\n")
    parts += [_block("Degraded, over a soft dependency", soft)] if soft else []
    parts.append(f"Tell: {', '.join(radius.owners) or 'nobody'}\n")
    many = len(radius.direct) + len(radius.computed)
    said = [f"{many} service{'' if many == 1 else 's'}", f"highest tier {min(tiers)}" if tiers else "no tier"]
    agreements = len(radius.agreements)
    said.append(f"{agreements} agreement{'' if agreements == 1 else 's'} in force")
    parts.append(", ".join(said) + "\n")
    return "\n".join(parts)


def _block(title: str, items: Sequence[Reached]) -> str:
    rows = [
        [
            str(item.distance),
            item.service,
            f"tier {item.tier}" if item.tier is not None else "no tier",
            item.owner or "no owner",
            _some(item.agreements) or "no agreement",
            _way(item),
        ]
        for item in items
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:5], widths, strict=True)]
        lines.append(escape.terminal(f"  {'  '.join([*cells, row[5]])}".rstrip()))
    return "\n".join([title, *lines, ""])


def _some(names: Sequence[str]) -> str:
    """The first of some names, for a column is as wide as its widest cell."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


_MOST_NAMES: Final = 6


def _way(item: Reached) -> str:
    if item.via is None:
        return ""
    if item.group is None:
        return f"through {item.via}"
    spare = f"{_some(item.spare)} may carry on" if item.spare else "none of it is left"
    return f"through {item.via}, one of group {item.group}: {spare}"


def json(radius: BlastRadius, colour: bool = False) -> str:
    """For programs: schemas/reports/impact-report.schema.json. Direct and computed apart."""
    data = {
        "schema": SCHEMA,
        "direct": [_row(item) for item in radius.direct],
        "computed": [_row(item) for item in radius.computed],
        "owners": list(radius.owners),
        "agreements": list(radius.agreements),
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return escape.json(orjson.dumps(data, option=options).decode())


def _row(item: Reached) -> dict[str, Any]:
    return {
        "service": item.service,
        "distance": item.distance,
        "via": item.via,
        "strength": item.strength,
        "owner": item.owner,
        "tier": item.tier,
        "agreements": list(item.agreements),
        "redundancyGroup": item.group,
        "spare": list(item.spare),
    }


def _edges(items: Iterable[Reached]) -> Iterator[tuple[str, str, bool]]:
    for item in items:
        if item.via is not None:
            yield item.service, item.via, item.strength == "hard" and item.group is None


def mermaid(radius: BlastRadius, colour: bool = False) -> str:
    """A Mermaid flow chart: an arrow from each service to the one through which it is reached, dashed where not hard.

    Names of services are lower-case letters, digits and hyphens; a node is known by a number, for ``end`` is a word of
    the language.
    """
    names = {item.service: f"s{index}" for index, item in enumerate((*radius.direct, *radius.computed))}
    lines = ["flowchart TD"]
    lines += [f'  {names[item.service]}["{item.service}"]:::changed' for item in radius.direct]
    lines += [f'  {names[item.service]}["{item.service}"]' for item in radius.computed]
    for service, via, is_hard in _edges(radius.computed):
        lines.append(f"  {names[service]} {'-->' if is_hard else '-.->'} {names[via]}")
    return "\n".join([*lines, "  classDef changed stroke-width:3px", ""])


def dot(radius: BlastRadius, colour: bool = False) -> str:
    """A graph for Graphviz, with the same arrows."""
    lines = ["digraph impact {", "  rankdir=TB; node [shape=box];"]
    lines += [f'  "{item.service}" [penwidth=3];' for item in radius.direct]
    lines += [f'  "{item.service}";' for item in radius.computed]
    for service, via, is_hard in _edges(radius.computed):
        lines.append(f'  "{service}" -> "{via}"{"" if is_hard else " [style=dashed]"};')
    return "\n".join([*lines, "}", ""])


FORMATS: Final[dict[str, Callable[..., str]]] = {"text": text, "json": json, "mermaid": mermaid, "dot": dot}
