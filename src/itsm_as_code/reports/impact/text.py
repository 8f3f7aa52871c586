"""For people: what is changed, what fails with it by distance, what is degraded, and whom to tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from itsm_as_code.measures.blast_radius import BlastRadius, Reached
from itsm_as_code.reports import escape

_MOST_NAMES: Final = 6


def render(radius: BlastRadius) -> str:
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


def _way(item: Reached) -> str:
    if item.via is None:
        return ""
    if item.group is None:
        return f"through {item.via}"
    spare = f"{_some(item.spare)} may carry on" if item.spare else "none of it is left"
    return f"through {item.via}, one of group {item.group}: {spare}"
