"""What controls rest on beside the records: approvals by signed evidence, deployments, and what the forge was asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from itsm_as_code import clock, signing
from itsm_as_code.assurance.audit import Asked, audit
from itsm_as_code.assurance.deployment_audit import join
from itsm_as_code.assurance.deployments import Line
from itsm_as_code.assurance.landings import Unit
from itsm_as_code.assurance.ledger import Ledger
from itsm_as_code.assurance.ran import of_lines
from itsm_as_code.assurance.refusals import why_key_is_not
from itsm_as_code.assurance.starts import authorisations
from itsm_as_code.cache import Cache
from itsm_as_code.compliance.known import Approval, Deployment, ForgeAnswer
from itsm_as_code.configuration import EvidenceSettings
from itsm_as_code.errors import ItsmError
from itsm_as_code.gate.endorsement import NAMESPACE, endorser
from itsm_as_code.gate.replay import Damaged
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.taken_over import is_taken_over
from itsm_as_code.snapshot import Snapshot

_SCHEMA: Final = "reports/forge-audit-report.schema.json"


def approvals(
    ledger: Ledger,
    changes: Iterable[Record],
    started: Mapping[str, datetime],
    cache: Cache | None = None,
    processes: int = 1,
) -> Mapping[str, Approval] | str:
    """What signed evidence says of the merges that authorised changes which have begun; or why that is not known.

    Each is judged as `itsm audit` does, again and by the rules of its day.
    """
    try:
        if not ledger.settings or ledger.since is None:
            return "itsm.yaml names no key for evidence, so nothing shows what was approved (itsm evidence setup)"
        begun = {record.name: (record, at) for record in changes if (at := _began(record, started)) is not None}
        commits = {
            record.name: commit for record, commit in authorisations(ledger, (pair[0] for pair in begun.values()))
        }
        first = min((ledger.place[commit] for commit in commits.values()), default=len(ledger.chain) - 1)
        found = audit(ledger, Asked(after=ledger.chain[max(first - 1, ledger.place[ledger.since])]), cache, processes)
    except ItsmError as error:
        return error.message
    lost = next((item.message for item in found.findings if item.code == "history-rewritten"), None)
    if lost is not None:
        return lost
    units = {commit: unit for unit in found.units for commit in unit.commits}
    return {name: approval_of(*pair, commits.get(name), units) for name, pair in begun.items()}


def _began(record: Record, started: Mapping[str, datetime]) -> datetime | None:
    if not record.valid or is_taken_over(record.data):
        return None
    said = record.spec.get("actual", {}).get("start")
    times = [
        *([clock.parse_instant(said)] if said else []),
        *([started[record.name]] if record.name in started else []),
    ]
    return min(times, default=None)


def approval_of(change: Record, began: datetime, commit: str | None, units: Mapping[str, Unit]) -> Approval:
    """What the landing of the commit that authorised a change shows of it; ``began`` is when the work did."""
    if change.spec.get("recordedAfterwards") is True:
        return Approval(commit or "", "was recorded afterwards, so nobody had approved it when it began")
    unit = units.get(commit or "")
    if commit is None or unit is None:
        return Approval(unknown="no merge authorised it since evidence is kept")
    if unit.findings:
        return Approval(commit, "; ".join(dict.fromkeys(item.message for item in unit.findings)))
    if unit.unchecked is not None:
        return Approval(commit, unknown=unit.unchecked)
    if unit.merged_at is not None and began < clock.parse_instant(unit.merged_at):
        return Approval(commit, f"began at {clock.format_instant(began)}, and was authorised at {unit.merged_at}")
    return Approval(commit)


def deployments(lines: Sequence[Line], facts: Facts, now: datetime) -> tuple[Deployment, ...]:
    """All that was deployed by signed statements, each with what keeps a change from covering it."""
    found = join(of_lines(lines), facts, (None, now))
    told = [
        Deployment(item.ran.place, f"{item.ran.service} in {item.ran.environment}", item.ran.start,
                   "; ".join(wrong.message for wrong in item.findings))
        for item in found.deployments
    ]  # fmt: skip
    return (*told, *(Deployment(item.place, "statement", None, item.message) for item in found.skipped))


def started(lines: Iterable[Line], changes: Iterable[Record]) -> dict[str, datetime]:
    """Change -> when the first of its deployments began, by statements that hold; not what came before its window."""
    known = {record.name: record for record in changes if record.valid}
    found: dict[str, datetime] = {}
    for line in lines:
        if not line.holds or line.is_superseded or line.data is None or line.data.get("change") not in known:
            continue
        name, at = line.data["change"], clock.parse_instant(line.data["start"])
        opens = known[name].spec.get("schedule", {}).get("start")
        if opens is None or clock.parse_instant(opens) <= at:
            found[name] = min(at, found.get(name, at))
    return found


def forge_answers(
    catalogue: Catalogue, settings: EvidenceSettings, facts: Facts, now: datetime
) -> dict[str, ForgeAnswer]:
    """The stored answers of `itsm audit forge` that controls name, by the paths of their files."""
    paths = {
        entry["path"]
        for control in catalogue.of_kind("Control")
        for entry in control.spec.get("evidence", ())
        if entry["type"] == "forge"
    }
    return {path: _answer(path, _files(catalogue.snapshot, path), settings, facts, now) for path in sorted(paths)}


def _files(snapshot: Snapshot, path: str) -> list[bytes]:
    """The file and its signature, as many of them as can be read."""
    there = [name for name in (path, f"{path}.sig") if name in snapshot.entries and snapshot.entries[name].is_regular]
    return [content for _, content in snapshot.read_many(there) if isinstance(content, bytes)]


def _answer(path: str, files: list[bytes], settings: EvidenceSettings, facts: Facts, now: datetime) -> ForgeAnswer:
    if len(files) < 2:
        return ForgeAnswer(why_not=f"{path} is not there, or not signed ({path}.sig): anybody could have written it")
    try:
        data = json.loads(files[0])
    except (ValueError, RecursionError):
        data = None
    if not KindRegistry.load().validator(_SCHEMA).is_valid(data):
        return ForgeAnswer(why_not=f"{path} is no answer of 'itsm audit forge --format json'")
    if settings.repository is not None and data["repository"] != settings.repository:
        return ForgeAnswer(why_not=f"{path} is about {data['repository']}, not about {settings.repository}")
    at = clock.parse_instant(data["at"])
    why = _unsigned(files[0], files[1], at, settings, facts, now)
    holes = tuple(hole["message"] for hole in data["holes"] if hole["severity"] == "error")
    return ForgeAnswer(at, holes, f"{path}: {why}" if why else "")


def _unsigned(
    content: bytes, signature: bytes, at: datetime, settings: EvidenceSettings, facts: Facts, now: datetime
) -> str | None:
    """Why nobody vouches for a file: no key of the evidence signed it, and no person."""
    armoured = signature.decode("utf-8", "replace")
    try:
        key = signing.read_signature(armoured).key
    except ValueError as error:
        return f"its signature {error}"
    if why_key_is_not(key, at, settings.keys, settings.keys) is None:
        good = signing.is_signed_by(content, armoured, "evidence", [key], NAMESPACE)
        return None if good else "its signature is not one of these bytes"
    try:
        endorser(content, armoured, facts, now)
    except Damaged as error:
        return error.message
    return None
