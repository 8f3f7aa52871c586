"""A build over an earlier one gives what a build into an empty folder gives, and makes only what differs."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from itsm_as_code import site
from itsm_as_code.cache import Cache
from itsm_as_code.site.publish import Built, memory
from itsm_as_code.site.write import MARKER
from tests.site.edits import Repository, edit


class Place:
    """A folder with a site, and the cache that its manifest is in."""

    def __init__(self, top: Path) -> None:
        self.out = top / "site"
        self.cache = Cache(top / "cache")
        self.memory = memory(self.cache)

    def publish(self, repository: Repository) -> tuple[Built, dict[str, bytes]]:
        """Build; what became of the pages, and what an empty folder would hold."""
        validation = repository.validated()
        built = site.publish(validation, repository.revision, self.out, remembered=self.memory)
        return built, dict(site.build(validation, repository.revision))

    def files(self) -> dict[str, bytes]:
        paths = (path for path in self.out.rglob("*") if path.is_file() and path.name != MARKER)
        return {path.relative_to(self.out).as_posix(): path.read_bytes() for path in paths}


def differences(place: Place, repository: Repository) -> tuple[Built, list[str]]:
    built, whole = place.publish(repository)
    files = place.files()
    return built, sorted(path for path in whole.keys() | files.keys() if whole.get(path) != files.get(path))


def run(top: Path, seed: int, steps: int) -> int:
    """Edit and build again and again; how many pages were kept."""
    random_, place, repository, kept = random.Random(seed), Place(top), Repository(), 0
    place.publish(repository)
    for step in range(steps):
        said = edit(repository, random_)
        built, wrong = differences(place, repository)
        assert not wrong, f"seed {seed}, step {step}, {said}: {wrong[:5]}"
        kept += built.kept
    return kept


def test_random_edits_give_what_a_cold_build_gives(tmp_path: Path) -> None:
    assert run(tmp_path, 7, 3) > 300


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(10))
def test_many_random_edits_give_what_a_cold_build_gives(tmp_path: Path, seed: int) -> None:
    kept = run(tmp_path, seed, 30)
    print(f"30 edits, {kept} pages kept")
