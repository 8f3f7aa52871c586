"""What `itsm policy hindsight` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from itsm_as_code.clock import format_instant
from itsm_as_code.compliance.hindsight import Judged

HOW: Final[Mapping[str | None, str]] = {
    "start": "as recorded, when their work began",
    "proposal": "as recorded, on the day of their proposal",
    None: "as git had them before they acted",
}


def row(one: Judged) -> dict[str, Any]:
    """A change as data."""
    return {
        "change": one.change,
        "says": one.says,
        "message": one.message or None,
        "at": format_instant(one.at),
        "failed": one.failed,
        "incidents": list(one.incidents),
    }
