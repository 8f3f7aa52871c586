"""What was deployed, and whether a change covered it: its window, its services, and exactly what was released."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.assurance.ran import Ran, Skipped
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import API_VERSION
from itsm_as_code.records.times import DONE

TOLERANCE: Final = timedelta(seconds=60)
"""How far the clocks of pipelines may differ from that of whoever planned the window."""
REMEDIES: Final = {
    "no-change": "record it as an emergency change (a draft is written with --drafts), and find out why it had none",
    "change-unknown": "name a change that is on the default branch, by a statement that supersedes this one",
    "outside-window": "find out why; plan the window as long as the work takes, or ask itsm authorise before it acts",
    "other-digest": "find out what ran; deploy what the release names, and name in it what was built",
    "other-service": "name all services of the change, or deploy each by a change of its own",
    "not-authorised": "ask itsm authorise before a pipeline acts; record what was done as an emergency change",
    "model-not-in-force": "ask itsm authorise --model before a pipeline acts, or renew the model",
    "before-its-commit": "look at the clocks, and at what ran: nothing is deployed before it was made",
    "said-otherwise": "let one of the two statements be superseded",
    "never-deployed": "let the pipeline say what it deployed (itsm deployed), or correct the record of the change",
}
"""What can be wrong, and what to do about it."""
_UNAUTHORISED: Final = ("draft", "proposed", "rejected", "cancelled")


@dataclass(frozen=True, slots=True)
class DeploymentFinding:
    """Something wrong: a key of REMEDIES, where it is said, what it is about, who said it, and a sentence."""

    code: str
    place: str
    subject: str
    person: str
    message: str

    @property
    def remedy(self) -> str:
        return REMEDIES[self.code]


@dataclass(frozen=True, slots=True)
class Judged:
    """A deployment, the change or model that it is of, if there is one, and what is wrong with it."""

    ran: Ran
    by: str | None
    findings: tuple[DeploymentFinding, ...]


@dataclass(frozen=True, slots=True)
class _Covering:
    """What a change covers: its services, from when to when, and which digests (none: any); and its status."""

    name: str
    status: str
    services: frozenset[str]
    window: clock.Interval | None
    digests: frozenset[str]


@dataclass(frozen=True, slots=True)
class DeploymentAudit:
    """The population in the order of time, what is wrong, what was skipped, and drafts of changes that lack."""

    begins: datetime | None
    ends: datetime
    deployments: tuple[Judged, ...]
    findings: tuple[DeploymentFinding, ...]
    skipped: tuple[Skipped, ...]
    drafts: tuple[Mapping[str, Any], ...]

    @property
    def exit_code(self) -> int:
        """0 all were covered, 1 not all, 2 not all could be told, or there is nothing."""
        if self.findings:
            return 1
        return 2 if self.skipped or not self.deployments else 0


class Joiner:
    """Joins deployments with the changes, models and releases of ``facts``; ``made`` says when commits were made."""

    def __init__(
        self, facts: Facts, tolerance: timedelta = TOLERANCE, made: Mapping[str, datetime] = MappingProxyType({})
    ) -> None:
        self._facts, self._tolerance, self._made = facts, tolerance, made
        self._changes: dict[str, _Covering | None] = {}

    @cached_property
    def _releases(self) -> dict[str, list[Mapping[str, Any]]]:
        """The releases of each change: that which it names, and those that name it."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for release in self._facts.records("Release"):
            for change in release["spec"]["changes"]:
                found.setdefault(change, []).append(release)
        for change in self._facts.records("Change"):
            named = self._facts.record("Release", change["spec"].get("release", ""))
            known = found.setdefault(change["metadata"]["name"], [])
            if named is not None and named not in known:
                known.append(named)
        return found

    @cached_property
    def _by_digest(self) -> dict[str, str]:
        """Artifact -> the one change that releases it."""
        found: dict[str, set[str]] = {}
        for change, releases in self._releases.items():
            for release in releases:
                for artifact in release["spec"].get("artifacts", ()):
                    found.setdefault(artifact["digest"], set()).add(change)
        return {digest: next(iter(changes)) for digest, changes in found.items() if len(changes) == 1}

    def judged(self, ran: Ran) -> Judged:
        """A deployment with what is wrong with it."""
        wrong: list[DeploymentFinding]
        change = ran.change or (None if ran.model else self._by_digest.get(ran.artifact))
        if change is not None:
            covering = self._covering(change)
            wrong = [_unknown(ran, "change", change)] if covering is None else self._by_change(ran, covering)
        elif ran.model:
            spec = self._facts.spec("ChangeModel", ran.model)
            wrong = [*self._by_model(ran, ran.model, spec)] if spec else [_unknown(ran, "change model", ran.model)]
        else:
            wrong = [_finding("no-change", ran, "names no change, and no change releases what it deployed")]
        made = self._made.get(ran.artifact)
        if made is not None and made - ran.end > self._tolerance:
            told = f"ended {_seconds(made - ran.end)} before its commit was made"
            wrong.insert(0, _finding("before-its-commit", ran, told))
        return Judged(ran, change or ran.model, tuple(wrong))

    def _covering(self, name: str) -> _Covering | None:
        """What a change covers, which may have thousands of deployments; None where there is no such change."""
        if name not in self._changes:
            spec = self._facts.spec("Change", name)
            window = clock.Interval.parse(spec["schedule"]) if "schedule" in spec else None
            artifacts = (item for each in self._releases.get(name, ()) for item in each["spec"].get("artifacts", ()))
            digests = frozenset(artifact["digest"] for artifact in artifacts)
            self._changes[name] = (
                _Covering(name, spec["status"], frozenset(spec["services"]), window, digests) if spec else None
            )
        return self._changes[name]

    def _by_change(self, ran: Ran, change: _Covering) -> list[DeploymentFinding]:
        wrong, name, window = [], change.name, change.window
        if ran.service not in change.services:
            wrong.append(_finding("other-service", ran, f"is of none of the services of {name}"))
        if change.status in _UNAUTHORISED:
            wrong.append(_finding("not-authorised", ran, f"is of {name}, which is {change.status}"))
        if window is None:
            wrong.append(_finding("outside-window", ran, f"is of {name}, which has no window"))
        elif (ran.start < window.start or ran.end > window.end) and (outside := self._outside(ran, window)):
            wrong.append(_finding("outside-window", ran, f"{outside} of {name}"))
        if change.digests and ran.artifact not in change.digests:
            wrong.append(_finding("other-digest", ran, f"deployed {ran.artifact}, which no release of {name} names"))
        return wrong

    def _outside(self, ran: Ran, window: clock.Interval) -> str | None:
        """By how much a deployment was outside of a window, in a sentence; None where it was within."""
        early, late = window.start - ran.start, ran.end - window.end
        if early > self._tolerance:
            return f"began {_seconds(early)} before the window"
        return f"ended {_seconds(late)} after the window" if late > self._tolerance else None

    def _by_model(self, ran: Ran, name: str, spec: Mapping[str, Any]) -> Iterator[DeploymentFinding]:
        if ran.service not in spec["services"]:
            yield _finding("other-service", ran, f"is of none of the services of the model {name}")
        pre = spec["preAuthorisation"]
        if not pre["on"] <= f"{ran.start.astimezone(UTC):%Y-%m-%d}" < pre["expires"]:
            yield _finding(
                "model-not-in-force", ran, f"is by {name}, pre-authorised from {pre['on']} to {pre['expires']}"
            )

    def never_deployed(self, found: Sequence[Judged], begins: datetime | None, ends: datetime) -> Iterator[Any]:
        """Changes of the period that say they were done, of services that are deployed by statement, and none tells."""
        told = {judged.by for judged in found}
        services = {judged.ran.service for judged in found}
        for change in self._facts.records("Change"):
            name, spec = change["metadata"]["name"], change["spec"]
            start = spec.get("actual", {}).get("start") or spec.get("schedule", {}).get("start")
            if name in told or spec["status"] not in DONE or start is None or not services & set(spec["services"]):
                continue
            if (begins is None or begins <= clock.parse_instant(start)) and clock.parse_instant(start) < ends:
                message = f"{name} is {spec['status']}, and nothing says that it was deployed"
                person = spec.get("requester", "nobody named")
                yield DeploymentFinding("never-deployed", name, ", ".join(spec["services"]), person, message)


