"""What deployment statements say, for commands that show records: one process of git, none where nobody may say it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from itsm_as_code.assurance.deployments import Line
    from itsm_as_code.cache import Cache
    from itsm_as_code.configuration import Configuration
    from itsm_as_code.records.catalogue import Catalogue, Record
    from itsm_as_code.validation import RuleSet, Validation

    Known = TypeVar("Known", RuleSet, Validation)


def lines_about(
    folder: Path, configuration: Configuration, changes: Iterable[Record], cache: Cache | None = None
) -> list[Line]:
    """The statements about some changes, by the deployers of itsm.yaml, as this clone has them.

    With a cache, only signatures that no earlier run found good are checked.
    """
    names = {record.name for record in changes}
    if not names or "deployers" not in configuration.raw:
        return []
    from itsm_as_code.assurance.deployments import deployers
    from itsm_as_code.assurance.verified import read_known_lines
    from itsm_as_code.git.user import deployments

    return read_known_lines(deployments(folder, os.environ), deployers(configuration.raw), names, cache)


def as_told(folder: Path, known: Known, cache: Cache | None = None) -> Known:
    """What is known of records, with the catalogue as people read it; what was judged of it stays as it was."""
    return replace(known, catalogue=told(folder, known.configuration, known.catalogue, cache))


def told(folder: Path, configuration: Configuration, catalogue: Catalogue, cache: Cache | None = None) -> Catalogue:
    """A catalogue in which standard changes that were deployed read as closed, or as what became of them."""
    if "deployers" not in configuration.raw:
        return catalogue
    from itsm_as_code.assurance.deployed import as_deployed, is_ahead

    ahead = [record for record in catalogue.of_kind("Change") if is_ahead(record)]
    lines = lines_about(folder, configuration, ahead, cache)
    return as_deployed(catalogue, lines) if lines else catalogue
