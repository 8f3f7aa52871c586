"""Makes a site anew where an earlier build does not already say the same: only parts whose look-ups differ are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from itsm_as_code.records.stored import program
from itsm_as_code.site.manifest import File, Made, Manifest, Memory
from itsm_as_code.site.pages import Unit, context_of, no_collection, sitemap, units
from itsm_as_code.site.reads.context import SeenContext, SeenNow
from itsm_as_code.site.reads.notes import MARK, Notes, digest
from itsm_as_code.site.render import assets
from itsm_as_code.site.write import write

if TYPE_CHECKING:
    from itsm_as_code.cache import Cache
    from itsm_as_code.compliance import Trend
    from itsm_as_code.validation import Validation

_LIBRARIES: Final = ("Jinja2", "MarkupSafe", "markdown-it-py", "orjson", "tzdata", "python-dateutil")
"""Those that decide how a page reads."""


@dataclass(frozen=True, slots=True)
class Built:
    """What became of a site: its pages, how many of them were made anew, kept as they were, and removed."""

    pages: int
    rendered: int
    kept: int
    removed: int


def memory(cache: Cache) -> Memory:
    """Where manifests are kept: those of this program with its templates and libraries."""
    libraries = [(name, version(name)) for name in _LIBRARIES]
    return Memory(cache, digest((program(), libraries, list(assets()))))


def publish(
    validation: Validation,
    revision: str,
    out: Path,
    trend: Trend | None = None,
    feeds: Mapping[tuple[str, str], bytes] | None = None,
    changed: Mapping[str, date] | None = None,
    remembered: Memory | None = None,
) -> Built:
    """Make ``out`` hold the site (:func:`itsm_as_code.site.build`), with what an earlier build left there.

    The result is that of a build into an empty folder, byte for byte. ItsmError as of :func:`write`.
    """
    job = _Job(validation, revision, out.absolute(), trend, feeds or {}, changed or {}, remembered)
    with no_collection():
        write(job.files(), out)
        return job.finish()


@dataclass
class _Job:
    validation: Validation
    revision: str
    out: Path
    trend: Trend | None
    feeds: Mapping[tuple[str, str], bytes]
    changed: Mapping[str, date]
    memory: Memory | None
    notes: Notes = field(default_factory=Notes)
    old: Mapping[str, Made] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    @cached_property
    def whole(self) -> str:
        """What all of the site depends on: the configuration and the kinds."""
        registry = self.validation.registry
        return digest((self.validation.configuration.source, [(kind.path, kind.schema) for kind in registry])).hex()

    def files(self) -> Iterator[tuple[str, bytes | None]]:
        """Every file, without content where the one that is there stays."""
        context = context_of(self.validation, self.revision, self.trend, self.feeds)
        seen = SeenContext.of(context, self.notes)
        now = SeenNow(seen, self.notes)
        stale = self._look_back()
        for unit in units(seen, now, self.feeds):
            yield from self._unit(unit, stale)
        pages = [file.path for made in self.made.values() for file in made.files]
        yield from self._unit(Unit("sitemap", lambda: sitemap(context, pages, self.changed)), stale, fresh=True)

    def _look_back(self) -> set[int]:
        """The numbers of the look-ups of the earlier build that are answered differently now."""
        manifest = self.memory.load(self.out) if self.memory is not None else None
        if manifest is None or manifest.whole != self.whole:
            return set()
        self.old = manifest.parts
        return renew(self.notes, manifest)

    def _unit(self, unit: Unit, stale: set[int], *, fresh: bool = False) -> Iterator[tuple[str, bytes | None]]:
        old = self.old.get(unit.name)
        if not fresh and old is not None and stale.isdisjoint(old.reads) and all(f.stands(self.out) for f in old.files):
            self.made[unit.name] = old
            self.kept.update(file.path for file in old.files)
            yield from ((file.path, None) for file in old.files)
            return
        before = {file.path: file for file in old.files} if old is not None else {}
        files = []
        with self.notes.frame() as reads:
            for path, content in unit.make():
                file, known = File.of(path, content), before.get(path)
                files.append(file)
                is_same = known is not None and known.content == file.content and known.stands(self.out)
                yield path, None if is_same else content
        self.made[unit.name] = Made(reads, tuple(files))

    def finish(self) -> Built:
        """Remember the build, once it stands in its place."""
        if self.memory is not None:
            parts = {
                name: replace(made, files=tuple(file.left(self.out) for file in made.files))
                for name, made in self.made.items()
            }
            notes = self.notes
            self.memory.save(self.out, Manifest(self.whole, list(notes.numbers), notes.digests, notes.traces, parts))
        pages = {file.path for made in self.made.values() for file in made.files if file.path.endswith(".html")}
        old = {file.path for made in self.old.values() for file in made.files if file.path.endswith(".html")}
        kept = len(pages & self.kept)
        return Built(len(pages), len(pages) - kept, kept, len(old - pages))


def renew(notes: Notes, manifest: Manifest) -> set[int]:
    """Take over the look-ups of an earlier build; the numbers of those that are answered differently now.

    A remembered answer whose own look-ups are all answered as before is not worked out again.
    """
    for key, said in zip(manifest.keys, manifest.digests, strict=True):
        notes.add(key, said)
    found: dict[int, bool] = {}
    sources: dict[str, bool] = {}

    def differs(number: int) -> bool:
        if number not in found:
            key = manifest.keys[number]
            head = key.split(MARK, 1)[0]
            if head in notes.direct or has_changed(head):
                said = digest(notes.answer(key))
                found[number] = said != notes.digests[number]
                notes.digests[number] = said
            else:
                found[number] = False
        return found[number]

    def has_changed(source: str) -> bool:
        if source not in sources:
            trace = manifest.traces.get(source)
            sources[source] = trace is None or any(differs(number) for number in trace)
            if not sources[source] and trace is not None:
                notes.traces[source] = set(trace)
        return sources[source]

    return {number for number in range(len(manifest.keys)) if differs(number)}
