"""How a control stands, and what that rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from itsm_as_code.clock import Interval
from itsm_as_code.findings import RecordId


class ControlStatus(StrEnum):
    """How a control, or one piece of its evidence, stands."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not-satisfied"
    STALE = "stale"
    NOT_ASSESSED = "not-assessed"
    NOT_APPLICABLE = "not-applicable"


GRAVEST = (ControlStatus.NOT_SATISFIED, ControlStatus.STALE, ControlStatus.NOT_ASSESSED, ControlStatus.SATISFIED)


@dataclass(frozen=True, slots=True)
class Shortfall:
    """An exception: what of the population does not meet the control, and why; ``record`` where it is one."""

    subject: str
    message: str
    record: RecordId | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence: what the record says of it, how it stands, and the numbers behind that.

    ``good``, ``bad``, ``waived`` and ``unknown`` count what was looked at (``unknown``: what could not be judged); of a
    statement they are 0. ``population`` says what that is, ``missing`` why the evidence is not assessed.
    """

    entry: Mapping[str, Any]
    status: ControlStatus
    good: int = 0
    bad: int = 0
    waived: int = 0
    unknown: int = 0
    population: str = ""
    exceptions: tuple[Shortfall, ...] = ()
    missing: str = ""
    is_idle: bool = False
    """True for what could be asked and is about nothing that there is, such as a policy on major incidents: what else
    the control looks at decides."""

    @property
    def type(self) -> str:
        """policy, check, records, gate and so on, as the schema of controls lists them."""
        return str(self.entry["type"])

    @property
    def size(self) -> int:
        return self.good + self.bad + self.waived + self.unknown


@dataclass(frozen=True, slots=True)
class Assessment:
    """A control's status, which is that of its weakest evidence, over a period and on a population.

    ``population`` says what it is judged on, of ``size``, and ``digest`` is that of its names; ``unseen`` are those
    members that no evidence looked at, ``undated`` what should say when it was done. ``missing`` says why the control
    itself is not assessed.
    """

    status: ControlStatus
    evidence: tuple[Evidence, ...] = ()
    period: Interval | None = None
    population: str = ""
    size: int = 0
    digest: str = ""
    unseen: tuple[str, ...] = ()
    sample: tuple[str, ...] = ()
    undated: tuple[Shortfall, ...] = ()
    missing: str = ""

    @property
    def exceptions(self) -> tuple[Shortfall, ...]:
        """What of the population says no time, and the exceptions of all evidence, each once."""
        found = (item for evidence in self.evidence for item in evidence.exceptions)
        return tuple(dict.fromkeys((*self.undated, *found)))


def weakest(found: set[ControlStatus]) -> ControlStatus:
    """The status of what has several: the gravest of them; not assessed where there is none."""
    return next((status for status in GRAVEST if status in found), ControlStatus.NOT_ASSESSED)
