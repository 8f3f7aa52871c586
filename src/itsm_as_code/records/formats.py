"""The formats that schemas may ask for, checked the same way in both JSON Schema engines.

JSON Schema leaves formats to each engine and the engines differ; these are ours, hence their own names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.durations import OutOfRange, parse_duration
from itsm_as_code.records.identities import ascii_label, is_address

_HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
_REST: Final = r'[^\s<>"`{}|\\^]*'
URL: Final = rf"(?:https?://{_HOST}(?::[0-9]{{1,5}})?(?:[/?#]{_REST})?|(?:mailto:[^\s@]+@|tel:\+?[0-9]){_REST})"
_URL: Final = re.compile(rf"{URL}\Z")
_WITH_HOST: Final = re.compile(r"(https?://)([^\s/?#:@]{1,253})(.*)\Z")


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


def in_ascii(value: str) -> str:
    """The web address that is meant by one with an international host (RFC 5891); empty where it is none."""
    match = _WITH_HOST.match(value)
    labels = [ascii_label(label) for label in match[2].split(".")] if match else []
    written = f"{match[1]}{'.'.join(labels)}{match[3]}" if match and all(labels) else value
    return written if written != value and is_url(written) else ""


def _fixed(text: str) -> object:
    if not {"Y", "M"}.isdisjoint(text.partition("T")[0]):  # not even none of them
        raise ValueError(f"'{text}' has years or months")
    return parse_duration(text).fixed


_CLOCK: Final[dict[str, Callable[[str], object]]] = {
    "itsm-instant": clock.parse_instant,
    "itsm-date": clock.parse_date,
    "itsm-duration": _fixed,
    "itsm-period": parse_duration,
    "itsm-timezone": clock.zone,
}


def out_of_range(format_name: str, value: str) -> str:
    """Why a value that has the form of its format is refused all the same, or nothing."""
    try:
        _CLOCK.get(format_name, str)(value)
    except OutOfRange as error:
        return str(error)
    except ValueError:
        pass
    return ""


FORMATS: Final[dict[str, Callable[[Any], bool]]] = {
    **{name: _parses(parse) for name, parse in _CLOCK.items()},
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
