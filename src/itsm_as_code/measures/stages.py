"""From the first commit of a change to its start: how long each stage took, as history and the record tell.

Source: Forsgren, Humble and Kim, "Accelerate", 2018, ch. 2 (lead time, from a commit to production).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from itsm_as_code.clock import parse_instant
from itsm_as_code.measures.metric import Definition
from itsm_as_code.records.facts import Data

NOT_AUTHORISED: Final = ("draft", "proposed", "rejected", "cancelled")
"""The states of a change to which nobody has agreed, or does any more."""


@dataclass(frozen=True, slots=True)
class Stages:
    """When a change was first committed, first proposed, and authorised on the default branch; None: never yet."""

    recorded: datetime | None = None
    proposed: datetime | None = None
    authorised: datetime | None = None


_AT: Final = {"recorded": "first commit", "proposed": "proposal", "authorised": "authorisation", "started": "start"}


def _definition(name: str, title: str, begins: str, ends: str) -> Definition:
    formula = f"from the {_AT[begins]} of a change to its {_AT[ends]}, by the commits of its record"
    return Definition(name, title, "amount", "minutes", formula, "lower")


SPANS: Final = {
    _definition(f"lead-time-{name}", f"Lead time, {title}", begins, ends): (begins, ends)
    for name, title, begins, ends in (
        ("to-proposal", "first commit to proposal", "recorded", "proposed"),
        ("to-authorisation", "proposal to authorisation", "proposed", "authorised"),
        ("to-start", "authorisation to start", "authorised", "started"),
    )
}
"""Each span with the stages where it begins and ends."""


def took(change: Data, stages: Stages, span: tuple[str, str]) -> tuple[Fraction | None, str]:
    """Minutes from one stage to another; or None, and why they cannot be told."""
    started = change["spec"].get("actual", {}).get("start")
    at: dict[str, datetime | None] = {name: getattr(stages, name, None) for name in _AT}
    at["started"] = parse_instant(started) if started else None
    begins, ends = (at[name] for name in span)
    if begins is None or ends is None:
        return None, f"no {_AT[span[0] if begins is None else span[1]]} is known"
    if stages.recorded is not None and at["started"] is not None and at["started"] < stages.recorded:
        return None, "it was recorded after it began"
    if ends < begins:
        return None, f"its {_AT[span[1]]} came before its {_AT[span[0]]}"
    return Fraction(int((ends - begins).total_seconds()), 60), ""
