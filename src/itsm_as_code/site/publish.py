"""Makes a site anew where an earlier build does not already say the same: only parts whose look-ups differ are made."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from itsm_as_code.compliance.known import NOTHING, Known
from itsm_as_code.policies.cel import end_children
from itsm_as_code.processes import no_collection, spread
from itsm_as_code.records.stored import StoredRecords, program
from itsm_as_code.site.manifest import File, Made, Manifest, Memory, Shelf, digested, made_of, paths_of
from itsm_as_code.site.pages import Unit, context_of, logo, sitemap, units
from itsm_as_code.site.reads.context import SeenContext, SeenNow
from itsm_as_code.site.reads.differing import Rows, differing, rows
from itsm_as_code.site.reads.notes import Notes, digest
from itsm_as_code.site.reads.renewal import renew
from itsm_as_code.site.render import assets
from itsm_as_code.site.theme import theme_of
from itsm_as_code.site.views import state
from itsm_as_code.site.views.context import NO_PAST, Context, Past
from itsm_as_code.site.write import Stage, staged

if TYPE_CHECKING:
    from itsm_as_code.cache import Cache
    from itsm_as_code.compliance import Trend
    from itsm_as_code.gate.earlier import Unreadable
    from itsm_as_code.validation import Validation

_LIBRARIES: Final = ("Jinja2", "MarkupSafe", "markdown-it-py", "orjson", "tzdata", "python-dateutil")
"""Those that decide how a page reads."""
_CHUNK: Final = 32
"""Parts that a process takes at a time."""
_GENERATION: Final = 256
"""Times that processes take parts before others follow them: a process gets a copy of what it looks at of this one's
memory (Python counts references there), and remembers answers; both end with it."""
_SHARED: Final = (
    "context.outcomes_of_record", "context.findings_of_record", "context.changes_of", "context.incidents_of",
    "facts.outcomes_by_service", "facts.change_history", "facts.graph", "state.changes", "state.outages",
)  # fmt: skip
"""What most pages ask, and is worked out before there are several processes."""
_MANY: Final = 256
"""From how many parts on copies of the process pay."""


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
    processes: int = 1,
    unreadable: Sequence[Unreadable] = (),
    beside: Known = NOTHING,
    past: Past = NO_PAST,
) -> Built:
    """Make ``out`` hold the site (:func:`itsm_as_code.site.build`), with what an earlier build left there.

    The result is that of a build into an empty folder, byte for byte, in however many ``processes`` it is made.
    ItsmError as of :func:`write`.
    """
    job = _Job(validation, revision, out.absolute(), trend, feeds or {}, changed or {}, remembered, processes)
    job.unreadable = unreadable
    job.beside, job.past = beside, past
    with no_collection():
        with staged(out) as stage:
            job.make(stage)
        return job.finish(set(stage.fresh_files) if stage.is_in_place else None)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a process made: parts, files that it put and kept, look-ups that were new to it, and what answers that grew
    rest on."""

    made: dict[str, Made]
    put: list[str]
    kept: set[str]
    added: dict[int, tuple[str, bytes]]
    traces: dict[str, array[int]]

    def renumbered(self, notes: Notes) -> Batch:
        """The same by the numbers of ``notes``, which learn the look-ups."""
        told = {}
        for number, (key, answer) in self.added.items():
            known = notes.known(key)
            told[number] = notes.add(key, answer) if known is None else known
        for name, trace in self.traces.items():
            notes.trace_of(name).update(told.get(number, number) for number in trace)
        made = {
            name: Made(array("I", (told.get(number, number) for number in part.reads)), part.files)
            for name, part in self.made.items()
        }
        return replace(self, made=made)


