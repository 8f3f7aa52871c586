"""What `itsm oncall` prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from itsm_as_code.measures.on_call import Shift, on_duty
from itsm_as_code.records.facts import Data


@dataclass(frozen=True, slots=True)
class Rota:
    """A calendar with its shifts from an instant on, in order of time."""

    calendar: Data
    shifts: tuple[Shift, ...]

    @property
    def name(self) -> str:
        return str(self.calendar["metadata"]["name"])

    @property
    def title(self) -> str:
        return str(self.calendar["metadata"].get("title", self.name))

    @property
    def timezone(self) -> str:
        return str(self.calendar["spec"]["timezone"])

    def now(self, at: datetime) -> list[Shift]:
        """The shifts that are on."""
        return on_duty(self.shifts, at)

    def following(self, at: datetime) -> Shift | None:
        """The first shift that begins later."""
        return next((shift for shift in self.shifts if shift.span.start > at), None)


@dataclass(frozen=True, slots=True)
class OnCall:
    """Rotas as of an instant; with a ``person``, of their shifts alone."""

    at: datetime
    organisation: str
    person: str | None
    rotas: tuple[Rota, ...]

    @property
    def exit_code(self) -> int:
        """0 where somebody is on call for each rota; whose shifts were asked for is on call or is not."""
        return int(self.person is None and not all(rota.now(self.at) for rota in self.rotas))