def join(
    population: Iterable[Ran | Skipped],
    facts: Facts,
    period: tuple[datetime | None, datetime],
    tolerance: timedelta = TOLERANCE,
    made: Mapping[str, datetime] = MappingProxyType({}),
) -> DeploymentAudit:
    """Judge the deployments that began in a period (its end is none of it); a period without a beginning has all.

    ``made`` says when commits were made that are among the artifacts.
    """
    begins, ends = period
    joiner = Joiner(facts, tolerance, made)
    skipped: list[Skipped] = []
    kept: dict[tuple[str, str, str, datetime], Judged] = {}
    doubled: list[DeploymentFinding] = []
    for item in population:
        if isinstance(item, Skipped):
            skipped.append(item)
        elif (begins is None or begins <= item.start) and item.start < ends:
            before = kept.get(item.subject)
            if before is None:
                kept[item.subject] = joiner.judged(item)
            elif before.ran.result != item.result or (item.change and before.by != item.change):
                doubled.append(_finding("said-otherwise", item, f"is told at {before.ran.place} otherwise"))
    found = sorted(kept.values(), key=attrgetter("ran.start", "ran.place"))
    wrong = [judged for judged in found if judged.findings]
    findings = [finding for judged in wrong for finding in judged.findings]
    findings += [*doubled, *joiner.never_deployed(found, begins, ends)]
    lacking = [judged.ran for judged in wrong if any(item.code == "no-change" for item in judged.findings)]
    names = dict.fromkeys((change["metadata"]["name"] for change in facts.records("Change")), 1)
    drafts = tuple(_draft(ran, names, facts) for ran in lacking if facts.record("Service", ran.service) is not None)
    return DeploymentAudit(begins, ends, tuple(found), tuple(findings), tuple(skipped), drafts)


