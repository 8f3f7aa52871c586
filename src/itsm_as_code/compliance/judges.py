"""What each type of evidence shows: policies, checks and records of their own day, and what is known beside them.

What cannot be looked at is not assessed, which is not the same as satisfied: no record at all, a date that is still to
come, an audit without its document. A record that should say when something was done and does not is an exception.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from itsm_as_code.checks import all_checks
from itsm_as_code.clock import format_instant, parse_date
from itsm_as_code.compliance.basis import Asked, Basis, Verdict
from itsm_as_code.compliance.population import IN_PRODUCTION, Population
from itsm_as_code.compliance.results import ControlStatus, Evidence, Shortfall
from itsm_as_code.durations import parse_duration
from itsm_as_code.findings import RecordId, parse_pointer
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.training import coverage_of
from itsm_as_code.records.catalogue import Record, get
from itsm_as_code.records.times import read_instant
from itsm_as_code.validation import built_in_rules

GOOD, BAD, WAIVED, UNKNOWN = "good", "bad", "waived", "unknown"
_YEAR, _MONTH = "P365D", "P31D"
_LONGEST: Final = parse_duration("P3Y")
"""Nobody vouches for longer: ISO/IEC 17021-1:2015 clause 9.1.3 has certificates renewed every three years."""


class Said(NamedTuple):
    """What is said of one member of a population: GOOD, BAD, WAIVED or UNKNOWN, and why it is not the first.

    There may be one for each piece of evidence and member, so it is a tuple.
    """

    subject: str
    verdict: str
    why: str = ""
    record: RecordId | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A piece of evidence with the names of what it looked at."""

    evidence: Evidence
    seen: frozenset[str] = frozenset()


