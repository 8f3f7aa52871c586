"""Which clauses of a standard controls cover, and which none does: lists of clauses are data, each with its source.

``checked`` in a list says against which public pages its numbers and titles were held, and when.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from itsm_as_code.compliance.results import ControlStatus

SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause with its title in our words, and the controls that are about it, each with how it stands."""

    number: str
    title: str
    controls: tuple[tuple[str, ControlStatus], ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """The clauses of a framework; ``note`` says what the list leaves out, ``source`` and ``url`` where it is from."""

    framework: str
    title: str
    source: str
    url: str
    note: str
    clauses: tuple[Clause, ...]

    @property
    def covered(self) -> int:
        return sum(1 for clause in self.clauses if clause.controls)

    @property
    def satisfied(self) -> int:
        """The clauses of which every control is satisfied, and there is one."""
        good = (ControlStatus.SATISFIED, ControlStatus.NOT_APPLICABLE)
        return sum(1 for clause in self.clauses if clause.controls and all(s in good for _, s in clause.controls))


@cache
def _lists() -> tuple[Coverage, ...]:
    folder = resources.files("itsm_as_code.compliance").joinpath("frameworks")
    found = []
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(SUFFIX):
            data = json.loads(file.read_text("utf-8"))
            del data["checked"]  # for whoever mends the list
            clauses = tuple(Clause(number, title) for number, title in data.pop("clauses").items())
            found.append(Coverage(**data, clauses=clauses))
    return tuple(found)


def coverage(controls: Iterable[tuple[str, Mapping[str, object], ControlStatus]]) -> tuple[Coverage, ...]:
    """The frameworks of some controls (name, spec, status), as far as their clauses are listed.

    A control of ``9(4)(e)`` is about Article 9, and one of ``8.5.1.3`` about 8.5.1.
    """
    told = list(controls)
    named = {spec["framework"] for _, spec, _ in told}
    return tuple(
        replace(
            known,
            clauses=tuple(replace(item, controls=_about(known.framework, item.number, told)) for item in known.clauses),
        )
        for known in _lists()
        if known.framework in named
    )


def _about(
    framework: str, clause: str, told: Iterable[tuple[str, Mapping[str, object], ControlStatus]]
) -> tuple[tuple[str, ControlStatus], ...]:
    def is_in(said: str) -> bool:
        return said == clause or said.startswith((f"{clause}.", f"{clause}("))

    return tuple(
        (name, status) for name, spec, status in told if spec["framework"] == framework and is_in(str(spec["clause"]))
    )
