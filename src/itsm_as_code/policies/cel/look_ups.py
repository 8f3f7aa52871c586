"""The functions that policies have beside those of CEL, each with what can be told of it without asking it."""

from __future__ import annotations

from typing import Final, NamedTuple

ITERATIONS: Final = 10_000
"""Iterations of one evaluation after which the runtime stops, nested ones and those of several loops together."""
LOOKED_UP: Final = 4096
"""Characters that a record has at most which is looked up where an expression stands; for more it is left."""
NOTHING: Final[frozenset[str]] = frozenset()


class LookUp(NamedTuple):
    """What can be told of a function.

    Its answer rests on records of these ``kinds`` (None: its argument names one). By the name at that ``place`` of its
    arguments alone it asks, if by one. It gives so many characters at most; 0 where that is no more than it is given.
    """

    kinds: frozenset[str] | None = NOTHING
    place: int | None = None
    size: int = 0


LOOK_UPS: Final = {
    "record": LookUp(None, 1, LOOKED_UP),
    "records": LookUp(None, None, LOOKED_UP * ITERATIONS),
    "owner": LookUp(frozenset({"Service", "Team"}), 0, LOOKED_UP),
    "dependents": LookUp(frozenset({"Service"}), 0, 64 * ITERATIONS),
    "dependencies": LookUp(frozenset({"Service"}), 0, 64 * ITERATIONS),
    "frozen": LookUp(frozenset({"Service", "Calendar"}), 0),
    "budget": LookUp(frozenset({"Calendar", "Incident", "ServiceLevelAgreement"}), None, LOOKED_UP),
    **dict.fromkeys(("day", "period", "lastDay", "noticeDay"), LookUp()),
}