def judged(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """How a piece of evidence of a control stands."""
    return _JUDGES[entry["type"]](basis, asked, entry)


def _none(entry: Mapping[str, Any], why: str, status: ControlStatus = ControlStatus.NOT_ASSESSED) -> Judged:
    return Judged(Evidence(entry, status, missing=why))


def _tallied(
    entry: Mapping[str, Any], population: str, said: Iterable[Said], empty: str, good: frozenset[str] = frozenset()
) -> Judged:
    """Evidence by what is said of each member: one exception is enough, and what is not known is never satisfied.

    ``good`` are the names of those of which nothing else is said, for they are many.
    """
    rows = list(said)
    counts = Counter([row.verdict for row in rows])
    counts[GOOD] += len(good)
    missing, status = "", ControlStatus.SATISFIED
    if counts[BAD]:
        status = ControlStatus.NOT_SATISFIED
    elif counts[UNKNOWN] or not (rows or good):
        status = ControlStatus.NOT_ASSESSED
        missing = next((f"{row.subject}: {row.why}" for row in rows if row.verdict == UNKNOWN), empty)
    exceptions = tuple(Shortfall(row.subject, row.why, row.record) for row in rows if row.verdict == BAD)
    numbers = counts[GOOD], counts[BAD], counts[WAIVED], counts[UNKNOWN]
    evidence = Evidence(entry, status, *numbers, population=population, exceptions=exceptions, missing=missing)
    return Judged(evidence, good.union([row.subject for row in rows]))


def _of(record: Record | RecordId, verdict: str, why: str = "") -> Said:
    record_id = record.id if isinstance(record, Record) else record
    return Said(str(record_id), verdict, why, record_id)


def _asked(asked: Asked, rows: list[Said]) -> list[Said]:
    """Those that are about a record that is looked at, of some that are each about one."""
    if asked.population is None:
        return rows
    kind, names = asked.spec["population"]["kind"], asked.names
    return [row for row in rows if row.record is None or row.record.kind != kind or row.subject in names]


def _policy(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """By what a policy says of every record that it matches; a waived failure counts as accepted."""
    policy, period = entry["policy"], asked.period
    passed, others = basis.once(("policy", policy, period), lambda: _parted(basis.judged(policy, period)))
    rows, good = _asked(asked, others), _looked_at(asked, passed)
    said = "records that the policy is about, changes of the period as they stood when work on them began"
    told = _tallied(entry, said, rows, "it is about no record that there is", good)
    is_there = policy in basis.usable
    return told if rows or good or not is_there else Judged(replace(told.evidence, is_idle=True))


_VERDICTS: Final = {"fail": BAD, "waived": WAIVED}


def _parted(told: Mapping[RecordId, Verdict]) -> tuple[dict[str, frozenset[str]], list[Said]]:
    """The names of those that pass, by kind, and what is said of the others."""
    passed: dict[str, list[str]] = {}
    others = []
    for record, (status, message) in told.items():
        if status == "pass":
            passed.setdefault(record.kind, []).append(str(record))
        else:
            others.append(_of(record, _VERDICTS.get(status, UNKNOWN), message))
    return {kind: frozenset(names) for kind, names in passed.items()}, others


def _looked_at(asked: Asked, names: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Those of some names, by kind, that are looked at."""
    return frozenset().union(*(found & asked.names if asked.is_about(kind) else found for kind, found in names.items()))


def _check(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """By the findings of a check across records, of which there have to be some; ``bad`` counts findings."""
    name = entry["check"]
    if name not in built_in_rules():
        return _none(entry, "there is no such check")
    reads = next((check.reads for check in all_checks() if check.rule.id == name), None)
    kinds = sorted(reads) if reads is not None else list(basis.validation.registry.kinds)
    findings = [
        (finding, finding.record or RecordId("File", finding.location.path)) for finding in basis.findings.get(name, ())
    ]
    wrong = [_of(record, WAIVED if finding.waiver else BAD, finding.message) for finding, record in findings]
    rows = _asked(asked, wrong)
    found_wrong = frozenset([row.subject for row in rows])
    own = {kind: _own_names(basis, kind) for kind in kinds}
    # A check does not say whether it looks at what is over: of a population it has seen what it finds wrong alone.
    seen = (names & found_wrong if asked.is_about(kind) else names for kind, names in own.items())
    good = _looked_at(asked, own) - found_wrong
    said = f"records of {', '.join(kinds)} as they stand"
    found = _tallied(entry, said, rows, "there is no record to look at", good)
    return Judged(found.evidence, frozenset().union(*seen))


def _own_names(basis: Basis, kind: str) -> frozenset[str]:
    return basis.once(("own", kind), lambda: frozenset([str(record.id) for record in basis.own(kind)]))


_REQUIRED: Final = {
    2: (BAD, "does not meet what is required"),
    None: (UNKNOWN, "it cannot be told"),
}


def _records(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """By a requirement of every record of the population, or of those that a condition is about."""
    where = asked.spec.get("population") or ({"kind": entry["kind"]} if "kind" in entry else None)
    if where is None:
        return _none(entry, "neither the control nor this evidence says of which records")
    members = basis.population(where, asked.period)
    condition, rows = entry.get("where"), [*_beside(members)]
    not_about, good = [], []
    for record, answer in basis.answers(entry, members.members):
        if answer == 0:
            not_about.append(str(record.id))
        elif answer == 1:
            good.append(str(record.id))
        else:
            rows.append(_of(record, *_REQUIRED[answer]))
    said = f"{members.said}{f', of which {condition}' if condition else ''}"
    found = _tallied(entry, said, rows, "there is no such record", frozenset(good))
    return Judged(found.evidence, found.seen.union(not_about))


def _beside(members: Population) -> Iterator[Said]:
    """Records of which it is not known, or cannot be true, when they were."""
    for record in members.undated:
        yield _of(record, BAD, "says that it was done, and not when")
    for record, why in members.unclear:
        yield _of(record, UNKNOWN, why)


def _freshness(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """By the day or instant in a field of every record of a kind, or by the commit that changed it last."""
    revised = basis.known.revised
    if "field" not in entry and isinstance(revised, str):
        return _none(entry, revised)
    age = parse_duration(entry["maxAge"])
    at = min(basis.now, asked.period.end)
    rows = []
    for record in basis.meeting(basis.own(entry["kind"]), entry.get("where")):
        if "field" in entry:
            when = read_instant(get(record.data, parse_pointer(entry["field"])))
        else:
            when = revised.get(record.path) if not isinstance(revised, str) else None
        if when is None:
            rows.append(_of(record, BAD, f"carries no date in {entry.get('field', 'the history')}"))
        elif when > at:
            rows.append(_of(record, UNKNOWN, f"is dated {format_instant(when)}, which is still to come"))
        else:
            old = at > age.after(when)
            rows.append(_of(record, BAD if old else GOOD, f"was renewed last on {when:%Y-%m-%d}" if old else ""))
    named = f"records of kind {entry['kind']}{' of which ' + entry['where'] if 'where' in entry else ''}"
    found = _tallied(entry, named, rows, f"there is no record of kind {entry['kind']}")
    undated = any(item.message.startswith("carries no date") for item in found.evidence.exceptions)
    return found if undated else _as_stale(found)


def _as_stale(found: Judged) -> Judged:
    """What is too old is stale: it was good once."""
    evidence = found.evidence
    if evidence.status is not ControlStatus.NOT_SATISFIED:
        return found
    return Judged(replace(evidence, status=ControlStatus.STALE), found.seen)


def _gate(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """By the signed evidence of the merge that authorised each change."""
    approvals = basis.known.approvals
    if isinstance(approvals, str):
        return _none(entry, approvals)
    members = _changes(basis, asked)
    rows = [*_beside(members)]
    for record in members.members:
        found = approvals.get(record.name)
        if found is None or found.unknown:
            why = found.unknown if found is not None else "no merge authorised it since evidence is kept"
            rows.append(_of(record, UNKNOWN, why))
        else:
            rows.append(_of(record, BAD if found.why_not else GOOD, found.why_not))
    return _tallied(entry, members.said, rows, "no change reached production in the period")


def _changes(basis: Basis, asked: Asked) -> Population:
    """The changes that a control is judged on: its own population, or those that reached production in the period."""
    own = asked.population if asked.is_about("Change") else None
    return own or basis.population(IN_PRODUCTION, asked.period)


def _deployments(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """By whether a change covered what was deployed, as signed statements say."""
    known = basis.known.deployments
    if isinstance(known, str):
        return _none(entry, known)
    rows = [
        Said(
            f"{item.subject} ({item.place})",
            UNKNOWN if item.start is None else BAD if item.why_not else GOOD,
            item.why_not,
        )
        for item in known
        if item.start is None or item.start in asked.period
    ]
    said = "deployments that began in the period, by signed statements"
    return _tallied(entry, said, rows, "nothing was deployed in the period, as far as statements say")


def _training(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """By who of those that a training is meant for has completed it, and not too long ago."""
    day = utc_day(min(basis.now, asked.period.end))
    wanted = entry.get("training")
    rows = []
    for record in basis.own("Training"):
        if wanted not in (None, record.name):
            continue
        found = coverage_of(basis.validation.facts, record.data, day).overall
        for people, verdict, why in ((found.trained, GOOD, ""), (found.missing, BAD, "never completed it"),
                                     (found.expired, BAD, "completed it too long ago")):  # fmt: skip
            rows += [Said(f"{person} in {record.name}", verdict, why, RecordId("Person", person)) for person in people]
    return _tallied(entry, f"people whom {wanted or 'any training'} is meant for", rows, "it is meant for nobody")


def _review(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """By the last review of each service that is not retired, or of those that a condition is about."""
    at, age = min(basis.now, asked.period.end), parse_duration(entry.get("maxAge", _YEAR))
    latest = basis.validation.facts.latest_reviews
    rows = []
    for service in basis.meeting(basis.own("Service"), entry.get("where")):
        if service.state == "retired":
            continue
        held = read_instant(latest[service.name]["spec"]["heldOn"]) if service.name in latest else None
        if held is None:
            rows.append(_of(service, BAD, "was never reviewed"))
        elif held > at:
            rows.append(_of(service, UNKNOWN, f"has a review on {held:%Y-%m-%d}, which is still to come"))
        else:
            old = at > age.after(held)
            rows.append(_of(service, BAD if old else GOOD, f"was reviewed last on {held:%Y-%m-%d}" if old else ""))
    return _tallied(entry, "services that are not retired", rows, "there is no such service")


def _forge(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """By a stored answer of ``itsm audit forge``: what can be walked round is an exception."""
    found = basis.known.forge.get(entry["path"])
    if found is None or found.why_not or found.at is None:
        return _none(entry, found.why_not if found is not None else f"nobody read {entry['path']}")
    at = min(basis.now, asked.period.end)
    if found.at > at:
        return _none(entry, f"{entry['path']} is dated {format_instant(found.at)}, which is still to come")
    rows = [Said(entry["path"], BAD, hole) for hole in found.holes] or [Said(entry["path"], GOOD)]
    told = _tallied(entry, f"the settings of the forge, as of {format_instant(found.at)}", rows, "")
    if told.evidence.status is ControlStatus.SATISFIED and at > parse_duration(entry.get("maxAge", _MONTH)).after(
        found.at
    ):
        return _none(entry, f"{entry['path']} is of {format_instant(found.at)}", ControlStatus.STALE)
    return told


def _statement(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """An attestation: good until the day that it says itself, which is three years on at most."""
    today = utc_day(min(basis.now, asked.period.end))
    if "on" not in entry or parse_date(entry["on"]) > today:
        return _none(entry, "it has not taken place yet")
    if entry.get("result") == "failed":
        return _none(entry, "it failed", ControlStatus.NOT_SATISFIED)
    until = entry.get("validUntil")
    if until is None:
        return _none(entry, "it says no end, so it cannot be relied on", ControlStatus.STALE)
    over = min(parse_date(until), _LONGEST.after_day(parse_date(entry["on"]))) <= today
    return _none(entry, "it is over" if over else "", ControlStatus.STALE if over else ControlStatus.SATISFIED)


def _audit(basis: Basis, asked: Asked, entry: Mapping[str, Any]) -> Judged:
    """An audit counts with its document, an end, and an auditor who does not own the control; a failed one always."""
    found = _statement(basis, asked, entry)
    if found.evidence.status in (ControlStatus.NOT_SATISFIED, ControlStatus.NOT_ASSESSED):
        return found
    lacking = [name for name, key in _AUDITED.items() if key not in entry]
    if lacking:
        return _none(entry, f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not stated")
    if entry["auditor"].casefold() in _owners(basis, asked.spec):
        return _none(entry, f"{entry['auditor']} audited what is theirs")
    return found


_AUDITED: Final = {"the document": "url", "the auditor": "auditor", "the end": "validUntil"}


def _owners(basis: Basis, spec: Mapping[str, Any]) -> set[str]:
    """The names and titles of the team that owns a control, and of its people, case-folded."""
    facts, owner = basis.validation.facts, spec.get("owner", "")
    names, team = {owner}, facts.record("Team", owner)
    if team is not None:
        names |= {team["metadata"].get("title", ""), team["spec"].get("lead", ""), *team["spec"].get("members", ())}
    people = (facts.record("Person", name) for name in names)
    titles = {person["metadata"].get("title", "") for person in people if person is not None}
    return {name.casefold() for name in names | titles if name}


_JUDGES: Mapping[str, Callable[[Basis, Asked, Mapping[str, Any]], Judged]] = {
    "policy": _policy,
    "check": _check,
    "records": _records,
    "freshness": _freshness,
    "gate": _gate,
    "deployments": _deployments,
    "training": _training,
    "review": _review,
    "forge": _forge,
    "audit": _audit,
    "attestation": _statement,
}