@dataclass
class _Job:
    validation: Validation
    revision: str
    out: Path
    trend: Trend | None
    feeds: Mapping[tuple[str, str], bytes]
    changed: Mapping[str, date]
    memory: Memory | None
    processes: int
    unreadable: Sequence[Unreadable] = ()
    beside: Known = NOTHING
    past: Past = NO_PAST
    notes: Notes = field(default_factory=Notes)
    old: Mapping[str, Made | Shelf] = field(default_factory=dict)
    made: dict[str, Made | Shelf] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    head: dict[str, Any] = field(default_factory=dict)
    feeds_differ: bool = True

    @cached_property
    def place(self) -> str:
        return str(self.out)

    @cached_property
    def whole(self) -> str:
        """What all of the site depends on: settings, logo, theme, kinds, what was measured, what cannot be read."""
        registry = self.validation.registry
        source = self.validation.configuration.source
        measured = self.validation.facts.monitoring.measurements.identity
        kinds = [(kind.path, kind.schema) for kind in registry]
        broken = [(item.finding, item.last and item.last.commit) for item in self.unreadable]
        return digest((source, logo(self.validation), theme_of(self.validation), kinds, measured, broken)).hex()

    @cached_property
    def rows(self) -> Rows:
        """How every record stands there."""
        return rows(self.validation.catalogue)

    def make(self, stage: Stage) -> None:
        """Put every file that is to be made, and keep the others."""
        told = self.trend, self.feeds, self.unreadable, self.beside, self.past
        context = context_of(self.validation, self.revision, *told)
        seen: Context = context
        now = state.Now(context)
        if self.memory is not None:
            seen = SeenContext.of(context, self.notes)
            now = SeenNow(seen, self.notes)
        stale = self._look_back()
        self.notes.together["calendars"] = lambda: sorted(self.feeds.items())
        self.feeds_differ = self.memory is None or self.notes.has_changed("calendars")
        shelves = {part for part in self.old.values() if isinstance(part, Shelf)}
        whole = {shelf for shelf in shelves if not shelf.rests_on(stale) and shelf.is_as_left(stage.there)}
        left = [unit for unit in units(seen, now, self.feeds) if not self._keep(stage, unit, stale, whole)]
        self.kept = set(paths_of(self.made))
        stage.keep(*self.kept)

        def work_out() -> None:
            _ = context.assessments  # for the first page, and for that of each control
            _ = len(self.past.revisions)  # all of them are read
            ways = {"context": context, "facts": context.validation.facts, "state": now}
            for name in _SHARED:
                room, _, attribute = name.partition(".")
                _ = self.notes.remembered(name) if self.memory is not None else getattr(ways[room], attribute)

        for batch in self._share(stage, left, work_out):
            stage.fresh_files += batch.put
            stage.kept |= batch.kept
            self.made |= batch.made
        last = Unit("sitemap", lambda: sitemap(context, paths_of(self.made), self.changed))
        self.made[last.name] = self._make(stage, last)

    def _look_back(self) -> set[int]:
        """The numbers of the look-ups of the earlier build that are answered differently now."""
        manifest = self.memory.load(self.out) if self.memory is not None else None
        self.head = manifest.head if manifest is not None else {}
        if self.memory is None or manifest is None or manifest.whole != self.whole:
            _ = [self.notes.has_changed(head) for head in self.notes.together]
            return set()
        self.old = manifest.parts
        stored = StoredRecords(self.memory.cache)
        other = differing(manifest.records, self.rows, self.validation.catalogue, stored)
        return renew(self.notes, manifest.blocks, manifest.traces, other)

    def _share(self, stage: Stage, left: list[Unit], work_out: Callable[[], None]) -> Iterator[Batch]:
        """Make parts in several processes, if they are many; each batch with look-ups by the numbers of this one.

        ``work_out`` finds what most parts ask, for all of the processes.
        """
        # What takes longest comes first, and records in the order of their lists, for neighbours ask the same.
        first = [[unit] for unit in left if not unit.name.startswith("record ")]
        then = [unit for unit in left if unit.name.startswith("record ")]
        chunks = [*first, *(then[at : at + _CHUNK] for at in range(0, len(then), _CHUNK))]
        processes = self.processes if len(left) >= _MANY else 1
        if processes > 1:
            work_out()
            end_children()  # one that works on a policy has all the memory that there was when it began

        def work(chunks: Iterator[list[Unit]]) -> Batch:
            start, before = len(self.notes.added), {name: len(trace) for name, trace in self.notes.traces.items()}
            stage.fresh_files, stage.kept = [], set()
            made = {unit.name: self._make(stage, unit) for chunk in chunks for unit in chunk}
            added = self.notes.added[start:]
            grown = {name: trace for name, trace in self.notes.traces.items() if len(trace) != before.get(name)}
            traces = {name: array("I", trace) for name, trace in grown.items()}
            learned = dict(zip(added, self.notes.look_ups(added), strict=True))
            return Batch(made, stage.fresh_files, stage.kept, learned, traces)

        most = _GENERATION if processes > 1 else max(1, len(chunks))
        for at in range(0, len(chunks), most):
            put, kept = stage.fresh_files, stage.kept
            batches = spread(chunks[at : at + most], work, processes)
            stage.fresh_files, stage.kept = put, kept
            for batch in batches:
                yield batch.renumbered(self.notes) if len(batches) > 1 else batch

    def _keep(self, stage: Stage, unit: Unit, stale: set[int], whole: Collection[Shelf]) -> bool:
        """True for a part that stays as it is; on ``whole`` shelves, nothing is stale and no file another one."""
        part = self.old.get(unit.name)
        if part is None:
            return False
        if isinstance(part, Shelf) and part in whole and (unit.content is None or not self.feeds_differ):
            self.made[unit.name] = part
            return True
        old = made_of(self.old, unit.name)
        if old.rests_on(stale):
            return False
        if unit.content is not None and any(file.content != digested(unit.content) for file in old.files):
            return False
        there = stage.there
        files = tuple(file if there.get(file.path) == file.status else file.found(self.place) for file in old.files)
        if None in files:
            return False
        self.made[unit.name] = part if files == old.files else Made(old.reads, tuple(filter(None, files)))
        return True

    def _make(self, stage: Stage, unit: Unit) -> Made:
        """Make a part; a file of it that reads as before stays."""
        before = {file.path: file for file in made_of(self.old, unit.name).files} if unit.name in self.old else {}
        files = []
        with self.notes.frame() as reads:
            for path, content in unit.make():
                file, known = File.of(path, content), before.get(path)
                same = known.found(self.place) if known is not None and known.content == file.content else None
                files.append(same or file)
                if same is not None:
                    stage.keep(path)
                else:
                    stage.put(path, content)
        return Made(array("I", reads), tuple(files))

    def finish(self, touched: set[str] | None) -> Built:
        """Remember the build, once it stands there; ``touched`` are the files that did not stay, None for all."""
        if self.memory is not None:
            for name, part in self.made.items():
                if touched is None or isinstance(part, Made):
                    made = made_of(self.made, name)
                    files = (
                        file.left(self.place) if touched is None or file.path in touched else file
                        for file in made.files
                    )
                    self.made[name] = Made(made.reads, tuple(files))
            notes = self.notes
            said = self.whole, notes.blocks, notes.gathered(), self.made, self.rows, self.head
            self.memory.save(self.out, Manifest(*said))
        pages = {path for path in paths_of(self.made) if path.endswith(".html")}
        old = {path for path in paths_of(self.old) if path.endswith(".html")}
        kept = len(pages & self.kept)
        return Built(len(pages), len(pages) - kept, kept, len(old - pages))
