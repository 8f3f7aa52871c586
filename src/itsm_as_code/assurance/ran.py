"""What ran: a deployment as somebody said it, whoever that was, in the one form in which they are compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from itsm_as_code import clock
from itsm_as_code.assurance.deployments import Line


@dataclass(frozen=True, slots=True)
class Ran:
    """A deployment: where that is said, what ran where, from when to when, by whom, and under which change or model.

    ``artifact`` is a digest (``sha256:...``), a commit, or what else there is; ``result`` one of RESULTS.
    """

    place: str
    service: str
    environment: str
    artifact: str
    start: datetime
    end: datetime
    result: str
    by: str
    change: str | None = None
    model: str | None = None

    @property
    def subject(self) -> tuple[str, str, str, datetime]:
        """What makes two statements be of one deployment."""
        return self.service, self.environment, self.artifact, self.start


@dataclass(frozen=True, slots=True)
class Skipped:
    """What says that something ran, and could not be understood: where, and why."""

    place: str
    message: str


def artifacts_of(population: Iterable[Ran | Skipped]) -> set[str]:
    """All that ran."""
    return {item.artifact for item in population if isinstance(item, Ran)}


def of_lines(lines: Iterable[Line]) -> Iterator[Ran | Skipped]:
    """The statements of pipelines; those that were superseded are not told, those that do not hold are skipped."""
    for line in lines:
        place, data = f"line {line.number}", line.data
        if line.is_superseded:
            continue
        if data is None or not line.holds:
            yield Skipped(place, line.reasons[0].message)
            continue
        yield Ran(
            place,
            data["service"],
            data["environment"],
            data["artifact"],
            clock.parse_instant(data["start"]),
            clock.parse_instant(data["end"]),
            data["result"],
            data["deployer"],
            data.get("change"),
            data.get("model"),
        )
