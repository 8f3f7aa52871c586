"""What `itsm calendar` prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from itsm_as_code.clock import Interval
from itsm_as_code.gate.agenda import AgendaItem
from itsm_as_code.git.history import Revised
from itsm_as_code.records.catalogue import Catalogue


@dataclass(frozen=True)
class Planned:
    """An agenda of a period, of whom and of what; how often each path was revised is asked for by who needs it."""

    entries: Sequence[AgendaItem]
    period: Interval
    tz: ZoneInfo
    now: datetime
    organisation: str
    subject: str
    catalogue: Catalogue
    revisions: Callable[[], Mapping[str, Revised]]
