"""Snapshots made of nothing but a mapping of paths to contents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from itsm_as_code.findings import Finding, RecordId
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.document import Document, load
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.snapshot import Entry


class Memory:
    """Files in memory; an OSError in place of a content is what reading that file gives."""

    label = "memory"

    def __init__(self, files: Mapping[str, str | bytes | OSError]) -> None:
        self.files = {
            path: content.encode() if isinstance(content, str) else content for path, content in sorted(files.items())
        }
        self.entries = {path: Entry("100644") for path, content in self.files.items()}

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        for path in paths:
            yield path, self.files[path]


def folder(path: Path) -> dict[str, str | bytes | OSError]:
    """The files of a folder, by relative path."""
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def catalogue_of(files: Mapping[str, str | bytes | OSError], registry: KindRegistry | None = None) -> Catalogue:
    """The catalogue of some files."""
    return load_catalogue(Memory(files), registry or KindRegistry.load())


def dangling_references(catalogue: Catalogue) -> list[Finding]:
    """A finding for each reference of a valid record to one that is not there, as validation asks for them."""
    return [finding for record in catalogue if record.valid for finding in catalogue.dangling(record)]


def record_of(text: str, registry: KindRegistry) -> Record:
    """A record of some YAML, valid or not, as if it lay in the folder of its kind."""
    document = load("x.yaml", text.encode())
    assert isinstance(document, Document), document
    kind = registry[document.data["kind"]]
    name = document.data["metadata"]["name"]
    path = f"{kind.folder}/{name}.yaml"
    return Record(RecordId(kind.name, name), kind, document.data, path, text.encode())
