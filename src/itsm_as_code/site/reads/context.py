"""A context of a build, and how things stand then, that note what views ask of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, replace
from functools import cached_property, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import orjson

from itsm_as_code.findings import RecordId
from itsm_as_code.gate.histories import SHELVES, Histories, shelf_of
from itsm_as_code.gate.revisions import Revision, Revisions
from itsm_as_code.policies import Outcome
from itsm_as_code.policies.outcomes import Outcomes
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.reads.differing import MARK
from itsm_as_code.site.reads.moments import SeenInstant, compared, day_in
from itsm_as_code.site.reads.notes import Notes, bind, remembering
from itsm_as_code.site.reads.records import SeenCatalogue, SeenFacts, SeenRecord
from itsm_as_code.site.views import state
from itsm_as_code.site.views.context import QUESTIONS, Context
from itsm_as_code.site.views.values import Link

if TYPE_CHECKING:
    from itsm_as_code.assurance.deployment_audit import Judged
    from itsm_as_code.assurance.shown import Shown
    from itsm_as_code.compliance import Assessment, Trend
    from itsm_as_code.compliance.hindsight import Hindsight
    from itsm_as_code.gate.board import Case
    from itsm_as_code.policies.scorecards import Scorecard
    from itsm_as_code.validation import Validation


class _Told(Collection[Outcome]):
    """What policies said, noted as a whole."""

    def __init__(self, outcomes: Collection[Outcome], notes: Notes) -> None:
        self._outcomes, self._notes = outcomes, notes
        notes.direct["outcomes"] = lambda: outcomes

    def _noted(self) -> Collection[Outcome]:
        self._notes.note("outcomes")
        return self._outcomes

    def __iter__(self) -> Iterator[Outcome]:
        return iter(self._noted())

    def __len__(self) -> int:
        return len(self._noted())

    def __contains__(self, outcome: object) -> bool:
        return outcome in self._noted()


class _Results(tuple[Any, ...]):
    """What a validation found, noted as a whole."""

    key: str
    notes: Notes

    @classmethod
    def of(cls, key: str, items: tuple[Any, ...], notes: Notes) -> _Results:
        made = cls(items)
        made.key, made.notes = key, notes
        notes.direct[key] = lambda: items
        return made

    def __iter__(self) -> Iterator[Any]:
        self.notes.note(self.key)
        return super().__iter__()

    def __len__(self) -> int:
        self.notes.note(self.key)
        return super().__len__()

    def __getitem__(self, at: Any) -> Any:
        self.notes.note(self.key)
        return super().__getitem__(at)


_told_of: Final = attrgetter(*(field.name for field in fields(Revision)))


def _told(history: Revisions | None) -> object:
    """A history without its classes: there is one for each record."""
    return None if history is None else (history.count, *map(_told_of, history.shown))


def _brief(told: object) -> object:
    """What many records tell as JSON, which is made in a fraction of the time of a pickle, where it can hold that."""
    try:
        return orjson.dumps(told)
    except TypeError:
        return told


def _on(shelf: int, found: Mapping[str, Revisions]) -> object:
    """How the histories on a shelf stand."""
    if isinstance(found, Histories):
        return found.digests[shelf]
    return _brief([(path, _told(history)) for path, history in sorted(found.items()) if shelf_of(path) == shelf])


def _shown_of(trend: Trend | None) -> object:
    """Of a trend without a past no page says more than why there is none."""
    return trend if trend is None or trend.has_past else [point.why for point in trend.points]


def seen(validation: Validation, notes: Notes) -> Validation:
    """A validation that notes what is asked of its records, facts, results and instant."""
    now = validation.now
    notes.instant = SeenInstant.of(now, notes)
    notes.direct.update(
        now=lambda *asked: compared(now, *asked) if asked else now,
        day=lambda zone: day_in(now, zone),
    )
    notes.together.update(now=lambda: now, day=lambda: now)
    catalogue = SeenCatalogue(validation.catalogue, notes)
    waivers = tuple(replace(item, record=SeenRecord(item.record, notes)) for item in validation.waivers)
    return replace(
        validation,
        catalogue=catalogue,
        facts=SeenFacts(validation.facts, notes),
        now=notes.instant,
        findings=_Results.of("findings", validation.findings, notes),
        outcomes=_Told(Outcomes.of(validation.outcomes), notes),
        waivers=_Results.of("waivers", waivers, notes),
    )


class _Context(Context):
    """A context that notes what views ask of it."""

    notes: Notes
    catalogue: SeenCatalogue
    plain: Context

    @classmethod
    def of(cls, context: Context, notes: Notes) -> _Context:
        """The same build, seen by ``notes``."""
        told = (
            context.trend,
            context.feeds,
            context.tones,
            context.unreadable,
            context.beside,
            context.cases,
            context.past,
        )
        made = cls(seen(context.validation, notes), context.revision, *told)
        object.__setattr__(made, "notes", notes)
        object.__setattr__(made, "plain", context)
        bind(made)
        notes.direct.update(
            trend=lambda: _shown_of(context.trend),
            revision=lambda: context.revision,
            controls=lambda: _brief(context.assessments),
            feed=lambda kind, name: (kind, name) in context.feeds,
            case=lambda name: context.cases.get(name),
            scorecards=lambda: [*context.scorecards.values()],
            scorecard=lambda kind, name: context.scorecards.get(RecordId(kind, name)),
            hindsight=lambda: [(one.policy, one.changes) for one in context.hindsight or ()],
            history=lambda path: _brief(_told(context.past.revisions.get(path))),
            proof=context.proof,
            deployed=context.deployed,
        )
        past = context.past
        notes.together.update(
            feed=lambda: sorted(context.feeds),
            case=lambda: sorted(context.cases.items()),
            scorecard=lambda: [*context.scorecards.values()],
            history=lambda: [_on(shelf, past.revisions) for shelf in range(SHELVES)],
            proof=lambda: past.shown if isinstance(past.shown, str) else sorted(past.shown.items()),
            deployed=lambda: past.deployed if isinstance(past.deployed, str) else sorted(past.deployed.items()),
        )
        notes.parted["history"] = lambda path: f"history {shelf_of(path)}"
        notes.together.update((f"history {shelf}", partial(_on, shelf, past.revisions)) for shelf in range(SHELVES))
        for question in QUESTIONS:
            notes.makers[question] = made._answer
        return made

    @cached_property
    def assessments(self) -> Mapping[str, Assessment]:
        """As they stand without notes: most of what is asked for them no page shows."""
        self.notes.note("controls")
        return self.plain.assessments

    @cached_property
    def scorecards(self) -> Mapping[RecordId, Scorecard]:
        """As they stand without notes, as above."""
        self.notes.note("scorecards")
        return self.plain.scorecards

    @cached_property
    def hindsight(self) -> tuple[Hindsight, ...] | None:
        """As it stands without notes, as above: rules look up what they want, some of it in another process."""
        self.notes.note("hindsight")
        return self.plain.hindsight

    def scorecard(self, record: Record) -> Scorecard | None:
        self.notes.note(MARK.join(("scorecard", record.id.kind, record.id.name)))
        return self.plain.scorecards.get(record.id)

    def _answer(self, asked: str) -> object:
        question, _, name = asked.partition(" ")
        return QUESTIONS[question](self, name)

    def history(self, record: Record) -> Revisions | None:
        self.notes.note(MARK.join(("history", record.path)))
        return super().history(record)

    def proof(self, change: str) -> tuple[Shown | None, str]:
        self.notes.note(MARK.join(("proof", change)))
        return super().proof(change)

    def deployed(self, change: str) -> tuple[Judged, ...] | str:
        self.notes.note(MARK.join(("deployed", change)))
        return super().deployed(change)

    def case(self, change: str) -> Case | None:
        self.notes.note(MARK.join(("case", change)))
        return super().case(change)

    def feed(self, kind: str = "", name: str = "") -> str | None:
        self.notes.note(MARK.join(("feed", kind, name)))
        return super().feed(kind, name)

    def link(self, record: Record) -> Link:
        _ = self.catalogue.seen(record).title  # noted for whoever asks, also where the link is remembered
        return super().link(record)

    def own(self, record: Record) -> Record:
        self.notes.of_record("whole", record.id.kind, record.id.name)
        return self.catalogue.seen(record).real

    def remember(self, question: str, name: str) -> Any:
        asked = f"{question} {name}"
        found = self.notes.remembered(asked)
        self.notes.note(asked)
        return found


def _field(name: str) -> Any:
    """A field of a context that notes that it was read."""

    def read(self: _Context) -> Any:
        self.notes.note(name)
        return self.__dict__[name]

    def write(self: _Context, value: Any) -> None:
        self.__dict__[name] = value

    return property(read, write)


for _name in ("trend", "revision"):
    setattr(_Context, _name, _field(_name))

SeenContext = remembering(_Context, "context", frozenset({"_links", "_answers", "tz"}))


class _Now(state.Now):
    """How things stand, which notes what views ask of it."""

    def __init__(self, context: Context, notes: Notes) -> None:
        super().__init__(context)
        self.notes = notes
        bind(self)


SeenNow = remembering(_Now, "state")
