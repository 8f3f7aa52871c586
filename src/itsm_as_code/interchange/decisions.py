"""What a person must decide after an import: what keeps the repository from being valid, once for each cause.

The repository is judged as it will be, before anything is written. What a policy asks and imported records cannot have
yet, governance may give time for: in a pull request of its own, since no pull request weakens what judges it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from itsm_as_code.configuration import PATH as CONFIGURATION
from itsm_as_code.findings import Finding, RecordId
from itsm_as_code.interchange._store import Outcome, PlannedFile
from itsm_as_code.records.catalogue import REFERENCE_EXISTS
from itsm_as_code.records.document import Document, load
from itsm_as_code.records.editing import edited
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.reading import RECORD_SCHEMA
from itsm_as_code.snapshot import Entry, Snapshot
from itsm_as_code.validation import Focus, assess_catalogue, load_rule_set

_BY_MESSAGE = (REFERENCE_EXISTS.id, RECORD_SCHEMA.id)
"""Rules of which each message is a cause of its own: a team that is missing, a field."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One cause, with all records that it concerns; ``policy`` where governance could give time for it."""

    rule: str
    message: str
    remedy: str
    records: tuple[RecordId, ...]
    policy: bool


@dataclass(frozen=True)
class Laid:
    """A snapshot with other files laid over it."""

    below: Snapshot | None
    files: Mapping[str, bytes]

    @property
    def label(self) -> str:
        return self.below.label if self.below else "nothing"

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        there = self.below.entries if self.below else {}
        return dict(sorted({**there, **{path: Entry("100644") for path in self.files}}.items()))

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        for path in paths:
            if path in self.files:
                yield path, self.files[path]
            elif self.below:
                yield from self.below.read_many([path])


def decisions(there: Snapshot | None, files: Iterable[PlannedFile], now: datetime) -> list[Decision]:
    """What is wrong with the records of an import once they are written, each cause with its first message."""
    files = list(files)
    written = {file.path: file.content for file in files if file.outcome in (Outcome.CREATED, Outcome.UPDATED)}
    rule_set = load_rule_set(Laid(there, written))
    imported = {file.record for file in files if file.record is not None}
    judged = assess_catalogue(rule_set.catalogue, rule_set, now, focus=Focus(imported))
    causes: dict[tuple[str, str], list[Finding]] = {}
    paths = {CONFIGURATION, *(file.path for file in files if file.record is not None)}
    for finding in judged.findings:
        if finding.blocks and finding.location.path in paths:
            of = finding.message if finding.rule in _BY_MESSAGE else ""
            causes.setdefault((finding.rule, of), []).append(finding)
    policies = {record.name for record in rule_set.catalogue.of_kind("Policy")}
    return [_decision(rule, found, rule in policies) for (rule, _), found in sorted(causes.items())]


def _decision(rule: str, found: list[Finding], policy: bool) -> Decision:
    records = tuple(dict.fromkeys(item.record for item in found if item.record is not None))
    return Decision(rule, found[0].message, found[0].remedy, records, policy)


def more_time(configuration: bytes, asked: Iterable[Decision], since: str, registry: KindRegistry) -> bytes:
    """itsm.yaml in which the policies of those decisions warn until ``since`` (a day); comments and order stay.

    ValueError where the one that is there cannot be read.
    """
    document = load(CONFIGURATION, configuration)
    if not isinstance(document, Document):
        raise ValueError(document.message)
    data = copy.deepcopy(document.data)
    policies = data.setdefault("spec", {}).setdefault("policies", {})
    overrides = policies.setdefault("overrides", [])
    for name in dict.fromkeys(decision.rule for decision in asked if decision.policy):
        there = next((item for item in overrides if item.get("policy") == name), None)
        if there is None:
            there = {"policy": name, "reason": "Imported records cannot have it yet."}
            overrides.append(there)
        there["since"] = since
    return edited(CONFIGURATION, configuration, data, registry.bundled("configuration.schema.json"))
