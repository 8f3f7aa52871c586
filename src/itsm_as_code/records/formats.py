"""The formats that schemas may ask for, checked the same way in both JSON Schema engines.

JSON Schema leaves formats to each engine and the engines differ; these are ours, hence their own names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.durations import parse_duration
from itsm_as_code.records.identities import is_address

_HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
_URL: Final = re.compile(
    rf"(?:https?://{_HOST}(?::[0-9]{{1,5}})?(?:[/?#]|\Z)|mailto:[^\s@]+@|tel:\+?[0-9])[^\s<>\"`{{}}|\\^]*\Z"
)


def _parses(parse: Callable[[str], object]) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return check


def is_url(value: str) -> bool:
    """An absolute http(s), mailto or tel address without user information or characters that URLs must escape."""
    return _URL.match(value) is not None


FORMATS: Final[dict[str, Callable[[Any], bool]]] = {
    "itsm-instant": _parses(clock.parse_instant),
    "itsm-date": _parses(clock.parse_date),
    "itsm-duration": _parses(lambda text: parse_duration(text).fixed),
    "itsm-period": _parses(parse_duration),
    "itsm-timezone": _parses(clock.zone),
    "itsm-email": is_address,
    "itsm-url": is_url,
}
"""Each is asked only about strings; both engines apply a format to strings alone as we register them."""

EXAMPLES: Final = {
    "itsm-instant": "an instant such as 2026-11-22T08:00:00Z",
    "itsm-date": "a date such as 2026-11-22",
    "itsm-duration": "a duration such as PT4H or P30D",
    "itsm-period": "a duration such as P3M, P90D or PT4H",
    "itsm-timezone": "an IANA time zone such as Europe/Berlin",
    "itsm-email": "an e-mail address such as alice@example.org, or jörg@müller.example",
    "itsm-url": "an address such as https://wiki.example.org/runbook",
}
