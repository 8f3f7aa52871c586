"""Sources are read, and listed, only when somebody asks for that."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from itsm_as_code.records.sources import Sources
from itsm_as_code.snapshot import WorkTree


class Unlisted(Collection[str]):
    """Paths of which one can ask for each, and not which there are."""

    def __contains__(self, path: object) -> bool:
        return path == "a.yaml"

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("somebody lists the files")

    def __len__(self) -> int:
        raise AssertionError("somebody counts the files")


def test_nothing_is_listed_to_read_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    rest = Sources({}, {}, [(Unlisted(), WorkTree(tmp_path))])
    sources = Sources({"b.yaml": b"b"}, {}) | rest
    assert sources
    assert rest
    assert "a.yaml" in sources
    assert "c.yaml" not in sources
    assert sources["a.yaml"] == b"a: 1\n"
    assert dict(sources.held(["a.yaml", "b.yaml", "c.yaml"])) == {"a.yaml": b"a: 1\n", "b.yaml": b"b"}


def test_of_a_path_that_both_have_the_other_counts(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("new")
    rest = Sources({}, {}, [(["a.yaml"], WorkTree(tmp_path))])
    assert (Sources({"a.yaml": b"old"}, {}) | rest)["a.yaml"] == b"new"
    assert (rest | Sources({"a.yaml": b"old"}, {}))["a.yaml"] == b"old"
    assert list(rest | Sources({"a.yaml": b"old"}, {})) == ["a.yaml"]
