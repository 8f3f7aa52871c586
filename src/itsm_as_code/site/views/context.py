"""What every view looks things up in: the catalogue turned round, once, for one build."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from itsm_as_code import clock
from itsm_as_code.compliance import Assessment, assess_controls
from itsm_as_code.compliance.deadlines import Deadline, deadlines
from itsm_as_code.compliance.hindsight import Hindsight, in_force
from itsm_as_code.compliance.known import NOTHING, Known
from itsm_as_code.findings import Finding, RecordId
from itsm_as_code.measures.availability import Composition
from itsm_as_code.measures.costs import stated, with_shares
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.finance import ServiceCost
from itsm_as_code.measures.retrospective import open_reviews
from itsm_as_code.policies.scorecards import Scorecard, scorecards
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.facts import applies_to
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.service_levels import Feasibility, Promise
from itsm_as_code.site import addresses
from itsm_as_code.site.views import parts
from itsm_as_code.site.views.values import Code, Link, Status, Text, Tone, Value, inline
from itsm_as_code.site.views.words import human

if TYPE_CHECKING:
    from itsm_as_code.assurance.deployment_audit import Judged
    from itsm_as_code.assurance.shown import Shown
    from itsm_as_code.compliance import Trend
    from itsm_as_code.gate.board import Case
    from itsm_as_code.gate.earlier import Unreadable
    from itsm_as_code.gate.revisions import Revisions
    from itsm_as_code.policies import Outcome
    from itsm_as_code.validation import Validation

T = TypeVar("T")
K = TypeVar("K")


_TONES: Mapping[str, Tone] = {
    **dict.fromkeys(("closed", "resolved", "pass", "passed", "active", "done", "measured", "met"), "good"),
    **dict.fromkeys(("on-hold", "waived", "warning", "degraded", "high", "very-high"), "warn"),
    **dict.fromkeys(("failed", "fail", "error", "expired", "missed", "full"), "bad"),
    **dict.fromkeys(("proposed", "info", "planned", "approved", "in-progress", "new", "medium"), "info"),
}
"""How words weigh that several kinds have, or none of them."""


QUESTIONS: dict[str, Callable[[Context, str], Any]] = {}
"""What a context remembers for each record, by name."""


def remembered(answer: Callable[[Context, str], T]) -> Callable[[Context, str], T]:
    """A function of a record's name that many pages ask the same, and that is worked out once in a build."""
    question = answer.__name__
    QUESTIONS[question] = answer

    def ask(context: Context, name: str) -> T:
        found: T = context.remember(question, name)
        return found

    ask.__doc__ = answer.__doc__
    return ask


@dataclass(frozen=True, slots=True)
class Past:
    """What git tells: the revisions of files by path, by change what evidence shows, and by change what was deployed,
    as signed statements say; a text says why that is not known."""

    revisions: Mapping[str, Revisions] = field(default_factory=dict)
    shown: Mapping[str, Shown] | str = "the evidence of merges was not asked for"
    deployed: Mapping[str, tuple[Judged, ...]] | str = "the statements of deployments were not asked for"


NO_PAST = Past()


