"""Where else is told what ran: one module for each form, found by listing this package.

A module has ``TITLE`` (a few words) and ``rows(content) -> Iterator[Row | Skipped]``, which gives what stands there, as
text by the names of FIELDS or, for tables, of its columns. Modules whose names begin with an underscore serve them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from itsm_as_code import clock
from itsm_as_code.assurance.deployments import RESULTS
from itsm_as_code.assurance.ran import Ran, Skipped
from itsm_as_code.assurance.sources._rows import Row
from itsm_as_code.errors import UsageError
from itsm_as_code.findings import did_you_mean

FIELDS: Final = ("service", "environment", "artifact", "start", "end", "result", "by", "change", "model")
_NEEDED: Final = ("service", "environment", "artifact", "start")
MAX_BYTES: Final = 512 << 20
_LONGEST: Final = 500
_RESULTS: Final = {
    **dict.fromkeys(("successful", "success", "succeeded", "ok"), "successful"),
    **dict.fromkeys(("failed", "failure", "error"), "failed"),
    **dict.fromkeys(("backed-out", "rolled-back", "rollback"), "backed-out"),
}


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which column or constant a field is taken from, and how the services of others are called here."""

    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)


def mapping_of(given: Iterable[str]) -> Mapping:
    """From ``FIELD=COLUMN``, ``FIELD==TEXT`` and ``service:THEIRS=OURS``; UsageError for anything else."""
    found = Mapping()
    for item in given:
        name, sign, value = item.partition("=")
        if name.startswith("service:") and value:
            found.services[name.removeprefix("service:")] = value
        elif name in FIELDS and value.removeprefix("="):
            (found.constants if value.startswith("=") else found.columns)[name] = value.removeprefix("=")
        else:
            remedy = did_you_mean(name, FIELDS) or "say FIELD=COLUMN, FIELD==TEXT or service:THEIRS=OURS"
            raise UsageError(f"--map {item} maps nothing", remedy=remedy if sign else "say FIELD=COLUMN")
    return found


def names() -> list[str]:
    """The forms that can be read."""
    return sorted(info.name.replace("_", "-") for info in pkgutil.iter_modules(__path__) if info.name[0] != "_")


def read(name: str, content: bytes, origin: str, mapping: Mapping) -> Iterator[Ran | Skipped]:
    """What a file of a form says that ran; ``origin`` is how it is called. UsageError for a form that is not known."""
    if name not in names():
        remedy = did_you_mean(name, names()) or f"known forms: {', '.join(names())}"
        raise UsageError(f"unknown source '{name}'", remedy=remedy)
    if len(content) > MAX_BYTES:
        yield Skipped(origin, f"it has more than {MAX_BYTES >> 20} MiB")
        return
    for row in importlib.import_module(f"{__name__}.{name.replace('-', '_')}").rows(content):
        if isinstance(row, Skipped):
            yield replace(row, place=f"{origin}:{row.place}")
        else:
            yield _ran(row, f"{origin}:{row.place}", mapping)


def _ran(row: Row, place: str, mapping: Mapping) -> Ran | Skipped:
    fields = {name: row.fields.get(name, "") for name in FIELDS} | mapping.constants
    for name, column in mapping.columns.items():
        if column not in row.fields:
            return Skipped(place, f"it has no '{column}', from which '{name}' is to be taken")
        fields[name] = row.fields[column]
    fields = {name: value.strip() for name, value in fields.items()}
    lacking = [name for name in _NEEDED if not fields[name]]
    if lacking:
        return Skipped(place, f"it does not say {', '.join(lacking)}; map a column or a constant to it")
    whole = "".join(fields.values())  # of a million rows hardly one is odd, and all are asked
    is_plain = whole.isprintable() and len(whole) <= _LONGEST
    odd = (
        [] if is_plain else [name for name in FIELDS if not fields[name].isprintable() or len(fields[name]) > _LONGEST]
    )
    if odd:
        return Skipped(place, f"its {', '.join(odd)} is longer than {_LONGEST}, or holds what does not show")
    result = _RESULTS.get(fields["result"].casefold() or RESULTS[0])
    if result is None:
        return Skipped(place, f"its result '{fields['result']}' is none of {', '.join(_RESULTS)}")
    try:
        start = clock.parse_instant(fields["start"])
        end = clock.parse_instant(fields["end"] or fields["start"])
    except ValueError as error:
        return Skipped(place, str(error))
    if end < start:
        return Skipped(place, "it ends before it begins")
    service = mapping.services.get(fields["service"], fields["service"])
    told = (fields["environment"], fields["artifact"], start, end, result, fields["by"] or "nobody named")
    return Ran(place, service, *told, fields["change"] or None, fields["model"] or None)
