"""How the results of policies went over time: each past moment judged as it was, by the rules of its own day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from itsm_as_code.errors import ItsmError
from itsm_as_code.git.history import first_parents
from itsm_as_code.git.repository import Repository
from itsm_as_code.policies.outcomes import Outcomes
from itsm_as_code.validation import RuleSet, Validation, assess_catalogue, load_rule_set

STEP: Final = timedelta(days=7)
"""Between two moments of a trend."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the records that a policy judged (or all policies together): counts of each status."""

    passed: int = 0
    failed: int = 0
    waived: int = 0
    unknown: int = 0

    @property
    def judged(self) -> int:
        return self.passed + self.failed + self.waived + self.unknown

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.passed + other.passed,
            self.failed + other.failed,
            self.waived + other.waived,
            self.unknown + other.unknown,
        )


@dataclass(frozen=True, slots=True)
class Point:
    """A moment: the commit that stood then, and the tally of each policy of that day.

    ``tallies`` is None where there is no data, and ``why`` says so: nothing was there yet, or it could not be judged.
    """

    at: datetime
    commit: str | None = None
    tallies: Mapping[str, Tally] | None = None
    why: str = ""

    def of(self, policy: str) -> Tally | None:
        """The tally of a policy; None when it was not there, or nothing is known."""
        return None if self.tallies is None else self.tallies.get(policy)

    @property
    def total(self) -> Tally | None:
        """All policies together."""
        return None if self.tallies is None else sum(self.tallies.values(), Tally())


@dataclass(frozen=True, slots=True)
class Trend:
    """Moments, the oldest first, and at the end the one that is shown everywhere else."""

    points: Sequence[Point] = field(default=())

    @property
    def has_past(self) -> bool:
        """True when some moment before the last one has data."""
        return any(point.tallies is not None for point in self.points[:-1])


def tallies(validation: Validation) -> dict[str, Tally]:
    """What became of the records that each policy could judge; a policy that judged none has an empty tally."""
    found = {record.name: Tally() for record in validation.catalogue.of_kind("Policy")}
    for (policy, status), count in Outcomes.of(validation.outcomes).counts.items():
        found[policy] = found.get(policy, Tally()) + Tally(**{_FIELDS.get(status, "unknown"): count})
    return found


_FIELDS: Final = {"pass": "passed", "fail": "failed", "waived": "waived"}


def moments(now: datetime, count: int) -> list[datetime]:
    """``count`` instants before ``now``, a week apart, the oldest first."""
    return [now - STEP * back for back in range(count, 0, -1)]


def standing_at(commits: Iterable[tuple[str, datetime]], instants: Sequence[datetime]) -> list[str | None]:
    """For each instant the commit that stood then: the newest of a first-parent line (newest first) not after it."""
    line = list(commits)
    return [next((commit for commit, made in line if made <= instant), None) for instant in instants]


def trend(
    repository: Repository | None,
    revision: str | None,
    validation: Validation,
    count: int,
    line: Sequence[tuple[str, datetime]] | None = None,
) -> Trend:
    """The trend that leads to ``validation``: ``count`` earlier moments of the first-parent line of ``revision``.

    ``line`` is that line, for whoever walked it already. Without a repository only the last moment has data. Files that
    did not change between two moments are read once.
    """
    now = validation.now
    instants = moments(now, count)
    last = Point(now, revision, tallies(validation))
    if repository is None or revision is None:
        return Trend((*(Point(instant, why="there is no git history") for instant in instants), last))
    line = first_parents(repository, revision) if line is None else line
    beginning = "this clone is shallow and ends here" if repository.is_shallow else "there was no commit yet"
    points: list[Point] = []
    rule_set: RuleSet | None = None
    for instant, commit in zip(instants, standing_at(line, instants), strict=True):
        if commit is None:
            points.append(Point(instant, why=beginning))
            continue
        try:
            rule_set = load_rule_set(repository.records(commit), like=rule_set)
            then = assess_catalogue(rule_set.catalogue, rule_set, instant)
        except ItsmError as error:
            points.append(Point(instant, commit, why=error.message))
            continue
        points.append(Point(instant, commit, tallies(then)))
    return Trend((*points, last))
