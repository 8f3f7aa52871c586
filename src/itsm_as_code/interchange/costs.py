"""Costs in any table (CSV with commas, semicolons or tabs), whose columns are named on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Final

from itsm_as_code.interchange._costs import Reading
from itsm_as_code.interchange._costs import convert as added_up
from itsm_as_code.interchange._store import Conversion, Known

TITLE: Final = "costs in any table (CSV, with --map FIELD=COLUMN)"
READING: Final = Reading("csv", {})


def convert(sources: Mapping[str, bytes | IO[bytes]], known: Known, reading: Reading = READING) -> Conversion:
    """Cost statements by month, provider and currency, with the services that a column names."""
    return added_up(sources, known, reading)
