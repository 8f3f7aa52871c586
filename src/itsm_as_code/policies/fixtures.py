"""Fixture catalogues: folders of records that several examples of policies are judged with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from itsm_as_code.errors import ConfigurationError
from itsm_as_code.findings import Finding
from itsm_as_code.records.document import load
from itsm_as_code.snapshot import Snapshot, below

Fixtures = Callable[[str], Sequence[Mapping[str, Any]]]
"""The records of a folder, named by its path from the top; ConfigurationError when they cannot be read."""


def fixtures_of(snapshot: Snapshot) -> Fixtures:
    """The fixture folders of a snapshot; each is read once.

    A fixture is any folder of YAML files with a kind and a name. They need not fit their schema: like the object of an
    example they carry as much of a record as the expressions read.
    """
    return cache(lambda folder: _read(snapshot, folder))


def fixture_folders(spec: Mapping[str, Any]) -> set[str]:
    """The fixtures that the examples of a policy name."""
    return {example["context"]["fixture"] for example in spec["examples"] if "fixture" in example.get("context", {})}


def no_fixtures(folder: str) -> Sequence[Mapping[str, Any]]:
    """For policies that come without a repository around them."""
    raise ConfigurationError(f"there is no folder '{folder}'", remedy="give the records in the example itself")


def _read(snapshot: Snapshot, folder: str) -> Sequence[Mapping[str, Any]]:
    prefix = folder.rstrip("/") + "/"
    paths = [path for path in below(snapshot.entries, prefix) if path.endswith(".yaml")]
    if not paths:
        raise ConfigurationError(
            f"there is no folder '{folder}' with records", remedy="name it from the top of the repository"
        )
    odd = [path for path in paths if not snapshot.entries[path].is_regular]
    if odd:
        raise ConfigurationError(f"{odd[0]} is not a file that can be read", remedy="put the record itself there")
    return [_record(path, content) for path, content in snapshot.read_many(paths)]


def _record(path: str, content: bytes | OSError) -> Mapping[str, Any]:
    if isinstance(content, OSError):
        raise ConfigurationError(f"{path} cannot be read: {content.strerror}", remedy="mend its permissions")
    document = load(path, content)
    if isinstance(document, Finding):
        raise ConfigurationError(f"{document.location}: {document.message}", remedy=document.remedy)
    data = document.data
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(data.get("kind"), str) or not isinstance(name, str):
        raise ConfigurationError(f"{path} lacks kind or metadata.name", remedy="say what record it is")
    return data
