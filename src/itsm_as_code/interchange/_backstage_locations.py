"""Entities of kind Location name other files, relative to their own; those in the same repository are read along.

https://backstage.io/docs/features/software-catalog/descriptor-format#kind-location
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from itsm_as_code.findings import Finding, Location, Rule, Severity
from itsm_as_code.interchange._yaml import ForeignDocument, read_documents
from itsm_as_code.records.catalogue import get

LOCATION = Rule(
    "backstage-location",
    "What a Location names is read along",
    Severity.ERROR,
    "A Location names descriptors by paths relative to itself, also with * and **. They are read where they lie in "
    "the same repository (outside of git: below the folder of the file that names them). Nothing is fetched from the "
    "web.",
)
_MOST: Final = 5_000


def follow(name: str, place: Path, source: bytes) -> tuple[dict[str, Path], list[Finding]]:
    """The files that Locations in a file name, by how they are called in findings, and what cannot be followed.

    ``name`` is how the file was named, ``place`` where it lies.
    """
    found: dict[str, Path] = {}
    said: list[Finding] = []
    for document in read_documents(name, source):
        for target, at in _targets(document):
            paths, problem = _matching(place, target)
            if problem:
                remedy = "name the files on the command line, or mend the Location"
                severity = Severity.WARNING if "://" in target else Severity.ERROR
                said.append(Finding(LOCATION.id, severity, at, f"{target[:200]}: {problem}", remedy))
            for path in paths:
                found[os.path.normpath(Path(name).parent / os.path.relpath(path, place.parent))] = path
    return found, said


def _targets(document: ForeignDocument) -> Iterator[tuple[str, Location]]:
    data: Any = document.data
    if document.problem or get(data, ("kind",)) != "Location":
        return
    spec = get(data, ("spec",))
    if not isinstance(spec, dict):
        return
    many = spec.get("targets")
    for index, target in enumerate(many if isinstance(many, list) else ()):
        if isinstance(target, str):
            yield target, document.at("spec", "targets", index)
    if isinstance(spec.get("target"), str):
        yield spec["target"], document.at("spec", "target")


def _matching(place: Path, target: str) -> tuple[list[Path], str]:
    """The files that a target means, sorted, or why there are none."""
    if "://" in target:
        return [], "it is on the web, from where nothing is fetched"
    folder = place.resolve().parent
    top = next((above for above in (folder, *folder.parents) if os.path.lexists(above / ".git")), folder)
    relative = os.path.relpath(os.path.normpath(folder / target), top)
    if Path(target).is_absolute() or relative.startswith(".."):
        return [], "it lies outside of the repository"
    try:
        matching = sorted(path for path in top.glob(relative) if path.is_file())
    except (ValueError, OSError, NotImplementedError):
        return [], "it is no path"
    inside = [path for path in matching if path.resolve().is_relative_to(top)]
    if len(inside) > _MOST:
        return [], f"it means more than {_MOST:,} files"
    return inside, "" if inside else "no such file is there"
