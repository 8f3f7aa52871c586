"""A build over an earlier one gives what a build into an empty folder gives, and makes only what differs."""

from __future__ import annotations

import importlib
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import site
from itsm_as_code.cache import Cache
from itsm_as_code.compliance import Known
from itsm_as_code.compliance.trend import Point, Trend
from itsm_as_code.errors import ItsmError
from itsm_as_code.gate.histories import Histories, shelf_of, shelved
from itsm_as_code.gate.revisions import Revision, Revisions
from itsm_as_code.records.stored import StoredRecords, content_id
from itsm_as_code.site import Past
from itsm_as_code.site.manifest import Manifest, made_of
from itsm_as_code.site.pages import context_of
from itsm_as_code.site.publish import Built, memory
from itsm_as_code.site.reads.blocks import BITS, Traces
from itsm_as_code.site.reads.context import SeenContext, SeenNow
from itsm_as_code.site.reads.differing import MARK, differing, rows
from itsm_as_code.site.reads.notes import Notes
from itsm_as_code.site.reads.records import _Kinds
from itsm_as_code.site.reads.renewal import renew
from itsm_as_code.site.views.context import QUESTIONS
from itsm_as_code.site.write import MARKER
from itsm_as_code.validation import Validation
from tests.conftest import NOW
from tests.site.edits import BUREAU, Repository, edit


class Place:
    """A folder with a site, and the cache that its manifest is in."""

    def __init__(self, top: Path, processes: int = 1) -> None:
        self.out, self.processes = top / "site", processes
        self.cache = Cache(top / "cache")
        self.memory = memory(self.cache)

    def publish(self, repository: Repository) -> tuple[Built, dict[str, bytes]]:
        """Build; what became of the pages, and what an empty folder would hold."""
        validation = repository.validated()
        remember(validation, self.cache)
        more = repository.trend, repository.feeds
        how = {"remembered": self.memory, "processes": self.processes}
        built = site.publish(
            validation, repository.revision, self.out, *more, **how, beside=repository.beside, past=repository.past
        )
        return built, dict(
            site.build(validation, repository.revision, *more, beside=repository.beside, past=repository.past)
        )

    def files(self) -> dict[str, bytes]:
        paths = (path for path in self.out.rglob("*") if path.is_file() and path.name != MARKER)
        return {path.relative_to(self.out).as_posix(): path.read_bytes() for path in paths}


def remember(validation: Validation, cache: Cache) -> StoredRecords:
    """What its records say, as whoever reads them with a cache keeps it."""
    stored = StoredRecords(cache)
    for record in validation.catalogue:
        if record.valid and record.content is not None:
            stored.add(record.kind, content_id(record.content), record.data)
    stored.save()
    return stored


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
    assert run(tmp_path, 7, 2) > 200


def test_an_answer_that_is_asked_again_rests_on_the_instant_as_before(tmp_path: Path) -> None:
    place, repository = Place(tmp_path), Repository()
    repository.now -= timedelta(days=3)
    place.publish(repository)
    (incident,) = repository.paths("inc-20260909-loan-letter-umlauts")
    repository.change(incident, lambda data: data["spec"].update(status="resolved"))
    assert not differences(place, repository)[1]
    repository.now -= timedelta(days=3)
    assert not differences(place, repository)[1]


