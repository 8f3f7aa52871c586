"""The kinds of a snapshot: the shipped ones, and over them those of its own ``schemas/``."""

from __future__ import annotations

from itsm_as_code.errors import ConfigurationError
from itsm_as_code.records.kinds import SUFFIX, KindRegistry
from itsm_as_code.snapshot import Snapshot, TooLarge, below


def own_schemas(snapshot: Snapshot) -> dict[str, bytes]:
    """The schema files of a snapshot's ``schemas/`` folder, by path within it.

    ConfigurationError for one that cannot be read: left out, its records would be judged by another schema or by none.
    """
    paths = []
    for path, entry in below(snapshot.entries, "schemas/").items():
        if path.endswith(SUFFIX):
            if not entry.is_regular:
                raise ConfigurationError(f"{path} is not a regular file", remedy="put the schema itself there")
            paths.append(path)
    found = {}
    for path, content in snapshot.read_many(paths):
        if isinstance(content, OSError):
            remedy = "split it" if isinstance(content, TooLarge) else "mend its permissions"
            raise ConfigurationError(f"{path} cannot be read: {content.strerror}", remedy=remedy)
        found[path.removeprefix("schemas/")] = content
    return found


def registry_of(snapshot: Snapshot) -> KindRegistry:
    """The kinds of a snapshot: the shipped ones, and over them those of its ``schemas/``."""
    return KindRegistry.load(own_schemas(snapshot))
