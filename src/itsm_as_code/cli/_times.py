"""Options that take an instant: each as people say it, by the clocks of the repository's zone.

``--now`` alone is none of them: what is judged again as of then must not depend on a zone or on today.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from datetime import datetime

    from itsm_as_code.cli.output import Session
    from itsm_as_code.configuration import Configuration

FORMS: Final = "2026-12-01T20:00:00Z, '2026-12-01 20:00' or 'tomorrow 20:00'"
_DAYS: Final = "; or a day such as 2026-12-01"


@dataclass(frozen=True, slots=True)
class Said:
    """What an option says; ``is_border`` where a day alone means its beginning."""

    option: str
    text: str
    is_border: bool

    def at(self, session: Session, configuration: Configuration | None = None) -> datetime:
        """The UTC instant that is meant, by ``configuration`` or the work tree's; UsageError where there is none."""
        from itsm_as_code.durations import OutOfRange
        from itsm_as_code.errors import UsageError

        try:
            return self._meant(session, configuration or _configuration(session))
        except OutOfRange as error:
            raise UsageError(f"{self.option}: {error}", remedy="name a nearer time") from None
        except UsageError as error:
            raise UsageError(f"{self.option}: {error.message}", remedy=error.remedy) from None
        except ValueError:
            forms = FORMS + _DAYS * self.is_border
            message = f"{self.option}: '{self.text}' is not an instant such as {forms}"
            raise UsageError(message, remedy="write it so, by the clocks of the repository's zone") from None

    def _meant(self, session: Session, configuration: Configuration) -> datetime:
        from itsm_as_code import clock
        from itsm_as_code.records.local_times import LocalTimes

        now = replace(session, quiet=True).instant(configuration.as_of)
        times = LocalTimes(now, clock.zone(configuration.timezone))
        day = times.beginning(self.text) if self.is_border else None
        return day or clock.parse_instant(times.instant(self.text))


def _configuration(session: Session) -> Configuration:
    from itsm_as_code.configuration import load_configuration
    from itsm_as_code.records.own_kinds import registry_of

    snapshot = session.snapshot()
    return load_configuration(snapshot, registry_of(snapshot))[0]


class _Time(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    name = "instant"

    def __init__(self, *, is_border: bool) -> None:
        self.is_border = is_border

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Said:
        return value if isinstance(value, Said) else Said(param.opts[0] if param else "", value, self.is_border)


INSTANT: Final = _Time(is_border=False)
BORDER: Final = _Time(is_border=True)
"""Where a period begins or ends: a day will do."""