def _draft(ran: Ran, names: dict[str, int], facts: Facts) -> dict[str, Any]:
    """The emergency change that a deployment without one should have had, for people to complete.

    ``names`` are taken, each with the last number that was put after it.
    Whoever leads the owners of the service is asked for it, unless a person is known to have deployed it.
    """
    stem = f"chg-{ran.start.astimezone(UTC):%Y%m%d}-{ran.service}"[:50].rstrip("-") + "-deployed"
    name = stem
    while name in names:
        names[stem] += 1
        name = f"{stem}-{names[stem]}"
    names[name] = 1
    times = {"start": clock.format_instant(ran.start)}
    end = ran.end if ran.end > ran.start else ran.start + timedelta(minutes=1)
    times["end"] = clock.format_instant(end)
    said = f"{ran.artifact} was deployed to {ran.environment} by {ran.by}, without a change ({ran.place})."
    lead = facts.spec("Team", facts.spec("Service", ran.service).get("owner", "")).get("lead")
    requester = ran.by if facts.record("Person", ran.by) is not None else lead
    spec = {
        "type": "emergency",
        "services": [ran.service],
        **({"requester": requester} if requester else {}),
        "summary": said,
        "schedule": dict(times),
        "actual": times,
        "recordedAfterwards": True,
        "status": "draft",
    }
    metadata = {"name": name, "title": f"Deployment of {ran.service} without a change"}
    return {"apiVersion": API_VERSION, "kind": "Change", "metadata": metadata, "spec": spec}


def _unknown(ran: Ran, what: str, name: str) -> DeploymentFinding:
    return _finding("change-unknown", ran, f"names the {what} {name}, which is not there")


def _finding(code: str, ran: Ran, message: str) -> DeploymentFinding:
    subject = f"{ran.service} in {ran.environment}"
    at = clock.format_instant(ran.start)
    return DeploymentFinding(code, ran.place, subject, ran.by, f"the deployment of {subject} at {at} {message}")


def _seconds(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} s" if seconds < 7200 else f"{seconds // 3600} h {seconds % 3600 // 60} min"