def test_a_calendar_that_differs_is_written(tmp_path: Path) -> None:
    """It rests on nothing that a page looks up."""
    place, repository = Place(tmp_path), Repository()
    repository.feeds = {("", ""): b"one", ("Team", "team-shop"): b"same"}
    place.publish(repository)
    repository.feeds = {**repository.feeds, ("", ""): b"two"}
    assert not differences(place, repository)[1]


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(10))
def test_many_random_edits_give_what_a_cold_build_gives(
    tmp_path: Path, seed: int, record_property: Callable[[str, object], None]
) -> None:
    kept = run(tmp_path, seed, 30)
    record_property("edits of sites", f"30|no byte differs|{kept:,} pages kept")


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many parts that several processes make them, as long as there is one."""
    module = importlib.import_module("itsm_as_code.site.publish")
    monkeypatch.setattr(module, "_MANY", 1)
    monkeypatch.setattr(module, "_CHUNK", 4)
    monkeypatch.setattr(module, "_GENERATION", 8)


def test_several_processes_make_what_one_makes(tmp_path: Path, many: None) -> None:
    place, repository, random_ = Place(tmp_path, 2), Repository(), random.Random(16)
    assert not differences(place, repository)[1]
    alone = Place(tmp_path / "alone")
    alone.publish(repository)
    mine, other = place.memory.load(place.out), alone.memory.load(alone.out)
    assert mine is not None
    assert other is not None
    assert set(keys_of(mine).values()) == set(keys_of(other).values())
    assert reads_of(mine) == reads_of(other)
    edit(repository, random_)
    built, wrong = differences(place, repository)
    assert not wrong
    assert built.kept > 140


def keys_of(manifest: Manifest) -> dict[int, str]:
    """All look-ups by number."""
    notes = Notes()
    notes.take(manifest.blocks)
    return {
        at << BITS | place: key for at in range(len(notes.blocks)) for place, key in enumerate(notes.block(at).keys)
    }


def reads_of(manifest: Manifest) -> dict[str, list[str]]:
    """What each part was made of."""
    keys = keys_of(manifest)
    return {name: sorted(keys[number] for number in made_of(manifest.parts, name).reads) for name in manifest.parts}


def test_an_error_in_one_process_ends_the_build_and_leaves_the_old_site(
    tmp_path: Path, many: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, 2)
    place.publish(Repository())
    before = place.files()
    for said, how in (("no view", lambda: (_ for _ in ()).throw(ItsmError("no view"))), ("was killed", _killed)):
        monkeypatch.setattr("itsm_as_code.site.pages.about.page", lambda _, how=how: how())
        repository = Repository()
        repository.change("itsm.yaml", lambda data: data["spec"].update(site={"title": "Another"}))
        with pytest.raises(ItsmError, match=said):
            place.publish(repository)
    assert place.files() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "site"]


def _killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at_random(top: Path, seed: int, times: int) -> int:
    """Builds that are killed at any moment; how many of them were. The next one is right, and nothing is left."""
    random_, place, repository = random.Random(seed), Place(top, 2), Repository()
    place.publish(repository)
    killed, lasts = 0, 1.0
    for _ in range(times):
        before = place.files()
        edit(repository, random_)
        validation = repository.validated()
        after = dict(site.build(validation, repository.revision))
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            fresh = Place(top, 2)  # a connection to SQLite must not be carried over
            with suppress(BaseException):
                site.publish(validation, repository.revision, fresh.out, remembered=fresh.memory, processes=2)
            os._exit(0)
        time.sleep(random_.uniform(0, lasts))
        os.kill(child, signal.SIGKILL)
        was_killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        lasts = max(0.1, lasts if was_killed else time.monotonic() - begun)
        killed += was_killed
        site.clean(place.out)
        assert place.files() in (before, after)
        assert not differences(Place(top), repository)[1]
        assert sorted(path.name for path in top.iterdir()) == ["cache", "site"]
    return killed


def test_a_build_that_is_killed_leaves_a_whole_site_and_the_next_one_is_right(tmp_path: Path, many: None) -> None:
    killed_at_random(tmp_path, 1, 1)


@pytest.mark.deep
def test_builds_that_are_killed_at_many_moments(
    tmp_path: Path, many: None, record_property: Callable[[str, object], None]
) -> None:
    record_property("killed builds", f"{killed_at_random(tmp_path, 2, 50)} of 50 half way|each site after it right")


class Base:
    """A site that was built once, and what became of its manifest."""

    def __init__(self, top: Path) -> None:
        place = Place(top)
        _, self.files = place.publish(Repository())
        self.place = place
        self.kinds = {number: kind_of(key) for number, key in keys_of(self.manifest).items()}

    @property
    def manifest(self) -> Manifest:
        """As nobody has read it."""
        manifest = self.place.memory.load(self.place.out)
        assert manifest is not None
        return manifest

    def missed(self, repository: Repository, kind: str) -> set[str]:
        """The parts that read differently now and would be kept, if look-ups of a kind had not been recorded."""
        validation, more = repository.validated(), (repository.trend, repository.feeds)
        told = {"beside": repository.beside, "past": repository.past}
        now = dict(site.build(validation, repository.revision, *more, **told))
        gone = {number for number, found in self.kinds.items() if found == kind}
        assert gone or not kind, kind
        old = self.manifest
        traces = {group: _without(traces, gone) for group, traces in old.traces.items()}
        notes = Notes()
        context = SeenContext.of(
            context_of(validation, repository.revision, *more, beside=repository.beside, past=repository.past), notes
        )
        SeenNow(context, notes)
        stored = StoredRecords(self.place.cache)
        other = differing(old.records, rows(validation.catalogue), validation.catalogue, stored)
        stale = renew(notes, old.blocks, traces, other) - gone
        return {
            name
            for name, made in ((name, made_of(old.parts, name)) for name in old.parts)
            if stale.isdisjoint(made.reads)
            and any(self.files[file.path] != now.get(file.path, b"") for file in made.files)
            and name != "sitemap"
        }


def _without(traces: Traces, gone: set[int]) -> Traces:
    found = traces.read()
    assert found is not None
    return Traces.of({name: [number for number in trace if number not in gone] for name, trace in found.items()})


def kind_of(key: str) -> str:
    """The kind of a look-up: what was asked of a record and the like, or a remembered answer."""
    head = key.split(MARK)[0].split(" ")[0]
    return "remembered" if "." in head or head in QUESTIONS else head


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return Base(tmp_path_factory.mktemp("base"))


def _titled(path: str) -> Callable[[Repository], None]:
    return lambda repository: repository.change(path, lambda data: data["metadata"].update(title="Another title"))


def _with(path: str, **spec: object) -> Callable[[Repository], None]:
    return lambda repository: repository.change(path, lambda data: data["spec"].update(spec))


def _not_yet(repository: Repository) -> None:
    """A waiver that begins later: nothing else knows of it."""
    old = "policies/waivers/backout-rehearsal-orders-db.yaml"
    repository.files[fresh := "policies/waivers/not-yet.yaml"] = repository.files[old]
    repository.change(fresh, lambda data: data["metadata"].update(name="not-yet"))
    _with(fresh, **{"from": "2026-12-10T00:00:00Z", "until": "2026-12-20T00:00:00Z"})(repository)


def _later(step: timedelta) -> Callable[[Repository], None]:
    return lambda repository: setattr(repository, "now", repository.now + step)


def _asking(repository: Repository) -> None:
    """Two approvals where one was asked for: the record of the change knows nothing of it."""

    def two(data: dict[str, Any]) -> None:
        for rule in data["spec"]["rules"]:
            for approval in rule["approvals"]:
                approval["count"] = 2

    repository.change("policies/approvals/all.yaml", two)


def _two_steps(repository: Repository) -> None:
    """A change comes to fulfil the policy of a level: no page of a service or team tells of its steps."""
    repository.change(BUREAU, lambda data: data["spec"]["backout"].update(steps=["Back.", "Say so."]))


def _not_the_cause(repository: Repository) -> None:
    """No change caused an incident: all lines stay where they are."""
    path = "operations/incidents/inc-20261118-metrics-gap.yaml"
    repository.files[path] = repository.files[path].replace(b"causedBy:", b"# causedBy:")


_ALICE = "people/alice.yaml"
_REVISION = Revision("1" * 40, NOW, ("Ann", "ann@shop.example"), "Add her", None, "added")
SHOWN = {
    "title": _titled("people/alice.yaml"),
    "titles": _titled("policies/backout-is-planned.yaml"),
    "brief": lambda repository: edit(repository, random.Random(16)),
    "briefs": lambda repository: edit(repository, random.Random(16)),
    "body": lambda repository: edit(repository, random.Random(25)),
    "bodies": lambda repository: edit(repository, random.Random(7)),
    "whole": _with("people/alice.yaml", emails=["other@shop.example"]),
    "names": lambda repository: repository.files.pop("policies/risks/end-of-support-databases.yaml"),
    "referrers": lambda repository: edit(repository, random.Random(26)),
    "now": _later(timedelta(hours=1)),
    "day": _later(timedelta(days=1)),
    "findings": lambda repository: edit(repository, random.Random(0)),
    "outcomes": lambda repository: edit(repository, random.Random(26)),
    "waivers": _not_yet,
    "trend": lambda repository: setattr(
        repository, "trend", Trend((Point(NOW, "1" * 40, {}), Point(NOW, "2" * 40, {})))
    ),
    "revision": lambda repository: setattr(repository, "revision", "1" * 40),
    "feed": lambda repository: setattr(repository, "feeds", {("", ""): b"", ("Team", "team-shop"): b""}),
    "controls": lambda repository: setattr(repository, "beside", Known(revised={})),
    "case": _asking,
    "scorecards": _two_steps,
    "scorecard": _two_steps,
    "hindsight": _not_the_cause,
    "history": lambda repository: setattr(repository, "past", Past({_ALICE: Revisions((_REVISION,), 1)})),
    "proof": lambda repository: setattr(repository, "past", Past(shown="this clone has no notes")),
    "deployed": lambda repository: setattr(repository, "past", Past(deployed="no clone has statements")),
    "remembered": lambda repository: edit(repository, random.Random(7)),
}
"""For each kind of look-up an edit that shows on a page, and that nothing but such a look-up tells."""
QUICK = ("title", "now")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.deep) for kind in SHOWN]
)
def test_a_look_up_that_is_not_recorded_is_noticed(base: Base, kind: str) -> None:
    repository = Repository()
    SHOWN[kind](repository)
    assert not base.missed(repository, "")
    assert base.missed(repository, kind)


def _histories(**said: str) -> Histories:
    """Histories of two people of one shelf, and of one of another."""
    found = {
        f"people/{name}.yaml": [
            1,
            [["1" * 40, 1_700_000_000, "Ann", "ann@shop.example", said.get(name, "Edit"), None, "added", [], 0, ""]],
        ]
        for name in ("alice", "bob", "carol")
    }
    return Histories.of(shelved(found))


def test_histories_that_were_not_known_for_a_while_come_back(tmp_path: Path) -> None:
    place, repository = Place(tmp_path), Repository()
    for past in (Past(_histories()), Past(), Past(_histories()), Past({_ALICE: Revisions((_REVISION,), 1)})):
        repository.past = past
        assert not differences(place, repository)[1]


def test_of_histories_only_those_are_asked_that_may_be_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, repository = Place(tmp_path), Repository()
    repository.past = Past(_histories())
    place.publish(repository)
    asked: list[str] = []
    get = Histories.__getitem__
    monkeypatch.setattr(Histories, "__getitem__", lambda own, path: (asked.append(path), get(own, path))[1])
    repository.past = Past(_histories(alice="Edit her"))
    assert shelf_of("people/alice.yaml") != shelf_of("people/bob.yaml")
    validation = repository.validated()
    remember(validation, place.cache)
    built = site.publish(validation, repository.revision, place.out, remembered=place.memory, past=repository.past)
    assert built.rendered == 1
    assert set(asked) == {path for path in asked if shelf_of(path) == shelf_of(_ALICE)}
    assert _ALICE in asked


def test_free_text_is_no_look_up_of_what_many_records_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What facts tell, and what is remembered for many pages, is the same where records say other words."""
    real = _Kinds.__init__

    def reworded(self: Any, kinds: Any, notes: Notes) -> None:
        fields = {kind.name: kind.prose for kind in Repository().validated().registry}
        real(
            self,
            {kind: {n: _reworded(d, fields[kind]) for n, d in found.items()} for kind, found in kinds.items()},
            notes,
        )

    monkeypatch.setattr(_Kinds, "__init__", reworded)
    assert not differences(Place(tmp_path), Repository())[1]


