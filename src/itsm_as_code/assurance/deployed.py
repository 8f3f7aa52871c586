"""What deployment statements say of changes: when the work was, how it ended, and so in which state they read.

Only what people read is told so. The records stay as they are, and nothing that judges a change asks: whoever has the
key of a deployer can say false things, and with them lower no risk and lift no suspension.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.assurance.deployments import Line
from itsm_as_code.records.catalogue import Catalogue, Record

_STATES: Final = {"successful": "closed", "failed": "failed", "backed-out": "backed-out"}
"""How a standard change reads by what became of it; the gravest result of several counts, the last of these."""
_AHEAD: Final = ("authorised", "scheduled", "implementing")


@dataclass(frozen=True, slots=True)
class Deployed:
    """What statements say of a change: the span of all of them, the gravest result, and the digests of the lines."""

    start: str
    end: str
    result: str
    lines: tuple[str, ...]

    @property
    def fields(self) -> dict[str, Any]:
        """As ``spec`` of a Change has it."""
        return {"actual": {"start": self.start, "end": self.end}, "result": self.result}


def deployed_of(change: Record, lines: Iterable[Line]) -> Deployed | None:
    """What was said of a change since its window began; None until there is a statement of each of its services.

    What was deployed before, such as to try it out, is no work of that window.
    """
    spec = change.spec
    try:
        begins = clock.parse_instant(spec["schedule"]["start"])
    except (KeyError, TypeError, ValueError):
        return None
    found = [
        (line.digest, line.data)
        for line in lines
        if line.holds and not line.is_superseded and line.data is not None
        if line.data.get("change") == change.name and clock.parse_instant(line.data["start"]) >= begins
    ]
    if not found or not {data["service"] for _, data in found}.issuperset(spec.get("services", ())):
        return None
    return Deployed(
        min((data["start"] for _, data in found), key=clock.parse_instant),
        max((data["end"] for _, data in found), key=clock.parse_instant),
        max((data["result"] for _, data in found), key=list(_STATES).index),
        tuple(digest for digest, _ in found),
    )


def reads_as(change: Record, lines: Iterable[Line]) -> Record:
    """A standard change that was scheduled ahead, as it reads by its statements; any other record as it is."""
    if not is_ahead(change) or (found := deployed_of(change, lines)) is None:
        return change
    spec: Mapping[str, Any] = {**change.spec, **found.fields, "status": _STATES[found.result]}
    return replace(change, data={**change.data, "spec": spec}, oid=None, content=None)  # it is no file that there is


def is_ahead(record: Record) -> bool:
    """True for a standard change that waits for its deployment."""
    spec = record.spec
    return record.id.kind == "Change" and spec.get("type") == "standard" and record.state in _AHEAD


def as_deployed(catalogue: Catalogue, lines: Sequence[Line]) -> Catalogue:
    """A catalogue in which standard changes read as their statements say."""
    told = [other for record in catalogue.of_kind("Change") if (other := reads_as(record, lines)) is not record]
    return catalogue.joined(told, catalogue.findings) if told else catalogue
