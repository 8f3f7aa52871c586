"""Scorecards: which level (``spec.policies.levels`` of itsm.yaml) a service or team has reached by what policies say.

A policy speaks of a service by the service itself, by records that name it as ``service`` or among ``services``, and by
suppliers that it names; of a team by the team and by all that speaks of the services that it owns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from itsm_as_code.configuration import Level
from itsm_as_code.findings import RecordId
from itsm_as_code.policies.engine import Outcome
from itsm_as_code.records.catalogue import Catalogue, Record, services_named


@dataclass(frozen=True, slots=True)
class Scorecard:
    """How a service or team stands: the level that it has ``reached``, and the ``next`` one with what is missing.

    ``asked`` counts what the next level (the reached one, where it is the highest that asks anything) asks for, a
    policy of one record each; ``missing`` is what of it did not pass, a waived one included.
    """

    subject: RecordId
    owner: str
    reached: Level | None
    next: Level | None
    asked: int
    missing: tuple[Outcome, ...] = ()

    def is_late(self, today: date) -> bool:
        """True where the day is over by which the next level was to be reached."""
        return self.next is not None and self.next.by is not None and self.next.by < today


def scorecards(levels: Sequence[Level], catalogue: Catalogue, outcomes: Iterable[Outcome]) -> list[Scorecard]:
    """The scorecards of all services and teams that some level asks anything of, by kind and name."""
    named = {policy for level in levels for policy in level.policies}
    found: dict[RecordId, list[Outcome]] = {}
    supplied: dict[str, list[str]] = {}
    for service in catalogue.of_kind("Service") if levels else ():
        for supplier in service.spec.get("suppliers", ()):
            supplied.setdefault(supplier, []).append(service.name)
    for outcome in outcomes if levels else ():
        record = catalogue.records.get(outcome.record) if outcome.policy in named else None
        for subject in _subjects(record, catalogue, supplied) if record is not None else ():
            found.setdefault(subject, []).append(outcome)
    ordered = sorted(found, key=lambda subject: (subject.kind, subject.name))
    return [_card(catalogue.records[subject], levels, found[subject]) for subject in ordered]


def _card(subject: Record, levels: Sequence[Level], outcomes: Sequence[Outcome]) -> Scorecard:
    reached, asked = None, 0
    owner = str(subject.spec.get("owner", subject.name))
    for level in levels:
        concerned = [outcome for outcome in outcomes if outcome.policy in level.policies]
        missing = [outcome for outcome in concerned if outcome.status != "pass"]
        if missing:
            missing.sort(key=lambda outcome: (level.policies.index(outcome.policy), str(outcome.record)))
            return Scorecard(subject.id, owner, reached, level, len(concerned), tuple(missing))
        if concerned:  # what asks for nothing is no achievement
            reached, asked = level, len(concerned)
    return Scorecard(subject.id, owner, reached, None, asked)


def _subjects(record: Record, catalogue: Catalogue, supplied: Mapping[str, Sequence[str]]) -> set[RecordId]:
    """The services and teams that a record tells of."""
    spec, kind = record.spec, record.id.kind
    if kind == "Team":
        return {record.id}
    own = [record.name] if kind == "Service" else services_named(spec)
    names = supplied.get(record.name, ()) if kind == "Supplier" else own
    services = [service for name in names if (service := catalogue.get("Service", name)) is not None]
    teams = (catalogue.get("Team", service.spec["owner"]) for service in services)
    return {item.id for item in (*services, *teams) if item is not None}
