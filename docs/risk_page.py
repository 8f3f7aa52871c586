"""The page about risk: the shipped table, in words."""

from __future__ import annotations

from collections.abc import Iterator

from schema_pages import Row, table

from itsm_as_code.measures.risk_factors import ASSUMED, PRIOR_WEIGHT, SOURCES, FactorRule, Source
from itsm_as_code.measures.risk_table import LEVELS, SIDES, shipped_table

HEAD = """# Risk

How the level of a change is derived. Each factor gives points; the points of each side add up and fall into a band; the
two bands give the level. A level that the record declares can raise the result, never lower it. For the reasons see
[how the gate decides](../explanation/how-the-gate-decides.md#risk).

This is the table that is shipped. An organisation may bring its own in `itsm.yaml`
([how](../how-to/tune-the-risk-table.md)); one that has a gap, or in which something worse gives less, is refused. The
gate takes the table of the base, and prints each factor with what it found, its points and where it stands.
"""

FOOT = f"""*History*: the success rate to expect from earlier changes, drawn towards that of all changes (for a model,
of changes by any model) where there are few: the mean of a Beta posterior whose prior is worth {PRIOR_WEIGHT} changes
at the rate of all, which itself starts from {PRIOR_WEIGHT} changes at {float(ASSUMED):.0%}. It is shown with its 95 %
credible interval and the number of changes; the points follow from the mean.

*Blast radius*: services that depend on a changed one through hard dependencies, over any distance. Each counts once, at
its nearest, with the weight of that distance.

*Lead time*: from the pull request that proposes the change or moves it; for what was proposed earlier from the day in
the name of the record.

*Unknown* is what the record does not say. It costs as much as the worst, so that silence never pays.
"""


def risk_page() -> str:
    rules = shipped_table()
    parts = [HEAD]
    for side in SIDES:
        rows = [row for rule in rules.factors[side] for row in factor_rows(rule, SOURCES[rule.source])]
        parts.append(f"## {side.capitalize()}\n\n{table(['factor', 'source', 'what is found', 'points'], rows)}")
    parts += [
        FOOT,
        f"## Bands\n\n{table(['points of likelihood', 'points of impact', 'band'], bands())}",
        f"## Level\n\n{table(['impact', *(f'likelihood {name}' for name in LEVELS)], levels())}",
        "A standard change has the same factors; its model stands in for test, back-out and times.\n",
    ]
    return "\n".join(parts)


def factor_rows(rule: FactorRule, source: Source) -> Iterator[Row]:
    for word in source.words:
        yield [rule.name, f"`{rule.source}`", word.replace("-", " "), f"{rule.values[word]:+d}"]
    low = 0
    for index, points in enumerate(rule.steps):
        high = rule.limits[index] if index < len(rule.limits) else None
        yield [rule.name, f"`{rule.source}`", f"{span(low, high)} ({source.unit})", f"{points:+d}"]
        low = high or low
    if len(rule.weights) > 1:
        weights = ", ".join(map(str, rule.weights))
        yield [rule.name, f"`{rule.source}`", f"weights by distance 1, 2, ... : {weights}", ""]


def span(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} and more"
    return f"below {high}" if not low else f"{low} to below {high}"


def bands() -> list[Row]:
    rows = []
    for index, level in enumerate(LEVELS):
        sides = []
        for side in SIDES:
            limits = shipped_table().bands[side]
            low = limits[index - 1] if index else 0
            sides.append(f"{low} to {limits[index] - 1}" if index < len(limits) else f"{low} and more")
        rows.append([*sides, level])
    return rows


def levels() -> list[Row]:
    return [[f"**{name}**", *row] for name, row in zip(LEVELS, shipped_table().matrix, strict=True)]
