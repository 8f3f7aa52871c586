"""What the index of a tree keeps of a judgement, as plain data, and how that is read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from itsm_as_code.by_index import EXPRESSIONS, states_of
from itsm_as_code.clock import format_instant, parse_instant
from itsm_as_code.configuration import PATH as CONFIGURATION
from itsm_as_code.findings import Finding, Location, RecordId, Severity
from itsm_as_code.horizon import Horizon
from itsm_as_code.policies import Outcome, looks
from itsm_as_code.policies.cel import Sieve, mentions, worked_out
from itsm_as_code.policies.outcomes import Outcomes
from itsm_as_code.policies.policy import POLICY_COMPILES, Policy, policies_of
from itsm_as_code.records import references, summary_parts
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.entries import files_of
from itsm_as_code.records.index import TreeIndex
from itsm_as_code.records.listings import listings
from itsm_as_code.records.positions import place_findings
from itsm_as_code.snapshot import Snapshot, WorkTree
from itsm_as_code.validation import Timing, Validation, risk_part

FINDINGS: Final = "findings"
CHECKS: Final = "checks"
SAID: Final = "said"
"""The part that has outcomes, waivers and how many policies there are."""


def put(index: TreeIndex, snapshot: Snapshot, validation: Validation, timing: Timing) -> None:
    """Keep what was judged, if it is plain."""
    if not _is_plain(validation):
        return
    catalogue = validation.catalogue
    states = states_of(snapshot) if isinstance(snapshot, WorkTree) else {}
    parts = listings(catalogue), files_of(catalogue), references.parts_of(catalogue)
    more = _known(validation), _data(validation, timing), _said_of(validation), states
    index.put({name: part for found in (*parts, *more) for name, part in found.items()})


def _known(validation: Validation) -> dict[str, Any]:
    """What is known of changes and expressions, and which records policies may judge otherwise when others change."""
    policies = policies_of(validation.catalogue, validation.configuration.policies)
    texts = (text for policy in policies for _, text in policy.expressions())
    expressions = {EXPRESSIONS: worked_out(texts, validation.registry)}
    return {**expressions, **summary_parts.parts_of(validation.facts), **looks.parts_of(policies, validation.catalogue)}


def _is_plain(validation: Validation) -> bool:
    """True where each file of a record is one that can be read again, and nothing is said of what has no file."""
    records = validation.catalogue.records
    about = (records.get(finding.record) for finding in validation.findings if finding.record is not None)
    return not validation.catalogue.findings and not any(record is not None and record.pack for record in about)


def _data(validation: Validation, timing: Timing) -> dict[str, Any]:
    """The parts that say what was found: plain data."""
    configuration, catalogue = validation.configuration, validation.catalogue
    broken = {finding.record for finding in validation.findings if finding.rule == POLICY_COMPILES.id}
    policies = [item for item in policies_of(catalogue, configuration.policies) if item.record.id not in broken]
    for policy in policies:
        policy.severity_at(timing.at("severities"))
    in_time = [policy for policy in policies if policy.in_time]
    about = {
        "asOf": format_instant(configuration.as_of) if configuration.as_of else None,
        "findings": [plain(finding) for finding in validation.findings],
        "records": len(catalogue),
        "withFile": len(catalogue.by_path),
        "files": _files(validation),
        "policies": [policy.name for policy in in_time],
        "outcomes": _in_time(catalogue, in_time, timing),
        "risks": [[record_id.kind, record_id.name, risk] for record_id, risk in timing.risks.items()],
    }
    horizons = {
        part: [format_instant(horizon.since), format_instant(horizon.until)]
        for part, horizon in timing.horizons.items()
    }
    found = {check: [plain(finding) for finding in _placed(found, validation)] for check, found in timing.found.items()}
    return {FINDINGS: about, CHECKS: {"horizons": horizons, "found": found}}


def _placed(found: list[Finding], validation: Validation) -> list[Finding]:
    """What a check found with lines and columns, as far as possible from where they were worked out already."""
    known = {replace(finding.location, line=None, column=None): finding.location for finding in validation.findings}
    placed = [replace(item, location=known.get(item.location, item.location)) for item in found]
    return place_findings(placed, validation.catalogue.sources())


class Found:
    """What the checks of an earlier run found over a tree, with lines and columns."""

    def __init__(self, index: TreeIndex, now: datetime) -> None:
        self._data, self._now = index.get(CHECKS), now

    def __call__(self, check: str) -> list[Finding] | None:
        """The findings of a check, where it would find the same now; else None."""
        if self._data is None or check not in self._data["found"]:
            return None
        since, until = self._data["horizons"][check]
        return [finding_of(row) for row in self._data["found"][check]] if covers(since, until, self._now) else None


def _said_of(validation: Validation) -> dict[str, Any]:
    """The part that says what became of policies and waivers."""
    states = [[waiver.record.name, waiver.state] for waiver in validation.waivers]
    outcomes = Outcomes.of(validation.outcomes)
    return {SAID: {"outcomes": outcomes.plain, "waivers": states, "policies": validation.policies}}


def _files(validation: Validation) -> list[list[Any]]:
    """Path, mode and id of the files that set the rules, and of those that something is said about; and whether a
    record stands there."""
    records, entries = validation.catalogue.by_path, validation.catalogue.snapshot.entries
    wanted = {finding.location.path for finding in validation.findings}
    wanted |= {path for path in entries if path.startswith("schemas/")}
    wanted |= {CONFIGURATION, validation.configuration.site_logo or ""}
    found = sorted(wanted & entries.keys())
    return [[path, entries[path].mode, entries[path].oid, path in records] for path in found]


def _in_time(catalogue: Catalogue, policies: list[Policy], timing: Timing) -> list[Any]:
    """Kind and name of each record of which those policies may say something else later, with what they say now.

    Behind that stands from when until when they surely say it; None where they read the clock themselves, which tells
    nobody what it is compared with.
    """
    spans: dict[RecordId, Horizon | None] = {**timing.looked_up}
    for record_id in timing.risks:
        if (holds := timing.horizons.get(risk_part(record_id))) is not None:
            spans[record_id] = holds.within(timing.looked_up.get(record_id, holds))
    for policy in policies:
        if mentions(policy.where, "now"):
            sieve = Sieve([policy.where])
            for kind in policy.kinds:
                spans.update((record.id, None) for record in catalogue.of_kind(kind) if sieve.passing(record.data))
    reading = {policy.name for policy in policies if policy.reads_clock}
    spans.update((outcome.record, None) for outcome in timing.outcomes if outcome.policy in reading)
    told: dict[RecordId, list[Any]] = {record_id: [] for record_id in spans}
    names = {policy.name for policy in policies}
    for outcome in timing.outcomes:
        if outcome.record in told and outcome.policy in names:
            told[outcome.record].append(said(outcome))
    return [[item.kind, item.name, told[item], _span(span)] for item, span in spans.items()]


def _span(horizon: Horizon | None) -> list[str] | None:
    """The ends of a horizon; None for one that covers an instant alone."""
    if horizon is None or horizon.is_pinned:
        return None
    return [format_instant(horizon.since), format_instant(horizon.until)]


def said(outcome: Outcome) -> list[str]:
    """What an outcome says, without the record."""
    return [outcome.policy, outcome.status, outcome.message, outcome.severity.value]


def plain(finding: Finding) -> list[Any]:
    """A finding as :func:`finding_of` reads it."""
    where, record = finding.location, finding.record
    place = [where.path, where.line, where.column, None if where.pointer is None else list(where.pointer), where.offset]
    about = None if record is None else [record.kind, record.name]
    return [
        *(finding.rule, finding.severity.value, place, finding.message, finding.remedy),
        *(about, finding.waiver, finding.count),
    ]


def unplaced(row: list[Any]) -> list[Any]:
    """The same, but for line and column."""
    return [*row[:2], row[2][:1] + row[2][3:], *row[3:]]


def finding_of(data: list[Any]) -> Finding:
    """The finding that :func:`plain` was given."""
    rule, severity, (path, line, column, pointer, offset), message, remedy, about, waiver, count = data
    where = Location(path, line, column, None if pointer is None else tuple(pointer), offset)
    record = None if about is None else RecordId(*about)
    return Finding(rule, Severity(severity), where, message, remedy, record, waiver=waiver, count=count)


def covers(since: str, until: str, now: datetime) -> bool:
    """True for an instant between two."""
    return parse_instant(since) <= now < parse_instant(until)
