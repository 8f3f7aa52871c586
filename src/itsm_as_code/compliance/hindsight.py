"""Policy hindsight: what a rule would have stopped in the past, and which of that went wrong.

Each change that ended is put back to where it was to act, and the rule is asked. Either it is taken as it is recorded
now without what came later (its result, actual times, validation, review), at the moment when its work began or on the
day on which it was proposed; or as git had it in the last commit before it acted, as of then. What else the rule looks
up is today's, but for histories, which are those of that moment. A rule that asks for the pull request is not for these
changes: nobody recorded it. So this is what a rule would have said, not what people would have done about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from itsm_as_code.clock import Interval, parse_instant
from itsm_as_code.durations import months_before
from itsm_as_code.findings import Finding
from itsm_as_code.git.history import versions
from itsm_as_code.git.repository import Repository
from itsm_as_code.measures.kpi import Population, rows
from itsm_as_code.measures.metric import Definition, Metric, Row
from itsm_as_code.measures.risk import assess
from itsm_as_code.measures.risk_factors import raised
from itsm_as_code.measures.risk_table import RiskTable
from itsm_as_code.policies.cel import Context, Environment, Sieve
from itsm_as_code.policies.policy import POLICY_COMPILES, Policy, policies_of
from itsm_as_code.records.document import load
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.records.file_names import stem_of

if TYPE_CHECKING:
    from itsm_as_code.validation import Validation

Says = Literal["stopped", "passed", "unasked", "unknown"]
_SAYS: Final[Mapping[str, Says]] = {"fail": "stopped", "pass": "passed", "skip": "unasked"}
_LATER: Final = ("actual", "result", "review", "validation", "recordedAfterwards")
Moment = Literal["start", "proposal"]
_STATES: Final[Mapping[Moment, str]] = {"start": "scheduled", "proposal": "proposed"}
_AHEAD: Final = ("draft", "proposed", "authorised", "scheduled")
_FAILED: Final = "change-fail-rate"
MOST: Final = 5_000
"""Answers of policies that are worth waiting for where nobody asked: a second or two."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A past change: what the rule says of it (``unknown``: it could not be evaluated), and how it ended.

    ``incidents`` are those that name it as their cause.
    """

    change: str
    says: Says
    message: str
    at: datetime
    failed: bool
    incidents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hindsight:
    """A rule over the changes of a period that ended; ``moment`` is when it was asked, None for as git says."""

    policy: str
    now: datetime
    period: Interval
    moment: Moment | None
    changes: tuple[Judged, ...]

    def of(self, says: Says, *, failed: bool | None = None) -> tuple[Judged, ...]:
        """Those of which the rule says so, all or by how they ended."""
        return tuple(one for one in self.changes if one.says == says and failed in (None, one.failed))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """How many failed of what it would have stopped, of what it would have let through; and how many it catches."""
        answered = [one for one in self.changes if one.says in ("stopped", "passed")]
        return (
            *(_share(title, self.of(says), "failed") for says, title in _TITLES.items()),
            _share("Stopped of those that failed", [one for one in answered if one.failed], "stopped"),
        )


_TITLES: Final[Mapping[Says, str]] = {
    "stopped": "Failed of those that it would have stopped",
    "passed": "Failed of those that it would have let through",
}


def _share(title: str, changes: Any, what: str) -> Metric:
    definition = Definition(title.lower().replace(" ", "-"), title, "share", "", title.lower())
    counted = (one.failed if what == "failed" else one.says == "stopped" for one in changes)
    return Metric.of(
        definition, [Row(one.change, one.at, counts=counts) for one, counts in zip(changes, counted, strict=True)]
    )


def hindsight(
    policy: Policy,
    known: Population,
    period: Interval,
    table: RiskTable,
    moment: Moment = "start",
    history: tuple[Repository, str] | None = None,
) -> Hindsight:
    """What a policy for changes would have said at a moment; or by ``history``, a repository and a commit, in git."""
    (found,) = hindsights((policy,), known, period, table, moment, history)
    return found


def hindsights(
    policies: Iterable[Policy],
    known: Population,
    period: Interval,
    table: RiskTable,
    moment: Moment = "start",
    history: tuple[Repository, str] | None = None,
) -> Iterator[Hindsight]:
    """The same of several, which cost less together."""
    ended = [row for row in rows(_FAILED, known) or () if row.at in period]
    stood = {} if history is None else _stood(*history, {row.record for row in ended})
    caused: dict[str, list[str]] = {}
    for incident in known.incidents:
        caused.setdefault(incident["spec"].get("causedBy", ""), []).append(incident["metadata"]["name"])
    asked = _Asked(known.facts, table)
    for policy in policies:
        found = []
        for row in ended:
            change = known.facts.record("Change", row.record)
            if change is None:
                continue
            data, at = stood.get(row.record) or _put_back(change, moment)
            if history is not None and row.record not in stood:
                status, message = "error", "git has no version of it from before it acted"
            else:
                status, message = asked.ask(policy, row.record, data, at)
            says = _SAYS.get(status, "unknown")
            incidents = tuple(sorted(caused.get(row.record, ())))
            found.append(Judged(row.record, says, message, at, row.counts, incidents))
        found.sort(key=lambda one: (one.at, one.change))
        yield Hindsight(policy.name, known.now, period, moment if history is None else None, tuple(found))


def in_force(validation: Validation) -> tuple[Hindsight, ...] | None:
    """What the policies for changes that are in force would have said as work began, over the last twelve months.

    None where it would take more than ``MOST`` answers.
    """
    now = validation.now
    known, period = Population(validation.facts, now), Interval(months_before(now, 12), now)
    broken = {finding.record for finding in validation.findings if finding.rule == POLICY_COMPILES.id}
    asked = [
        policy
        for policy in policies_of(validation.catalogue, validation.configuration.policies)
        if "Change" in policy.kinds and policy.record.id not in broken
    ]
    begin, end = (at - timedelta(microseconds=1) for at in (period.start, period.end))
    history = validation.facts.change_history
    if len(asked) * (history.at(end)[1] - history.at(begin)[1]) > MOST:
        return None
    return tuple(hindsights(asked, known, period, validation.configuration.risk_table))


def _put_back(change: Data, moment: Moment) -> tuple[Data, datetime]:
    """A change as it was then; one whose name has no day was proposed when its work began."""
    spec = {key: value for key, value in change["spec"].items() if key not in _LATER}
    begun = change["spec"].get("actual", {}).get("start") or change["spec"]["schedule"]["start"]
    at = parse_instant(begun)
    if moment == "proposal":
        with suppress(ValueError):
            at = min(raised(change["metadata"]["name"]), at)
    return {**change, "spec": {**spec, "status": _STATES[moment]}}, at


def _stood(repository: Repository, commit: str, names: set[str]) -> dict[str, tuple[Data, datetime]]:
    """The last version of each change that was still ahead of its work, and when that came."""
    kept: dict[str, list[tuple[datetime, str]]] = {}
    for path, at, blob in versions(repository, commit, "changes"):
        if stem_of(path) in names:
            kept.setdefault(stem_of(path), []).append((at, blob))
    found: dict[str, tuple[Data, datetime]] = {}
    for name, those in kept.items():
        for at, blob in reversed(those):
            (content,) = repository.objects([blob], "blob")
            document = load(name, content)
            data = None if isinstance(document, Finding) else document.data
            if data is not None and isinstance(data.get("spec"), dict) and data["spec"].get("status") in _AHEAD:
                found[name] = data, at
                break
    return found


class _Asked:
    """Asks policies; what they say is compiled once, but where it rests on the instant: an error budget as of then."""

    def __init__(self, facts: Facts, table: RiskTable) -> None:
        self._facts, self._table = facts, table
        self._environment = Environment(facts)
        self._risks: dict[str, dict[str, Any] | str] = {}
        self._sieves: dict[str, Sieve] = {}

    def ask(self, policy: Policy, name: str, data: Data, at: datetime) -> tuple[str, str]:
        """What a policy says of a change as it was at an instant."""
        sieve = self._sieves.setdefault(policy.name, Sieve([policy.condition]))
        if not sieve.passing(data) or not policy.selects(data):
            return "skip", ""
        risk = self._risk(name, data, at) if policy.asks_for_risk else None
        if isinstance(risk, str):
            return "error", risk
        environment = Environment(self._facts, at) if policy.calls("budget") else self._environment
        return policy.judge(data, environment, environment.activation(Context(object=data, now=at, risk=risk)))

    def _risk(self, name: str, data: Data, at: datetime) -> dict[str, Any] | str:
        """The derived risk, or why there is none."""
        if name not in self._risks:
            try:
                self._risks[name] = assess(data, self._facts, at, self._table).as_data()
            except (KeyError, ValueError, TypeError) as error:
                self._risks[name] = f"its risk cannot be told of that version: {error}"
        return self._risks[name]


def by_name(found: Hindsight) -> Iterator[tuple[str, tuple[Judged, ...]]]:
    """The changes in the groups in which people look at them, with their titles; empty groups are left out."""
    groups = (
        ("Stopped, and failed", found.of("stopped", failed=True)),
        ("Stopped, and went well", found.of("stopped", failed=False)),
        ("Let through, and failed", found.of("passed", failed=True)),
        ("Let through, and went well", found.of("passed", failed=False)),
        ("Not for this rule", found.of("unasked")),
        ("Could not be evaluated", found.of("unknown")),
    )
    return ((title, changes) for title, changes in groups if changes)
