"""All that is known of a tree, from an earlier run where that still holds: records are read when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from itsm_as_code.by_index import Committed
from itsm_as_code.index_parts import SAID
from itsm_as_code.policies.outcomes import Outcomes
from itsm_as_code.policies.waivers import WaiverState, as_it_was
from itsm_as_code.records.changed import ChangedCatalogue
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.lazy import NotIndexed
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.snapshot import Entry, Snapshot
from itsm_as_code.stored_findings import Earlier, Instant, reply
from itsm_as_code.validation import Validation


def standing(snapshot: Snapshot, stored: StoredRecords | None, instant: Instant, *, anew: bool = False) -> Validation:
    """A snapshot judged by its own rules. Where the catalogue is one of an index, it may turn out to lack something:
    NotIndexed then; asked ``anew``, everything is read."""
    return reply(snapshot, stored, instant, _Whole(), anew=anew)


class _Whole:
    """All that is known."""

    def standing(self, earlier: Earlier, now: datetime) -> Validation:
        rule_set, said = earlier.indexed.rule_set, _said_in(earlier)
        catalogue, configuration = rule_set.catalogue, rule_set.configuration
        return Validation(
            catalogue=catalogue,
            registry=rule_set.registry,
            configuration=configuration,
            facts=Facts.of(catalogue, configuration.timezone),
            now=now,
            findings=earlier.findings,
            outcomes=Outcomes.read(said["outcomes"]),
            waivers=_waivers(said, earlier, now),
            policies=said["policies"],
        )

    def near(
        self, earlier: Earlier, now: datetime, snapshot: Committed, changes: Mapping[str, Entry | None]
    ) -> Validation:
        validation, focus = earlier.again(now, snapshot, changes)
        said, catalogue = _said_in(earlier), validation.catalogue
        if not isinstance(catalogue, ChangedCatalogue):
            raise NotIndexed("nothing differs")
        earlier.remember(catalogue)
        outcomes = Outcomes.read(said["outcomes"]).without(focus, validation.outcomes, catalogue.place)
        known = zip(validation.waivers, _waivers(said, earlier, now), strict=True)
        waivers = tuple(old if focus.isdisjoint(old.subjects) else new for new, old in known)
        return replace(validation, outcomes=outcomes, waivers=waivers)

    def judged(self, validation: Validation) -> Validation:
        return validation


def _said_in(earlier: Earlier) -> dict[str, Any]:
    found: dict[str, Any] = earlier.indexed.catalogue.part(SAID)
    return found


def _waivers(said: Mapping[str, Any], earlier: Earlier, now: datetime) -> tuple[WaiverState, ...]:
    """The waivers as they stood, which time has not changed."""
    states = dict(said["waivers"])
    records = earlier.indexed.rule_set.catalogue.of_kind("Waiver")
    if [record.name for record in records] != list(states):
        raise NotIndexed("the waivers are others")
    return tuple(as_it_was(record, now, states[record.name]) for record in records)
