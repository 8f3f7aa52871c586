"""Reports, in every format that they have."""

from __future__ import annotations

from collections.abc import Callable

from itsm_as_code.reports import formats, renderer


def renderers(report: str) -> dict[str, Callable[..., str]]:
    """What writes a report, by format."""
    return {name: renderer(report, name) for name in formats(report)}
