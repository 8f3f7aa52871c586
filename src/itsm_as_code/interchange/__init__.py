"""Foreign formats: one module each, found by listing this package.

A format module has ``TITLE`` (a few words), ``RULES`` (what its findings mean) and, when it can be imported,
``convert(sources, known, asked) -> Conversion``; ``follow(name, place, source)``, if it has that, gives the
files that a file names. Modules whose names start with an underscore serve the formats.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Protocol, cast

from itsm_as_code.errors import UsageError
from itsm_as_code.findings import Rule, did_you_mean
from itsm_as_code.interchange._stand_ins import completed
from itsm_as_code.interchange._store import (
    CONFIGURATION,
    IMPORT_READABLE,
    Asked,
    Conversion,
    Known,
    Outcome,
    PlannedFile,
    plan,
    write,
)
from itsm_as_code.interchange._yaml import MAX_BYTES

__all__ = [
    "CONFIGURATION",
    "IMPORT_READABLE",
    "MAX_BYTES",
    "Asked",
    "Conversion",
    "Importer",
    "Known",
    "Outcome",
    "PlannedFile",
    "completed",
    "importer",
    "names",
    "plan",
    "rules",
    "write",
]


class Importer(Protocol):
    """What a module of this package offers."""

    TITLE: str
    RULES: tuple[Rule, ...]

    def convert(self, sources: Mapping[str, bytes], known: Known, asked: Asked = ...) -> Conversion:
        """Records for what ``sources`` (path -> bytes) hold, and findings for what they do not become.

        A source that cannot be read is a finding; the others are converted.
        """


def names() -> list[str]:
    """The formats that can be imported."""
    modules = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    return sorted(name for name in modules if hasattr(importlib.import_module(f"{__name__}.{name}"), "convert"))


def rules() -> dict[str, Rule]:
    """Everything that an import or an export can find, by id."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return {rule.id: rule for module in modules for rule in getattr(module, "RULES", ())}


def importer(name: str) -> Importer:
    """The format of that name; UsageError lists the known ones."""
    known = names()
    if name not in known:
        remedy = did_you_mean(name, known) or f"known formats: {', '.join(known)}"
        raise UsageError(f"unknown format '{name}'", remedy=remedy)
    return cast(Importer, importlib.import_module(f"{__name__}.{name}"))
