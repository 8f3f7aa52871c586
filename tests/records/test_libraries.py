"""Versions are those that importlib.metadata tells."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from itsm_as_code.records import index, libraries, stored


@pytest.mark.parametrize("library", [*stored._LIBRARIES, *index._LIBRARIES])
def test_the_versions_are_those_that_are_installed(library: str) -> None:
    assert libraries.version(library) == metadata.version(library)


def test_a_library_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(metadata.PackageNotFoundError):
        libraries.version("no-such-library")


def test_the_first_place_counts_and_all_that_it_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place, names in {"first": ["My_Lib-1.2", "my.lib-1.10"], "second": ["my_lib-3", "other-4"]}.items():
        for name in names:
            (tmp_path / place / f"{name}.dist-info").mkdir(parents=True)
    monkeypatch.setattr("sys.path", [str(tmp_path / place) for place in ("none", "first", "second")])
    assert libraries.version("my-lib") == "1.2 1.10" or libraries.version("my-lib") == "1.10 1.2"
    assert libraries.version("Other") == "4"
