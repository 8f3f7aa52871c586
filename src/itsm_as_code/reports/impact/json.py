"""For programs: schemas/reports/impact-report.schema.json. Direct and computed apart."""

from __future__ import annotations

from typing import Any

from itsm_as_code.measures.blast_radius import BlastRadius, Reached
from itsm_as_code.reports import escape


def render(radius: BlastRadius) -> str:
    data = {
        "schema": "itsm/impact/v1",
        "direct": [_row(item) for item in radius.direct],
        "computed": [_row(item) for item in radius.computed],
        "owners": list(radius.owners),
        "agreements": list(radius.agreements),
    }
    return escape.dumped(data)


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
