"""The table that turns what is found about a change into a level of risk: read, verified, and applied.

Each factor gives points for a word or for a range of numbers; the points of a side fall into a band; a matrix of both
bands gives the level. A table is total (everything that can be found has points, every sum a band, every pair of bands
a level) and monotone (what is worse never gives less), or it is refused at the place where it is not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from itsm_as_code.findings import Pointer, Problem, did_you_mean
from itsm_as_code.measures.risk_factors import SOURCES, UNKNOWN, FactorRule, Source

LEVELS: Final = ("low", "medium", "high", "very-high")
SIDES: Final = ("likelihood", "impact")


@dataclass(frozen=True, slots=True)
class RiskTable:
    """A verified table; ``matrix`` has a row for each band of impact and a column for each of likelihood."""

    factors: Mapping[str, tuple[FactorRule, ...]]
    bands: Mapping[str, tuple[int, ...]]
    matrix: tuple[tuple[str, ...], ...]

    def band(self, side: str, points: int) -> str:
        """The band that a sum of points falls into."""
        return LEVELS[bisect_right(self.bands[side], points)]

    def level(self, likelihood: str, impact: str) -> str:
        """The level for two bands."""
        return self.matrix[LEVELS.index(impact)][LEVELS.index(likelihood)]


def read_table(spec: Mapping[str, Any]) -> tuple[RiskTable, list[Problem]]:
    """The table of ``itsm.yaml``: each part that it leaves out is the shipped one. The shipped table when it is wrong.

    ``spec`` fits ``schemas/configuration.schema.json``, where it stands at ``/spec/risk``.
    """
    at: Pointer = ("spec", "risk")
    whole = {part: spec.get(part, SHIPPED[part]) for part in ("likelihood", "impact", "matrix")}
    problems = [*_side_problems(whole["likelihood"], "likelihood", at), *_side_problems(whole["impact"], "impact", at)]
    problems += _matrix_problems(whole["matrix"], (*at, "matrix"))
    if problems:
        return shipped_table(), problems
    return _table(whole), []


def shipped_table() -> RiskTable:
    """The table of a repository that brings none."""
    return _table(SHIPPED)


def _table(whole: Mapping[str, Any]) -> RiskTable:
    return RiskTable(
        {side: tuple(_rule(factor) for factor in whole[side]["factors"]) for side in SIDES},
        {side: _bands(whole[side]) for side in SIDES},
        tuple(tuple(whole["matrix"][impact]) for impact in LEVELS),
    )


def _bands(side: Mapping[str, Any]) -> tuple[int, ...]:
    bands = side.get("bands", BANDS)
    return tuple(bands[level] for level in LEVELS[1:])


def _rule(factor: Mapping[str, Any]) -> FactorRule:
    ranges = factor.get("ranges", ())
    return FactorRule(
        factor["name"],
        factor["source"],
        factor.get("values", {}),
        tuple(step["below"] for step in ranges[:-1]),
        tuple(step["points"] for step in ranges),
        tuple(factor.get("weights", (1,))),
    )


def _side_problems(side: Mapping[str, Any], name: str, at: Pointer) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, factor in enumerate(side["factors"]):
        here = (*at, name, "factors", index)
        source = SOURCES.get(factor["source"])
        known = [key for key, item in SOURCES.items() if item.side == name]
        if source is None or source.side != name:
            remedy = did_you_mean(factor["source"], known)
            yield Problem(f"'{factor['source']}' is no source of {name}", (*here, "source"), remedy)
            continue
        if factor["source"] in seen:
            message = f"a second factor of {name} looks at '{factor['source']}'"
            yield Problem(message, (*here, "source"), "let one factor look at it")
        seen.add(factor["source"])
        yield from _factor_problems(factor, source, here)
    for (low, begin), (high, end) in pairwise((level, _bands(side)[i]) for i, level in enumerate(LEVELS[1:])):
        if end <= begin:
            message = f"{high} begins at {end} points, not after {low}, which begins at {begin}"
            yield Problem(message, (*at, name, "bands", high), "let each band begin above the one before it")


def _factor_problems(factor: Mapping[str, Any], source: Source, here: Pointer) -> Iterator[Problem]:
    values: Mapping[str, int] = factor.get("values", {})
    where = (*here, "values") if values else here
    for word in source.words:
        if word not in values:
            yield Problem(f"'{factor['name']}' has no points for '{word}'", where, f"add '{word}' to its values")
    for word in values:
        if word not in source.words:
            remedy = did_you_mean(word, source.words) if source.words else "remove the values; it has numbers only"
            yield Problem(f"'{factor['source']}' is never '{word}'", (*where, word), remedy)
    for chain in source.chains:
        for better, worse in pairwise(word for word in chain if word in values):
            if values[worse] < values[better]:
                message = f"{worse}: {values[worse]} is less than the {values[better]} of {better}, which is better"
                yield Problem(message, (*where, worse), f"give it {values[better]} points or more")
    yield from _range_problems(factor, source, here)
    if "weights" in factor:
        yield from _weight_problems(factor, here)
    most = max((step["points"] for step in factor.get("ranges", ())), default=0)
    if values.get(UNKNOWN, most) < most:
        message = f"unknown: {values[UNKNOWN]} is less than the {most} of the worst range, so it pays to say nothing"
        yield Problem(message, (*where, UNKNOWN), f"give it {most} points or more")


def _range_problems(factor: Mapping[str, Any], source: Source, here: Pointer) -> Iterator[Problem]:
    ranges: Sequence[Mapping[str, int]] = factor.get("ranges", ())
    where = (*here, "ranges")
    if source.unit and not ranges:
        yield Problem(f"'{factor['name']}' has no ranges", here, f"add ranges of {source.unit}")
        return
    if ranges and not source.unit:
        yield Problem(f"'{factor['source']}' has no numbers", where, "give points to its values instead")
        return
    for index, step in enumerate(ranges):
        last = index == len(ranges) - 1
        if last and "below" in step:
            message = f"nothing has points from {step['below']} on"
            yield Problem(message, (*where, index), "add a last range without 'below', for all the rest")
        elif not last and "below" not in step:
            message = "a range without 'below' takes all the rest, and another follows"
            yield Problem(message, (*where, index), "say where it ends, or make it the last")
    for index, (before, after) in enumerate(pairwise(ranges), 1):
        if "below" in before and "below" in after and after["below"] <= before["below"]:
            message = f"the range below {after['below']} overlaps with the one before it, below {before['below']}"
            yield Problem(message, (*where, index, "below"), "let the limits rise")
        fewer = after["points"] < before["points"]
        if before["points"] != after["points"] and fewer is source.rising:
            more = "more" if source.rising else "less"
            message = f"{more} is worse, but gives {min(before['points'], after['points'])} points instead of "
            message += str(max(before["points"], after["points"]))
            yield Problem(message, (*where, index, "points"), "let what is worse have as many points or more")


def _weight_problems(factor: Mapping[str, Any], here: Pointer) -> Iterator[Problem]:
    if factor["source"] != "blast-radius":
        yield Problem("only the blast radius has weights", (*here, "weights"), "remove them")
        return
    for index, (near, far) in enumerate(pairwise(factor["weights"]), 1):
        if far > near:
            message = f"a service {index + 1} steps away weighs {far}, more than the {near} of a nearer one"
            yield Problem(message, (*here, "weights", index), f"let it weigh {near} or less")


def _matrix_problems(matrix: Mapping[str, Sequence[str]], at: Pointer) -> Iterator[Problem]:
    rows = [matrix[impact] for impact in LEVELS]
    for i, impact in enumerate(LEVELS):
        for j, likelihood in enumerate(LEVELS):
            cell = rows[i][j]
            for other_i, other_j in ((i - 1, j), (i, j - 1)):
                if other_i < 0 or other_j < 0:
                    continue
                other = rows[other_i][other_j]
                if LEVELS.index(other) > LEVELS.index(cell):
                    message = (
                        f"{cell} for impact {impact} and likelihood {likelihood}, but {other} for the lesser "
                        f"impact {LEVELS[other_i]} and likelihood {LEVELS[other_j]}"
                    )
                    yield Problem(message, (*at, impact, j), "no cell may be below the one over it or left of it")


BANDS: Final = {"medium": 3, "high": 6, "very-high": 9}
"""At how many points a band begins, unless the table says so; below the first it is low."""

SHIPPED: Final[Mapping[str, Any]] = {
    **{
        side: {"bands": BANDS, "factors": [source.shipped for source in SOURCES.values() if source.side == side]}
        for side in SIDES
    },
    "matrix": {
        # by likelihood: low, medium, high, very high
        "low": ["low", "low", "medium", "medium"],
        "medium": ["low", "medium", "medium", "high"],
        "high": ["medium", "medium", "high", "very-high"],
        "very-high": ["medium", "high", "very-high", "very-high"],
    },
}
"""The table of a repository that brings none, as ``itsm.yaml`` would write it. It is this project's own."""
