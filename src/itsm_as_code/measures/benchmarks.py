"""What others reach: the benchmarks of a figure, as they are shown beside it.

Source: ISO/IEC 20000-1:2018 clause 9.1; ITIL 4, measurement and reporting practice.
"""

from __future__ import annotations

from collections.abc import Iterable

from itsm_as_code.measures.metric import Definition
from itsm_as_code.records.facts import Data, Facts


def benchmarks(facts: Facts, figure: str, unit: str) -> list[str]:
    """``8 to 24 hours (round table of nine banks, 2026-05-01)`` for each benchmark of a figure, the newest first."""
    found = [data["spec"] for data in facts.records("Benchmark") if data["spec"]["figure"] == figure]
    found.sort(key=lambda spec: (spec["on"], spec["source"]), reverse=True)
    return [f"{_reached(spec)} {'%' if unit == 'percent' else unit} ({spec['source']}, {spec['on']})" for spec in found]


def beside(facts: Facts, figure: str, unit: str) -> str:
    """``Others: 8 to 24 hours (...)`` for beside the figure; empty where nobody says what they reach."""
    told = benchmarks(facts, figure, unit)
    return f"Others: {'; '.join(told)}" if told else ""


def remarks(facts: Facts, **figures: str) -> list[str]:
    """A line for each of some figures, given with their units, of which others say what they reach."""
    names = {figure.replace("_", "-"): unit for figure, unit in figures.items()}
    told = {name: benchmarks(facts, name, unit) for name, unit in names.items()}
    return [f"What others reach, {name}: {'; '.join(others)}." for name, others in told.items() if others]


def unit_of(definition: Definition) -> str:
    """The unit that benchmarks of a metric have."""
    return "percent" if definition.form == "share" else definition.unit or "records"


def benchmarks_of(facts: Facts, definitions: Iterable[Definition]) -> dict[str, list[str]]:
    """The same for the metrics that have any, by name."""
    told = {item.name: benchmarks(facts, item.name, unit_of(item)) for item in definitions}
    return {name: others for name, others in told.items() if others}


def _reached(spec: Data) -> str:
    return str(spec["value"]) if "value" in spec else f"{spec['low']} to {spec['high']}"
