"""Schemas for editors and other validators, which do not know this program's formats.

A validator ignores a ``format`` that it does not know, so an exported schema says beside it, in a dialect of regular
expressions that all of them share (ECMA-262 without look-around), what the program accepts: exactly, but for the
first hours of the year 1, lengths of more than a hundred years, and e-mail addresses, whose rules no expression holds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.records.formats import URL

Schema = dict[str, Any]

_YEAR: Final = "(?:0001|19[0-9]{2}|20[0-9]{2}|21[0-8][0-9]|9999)"
_LEAP_YEAR: Final = (
    "(?:19(?:0[48]|[2468][048]|[13579][26])|20(?:[02468][048]|[13579][26])|21(?:0[48]|[2468][048]|[1357][26]))"
)
_DATE: Final = (
    f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_TIME: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"


def _one_or_more(*parts: str) -> str:
    """Parts in this order, of which any may be left out but not all."""
    options = [part + "".join(f"(?:{later})?" for later in parts[index + 1 :]) for index, part in enumerate(parts)]
    return f"(?:{'|'.join(options)})"


_CLOCK_PART: Final = "T" + _one_or_more("[0-9]{1,6}H", "[0-9]{1,7}M", "[0-9]{1,9}S")
_FIXED: Final = "P" + _one_or_more("[0-9]{1,6}W", "[0-9]{1,6}D", _CLOCK_PART)
_NOMINAL: Final = "P" + _one_or_more("[0-9]{1,4}Y", "[0-9]{1,5}M", "[0-9]{1,6}W", "[0-9]{1,6}D", _CLOCK_PART)

PATTERNS: Final = {
    "itsm-instant": f"^{_DATE}T{_TIME}$",
    "itsm-date": f"^{_DATE}$",
    "itsm-duration": f"^{_FIXED}$",
    "itsm-period": f"^{_NOMINAL}$",
    "itsm-url": f"^{URL}$",
    "itsm-email": r"^[^\s@]{1,64}@[^\s@]+$",
}
"""What a text in a format looks like."""


@lru_cache(maxsize=1)
def _zones() -> list[str]:
    return sorted(clock.zone_names())


def portable(schema: Any) -> Any:
    """A bundled schema in which every format of this program is said as a pattern, or as the list of its values."""
    if isinstance(schema, list):
        return [portable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: portable(value) for key, value in schema.items()}
    name = schema.get("format")
    said: Schema = {}
    if name == "itsm-timezone":
        said = {"enum": _zones()}
    elif isinstance(name, str) and name in PATTERNS:
        said = {"pattern": PATTERNS[name]}
    if said.items() <= result.items():
        return result
    if not said.keys().isdisjoint(result):
        said = {"allOf": [*result.get("allOf", ()), said]}
    return {**result, **said}