def _reworded(data: Any, words: frozenset[str]) -> Any:
    spec = {key: "Other words." if key in words else value for key, value in data["spec"].items()}
    return {**data, "metadata": {**data["metadata"], "title": "Another title"}, "spec": spec}


def _reworded_file(file: Path) -> None:
    """Other words of the same length, and the time of modification that was there."""
    status = file.stat()
    file.write_bytes(file.read_bytes().swapcase())
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def _linked(file: Path) -> None:
    file.rename(file.with_suffix(".mine"))
    file.symlink_to(file.with_suffix(".mine"))


def test_what_somebody_did_to_a_site_is_put_right(tmp_path: Path) -> None:
    place, repository = Place(tmp_path), Repository()
    place.publish(repository)
    pages = sorted((place.out / "people").glob("[a-z]*.html"))
    for _ in range(2):
        for page, did in zip(pages, (_reworded_file, _linked, Path.unlink, Path.touch), strict=False):
            did(page)
        pages[4].chmod(0o600)
        pages[5].with_name("mine.html").write_bytes(b"mine")
        built, wrong = differences(place, repository)
        assert not wrong
        assert built.rendered == 4, "what was only touched stays"
        assert {(page.is_symlink(), page.stat().st_mode & 0o777) for page in pages} == {(False, 0o644)}
    assert differences(place, repository)[0].rendered == 0


def test_words_alone_render_only_what_shows_them(tmp_path: Path) -> None:
    place, repository = Place(tmp_path), Repository()
    path = "changes/2026/10/27/chg-20261027-app-start-cache.yaml"
    place.publish(repository)
    repository.files[path] = repository.files[path].replace(b"2.8 seconds", b"2.9 seconds")
    built, wrong = differences(place, repository)
    assert not wrong
    assert built.rendered == 1


def test_there_is_an_edit_for_every_kind_of_look_up(base: Base) -> None:
    assert set(base.kinds.values()) - {"together"} == set(SHOWN)