@dataclass(frozen=True)
class Context:
    """One build: what was validated, at which revision, and the indexes over it."""

    validation: Validation
    revision: str
    trend: Trend | None = None
    feeds: frozenset[tuple[str, str]] = frozenset()
    """Kind and name of the records with a calendar to subscribe to; both empty for everything."""
    tones: Mapping[str, Tone] = field(default_factory=dict)
    """How words of single kinds weigh."""
    unreadable: tuple[Unreadable, ...] = ()
    """Files that cannot be used; of those that once could, the catalogue has the last readable version."""
    beside: Known = NOTHING
    """What controls rest on beside the records."""
    cases: Mapping[str, Case] = field(default_factory=dict)
    """What speaks against planned changes and who has to approve them, by name; ask :meth:`case`."""
    past: Past = NO_PAST
    """Who changed which record when, and what evidence shows of changes; ask :meth:`history` and :meth:`proof`."""
    catalogue: Catalogue = field(init=False)
    registry: KindRegistry = field(init=False)
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        # Bound once: every page asks for them many times.
        object.__setattr__(self, "catalogue", self.validation.catalogue)
        object.__setattr__(self, "registry", self.validation.registry)
        object.__setattr__(self, "now", self.validation.now)

    def remember(self, question: str, name: str) -> Any:
        """The answer to a :func:`remembered` question about a record, by its name."""
        known = self._answers
        if (question, name) not in known:
            known[question, name] = QUESTIONS[question](self, name)
        return known[question, name]

    @cached_property
    def _answers(self) -> dict[tuple[str, str], Any]:
        return {}

    @cached_property
    def assessments(self) -> Mapping[str, Assessment]:
        """How every control stands, by name."""
        return assess_controls(self.validation, self.beside)

    @cached_property
    def scorecards(self) -> Mapping[RecordId, Scorecard]:
        """Which levels services and teams have reached, by what they are."""
        validation = self.validation
        levels = validation.configuration.policies.levels
        return {card.subject: card for card in scorecards(levels, validation.catalogue, validation.outcomes)}

    @cached_property
    def hindsight(self) -> tuple[Hindsight, ...] | None:
        """What policies would have stopped in the past; None where it would take long to tell."""
        return in_force(self.validation)

    def scorecard(self, record: Record) -> Scorecard | None:
        """The level of a service or team; None where no level asks anything of it."""
        return self.scorecards.get(record.id)

    @cached_property
    def deadlines(self) -> Sequence[Deadline]:
        """What is due by which day, the earliest first."""
        return deadlines(self.validation)

    @cached_property
    def promises(self) -> Mapping[str, list[tuple[Promise, Composition, Composition]]]:
        """Promised availabilities by service, each with what is below it, at normal load and at peak."""
        known = Feasibility(self.validation.facts, utc_day(self.now))
        found = ((promise, *known.at_both(promise)) for promise in known.promises())
        return _group(found, lambda item: [item[0].service])

    @cached_property
    def reviews_due(self) -> Mapping[str, datetime]:
        """By when changes are to be reviewed that have to be and are not yet."""
        open_ = open_reviews(self.validation.facts, self.validation.configuration.timezone)
        return {review.change: review.due for review in open_}

    @cached_property
    def costs(self) -> dict[str, ServiceCost]:
        """What every service costs in a year, with its shares of what it depends on."""
        facts = self.validation.facts
        return with_shares(facts, stated(facts))

    @cached_property
    def _links(self) -> dict[RecordId, Link]:
        return {}

    @cached_property
    def tz(self) -> ZoneInfo:
        return clock.zone(self.validation.configuration.timezone)

    @cached_property
    def today(self) -> date:
        return self.now.astimezone(self.tz).date()

    def has(self, kind: str) -> bool:
        return kind in self.registry.kinds

    def page(self, kind: str, name: str) -> str | None:
        """The address of a record's page, or None when there is no such valid record."""
        record = self.catalogue.get(kind, name)
        return addresses.record_page(record.kind, name) if record else None

    def list_page(self, kind: str) -> str:
        return addresses.list_page(self.registry[kind])

    def history(self, record: Record) -> Revisions | None:
        """Who changed a record, and when; None where the history does not tell."""
        return self.past.revisions.get(record.path)

    def proof(self, change: str) -> tuple[Shown | None, str]:
        """What signed evidence shows of a change, or why it shows nothing."""
        if isinstance(self.past.shown, str):
            return None, self.past.shown
        return self.past.shown.get(change), "no merge authorised it since evidence is kept"

    def deployed(self, change: str) -> tuple[Judged, ...] | str:
        """The deployments of a change by signed statements, the first one first, or why they are not known."""
        told = self.past.deployed
        return told if isinstance(told, str) else told.get(change, ())

    @cached_property
    def people_by_address(self) -> Mapping[str, str]:
        """Names of people by their addresses."""
        return {
            address.lower(): person.name
            for person in self.catalogue.of_kind("Person")
            for address in person.spec.get("emails", ())
        }

    @cached_property
    def requests_of(self) -> Mapping[str, list[Record]]:
        """Requests by offering."""
        return self._by("ServiceRequest", "offering")

    @cached_property
    def caused_by(self) -> Mapping[str, list[Record]]:
        """Incidents by the change that caused them."""
        return self._by("Incident", "causedBy")

    def case(self, change: str) -> Case | None:
        """What a board has to know of a planned change; None for others."""
        return self.cases.get(change)

    def feed(self, kind: str = "", name: str = "") -> str | None:
        """The address of the calendar to subscribe to of a record, or of everything; None when there is none."""
        if (kind, name) not in self.feeds:
            return None
        return addresses.feed(self.registry[kind] if kind else None, name)

    def status(self, code: object, word: str = "") -> Status:
        """A state of a lifecycle, a level or a result, as word, shape and colour."""
        said = str(code)
        return Status(word or human(said), _TONES.get(said) or self.tones.get(said, "none"))

    def link(self, record: Record) -> Link:
        known = self._links.get(record.id)
        if known is None:
            known = self._links[record.id] = Link(record.title, addresses.record_page(record.kind, record.name))
        return known

    def own(self, record: Record) -> Record:
        """The record that a page is about, of which the page says everything."""
        return record

    def reference(self, kinds: str | Iterable[str], name: object) -> Value:
        """A link to the record that a reference names, or the bare name when nobody has it."""
        for kind in (kinds,) if isinstance(kinds, str) else kinds:
            record = self.catalogue.get(kind, str(name))
            if record is not None:
                return self.link(record)
        return Code(str(name))

    def references(self, kind: str, names: Iterable[str], missing: str = "Not stated") -> Value:
        """Links to records of a kind on one line, or that there is none."""
        return inline([self.reference(kind, name) for name in names], missing)

    @cached_property
    def own_policies(self) -> frozenset[str]:
        """The policies of the organisation's own, which speak its language."""
        return frozenset(record.name for record in self.catalogue.of_kind("Policy") if not record.pack)

    def title_of(self, record: RecordId) -> Value:
        """A link to a record by its id; plain text when it has no page."""
        found = self.catalogue.get(record.kind, record.name)
        return self.link(found) if found else Text(f"{human(record.kind)} {record.name}")

    @cached_property
    def outcomes_of_record(self) -> Mapping[RecordId, list[Outcome]]:
        return _group(self.validation.outcomes, lambda outcome: [outcome.record])

    @cached_property
    def outcomes_of_policy(self) -> Mapping[str, list[Outcome]]:
        return _group(self.validation.outcomes, lambda outcome: [outcome.policy])

    @cached_property
    def findings_of_record(self) -> Mapping[RecordId, list[Finding]]:
        return _group(self.validation.findings, lambda finding: [finding.record] if finding.record else [])

    @cached_property
    def parts(self) -> dict[str, list[str]]:
        """What stands in each part of a file that is cut: ``Change 3``, ``search 0`` -> names, or kinds with names."""
        found, everything = {}, []
        for kind in self.registry:
            names = self.catalogue.valid_names(kind.name)
            everything += [f"{kind.name}/{name}" for name in names]
            for number, part in enumerate(parts.cut(names, parts.count(len(names)))):
                found[f"{kind.name} {number}"] = part
        for number, part in enumerate(parts.cut(everything, parts.count(len(everything)))):
            found[f"search {number}"] = part
        return found

    def _by(self, kind: str, field: str) -> dict[str, list[Record]]:
        return _group(self.catalogue.of_kind(kind), lambda record: _names(record.spec.get(field)))

    @cached_property
    def customers(self) -> list[Record]:
        """The services that customers use: business services of the catalogue that are live, what is critical first."""
        found = [
            s for s in self.catalogue.of_kind("Service")
            if (s.spec["type"], s.spec["stage"]) == ("business", "catalogue")
            and s.spec["lifecycle"] in ("live", "deprecated")
        ]  # fmt: skip
        return sorted(found, key=lambda s: (s.spec["tier"], s.title.casefold(), s.name))

    @cached_property
    def offerings_of(self) -> Mapping[str, list[Record]]:
        """Request offerings by service."""
        return self._by("RequestOffering", "service")

    @cached_property
    def changes_of(self) -> Mapping[str, list[Record]]:
        return self._by("Change", "services")

    @cached_property
    def incidents_of(self) -> Mapping[str, list[Record]]:
        return self._by("Incident", "services")

    @cached_property
    def agreements_of(self) -> Mapping[str, list[Record]]:
        return self._by("ServiceLevelAgreement", "service")

    @cached_property
    def services_of(self) -> Mapping[str, list[Record]]:
        """Services by owner."""
        return self._by("Service", "owner")

    @cached_property
    def services_with(self) -> Mapping[str, list[Record]]:
        """Services by supplier."""
        return self._by("Service", "suppliers")

    @cached_property
    def changes_by(self) -> Mapping[str, list[Record]]:
        """Changes by model."""
        return self._by("Change", "model")

    @cached_property
    def teams_of(self) -> Mapping[str, list[Record]]:
        """Teams by member."""
        return self._by("Team", "members")

    @cached_property
    def dependants(self) -> Mapping[str, list[tuple[Record, Mapping[str, Any]]]]:
        """Services by what they depend on, each with the dependency as it writes it."""
        found: dict[str, list[tuple[Record, Mapping[str, Any]]]] = {}
        for record in self.catalogue.of_kind("Service"):
            for dependency in record.spec.get("dependsOn", ()):
                found.setdefault(dependency["service"], []).append((record, dependency))
        return found

    @cached_property
    def calendars(self) -> Mapping[str, Mapping[str, Any]]:
        return {record.name: record.spec for record in self.catalogue.of_kind("Calendar")}

    def intervals(self, calendar: Mapping[str, Any], window: clock.Interval) -> clock.Intervals | None:
        """What a calendar covers within the window, or None when it cannot be read."""
        try:
            return clock.calendar_intervals(calendar, window, self.calendars.get)
        except (ValueError, KeyError, TypeError, OverflowError):
            return None

    def ahead(self, days: int) -> clock.Interval:
        return clock.Interval(self.now, self.now + timedelta(days=days))

    @cached_property
    def freezes(self) -> list[tuple[clock.Interval, Record]]:
        """Freezes that are on or come within half a year, by start."""
        found = [
            (span, record)
            for record in self.catalogue.of_kind("Calendar")
            if record.spec["kind"] == "freeze"
            for span in self.intervals(record.spec, self.ahead(183)) or ()
        ]
        return sorted(found, key=lambda item: (item[0], item[1].name))

    def freezes_of(self, service: Record) -> list[tuple[clock.Interval, Record]]:
        return [(span, r) for span, r in self.freezes if applies_to(r.data, service.name, service.data)]


def _names(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _group(items: Iterable[T], keys: Callable[[T], Iterable[K]]) -> dict[K, list[T]]:
    found: dict[K, list[T]] = {}
    for item in items:
        for key in keys(item):
            found.setdefault(key, []).append(item)
    return found
